import { describe, expect, test } from 'vitest';
import { Cause } from '../protocol/fault.ts';
import { anchorsOf } from './configuration.ts';
import type { KnownInstance, ServerView } from './configuration.ts';
import { digestOf } from './message-parts.ts';
import { REAL_TIME } from './network-clock.ts';
import { Signer } from './signer.ts';
import type { SignOutcome } from './signer.ts';
import { judgeSignature } from './signing/message-verifier.ts';
import type { JudgeContext, SignedMessage } from './signing/message-verifier.ts';
import { attachmentName, MESSAGE_NAME } from './signing/message-signature.ts';
import type { MessageSignature, PartDigest } from './signing/message-signature.ts';
import type { OcspSource } from './signing/ocsp-source.ts';
import { derOf, Trust } from './trust.ts';

const trust = new Trust();
const MEMBER = 'EE/GOV/70000001';
const identity = trust.signingOf(MEMBER, 'EE/GOV/70000001/ss1', 2048);

function signerOf(batchesAllowed: boolean, ocsp: OcspSource = trust.ocsp): Signer {
  const signer = new Signer({ timeoutMs: 5000, batchesAllowed, ocsp, clock: REAL_TIME });
  signer.add(MEMBER, identity);
  return signer;
}

const headOf = (text: string): Buffer => Buffer.from(`head of ${text}`);
const partsOf = (text: string): PartDigest[] => [
  { name: MESSAGE_NAME, digest: digestOf(headOf(text)) },
  { name: attachmentName(1), digest: digestOf(text) },
];

function signatureIn(outcome: SignOutcome): MessageSignature {
  if (!('signature' in outcome)) throw new Error(`not signed: ${outcome.failure}`);
  return outcome.signature;
}

const messageOf = (signature: MessageSignature, text: string): SignedMessage => ({
  kind: 'request',
  signature,
  digests: partsOf(text),
  contentOf: (name) => (name === MESSAGE_NAME ? headOf(text) : Buffer.from(text)),
});

function contextOf(authority: string, ocspFreshnessSeconds = 3600): JudgeContext {
  const parameters = { ocspFreshness: ocspFreshnessSeconds * 1_000_000 };
  const known = { id: 'EE', authorityPem: trust.authorityOf(authority).certificatePem };
  return {
    member: MEMBER,
    anchors: anchorsOf({ parameters } as ServerView, known as KnownInstance),
    nowMs: Date.now(),
  };
}

const context = contextOf('EE');

test('what waits together is signed together, and each verifies alone', async () => {
  const signer = signerOf(true);
  const texts = Array.from({ length: 21 }, (_, index) => `message ${index}`);
  const outcomes = await Promise.all(texts.map((text) => signer.sign(MEMBER, partsOf(text))));
  const signatures = outcomes.map(signatureIn);
  expect([signer.batchSizeMax, signer.operationCount]).toEqual([21, 1]);
  expect(new Set(signatures.map(({ xml }) => xml)).size).toBe(1);
  expect(new Set(signatures.map(({ hashChainResult }) => hashChainResult)).size).toBe(1);
  for (const [index, signature] of signatures.entries()) {
    expect(judgeSignature(messageOf(signature, texts[index]), context)).toBe(Cause.None);
  }
  const swapped = judgeSignature(messageOf(signatures[3], texts[4]), context);
  expect(swapped).toBe(Cause.InvalidHashChain);
});

test('a message of one part has a hash chain only in a batch', async () => {
  const [part] = partsOf('a');
  const alone = signatureIn(await signerOf(true).sign(MEMBER, [part]));
  expect(alone).toMatchObject({ hashChain: null, hashChainResult: null });
  const message = { ...messageOf(alone, 'a'), digests: [part] };
  expect(judgeSignature(message, context)).toBe(Cause.None);
  // A body that nobody has signed.
  expect(judgeSignature(messageOf(alone, 'a'), context)).toBe(Cause.MalformedSignature);
  const signer = signerOf(true);
  const both = await Promise.all(['a', 'b'].map((text) => signer.sign(MEMBER, [partsOf(text)[0]])));
  const [inBatch] = both.map(signatureIn);
  expect(inBatch.hashChain).toContain('HashChain');
  const batched = { ...messageOf(inBatch, 'a'), digests: [part] };
  expect(judgeSignature(batched, context)).toBe(Cause.None);
  expect(judgeSignature(messageOf(inBatch, 'a'), context)).toBe(Cause.HashChainUnusedInputs);
});

