// What leaves the log, as others judge it: the verifier of evidence, openssl and xmlsec1, none of
// which knows how it was made.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../../testing/manual-clock.ts';
import { judge, judgedTest, withFlippedBit } from '../../testing/outside-judge.ts';
import { makeSampleLog } from '../../testing/sample-log.ts';
import type { SampleLog } from '../../testing/sample-log.ts';
import { UnreadableError } from '../evidence/evidence-error.ts';
import { verifyEvidence } from '../evidence/verify-evidence.ts';
import { readZip } from '../evidence/zip.ts';
import { ConfigurationFolder } from '../globalconf/configuration-folder.ts';
import { MessageLog } from '../message-log.ts';
import type { TrustService } from '../pki/trust-service.ts';
import { LogArchiver, XROAD_ARCHIVE } from './archive.ts';
import type { ArchiveSettings } from './archive.ts';
import {
  DownloadError,
  exportContainers,
  exportVerificationConf,
  readAsicRequest,
} from './asic-export.ts';
import { containerNameOf, makeContainer } from './container-writer.ts';
import { TimeStamper } from './time-stamper.ts';

const LIMITS = { entriesMax: 100, entryBytesMax: 1e7, totalBytesMax: 1e7 };
const DAY_MS = 86_400_000;
const BODY = Buffer.from('{"name":"Õun & <co>"}');

const clock = new ManualClock(Date.now());
let sample: SampleLog;
let authority: TrustService;
let log: MessageLog;
let stamper: TimeStamper;
let folder = '';
let count = 0;

beforeAll(async () => {
  sample = makeSampleLog(clock);
  authority = await sample.timeStamper();
});
afterAll(async () => {
  await authority.close();
  sample.dispose();
});
beforeEach(() => {
  folder = join(sample.folder, `test-${count++}`);
  mkdirSync(folder);
  log = new MessageLog(join(folder, 'log.sqlite'), 4);
  const view = sample.view({ urls: [authority.url] });
  stamper = new TimeStamper({ log, clock, view: () => view });
});
afterEach(async () => {
  await stamper.close();
  log.close();
});

const add = async (id: string, body: Buffer | null, isResponse = false): Promise<number> =>
  log.commit(sample.record(id, { body, isResponse }));

function container(id: number): Buffer {
  const message = log.store.get(id);
  expect(message).not.toBeNull();
  return makeContainer(message as NonNullable<typeof message>);
}

/** Everything that did not pass; `unreadable` where there is nothing to judge. */
function verdictOf(name: string, bytes: Buffer): unknown {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return verdictIn(path);
}

function verdictIn(path: string): unknown {
  try {
    const { verdict, findings } = verifyEvidence(path, sample.anchors);
    const others = findings.filter((finding) => finding.verdict !== 'passed');
    return [verdict, ...others.map(({ what, detail }) => `${what}: ${detail}`)];
  } catch (error) {
    if (error instanceof UnreadableError) return 'unreadable';
    throw error;
  }
}

const PASSED = ['passed'];

/** Unpacks into a folder of its own; gives its path. */
function unpack(bytes: Buffer): string {
  const target = join(folder, `unpacked-${count++}`);
  for (const { name, read } of readZip(bytes, LIMITS)) {
    mkdirSync(dirname(join(target, name)), { recursive: true });
    writeFileSync(join(target, name), read());
  }
  return target;
}

