/**
 * What an attacker does on a connection. An act writes, and leaves it to the target to end the
 * connection where nothing else is said.
 */
import type { AttackAct, Wire } from './attacks.ts';

/** The same request again and again, whole. */
export function sendBytes(bytes: Buffer): AttackAct {
  return (wire) => void wire.write(bytes);
}

/** One after the other of several, as often as there are connections. */
export function sendInTurn(requests: readonly Buffer[]): AttackAct {
  return (wire, ordinal) => void wire.write(requests[ordinal % requests.length]);
}

/** Says nothing, and holds a connection that AntiDos counts until its idle time has passed. */
export const sayNothing: AttackAct = () => undefined;

/**
 * Slow loris: a body of which a byte comes just before the idle time is over, each time anew, so
 * that a request thread is held for as long as the attacker likes (facts 12.2).
 */
export function uploadSlowly(head: Buffer, everyMs: number): AttackAct {
  return (wire, _ordinal, signal) => {
    wire.write(head);
    const timer = setInterval(() => wire.write('x'), everyMs);
    signal.addEventListener('abort', () => clearInterval(timer), { once: true });
    wire.once('close', () => clearInterval(timer));
  };
}

/** The first so many bytes of a request, and then either the end of the connection, or silence. */
export function sendHalf(request: Buffer, bytes: number, hangsUp: boolean): AttackAct {
  return (wire) => {
    wire.write(request.subarray(0, bytes), () => {
      if (hangsUp) wire.destroy();
    });
  };
}

const HEADER_LINE = Buffer.from(`x-filling: ${'f'.repeat(1000)}\r\n`);

/** The head of a request that goes on for so many bytes, as fast as it is read. */
export function sendLongHead(requestLine: string, bytes: number): AttackAct {
  return (wire) => {
    wire.write(`${requestLine}\r\n`);
    let left = bytes;
    const more = (): void => {
      while (left > 0 && wire.writable) {
        left -= HEADER_LINE.length;
        if (!wire.write(HEADER_LINE)) {
          wire.once('drain', more);
          return;
        }
      }
      finish(wire);
    };
    more();
  };
}

function finish(wire: Wire): void {
  if (wire.writable) wire.write('\r\n');
}
