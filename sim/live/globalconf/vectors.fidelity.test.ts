// Configurations of the real X-Road: signed directories, anchors, what its client left on disk.
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHash, X509Certificate } from 'node:crypto';
import { afterEach, beforeEach, expect } from 'vitest';
import { describeFidelity, fidelityTest, vectorPath } from '../../testing/fidelity.ts';
import { makeSigningKey, sampleState } from '../../testing/sample-central.ts';
import { ExtendedUsage, hasExtendedUsage, readCertificate } from '../evidence/certificate.ts';
import { elementsOf, parseXml } from '../evidence/xml.ts';
import type { XmlElement } from '../evidence/xml.ts';
import { readAnchor, writeAnchor } from './anchor.ts';
import { ConfigurationError } from './configuration-error.ts';
import { ConfigurationFolder } from './configuration-folder.ts';
import { generateConfiguration } from './configuration-generator.ts';
import {
  isContentOf,
  isSignedWith,
  readDirectory,
  readSignedDirectory,
  verifyDirectory,
} from './directory.ts';
import type { Directory } from './directory.ts';
import { readPrivateParameters, writePrivateParameters } from './private-parameters.ts';
import { readSharedParameters } from './shared-parameters-reader.ts';
import { writeSharedParameters } from './shared-parameters-writer.ts';

const FOLDER = 'xroad/vectors/globalconf-cases';
const bytes = (name: string): Buffer => readFileSync(vectorPath(`${FOLDER}/${name}`));
const at = (iso: string): number => Date.parse(iso);
const DEV_FOLDER = 'dev-v6/V6/20251110170000548026000';

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof ConfigurationError) return error.code;
    throw error;
  }
  return 'accepted';
}

describeFidelity('signed directories', () => {
  fidelityTest('the simple one names the files beside it', () => {
    const signed = readSignedDirectory(bytes('test-conf-simple.txt'));
    const { expiresMs, version, parts } = readDirectory(signed.signed, signed.contentType);
    expect([expiresMs, version]).toEqual([at('2026-05-20T17:42:55Z'), 2]);
    expect(
      parts.map(({ identifier, instance, location }) => [identifier, instance, location]),
    ).toEqual([
      ['PRIVATE-PARAMETERS', 'EE', '/private-params.xml'],
      ['SHARED-PARAMETERS', 'EE', '/shared-params.xml'],
      ['FOO', 'EE', '/foo.xml'],
    ]);
    for (const part of parts) {
      const content = bytes(`test-conf-simple/EE${part.location}`);
      expect(isContentOf(part, content)).toBe(true);
      content[content.length >> 1] ^= 1;
      expect(isContentOf(part, content)).toBe(false);
    }
    // The certificate that it names is not among the vectors: what can be said is who did not sign.
    expect(signed.certificateHash).toHaveLength(64);
    expect(codeOf(() => verifyDirectory(signed, anchorCertificates(), 0))).toBe(
      'global_conf_missing_verification_cert',
    );
    expect(readSharedParameters(bytes('test-conf-simple/EE/shared-params.xml')).instance).toBe(
      'EE',
    );
    expect(readPrivateParameters(bytes('test-conf-simple/EE/private-params.xml'))).toMatchObject({
      instance: 'EE',
      timeStampingIntervalSeconds: 123,
    });
  });

  fidelityTest('the one whose signature is a text is signed by nobody', () => {
    const signed = readSignedDirectory(bytes('test-conf-invalid-signature.txt'));
    expect(signed.signature.toString()).toBe('Invalid Signature');
    for (const certificate of anchorCertificates()) {
      const hash = createHash('sha512').update(certificate).digest();
      const claimed = { ...signed, certificateHash: hash };
      expect(codeOf(() => verifyDirectory(claimed, [certificate], 0))).toBe(
        'global_conf_signature_verification_failure',
      );
    }
  });

  fidelityTest('the malformed one is refused, and one without a certificate hash', () => {
    expect(codeOf(() => readSignedDirectory(bytes('test-conf-malformed.txt')))).toBe(
      'global_conf_missing_signed_data',
    );
    expect(codeOf(() => readSignedDirectory(bytes('conf1.txt')))).toBe(
      'global_conf_parsing_downloaded_conf_directory_failure',
    );
  });

  fidelityTest('the internal one of version 6 holds by its anchor, until 2035', () => {
    const directory = verifyDev(bytes('dev-v6/V6/internalconf'));
    expect([directory.version, directory.expiresMs]).toEqual([6, at('2035-11-11T03:07:40Z')]);
    for (const part of directory.parts) {
      expect(isContentOf(part, bytes(`dev-v6${part.location}`))).toBe(true);
    }
    expect(directory.parts).toHaveLength(2);
  });

  fidelityTest(
    'the external one of version 6 holds by the sources in the shared parameters',
    () => {
      const { sources } = readSharedParameters(bytes(`${DEV_FOLDER}/shared-params.xml`));
      const signed = readSignedDirectory(bytes('dev-v6/V6/externalconf'));
      const now = at('2026-01-01T00:00:00Z');
      const trusted = sources.flatMap(({ externalCertificates }) => externalCertificates);
      const { parts } = verifyDirectory(signed, trusted, now);
      expect(parts.map(({ identifier }) => identifier)).toEqual(['SHARED-PARAMETERS']);
      expect(codeOf(() => verifyDirectory(signed, anchorCertificates(), now))).toBe(
        'global_conf_missing_verification_cert',
      );
    },
  );

  fidelityTest('with a byte changed the one of version 6 is refused, or says the same', () => {
    const whole = bytes('dev-v6/V6/internalconf');
    const good = verifyDev(whole);
    const [from, to] = [whole.indexOf('Expire-date'), whole.lastIndexOf('PRIVATE-PARAMETERS')];
    for (let place = 0; place < whole.length; place++) {
      const changed = Buffer.from(whole);
      changed[place] ^= 1;
      let read: Directory | null = null;
      const code = codeOf(() => {
        read = verifyDev(changed);
      });
      if (code === 'accepted') expect(read).toEqual(good);
      if (place >= from && place < to) expect([place, code]).not.toEqual([place, 'accepted']);
    }
  });
});

