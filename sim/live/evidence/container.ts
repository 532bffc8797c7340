/**
 * An ASiC-E container of X-Road's message log (facts 7; asic-core/AsicContainerVerifier): one
 * message, its signature, and the proof that both were there at a time.
 *
 *    message -> (sig-hashchain) -> signatures.xml -> (ts-hashchain) -> time-stamp
 *
 * The order of the checks is X-Road's, so the first failure has the code that X-Road gives.
 */
import { digestOf, digestOfUri, isSame } from './algorithms.ts';
import { authoritiesOf } from './anchors.ts';
import type { Anchors } from './anchors.ts';
import { decodeBase64 } from './base64.ts';
import {
  ExtendedUsage,
  hasExtendedUsage,
  isSameCertificate,
  nameOf,
  pathTo,
} from './certificate.ts';
import type { Certificate } from './certificate.ts';
import { EvidenceError } from './evidence-error.ts';
import type { Findings } from './findings.ts';
import { verifyHashChain } from './hash-chain.ts';
import type { Resolve } from './hash-chain.ts';
import { senderOf } from './sender.ts';
import type { Sender } from './sender.ts';
import { checkReferences, describeChain, PartName, verifySignature } from './signature.ts';
import { checkImprint, checkTimeStampSignature, readTimeStamp, signerOf } from './time-stamp.ts';
import type { TimeStamp } from './time-stamp.ts';
import { readXades } from './xades.ts';
import type { XadesSignature } from './xades.ts';
import { attributeOf, childNamed, childrenNamed, parseXml, textOf } from './xml.ts';
import { printId } from '../../protocol/identifier.ts';

/** The files of a container, by their names. */
export type ContainerFiles = ReadonlyMap<string, () => Buffer>;

const MIMETYPE = 'application/vnd.etsi.asic-e+zip';

const File = {
  Mimetype: 'mimetype',
  Message: 'message.xml',
  Signature: 'META-INF/signatures.xml',
  SigChainResult: 'sig-hashchainresult.xml',
  SigChain: 'sig-hashchain.xml',
  TsChainResult: 'ts-hashchainresult.xml',
  TsChain: 'ts-hashchain.xml',
  Manifest: 'META-INF/manifest.xml',
  AsicManifest: 'META-INF/ASiCManifest.xml',
  TimeStamp: 'META-INF/timestamp.tst',
} as const;

const KNOWN_FILES: ReadonlySet<string> = new Set(Object.values(File));
const OPEN_DOCUMENT = 'urn:oasis:names:tc:opendocument:xmlns:manifest:1.0';
const DSIG = 'http://www.w3.org/2000/09/xmldsig#';

const isAttachment = (name: string): boolean => /^attachment[1-9]\d{0,4}$/.test(name);

/** Whether files look like a container, good or bad, rather than like anything else. */
export function isContainer(names: readonly string[]): boolean {
  const has = (name: string): boolean => names.includes(name);
  return has(File.Signature) || (has(File.Mimetype) && has(File.Message));
}

export function verifyContainer(files: ContainerFiles, anchors: Anchors, findings: Findings): void {
  const contents = readContents(files, findings);
  if (contents === null) return;
  const resolve: Resolve = (uri) =>
    uri.startsWith('/') ? (contents.get(uri.slice(1)) ?? null) : null;
  const sender = judgeMessage(contents.get(File.Message), findings);
  const signature = findings.attempt(
    'signature form',
    '',
    () => {
      const read = readXades(contents.get(File.Signature) ?? Buffer.alloc(0));
      findings.passed('signature form', checkReferences(read));
      return read;
    },
    null,
  );
  judgeManifests(contents, findings);
  if (signature === null) return;
  const stamp = judgeTimeStamp(signature, contents, resolve, { anchors, sender }, findings);
  const names = [...contents.keys()].filter((name) => name === File.Message || isAttachment(name));
  verifySignature(
    signature,
    {
      resolve,
      parts: new Map(names.map((name) => [`/${name}`, null])),
      anchors,
      sender,
      // As AsicContainerVerifier: what counts is that all was good when it was stamped.
      atMs: stamp?.timeMs ?? signature.signingTimeMs,
    },
    findings,
  );
}

interface Trust {
  readonly anchors: Anchors;
  readonly sender: Sender | null;
}

