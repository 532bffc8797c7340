/**
 * What a signature proves, in X-Road's own order (facts 2.6; GI/signature/SignatureVerifier): the
 * hash chain, the signing certificate, its member, the value, the chain of authorities, OCSP.
 */
import { digestOf, digestOfUri, isSame, verifyXmlSignature } from './algorithms.ts';
import { authoritiesOf } from './anchors.ts';
import type { Anchors, AuthorityAnchor } from './anchors.ts';
import { canonicalise } from './c14n.ts';
import { isSameCertificate, isSameName, mayBeUsed, nameOf, pathTo, Usage } from './certificate.ts';
import type { Certificate } from './certificate.ts';
import { EvidenceError } from './evidence-error.ts';
import type { Findings } from './findings.ts';
import { verifyHashChain } from './hash-chain.ts';
import type { ChainDigest, ChainOutcome, Resolve } from './hash-chain.ts';
import { judgeOcsp } from './ocsp-judgement.ts';
import type { Sender } from './sender.ts';
import { isKnownProfile, membersInSubject } from './subject.ts';
import { DEFAULT_FORM, SIGNED_PROPERTIES_TYPE } from './xades.ts';
import type { Reference, XadesSignature } from './xades.ts';
import { printId } from '../../protocol/identifier.ts';

export const PartName = {
  Message: '/message.xml',
  Signature: '/META-INF/signatures.xml',
  SigChainResult: '/sig-hashchainresult.xml',
  SigChain: '/sig-hashchain.xml',
  TsChainResult: '/ts-hashchainresult.xml',
  TsChain: '/ts-hashchain.xml',
} as const;

export interface SignatureContext {
  /** The parts of the message and the files of the hash chain, by `/name`. */
  readonly resolve: Resolve;
  /** Parts that must be signed; a digest replaces one that is not here. */
  readonly parts: ReadonlyMap<string, ChainDigest | null>;
  readonly anchors: Anchors;
  /** Null: the message does not say who sent it. */
  readonly sender: Sender | null;
  /** When the certificates had to be good: the time-stamp, or the signing time without one. */
  readonly atMs: number;
}

/** X-Road signs the message, or the result of the hash chain that leads to it, by name. */
export function checkReferences(signature: XadesSignature): string {
  const document = [PartName.Message, PartName.SigChainResult].filter((name) =>
    signature.references.some(({ uri }) => uri === name),
  );
  if (document.length === 0) {
    const text = `the signature is of neither ${PartName.Message} nor ${PartName.SigChainResult}`;
    throw new EvidenceError('malformed_signature', text);
  }
  return `it signs ${document.join(' and ')}`;
}

export function verifySignature(
  signature: XadesSignature,
  context: SignatureContext,
  findings: Findings,
): void {
  const chain = judgeHashChain(signature, context, findings);
  judgeCoverage(signature, chain, context, findings);
  const { certificate } = signature;
  if (certificate === null) {
    const text = 'the signature does not hold the signing certificate';
    findings.failed('signing certificate', 'malformed_signature', text);
    return;
  }
  findings.check('signing certificate', '', () => checkCertificate(signature, certificate));
  judgeSigner(certificate, context, findings);
  findings.check('references', '', () => checkDigests(signature, context));
  findings.check('signature value', '', () => checkValue(signature, certificate));
  if (signature.hasTimeStampManifests) {
    findings.unknown(
      'manifests',
      'the signature has manifests, whose digests are not checked here',
    );
  }
  const path = judgePath(certificate, signature, context, findings);
  judgeOcsp(signature, path, context, findings);
}

/** Where the result of the chain is signed, and only there: X-Road ignores one that is not. */
function judgeHashChain(
  { references }: XadesSignature,
  { resolve, parts }: SignatureContext,
  findings: Findings,
): ChainOutcome | null {
  const isSigned = references.some(({ uri }) => uri === PartName.SigChainResult);
  const result = isSigned ? resolve(PartName.SigChainResult) : null;
  // That the result is missing shows at the references.
  if (result === null) return null;
  return findings.attempt(
    'hash chain',
    'malformed_signature',
    () => {
      const outcome = verifyHashChain(result, { inputs: parts, resolve });
      findings.passed('hash chain', describeChain(outcome));
      return outcome;
    },
    null,
  );
}

export function describeChain({ checked, missing }: ChainOutcome): string {
  const text = checked.length === 0 ? 'it holds' : `it leads to ${checked.join(', ')}`;
  return missing.length === 0
    ? text
    : `${text}; only the digest is known of ${missing.join(', ')}, which is not in the container`;
}

/** Nothing that is here as a part of the message may stand outside of the signature. */
function judgeCoverage(
  { references }: XadesSignature,
  chain: ChainOutcome | null,
  { parts, resolve }: SignatureContext,
  findings: Findings,
): void {
  const isSigned = (name: string): boolean =>
    references.some(({ uri }) => uri === name) || chain?.checked.includes(name) === true;
  const bare = [...parts].filter(([name, digest]) => {
    const isHere = digest === null && resolve(name) !== null;
    return isHere && !isSigned(name);
  });
  // A broken chain has said so itself.
  const usesChain = references.some(({ uri }) => uri === PartName.SigChainResult);
  if (bare.length === 0 || (usesChain && chain === null)) return;
  const names = bare.map(([name]) => name).join(', ');
  findings.failed('coverage', 'malformed_signature', `${names} is here, but nothing signs it`);
}