function anchorCertificates(): readonly Buffer[] {
  return readAnchor(bytes('dev-v6-anchor.xml')).sources.flatMap(
    ({ verificationCertificates }) => verificationCertificates,
  );
}

function verifyDev(directory: Buffer): Directory {
  const now = at('2026-01-01T00:00:00Z');
  return verifyDirectory(readSignedDirectory(directory), anchorCertificates(), now);
}

describeFidelity('anchors', () => {
  fidelityTest('of the network of version 6, read and written again', () => {
    const anchor = readAnchor(bytes('dev-v6-anchor.xml'));
    expect(anchor.sources.map(({ downloadUrl }) => downloadUrl)).toEqual([
      'http://cs/internalconf',
      'https://cs/internalconf',
    ]);
    expect(anchor.generatedMs).toBe(at('2025-11-05T22:10:45.770Z'));
    expect(writeAnchor(anchor).toString()).toBe(bytes('dev-v6-anchor.xml').toString());
  });

  fidelityTest('with three sources, two certificates in one of them', () => {
    const { instance, generatedMs, sources } = readAnchor(bytes('configuration-anchor1.xml'));
    expect([instance, generatedMs]).toEqual(['EE', null]);
    const certificates = sources.flatMap((source) => source.verificationCertificates);
    expect(sources.map((source) => source.verificationCertificates.length)).toEqual([2, 1, 1]);
    expect(certificates.map((der) => new X509Certificate(der).subject.length > 0)).toEqual([
      true,
      true,
      true,
      true,
    ]);
  });
});

