// Containers made by testing/evidence-maker.ts, which shares no code with the verifier: good ones
// of every shape pass, and each way of breaking one fails for the reason that X-Road gives.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import {
  certify,
  makeContainer,
  makeIdentity,
  makeNetwork,
  makeOcsp,
  makeTimeStamp,
  pemOf,
  signerOptions,
  stampInBatch,
} from '../../testing/evidence-maker.ts';
import type { ContainerOptions, Files, Identity, Network } from '../../testing/evidence-maker.ts';
import { NO_ANCHORS, readAnchors } from './anchors.ts';
import type { Anchors } from './anchors.ts';
import { verifyContainer } from './container.ts';
import { Findings, verdictOf } from './findings.ts';

const folder = mkdtempSync(join(tmpdir(), 'fedlab-evidence-'));
afterAll(() => rmSync(folder, { recursive: true }));

const network = makeNetwork('ec');
const rsaNetwork = makeNetwork('rsa');
const stranger = makeNetwork('ec');

function anchorsOf({ sharedParameters }: Network): Anchors {
  const path = join(folder, 'shared-params.xml');
  writeFileSync(path, sharedParameters);
  return readAnchors([path]);
}

function anchorsInPem(...identities: readonly Identity[]): Anchors {
  const path = join(folder, 'trusted.pem');
  writeFileSync(path, identities.map(pemOf).join(''));
  return readAnchors([path]);
}

const anchors = anchorsOf(network);

function verify(files: Files, trust: Anchors = anchors): Findings {
  const findings = new Findings('made');
  verifyContainer(new Map([...files].map(([name, bytes]) => [name, () => bytes])), trust, findings);
  return findings;
}

const failures = ({ list }: Findings): string[] =>
  list
    .filter(({ verdict }) => verdict === 'failed')
    .map(({ what, code }) => (code === null ? what : `${what}: ${code}`));

const attachments = [Buffer.from('{"id":1}'), Buffer.from([0, 1, 2, 255])];

const SHAPES: Readonly<Record<string, ContainerOptions>> = {
  'a message, stamped in a batch': {},
  'a message, stamped alone': { isStampedInBatch: false },
  'a hash chain with attachments': { attachments },
  'a hash chain, stamped alone': { attachments, isStampedInBatch: false },
  'a message in a batch of signatures': { usesChain: true },
  'attachments signed without a chain': { attachments, usesChain: false },
};

for (const [name, shape] of Object.entries(SHAPES)) {
  test(`${name} passes`, () => {
    for (const [of, trust] of [
      [network, anchors],
      [rsaNetwork, anchorsOf(rsaNetwork)],
    ] as const) {
      const findings = verify(makeContainer(of, shape), trust);
      expect(failures(findings)).toEqual([]);
      expect(verdictOf(findings.list)).toBe('passed');
    }
  });
}

test('a certificate of the authority alone is enough to trust, and none leaves it unknown', () => {
  const files = makeContainer(network, { attachments });
  expect(verdictOf(verify(files, anchorsInPem(network.authority)).list)).toBe('passed');
  const unknown = verify(files, NO_ANCHORS);
  expect(failures(unknown)).toEqual([]);
  const open = unknown.list.filter(({ verdict }) => verdict === 'unknown').map(({ what }) => what);
  expect(open).toEqual(['time-stamp authority', 'certificate chain', 'OCSP response']);
});

test('SOAP says its sender in its header, and a response is of the provider', () => {
  const id = (code: string): string =>
    `<i:xRoadInstance>LAB</i:xRoadInstance><i:memberClass>GOV</i:memberClass>` +
    `<i:memberCode>${code}</i:memberCode>`;
  const soap = (client: string, service: string, body: string): string =>
    `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" ` +
    `xmlns:x="http://x-road.eu/xsd/xroad.xsd" xmlns:i="http://x-road.eu/xsd/identifiers">` +
    `<s:Header><x:client>${id(client)}</x:client><x:service>${id(service)}</x:service>` +
    `<x:id>one</x:id></s:Header><s:Body><b:${body} xmlns:b="urn:b"/></s:Body></s:Envelope>`;
  const made = (message: string): Findings => verify(makeContainer(network, { message }));
  expect(failures(made(soap('100', '200', 'ask')))).toEqual([]);
  expect(failures(made(soap('200', '100', 'askResponse')))).toEqual([]);
  const another = failures(made(soap('200', '100', 'ask')));
  expect(another).toEqual(['signer: incorrect_certificate']);
});

