/**
 * The cores of each host, first in first out, without pre-emption: work that comes now starts on
 * the core that is free first. So its end is known at once (the recursion of Kiefer and Wolfowitz,
 * 1955), and neither a queue nor an event is needed.
 *
 * What that leaves out: real cores are shared by time slices, which gives short work a better and
 * long work a worse time at high load; means over FIFO and sharing agree for exponential work.
 */
import type { HostTable } from '../plan/plan.ts';

export class HostCpu {
  readonly speed: Float64Array;
  /** Of the last `take`. */
  startUs = 0;
  readonly #freeUs: Float64Array;
  readonly #from: Int32Array;
  readonly #cores: Int32Array;

  constructor(hosts: HostTable) {
    this.speed = hosts.speed.slice();
    this.#cores = hosts.cores;
    this.#from = new Int32Array(hosts.cores.length);
    let coreCount = 0;
    for (let host = 0; host < hosts.cores.length; host++) {
      this.#from[host] = coreCount;
      coreCount += hosts.cores[host];
    }
    this.#freeUs = new Float64Array(coreCount);
  }

  /** Occupies a core for `workUs` from now on or later; returns when it is done. */
  take(host: number, nowUs: number, workUs: number): number {
    const from = this.#from[host];
    const end = from + this.#cores[host];
    let best = from;
    let bestUs = this.#freeUs[from];
    for (let core = from + 1; core < end && bestUs > nowUs; core++) {
      if (this.#freeUs[core] < bestUs) {
        best = core;
        bestUs = this.#freeUs[core];
      }
    }
    this.startUs = bestUs > nowUs ? bestUs : nowUs;
    return (this.#freeUs[best] = this.startUs + workUs);
  }

  /**
   * All work under way is lost: the process that did it has died. Tells until when each core would
   * have been busy without a pause.
   */
  reset(host: number, nowUs: number, lost: (untilUs: number) => void): void {
    const from = this.#from[host];
    for (let core = from; core < from + this.#cores[host]; core++) {
      if (this.#freeUs[core] <= nowUs) continue;
      lost(this.#freeUs[core]);
      this.#freeUs[core] = nowUs;
    }
  }
}