describeFidelity('trees that a client left on disk', () => {
  let copy: string;
  beforeEach(() => {
    copy = mkdtempSync(join(tmpdir(), 'fedlab-trees-'));
  });
  afterEach(() => rmSync(copy, { recursive: true }));

  const load = (name: string) => {
    cpSync(vectorPath(`${FOLDER}/${name}`), copy, { recursive: true });
    return new ConfigurationFolder(copy).load();
  };

  fidelityTest('version 6, with federated instances of versions 2 to 5', async () => {
    const { ownInstance, configurations, problems } = await load('globalconf_good_v6');
    expect([ownInstance, [...problems]]).toEqual(['EE', []]);
    const rows = [...configurations.values()].map((one) => [
      one.instance,
      one.version,
      one.isOwn,
      one.private !== null,
      one.shared.sources.length,
      one.shared.servers[0].certificateHashes[0].length,
    ]);
    expect(rows.sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1))).toEqual([
      ['EE', 6, true, true, 1, 32],
      ['bar', 3, false, false, 1, 32],
      ['baz_v3', 3, false, false, 1, 32],
      ['foo_v2', 2, false, false, 0, 32],
      ['quux_v5', 5, false, false, 1, 32],
      ['qux_v4', 4, false, false, 1, 32],
    ]);
    for (const { expiresMs } of configurations.values()) {
      expect(expiresMs).toBe(at('2124-05-20T17:42:55Z'));
    }
    const ee = configurations.get('EE');
    expect(
      ee?.shared.servers.map(({ code, address, maintenance }) => [code, address, maintenance]),
    ).toEqual([
      ['producerServerCode', '127.0.0.1', null],
      ['consumerServerCode', 'https://www.foo.com/bar', null],
      ['fooServerCode', null, null],
      ['FooBarServerCode', 'https://foo.bar.baz', 'Test maintenance mode'],
    ]);
    expect(ee?.shared.servers[0].clients).toEqual([
      'EE/BUSINESS/consumer',
      'EE/BUSINESS/foo',
      'EE/BUSINESS/foo/foosubsystem',
    ]);
    expect(ee?.shared.globalGroups[0].members[0]).toBe('EE/BUSINESS/member1/subsys');
    expect(
      ee?.shared.authorities.map(({ top, intermediates }) => [
        top.ocsp.length,
        intermediates.length,
      ]),
    ).toEqual([
      [5, 0],
      [1, 3],
    ]);
    expect(ee?.private?.anchors).toMatchObject([
      { instance: 'bar', sources: [{ downloadUrl: 'http://www.bar.com/conf' }] },
    ]);
  });

  fidelityTest('version 2', async () => {
    const { configurations, problems } = await load('globalconf_good_v2');
    expect([[...problems], [...configurations.keys()].sort()]).toEqual([[], ['EE', 'bar', 'foo']]);
    expect([...configurations.values()].map(({ version }) => version)).toEqual([2, 2, 2]);
    // SHA-1 (facts 6).
    const [, consumer] = configurations.get('EE')?.shared.servers ?? [];
    expect(consumer.certificateHashes[0]).toHaveLength(20);
  });

  fidelityTest('a malformed one says which instance is broken', async () => {
    const { configurations, problems } = await load('globalconf_malformed');
    expect([configurations.size, [...problems.keys()]]).toEqual([0, ['foo']]);
  });

  fidelityTest('without metadata nothing may be used: nobody knows until when', async () => {
    const { configurations, problems } = await load('test-conf-simple');
    expect([configurations.size, problems.get('EE')]).toEqual([0, 'a part has no metadata']);
  });

  fidelityTest('one for verifying containers has no dates, so no server may use it', async () => {
    cpSync(vectorPath('xroad/vectors/asic/globalconf'), copy, { recursive: true });
    const { configurations, problems } = await new ConfigurationFolder(copy).load();
    expect([configurations.size, [...problems.keys()]]).toEqual([0, ['DEV']]);
    const { timeStampers } = readSharedParameters(
      readFileSync(join(copy, 'DEV/shared-params.xml')),
    );
    const certificate = readCertificate(timeStampers[0].certificate);
    expect(hasExtendedUsage(certificate, ExtendedUsage.TimeStamping)).toBe(true);
  });
});

