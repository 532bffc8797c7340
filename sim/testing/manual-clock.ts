/** A network clock that stands still until a test moves it, so that a schedule needs no waiting. */
import type { NetworkClock } from '../live/network-clock.ts';

interface Alarm {
  readonly atMs: number;
  readonly act: () => void;
}

export class ManualClock implements NetworkClock {
  readonly compression = 1;
  #nowMs: number;
  readonly #alarms = new Set<Alarm>();

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  /** Timers that are set and not yet due. */
  get alarmCount(): number {
    return this.#alarms.size;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  realMs(networkMs: number): number {
    return networkMs;
  }

  after(networkMs: number, act: () => void): () => void {
    const alarm = { atMs: this.#nowMs + networkMs, act };
    this.#alarms.add(alarm);
    return () => this.#alarms.delete(alarm);
  }

  /** Lets time pass; what falls due meanwhile acts at its own instant, one after the other. */
  advance(networkMs: number): void {
    const untilMs = this.#nowMs + networkMs;
    for (;;) {
      const due = [...this.#alarms]
        .filter(({ atMs }) => atMs <= untilMs)
        .sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.#alarms.delete(due);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.act();
    }
    this.#nowMs = untilMs;
  }
}