const set = (files: Files, name: string, content: string | Buffer): void => {
  files.set(name, Buffer.from(content));
};
const edit = (files: Files, name: string, from: string | RegExp, to: string): void => {
  const text = files.get(name)?.toString() ?? '';
  const changed = text.replace(from, to);
  expect(changed, `${name} was to change`).not.toBe(text);
  set(files, name, changed);
};
const SIGNATURE = 'META-INF/signatures.xml';

interface Attack {
  readonly making?: ContainerOptions;
  readonly change?: (files: Files) => void;
  readonly fails: readonly string[];
}

const otherSigner = (changes: Partial<ReturnType<typeof signerOptions>>): Identity =>
  makeIdentity({ ...signerOptions(network.authority, 'ec'), ...changes });

const ATTACKS: Readonly<Record<string, Attack>> = {
  'another message': {
    change: (files) => set(files, 'message.xml', `${files.get('message.xml')}x:y\n`),
    fails: ['references: invalid_signature_value'],
  },
  'another message under a hash chain': {
    making: { usesChain: true },
    change: (files) => set(files, 'message.xml', `${files.get('message.xml')}x:y\n`),
    fails: ['hash chain: malformed_signature.invalid_hash_chain_ref'],
  },
  'another attachment': {
    making: { attachments },
    change: (files) => set(files, 'attachment2', 'something else'),
    fails: ['hash chain: malformed_signature.invalid_hash_chain_ref'],
  },
  'another attachment, without a chain': {
    making: { attachments, usesChain: false },
    change: (files) => set(files, 'attachment2', 'something else'),
    fails: ['references: invalid_signature_value'],
  },
  'an attachment that nobody signed': {
    change: (files) => set(files, 'attachment1', 'smuggled'),
    fails: ['coverage: malformed_signature'],
  },
  'an attachment that the chain does not know': {
    making: { attachments },
    change: (files) => set(files, 'attachment3', 'smuggled'),
    fails: ['hash chain: malformed_signature.hashchain_unused_inputs'],
  },
  'a chain that leads to other parts': {
    making: { usesChain: true },
    change: (files) => edit(files, 'sig-hashchain.xml', '/message.xml', '/attachment9'),
    fails: ['hash chain: malformed_signature.hashchain_unused_inputs'],
  },
  'a chain with an element of its own': {
    making: { usesChain: true },
    change: (files) => edit(files, 'sig-hashchain.xml', '</h:HashValue>', '<x/></h:HashValue>'),
    fails: ['hash chain: malformed_signature.malformed_hash_chain'],
  },
  'a chain that goes in a circle': {
    making: { usesChain: true },
    change: (files) =>
      edit(files, 'sig-hashchain.xml', '<h:HashStep id="STEP1">', '$&<h:StepRef URI="#STEP0"/>'),
    fails: ['hash chain: malformed_signature.malformed_hash_chain'],
  },
  'another result of the chain': {
    making: { usesChain: true },
    change: (files) => {
      const other = makeContainer(network, { usesChain: true, message: 'another' });
      for (const name of ['sig-hashchain.xml', 'sig-hashchainresult.xml', 'message.xml']) {
        set(files, name, other.get(name) ?? '');
      }
    },
    fails: ['message: invalid_xml', 'references: invalid_signature_value'],
  },
  'another signing time, stamped again': {
    change: (files) => {
      edit(files, SIGNATURE, '2026-03-02T10:00', '2026-03-02T10:01');
      stampInBatch(files, network.timeStamper);
    },
    fails: ['references: invalid_signature_value'],
  },
  'another signature, the old time-stamp': {
    change: (files) => {
      const other = makeContainer(network, {});
      set(files, SIGNATURE, other.get(SIGNATURE) ?? '');
    },
    fails: ['time-stamp hash chain: malformed_signature'],
  },
  'properties that the signature does not sign': {
    making: { signsProperties: false },
    fails: ['references: invalid_signature_value'],
  },
  'two elements of one name': {
    change: (files) => {
      edit(files, SIGNATURE, '<ds:Object>', '<ds:Object><ds:X Id="signed-properties"></ds:X>');
      stampInBatch(files, network.timeStamper);
    },
    fails: ['signature form: malformed_signature'],
  },
  'a signature of nothing that counts': {
    making: { parts: [['/mimetype', Buffer.from('application/vnd.etsi.asic-e+zip')]] },
    fails: ['signature form: malformed_signature'],
  },
  'the key of a stranger': {
    making: { signer: stranger.signer },
    fails: [
      'certificate chain: cannot_create_cert_path',
      // Its serial number is that of the other certificate, as is the name of its issuer.
    ],
  },
  'another certificate for the same key': {
    change: (files) => {
      const { signer, authority } = network;
      const options = { ...signerOptions(authority, 'ec'), serial: 41 };
      const { certificate } = certify(options, signer.publicKey, signer.privateKey);
      const [old, fresh] = [signer.certificate, certificate].map((raw) => raw.toString('base64'));
      edit(files, SIGNATURE, old, fresh);
      stampInBatch(files, network.timeStamper);
    },
    fails: ['signing certificate', 'OCSP response: invalid_cert_path.cert_validation'],
  },
  'a certificate that is not for signing': {
    making: { signer: otherSigner({ extensions: [] }) },
    fails: ['signing certificate: malformed_signature'],
  },
  'a certificate of another member': {
    making: {
      signer: otherSigner({
        subject: [
          ['2.5.4.6', 'FI'],
          ['2.5.4.10', 'Another'],
          ['2.5.4.3', '999'],
          ['2.5.4.5', 'LAB/ss1/GOV'],
        ],
      }),
    },
    fails: ['signer: incorrect_certificate'],
  },
  'a certificate that had expired': {
    making: { signer: otherSigner({ to: '2026-03-01T00:00:00Z' }) },
    fails: ['certificate chain: cannot_create_cert_path'],
  },
  'a certificate that a member issued': {
    making: {
      signer: makeIdentity({ ...signerOptions(network.signer, 'ec'), serial: 42 }),
      ocspOptions: { issuer: network.signer },
    },
    fails: ['certificate chain: cannot_create_cert_path'],
  },
  'a revoked certificate': {
    making: { ocspOptions: { status: 'revoked' } },
    fails: ['OCSP status: invalid_cert_path.cert_validation'],
  },
  'a certificate that the responder does not know': {
    making: { ocspOptions: { status: 'unknown' } },
    fails: ['OCSP status: invalid_cert_path.cert_validation'],
  },
  'an OCSP response that was too old': {
    // 1800 s is the limit, and the stamp came 30 s after the signature.
    making: { ocspOptions: { ageSeconds: 1771 } },
    fails: ['OCSP freshness: invalid_cert_path.incorrect_validation_info'],
  },
  'no OCSP response': {
    making: { ocsp: [] },
    fails: ['OCSP response: malformed_signature'],
  },
  'an OCSP response about another certificate': {
    making: { ocspOptions: { subject: network.responder } },
    fails: ['OCSP response: invalid_cert_path.cert_validation'],
  },
  'an OCSP response of somebody else': {
    making: { ocspOptions: { signer: network.signer } },
    fails: ['OCSP response: invalid_cert_path.incorrect_validation_info'],
  },
  'an OCSP response of a stranger of that name': {
    making: { ocspOptions: { signer: stranger.responder } },
    fails: ['OCSP response: invalid_cert_path.incorrect_validation_info'],
  },
  'a time-stamp of a stranger of that name': {
    making: { stampedBy: stranger.timeStamper },
    fails: ['time-stamp: mlog.timestamp_signer_verification_failed'],
  },
  'a time-stamp of something else': {
    change: (files) => {
      const token = makeTimeStamp(Buffer.from('something else'), network.timeStamper);
      set(files, 'META-INF/timestamp.tst', token);
    },
    fails: ['time-stamp: malformed_signature'],
  },
  'a single time-stamp of another signature': {
    making: { isStampedInBatch: false },
    change: (files) => {
      const value = /<ds:SignatureValue>([^<]*)/.exec(String(files.get(SIGNATURE)))?.[1] ?? '';
      edit(files, SIGNATURE, value, Buffer.alloc(64, 1).toString('base64'));
    },
    fails: ['time-stamp: malformed_signature', 'signature value: invalid_signature_value'],
  },
  'no time-stamp': {
    change: (files) => {
      for (const name of files.keys()) if (/ts-|timestamp/.test(name)) files.delete(name);
    },
    fails: ['time-stamp: asic_timestamp_not_found'],
  },
  'a manifest that lists what is not there': {
    change: (files) =>
      set(
        files,
        'META-INF/manifest.xml',
        '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">' +
          '<m:file-entry m:full-path="attachment1" m:media-type="text/xml"/></m:manifest>',
      ),
    fails: ['manifest'],
  },
  'an entity in the signature': {
    change: (files) =>
      edit(files, SIGNATURE, '?>', '?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>'),
    fails: ['signature form: invalid_xml'],
  },
  'no message': {
    change: (files) => files.delete('message.xml'),
    fails: ['entries: asic_message_not_found'],
  },
  'no signature': {
    change: (files) => files.delete(SIGNATURE),
    fails: ['entries: asic_signature_not_found'],
  },
  'another mimetype': {
    change: (files) => set(files, 'mimetype', 'application/zip'),
    fails: ['entries: asic_invalid_mime_type'],
  },
  'half a hash chain': {
    making: { usesChain: true },
    change: (files) => files.delete('sig-hashchain.xml'),
    fails: ['entries: asic_hash_chain_not_found'],
  },
};

