/** What is measured of a message's signature: making it and verifying it, by a key of any type. */
import { sign } from 'node:crypto';
import type { KeyType } from '../plan/calibration.ts';
import { Cause } from '../protocol/fault.ts';
import { assert } from '../base/assert.ts';
import { NO_ANCHORS } from './evidence/anchors.ts';
import { readCertificate } from './evidence/certificate.ts';
import { PartName } from './evidence/signature.ts';
import { digestOf } from './message-parts.ts';
import { REAL_TIME } from './network-clock.ts';
import { Authority, selfSign } from './pki/authority.ts';
import { makeKeyPair } from './pki/keys.ts';
import { PROFILE_CLASSES, signingSubject } from './pki/subject-profile.ts';
import { DirectOcsp } from './signing/direct-ocsp.ts';
import { writeHashChains } from './signing/hash-chain-writer.ts';
import { judgeSignature } from './signing/message-verifier.ts';
import { attachmentName, MESSAGE_NAME } from './signing/message-signature.ts';
import type { PartDigest } from './signing/message-signature.ts';
import { XadesWriter } from './signing/xades-writer.ts';

const HOLDER = {
  instance: 'EE',
  memberClass: 'GOV',
  memberCode: '70000001',
  serverCode: 'ss1',
  memberName: 'Calibration',
};
const BODY_DIGEST = digestOf('body');

/** Messages of one batch, together: their digests, their part of the tree, their chains. */
export function signItemsTask(head: Uint8Array, count: number): () => void {
  return () => {
    const messages = Array.from({ length: count }, () => partsOf(head));
    writeHashChains(PartName.SigChain, messages);
  };
}

export interface SignatureTasks {
  /** One signature value and all that is written around it. */
  readonly sign: () => void;
  readonly verify: () => void;
}

export function signatureTasks(keyType: KeyType, head: Buffer): SignatureTasks {
  const authorityKey = selfSign(
    {
      purpose: 'authority',
      subject: [['CN', 'Calibration CA']],
      key: makeKeyPair(keyType),
      validity: null,
    },
    REAL_TIME,
  );
  const key = makeKeyPair(keyType);
  const authority = new Authority(authorityKey, null, REAL_TIME);
  const { certificateDer } = authority.issue({
    purpose: 'signing',
    subject: signingSubject('basic', HOLDER),
    key,
    dnsName: null,
    validity: null,
  });
  const ocsp = new DirectOcsp(REAL_TIME, 0);
  ocsp.add({ authority, signer: authorityKey });
  const answer = ocsp.of(certificateDer);
  assert(answer !== null, 'an authority knows what it has issued');
  const writer = new XadesWriter(certificateDer, []);
  const digests = partsOf(head);
  const { result, chains } = writeHashChains(PartName.SigChain, [digests]);
  const signOnce = (): string => {
    const document = { name: PartName.SigChainResult, digest: digestOf(result) };
    const { toBeSigned, withValue } = writer.compose(document, [answer], REAL_TIME.nowMs());
    const signing = { key: key.privateKey, dsaEncoding: 'ieee-p1363' } as const;
    return withValue(sign('sha512', toBeSigned, signing));
  };
  const message = {
    kind: 'request',
    signature: { xml: signOnce(), hashChainResult: result, hashChain: chains[0] },
    digests,
    contentOf: (name: string) => (name === MESSAGE_NAME ? head : null),
  } as const;
  const certificate = readCertificate(authorityKey.certificateDer);
  const trusted = { certificate, instance: HOLDER.instance, isTop: true, responders: [] };
  const anchors = {
    ...NO_ANCHORS,
    authorities: [{ ...trusted, profile: PROFILE_CLASSES.basic }],
  };
  const member = 'EE/GOV/70000001';
  return {
    sign: () => void signOnce(),
    verify: () => {
      const cause = judgeSignature(message, { member, anchors, nowMs: REAL_TIME.nowMs() });
      assert(cause === Cause.None, 'the measured signature holds');
    },
  };
}

function partsOf(head: Uint8Array): PartDigest[] {
  return [
    { name: MESSAGE_NAME, digest: digestOf(head) },
    { name: attachmentName(1), digest: BODY_DIGEST },
  ];
}