describeFidelity('what we write, beside what X-Road 7.8 writes', () => {
  const shared = (): Buffer => bytes(`${DEV_FOLDER}/shared-params.xml`);
  const own = (): Buffer => bytes(`${DEV_FOLDER}/private-params.xml`);

  fidelityTest('parameters of version 6 that are read and written again are the same XML', () => {
    // What the lab has no use for is left out by the reader.
    const unused =
      /^ *<(acmeServer>[\s\S]*?<\/acmeServer|defaultCsrFormat>.*<\/defaultCsrFormat)>\n/gm;
    // Base64 of PEM there, of DER here.
    const expected = shared()
      .toString()
      .replace(unused, '')
      .replace(/(?<=<cert>)[^<]+/g, (text) => {
        const pem = Buffer.from(text, 'base64').toString('latin1');
        return new X509Certificate(pem).raw.toString('base64');
      });
    expect(writeSharedParameters(readSharedParameters(shared())).toString()).toBe(expected);
    expect(writePrivateParameters(readPrivateParameters(own())).toString()).toBe(own().toString());
  });

  fidelityTest('our own parameters have no element and no order that theirs have not', () => {
    const key = makeSigningKey();
    const keys = { internal: key, external: key };
    const source = {
      address: '127.0.0.1:1',
      internalCertificates: [key.certificateDer],
      externalCertificates: [key.certificateDer],
    };
    const { files } = generateConfiguration(sampleState('LAB'), [source], keys, 0, 0);
    const known = new Map<string, Shape>();
    for (const one of [shared(), own(), bytes('globalconf_good_v6/EE/shared-params.xml')]) {
      learn(parseXml(one).root, known);
    }
    for (const content of files.values()) {
      const { root } = parseXml(content);
      for (const [parent, { members, orders }] of learn(root, new Map())) {
        for (const member of members) expect(known.get(parent)?.members, parent).toContain(member);
        for (const order of orders) {
          const reverse = order.split(' < ').toReversed().join(' < ');
          expect(known.get(parent)?.orders, parent).not.toContain(reverse);
        }
      }
    }
  });

  fidelityTest('our directories have the structure of theirs, line by line', () => {
    const keys = { internal: makeSigningKey('rsa-2048'), external: makeSigningKey('rsa-2048') };
    const { directories } = generateConfiguration(
      sampleState('DEV'),
      [],
      keys,
      at('2026-03-02'),
      0,
    );
    for (const kind of ['internal', 'external'] as const) {
      const theirs = bytes(`dev-v6/V6/${kind}conf`);
      expect(structureOf(directories[kind])).toEqual(structureOf(theirs));
    }
  });

  fidelityTest('a certificate like theirs may have made theirs', () => {
    const signed = readSignedDirectory(bytes('dev-v6/V6/internalconf'));
    const [certificate] = anchorCertificates();
    expect(isSignedWith(signed, new X509Certificate(certificate).publicKey)).toBe(true);
    const ours = new X509Certificate(makeSigningKey('rsa-2048').certificateDer);
    expect(isSignedWith(signed, ours.publicKey)).toBe(false);
    const theirs = new X509Certificate(certificate);
    expect([ours.validFrom, ours.validTo, ours.ca]).toEqual([
      theirs.validFrom,
      theirs.validTo,
      theirs.ca,
    ]);
  });
});

/** Of all elements of a name. */
interface Shape {
  /** Its attributes and the elements in it. */
  readonly members: Set<string>;
  /** Which of two different elements came before the other. */
  readonly orders: Set<string>;
}

function learn(element: XmlElement, known: Map<string, Shape>): Map<string, Shape> {
  const name = `{${element.namespace}}${element.local}`;
  const shape = known.get(name) ?? { members: new Set<string>(), orders: new Set<string>() };
  known.set(name, shape);
  for (const { local, namespace } of element.attributes) {
    if (!namespace.includes('XMLSchema-instance')) shape.members.add(`@{${namespace}}${local}`);
  }
  const before = new Set<string>();
  for (const child of elementsOf(element)) {
    const next = `{${child.namespace}}${child.local}`;
    for (const one of before) if (one !== next) shape.orders.add(`${one} < ${next}`);
    before.add(next);
    shape.members.add(next);
    learn(child, known);
  }
  return known;
}

/** Texts that differ from one directory to the next are made alike. */
function structureOf(directory: Buffer): string[] {
  const text = directory.toString('latin1');
  const boundaries = [...text.matchAll(/boundary=(\w{20})\r\n/g)].map((found) => found[1]);
  expect(boundaries).toHaveLength(2);
  return text
    .replaceAll(boundaries[0], 'OUTER')
    .replaceAll(boundaries[1], 'INNER')
    .replace(/(?<=Expire-date: )\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/, 'TIME')
    .replace(/\/V6\/\d{23}\//g, '/V6/STAMP/')
    .replace(/[A-Za-z0-9+/]{80,}=*/g, 'BASE64')
    .split('\n');
}
