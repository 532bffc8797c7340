/**
 * Two optional parts for members: how often the signer asks for OCSP answers, and whether the
 * nextUpdate in them counts (facts 5.2 and 6; ug-cs, 15). Each is a document of one element, which
 * an administrator uploads; without it the software's own value holds.
 */
import { demandText, invalid, leaf, numberOf, readDocument, writeDocument } from './xml-text.ts';

export interface OcspParameters {
  /** FETCHINTERVAL; null: not published, 1200 s hold. */
  readonly fetchIntervalSeconds: number | null;
  /** NEXTUPDATE; null: not published, it is verified. */
  readonly verifiesNextUpdate: boolean | null;
}

export const OCSP_PARTS = {
  fetchInterval: { identifier: 'FETCHINTERVAL', file: 'fetchinterval-params.xml' },
  nextUpdate: { identifier: 'NEXTUPDATE', file: 'nextupdate-params.xml' },
} as const;

export function writeFetchInterval(seconds: number): Buffer {
  return writeDocument('conf', [leaf('ocspFetchInterval', seconds)]);
}

export function readFetchInterval(bytes: Uint8Array): number {
  const root = readDocument(bytes, 'conf', 'the fetch interval');
  return numberOf(demandText(root, 'ocspFetchInterval'), 'ocspFetchInterval');
}

export function writeNextUpdate(isVerified: boolean): Buffer {
  return writeDocument('conf', [leaf('verifyNextUpdate', isVerified)]);
}

export function readNextUpdate(bytes: Uint8Array): boolean {
  const text = demandText(readDocument(bytes, 'conf', 'nextUpdate'), 'verifyNextUpdate');
  if (!/^(true|false|1|0)$/.test(text)) throw invalid(`verifyNextUpdate is "${text}"`);
  return text === 'true' || text === '1';
}
