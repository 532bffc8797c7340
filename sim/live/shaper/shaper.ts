/**
 * The links of a network, and the connections that go over them. A link that does nothing and that
 * no incident touches is no link: its connections are the sockets themselves, at no cost.
 */
import { assert } from '../../base/assert.ts';
import { Purpose } from '../../base/random.ts';
import type { Plan } from '../../plan/plan.ts';
import { connectTcp, isLoopback, NotLoopbackError } from '../loopback.ts';
import type { Connecting, Endpoint } from '../loopback.ts';
import { Agenda, nowUs } from './agenda.ts';
import { synLossCount, SYN_TRIES_MAX, synTryUs } from './link-law.ts';
import { Link, LINK_COLUMNS } from './link.ts';
import type { LinkPath } from './link.ts';
import { ShapedSocket } from './shaped-socket.ts';
import type { Duplex } from 'node:stream';

/** What of a plan speaks of links. */
export type LinkedPlan = Pick<Plan, 'links' | 'patches' | 'seed'>;

export class Shaper {
  readonly #agenda = new Agenda();
  /** By row of the plan's links; null: it does nothing. */
  readonly #links: readonly (Link | null)[];
  readonly #seed: number;
  readonly #replicationIndex: number;
  readonly #sockets = new Set<ShapedSocket>();
  readonly #attempts = new Set<Attempt>();
  #emptied: () => void = noEffect;

