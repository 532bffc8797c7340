/**
 * A security server's call to an OCSP responder or a time-stamping authority. X-Road gives up after
 * 20 s without a connection and 60 s without an answer (facts 2.8); the caller brings that limit as
 * a signal, because only it knows whether the network's clock is compressed.
 */
import { requestHttp } from '../loopback.ts';
import type { Endpoint } from '../loopback.ts';

export class TrustCallError extends Error {
  override name = 'TrustCallError';
}

/** Where a service listens, as the global configuration writes it: `http://127.9.0.1:8888`. */
interface ServiceAddress extends Endpoint {
  readonly path: string;
}

const ANSWER_BYTES_MAX = 1_048_576;
const OK = 200;

function parseServiceUrl(url: string): ServiceAddress {
  if (!URL.canParse(url)) throw new TrustCallError(`"${url}" is no address of a service`);
  const { protocol, hostname, port, pathname, search } = new URL(url);
  if (protocol !== 'http:') throw new TrustCallError(`${url}: trust services speak http here`);
  const address = hostname.replace(/^\[|\]$/g, '');
  return { address, port: port === '' ? 80 : Number(port), path: `${pathname}${search}` };
}

/** The body of the answer. Every failure, of the connection too, is a TrustCallError. */
export async function callTrustService(
  url: string,
  types: { readonly request: string; readonly response: string },
  body: Buffer,
  signal: AbortSignal | null,
): Promise<Buffer> {
  const to = parseServiceUrl(url);
  try {
    const answer = await requestHttp(to, {
      method: 'POST',
      path: to.path,
      rawHeaders: ['Content-Type', types.request, 'Accept', types.response],
      body,
      signal,
    });
    const bytes = await wholeOf(answer.body);
    // As X-Road does, which looks at the status alone and not at the type of the answer.
    if (answer.status === OK) return bytes;
    throw new TrustCallError(`${url} answered ${answer.status} ${answer.reason}`);
  } catch (error) {
    if (error instanceof TrustCallError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new TrustCallError(`${url} did not answer: ${reason}`, { cause: error });
  }
}

async function wholeOf(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > ANSWER_BYTES_MAX) throw new TrustCallError('the answer has no end');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
