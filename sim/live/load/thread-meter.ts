/** How busy a thread was, and how long its event loop let others wait: of the thread that asks. */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { ThreadFacts } from '../../metrics/result.ts';

/** The meter wakes up so often; what it is woken too late by is the loop's delay. */
const EVERY_MS = 10;
const US_PER_SECOND = 1e6;
const NS_PER_MS = 1e6;

export class ThreadMeter {
  readonly #name: string;
  readonly #delay = monitorEventLoopDelay({ resolution: EVERY_MS });
  readonly #usedBefore = performance.eventLoopUtilization();
  readonly #cpuBefore = process.threadCpuUsage();

  constructor(name: string) {
    this.#name = name;
    this.#delay.enable();
  }

  /** Ends the measurement. */
  end(): ThreadFacts {
    this.#delay.disable();
    const { user, system } = process.threadCpuUsage(this.#cpuBefore);
    // Node's histogram is of the time between two wake-ups, and has no minimum when it is empty.
    const late = (ns: number): number =>
      this.#delay.count === 0 ? 0 : Math.max(0, ns - EVERY_MS * NS_PER_MS);
    return {
      name: this.#name,
      cpuSeconds: (user + system) / US_PER_SECOND,
      eventLoopUtilisation: performance.eventLoopUtilization(this.#usedBefore).utilization,
      eventLoopDelayP50Ns: late(this.#delay.percentile(50)),
      eventLoopDelayP99Ns: late(this.#delay.percentile(99)),
      eventLoopDelayMaxNs: late(this.#delay.max),
    };
  }
}
