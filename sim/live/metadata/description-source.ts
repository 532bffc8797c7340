/**
 * Where the descriptions of services come from: the information system that has the service. A
 * scenario names no address of a description, so the lab's systems keep them at a path of their
 * own.
 */
import { Input } from '../../protocol/exchange.ts';
import { Cause } from '../../protocol/fault.ts';
import { findHeader } from '../../protocol/message.ts';
import { headersOf } from '../rest-message.ts';
import { SoapError } from '../soap/soap-error.ts';
import { SystemCall } from '../system-call.ts';

export const DESCRIPTION_PATH = '/.well-known/description/';

export interface Description {
  readonly body: Buffer;
  /** Null: the answer named none. */
  readonly contentType: string | null;
}

const DESCRIPTION_BYTES_MAX = 16 * 1024 * 1024;
const PATIENCE_MS = 30_000;

/** Throws SoapError, whose place is Place.ServerProxy. `url` is the service's own. */
export async function fetchDescription(url: string): Promise<Description> {
  if (!URL.canParse(url)) throw new SoapError(Cause.InternalError, `no address: "${url}"`);
  const code = new URL(url).pathname.split('/')[1];
  const call = new SystemCall(new URL(`${DESCRIPTION_PATH}${code}`, url).href, {
    head: { verb: 'GET', path: '', query: null, headers: [] },
    path: '',
    body: null,
    timeoutMs: PATIENCE_MS,
    keepBytesMax: DESCRIPTION_BYTES_MAX,
  });
  const input = await call.answered();
  if (input !== Input.Done || call.answer === null) {
    const cause = (input >> 8) as Cause;
    const reason = cause === Cause.None ? Cause.IoError : cause;
    throw new SoapError(reason, 'the description of the service cannot be had');
  }
  const { status, rawHeaders } = call.answer;
  const isWhole = await call.pipe(async () => true);
  if (!isWhole || status !== 200) {
    const text = `Received HTTP error ${status} for the description of the service`;
    throw new SoapError(Cause.InternalError, text);
  }
  const contentType = findHeader(headersOf(rawHeaders), 'content-type');
  return { body: call.body ?? Buffer.alloc(0), contentType };
}
