/**
 * The promise of the live engine: under load, with forged and malformed messages coming in between,
 * nothing is accepted that X-Road would refuse, everything that is accepted stands in both logs,
 * and every signature in them holds in the eyes of a verifier who has only what anybody may
 * download. What X-Road itself lets through, replays, is counted as such (facts 13.22).
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Document, WorkloadDocument } from '../plan/document.ts';
import { CONSUMER, loadedDocument, PROVIDER } from '../testing/doomed-network.ts';
import { identityOf, takeMessage } from '../testing/eavesdropper.ts';
import type { Line } from '../testing/eavesdropper.ts';
import { judgeContainers, loggedIn, logPathOf } from '../testing/logged-messages.ts';
import { withFlippedBit } from '../testing/outside-judge.ts';
import type { LiveAnswer } from './caller.ts';
import type { Anchors } from './evidence/anchors.ts';
import { readAnchors } from './evidence/anchors.ts';
import { UnreadableError } from './evidence/evidence-error.ts';
import { verifyEvidence } from './evidence/verify-evidence.ts';
import { readZip } from './evidence/zip.ts';
import type { StoredMessage } from './log/log-record.ts';
import { requestHttp } from './loopback.ts';
import type { Identity } from './loopback.ts';
import { startNetwork } from './network.ts';
import type { LiveNetwork } from './network.ts';
import { reconcileLogs } from './reconcile.ts';
import { sendInTurn } from './trouble/attack-acts.ts';
import { startAttack } from './trouble/attacks.ts';
import type { Attack, AttackAct } from './trouble/attacks.ts';
import { FORGERIES, MALFORMED } from './trouble/forgeries.ts';
import type { Forgery } from './trouble/forgeries.ts';
import { requestBytes } from './trouble/recorded-message.ts';
import type { RecordedMessage } from './trouble/recorded-message.ts';

const CALLERS = 40;
const CALLS_EACH = 5;
const GENUINE = CALLERS * CALLS_EACH;
const REPLAYS = 20;
/** How often each forgery comes at least. */
const ROUNDS = 2;
const UNKNOWN = ['127.66.4.1', '127.66.4.2', '127.66.4.3'];

/** What one of the two servers, or the client, does wrong, and what the client is told. */
const REFUSED: Readonly<Record<string, string>> = {
  tampered: 'server.serverproxy.invalid_signature_value',
  'stale-ocsp': 'server.serverproxy.',
  'wrong-signer': 'server.serverproxy.',
  'no-signature': 'server.serverproxy.',
  'no-message-part': 'server.serverproxy.',
  'broken-multipart': 'server.serverproxy.',
  'not-post': 'server.serverproxy.',
  'unknown-service': 'server.serverproxy.unknown_service',
  'unregistered-client': 'server.clientproxy.',
  'without-rights': 'server.serverproxy.access_denied',
};

function documentWithOffenders(): Document {
  const document = loadedDocument();
  const { servers, members } = document.instances['EE'];
  const stranger = 'GOV/70000001/stranger';
  (servers[0].subsystems as string[]).push(stranger);
  (members[0].subsystems as string[]).push('stranger');
  const [genuine] = document.workloads;
  const offenders = Object.keys(REFUSED).map((name): WorkloadDocument => {
    if (name === 'without-rights') return { ...genuine, id: name, client: `EE/${stranger}` };
    return { ...genuine, id: name, defects: [name] };
  });
  return { ...document, workloads: [genuine, ...offenders] };
}

let directory = '';
let started: LiveNetwork | null = null;
let line: Line | null = null;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'fedlab-never-wrong-'));
  const options = { directory, ports: null, trust: null, allowsRestToSoap: false };
  started = await startNetwork(documentWithOffenders(), options);
  line = { network: started, consumer: CONSUMER, provider: PROVIDER };
});

afterAll(async () => {
  await started?.stop();
  rmSync(directory, { recursive: true, force: true });
});

function live(): LiveNetwork {
  if (started === null) throw new Error('the network runs before all tests');
  return started;
}

const taken = (workload = 0): Promise<RecordedMessage> => {
  if (line === null) throw new Error('the network runs before all tests');
  return takeMessage(line, workload);
};

/** On the provider's port for messages. */
function attack(identity: Identity, from: readonly string[], act: AttackAct): Attack {
  return startAttack({
    target: {
      endpoint: live().endpointsOf(PROVIDER).messages,
      tls: { identity, authorities: [live().services('EE').pki.root.key.certificatePem] },
    },
    from,
    ratePerSecond: 20,
    socketsMax: 8,
    act,
  });
}

/** As one caller does, who waits for each answer. */
async function callInTurn(count: number): Promise<LiveAnswer[]> {
  const answers: LiveAnswer[] = [];
  while (answers.length < count) answers.push(await live().call(0, { sendsId: true }));
  return answers;
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => void setTimeout(resolve, 5));
}

