import { describe, expect, test } from 'vitest';
import { judge, judgedTest, scratchFolder } from '../../testing/outside-judge.ts';
import { sampleState } from '../../testing/sample-central.ts';
import { pemOf } from '../pki/keys.ts';
import { hashOfAnchor, readAnchor, writeAnchor } from './anchor.ts';
import type { ConfigurationAnchor } from './anchor.ts';
import { readPrivateParameters, writePrivateParameters } from './private-parameters.ts';
import { readSharedParameters } from './shared-parameters-reader.ts';
import { writeSharedParameters } from './shared-parameters-writer.ts';

const {
  anchors: _anchors,
  managementService,
  timeStampingIntervalSeconds,
  ocsp: _ocsp,
  validitySeconds,
  ...rest
} = sampleState('LAB');
const certificate = Buffer.from('certificate');
const SHARED = {
  ...rest,
  sources: [
    {
      address: '127.0.0.9:8080',
      internalCertificates: [certificate, Buffer.from('next')],
      externalCertificates: [certificate],
    },
  ],
};
const ANCHOR: ConfigurationAnchor = {
  instance: 'OTHER',
  generatedMs: null,
  sources: [
    {
      downloadUrl: 'http://127.0.0.8:8080/externalconf?a=1&b=2',
      verificationCertificates: [certificate],
    },
  ],
};
const PRIVATE = {
  instance: 'LAB',
  anchors: [ANCHOR],
  managementService,
  timeStampingIntervalSeconds,
};
const scratch = scratchFolder();

test('shared parameters are read as they were written', () => {
  expect(readSharedParameters(writeSharedParameters(SHARED))).toEqual(SHARED);
  expect(validitySeconds).toBe(600);
});

test('private parameters are read as they were written', () => {
  const { managementService: service } = PRIVATE;
  const without = { ...service, registrationCertificate: null, provider: 'LAB/GOV/100' };
  for (const one of [PRIVATE, { ...PRIVATE, anchors: [], managementService: without }]) {
    expect(readPrivateParameters(writePrivateParameters(one))).toEqual(one);
  }
});

test('an anchor is read as it was written, with and without its date', () => {
  for (const generatedMs of [null, Date.UTC(2026, 2, 2, 10, 0, 0, 123)]) {
    const anchor = { ...ANCHOR, generatedMs };
    expect(readAnchor(writeAnchor(anchor))).toEqual(anchor);
  }
});

judgedTest('openssl', "an anchor's hash is SHA-224 of its file", async () => {
  const file = writeAnchor(ANCHOR);
  const { text } = await judge('openssl', 'dgst', '-sha224', scratch('anchor.xml', file));
  expect(text.trim().split(' ').at(-1)?.toUpperCase()).toBe(hashOfAnchor(file).replaceAll(':', ''));
});

describe('shared parameters are refused', () => {
  const text = writeSharedParameters(SHARED).toString('utf8');
  const changed = (from: string | RegExp, to: string): Buffer => {
    const other = text.replace(from, to);
    expect(other).not.toBe(text);
    return Buffer.from(other);
  };

  test.each([
    ['that are no XML', 'ns3:conf>', 'ns3:conf'],
    ['of another namespace', 'x-road.eu/xsd/xroad.xsd', 'example.org'],
    ['without an instance', /<instanceIdentifier>.*\n/, ''],
    ['without settings', /<globalSettings>[\s\S]*<\/globalSettings>/, ''],
    ['with a server of nobody', '<owner>id0</owner>', '<owner>id99</owner>'],
    ['with an id twice', 'id="id1"', 'id="id0"'],
    ['with a cost that is none', 'FREE', 'CHEAP'],
    ['with a certificate that is not base64', /<cert>../, '<cert>!!'],
    ['with a freshness that is no number', '>3600<', '>-1<'],
    ['with a group of services', 'objectType="MEMBER"', 'objectType="SERVICE"'],
    ['with an entity', 'Lab CA', '&lab;'],
  ])('%s', (_name, from, to) => {
    expect(() => readSharedParameters(changed(from, to))).toThrow(
      expect.objectContaining({ code: 'invalid_xml' }),
    );
  });
});

test('certificates may be base64 of PEM', () => {
  const pem = pemOf('CERTIFICATE', certificate);
  const text = writeSharedParameters(SHARED).toString('utf8');
  const changed = text.replace(/<cert>[^<]+/, `<cert>${Buffer.from(pem).toString('base64')}`);
  expect(readSharedParameters(Buffer.from(changed)).authorities[0].top.certificate).toEqual(
    certificate,
  );
});

test('the same state is always the same bytes: clients fetch only what has changed', () => {
  expect(writeSharedParameters(SHARED).equals(writeSharedParameters({ ...SHARED }))).toBe(true);
});
