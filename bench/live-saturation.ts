/**
 * The live slice at saturation: two security servers, an information system and autocannon in one
 * process. Beside it, in the same round and in a process of the same kind, the cryptography that an
 * exchange cannot do without, and nothing else:
 *
 *    one handshake of mutual TLS 1.2, both ends      the connection between the servers
 *    two signatures, two verifications               request and response, RSA-2048, SHA-512
 *
 * with as many at once as the slice has connections. The ratio is the share of that bound which the
 * slice reaches. It may pass 1 only where batches spare signatures, hence the slice without them.
 *
 * The loop is closed: who waits does not call. So the figures say how much goes through, and the
 * times beside them are no claim about latency; bench/README.md says why.
 */
import { createPrivateKey, randomBytes, sign, verify, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { callOf } from '../sim/live/caller.ts';
import { connectTcp, listenMutualTls, saturate, secure } from '../sim/live/loopback.ts';
import type { Endpoint, Saturation } from '../sim/live/loopback.ts';
import { MessageLog } from '../sim/live/message-log.ts';
import { startNetwork } from '../sim/live/network.ts';
import type { LiveNetwork } from '../sim/live/network.ts';
import { Trust } from '../sim/live/trust.ts';
import type { Certified } from '../sim/live/trust.ts';
import { threeDigits } from './harness.ts';
import type { Bench, Contender, Measurement } from './harness.ts';
import { documentOf } from './model.ts';

const SCENARIO = 'bench/live-saturation.scenario.yaml';
const CONNECTIONS = [1, 4, 16, 64] as const;
const SERVERS = ['DEV/consumer', 'DEV/provider'] as const;
const KEY_BITS = 2048;

/** Until the code is compiled and every certificate has been read once. */
const WARM_UP_SECONDS = 2;
const SECONDS = 5;
const COMMITS = 50;

/** What happened in a while, and how much of the processor it took. */
interface While {
  readonly count: number;
  readonly seconds: number;
  readonly latenciesMs: readonly number[];
  readonly cores: number;
  readonly cpuEachMs: number;
}

async function measureSlice(connections: number, batches: boolean): Promise<Measurement> {
  const directory = mkdtempSync(join(tmpdir(), 'fedlab-bench-'));
  const document = documentOf(SCENARIO, [`instances.DEV.parameters.batchSigning=${batches}`]);
  const options = { directory, ports: null, trust: null, allowsRestToSoap: false };
  const live = await startNetwork(document, options);
  try {
    const { client } = live.endpointsOf(SERVERS[0]);
    const [workload] = document.workloads;
    const call = callOf(workload, 1024, null);
    const press = (seconds: number): Promise<Saturation> =>
      saturate(client, call, { connections, seconds, calls: null });
    await press(WARM_UP_SECONDS);
    // Exchanges whose callers were cut off when time was up live on: they are waited for, before
    // the measurement and after it, or it would pay for those before it.
    const before = await settledWork(live);
    const cpuFrom = process.cpuUsage();
    const { answered, refused, errors, seconds, latenciesMs } = await press(SECONDS);
    const cores = cpuMsSince(cpuFrom) / 1000 / seconds;
    const after = await settledWork(live);
    const exchanges = after.exchanges - before.exchanges;
    const cpuEachMs = cpuMsSince(cpuFrom) / exchanges;
    const each = (after.signatures - before.signatures) / exchanges;
    return report({ count: answered - refused, seconds, latenciesMs, cores, cpuEachMs }, [
      `${threeDigits(each)} signatures an exchange`,
      `a commit ${threeDigits(commitMsIn(directory))} ms`,
      `${refused + errors} errors`,
    ]);
  } finally {
    await live.stop();
    rmSync(directory, { recursive: true });
  }
}

/** An exchange makes four, one after another: beside the cryptography, the disk is its bound. */
function commitMsIn(directory: string): number {
  const log = new MessageLog(join(directory, 'commits.sqlite'), 1);
  const text = 's'.repeat(2048);
  const record = {
    timeMs: 0,
    messageId: 'bench',
    requestId: 'bench',
    isResponse: false,
    sender: 'bench',
    owner: null,
    message: text,
    body: null,
    attachments: null,
    signature: text,
    hashChainResult: null,
    hashChain: null,
  };
  const sinceMs = performance.now();
  for (let count = 0; count < COMMITS; count++) {
    log.write(record);
  }
  const tookMs = performance.now() - sinceMs;
  log.close();
  return tookMs / COMMITS;
}

interface Work {
  readonly exchanges: number;
  readonly signatures: number;
}

/** What the servers have done, once nothing is under way. */
async function settledWork(live: LiveNetwork): Promise<Work> {
  const [consumer, provider] = SERVERS.map((name) => live.server(name));
  await consumer.settled();
  await provider.settled();
  return {
    // Each has logged a request and a response.
    exchanges: consumer.messageLog.rows().length / 2,
    signatures: consumer.signer.operationCount + provider.signer.operationCount,
  };
}

async function measureCryptography(atOnce: number): Promise<Measurement> {
  const trust = new Trust();
  const [consumer, provider] = SERVERS.map((name) =>
    trust.authenticationOf(name.replace('/', '/ORG/LAB/'), KEY_BITS),
  );
  const signing = trust.signingOf('DEV/ORG/CONSUMER', SERVERS[0], KEY_BITS);
  const own = {
    identity: consumer,
    authorityPem: trust.authorityOf('DEV').certificatePem,
    privateKey: createPrivateKey(signing.keyPem),
    publicKey: new X509Certificate(signing.certificatePem).publicKey,
  };
  const at = { address: '127.0.0.1', port: 0 };
  const listener = await listenMutualTls(
    at,
    provider,
    () => true,
    () => undefined,
  );
  try {
    await repeat(() => cryptographyOfOne(own, listener), atOnce, WARM_UP_SECONDS);
    const cpuFrom = process.cpuUsage();
    const done = await repeat(() => cryptographyOfOne(own, listener), atOnce, SECONDS);
    const cpuMs = cpuMsSince(cpuFrom);
    const cores = cpuMs / 1000 / done.seconds;
    return report({ ...done, cores, cpuEachMs: cpuMs / done.count }, []);
  } finally {
    await listener.close();
  }
}

interface Keys {
  readonly identity: Certified;
  readonly authorityPem: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

async function cryptographyOfOne(keys: Keys, listener: Endpoint): Promise<void> {
  const tcp = await connectTcp(listener).done;
  const socket = await secure(tcp, keys.identity, [keys.authorityPem]).done;
  const closed = new Promise((resolve) => socket.once('close', resolve));
  for (let message = 0; message < 2; message++) {
    const root = randomBytes(64);
    const value = await signed(root, keys.privateKey);
    if (!(await isSigned(root, keys.publicKey, value))) throw new Error('a signature does not fit');
  }
  socket.destroySoon();
  await closed;
}

// Both in Node's thread pool, where the live signer has them done, too.
function signed(root: Buffer, key: KeyObject): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    sign('sha512', root, key, (error, value) => (error === null ? resolve(value) : reject(error)));
  });
}