  constructor(plan: LinkedPlan, replicationIndex: number) {
    const { links, patches, seed } = plan;
    this.#seed = seed;
    this.#replicationIndex = replicationIndex;
    const isTouched = new Set<number>();
    patches.column.forEach((column, patch) => {
      if (LINK_COLUMNS.includes(column)) isTouched.add(patches.row[patch]);
    });
    this.#links = links.id.map((id, row) => {
      const values = {
        delayUs: links.delayUs[row],
        jitterUs: links.jitterUs[row],
        bandwidth: links.bandwidth[row],
        loss: links.loss[row],
      };
      const { delayUs, jitterUs, bandwidth, loss } = values;
      const isPlain = delayUs + jitterUs + loss === 0 && bandwidth === Infinity;
      return isPlain && !isTouched.has(row) ? null : new Link(id, values, seed, replicationIndex);
    });
  }

  /** Connections that are open, or that are still on their way to their end. */
  get connectionCount(): number {
    return this.#sockets.size + this.#attempts.size;
  }

  /** A patch of one of the columns LINK_COLUMNS. */
  change(row: number, column: number, value: number): void {
    const link = this.#links[row];
    assert(link !== null && link !== undefined, `no patch of the plan names link ${row}`);
    link.change(column, value);
  }

  /** There and back, by rows of the plan's links; null: connections need no shaping. */
  path(outRow: number, backRow: number): LinkPath | null {
    const [out, back] = [this.#links[outRow], this.#links[backRow]];
    if (out === null && back === null) return null;
    return { out: out ?? this.#plainLink(outRow), back: back ?? this.#plainLink(backRow) };
  }

  /** A path of the same delay both ways that nothing changes, as to an information system. */
  fixedPath(name: string, delayUs: number): LinkPath | null {
    if (delayUs === 0) return null;
    const values = { delayUs, jitterUs: 0, bandwidth: Infinity, loss: 0 };
    const link = (side: string): Link =>
      new Link(`${name} ${side}`, values, this.#seed, this.#replicationIndex);
    return { out: link('out'), back: link('back') };
  }

  /**
   * A TCP connect over a path; `from` is the address that it comes from, null the system's choice.
   * Over a cut link it is never answered, and TCP gives up after 127 s.
   */
  connect(path: LinkPath | null, to: Endpoint, from: string | null): Connecting<Duplex> {
    if (path === null) return connectTcp(to, { from, isHalfOpen: false });
    for (const address of [to.address, from]) {
      if (address !== null && !isLoopback(address)) throw new NotLoopbackError(address);
    }
    const attempt: Attempt = { path, to, from, sinceUs: nowUs(), isOver: false, abandon: noEffect };
    this.#attempts.add(attempt);
    const done = new Promise<Duplex>((resolve, reject) => {
      const connection = path.out.nextConnection();
      const u = path.out.draw(connection, 0, Purpose.LossConnect);
      const over = (act: () => void): void => {
        attempt.isOver = true;
        this.#attempts.delete(attempt);
        act();
      };
      this.#trySyn(attempt, synLossCount(path.out.loss, path.back.loss, u), connection, {
        resolve: (socket) => over(() => resolve(socket)),
        reject: (error) => over(() => reject(error)),
      });
    });
    return { done, abandon: () => this.#abandon(attempt) };
  }

  /** Closes everything at once; nothing is left of any connection when it is done. */
  async close(): Promise<void> {
    for (const attempt of this.#attempts) this.#abandon(attempt);
    if (this.#sockets.size === 0) return;
    const isDone = new Promise<void>((resolve) => {
      this.#emptied = resolve;
    });
    for (const socket of this.#sockets) socket.cutOff();
    await isDone;
  }

  #forget(socket: ShapedSocket): void {
    this.#sockets.delete(socket);
    if (this.#sockets.size === 0) this.#emptied();
  }

  #abandon(attempt: Attempt): void {
    this.#attempts.delete(attempt);
    attempt.isOver = true;
    attempt.abandon();
  }

  /** The SYN that is sent after so many lost ones. */
  #trySyn(attempt: Attempt, lostCount: number, connection: number, end: AttemptEnd): void {
    const { path, sinceUs } = attempt;
    attempt.abandon = this.#agenda.at(sinceUs + synTryUs(lostCount), () => {
      if (lostCount >= SYN_TRIES_MAX) {
        end.reject(Object.assign(new Error('connect ETIMEDOUT'), TIMED_OUT));
        return;
      }
      if (path.out.isCut || path.back.isCut) {
        this.#trySyn(attempt, lostCount + 1, connection, end);
        return;
      }
      const arrivesUs = nowUs() + path.out.delayUs + path.out.jitter(connection, 0);
      attempt.abandon = this.#agenda.at(arrivesUs, () => this.#open(attempt, end));
    });
  }

  /** The SYN has arrived: the real connect, which the side that connects hears of later. */
  #open(attempt: Attempt, end: AttemptEnd): void {
    const { path, to, from } = attempt;
    const real = connectTcp(to, { from, isHalfOpen: true });
    attempt.abandon = () => real.abandon();
    const number = path.back.nextConnection();
    const answerUs = (): number => nowUs() + path.back.delayUs + path.back.jitter(number, 0);
    real.done.then(
      (socket) => {
        if (attempt.isOver) return;
        const openUs = answerUs();
        const shaped = new ShapedSocket({
          socket,
          path,
          agenda: this.#agenda,
          openUs,
          gone: () => this.#forget(shaped),
        });
        this.#sockets.add(shaped);
        const cancel = this.#agenda.at(openUs, () => end.resolve(shaped));
        attempt.abandon = () => {
          cancel();
          shaped.destroy();
        };
      },
      (error: Error) => {
        if (attempt.isOver) return;
        attempt.abandon = this.#agenda.at(answerUs(), () => end.reject(error));
      },
    );
  }

  #plainLink(row: number): Link {
    const values = { delayUs: 0, jitterUs: 0, bandwidth: Infinity, loss: 0 };
    return new Link(`row ${row}`, values, this.#seed, this.#replicationIndex);
  }
}

interface Attempt {
  readonly path: LinkPath;
  readonly to: Endpoint;
  readonly from: string | null;
  readonly sinceUs: number;
  isOver: boolean;
  /** Undoes what it waits for now. */
  abandon: () => void;
}

interface AttemptEnd {
  readonly resolve: (socket: ShapedSocket) => void;
  readonly reject: (error: Error) => void;
}

const TIMED_OUT = { code: 'ETIMEDOUT', syscall: 'connect' };
const noEffect = (): void => undefined;
