// Signatures are judged by xmlsec1, which knows nothing of this code, and by the lab's verifier.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeNetwork, makeOcsp, pemOf, SIGNED_AT } from '../../testing/evidence-maker.ts';
import type { KeyType, Network } from '../../testing/evidence-maker.ts';
import { readCertificate } from '../evidence/certificate.ts';
import { Findings, verdictOf } from '../evidence/findings.ts';
import type { Finding } from '../evidence/findings.ts';
import { PartName, verifySignature } from '../evidence/signature.ts';
import { readXades } from '../evidence/xades.ts';
import { writeHashChains } from './hash-chain-writer.ts';
import { attachmentName } from './message-signature.ts';
import type { MessageSignature, PartDigest } from './message-signature.ts';
import { XadesWriter } from './xades-writer.ts';
import type { SignedDocument } from './xades-writer.ts';

const hasXmlsec = spawnSync('xmlsec1', ['--version']).status === 0;
const MESSAGE = Buffer.from('POST\r\n/r1/LAB/GOV/200/registry\r\nx-road-id:1\r\n');
const BODY = Buffer.from('{"name":"Õun & <co>"}');
const sha512 = (bytes: Uint8Array | string): Buffer => createHash('sha512').update(bytes).digest();

const NEIGHBOURS: readonly (readonly PartDigest[])[] = ['a', 'b'].map((text) => [
  { name: PartName.Message, digest: sha512(text) },
]);
const MESSAGE_PART = { name: PartName.Message, digest: sha512(MESSAGE) };
const PARTS = [MESSAGE_PART, { name: attachmentName(1), digest: sha512(BODY) }];

function signAs({ authority, responder, signer }: Network, document: SignedDocument): string {
  const ocsp = makeOcsp({
    status: 'good',
    ageSeconds: 60,
    signer: responder,
    issuer: authority,
    subject: signer,
  });
  const writer = new XadesWriter(signer.certificate, []);
  const { toBeSigned, withValue } = writer.compose(document, [ocsp], Date.parse(SIGNED_AT));
  const key = { key: signer.privateKey, dsaEncoding: 'ieee-p1363' } as const;
  return withValue(sign('sha512', toBeSigned, key));
}

const signAlone = (network: Network): MessageSignature => ({
  xml: signAs(network, MESSAGE_PART),
  hashChainResult: null,
  hashChain: null,
});

function signInBatch(network: Network): MessageSignature {
  const batch = [...NEIGHBOURS, PARTS];
  const { result, chains } = writeHashChains(PartName.SigChain, batch);
  const xml = signAs(network, { name: PartName.SigChainResult, digest: sha512(result) });
  return { xml, hashChainResult: result, hashChain: chains[2] };
}

function judge(network: Network, signature: MessageSignature, body: Buffer): Finding[] {
  const { authority, responder } = network;
  const files = new Map([
    [PartName.Message as string, MESSAGE],
    [PartName.SigChainResult as string, Buffer.from(signature.hashChainResult ?? '')],
    [PartName.SigChain as string, Buffer.from(signature.hashChain ?? '')],
    [attachmentName(1), body],
  ]);
  const certificate = readCertificate(authority.certificate);
  const responders = [readCertificate(responder.certificate)];
  const shared = { instance: 'LAB', isTop: true, profile: 'a.FiVRKCertificateProfileInfoProvider' };
  const sender = {
    member: { kind: 'member', xRoadInstance: 'LAB', memberClass: 'GOV', memberCode: '100' },
    id: null,
    kind: 'request',
    protocol: 'REST',
  } as const;
  const findings = new Findings('a test');
  const names = signature.hashChain === null ? [PartName.Message] : PARTS.map(({ name }) => name);
  verifySignature(
    readXades(Buffer.from(signature.xml)),
    {
      resolve: (name) => files.get(name) ?? null,
      parts: new Map(names.map((name) => [name, null])),
      anchors: {
        authorities: [{ certificate, responders, ...shared }],
        timeStampers: [],
        responders: [],
        ocspFreshnessSeconds: new Map([['LAB', 3600]]),
      },
      sender,
      atMs: Date.parse(SIGNED_AT),
    },
    findings,
  );
  return findings.list;
}

const failures = (findings: readonly Finding[]): unknown[] =>
  findings.filter(({ verdict }) => verdict !== 'passed').map(({ what, code }) => [what, code]);

describe.each<KeyType>(['rsa', 'ec'])('with a key of kind %s', (keyType) => {
  const network = makeNetwork(keyType);

  test('a message alone', () => {
    const findings = judge(network, signAlone(network), BODY);
    expect(failures(findings)).toEqual([]);
    expect(verdictOf(findings)).toBe('passed');
  });

  test('one of a batch', () => {
    const signature = signInBatch(network);
    expect(failures(judge(network, signature, BODY))).toEqual([]);
    expect(failures(judge(network, signature, Buffer.from('other')))).toEqual([
      ['hash chain', 'malformed_signature.invalid_hash_chain_ref'],
    ]);
  });

  describe.skipIf(!hasXmlsec)('xmlsec1 (skipped where there is none)', () => {
    let directory = '';

    beforeAll(() => {
      directory = mkdtempSync(join(tmpdir(), 'fedlab-xades-'));
      writeFileSync(join(directory, 'ca.pem'), pemOf(network.authority));
      writeFileSync(join(directory, 'message.xml'), MESSAGE);
    });

    afterAll(() => {
      rmSync(directory, { recursive: true, force: true });
    });

    const accepts = ({ xml, hashChainResult }: MessageSignature): boolean => {
      writeFileSync(join(directory, 'signatures.xml'), xml);
      writeFileSync(join(directory, 'result.xml'), hashChainResult ?? '');
      const words = [
        '--verify',
        '--trusted-pem',
        'ca.pem',
        '--enabled-key-data',
        'x509',
        '--enabled-reference-uris',
        'empty,same-doc,local,remote',
        '--id-attr:Id',
        'http://uri.etsi.org/01903/v1.3.2#:SignedProperties',
        '--url-map:/message.xml',
        'message.xml',
        '--url-map:/sig-hashchainresult.xml',
        'result.xml',
        'signatures.xml',
      ];
      try {
        execFileSync('xmlsec1', words, { cwd: directory, stdio: 'pipe' });
        return true;
      } catch {
        return false;
      }
    };

    test('accepts both, and neither once something in it has changed', () => {
      const alone = signAlone(network);
      const batch = signInBatch(network);
      expect([accepts(alone), accepts(batch)]).toEqual([true, true]);
      const time = /SigningTime>2026-03-02T10/;
      const later = 'SigningTime>2026-03-02T11';
      expect(accepts({ ...alone, xml: alone.xml.replace(time, later) })).toBe(false);
      expect(accepts({ ...alone, xml: alone.xml.replace('/message.xml', '/result.xml') })).toBe(
        false,
      );
      const other = `${batch.hashChainResult} `;
      expect(accepts({ ...batch, hashChainResult: other })).toBe(false);
    });
  });
});
