/**
 * How busy the parts of a live network are: looked at a hundred times a second, since a permit does
 * not know for how long it was held. Queues are counted by the permits themselves.
 */
import type { Plan } from '../../plan/plan.ts';
import { SystemState } from '../../plan/plan.ts';
import type { LiveNetwork } from '../network.ts';
import type { Permits } from '../permits.ts';
import type { AntiDosGate } from '../trouble/anti-dos-gate.ts';

const EVERY_MS = 10;

/** One row a server, or a system. */
export interface Use {
  readonly clientThreadUs: Float64Array;
  readonly serverThreadUs: Float64Array;
  readonly logBusyUs: Float64Array;
  readonly clientQueueMax: Float64Array;
  readonly serverQueueMax: Float64Array;
  readonly logQueueMax: Float64Array;
  readonly antiDosQueueMax: Float64Array;
  readonly systemBusyUs: Float64Array;
  readonly systemQueueMax: Float64Array;
  readonly served: Float64Array;
}

export class UseSampler {
  readonly #plan: Plan;
  readonly #network: LiveNetwork;
  readonly #nowUs: () => number;
  readonly #watched: readonly Watched[];
  readonly #gates: readonly AntiDosGate[];
  readonly #served: Float64Array;
  readonly #failed = Promise.withResolvers<never>();
  #timer: NodeJS.Timeout | null = null;
  #lastUs = 0;
  #isWarm = false;

  constructor(plan: Plan, network: LiveNetwork, nowUs: () => number) {
    this.#plan = plan;
    this.#network = network;
    this.#nowUs = nowUs;
    const servers = plan.servers.id.map((id) => network.server(id));
    this.#gates = plan.servers.id.map((id) => network.gateOf(id));
    const systems = plan.systems.id.map((id, row) => {
      const state = plan.systems.state[row];
      const isListening = state === SystemState.Up || state === SystemState.Hung;
      return isListening ? network.provider(id).places : null;
    });
    this.#watched = [
      servers.map(({ clientThreads }) => clientThreads),
      servers.map(({ serverThreads }) => serverThreads),
      servers.map(({ messageLog }) => messageLog.connections),
      systems,
    ].map((permits) => ({ permits, busyUs: new Float64Array(permits.length) }));
    this.#served = new Float64Array(systems.length);
  }

  start(): void {
    this.#forget(false);
    this.#timer = setInterval(() => {
      try {
        this.#look();
      } catch (error) {
        this.stop();
        this.#failed.reject(error as Error);
      }
    }, EVERY_MS);
  }

  /** Rejects when a server has ended in a mistake of our own; else it never settles. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Ends the looking; what was seen in the measured part. */
  end(): Use {
    this.stop();
    this.#look();
    const [client, server, log, systems] = this.#watched;
    return {
      clientThreadUs: client.busyUs,
      serverThreadUs: server.busyUs,
      logBusyUs: log.busyUs,
      clientQueueMax: queueMaxOf(client),
      serverQueueMax: queueMaxOf(server),
      logQueueMax: queueMaxOf(log),
      antiDosQueueMax: Float64Array.from(this.#gates, (gate) => gate.queueLengthMax),
      systemBusyUs: systems.busyUs,
      systemQueueMax: queueMaxOf(systems),
      served: this.#served,
    };
  }

  #look(): void {
    const nowUs = Math.min(this.#nowUs(), this.#plan.durationUs);
    const { warmUpUs } = this.#plan;
    if (!this.#isWarm && nowUs >= warmUpUs) this.#begin();
    const passedUs = nowUs - Math.max(this.#lastUs, warmUpUs);
    this.#lastUs = nowUs;
    if (passedUs > 0) {
      for (const { permits, busyUs } of this.#watched) {
        permits.forEach((one, row) => (busyUs[row] += (one?.busyCount ?? 0) * passedUs));
      }
    }
    this.#forget(nowUs >= warmUpUs);
  }

  /** The measured part begins: a queue is as long as it is, whatever it was. */
  #begin(): void {
    this.#isWarm = true;
    for (const { permits } of this.#watched) {
      for (const one of permits) if (one !== null) one.queueLengthMax = one.queueLength;
    }
    for (const gate of this.#gates) gate.forgetLongest();
  }

  /** What a network keeps for tests would grow with every call. */
  #forget(counts: boolean): void {
    this.#network.forgetPast();
    this.#plan.systems.id.forEach((id, row) => {
      if (this.#watched[3].permits[row] === null) return;
      const seen = this.#network.provider(id).seen.splice(0);
      if (counts) this.#served[row] += seen.length;
    });
  }
}

interface Watched {
  /** Null: nothing listens there. */
  readonly permits: readonly (Permits | null)[];
  readonly busyUs: Float64Array;
}

function queueMaxOf({ permits }: Watched): Float64Array {
  return Float64Array.from(permits, (one) => one?.queueLengthMax ?? 0);
}