test('a token without batches signs one message at a time', async () => {
  const signer = signerOf(false);
  const outcomes = await Promise.all(
    ['a', 'b', 'c'].map((text) => signer.sign(MEMBER, partsOf(text))),
  );
  expect(signer.batchSizeMax).toBe(1);
  expect(new Set(outcomes.map((outcome) => signatureIn(outcome).xml)).size).toBe(3);
});

test('failures of signer and token are told apart', async () => {
  const dead = signerOf(true);
  dead.isRunning = false;
  expect(await dead.sign(MEMBER, partsOf('a'))).toEqual({ failure: Cause.SignerNetworkError });
  const broken = signerOf(true);
  broken.isTokenWorking = false;
  expect(await broken.sign(MEMBER, partsOf('a'))).toEqual({ failure: Cause.CannotSign });
});

test('a key about which OCSP says nothing is not usable', () => {
  expect(signerOf(true).has(MEMBER)).toBe(true);
  expect(signerOf(true, { of: () => null }).has(MEMBER)).toBe(false);
});

describe('verification', () => {
  const judge = async (
    change: (signature: MessageSignature) => MessageSignature,
    changed: Partial<JudgeContext> = {},
  ): Promise<Cause> => {
    const signature = signatureIn(await signerOf(true).sign(MEMBER, partsOf('a')));
    return judgeSignature(messageOf(change(signature), 'a'), { ...context, ...changed });
  };
  const same = (signature: MessageSignature): MessageSignature => signature;

  test('the member must be the one of the certificate', async () => {
    expect(await judge(same, { member: 'EE/GOV/70000002' })).toBe(Cause.IncorrectCertificate);
  });

  test('a certificate for servers signs nothing', async () => {
    const server = trust.authenticationOf('EE/GOV/70000001/ss1', 2048);
    const own = derOf(identity.certificatePem).toString('base64');
    const other = derOf(server.certificatePem).toString('base64');
    expect(await judge(({ xml, ...rest }) => ({ ...rest, xml: xml.replace(own, other) }))).toBe(
      Cause.MalformedSignature,
    );
  });

  test('the chain must lead to the authority of the instance', async () => {
    // Who is in the certificate is read by the profile of its authority, which is not known.
    expect(await judge(same, { anchors: contextOf('FI').anchors })).toBe(
      Cause.CannotCreateCertPath,
    );
  });

  test('without the configuration of the instance nobody is trusted', async () => {
    expect(await judge(same, { anchors: anchorsOf({} as ServerView, null) })).toBe(
      Cause.InternalError,
    );
  });

  test('an answer of OCSP lasts as long as the verifier says', async () => {
    const nowMs = Date.now() + 90_000;
    expect(await judge(same, { nowMs })).toBe(Cause.None);
    expect(await judge(same, { nowMs, anchors: contextOf('EE', 30).anchors })).toBe(
      Cause.IncorrectValidationInfo,
    );
  });

  test.each(['', '{}', '<a/>', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'])(
    'text that is no signature: %s',
    async (xml) => {
      expect(await judge((signature) => ({ ...signature, xml }))).toBe(Cause.MalformedSignature);
    },
  );

  test('a chain that is missing, or is none', async () => {
    expect(await judge((signature) => ({ ...signature, hashChain: null }))).toBe(
      Cause.InvalidReference,
    );
    expect(await judge((signature) => ({ ...signature, hashChain: '<a/>' }))).toBe(
      Cause.InvalidHashChain,
    );
    const changed = (signature: MessageSignature): MessageSignature => ({
      ...signature,
      hashChainResult: `${signature.hashChainResult} `,
    });
    expect(await judge(changed)).toBe(Cause.InvalidSignatureValue);
  });
});
