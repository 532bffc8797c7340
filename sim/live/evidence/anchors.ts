/**
 * Whom a verification trusts: certificates in PEM or DER, or the shared parameters of a global
 * configuration, as a file, in its folder, or in the zip that `/verificationconf` gives (facts 7).
 *
 * The signature of a configuration is not checked: whoever names a file here trusts it.
 */
import { lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  ExtendedUsage,
  hasExtendedUsage,
  isIssuedBy,
  isSameCertificate,
  readCertificate,
} from './certificate.ts';
import type { Certificate } from './certificate.ts';
import { EvidenceError, UnreadableError } from './evidence-error.ts';
import { childNamed, childrenNamed, elementsOf, parseXml, textOf } from './xml.ts';
import type { XmlElement } from './xml.ts';
import { readZip } from './zip.ts';

export interface AuthorityAnchor {
  readonly certificate: Certificate;
  /** Null: trusted for every instance. */
  readonly instance: string | null;
  /** An anchor of its own; else only a step between. */
  readonly isTop: boolean;
  /** X-Road's class for its subjects; null: not known. */
  readonly profile: string | null;
  /** OCSP responders that are named for it. */
  readonly responders: readonly Certificate[];
}

export interface Anchors {
  readonly authorities: readonly AuthorityAnchor[];
  readonly timeStampers: readonly Certificate[];
  /** Responders that somebody trusts without saying for which authority. */
  readonly responders: readonly Certificate[];
  /** By instance. */
  readonly ocspFreshnessSeconds: ReadonlyMap<string, number>;
}

export const NO_ANCHORS: Anchors = {
  authorities: [],
  timeStampers: [],
  responders: [],
  ocspFreshnessSeconds: new Map(),
};

const SHARED_PARAMETERS = 'shared-params.xml';
const PEM = /-----BEGIN CERTIFICATE-----([\s\S]*?)-----END CERTIFICATE-----/g;
const FILE_BYTES_MAX = 64 * 2 ** 20;
const FILES_MAX = 10_000;
const DEPTH_MAX = 8;
const ZIP_LIMITS = {
  entriesMax: 10_000,
  entryBytesMax: FILE_BYTES_MAX,
  totalBytesMax: 4 * FILE_BYTES_MAX,
};

/** Throws an UnreadableError that names the file where one holds nothing to trust. */
export function readAnchors(paths: readonly string[]): Anchors {
  const found = new Found();
  for (const path of paths) {
    const before = found.count;
    for (const file of filesIn(path)) readFile(file, found);
    if (found.count === before) {
      const right = 'certificates, shared-params.xml, a folder with them, or verificationconf.zip';
      throw new UnreadableError(`${path}: nothing to trust in it; ${right} would be right`);
    }
  }
  return found.anchors();
}

/** Authorities that count for an instance. */
export function authoritiesOf({ authorities }: Anchors, instance: string): AuthorityAnchor[] {
  return authorities.filter((one) => one.instance === null || one.instance === instance);
}

interface AnchorFile {
  readonly path: string;
  readonly bytes: Buffer;
}

function* filesIn(path: string, depth = 0): Generator<AnchorFile> {
  // A link that somebody names is followed, and so is a pipe; those in folders are left alone.
  const stat = depth === 0 ? statSync(path) : lstatSync(path);
  if (!stat.isDirectory()) {
    if (!stat.isFile() && (depth > 0 || !stat.isFIFO())) return;
    if (stat.size > FILE_BYTES_MAX) throw new UnreadableError(`${path}: it is too large`);
    yield { path, bytes: readFileSync(path) };
    return;
  }
  const names = readdirSync(path).sort();
  if (depth > DEPTH_MAX || names.length > FILES_MAX) {
    throw new UnreadableError(`${path}: too large a folder for a configuration`);
  }
  for (const name of names) yield* filesIn(join(path, name), depth + 1);
}

function readFile({ path, bytes }: AnchorFile, found: Found): void {
  try {
    if (bytes.subarray(0, 4).toString('latin1') === 'PK\x03\x04') readZipFile(path, bytes, found);
    else if (basename(path) === SHARED_PARAMETERS) readSharedParameters(bytes, found);
    else if (looksLikeXml(bytes)) readOtherXml(bytes, found);
    else for (const der of certificatesIn(bytes)) found.addPlain(readCertificate(der));
  } catch (error) {
    const isKnown = error instanceof EvidenceError || error instanceof UnreadableError;
    if (!isKnown) throw error;
    throw new UnreadableError(`${path}: ${error.message}`);
  }
}

