/**
 * Whether a message's signature holds, now and at this server. The rules and their order are those
 * of evidence/signature.ts (facts 2.6); here what it finds becomes the cause that the legs know.
 */
import type { Anchors } from '../evidence/anchors.ts';
import { EvidenceError } from '../evidence/evidence-error.ts';
import { Findings } from '../evidence/findings.ts';
import type { Finding } from '../evidence/findings.ts';
import type { ChainDigest } from '../evidence/hash-chain.ts';
import { checkReferences, PartName, verifySignature } from '../evidence/signature.ts';
import { readXades } from '../evidence/xades.ts';
import type { XadesSignature } from '../evidence/xades.ts';
import { Cause } from '../../protocol/fault.ts';
import { SHA512_URI } from './message-signature.ts';
import type { MessageSignature, PartDigest } from './message-signature.ts';

/** A message as it came. */
export interface SignedMessage {
  readonly kind: 'request' | 'response';
  readonly signature: MessageSignature;
  /** Of all its parts, the message itself first. */
  readonly digests: readonly PartDigest[];
  /** By its name in the signature; null: there is no such part. */
  readonly contentOf: (name: string) => Buffer | null;
}

export interface JudgeContext {
  /** The member the message says it is from, `INSTANCE/CLASS/CODE`. */
  readonly member: string;
  readonly anchors: Anchors;
  readonly nowMs: number;
}

/** What is wrong with it first; Cause.None: nothing. */
export function judgeSignature(message: SignedMessage, context: JudgeContext): Cause {
  const findings = new Findings(message.kind);
  try {
    const signature = readXades(Buffer.from(message.signature.xml));
    checkReferences(signature);
    verify(signature, message, context, findings);
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    // X-Road says invalid_xml of a signature that does not parse; the registry of faults has that
    // for SOAP messages alone.
    return causeOf(error.code);
  }
  for (const finding of findings.list) {
    const cause = causeIn(finding);
    if (cause !== Cause.None) return cause;
  }
  return Cause.None;
}

function verify(
  signature: XadesSignature,
  { kind, signature: { hashChainResult, hashChain }, digests, contentOf }: SignedMessage,
  { member, anchors, nowMs }: JudgeContext,
  findings: Findings,
): void {
  const files = new Map<string, string | null>([
    [PartName.SigChainResult, hashChainResult],
    [PartName.SigChain, hashChain],
  ]);
  const resolve = (name: string): Buffer | null => {
    const file = files.get(name);
    if (file !== undefined) return file === null ? null : Buffer.from(file);
    return contentOf(name);
  };
  // By way of a chain the digests are enough, and were made while the parts came in.
  const usesChain = signature.references.some(({ uri }) => uri === PartName.SigChainResult);
  const parts = new Map<string, ChainDigest | null>(
    digests.map(({ name, digest }) => [name, usesChain ? { method: SHA512_URI, digest } : null]),
  );
  const [xRoadInstance, memberClass, memberCode] = member.split('/');
  const sender = {
    member: { kind: 'member', xRoadInstance, memberClass, memberCode },
    id: null,
    kind,
    protocol: 'REST',
  } as const;
  verifySignature(signature, { resolve, parts, anchors, sender, atMs: nowMs }, findings);
}

const CAUSES: Readonly<Record<string, Cause>> = {
  malformed_signature: Cause.MalformedSignature,
  invalid_reference: Cause.InvalidReference,
  invalid_hash_chain: Cause.InvalidHashChain,
  // Two more names for a chain that does not hold, for which the registry has one fault.
  invalid_hash_chain_ref: Cause.InvalidHashChain,
  malformed_hash_chain: Cause.InvalidHashChain,
  hashchain_unused_inputs: Cause.HashChainUnusedInputs,
  incorrect_certificate: Cause.IncorrectCertificate,
  invalid_signature_value: Cause.InvalidSignatureValue,
  cannot_create_cert_path: Cause.CannotCreateCertPath,
  incorrect_validation_info: Cause.IncorrectValidationInfo,
  cert_validation: Cause.CertValidation,
  invalid_cert_path: Cause.CertValidation,
};

/** The code without what X-Road puts before it on the way. */
function causeOf(code: string | null): Cause {
  return CAUSES[code?.split('.').at(-1) ?? ''] ?? Cause.MalformedSignature;
}

function causeIn({ what, verdict, code }: Finding): Cause {
  if (verdict === 'passed') return Cause.None;
  if (verdict === 'failed') {
    // XAdES asks for it, but X-Road does not compare the certificate with its digest.
    const isOurs = what === 'signing certificate' && code === null;
    return isOurs ? Cause.None : causeOf(code);
  }
  // Without the configuration of the signer's instance X-Road finds no authority at all.
  if (what === 'certificate chain') return Cause.InternalError;
  return what === 'signer' ? Cause.IncorrectCertificate : Cause.None;
}