for (const [name, { making, change, fails }] of Object.entries(ATTACKS)) {
  test(`${name} fails`, () => {
    const files = makeContainer(network, making);
    change?.(files);
    expect(failures(verify(files))).toEqual(fails);
  });
}

test('a result of a hash chain that nothing signs is ignored, as X-Road does', () => {
  const files = makeContainer(network);
  set(files, 'sig-hashchainresult.xml', '<a/>');
  set(files, 'sig-hashchain.xml', '<a/>');
  set(files, 'notes.txt', 'no part of the evidence');
  const findings = verify(files);
  expect(verdictOf(findings.list)).toBe('passed');
  expect(findings.list[0].detail).toContain('no part of the evidence: notes.txt');
});

test('the time of the stamp decides, not that of the reader nor of the signer', () => {
  const signer = otherSigner({ to: '2026-03-02T10:00:10Z' });
  expect(failures(verify(makeContainer(network, { signer })))).toEqual([
    'certificate chain: cannot_create_cert_path',
  ]);
});

test('the authority of another instance vouches for nobody here', () => {
  const changed = { ...network, sharedParameters: network.sharedParameters.replace('LAB', 'EE') };
  const findings = verify(makeContainer(network), anchorsOf(changed));
  expect(failures(findings)).toEqual([]);
  expect(verdictOf(findings.list)).toBe('unknown');
});

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