async function settled(): Promise<void> {
  for (const side of [CONSUMER, PROVIDER]) await live().server(side).settled();
}

const seenCount = (): number => live().provider('registry-system').seen.length;
const logOf = (server: string): StoredMessage[] => loggedIn(logPathOf(directory, server));
const namesIn = (log: readonly StoredMessage[]): string[] =>
  log.map(({ messageId, isResponse }) => `${isResponse ? 'response' : 'request'} ${messageId}`);

const idOf = ({ body }: RecordedMessage): string =>
  /x-road-id: *([\w-]+)/i.exec(body.toString('latin1'))?.[1] ?? '';

/** Everything that can be made of a genuine message, but the message itself. */
function forgeriesOf(message: RecordedMessage, other: RecordedMessage): Buffer[] {
  const forged: readonly [string, Forgery][] = Object.entries(FORGERIES);
  const made = forged
    .filter(([name]) => name !== 'replayed')
    .map(([, forge]) => forge(message, other));
  const malformed = Object.values(MALFORMED).map((spoil) => spoil(message));
  return [...made, ...malformed].map(requestBytes);
}

/** Of the load, for the tests that judge what it has left. */
interface Aftermath {
  readonly genuine: readonly LiveAnswer[];
  readonly offenders: ReadonlyMap<string, readonly LiveAnswer[]>;
  readonly replayedId: string;
  readonly forgedIds: readonly string[];
  readonly seenCount: number;
}

let aftermath: Aftermath | null = null;

function after(): Aftermath {
  if (aftermath === null) throw new Error('the load has failed');
  return aftermath;
}

test('under load and attack every genuine call is answered', async () => {
  const [genuine, other, replayed] = [await taken(), await taken(), await taken()];
  const forgeries = forgeriesOf(genuine, other);
  const known = live().endpointsOf(CONSUMER).messages.address;
  const thief = identityOf({ network: live() }, CONSUMER);
  const nobody = live().services('EE').pki.authenticationOf('EE/GOV/70000009/no', 'Nobody');
  const replays = requestBytes(replayed);
  const attacks = [
    attack(thief, [known], sendInTurn(forgeries)),
    attack(thief, UNKNOWN, sendInTurn(forgeries.toReversed())),
    attack(nobody, UNKNOWN, sendInTurn([requestBytes(genuine)])),
    attack(thief, UNKNOWN, (wire, ordinal) => {
      if (ordinal < REPLAYS) wire.write(replays);
      else wire.destroy();
    }),
  ];
  const names = Object.keys(REFUSED);
  const calls = Array.from({ length: CALLERS }, () => callInTurn(CALLS_EACH));
  const offending = names.map((_name, at) =>
    Promise.all(Array.from({ length: 3 }, () => live().call(at + 1, { sendsId: true }))),
  );
  const answers = (await Promise.all(calls)).flat();
  const refused = await Promise.all(offending);
  await until(() =>
    attacks.slice(0, 2).every(({ counts }) => {
      return counts.sent >= ROUNDS * forgeries.length;
    }),
  );
  await until(() => attacks[3].counts.answered.get(200) === REPLAYS);
  const counts = await Promise.all(attacks.map((one) => one.stop()));
  await settled();
  aftermath = {
    genuine: answers,
    offenders: new Map(names.map((name, at) => [name, refused[at]])),
    replayedId: idOf(replayed),
    forgedIds: [idOf(genuine), idOf(other)],
    seenCount: seenCount(),
  };
  const failed = answers.filter(({ status, faultCode }) => status !== 200 || faultCode !== null);
  expect(failed.map(({ status, faultCode }) => [status, faultCode])).toEqual([]);
  // Who is known to nobody does not get as far as HTTP.
  expect([...counts[2].answered]).toEqual([]);
});

