/**
 * A TCP connection as it looks over a link: what is written arrives later, and what the peer does,
 * its bytes, its end, its errors, is heard of later. It stands on the side that connects and shapes
 * both directions, so the side that listens needs to know nothing.
 *
 *    user -> [ lane out: link's delay, pace, loss, cut ] -> real socket -> listener
 *    user <- [ lane back                               ] <- real socket <-
 *
 * What is on its way is bounded, to FLIGHT_BYTES_MAX in each direction: beyond it the writer waits,
 * and the real socket is not read.
 *
 * A user that closes has closed; what it wrote before is still on its way, as in the buffers of a
 * kernel, and the peer hears of the close behind it. `cutOff` is the end without any delay.
 */
import { Duplex } from 'node:stream';
import type { PlainSocket } from '../loopback.ts';
import type { Agenda } from './agenda.ts';
import { Lane } from './lane.ts';
import type { LaneEnd, News } from './lane.ts';
import type { LinkPath } from './link.ts';

/** As much as Linux lets a TCP connection have in flight (tcp_wmem). */
const FLIGHT_BYTES_MAX = 4 * 2 ** 20;

export interface ShapedSetUp {
  readonly socket: PlainSocket;
  readonly path: LinkPath;
  readonly agenda: Agenda;
  /** When the side that connects knows that the connection stands. */
  readonly openUs: number;
  /** Both ends are closed: nothing is left of the connection. */
  readonly gone: () => void;
}

export class ShapedSocket extends Duplex {
  readonly #socket: PlainSocket;
  readonly #out: Lane;
  readonly #back: Lane;
  readonly #gone: () => void;
  #endsOpen = 2;
  /** A write that waits for room. */
  #waiting: (() => void) | null = null;

  constructor({ socket, path, agenda, openUs, gone }: ShapedSetUp) {
    super({ allowHalfOpen: false });
    this.#socket = socket;
    this.#gone = gone;
    // As of a plain socket: an error is the business of whoever has it, but ends no process.
    this.on('error', () => undefined);
    this.#out = new Lane(path.out, agenda, path.out.nextConnection(), 0, this.#peerEnd());
    this.#back = new Lane(path.back, agenda, path.back.nextConnection(), openUs, this.#userEnd());
    socket.on('data', (chunk: Buffer) => {
      this.#back.send(chunk);
      if (this.#back.bytes >= FLIGHT_BYTES_MAX) socket.pause();
    });
    socket.on('end', () => this.#back.send({ kind: 'end' }));
    socket.on('error', (error) => this.#back.send({ kind: 'error', error }));
    socket.on('drain', () => this.#out.resume());
    socket.on('close', () => {
      this.#back.send({ kind: 'close' });
      // The peer has closed: what is still on its way to it arrives at nobody.
      this.#out.close();
      this.#release();
      this.#endClosed();
    });
  }

  /** Closes both ends at once, whatever is on its way. */
  cutOff(): void {
    this.#out.close();
    this.#back.close();
    this.#socket.destroy();
    this.destroy();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    // Whoever is told that it is written may use the buffer again.
    this.#out.send(Buffer.from(chunk));
    if (this.#out.bytes < FLIGHT_BYTES_MAX) done();
    else this.#waiting = done;
  }

  override _final(done: () => void): void {
    this.#out.send({ kind: 'end' });
    done();
  }

  override _read(): void {
    this.#back.resume();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#back.close();
    this.#waiting = null;
    if (this.#socket.destroyed) this.#out.close();
    else {
      this.#out.send({ kind: 'close' });
      // Nobody reads any more; without reading, the peer's end would not be noticed.
      this.#socket.resume();
    }
    done(error);
    this.#endClosed();
  }

  /** Where what the user writes arrives. */
  #peerEnd(): LaneEnd {
    const socket = this.#socket;
    return {
      arrived: (chunk) => !socket.writable || socket.write(chunk),
      told: (news) => {
        if (news.kind === 'end') socket.end();
        else socket.destroySoon();
      },
      drained: () => {
        if (this.#out.bytes < FLIGHT_BYTES_MAX) this.#release();
      },
      gaveUp: () => this.#giveUp(),
    };
  }

  /** Where what the peer does is heard of. */
  #userEnd(): LaneEnd {
    return {
      arrived: (chunk) => this.push(chunk),
      told: (news) => this.#hear(news),
      drained: () => {
        const hasRoom = this.#back.bytes < FLIGHT_BYTES_MAX / 2;
        if (hasRoom && this.#socket.isPaused()) this.#socket.resume();
      },
      // Who gives up is the peer; its silence says nothing to this side.
      gaveUp: () => this.#socket.destroy(),
    };
  }

  #hear(news: News): void {
    if (news.kind === 'error') this.destroy(news.error);
    else if (news.kind === 'end') this.push(null);
    // After an end the user still has to read what came before it, and then closes by itself.
    else if (!this.readableEnded && !this.#hasEnded()) this.destroy();
  }

  #hasEnded(): boolean {
    return this.#socket.readableEnded;
  }

  #endClosed(): void {
    if (--this.#endsOpen === 0) this.#gone();
  }

  #release(): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.();
  }

  /** TCP has tried for as long as it does. */
  #giveUp(): void {
    const error = new Error('the link is cut, and TCP has given up');
    this.destroy(Object.assign(error, { code: 'ETIMEDOUT', syscall: 'read' }));
    this.#out.close();
    this.#socket.destroy();
  }
}