function readZipFile(path: string, bytes: Buffer, found: Found): void {
  for (const entry of readZip(bytes, ZIP_LIMITS)) {
    if (basename(entry.name) === SHARED_PARAMETERS) readSharedParameters(entry.read(), found);
    else if (/\.(pem|crt|cer)$/.test(entry.name)) {
      readFile({ path: `${path}/${entry.name}`, bytes: entry.read() }, found);
    }
  }
}

function looksLikeXml(bytes: Buffer): boolean {
  return /^(\ufeff|\s)*</.test(bytes.toString('utf8', 0, 200));
}

/** A folder of a configuration holds other files, too; they say nothing about trust here. */
function readOtherXml(bytes: Buffer, found: Found): void {
  const { root } = parseXml(bytes);
  if (root.local === 'conf' && childrenNamed(root, null, 'approvedCA').length > 0) {
    readSharedParameters(bytes, found);
  }
}

function certificatesIn(bytes: Buffer): Buffer[] {
  const text = bytes.toString('latin1');
  const inPem = [...text.matchAll(PEM)].map((match) => Buffer.from(match[1], 'base64'));
  // 0x30, a length of two bytes: how every certificate starts.
  if (inPem.length === 0 && bytes[0] === 0x30 && bytes[1] === 0x82) return [bytes];
  return inPem;
}

/** Versions 2 to 6 are alike in what counts here (facts 6). */
function readSharedParameters(bytes: Buffer, found: Found): void {
  const { root } = parseXml(bytes);
  const instance = childText(root, 'instanceIdentifier');
  if (instance === null) throw new EvidenceError(null, 'the shared parameters name no instance');
  for (const approved of childrenNamed(root, null, 'approvedCA')) {
    const profile = childText(approved, 'certificateProfileInfo');
    // An authority for servers alone may not vouch for messages.
    if (childText(approved, 'authenticationOnly') === 'true') continue;
    for (const element of elementsOf(approved)) {
      const isTop = element.local === 'topCA';
      if (!isTop && element.local !== 'intermediateCA') continue;
      const certificate = certificateIn(element);
      if (certificate === null) continue;
      const responders = childrenNamed(element, null, 'ocsp')
        .map(certificateIn)
        .filter((responder) => responder !== null);
      found.authorities.push({ certificate, instance, isTop, profile, responders });
    }
  }
  for (const approved of childrenNamed(root, null, 'approvedTSA')) {
    const certificate = certificateIn(approved);
    if (certificate !== null) found.timeStampers.push(certificate);
  }
  const settings = childNamed(root, null, 'globalSettings');
  const freshness = settings === null ? null : childText(settings, 'ocspFreshnessSeconds');
  if (freshness !== null && /^\d{1,9}$/.test(freshness)) {
    found.ocspFreshnessSeconds.set(instance, Number(freshness));
  }
}

function childText(element: XmlElement, local: string): string | null {
  const child = childNamed(element, null, local);
  return child === null ? null : textOf(child).trim();
}

/** The text is base64 of DER, or of PEM. */
function certificateIn(element: XmlElement): Certificate | null {
  const text = childText(element, 'cert');
  if (text === null || text === '') return null;
  const bytes = Buffer.from(text, 'base64');
  return readCertificate(certificatesIn(bytes)[0] ?? bytes);
}

class Found {
  readonly authorities: AuthorityAnchor[] = [];
  readonly timeStampers: Certificate[] = [];
  readonly responders: Certificate[] = [];
  readonly ocspFreshnessSeconds = new Map<string, number>();

  get count(): number {
    return this.authorities.length + this.timeStampers.length + this.responders.length;
  }

  /** A certificate in a file of its own says by its extensions what it is for. */
  addPlain(certificate: Certificate): void {
    if (hasExtendedUsage(certificate, ExtendedUsage.TimeStamping)) {
      this.timeStampers.push(certificate);
    } else if (hasExtendedUsage(certificate, ExtendedUsage.OcspSigning)) {
      this.responders.push(certificate);
    } else if (certificate.isAuthority || isIssuedBy(certificate, certificate)) {
      const shared = { instance: null, profile: null, responders: [] };
      this.authorities.push({ certificate, isTop: true, ...shared });
    }
  }

  anchors(): Anchors {
    const { authorities, timeStampers, responders, ocspFreshnessSeconds } = this;
    const isFirst = (one: Certificate, index: number, all: readonly Certificate[]): boolean =>
      all.findIndex((other) => isSameCertificate(one, other)) === index;
    return {
      authorities,
      timeStampers: timeStampers.filter(isFirst),
      responders: responders.filter(isFirst),
      ocspFreshnessSeconds,
    };
  }
}
