/** The signature of a message as it travels, and as it stays in the message log (facts 3.3, 7). */
import type { PartName } from '../evidence/signature.ts';

export interface MessageSignature {
  /** XAdES. */
  readonly xml: string;
  /** Null: the message was signed alone. */
  readonly hashChainResult: string | null;
  /** Null: the message was signed alone. */
  readonly hashChain: string | null;
}

/** A part of a message by its name in the signature (PartName and below), with its SHA-512. */
export interface PartDigest {
  readonly name: string;
  readonly digest: Buffer;
}

/** Counted from 1; the body of a REST message is the first (facts 3.3). */
export const attachmentName = (number: number): string => `/attachment${number}`;

/** Where the message itself stands in the signature. */
export const MESSAGE_NAME: (typeof PartName)['Message'] = '/message.xml';

/** What SHA-512 is called in XML (RFC 9231). */
export const SHA512_URI = 'http://www.w3.org/2001/04/xmlenc#sha512';

/** Text as it stands in canonical XML. */
export function escapeText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('\r', '&#xD;');
}
