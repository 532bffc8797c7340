import { describe, expect, test } from 'vitest';
import { Cause } from '../protocol/fault.ts';
import { digestOf } from './message-parts.ts';
import { judgeSignature, leafOf, merkleOf, readSignature, rootOf, Signer } from './signer.ts';
import type { PartDigest, Signature, SignOutcome, VerifyContext } from './signer.ts';
import { Trust } from './trust.ts';

const trust = new Trust();
const MEMBER = 'EE/GOV/70000001';
const identity = trust.signingOf(MEMBER, 'EE/GOV/70000001/ss1', 2048);

function signerOf(batchesAllowed: boolean): Signer {
  const signer = new Signer({ timeoutMs: 5000, batchesAllowed });
  signer.add(MEMBER, identity);
  return signer;
}

const partsOf = (text: string): PartDigest[] => [
  { name: 'message', digest: digestOf(`head of ${text}`) },
  { name: 'body', digest: digestOf(text) },
];

function signatureIn(outcome: SignOutcome): Signature {
  if (!('signature' in outcome)) throw new Error(`not signed: ${outcome.failure}`);
  return outcome.signature;
}

const context: VerifyContext = {
  member: MEMBER,
  authorityPem: trust.authorityOf('EE').certificatePem,
  nowMs: Date.now(),
};

test('what waits together is signed together, and each verifies alone', async () => {
  const signer = signerOf(true);
  const texts = Array.from({ length: 21 }, (_, index) => `message ${index}`);
  const outcomes = await Promise.all(texts.map((text) => signer.sign(MEMBER, partsOf(text))));
  const signatures = outcomes.map(signatureIn);
  expect(signer.batchSizeMax).toBe(21);
  expect(new Set(signatures.map(({ value }) => value)).size).toBe(1);
  for (const [index, signature] of signatures.entries()) {
    expect(await judgeSignature(signature, partsOf(texts[index]), context)).toBe(Cause.None);
  }
  const swapped = await judgeSignature(signatures[3], partsOf(texts[4]), context);
  expect(swapped).toBe(Cause.InvalidSignatureValue);
});

test('a token without batches signs one message at a time', async () => {
  const signer = signerOf(false);
  const outcomes = await Promise.all(
    ['a', 'b', 'c'].map((text) => signer.sign(MEMBER, partsOf(text))),
  );
  expect(signer.batchSizeMax).toBe(1);
  expect(new Set(outcomes.map((outcome) => signatureIn(outcome).value)).size).toBe(3);
});

test('failures of signer and token are told apart', async () => {
  const dead = signerOf(true);
  dead.isRunning = false;
  expect(await dead.sign(MEMBER, partsOf('a'))).toEqual({ failure: Cause.SignerNetworkError });
  const broken = signerOf(true);
  broken.isTokenWorking = false;
  expect(await broken.sign(MEMBER, partsOf('a'))).toEqual({ failure: Cause.CannotSign });
});

describe('verification', () => {
  const signed = async (): Promise<Signature> =>
    signatureIn(await signerOf(true).sign(MEMBER, partsOf('a')));

  test('the member must be the one of the certificate', async () => {
    const other = { ...context, member: 'EE/GOV/70000002' };
    expect(await judgeSignature(await signed(), partsOf('a'), other)).toBe(
      Cause.IncorrectCertificate,
    );
  });

  test('a certificate for servers signs nothing', async () => {
    const { certificatePem } = trust.authenticationOf('EE/GOV/70000001/ss1', 2048);
    const signature = { ...(await signed()), certificatePem };
    expect(await judgeSignature(signature, partsOf('a'), context)).toBe(Cause.IncorrectCertificate);
  });

  test('the chain must lead to the authority of the instance', async () => {
    const stranger = { ...context, authorityPem: trust.authorityOf('FI').certificatePem };
    expect(await judgeSignature(await signed(), partsOf('a'), stranger)).toBe(
      Cause.CannotCreateCertPath,
    );
  });

  test.each(['', '{}', '{"certificatePem":"x","path":[],"value":""}', '[]', 'null'])(
    'text that is no signature: %s',
    (text) => {
      expect(readSignature(text)).toBeNull();
    },
  );
});

test('every leaf of a tree of any size leads to its root', () => {
  for (let size = 1; size <= 17; size++) {
    const leaves = Array.from({ length: size }, (_, index) => leafOf(partsOf(String(index))));
    const { root, paths } = merkleOf(leaves);
    for (const [index, leaf] of leaves.entries()) {
      expect(rootOf(leaf, paths[index]).equals(root)).toBe(true);
    }
  }
});