describe('containers', () => {
  test('signed alone or by a chain, stamped alone or in a batch: all pass', async () => {
    const alone = await add('alone', null);
    await stamper.run();
    const chained = await add('chained', BODY);
    await stamper.run();
    const batch = [await add('batch', BODY), await add('batch', null, true)];
    await stamper.run();
    const names = (id: number): string[] => readZip(container(id), LIMITS).map(({ name }) => name);
    for (const id of [alone, chained, ...batch]) {
      expect([id, verdictOf(`${id}.asice`, container(id))]).toEqual([id, PASSED]);
    }
    const start = ['mimetype', 'message.xml', 'META-INF/signatures.xml'];
    const chain = ['sig-hashchainresult.xml', 'sig-hashchain.xml'];
    const manifest = 'META-INF/manifest.xml';
    expect(names(alone)).toEqual([...start, manifest]);
    expect(names(chained)).toEqual([...start, ...chain, manifest, 'attachment1']);
    expect(names(batch[1])).toEqual([
      ...start,
      'ts-hashchainresult.xml',
      'ts-hashchain.xml',
      manifest,
      'META-INF/ASiCManifest.xml',
      'META-INF/timestamp.tst',
    ]);
  });

  test('a body that is not logged is still proven by the chain', async () => {
    const record = sample.record('no-body', { body: BODY });
    const ids = [await log.commit({ ...record, body: null }), await add('b', null)];
    await stamper.run();
    expect(verdictOf('no-body.asice', container(ids[0]))).toEqual(PASSED);
  });

  test('what has no time-stamp yet does not pass', async () => {
    expect(verdictOf('early.asice', container(await add('early', null)))).not.toEqual(PASSED);
  });

  test('not one of its files may be changed', async () => {
    const ids = [await add('a', BODY), await add('b', BODY)];
    await stamper.run();
    const files = readZip(container(ids[0]), LIMITS);
    expect(files).toHaveLength(11);
    const unpacked = unpack(container(ids[0]));
    expect(verdictIn(unpacked)).toEqual(PASSED);
    for (const { name, read } of files) {
      const path = join(unpacked, name);
      // A letter inside of the text, where there is one, and never white space around it.
      const middle = Math.floor(read().length / 2);
      writeFileSync(path, withFlippedBit(read(), middle));
      expect([name, verdictIn(unpacked)]).not.toEqual([name, PASSED]);
      writeFileSync(path, read());
    }
    expect(verdictIn(unpacked)).toEqual(PASSED);
  });

  judgedTest('xmlsec1', 'the signature holds, stamped or not, and not of another', async () => {
    const alone = await add('alone', null);
    await stamper.run();
    const chained = [await add('chained', BODY), await add('other', BODY)];
    await stamper.run();
    const root = join(folder, 'root.pem');
    writeFileSync(root, sample.pki.root.key.certificatePem);
    const verify = (at: string) => {
      const trust = `--trusted-pem ${root} --untrusted-pem ${join(folder, 'issuing.pem')}`;
      const how = '--enabled-key-data x509 --enabled-reference-uris empty,same-doc,local,remote';
      const id = '--id-attr:Id http://uri.etsi.org/01903/v1.3.2#:SignedProperties';
      const maps = ['message.xml', 'sig-hashchainresult.xml'].map(
        (name) => `--url-map:/${name} ${join(at, name)}`,
      );
      const words = ['--verify', trust, how, id, ...maps, join(at, 'META-INF/signatures.xml')];
      return judge('xmlsec1', ...words.join(' ').split(' '));
    };
    writeFileSync(join(folder, 'issuing.pem'), sample.pki.issuing.key.certificatePem);
    for (const [id, file] of [
      [alone, 'message.xml'],
      [chained[0], 'sig-hashchainresult.xml'],
    ] as const) {
      const at = unpack(container(id));
      const said = await verify(at);
      expect(said.isAccepted, said.text).toBe(true);
      writeFileSync(join(at, file), withFlippedBit(readFileSync(join(at, file)), 9));
      expect((await verify(at)).isAccepted).toBe(false);
    }
  });

  judgedTest('openssl', 'the time-stamp of a batch holds, and not of another', async () => {
    const [id] = [await add('a', BODY), await add('b', null)];
    await stamper.run();
    const at = unpack(container(id));
    const [root, issuing] = [join(folder, 'root.pem'), join(folder, 'issuing.pem')];
    writeFileSync(root, sample.pki.root.key.certificatePem);
    writeFileSync(issuing, sample.pki.issuing.key.certificatePem);
    const data = join(at, 'ts-hashchainresult.xml');
    const token = join(at, 'META-INF/timestamp.tst');
    const words = `ts -verify -token_in -in ${token} -CAfile ${root} -untrusted ${issuing}`;
    const verify = () => judge('openssl', ...words.split(' '), '-data', data);
    const said = await verify();
    expect(said.isAccepted, said.text).toBe(true);
    writeFileSync(data, withFlippedBit(readFileSync(data), 9));
    expect((await verify()).isAccepted).toBe(false);
  });
});

