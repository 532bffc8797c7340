/**
 * What a scenario says is wrong with a message, done on purpose: the defects of
 * protocol/condition.ts that no sound server or information system would make. They are looked up
 * by X-Road-Id, so that one network carries sound and broken messages at the same time.
 */
import { PartName } from './evidence/signature.ts';
import { writeHashChains } from './signing/hash-chain-writer.ts';
import type { MessageSignature, PartDigest } from './signing/message-signature.ts';
import { parseSoap } from './soap/soap-message.ts';
import type { SoapMessageTransfer } from './soap/soap-transfer.ts';

export type DefectName =
  | 'not-post'
  | 'broken-multipart'
  | 'no-message-part'
  | 'no-signature'
  | 'tampered'
  | 'wrong-signer'
  | 'stale-ocsp'
  | 'other-server'
  | 'response-without-signature'
  | 'response-without-part'
  | 'response-tampered'
  | 'response-inconsistent';

export class Sabotage {
  readonly #defects = new Map<string, ReadonlySet<string>>();

  plan(messageId: string, defects: readonly string[]): void {
    if (defects.length > 0) this.#defects.set(messageId, new Set(defects));
  }

  forget(messageId: string): void {
    this.#defects.delete(messageId);
  }

  has(messageId: string, defect: DefectName): boolean {
    return this.#defects.get(messageId)?.has(defect) ?? false;
  }
}

/** A part that was changed on its way: one bit of its first byte. */
export function tamper(chunk: Uint8Array): Buffer {
  const changed = Buffer.from(chunk);
  if (changed.length > 0) changed[0] ^= 1;
  return changed;
}

/** What remains well-formed, so that nothing but the signature tells. */
export function tamperSoap(transfer: SoapMessageTransfer): SoapMessageTransfer {
  const { soap } = transfer;
  return { ...transfer, soap: { ...soap, bytes: Buffer.concat([soap.bytes, Buffer.from('\n')]) } };
}

/** A response whose header names another message. */
export function ofAnotherMessage(transfer: SoapMessageTransfer): SoapMessageTransfer {
  const { soap } = transfer;
  const { id } = soap.header;
  const text = soap.bytes.toString('utf8').replaceAll(`>${id}<`, `>${id}-of-another<`);
  const changed = parseSoap(Buffer.from(text), soap.contentType);
  return changed.kind === 'fault' ? transfer : { ...transfer, soap: changed };
}

/**
 * The signature of a message that was changed on its way, by somebody who does what can be done
 * without the key: the hash chain, which nobody has signed, leads to the parts as they are now. A
 * message of one part has no chain; there the value itself is changed.
 */
export function forge(
  signature: MessageSignature,
  partsSent: readonly PartDigest[],
): MessageSignature {
  if (signature.hashChain === null) {
    const value = /(<ds:SignatureValue[^>]*>\s*)(.)/;
    const other = (_all: string, start: string, letter: string): string =>
      `${start}${letter === 'A' ? 'B' : 'A'}`;
    return { ...signature, xml: signature.xml.replace(value, other) };
  }
  const { result, chains } = writeHashChains(PartName.SigChain, [partsSent]);
  return { ...signature, hashChainResult: result, hashChain: chains[0] };
}
