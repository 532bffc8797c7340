/**
 * One direction between two places, as the scenario describes it and its incidents change it. A
 * change counts for what is sent from then on; a cut, also for what has not left yet.
 *
 * Draws are counted, not streamed, as in the virtual engine: one is a function of the seed, the
 * link, the connection, the message on it and what it is for. They are not the same draws as the
 * other engine's, which are keyed by the call and not by the link.
 */
import { draw, hashText, keyOf, Purpose } from '../../base/random.ts';
import { PatchColumn } from '../../plan/plan.ts';
import { jitterOf } from './link-law.ts';

export interface LinkValues {
  readonly delayUs: number;
  readonly jitterUs: number;
  /** Bytes per microsecond; Infinity: not limiting. */
  readonly bandwidth: number;
  readonly loss: number;
}

/** Whoever has bytes on the link and must hear of a cut. */
export interface LinkUser {
  cut(): void;
  healed(): void;
}

/** There and back. */
export interface LinkPath {
  readonly out: Link;
  readonly back: Link;
}

/** Columns of patches that change a link. */
export const LINK_COLUMNS: readonly number[] = [
  PatchColumn.LinkCut,
  PatchColumn.LinkExtraDelayUs,
  PatchColumn.LinkExtraJitterUs,
  PatchColumn.LinkLoss,
  PatchColumn.LinkBandwidth,
];

/** The attempt of a draw has sixteen bits, the first of which is the sign. */
const MESSAGES_TOLD_APART = 2 ** 15;

export class Link {
  readonly id: string;
  readonly #values: LinkValues;
  readonly #key: readonly [number, number];
  readonly #users = new Set<LinkUser>();
  #connectionCount = 0;
  #extraDelayUs = 0;
  #extraJitterUs = 0;
  #bandwidth: number;
  #loss: number;
  #isCut = false;

  constructor(id: string, values: LinkValues, seed: number, replicationIndex: number) {
    this.id = id;
    this.#values = values;
    this.#key = keyOf(seed, replicationIndex, ...hashText(`link ${id}`));
    this.#bandwidth = values.bandwidth;
    this.#loss = values.loss;
  }

  /** Of a packet without jitter. */
  get delayUs(): number {
    return this.#values.delayUs + this.#extraDelayUs;
  }

  get bandwidth(): number {
    return this.#bandwidth;
  }

  get loss(): number {
    return this.#loss;
  }

  get isCut(): boolean {
    return this.#isCut;
  }

  /** Connections that send something or may. */
  get userCount(): number {
    return this.#users.size;
  }

  /** A number for a new connection, by which its draws are told apart. */
  nextConnection(): number {
    return this.#connectionCount++;
  }

  draw(connection: number, message: number, purpose: number): number {
    const [key0, key1] = this.#key;
    return draw(key0, key1, connection, message % MESSAGES_TOLD_APART, purpose);
  }

  /** What jitter adds to the delay of a message. */
  jitter(connection: number, message: number): number {
    const jitterUs = this.#values.jitterUs + this.#extraJitterUs;
    if (jitterUs === 0) return 0;
    return jitterOf(jitterUs, this.draw(connection, message, Purpose.LinkRequest));
  }

  /** `column` is one of LINK_COLUMNS. */
  change(column: number, value: number): void {
    switch (column) {
      case PatchColumn.LinkCut:
        this.#setCut(value === 1);
        return;
      case PatchColumn.LinkExtraDelayUs:
        this.#extraDelayUs = value;
        return;
      case PatchColumn.LinkExtraJitterUs:
        this.#extraJitterUs = value;
        return;
      case PatchColumn.LinkLoss:
        this.#loss = value;
        return;
      case PatchColumn.LinkBandwidth:
        this.#bandwidth = value;
    }
  }

  join(user: LinkUser): void {
    this.#users.add(user);
  }

  leave(user: LinkUser): void {
    this.#users.delete(user);
  }

  #setCut(isCut: boolean): void {
    if (this.#isCut === isCut) return;
    this.#isCut = isCut;
    for (const user of this.#users) {
      if (isCut) user.cut();
      else user.healed();
    }
  }
}