describe('archives', () => {
  const settings = (change: Partial<ArchiveSettings> = {}): ArchiveSettings => ({
    ...XROAD_ARCHIVE,
    folder: join(folder, 'archive'),
    ...change,
  });
  const archives = (): string[] => readdirSync(join(folder, 'archive')).sort();

  test('hold what is stamped, go on from one to the next, and pass', async () => {
    for (const id of ['a', 'b', 'c']) await add(id, BODY);
    await stamper.run();
    await add('waits', null);
    // Each container is larger than a kibibyte: an archive for each.
    const archiver = new LogArchiver({ log, clock, settings: settings({ fileBytesMax: 1024 }) });
    mkdirSync(join(folder, 'archive'));
    writeFileSync(join(folder, 'archive', 'tmp-mlog-killed.tmp'), 'half of an archive');
    const names = await archiver.archive();
    expect(names).toHaveLength(3);
    for (const name of names) {
      expect(name).toMatch(/^mlog-\d{14}-\d{14}-[A-Za-z0-9]{10}\.zip$/);
    }
    expect(archives()).toEqual(names.toSorted());
    const {
      verdict,
      containers,
      archives: read,
    } = verifyEvidence(join(folder, 'archive'), sample.anchors);
    expect([verdict, containers, read]).toEqual(['passed', 3, 3]);
    // Nothing is archived twice, and what got its time-stamp later comes later.
    expect(await archiver.archive()).toEqual([]);
    await stamper.run();
    expect(await archiver.archive()).toHaveLength(1);
    expect(verdictIn(join(folder, 'archive'))).toEqual(PASSED);
  });

  test('one that is changed or missing breaks the chain', async () => {
    for (const id of ['a', 'b', 'c']) await add(id, null);
    await stamper.run();
    const archiver = new LogArchiver({ log, clock, settings: settings({ fileBytesMax: 1024 }) });
    const [first, second] = await archiver.archive();
    const path = join(folder, 'archive', first);
    const bytes = readFileSync(path);
    const at = bytes.length - bytes.indexOf('linkinginfo') - 100;
    writeFileSync(path, withFlippedBit(bytes, at));
    expect(verdictIn(join(folder, 'archive'))).not.toEqual(PASSED);
    expect(verdictIn(join(folder, 'archive', second))).not.toEqual(PASSED);
  });

  test('by member or subsystem each has its own chain', async () => {
    const record = sample.record('a');
    for (const owner of ['LAB/GOV/100/portal', 'LAB/GOV/200/x', 'LAB/GOV/100/portal']) {
      await log.commit({ ...record, owner });
    }
    await stamper.run();
    const grouping = 'subsystem';
    const archiver = new LogArchiver({ log, clock, settings: settings({ grouping }) });
    const names = await archiver.archive();
    expect(names.map((name) => name.replace(/-\d{14}-.*/, ''))).toEqual([
      'mlog-GOV-100-portal',
      'mlog-GOV-200-x',
    ]);
    const counts = names.map(
      (name) => readZip(readFileSync(join(folder, 'archive', name)), LIMITS).length,
    );
    expect(counts).toEqual([3, 2]);
    expect(verdictIn(join(folder, 'archive'))).toEqual(PASSED);
  });

  test('only what is archived is deleted, when it has been kept long enough', async () => {
    for (const id of ['a', 'b']) await add(id, BODY);
    await stamper.run();
    const archiver = new LogArchiver({ log, clock, settings: settings() });
    clock.advance(31 * DAY_MS);
    expect(await archiver.clean()).toBe(0);
    await archiver.archive();
    await add('young', null);
    await stamper.run();
    await archiver.archive();
    // Two messages and the time-stamp that they share.
    expect(await archiver.clean()).toBe(3);
    expect(log.rows().map(({ messageId }) => messageId)).toEqual(['young']);
    expect(log.store.get(1)).toBeNull();
  });

  test('by itself, on its intervals; a full disk loses nothing', async () => {
    await add('a', null);
    await stamper.run();
    const archiver = new LogArchiver({ log, clock, settings: settings() });
    archiver.start();
    log.disk.isFull = true;
    clock.advance(6 * 3_600_000);
    // Waits its turn.
    await expect(archiver.archive()).rejects.toThrow('no space left');
    expect(String(archiver.lastError)).toContain('no space left');
    expect(archives()).toEqual([]);
    log.disk.isFull = false;
    expect(await archiver.archive()).toHaveLength(1);
    expect(verdictIn(join(folder, 'archive'))).toEqual(PASSED);
    await archiver.close();
    expect(clock.alarmCount).toBe(0);
  });
});

