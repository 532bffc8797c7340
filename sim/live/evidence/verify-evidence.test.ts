// Whole files: what one changed byte does, what is no evidence, what could be a trap, and how
// archives and folders hang together.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { makeArchive, makeContainer, makeNetwork, makeZip } from '../../testing/evidence-maker.ts';
import type { Files } from '../../testing/evidence-maker.ts';
import { NO_ANCHORS, readAnchors } from './anchors.ts';
import type { Anchors } from './anchors.ts';
import { UnreadableError } from './evidence-error.ts';
import { verifyEvidence } from './verify-evidence.ts';
import type { EvidenceReport } from './verify-evidence.ts';
import { readZip } from './zip.ts';

const folder = mkdtempSync(join(tmpdir(), 'fedlab-evidence-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, content: Buffer | string): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

const network = makeNetwork('ec');
const anchors = readAnchors([write('trust/shared-params.xml', network.sharedParameters)]);
const attachments = [Buffer.from('an attachment of some length, so that there is a lot to change')];
const container = makeContainer(network, { attachments });

function verify(bytes: Buffer, name = 'one.asice', trust: Anchors = anchors): string {
  try {
    return verifyEvidence(write(name, bytes), trust).verdict;
  } catch (error) {
    // Whatever is in a file, nothing else may be thrown.
    if (error instanceof UnreadableError) return 'unreadable';
    throw error;
  }
}

const failuresOf = ({ findings }: EvidenceReport): string[] =>
  findings
    .filter(({ verdict }) => verdict !== 'passed')
    .map(({ where, what, verdict }) => `${where}: ${what} ${verdict}`);

const LIMITS = { entriesMax: 99, entryBytesMax: 1e6, totalBytesMax: 1e7 };
const contentOf = (zip: Buffer): string =>
  readZip(zip, LIMITS)
    .map(({ name, read }) => `${name}:${read().toString('base64')}`)
    .join();

for (const hasDescriptors of [false, true]) {
  const zip = makeZip(container, { hasDescriptors });
  const writer = hasDescriptors ? 'Java' : 'Info-ZIP';
  test(`one byte changed anywhere in what ${writer} would write`, () => {
    expect(verify(zip)).toBe('passed');
    const change = fc.tuple(fc.nat(zip.length - 1), fc.integer({ min: 1, max: 255 }));
    let harmless = 0;
    const tries = 400;
    fc.assert(
      fc.property(change, ([at, mask]) => {
        const changed = Buffer.from(zip);
        changed[at] ^= mask;
        if (verify(changed) !== 'passed') return;
        harmless++;
        expect(contentOf(changed)).toBe(contentOf(zip));
      }),
      { numRuns: tries, seed: 4 },
    );
    // Version, rights and the unused bits at the end of what is packed.
    expect(harmless).toBeLessThan(tries / 20);
  });
}

test('one byte changed in what an entry holds, packed again with the right checksums', () => {
  const names = [...container.keys()].filter((name) => name !== 'META-INF/manifest.xml');
  const change = fc
    .constantFrom(...names)
    .chain((name) =>
      fc.tuple(
        fc.constant(name),
        fc.nat((container.get(name)?.length ?? 1) - 1),
        fc.integer({ min: 1, max: 255 }),
      ),
    );
  const unsigned: string[] = [];
  fc.assert(
    fc.property(change, ([name, at, mask]) => {
      const files: Files = new Map(container);
      const changed = Buffer.from(files.get(name) ?? []);
      changed[at] ^= mask;
      files.set(name, changed);
      const verdict = verify(makeZip(files));
      if (verdict === 'failed') return;
      // The stamp is over the whole signature, so not even its white space may change. In a chain
      // there are names that nobody signs, and in a token what frames the parts that are signed.
      expect(verdict).toBe('passed');
      expect(name, `byte ${at}`).toMatch(/hashchain\.xml$|timestamp\.tst$|^mimetype$/);
      unsigned.push(`${name} ${at}`);
    }),
    // Keys and signatures are new each time, so what a changed byte hits is, too.
    { numRuns: 300, seed: 4 },
  );
  expect(unsigned.length, unsigned.join()).toBeLessThan(15);
});

test('a zip cut off anywhere is not readable', () => {
  const zip = makeZip(container);
  for (let length = 0; length < zip.length; length += 37) {
    expect(verify(zip.subarray(0, length)), `${length} bytes`).toBe('unreadable');
  }
  expect(verify(zip.subarray(0, zip.length - 1))).toBe('unreadable');
  expect(verify(Buffer.concat([zip, Buffer.from('x')]))).toBe('unreadable');
  expect(verify(Buffer.concat([Buffer.from('x'), zip]))).toBe('unreadable');
});

test('garbage is not readable, whatever it is', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      expect(verify(Buffer.from(bytes))).toBe('unreadable');
    }),
    { numRuns: 200, seed: 4 },
  );
  expect(verify(makeZip(new Map([['a.txt', Buffer.from('a')]])), 'some.zip')).toBe('unreadable');
  expect(verify(makeZip(new Map()), 'empty.zip')).toBe('unreadable');
});

