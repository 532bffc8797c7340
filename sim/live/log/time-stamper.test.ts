// Batches, retries and the clock that refuses messages, on a clock that the test moves and with
// time-stamping authorities that really sign.
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../../testing/manual-clock.ts';
import { makeSampleLog, plainRecord } from '../../testing/sample-log.ts';
import type { SampleLog } from '../../testing/sample-log.ts';
import { readCertificate } from '../evidence/certificate.ts';
import { checkImprint, checkTimeStampSignature, readTimeStamp } from '../evidence/time-stamp.ts';
import { readXades } from '../evidence/xades.ts';
import { MessageLog } from '../message-log.ts';
import type { TrustService } from '../pki/trust-service.ts';
import type { StoredMessage } from './log-record.ts';
import { TimeStamper } from './time-stamper.ts';
import type { StampingView } from './time-stamper.ts';

const START_MS = Date.now();
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const clock = new ManualClock(START_MS);
let sample: SampleLog;
let first: TrustService;
let second: TrustService;
let log: MessageLog;
let stamper: TimeStamper;
let view: StampingView;
let count = 0;

beforeAll(async () => {
  sample = makeSampleLog(clock);
  first = await sample.timeStamper();
  second = await sample.timeStamper();
});
afterAll(async () => {
  await first.close();
  await second.close();
  sample.dispose();
});
beforeEach(async () => {
  await first.set({ availability: 'up' });
  await second.set({ availability: 'up' });
  log = new MessageLog(join(sample.folder, `${count++}.sqlite`), 4);
  view = sample.view({ urls: [first.url, second.url] });
  stamper = new TimeStamper({ log, clock, view: () => view });
});
afterEach(async () => {
  await stamper.close();
  log.close();
});

/** Records that nobody looks into: only the digests of their signatures count in a batch. */
function fill(number: number): void {
  for (let index = 0; index < number; index++) log.write(plainRecord(`m${index}`));
}

/** Lets time pass, and the run that falls due by it end. */
async function pass(ms: number): Promise<void> {
  clock.advance(ms);
  await stamper.run();
}

const stored = (id: number): StoredMessage => {
  const message = log.store.get(id);
  expect(message).not.toBeNull();
  return message as StoredMessage;
};

describe('batches', () => {
  test('one record: the value of its signature is stamped, and the token put into it', async () => {
    const id = await log.commit(sample.record('alone'));
    const before = stored(id).signature;
    await stamper.run();
    const { signature, stamp } = stored(id);
    expect(stamp?.hashChainResult).toBeNull();
    const token = readXades(Buffer.from(signature)).timeStamp ?? Buffer.alloc(0);
    expect(token).toEqual(stamp?.token);
    checkImprint(readTimeStamp(token), readXades(Buffer.from(before)).value);
    const authority = readCertificate(sample.pki.timeStampers[0].certificateDer);
    checkTimeStampSignature(readTimeStamp(token), authority);
    expect(log.store.waitingCount()).toBe(0);
  });

  test('several: one request, and each has its own path to the result', async () => {
    fill(5);
    const asked = first.requestCount;
    await stamper.run();
    expect(first.requestCount).toBe(asked + 1);
    const stamps = [1, 2, 3, 4, 5].map((id) => stored(id).stamp);
    expect(new Set(stamps.map((stamp) => stamp?.hashChainResult)).size).toBe(1);
    expect(new Set(stamps.map((stamp) => stamp?.hashChain)).size).toBe(5);
    const [stamp] = stamps;
    const result = Buffer.from(stamp?.hashChainResult ?? '');
    checkImprint(readTimeStamp(stamp?.token ?? result), result);
    // The signatures stay as they were.
    expect(stored(1).signature).toBe('signature of m0');
  });

  test('as many as the limit: the next run begins at once, until fewer are left', async () => {
    view = { ...view, recordsLimit: 3 };
    fill(8);
    const asked = first.requestCount;
    await stamper.run();
    expect(first.requestCount).toBe(asked + 3);
    expect(log.store.waitingCount()).toBe(0);
  });

  test('ten thousand at a time, as X-Road ships it', { timeout: 20_000 }, async () => {
    log.change((store) => {
      for (let index = 0; index < 10_002; index++) store.insert(plainRecord(`m${index}`));
    });
    const asked = first.requestCount;
    await stamper.run();
    expect(first.requestCount).toBe(asked + 2);
    expect(log.store.waitingCount()).toBe(0);
  });

  test('the next run comes an interval after the end of the last', async () => {
    stamper.start();
    await pass(999);
    fill(2);
    expect(log.store.waitingCount()).toBe(2);
    clock.advance(1);
    await stamper.run();
    expect(log.store.waitingCount()).toBe(0);
    fill(2);
    clock.advance(MINUTE_MS - 1);
    expect(log.store.waitingCount()).toBe(2);
    await pass(1);
    expect(log.store.waitingCount()).toBe(0);
  });
});

