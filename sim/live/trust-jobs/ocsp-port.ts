/**
 * Port 5577: a security server's own OCSP answers for those who connect to it (facts 2.5, 5.2;
 * CertHashBasedOcspResponder). Certificates are named by hash, `/?cert_hash=...`, as often as there
 * are certificates; the older `cert`, which is SHA-1, may stand beside and is not read. What is not
 * known here is an error of the whole request.
 */
import { drawBoundary, readMultipart } from '../globalconf/multipart.ts';
import { listenHttp } from '../loopback.ts';
import type { Endpoint, HttpRequest, HttpResponse, Listener } from '../loopback.ts';

/** An answer in DER by SHA-256 of its certificate in hexadecimal; null: there is none. */
export type AnswersByHash = (hash: string) => Buffer | null;

export interface OcspPort extends Endpoint {
  /** Nobody is answered while it is blocked, as behind a firewall that drops packets. */
  isBlocked: boolean;
  close(): Promise<void>;
}

const OCSP_PART = 'application/ocsp-response';
const RELATED = 'multipart/related';
const HASHES_MAX = 20;

export async function startOcspPort(at: Endpoint, answers: AnswersByHash): Promise<OcspPort> {
  const port = {
    isBlocked: false,
    address: at.address,
    port: at.port,
    close: (): Promise<void> => listener.close(),
  };
  const listener: Listener = await listenHttp(at, (request, response) => {
    request.resume();
    if (!port.isBlocked) serve(request, response, answers);
  });
  port.port = listener.port;
  return port;
}

/** What a client finds in the body; throws where it is no such answer. */
export function readAnswers(body: Buffer, contentType: string): Buffer[] {
  return readMultipart(body, contentType, RELATED)
    .filter(({ headers }) => headers.get('content-type')?.toLowerCase() === OCSP_PART)
    .map((part) => part.body);
}

function serve({ method, url }: HttpRequest, response: HttpResponse, answers: AnswersByHash): void {
  // A heartbeat.
  if (method === 'HEAD') return end(response, 200, '');
  if (method !== 'GET') return end(response, 500, `Invalid request method: ${method}`);
  const hashes = new URLSearchParams((url ?? '').split('?')[1]).getAll('cert_hash');
  if (hashes.length === 0 || hashes.length > HASHES_MAX) {
    return end(response, 500, 'Could not get cert hashes');
  }
  const boundary = drawBoundary();
  const chunks: Buffer[] = [];
  for (const hash of hashes) {
    const answer = answers(hash.toLowerCase());
    if (answer === null) return end(response, 500, `No OCSP response for certificate ${hash}`);
    chunks.push(Buffer.from(`--${boundary}\r\nContent-Type: ${OCSP_PART}\r\n\r\n`), answer);
    chunks.push(Buffer.from('\r\n'));
  }
  chunks.push(Buffer.from(`--${boundary}--\r\n`));
  const type = `${RELATED}; type="${OCSP_PART}"; charset=UTF-8; boundary=${boundary}`;
  const body = Buffer.concat(chunks);
  response.writeHead(200, { 'Content-Type': type, 'Content-Length': body.length });
  response.end(body);
}

function end(response: HttpResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(text);
}
