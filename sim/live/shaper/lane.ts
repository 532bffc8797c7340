/**
 * One direction of one connection: a queue of chunks, each with the instant at which it arrives.
 *
 *    handed over at t   leaves at   max(t, when the one before has left) + bytes / bandwidth
 *                       arrives at  that + delay + jitter + lost round trips,
 *                                   but not before the one before
 *
 * Nothing overtakes. A link has no queue of its own: its bandwidth slows each connection by itself,
 * as in the virtual engine (sim/README.md, limits of the model).
 *
 * A *message* here is what is handed over while something of it is still on its way. Jitter and
 * loss are drawn once for each, whatever the pieces in which TLS writes it, so that they cost what
 * they cost in the virtual engine.
 *
 * On a cut link packets vanish and TCP keeps what it could not send: it tries again in doubling
 * steps once the link is back, and gives up after 924 s.
 */
import { Purpose } from '../../base/random.ts';
import type { Agenda } from './agenda.ts';
import { nowUs } from './agenda.ts';
import { GIVE_UP_US, nextTryUs, retransmissionsOf, retransmissionUs } from './link-law.ts';
import type { Link, LinkUser } from './link.ts';

export interface LaneEnd {
  /** False: nothing more until `resume`. */
  arrived(chunk: Buffer): boolean;
  /** What was said about the connection itself, after all bytes before it. */
  told(news: News): void;
  /** Bytes have arrived, so there is room again. */
  drained(): void;
  /** TCP has tried for as long as it does. */
  gaveUp(): void;
}

/** The peer has ended its half, or has closed, or the connection broke with an error. */
export type News =
  | { readonly kind: 'end' }
  | { readonly kind: 'close' }
  | { readonly kind: 'error'; readonly error: Error };

interface Entry {
  readonly load: Buffer | News;
  readonly bytes: number;
  readonly sentUs: number;
  leavesUs: number;
  /** Infinity: it is stalled. */
  arrivesUs: number;
}

/** An arrival may be taken so much early, as the agenda does. */
const TOLERANCE_US = 500;

export class Lane implements LinkUser {
  readonly #link: Link;
  readonly #agenda: Agenda;
  readonly #end: LaneEnd;
  readonly #connection: number;
  #queue: Entry[] = [];
  #bytes = 0;
  #isPaused = false;
  #isClosed = false;
  #isDelivering = false;
  #cancelAlarm: (() => void) | null = null;
  #alarmUs = Infinity;
  #giveUp: NodeJS.Timeout | null = null;
  /** When the last chunk has left, and when it arrives. */
  #leftUs = 0;
  #arrivedUs: number;
  readonly #openUs: number;
  // Of the message that is on its way.
  #messageCount = 0;
  #messageBytes = 0;
  #jitterUs = 0;
  #lossDraw = 1;
  #retransmissions = 0;

  /** Nothing arrives before `openUs`, when the connection stands at this end. */
  constructor(link: Link, agenda: Agenda, connection: number, openUs: number, end: LaneEnd) {
    this.#link = link;
    this.#agenda = agenda;
    this.#connection = connection;
    this.#openUs = openUs;
    this.#arrivedUs = openUs;
    this.#end = end;
    link.join(this);
  }

  /** On their way, or waiting for the receiver. */
  get bytes(): number {
    return this.#bytes;
  }

