/** One call over the wire, and what it comes to for whoever counts. */
import { FAULT_KEYS } from '../../metrics/outcome.ts';
import { Cause, faultOf, Prefix } from '../../protocol/fault.ts';
import { findHeader } from '../../protocol/message.ts';
import { readFaultCode } from '../fault-code.ts';
import { codeOfError, isOfPeer, requestHttp } from '../loopback.ts';
import type { Endpoint, WholeCall } from '../loopback.ts';
import { headersOf } from '../rest-message.ts';
import { soapFaultCode } from '../soap-caller.ts';

/** The connection was closed, or refused, without a word: no code of X-Road's. */
const NO_ANSWER = faultOf(Prefix.ClientProxy, Cause.NoAnswer);
const NEW_SPELLING = 70_800;
const FAULT_BYTES_MAX = 64 * 1024;
const NO_BYTES = Buffer.alloc(0);

/** This machine is out of sockets or ports: the generator's own want, and nothing was sent. */
export class NothingLeftError extends Error {
  override name = 'NothingLeftError';
}

const OWN_WANT = ['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS', 'ENOMEM'];

export interface Answered {
  /**
   * Of metrics/outcome.ts: 0, without fault; else the fault, + 256 where the server that raised it
   * spells as before 7.8.
   */
  readonly faultKey: number;
  /** Of the body. */
  readonly responseBytes: number;
}

/** Null: it was given up by `call.signal`. */
export async function answerTo(
  endpoint: Endpoint,
  call: WholeCall,
  isSoap: boolean,
): Promise<Answered | null> {
  try {
    const answer = await requestHttp(endpoint, call);
    // An answer is there when all of it is.
    let responseBytes = 0;
    const kept: Buffer[] = [];
    for await (const chunk of answer.body) {
      responseBytes += chunk.length;
      // Whatever is longer is no fault.
      if (isSoap && responseBytes <= FAULT_BYTES_MAX) kept.push(chunk);
    }
    const headers = headersOf(answer.rawHeaders);
    const code = isSoap
      ? soapFaultCode(headers, responseBytes > FAULT_BYTES_MAX ? NO_BYTES : Buffer.concat(kept))
      : findHeader(headers, 'x-road-error');
    return { faultKey: code === null ? 0 : faultKeyOf(code), responseBytes };
  } catch (error) {
    if (call.signal?.aborted === true) return null;
    if (OWN_WANT.includes(codeOfError(error))) throw new NothingLeftError();
    if (!isOfPeer(error)) throw error;
    return { faultKey: NO_ANSWER, responseBytes: 0 };
  }
}

function faultKeyOf(code: string): number {
  const { fault, version } = readFaultCode(code);
  return version < NEW_SPELLING ? fault + FAULT_KEYS / 2 : fault;
}