test('garbage in the place of any entry fails, without another error', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...container.keys()),
      fc.uint8Array({ maxLength: 300 }),
      (name, bytes) => {
        const files: Files = new Map(container);
        files.set(name, Buffer.from(bytes));
        expect(verify(makeZip(files))).toBe('failed');
      },
    ),
    { numRuns: 200, seed: 4 },
  );
});

test('a bomb is refused by what it says, and by what it does', () => {
  const bomb: Files = new Map(container);
  bomb.set('attachment2', Buffer.alloc(200 * 2 ** 20));
  const honest = makeZip(bomb);
  expect(honest.length).toBeLessThan(2 ** 20);
  const before = process.memoryUsage().rss;
  expect(verify(honest)).toBe('unreadable');
  const large: Files = new Map([['attachment2', Buffer.alloc(5e6)], ...container]);
  const lying = makeZip(large, { sizeSaid: 1000 });
  expect(verify(lying)).toBe('unreadable');
  expect(process.memoryUsage().rss - before).toBeLessThan(64 * 2 ** 20);
});

test('entries that share their bytes, or hide, are refused', () => {
  const zip = makeZip(new Map([...container].slice(0, 2)), { isDeflated: false });
  const second = zip.indexOf('PK\x01\x02', zip.indexOf('PK\x01\x02') + 1, 'latin1');
  const overlapping = Buffer.from(zip);
  overlapping.writeUInt32LE(0, second + 42);
  expect(() => readZip(overlapping, LIMITS)).toThrow(UnreadableError);
  const renamed = Buffer.from(zip);
  renamed.write('M', zip.indexOf('mimetype'), 'latin1');
  expect(() => readZip(renamed, LIMITS)).toThrow(/another entry/);
  const twice = Buffer.from(zip);
  for (const at of [zip.indexOf('message.xml'), zip.lastIndexOf('message.xml')]) {
    twice.write('mimetypexml', at, 'latin1');
  }
  expect(readZip(twice, LIMITS).map(({ name }) => name)).toEqual(['mimetype', 'mimetypexml']);
});

const named = (count: number, from = 1): Files =>
  new Map(
    Array.from({ length: count }, (_, index) => [
      `id-request-${from + index}.asice`,
      makeZip(
        makeContainer(network, { message: `GET\n/r1/a\nx-road-client:LAB/GOV/100\nn:${index}\n` }),
      ),
    ]),
  );

