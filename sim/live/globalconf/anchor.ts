/**
 * A configuration anchor: where an instance's configuration is served, and which certificates vouch
 * for it. An internal one is given to each security server by hand; an external one to a federated
 * central server, which passes it on in its private parameters (facts 6).
 */
import { createHash } from 'node:crypto';
import type { XmlElement } from '../evidence/xml.ts';
import {
  branch,
  bytesLeaf,
  certificateOf,
  childrenOf,
  demandText,
  invalid,
  leaf,
  readDocument,
  textAt,
  writeDocument,
} from './xml-text.ts';
import type { Written } from './xml-text.ts';

export interface AnchorSource {
  readonly downloadUrl: string;
  /** DER. */
  readonly verificationCertificates: readonly Buffer[];
}

export interface ConfigurationAnchor {
  readonly instance: string;
  /** Null: it does not say; those in private parameters never do. */
  readonly generatedMs: number | null;
  readonly sources: readonly AnchorSource[];
}

export function writeAnchor(anchor: ConfigurationAnchor): Buffer {
  return writeDocument('configurationAnchor', writtenAnchor(anchor));
}

/** What is inside of an anchor, in a file of its own or in private parameters. */
export function writtenAnchor({ instance, generatedMs, sources }: ConfigurationAnchor): Written[] {
  return [
    ...(generatedMs === null ? [] : [leaf('generatedAt', new Date(generatedMs).toISOString())]),
    leaf('instanceIdentifier', instance),
    ...sources.map(({ downloadUrl, verificationCertificates }) =>
      branch('source', [
        leaf('downloadURL', downloadUrl),
        ...verificationCertificates.map((der) => bytesLeaf('verificationCert', der)),
      ]),
    ),
  ];
}

export function readAnchor(bytes: Uint8Array): ConfigurationAnchor {
  return anchorOf(readDocument(bytes, 'configurationAnchor', 'the anchor'));
}

export function anchorOf(element: XmlElement): ConfigurationAnchor {
  const generatedAt = textAt(element, 'generatedAt');
  const generatedMs = generatedAt === null ? null : Date.parse(generatedAt);
  if (Number.isNaN(generatedMs)) throw invalid(`generatedAt is "${generatedAt}", and no time`);
  const sources = childrenOf(element, 'source').map((source): AnchorSource => ({
    downloadUrl: demandText(source, 'downloadURL'),
    verificationCertificates: childrenOf(source, 'verificationCert').map(certificateOf),
  }));
  if (sources.length === 0) throw invalid('an anchor without a source');
  return { instance: demandText(element, 'instanceIdentifier'), generatedMs, sources };
}

/** As an administrator compares it by eye: SHA-224 of the file, in pairs of digits (facts 6). */
export function hashOfAnchor(file: Uint8Array): string {
  const hash = createHash('sha224').update(file).digest('hex').toUpperCase();
  return (hash.match(/../g) ?? []).join(':');
}
