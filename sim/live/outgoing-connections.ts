/**
 * The connections of one security server to others. They die with its processes, those that are
 * still on their way included, so that a peer hears at once of a crash.
 */
import type { Connecting } from './loopback.ts';
import type { KnownServer } from './configuration.ts';
import type { Duplex } from 'node:stream';

/** Opens a connection to the port for messages of another server. */
export type Dial = (to: KnownServer) => Connecting<Duplex>;

/** What somebody hears who connects from a server that is not there any more. */
class DeadServerError extends Error {
  override name = 'DeadServerError';

  constructor() {
    super('the server that connects has died');
  }
}

export class OutgoingConnections {
  readonly #dial: Dial;
  readonly #attempts = new Map<Connecting<Duplex>, (error: Error) => void>();
  readonly #open = new Set<Duplex>();
  #isDead = false;

  constructor(dial: Dial) {
    this.#dial = dial;
  }

  get openCount(): number {
    return this.#open.size;
  }

  connect(to: KnownServer): Connecting<Duplex> {
    if (this.#isDead) {
      return { done: Promise.reject(new DeadServerError()), abandon: () => undefined };
    }
    const attempt = this.#dial(to);
    const done = new Promise<Duplex>((resolve, reject) => {
      this.#attempts.set(attempt, reject);
      attempt.done.then(
        (socket) => {
          this.#attempts.delete(attempt);
          this.#open.add(socket);
          socket.once('close', () => this.#open.delete(socket));
          resolve(socket);
        },
        (error: Error) => {
          this.#attempts.delete(attempt);
          reject(error);
        },
      );
    });
    return { done, abandon: () => this.#abandon(attempt, done) };
  }

  /** Cuts all of them; until `revive` there are no others. */
  die(): void {
    this.#isDead = true;
    for (const [attempt, reject] of this.#attempts) {
      attempt.abandon();
      reject(new DeadServerError());
    }
    this.#attempts.clear();
    for (const socket of this.#open) socket.destroy();
  }

  revive(): void {
    this.#isDead = false;
  }

  #abandon(attempt: Connecting<Duplex>, done: Promise<Duplex>): void {
    this.#attempts.delete(attempt);
    attempt.abandon();
    // Nobody waits for it any more.
    done.catch(() => undefined);
  }
}