test('a chain of archives passes; a missing one is unknown, a changed one fails', () => {
  const first = makeArchive(named(3), null);
  const second = makeArchive(named(2, 4), { digest: first.lastDigest, name: 'mlog-1.zip' });
  write('log/mlog-1.zip', first.zip);
  const later = write('log/mlog-2.zip', second.zip);
  const whole = verifyEvidence(join(folder, 'log'), anchors);
  expect([whole.verdict, whole.containers, whole.archives]).toEqual(['passed', 5, 2]);
  expect(failuresOf(verifyEvidence(later, anchors))).toEqual(['mlog-2.zip: archive chain unknown']);

  const other = makeArchive(named(3), null);
  write('log/mlog-1.zip', other.zip);
  expect(failuresOf(verifyEvidence(join(folder, 'log'), anchors))).toEqual([
    'mlog-2.zip: archive chain failed',
  ]);
});

test('a container left out, added, replaced or moved breaks the chain of its archive', () => {
  const containers = named(3);
  const [one, two, three] = [...containers.keys()];
  const { zip } = makeArchive(containers, null);
  const entries: Files = new Map(readZip(zip, LIMITS).map(({ name, read }) => [name, read()]));
  const verdict = (change: (files: Files) => void): string[] => {
    const files: Files = new Map(entries);
    change(files);
    return failuresOf(verifyEvidence(write('changed.zip', makeZip(files)), anchors));
  };
  const bytesOf = (name: string): Buffer => entries.get(name) ?? Buffer.alloc(0);
  const broken = ['changed.zip: linking info failed'];
  expect(verdict(() => undefined)).toEqual([]);
  expect(verdict((files) => files.delete(two))).toEqual(broken);
  expect(verdict((files) => files.set('more.asice', bytesOf(two)))).toEqual(broken);
  expect(verdict((files) => files.set(two, bytesOf(three)))).toEqual(broken);
  expect(verdict((files) => files.delete('linkinginfo'))).toEqual(broken);
  const swapped = verdict((files) => {
    const lines = String(files.get('linkinginfo')).trim().split('\n');
    [lines[1], lines[2]] = [lines[2], lines[1]];
    files.set('linkinginfo', Buffer.from(`${lines.join('\n')}\n`));
  });
  expect(swapped).toEqual(broken);
  const damaged = verdict((files) => files.set(one, Buffer.from('no zip')));
  expect(damaged).toEqual([...broken, `changed.zip/${one}: file failed`]);
});

test('a folder: good, bad and encrypted files in one report; an unpacked container', () => {
  write('mixed/good.asice', makeZip(container));
  write('mixed/below/bad.asice', 'no zip');
  write('mixed/closed.zip.gpg', 'sealed');
  write('mixed/readme.txt', 'no evidence');
  expect(failuresOf(verifyEvidence(join(folder, 'mixed'), anchors))).toEqual([
    'below/bad.asice: file failed',
    'closed.zip.gpg: file unknown',
  ]);
  for (const [name, bytes] of container) write(`unpacked/${name}`, bytes);
  expect(verifyEvidence(join(folder, 'unpacked'), anchors).verdict).toBe('passed');
  write('nothing/readme.txt', 'no evidence');
  expect(() => verifyEvidence(join(folder, 'nothing'), anchors)).toThrow(UnreadableError);
});

test('trust comes from folders, zips and PEM; a file without any is refused', () => {
  const inZip = makeZip(
    new Map([['verificationconf/LAB/shared-params.xml', Buffer.from(network.sharedParameters)]]),
  );
  const zipped = readAnchors([write('verificationconf.zip', inZip)]);
  const inFolder = readAnchors([
    dirname(write('conf/LAB/shared-params.xml', network.sharedParameters)),
  ]);
  for (const trust of [zipped, inFolder]) {
    expect(verify(makeZip(container), 'one.asice', trust)).toBe('passed');
  }
  expect(verify(makeZip(container), 'one.asice', NO_ANCHORS)).toBe('unknown');
  for (const content of ['nothing', '', '<a/>', '<conf><approvedCA/></conf>', 'PK\x03\x04']) {
    expect(() => readAnchors([write('no-trust', content)]), content).toThrow(UnreadableError);
  }
});