  send(load: Buffer | News): void {
    if (this.#isClosed) return;
    if (this.#queue.length === 0) this.#beginMessage();
    const bytes = 'kind' in load ? 0 : load.length;
    const entry = { load, bytes, sentUs: nowUs(), leavesUs: Infinity, arrivesUs: Infinity };
    this.#queue.push(entry);
    this.#bytes += bytes;
    if (this.#link.isCut) this.#waitForLink();
    else this.#place(entry, entry.sentUs);
    this.#arm();
  }

  /** The receiver has room again. */
  resume(): void {
    this.#isPaused = false;
    this.#deliver();
  }

  /** Drops what is on its way. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#link.leave(this);
    this.#queue = [];
    this.#bytes = 0;
    this.#disarm();
    this.#stopGivingUp();
  }

  cut(): void {
    const now = nowUs();
    for (const entry of this.#queue) {
      // What has left arrives; what has not is sent into nothing.
      if (entry.leavesUs > now) entry.arrivesUs = Infinity;
    }
    this.#waitForLink();
    this.#arm();
  }

  healed(): void {
    this.#stopGivingUp();
    const stalled = this.#queue.filter(({ arrivesUs }) => arrivesUs === Infinity);
    if (stalled.length === 0) return;
    this.#leftUs = 0;
    // What had its instant and has lost it bounds nobody any more.
    this.#arrivedUs = this.#queue[this.#queue.indexOf(stalled[0]) - 1]?.arrivesUs ?? this.#openUs;
    const tryUs = nextTryUs(stalled[0].sentUs, nowUs());
    for (const entry of stalled) this.#place(entry, tryUs);
    this.#arm();
  }

  #beginMessage(): void {
    const message = this.#messageCount++;
    this.#messageBytes = 0;
    this.#retransmissions = 0;
    this.#jitterUs = this.#link.jitter(this.#connection, message);
    this.#lossDraw = this.#link.draw(this.#connection, message, Purpose.LossRequest);
  }

  /** When an entry that is sent at `fromUs` leaves and arrives. */
  #place(entry: Entry, fromUs: number): void {
    const { bandwidth, loss, delayUs } = this.#link;
    const isAgain = entry.leavesUs !== Infinity;
    entry.leavesUs = Math.max(fromUs, this.#leftUs) + entry.bytes / bandwidth;
    this.#leftUs = entry.leavesUs;
    // What is sent again after a cut was counted when it was sent first.
    if (!isAgain) this.#messageBytes += entry.bytes;
    const lost = retransmissionsOf(loss, this.#messageBytes, this.#lossDraw);
    this.#retransmissions = Math.max(this.#retransmissions, lost);
    const lostUs = this.#retransmissions * retransmissionUs(delayUs);
    const arrivesUs = entry.leavesUs + delayUs + this.#jitterUs + lostUs;
    entry.arrivesUs = Math.max(arrivesUs, this.#arrivedUs);
    this.#arrivedUs = entry.arrivesUs;
  }

  #arm(): void {
    const dueUs = this.#queue.length === 0 || this.#isPaused ? Infinity : this.#queue[0].arrivesUs;
    if (dueUs === this.#alarmUs || this.#isDelivering) return;
    this.#disarm();
    if (dueUs === Infinity) return;
    this.#alarmUs = dueUs;
    this.#cancelAlarm = this.#agenda.at(dueUs, () => {
      this.#cancelAlarm = null;
      this.#alarmUs = Infinity;
      this.#deliver();
    });
  }

  #disarm(): void {
    this.#cancelAlarm?.();
    this.#cancelAlarm = null;
    this.#alarmUs = Infinity;
  }

  #deliver(): void {
    // A receiver that takes a chunk may ask for the next one at once.
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    const untilUs = nowUs() + TOLERANCE_US;
    let takenCount = 0;
    let takenBytes = 0;
    while (takenCount < this.#queue.length && !this.#isPaused) {
      const { load, bytes, arrivesUs } = this.#queue[takenCount];
      if (arrivesUs > untilUs) break;
      takenCount++;
      takenBytes += bytes;
      if ('kind' in load) this.#end.told(load);
      else if (!this.#end.arrived(load)) this.#isPaused = true;
    }
    this.#isDelivering = false;
    if (this.#isClosed) return;
    this.#queue.splice(0, takenCount);
    this.#bytes -= takenBytes;
    this.#arm();
    if (takenCount > 0) this.#end.drained();
  }

  /** Begins to count towards giving up, if something is stalled and nobody counts yet. */
  #waitForLink(): void {
    if (this.#giveUp !== null) return;
    const first = this.#queue.find(({ arrivesUs }) => arrivesUs === Infinity);
    if (first === undefined) return;
    const leftMs = (first.sentUs + GIVE_UP_US - nowUs()) / 1000;
    this.#giveUp = setTimeout(() => this.#end.gaveUp(), Math.max(0, leftMs));
  }

  #stopGivingUp(): void {
    if (this.#giveUp !== null) clearTimeout(this.#giveUp);
    this.#giveUp = null;
  }
}
