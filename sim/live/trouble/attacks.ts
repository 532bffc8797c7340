/**
 * Attack traffic with real bytes: connections at a rate, from addresses of the attack's own, each
 * of which does one thing (attack-acts.ts). Every connection goes through loopback.ts, so none can
 * leave this machine, and there are never more than `socketsMax`.
 *
 * The rate is of the wall's clock, as everything on the message path. What an attack sends and what
 * it is answered is counted here, apart from all ordinary load.
 */
import { assert } from '../../base/assert.ts';
import { connectTcp, isLoopback, NotLoopbackError, secure } from '../loopback.ts';
import type { Endpoint, Identity, PlainSocket, SecureSocket } from '../loopback.ts';

export interface AttackTarget {
  readonly endpoint: Endpoint;
  /** For mutual TLS, with the key of somebody; null: plain. */
  readonly tls: {
    readonly identity: Identity;
    /** Certificates to which the target's must lead. */
    readonly authorities: readonly string[];
  } | null;
}

export type Wire = PlainSocket | SecureSocket;

/** What one connection does. It may go on until `signal` says that the connection has ended. */
export type AttackAct = (wire: Wire, ordinal: number, signal: AbortSignal) => void;

export interface AttackSetUp {
  readonly target: AttackTarget;
  /** Addresses that connections come from, in turn; empty: the system's choice. */
  readonly from: readonly string[];
  readonly ratePerSecond: number;
  /** Connections at once; what would be one more is left out, and counted. */
  readonly socketsMax: number;
  readonly act: AttackAct;
}

export interface AttackCounts {
  /** Connections that were tried. */
  readonly begun: number;
  /** Connections that were due while `socketsMax` were open. */
  readonly skipped: number;
  /** Connections, TLS included, that came to stand, and so could act. */
  readonly sent: number;
  /** Connections that did not come to stand. */
  readonly refused: number;
  /** First answers, by HTTP status; 0: bytes that are no HTTP. */
  readonly answered: ReadonlyMap<number, number>;
  /** Connections that stood and ended without an answer, whoever ended them. */
  readonly silent: number;
  readonly openMax: number;
}

/** How one connection came out: by the status of its first answer, or without one. */
export type AttackEnd =
  | number
  | 'silent'
  | 'refused'
  /** It had no answer yet when the attack ended. */
  | 'open';

/** Told of a connection at its end: when it was tried, by `performance.now`, and how it ended. */
export type AttackNote = (beganMs: number, end: AttackEnd) => void;

export interface Attack {
  readonly counts: AttackCounts;
  /** Open now. */
  readonly openCount: number;
  /** Ends it: no timer and no connection is left. */
  stop(): Promise<AttackCounts>;
}

export function startAttack(setUp: AttackSetUp, note: AttackNote | null = null): Attack {
  for (const address of [setUp.target.endpoint.address, ...setUp.from]) {
    if (!isLoopback(address)) throw new NotLoopbackError(address);
  }
  assert(setUp.ratePerSecond > 0 && setUp.socketsMax > 0, 'an attack has a rate and sockets');
  return new RunningAttack(setUp, note);
}

/** How often it looks what is due. */
const TURN_MS = 5;

class RunningAttack implements Attack {
  readonly #setUp: AttackSetUp;
  readonly #note: AttackNote | null;
  readonly #sinceMs = performance.now();
  /** Connections that are open or being opened; each settles when nothing of it is left. */
  readonly #open = new Map<Connection, Promise<void>>();
  readonly #answered = new Map<number, number>();
  readonly #counts = { begun: 0, skipped: 0, sent: 0, refused: 0, silent: 0, openMax: 0 };
  #timer: NodeJS.Timeout | null = null;

  constructor(setUp: AttackSetUp, note: AttackNote | null) {
    this.#setUp = setUp;
    this.#note = note;
    this.#turn();
  }