type Contents = ReadonlyMap<string, Buffer>;

/** Null: what a container must have is not there (asic-core/AsicHelper). */
function readContents(files: ContainerFiles, findings: Findings): Contents | null {
  return findings.attempt(
    'entries',
    '',
    () => {
      const names = [...files.keys()].filter((name) => !name.endsWith('/'));
      const others = names.filter((name) => !KNOWN_FILES.has(name) && !isAttachment(name));
      const contents = new Map<string, Buffer>();
      // All are unpacked, those that nobody asks for too: a damaged zip is no good evidence.
      for (const name of names) {
        const content = files.get(name)?.() ?? Buffer.alloc(0);
        if (!others.includes(name)) contents.set(name, content);
      }
      checkPresence(contents);
      const outside = others.length === 0 ? '' : `; no part of the evidence: ${others.join(', ')}`;
      findings.passed('entries', `${[...contents.keys()].join(', ')}${outside}`);
      return contents;
    },
    null,
  );
}

function checkPresence(contents: Contents): void {
  const isBlank = (name: string): boolean => (contents.get(name) ?? '').toString().trim() === '';
  const need = (name: string, code: string): void => {
    if (isBlank(name)) throw new EvidenceError(code, `${name} is missing or empty`);
  };
  need(File.Mimetype, 'asic_mime_type_not_found');
  const mimetype = contents.get(File.Mimetype)?.toString('latin1') ?? '';
  if (mimetype.toLowerCase() !== MIMETYPE) {
    throw new EvidenceError('asic_invalid_mime_type', `the mimetype is ${mimetype}`);
  }
  need(File.Message, 'asic_message_not_found');
  need(File.Signature, 'asic_signature_not_found');
  for (const [result, chain] of [
    [File.SigChainResult, File.SigChain],
    [File.TsChainResult, File.TsChain],
  ]) {
    if (isBlank(result) && isBlank(chain)) continue;
    need(result, 'asic_hash_chain_result_not_found');
    need(chain, 'asic_hash_chain_not_found');
  }
  const empty: readonly (readonly [string, string])[] = [
    [File.TimeStamp, 'asic_timestamp_not_found'],
    [File.Manifest, 'asic_manifest_not_found'],
    [File.AsicManifest, 'asic_manifest_not_found'],
  ];
  for (const [name, code] of empty) if (contents.has(name)) need(name, code);
}

function judgeMessage(message: Buffer | undefined, findings: Findings): Sender | null {
  return findings.attempt(
    'message',
    '',
    () => {
      const sender = senderOf(message ?? Buffer.alloc(0));
      const { protocol, kind, member, id } = sender;
      const text = `${protocol} ${kind} of ${printId(member)}, ${id ?? 'without an id'}`;
      findings.passed('message', text);
      return sender;
    },
    null,
  );
}

/** X-Road writes the manifests and does not read them; others do, so they should not lie. */
function judgeManifests(contents: Contents, findings: Findings): void {
  const manifest = contents.get(File.Manifest);
  if (manifest !== undefined) {
    findings.check('manifest', '', () => {
      const { root } = parseXml(manifest);
      const named = childrenNamed(root, OPEN_DOCUMENT, 'file-entry').map(
        ({ attributes }) =>
          attributes.find(({ local, namespace }) => local === 'full-path' && namespace !== '')
            ?.value ?? '',
      );
      const missing = named.filter((name) => name !== '/' && !contents.has(name));
      if (missing.length > 0) {
        throw new EvidenceError(null, `it lists ${missing.join(', ')}, which is not here`);
      }
      return `it lists ${named.length} files`;
    });
  }
  const asicManifest = contents.get(File.AsicManifest);
  if (asicManifest !== undefined) {
    findings.check('ASiC manifest', '', () => checkAsicManifest(asicManifest, contents));
  }
}

