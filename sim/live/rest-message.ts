/** Between Node's HTTP and the messages of protocol/message.ts. */
import { printForLog } from '../protocol/identifier.ts';
import type { XRoadId } from '../protocol/identifier.ts';
import { requestHashOf } from '../protocol/message.ts';
import type { Header } from '../protocol/message.ts';
import { sha512 } from './signer.ts';
import { attachmentName, MESSAGE_NAME } from './signing/message-signature.ts';

/** An identifier as a scenario writes it: the parts with slashes between, nothing escaped. */
export function plainId(id: XRoadId): string {
  return printForLog(id).slice(id.kind.length + 1);
}

/** Node's raw headers: name, value, name, value, ... */
export function headersOf(raw: readonly string[]): Header[] {
  const headers: Header[] = [];
  for (let at = 0; at < raw.length; at += 2) headers.push({ name: raw[at], value: raw[at + 1] });
  return headers;
}

/**
 * X-Road-Request-Hash where the body has streamed by and only its digest was kept: whoever asks
 * for the digest of the body gets that one.
 */
export function hashRequest(head: Uint8Array, bodyDigest: Uint8Array | null): string {
  if (bodyDigest === null) return requestHashOf(head, null, sha512);
  const body = new Uint8Array(0);
  return requestHashOf(head, body, (bytes) => (bytes === body ? bodyDigest : sha512(bytes)));
}

/** The parts of a REST message by their names in its signature. */
export function contentOf(
  head: Buffer | null,
  body: Buffer | null,
): (name: string) => Buffer | null {
  const parts = new Map([
    [MESSAGE_NAME as string, head],
    [attachmentName(1), body],
  ]);
  return (name) => parts.get(name) ?? null;
}
