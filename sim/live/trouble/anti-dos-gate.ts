/**
 * AntiDos in front of a listener for messages: the rule of protocol/anti-dos.ts over real
 * connections. Those that wait are accepted and unread; a place is free again when a connection
 * closes, and the partner whose turn it is sends its oldest one (facts 12.2).
 */
import { Gate, judgeConnection } from '../../protocol/anti-dos.ts';
import type { AdmissionLimit, Arrival } from '../loopback.ts';

export interface GateSetUp {
  readonly connectionsMax: number;
  readonly freeHandlesMin: number;
  readonly idleMs: number;
  /** File handles that are free while so many connections are let in. */
  readonly freeHandles: (openCount: number) => number;
  /** The server that a configuration knows at an address; null: all these are one partner. */
  readonly partnerOf: (address: string) => string | null;
}

interface Partner {
  readonly name: string | null;
  readonly waiting: Arrival[];
}

export class AntiDosGate implements AdmissionLimit {
  readonly #setUp: GateSetUp;
  /** In the order of their turns. */
  readonly #partners: Partner[] = [];
  #openCount = 0;
  #queueLength = 0;
  #queueLengthMax = 0;
  #closedCount = 0;

  constructor(setUp: GateSetUp) {
    this.#setUp = setUp;
  }

  get idleMs(): number {
    return this.#setUp.idleMs;
  }

  get openCount(): number {
    return this.#openCount;
  }

  /** How many wait, and did at most. */
  get queueLength(): number {
    return this.#queueLength;
  }

  get queueLengthMax(): number {
    return this.#queueLengthMax;
  }

  /** From now on it counts anew how many waited at most. */
  forgetLongest(): void {
    this.#queueLengthMax = this.#queueLength;
  }

  /** Connections that were closed without an answer, for want of file handles. */
  get closedCount(): number {
    return this.#closedCount;
  }

  arrived(connection: Arrival): void {
    const gate = this.#judge();
    if (gate === Gate.Wait) this.#wait(connection);
    else this.#decide(connection, gate);
  }

  #judge(): number {
    const { connectionsMax, freeHandles, freeHandlesMin } = this.#setUp;
    const open = this.#openCount;
    return judgeConnection(open, connectionsMax, freeHandles(open), freeHandlesMin);
  }

  #decide(connection: Arrival, gate: number): void {
    if (gate === Gate.Close) {
      this.#closedCount++;
      connection.refuse();
      return;
    }
    this.#openCount++;
    connection.onClosed(() => {
      this.#openCount--;
      this.#open();
    });
    connection.admit();
  }

  #wait(connection: Arrival): void {
    const name = this.#setUp.partnerOf(connection.address);
    const partner = this.#partners.find((one) => one.name === name);
    if (partner === undefined) this.#partners.push({ name, waiting: [connection] });
    else partner.waiting.push(connection);
    this.#queueLength++;
    this.#queueLengthMax = Math.max(this.#queueLengthMax, this.#queueLength);
  }

  /** A place is free. */
  #open(): void {
    for (;;) {
      const gate = this.#judge();
      const partner = gate === Gate.Wait ? undefined : this.#partners.shift();
      if (partner === undefined) return;
      const next = partner.waiting.shift();
      if (partner.waiting.length > 0) this.#partners.push(partner);
      if (next === undefined) continue;
      this.#queueLength--;
      // Who has gone meanwhile takes no place.
      if (next.isOpen) this.#decide(next, gate);
    }
  }
}
