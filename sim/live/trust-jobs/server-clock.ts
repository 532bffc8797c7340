/** The clock of one security server, which may be wrong by a while (facts 13.21). */
import type { NetworkClock } from '../network-clock.ts';

export class ServerClock implements NetworkClock {
  readonly compression: number;
  readonly #network: NetworkClock;
  /** By so much it is ahead. */
  skewMs = 0;

  constructor(network: NetworkClock) {
    this.#network = network;
    this.compression = network.compression;
  }

  nowMs(): number {
    return this.#network.nowMs() + this.skewMs;
  }

  realMs(networkMs: number): number {
    return this.#network.realMs(networkMs);
  }

  after(networkMs: number, act: () => void): () => void {
    return this.#network.after(networkMs, act);
  }
}