describe('downloads', () => {
  const CLIENT =
    'xRoadInstance=LAB&memberClass=GOV&memberCode=100&subsystemCode=portal&queryId=q%2F1';
  const download = (query: string) => exportContainers(readAsicRequest(query), log, stamper);
  const refusal = async (query: string): Promise<unknown> => {
    try {
      return await download(query);
    } catch (error) {
      expect(error).toBeInstanceOf(DownloadError);
      const { status, code } = error as DownloadError;
      return [status, code];
    }
  };

  test('a zip of all, or one as it is; each passes', async () => {
    await add('q/1', BODY);
    await add('q/1', BODY, true);
    await add('other', BODY);
    await stamper.run();
    const all = await download(CLIENT);
    expect(all).toMatchObject({
      contentType: 'application/zip',
      disposition: 'attachment; filename="q%2F1.zip"',
    });
    const entries = readZip(all.body, LIMITS);
    expect(entries.map(({ name }) => name)).toEqual([
      'q%2F1-request-1.asice',
      'q%2F1-response-2.asice',
    ]);
    for (const { name, read } of entries) expect(verdictOf(name, read())).toEqual(PASSED);
    const responses = await download(`${CLIENT}&responseOnly`);
    expect(responses.disposition).toBe('attachment; filename="q%2F1-response.zip"');
    expect(readZip(responses.body, LIMITS)).toHaveLength(1);
    const one = await download(`${CLIENT}&requestOnly&unique`);
    expect(one.contentType).toBe('application/vnd.etsi.asic-e+zip');
    expect(one.disposition).toBe('attachment; filename="q%2F1-request-1.asice"');
    expect(verdictOf('one.asice', one.body)).toEqual(PASSED);
  });

  test('what cannot be had is refused as X-Road does', async () => {
    await add('q/1', null);
    for (const name of ['xRoadInstance', 'memberClass', 'memberCode', 'queryId']) {
      const without = CLIENT.replace(new RegExp(`${name}=[^&]*&?`), '');
      expect([name, await refusal(without)]).toEqual([name, [400, 'bad_request']]);
    }
    expect(await refusal(`${CLIENT}&requestOnly&responseOnly`)).toEqual([400, 'bad_request']);
    const notFound = [404, 'not_found'];
    expect(await refusal(CLIENT.replace('q%2F1', 'none'))).toEqual(notFound);
    expect(await refusal(CLIENT.replace('portal', 'another'))).toEqual(notFound);
    expect(await refusal(CLIENT.replace('&subsystemCode=portal', ''))).toEqual(notFound);
    expect(await refusal(`${CLIENT}&responseOnly`)).toEqual(notFound);
    // Not stamped yet.
    expect(await refusal(CLIENT)).toEqual([500, 'internal_error']);
    await authority.set({ availability: 'refusing' });
    expect(await refusal(`${CLIENT}&force`)).toEqual([500, 'internal_error']);
    await authority.set({ availability: 'up' });
    const forced = await download(`${CLIENT}&force`);
    expect(verdictOf('forced.asice', readZip(forced.body, LIMITS)[0].read())).toEqual(PASSED);
    expect(await refusal(`${CLIENT}&unique`)).toEqual([400, 'bad_request']);
  });

  test('names are cut and escaped, and counted in base 32', () => {
    const messageId = `a b/ö*~${'x'.repeat(300)}`;
    const name = containerNameOf({ messageId, isResponse: true, id: 1057 });
    expect(name).toMatch(/^a\+b%2F%C3%B6\*%7Ex+-response-111\.asice$/);
    expect(name).toHaveLength(226 + '-response-111.asice'.length);
  });

  test('the configuration against which all of it can be verified', async () => {
    const at = new ConfigurationFolder(join(folder, 'configuration'));
    await at.storeInstanceName('LAB');
    await at.store('LAB', [
      {
        file: 'shared-params.xml',
        content: readFileSync(sample.parametersPath),
        metadata: {
          contentIdentifier: 'SHARED-PARAMETERS',
          instanceIdentifier: 'LAB',
          expirationDate: '2035-11-11T03:07:40Z',
          contentLocation: '/shared-params.xml',
          configurationVersion: '6',
        },
      },
    ]);
    const { body, contentType, disposition } = await exportVerificationConf(at);
    expect([contentType, disposition]).toEqual([
      'application/zip',
      'filename="verificationconf.zip"',
    ]);
    expect(readZip(body, LIMITS).map(({ name }) => name)).toEqual([
      'verificationconf/LAB/shared-params.xml',
      'verificationconf/LAB/shared-params.xml.metadata',
      'verificationconf/instance-identifier',
    ]);
  });
});