/** What the token is of, with its digest. */
function checkAsicManifest(manifest: Buffer, contents: Contents): string {
  const { root } = parseXml(manifest);
  const reference = childNamed(root, null, 'SigReference');
  if (reference === null || attributeOf(reference, 'URI') !== File.TimeStamp) {
    throw new EvidenceError(null, `it is not about ${File.TimeStamp}`);
  }
  const objects = childrenNamed(root, null, 'DataObjectReference');
  const uris = objects.map((object) => {
    const uri = attributeOf(object, 'URI') ?? '';
    const method = childNamed(object, DSIG, 'DigestMethod');
    const value = childNamed(object, DSIG, 'DigestValue');
    const content = contents.get(uri);
    const name = digestOfUri(
      method === null ? null : attributeOf(method, 'Algorithm'),
      'malformed_signature',
    );
    const digest = value === null ? null : decodeBase64(textOf(value));
    if (content === undefined || digest === null || !isSame(digestOf(name, content), digest)) {
      throw new EvidenceError(null, `${uri} is not what it says`);
    }
    return uri;
  });
  if (!uris.includes(File.TsChainResult)) {
    throw new EvidenceError(null, `it does not list ${File.TsChainResult}`);
  }
  return `${uris.join(', ')} with the right digests`;
}

/** Null: there is none, or it is not of this signature. */
function judgeTimeStamp(
  signature: XadesSignature,
  contents: Contents,
  resolve: Resolve,
  trust: Trust,
  findings: Findings,
): TimeStamp | null {
  const chainResult = contents.get(File.TsChainResult) ?? null;
  if (chainResult !== null) judgeStampChain(chainResult, resolve, findings);
  const stamp = findings.attempt(
    'time-stamp',
    '',
    () => {
      const der = contents.get(File.TimeStamp) ?? signature.timeStamp;
      if (der === null || der === undefined) {
        throw new EvidenceError('asic_timestamp_not_found', 'there is no time-stamp');
      }
      const read = readTimeStamp(der);
      // A batch stamps the result of its chain, a single stamp the bytes of the value (facts 7).
      checkImprint(read, chainResult ?? signature.value);
      const authority = signerOf(read, trust.anchors.timeStampers);
      if (authority === null) {
        const text = 'the certificate of its authority is not known';
        if (knowsNetwork(trust)) throw new EvidenceError('mlog.tsp_certificate_not_found', text);
        findings.unknown('time-stamp', `${isoOf(read.timeMs)}; ${text}`);
        return read;
      }
      checkTimeStampSignature(read, authority);
      findings.passed('time-stamp', `${isoOf(read.timeMs)}, by ${nameOf(authority)}`);
      judgeAuthority(authority, read, trust, findings);
      return read;
    },
    null,
  );
  return stamp;
}

/** X-Road gives any failure here one code. */
function judgeStampChain(result: Buffer, resolve: Resolve, findings: Findings): void {
  findings.check('time-stamp hash chain', '', () => {
    try {
      const inputs = new Map([[PartName.Signature, null]]);
      return describeChain(verifyHashChain(result, { inputs, resolve }));
    } catch (error) {
      if (!(error instanceof EvidenceError)) throw error;
      throw new EvidenceError('malformed_signature', error.message);
    }
  });
}

/** One that the configuration names; or one that an authority to trust made for the task. */
function judgeAuthority(
  authority: Certificate,
  { timeMs }: TimeStamp,
  trust: Trust,
  findings: Findings,
): void {
  const { anchors } = trust;
  const what = 'time-stamp authority';
  if (anchors.timeStampers.some((one) => isSameCertificate(one, authority))) {
    findings.passed(what, `${nameOf(authority)} is trusted`);
    return;
  }
  const plain = anchors.authorities.filter(({ instance }) => instance === null);
  const between = plain.map(({ certificate }) => certificate);
  const path = pathTo(authority, between, between, timeMs);
  if (path !== null && hasExtendedUsage(authority, ExtendedUsage.TimeStamping)) {
    findings.passed(
      what,
      `${nameOf(authority)}, issued by ${path.slice(1).map(nameOf).join(', ')}`,
    );
  } else if (!knowsNetwork(trust)) {
    findings.unknown(what, `nothing to trust was given for it; it is ${nameOf(authority)}`);
  } else {
    const text = `${nameOf(authority)} is none of those to trust`;
    findings.failed(what, 'mlog.tsp_certificate_not_found', text);
  }
}

/** No: evidence of another network than the one whose configuration was given, or none was. */
const knowsNetwork = ({ anchors, sender }: Trust): boolean =>
  authoritiesOf(anchors, sender?.member.xRoadInstance ?? '').length > 0;

const isoOf = (timeMs: number): string => new Date(timeMs).toISOString();