describe('after it', () => {
  test.each(Object.entries(REFUSED))('%s was refused', (name, code) => {
    const answers = after().offenders.get(name) ?? [];
    expect(answers).toHaveLength(3);
    for (const { faultCode } of answers) expect(faultCode).toContain(code);
  });

  test('the provider was asked as often as there were genuine calls and replays', () => {
    expect(after().seenCount).toBe(GENUINE + REPLAYS);
  });

  test('its log holds these, and nothing else', () => {
    const { genuine, replayedId, forgedIds } = after();
    const times = (id: string, count: number): string[] =>
      Array.from({ length: count }, () => [`request ${id}`, `response ${id}`]).flat();
    const expected = genuine.flatMap(({ messageId }) => times(messageId, 1));
    const names = namesIn(logOf(PROVIDER));
    expect(names.toSorted()).toEqual([...expected, ...times(replayedId, REPLAYS)].toSorted());
    expect(names.filter((name) => forgedIds.some((id) => name.endsWith(id)))).toEqual([]);
  });

  test('the log of the consumer holds no response that was not genuine', () => {
    const responses = logOf(CONSUMER).filter(({ isResponse }) => isResponse);
    const ids = responses.map(({ messageId }) => messageId).toSorted();
    expect(ids).toEqual(
      after()
        .genuine.map(({ messageId }) => messageId)
        .toSorted(),
    );
  });

  test('both logs hold the same bytes, and replays are replays', () => {
    const { genuine, replayedId } = after();
    const found = reconcileLogs(logOf(CONSUMER), logOf(PROVIDER));
    // The request that was taken off the wire came late, but as it was sent.
    expect(found.matchedCount).toBe(2 * genuine.length + 1);
    expect(found.differing).toEqual([]);
    expect(found.repeated).toEqual([
      { messageId: replayedId, isResponse: false, at: 'provider', times: REPLAYS },
    ]);
    const ids = new Set(genuine.map(({ messageId }) => messageId));
    expect(found.missing.filter(({ messageId }) => ids.has(messageId))).toEqual([]);
    const toNobody = found.missing.filter(({ missingAt }) => missingAt === 'consumer');
    expect(toNobody).toEqual(
      toNobody.map(() => ({
        messageId: replayedId,
        isResponse: true,
        missingAt: 'consumer',
      })),
    );
    expect(toNobody.length).toBeGreaterThan(0);
  });
});

describe('evidence', () => {
  let anchors: Anchors;

  beforeAll(async () => {
    for (const side of [CONSUMER, PROVIDER]) {
      const { trust } = live().server(side);
      await trust.timeStamper.run();
    }
    anchors = readAnchors([await download('verificationconf.zip', '/verificationconf')]);
  });

  /** As an information system of the consumer gets it. */
  async function download(name: string, path: string): Promise<string> {
    const call = { method: 'GET', path, rawHeaders: [], body: null, signal: null };
    const answer = await requestHttp(live().endpointsOf(CONSUMER).client, call);
    expect(answer.status).toBe(200);
    const file = join(directory, name);
    writeFileSync(file, Buffer.concat(await Array.fromAsync(answer.body)));
    return file;
  }

  test.each([CONSUMER, PROVIDER])('%s: all is time-stamped, and all holds', (side) => {
    expect(live().server(side).messageLog.store.waitingCount()).toBe(0);
    const log = logOf(side);
    // Signed by X-Road's rules, whether the message was good for anything else or not.
    const { genuine, replayedId } = after();
    const ids = new Set([replayedId, ...genuine.map(({ messageId }) => messageId)]);
    const accepted = log.filter(({ messageId }) => ids.has(messageId));
    const { containers, failures } = judgeContainers(join(directory, 'out'), accepted, anchors);
    expect([containers, failures]).toEqual([accepted.length, []]);
  });

  test('what is downloaded passes, and not after one changed byte', async () => {
    for (const { messageId } of after().genuine.slice(0, 5)) {
      const who = 'xRoadInstance=EE&memberClass=GOV&memberCode=70000001&subsystemCode=portal';
      const path = `/asic?${who}&queryId=${messageId}`;
      const file = await download(`${messageId}.zip`, path);
      expect(verifyEvidence(file, anchors)).toMatchObject({ verdict: 'passed', containers: 2 });
      const single = await download(`${messageId}.asice`, `${path}&unique&responseOnly`);
      const unpacked = unpack(single);
      expect(verdictOf(unpacked)).toBe('passed');
      for (const name of ['message.xml', 'attachment1', 'META-INF/timestamp.tst']) {
        const whole = readFileSync(join(unpacked, name));
        for (const fromEnd of [1, Math.ceil(whole.length / 2), whole.length]) {
          writeFileSync(join(unpacked, name), withFlippedBit(whole, fromEnd));
          expect([name, fromEnd, verdictOf(unpacked)]).not.toEqual([name, fromEnd, 'passed']);
        }
        writeFileSync(join(unpacked, name), whole);
      }
    }
  });

  /** Into a folder of its own, so that a changed byte is not a broken zip. */
  function unpack(container: string): string {
    const target = `${container}.unpacked`;
    const limits = { entriesMax: 100, entryBytesMax: 1e7, totalBytesMax: 1e7 };
    for (const { name, read } of readZip(readFileSync(container), limits)) {
      mkdirSync(dirname(join(target, name)), { recursive: true });
      writeFileSync(join(target, name), read());
    }
    return target;
  }

  /** `unreadable` where there is nothing to judge any more. */
  function verdictOf(path: string): string {
    try {
      return verifyEvidence(path, anchors).verdict;
    } catch (error) {
      if (error instanceof UnreadableError) return 'unreadable';
      throw error;
    }
  }
});