describe('failures', () => {
  const allRefuse = async (): Promise<void> => {
    await first.set({ availability: 'refusing' });
    await second.set({ availability: 'bad-gateway' });
  };

  test('the next authority is asked where one fails, in their order', async () => {
    await first.set({ availability: 'refusing' });
    fill(2);
    await stamper.run();
    expect(log.store.waitingCount()).toBe(0);
    expect(stamper.failingSinceMs).toBeNull();
    await first.set({ availability: 'up' });
    const asked = second.requestCount;
    fill(2);
    await stamper.run();
    expect(second.requestCount).toBe(asked);
  });

  test('one record at a time until one succeeds, then the rest at once', async () => {
    await allRefuse();
    for (let index = 0; index < 6; index++) await log.commit(sample.record(`m${index}`));
    stamper.start();
    await pass(1000);
    expect(String(stamper.lastError)).toContain(second.url);
    const asked = second.requestCount;
    await pass(MINUTE_MS);
    expect(second.requestCount).toBe(asked + 1);
    await first.set({ availability: 'up' });
    const before = first.requestCount;
    await pass(MINUTE_MS);
    // One alone, then the other five together.
    expect(first.requestCount).toBe(before + 2);
    expect(stored(1).stamp?.hashChainResult).toBeNull();
    expect(stored(2).stamp?.hashChainResult).not.toBeNull();
    expect(log.store.waitingCount()).toBe(0);
    expect(stamper.lastError).toBeNull();
  });

  test('the clock starts at the first failure, and refuses when the period is over', async () => {
    await allRefuse();
    fill(2);
    await stamper.run();
    const sinceMs = clock.nowMs();
    expect(stamper.failingSinceMs).toBe(sinceMs);
    clock.advance(4 * HOUR_MS);
    await stamper.run();
    expect(stamper.failingSinceMs).toBe(sinceMs);
    expect(stamper.isInTime).toBe(true);
    clock.advance(1);
    expect(stamper.isInTime).toBe(false);
    view = { ...view, acceptableFailureUs: 0 };
    expect(stamper.isInTime).toBe(true);
    view = { ...view, acceptableFailureUs: 14_400e6, isImmediate: true };
    expect(stamper.isInTime).toBe(true);
  });

  test('a server that has nothing to stamp never starts the clock', async () => {
    await allRefuse();
    await stamper.run();
    clock.advance(24 * HOUR_MS);
    await stamper.run();
    expect(stamper.failingSinceMs).toBeNull();
    expect(stamper.isInTime).toBe(true);
  });

  test('a restart forgets since when it failed, and takes up what waits', async () => {
    await allRefuse();
    fill(3);
    await stamper.run();
    expect(stamper.failingSinceMs).not.toBeNull();
    await stamper.close();
    stamper = new TimeStamper({ log, clock, view: () => view });
    expect(stamper.failingSinceMs).toBeNull();
    await first.set({ availability: 'up' });
    await stamper.run();
    expect(log.store.waitingCount()).toBe(0);
  });

  test('a full disk, nobody to ask and nobody to trust are failures, too', async () => {
    fill(2);
    log.disk.isFull = true;
    await stamper.run();
    expect(String(stamper.lastError)).toContain('no space left');
    log.disk.isFull = false;
    await stamper.close();

    for (const [change, text] of [
      [{ known: null }, 'no valid global configuration'],
      [{ urls: [] }, 'no time-stamping authority'],
      [{ known: [] }, 'signed by nobody we know'],
    ] as const) {
      view = { ...sample.view({ urls: [first.url] }), ...change };
      stamper = new TimeStamper({ log, clock, view: () => view });
      await stamper.run();
      expect(String(stamper.lastError)).toContain(text);
      expect(stamper.failingSinceMs).toBe(clock.nowMs());
      expect(stamper.isConfigured).toBe(view.urls.length > 0);
    }
    expect(log.store.waitingCount()).toBe(2);
  });

  test('one that hangs is left when the server closes', async () => {
    await first.set({ availability: 'hanging' });
    const asked = first.requestCount;
    fill(2);
    const running = stamper.run();
    while (first.requestCount === asked) await new Promise((resolve) => setImmediate(resolve));
    await stamper.close();
    await running;
    expect(stamper.failingSinceMs).toBeNull();
    expect(clock.alarmCount).toBe(0);
  });
});

describe('at once', () => {
  test('one record, whatever else waits', async () => {
    fill(1);
    const id = await log.commit(sample.record('now'));
    await stamper.stampNow(id);
    expect(stored(id).stamp?.hashChainResult).toBeNull();
    expect(log.store.waitingCount()).toBe(1);
    const asked = first.requestCount;
    await stamper.stampNow(id);
    expect(first.requestCount).toBe(asked);
  });

  test('is refused where no authority answers, and ends a failure where one does', async () => {
    const ids = [];
    for (const name of ['a', 'b', 'c']) ids.push(await log.commit(sample.record(name)));
    view = { ...view, urls: [first.url] };
    await first.set({ availability: 'refusing' });
    await stamper.run();
    await expect(stamper.stampNow(ids[0])).rejects.toThrow(first.url);
    await first.set({ availability: 'up' });
    await stamper.stampNow(ids[0]);
    expect(stamper.failingSinceMs).toBeNull();
    await stamper.run();
    expect(log.store.waitingCount()).toBe(0);
  });

  test('a batch that was quicker keeps its time-stamp', async () => {
    const ids = [];
    for (const name of ['a', 'b']) ids.push(await log.commit(sample.record(name)));
    await second.set({ delayMs: 0 });
    const batch = stamper.run();
    await Promise.all([batch, stamper.stampNow(ids[0])]);
    const { stamp, signature } = stored(ids[0]);
    const isInSignature = readXades(Buffer.from(signature)).timeStamp !== null;
    // Whichever came first: the two say the same.
    expect(isInSignature).toBe(stamp?.hashChainResult === null);
    expect(stored(ids[1]).stamp).not.toBeNull();
  });
});