/** nonRepudiation (CO/util/CertUtils); and the one that the signature itself names. */
function checkCertificate(
  { certificateDigests }: XadesSignature,
  certificate: Certificate,
): string {
  if (certificate.keyUsage === null || !mayBeUsed(certificate, Usage.NonRepudiation)) {
    const text = `${nameOf(certificate)} is not a certificate for signing`;
    throw new EvidenceError('malformed_signature', text);
  }
  // KeyInfo is not signed; this digest is. X-Road does not compare them, XAdES asks for it.
  const isNamed = certificateDigests.some(({ method, digest }) =>
    isSame(digestOf(digestOfUri(method, 'malformed_signature'), certificate.raw), digest),
  );
  if (!isNamed) throw new EvidenceError(null, 'the signature names another signing certificate');
  return nameOf(certificate);
}

/** The member in the certificate is the member in the message. */
function judgeSigner(
  certificate: Certificate,
  { sender, anchors }: SignatureContext,
  findings: Findings,
): void {
  if (sender === null) {
    findings.unknown('signer', 'the message does not say who signed it');
    return;
  }
  const said = printId(sender.member);
  const { xRoadInstance } = sender.member;
  const issuer = authoritiesOf(anchors, xRoadInstance).find((authority) =>
    isSameName(authority.certificate.subject, certificate.issuer),
  );
  const named = issuer?.profile ?? null;
  const profile = named !== null && isKnownProfile(named) ? named : null;
  const members = membersInSubject(certificate, profile, xRoadInstance).map(printId);
  if (members.includes(said)) {
    findings.passed('signer', `${said}, as the ${sender.kind} says`);
  } else if (profile === null) {
    const text = `the ${sender.kind} is of ${said}; how its authority names members is not known`;
    findings.unknown('signer', text);
  } else {
    const holder = members[0] ?? 'nobody';
    const text = `the certificate is of ${holder}, the ${sender.kind} of ${said}`;
    findings.failed('signer', 'incorrect_certificate', text);
  }
}

function checkDigests(signature: XadesSignature, { resolve }: SignatureContext): string {
  const { references, byId, signedProperties } = signature;
  for (const reference of references) checkDigest(reference, bytesOf(reference, byId, resolve));
  const isSigned = references.some(
    ({ type, uri }) =>
      type === SIGNED_PROPERTIES_TYPE && byId.get(uri.slice(1)) === signedProperties,
  );
  if (!isSigned) invalid('the properties of the signature are not signed');
  return references.map(({ uri }) => uri).join(', ');
}

function bytesOf(
  { uri, transforms }: Reference,
  byId: XadesSignature['byId'],
  resolve: Resolve,
): Buffer {
  if (!uri.startsWith('#')) {
    // X-Road signs the bytes of a part as they are.
    if (transforms.length > 0) invalid(`${uri} would be transformed before it is signed`);
    return resolve(uri) ?? invalid(`${uri}, which is signed, is not here`);
  }
  const element = byId.get(uri.slice(1)) ?? invalid(`${uri}, which is signed, is not here`);
  if (transforms.length > 1) invalid(`${uri} has more than one transform`);
  const { algorithm, inclusivePrefixes } = transforms[0] ?? DEFAULT_FORM;
  return canonicalise(element, algorithm, inclusivePrefixes);
}

function checkDigest({ uri, digestMethod, digest }: Reference, bytes: Buffer): void {
  const name = digestOfUri(digestMethod, 'invalid_signature_value');
  if (!isSame(digestOf(name, bytes), digest)) invalid(`${uri} is not what was signed`);
}

function checkValue(signature: XadesSignature, certificate: Certificate): string {
  const { signedInfo, canonicalForm, signatureMethod, value } = signature;
  const { algorithm, inclusivePrefixes } = canonicalForm;
  const signed = canonicalise(signedInfo, algorithm, inclusivePrefixes);
  const { publicKey } = certificate.x509;
  if (!verifyXmlSignature(signatureMethod, signed, publicKey, value)) {
    invalid(`the signature is not of ${nameOf(certificate)}`);
  }
  const method = signatureMethod?.split('#').at(-1) ?? '';
  return `${method}, made ${isoOf(signature.signingTimeMs)}`;
}

/** Up to an authority of the signer's instance; null: it is not known, or there is none. */
function judgePath(
  certificate: Certificate,
  { intermediates }: XadesSignature,
  { anchors, sender, atMs }: SignatureContext,
  findings: Findings,
): readonly Certificate[] | null {
  const instance = sender?.member.xRoadInstance ?? null;
  const authorities = instance === null ? anchors.authorities : authoritiesOf(anchors, instance);
  if (authorities.length === 0) {
    const of = instance === null ? '' : ` of ${instance}`;
    const text = `no authority${of} to trust was given; the issuer is ${issuerOf(certificate)}`;
    findings.unknown('certificate chain', text);
    return null;
  }
  const certificatesOf = (some: readonly AuthorityAnchor[]): Certificate[] =>
    some.map((authority) => authority.certificate);
  const between = [...intermediates, ...certificatesOf(authorities.filter(({ isTop }) => !isTop))];
  const tops = certificatesOf(authorities.filter(({ isTop }) => isTop));
  const path = pathTo(certificate, between, tops, atMs);
  if (path === null || path.length < 2) {
    const text = `no way from ${nameOf(certificate)} to an authority, valid ${isoOf(atMs)}`;
    findings.failed('certificate chain', 'cannot_create_cert_path', text);
    return null;
  }
  const steps = path.filter((one) => !isSameCertificate(one, certificate)).map(nameOf);
  findings.passed('certificate chain', `issued by ${steps.join(', by ')}, valid ${isoOf(atMs)}`);
  return path;
}

const issuerOf = ({ x509 }: Certificate): string => x509.issuer.split('\n').toReversed().join(', ');

const isoOf = (timeMs: number): string => new Date(timeMs).toISOString();

function invalid(reason: string): never {
  throw new EvidenceError('invalid_signature_value', reason);
}