  get counts(): AttackCounts {
    return { ...this.#counts, answered: new Map(this.#answered) };
  }

  get openCount(): number {
    return this.#open.size;
  }

  async stop(): Promise<AttackCounts> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const ends = [...this.#open.values()];
    for (const connection of this.#open.keys()) connection.end();
    await Promise.all(ends);
    return this.counts;
  }

  #turn(): void {
    const seconds = (performance.now() - this.#sinceMs) / 1000;
    // The first is due at once.
    const dueCount = 1 + Math.floor(seconds * this.#setUp.ratePerSecond);
    const counts = this.#counts;
    while (counts.begun + counts.skipped < dueCount) {
      if (this.#open.size >= this.#setUp.socketsMax) counts.skipped++;
      else this.#begin(counts.begun++);
    }
    this.#timer = setTimeout(() => this.#turn(), TURN_MS);
  }

  #begin(ordinal: number): void {
    const beganMs = performance.now();
    const connection = new Connection(this.#setUp, ordinal);
    const ended = connection.run().then((end) => {
      this.#open.delete(connection);
      const isCut = connection.isGivenUp && typeof end !== 'number';
      this.#note?.(beganMs, isCut ? 'open' : end);
      const counts = this.#counts;
      if (end === 'refused') counts.refused++;
      else counts.sent++;
      if (end === 'silent') counts.silent++;
      if (typeof end === 'number') this.#answered.set(end, (this.#answered.get(end) ?? 0) + 1);
    });
    this.#open.set(connection, ended);
    this.#counts.openMax = Math.max(this.#counts.openMax, this.#open.size);
  }
}

/** How a connection came out: the status of its first answer, or that there was none. */
type End = Exclude<AttackEnd, 'open'>;

const STATUS_LINE = /^HTTP\/1\.[01] (\d{3}) /;
/** As much of an answer as is kept to find its status in. */
const STATUS_BYTES = 13;

class Connection {
  readonly #setUp: AttackSetUp;
  readonly #ordinal: number;
  readonly #controller = new AbortController();
  #giveUp: () => void = () => undefined;
  /** The attack ended before it did. */
  isGivenUp = false;

  constructor(setUp: AttackSetUp, ordinal: number) {
    this.#setUp = setUp;
    this.#ordinal = ordinal;
  }

  /** Settles when nothing of the connection is left. */
  async run(): Promise<End> {
    const wire = await this.#connect();
    if (wire === null) return 'refused';
    const closed = new Promise<void>((resolve) => {
      wire.once('close', () => resolve());
      if (wire.closed) resolve();
    });
    let head = '';
    wire.on('data', (chunk: Buffer) => {
      if (head.length < STATUS_BYTES) head += chunk.toString('latin1', 0, STATUS_BYTES);
    });
    wire.on('error', () => undefined);
    this.#giveUp = () => wire.destroy();
    if (!this.#controller.signal.aborted) {
      this.#setUp.act(wire, this.#ordinal, this.#controller.signal);
    }
    if (this.#controller.signal.aborted) wire.destroy();
    await closed;
    this.#controller.abort();
    if (head === '') return 'silent';
    return Number(STATUS_LINE.exec(head)?.[1] ?? 0);
  }

  end(): void {
    this.isGivenUp = true;
    this.#controller.abort();
    this.#giveUp();
  }

  /** Null: it did not come to stand, or was ended first. */
  async #connect(): Promise<Wire | null> {
    const { target, from } = this.#setUp;
    const address = from.length === 0 ? null : from[this.#ordinal % from.length];
    const given = new Promise<null>((resolve) => {
      this.#giveUp = () => resolve(null);
    });
    const connecting = connectTcp(target.endpoint, { from: address, isHalfOpen: false });
    const socket = await Promise.race([connecting.done.catch(() => null), given]);
    if (socket === null) {
      connecting.abandon();
      return null;
    }
    if (target.tls === null) return socket;
    const { identity, authorities } = target.tls;
    const handshake = secure(socket, identity, authorities);
    const secured = await Promise.race([handshake.done.catch(() => null), given]);
    if (secured === null) {
      handshake.abandon();
      socket.destroy();
    }
    return secured;
  }
}
