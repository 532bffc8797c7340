/**
 * A SOAP message between two security servers (facts 3.3): what its parts are called in the
 * signature, which headers the HTTP message has, and how the parts follow each other. The parts of
 * OCSP before it and of the signature behind it are the same as with REST.
 *
 * Source, read at 7.8: ProxyMessageEncoder, MessageProcessorBase, ServerMessageProcessor; the
 * recorded exchange wire-7.8/3.
 */
import { randomUUID } from 'node:crypto';
import { causeOf, findFault, spellFault } from '../../protocol/fault.ts';
import { digestOf } from '../message-parts.ts';
import { attachmentName, MESSAGE_NAME } from '../signing/message-signature.ts';
import type { PartDigest } from '../signing/message-signature.ts';
import { contentTypeOf, makeBoundary } from '../transport.ts';
import type { MultipartWriter } from '../transport.ts';
import { lineOf, writeMultipart } from './attachments.ts';
import { spellSoapError } from './soap-error.ts';
import type { Place, SoapError } from './soap-error.ts';
import { writeSoapFault } from './soap-fault.ts';
import type { SoapMessageTransfer } from './soap-transfer.ts';

/** The parts by their names in the signature, in their order. */
export function signedParts(
  transfer: SoapMessageTransfer,
): { readonly name: string; readonly content: Buffer }[] {
  const attachments = transfer.attachments.map(({ content }, at) => ({
    name: attachmentName(at + 1),
    content,
  }));
  return [{ name: MESSAGE_NAME, content: transfer.soap.bytes }, ...attachments];
}

export function digestsOf(transfer: SoapMessageTransfer): PartDigest[] {
  return signedParts(transfer).map(({ name, content }) => ({ name, digest: digestOf(content) }));
}

/** Of the HTTP request besides those that a REST message has; there is no message type. */
export function soapRequestHeaders(
  { contentType }: SoapMessageTransfer,
  soapAction: string | null,
): Readonly<Record<string, string>> {
  const original = { 'x-original-content-type': contentType };
  return soapAction === null ? original : { ...original, 'x-original-soapaction': soapAction };
}

/** The message part, and all attachments in one more; false: the peer has gone. */
export async function sendSoapParts(
  writer: MultipartWriter,
  { soap, headers, attachments }: SoapMessageTransfer,
): Promise<boolean> {
  // A type may go on with more lines: they are the other headers of the part.
  const isWell = await writer.part(
    [soap.contentType, ...headers.map(lineOf)].join('\r\n'),
    soap.bytes,
  );
  if (attachments.length === 0) return isWell;
  const boundary = makeBoundary('xatt');
  return writer.part(contentTypeOf(boundary), writeMultipart(boundary, attachments));
}

/** What was found wrong with a message, and with whose. */
export interface SoapRefusal {
  readonly error: SoapError;
  readonly place: Place;
}

/**
 * The fault that a server makes of a refused exchange. Where a SOAP message was wrong the code and
 * the text say how exactly; the fault of the rules may not be able to.
 */
export function faultFor(fault: number, refusal: SoapRefusal | null, version: number): Buffer {
  const code = spellFault(fault, version);
  const detail = randomUUID();
  if (refusal === null) {
    return writeSoapFault({ code, text: findFault(fault)?.prose ?? code, detail });
  }
  const { error, place } = refusal;
  // A code of the registry stands, where it says the same.
  const isSame = causeOf(fault) === error.reason && error.unlisted === null;
  const isListed = isSame && findFault(fault) !== null;
  const exact = isListed ? code : spellSoapError(error, place, version);
  return writeSoapFault({ code: exact, text: error.message, detail });
}