test.skipIf(!hasOpenssl)(
  'openssl agrees about what is made here: certificates, OCSP, time-stamps',
  () => {
    const path = (name: string): string => join(folder, name);
    const { authority, signer, timeStamper, responder } = network;
    writeFileSync(path('ca.pem'), pemOf(authority));
    writeFileSync(path('signer.pem'), pemOf(signer));
    const openssl = (...words: readonly string[]): string =>
      execFileSync('openssl', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    const at = String(Date.parse('2026-03-02T10:00:00Z') / 1000);
    const verified = openssl(
      'verify',
      '-attime',
      at,
      '-CAfile',
      path('ca.pem'),
      path('signer.pem'),
    );
    expect(verified).toContain('OK');
    writeFileSync(path('stamped'), 'stamped');
    writeFileSync(path('token'), makeTimeStamp(Buffer.from('stamped'), timeStamper));
    const stamp = ['ts', '-verify', '-token_in', '-in', path('token'), '-CAfile', path('ca.pem')];
    expect(openssl(...stamp, '-data', path('stamped'), '-attime', at)).toContain('OK');
    const options = { status: 'good', ageSeconds: 0, issuer: authority, subject: signer } as const;
    writeFileSync(path('ocsp'), makeOcsp({ ...options, signer: responder }));
    const ocsp = ['ocsp', '-respin', path('ocsp'), '-issuer', path('ca.pem'), '-cert'];
    const answer = openssl(...ocsp, path('signer.pem'), '-CAfile', path('ca.pem'), '-attime', at);
    expect(answer).toMatch(/signer\.pem: good/);
  },
);