function isSigned(root: Buffer, key: KeyObject, value: Buffer): Promise<boolean> {
  return new Promise((resolve, reject) => {
    verify('sha512', root, key, value, (error, fits) =>
      error === null ? resolve(fits) : reject(error),
    );
  });
}

/** A closed loop like autocannon's: so many workers, each of which begins again at once. */
async function repeat(
  work: () => Promise<void>,
  workers: number,
  seconds: number,
): Promise<Pick<While, 'count' | 'seconds' | 'latenciesMs'>> {
  const latenciesMs: number[] = [];
  const sinceMs = performance.now();
  const endMs = sinceMs + seconds * 1000;
  let lastMs = sinceMs;
  const loop = async (): Promise<void> => {
    for (let fromMs = performance.now(); fromMs < endMs; fromMs = performance.now()) {
      await work();
      lastMs = performance.now();
      latenciesMs.push(lastMs - fromMs);
    }
  };
  await Promise.all(Array.from({ length: workers }, loop));
  return { count: latenciesMs.length, seconds: (lastMs - sinceMs) / 1000, latenciesMs };
}

function cpuMsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function report(seen: While, more: string[]): Measurement {
  const { count, seconds, latenciesMs, cores, cpuEachMs } = seen;
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  const [p50, p99] = [0.5, 0.99].map((share) => sorted[Math.floor(share * sorted.length)] ?? NaN);
  const times = `p50 ${threeDigits(p50)} ms, p99 ${threeDigits(p99)} ms`;
  const processor = `${threeDigits(cpuEachMs)} ms of processor each`;
  const busy = `${threeDigits(cores)} cores busy`;
  return { value: count / seconds, notes: [times, processor, busy, ...more] };
}

function groupOf(connections: number): Contender[] {
  const many = `${connections} at once`;
  return [
    { name: `cryptography alone, ${many}`, measure: () => measureCryptography(connections) },
    { name: `slice without batches, ${many}`, measure: () => measureSlice(connections, false) },
    { name: `slice, ${many}`, measure: () => measureSlice(connections, true) },
  ];
}

export const LIVE_SATURATION: Bench = {
  name: 'live-saturation',
  title: 'Live slice at saturation: two servers, RSA-2048, one process',
  unit: 'exchanges/s of wall time',
  isMoreBetter: true,
  rounds: 3,
  groups: CONNECTIONS.map(groupOf),
};
