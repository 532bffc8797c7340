/**
 * Measures this machine's service times for every effect, as the live engine performs it: real
 * keys, TLS 1.2, commits to SQLite. The result is a calibration, from which the virtual engine
 * samples: the list of effects is the list of things measured.
 */
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, release, tmpdir, type } from 'node:os';
import { join } from 'node:path';
import { KEY_TYPES } from '../plan/calibration.ts';
import type { Calibration, CostDocument, KeyType } from '../plan/calibration.ts';
import type { CostName } from '../protocol/effect.ts';
import { decodeRequestHead, encodeRequestHead, parseRequestPath } from '../protocol/message.ts';
import { makeMeasuredKey } from './calibrate-keys.ts';
import type { MeasuredKey } from './calibrate-keys.ts';
import { signatureTasks, signItemsTask } from './calibrate-messages.ts';
import { fitLognormal, measureSync, round, summarise } from './calibrate-samples.ts';
import type { Precision } from './calibrate-samples.ts';
import { measurePair } from './calibrate-threads.ts';
import type { PairSamples } from './calibrate-threads.ts';
import type { Identity } from './loopback.ts';
import { MessageLog } from './message-log.ts';
import { MessageParts } from './message-parts.ts';
import { isIssuedBy } from './trust.ts';

export interface CalibrateOptions {
  readonly name: string;
  readonly precision: Precision;
  /** Folder of the message log that is measured: the disk matters. Null: a temporary one. */
  readonly logDirectory: string | null;
  /** Told of each cost as it is known. */
  readonly report: (line: string) => void;
}

type Costs = Record<CostName, CostDocument>;

/** Of the same value for every key type, or nearly so. */
const SMALL_KIB = 1;
const LARGE_KIB = 256;
const LOG_KIB = 64;

export async function calibrate(options: CalibrateOptions): Promise<Calibration> {
  const loadBefore = loadavg()[0];
  const found: [KeyType, Costs][] = [];
  const spread: string[] = [];
  const note = (line: string): void => {
    spread.push(line);
    options.report(line);
  };
  const shared = await measureShared(options, note);
  for (const keyType of KEY_TYPES) {
    const keyed = await measureKeyed(keyType, shared.receivePerKib, options, note);
    found.push([keyType, { ...shared.costs, ...keyed }]);
  }
  return {
    name: options.name,
    title: "Fedlab's own live engine on Node, as measured on one machine",
    method: [...METHOD, ...warnOf(loadBefore), ...spread],
    machine: describeMachine(loadBefore),
    date: new Date().toISOString().slice(0, 10),
    keyTypes: Object.fromEntries(found) as Record<KeyType, Costs>,
  };
}

/** As it is committed: `scenarios/calibrations/<name>.calibration.json`. */
export function formatCalibration(calibration: Calibration): string {
  return `${JSON.stringify(calibration, null, 1)}\n`;
}

const METHOD: readonly string[] = [
  'measured by sim/live/calibrate.ts; processor time is that of the thread alone (getrusage), so ' +
    'what else runs there delays it; it also slows a shared core down, so a low load matters',
  'handshakes, messages and HTTP: both ends in threads of one process, connections one after ' +
    'another on loopback, each thread counting its own time, the part of the kernel included',
  'everything else: one thread, repeated in groups of at least 500 us; a sample is the mean of a ' +
    'group, so the spread of single operations is wider than noted',
  'sampled until the 95 % interval of the mean is as narrow as asked, or the budget is spent; ' +
    'then a lognormal law with the mean of the samples and the spread of their logarithms',
  "parse and respond: an HTTP request on a connection of its own at the consumer's server; " +
    'forward: the same from the side of the caller',
  'stream: what a message costs its sender beyond the handshake (all suites share AES-256 and ' +
    'SHA-384, so the key does not matter); verify has the part of the ' +
    'receiver per KiB (TLS, multipart, SHA-512)',
  'sign and verify: XAdES with one OCSP response over the result of a hash chain; signItem: a ' +
    'message of a batch of four',
  'admit: multipart and head of the request, and the chain of the certificate of the peer',
  'logCommit: one INSERT of 12 KiB of head and signature, WAL, synchronous FULL; its delay is ' +
    'the time the thread waited for the disk, not for a core',
];

/** Two threads of one core share its units, so a busy neighbour makes every figure larger. */
function warnOf(loadBefore: number): string[] {
  if (loadBefore < cpus().length / 4) return [];
  const load = loadBefore.toFixed(2);
  return [`the machine was busy (load ${load}), so the figures are too high: measure again`];
}

function describeMachine(loadBefore: number): string {
  const [processor] = cpus();
  const load = `load ${loadBefore.toFixed(2)} before, ${loadavg()[0].toFixed(2)} after`;
  return (
    `${processor?.model.trim() ?? 'unknown'}, ${cpus().length} cores, ${type()} ${release()}, ` +
    `Node ${process.version}, OpenSSL ${process.versions.openssl}, ${load}`
  );
}

type Note = (line: string) => void;

interface Shared {
  readonly costs: Omit<Costs, KeyedCost>;
  /** What a KiB costs the receiver of a message. */
  readonly receivePerKib: number;
}

/** Costs that do not depend on the key. */
async function measureShared(
  { precision, logDirectory }: CalibrateOptions,
  note: Note,
): Promise<Shared> {
  const identity = makeMeasuredKey('rsa-2048');
  const pair = (
    kind: 'http' | 'message',
    requestKib: number,
    responseKib: number,
  ): Promise<PairSamples> =>
    measurePair({ kind, identity: pemsOf(identity), requestKib, responseKib, precision });
  const small = await pair('http', SMALL_KIB, SMALL_KIB);
  const largeRequest = await pair('http', LARGE_KIB, SMALL_KIB);
  const largeResponse = await pair('http', SMALL_KIB, LARGE_KIB);
  const message = await pair('message', SMALL_KIB, 0);
  const largeMessage = await pair('message', LARGE_KIB, 0);
  // The server's time between two requests is that of both parts.
  const respondMean = summarise(small.respond).mean;
  const parse = small.server.map((us) => Math.max(0, us - respondMean));
  const forwardPerKib = slopeOf(small.client, largeRequest.client);
  const respondPerKib = slopeOf(small.respond, largeResponse.respond);
  const items = measureSync(signItemsTask(HEAD, BATCH), precision).cpuUs;
  const item = items.map((us) => us / BATCH);
  return {
    costs: {
      parse: costOf('parse', parse, 0, note),
      forward: costOf('forward', small.client, forwardPerKib, note),
      respond: costOf('respond', small.respond, respondPerKib, note),
      stream: costOf('stream', message.client, slopeOf(message.client, largeMessage.client), note),
      signItem: costOf('signItem', item, 0, note),
      logCommit: measureLog(logDirectory, precision, note),
    },
    receivePerKib: slopeOf(message.server, largeMessage.server),
  };
}

type KeyedCost = 'handshakeClient' | 'handshakeServer' | 'sign' | 'verify' | 'admit';

async function measureKeyed(
  keyType: KeyType,
  receivePerKib: number,
  { precision }: CalibrateOptions,
  note: Note,
): Promise<Pick<Costs, KeyedCost>> {
  const key = makeMeasuredKey(keyType);
  const handshake = await measurePair({
    kind: 'handshake',
    identity: pemsOf(key),
    requestKib: 0,
    responseKib: 0,
    precision,
  });
  const cpuUs = (once: () => void): number[] => measureSync(once, precision).cpuUs;
  const tasks = signatureTasks(keyType, Buffer.from(HEAD));
  const signUs = cpuUs(tasks.sign);
  const verifyUs = cpuUs(tasks.verify);
  const admitUs = cpuUs(admitTask(key));
  const noteKeyed = (line: string): void => note(`${keyType} ${line}`);
  return {
    handshakeClient: costOf('handshakeClient', handshake.client, 0, noteKeyed),
    handshakeServer: costOf('handshakeServer', handshake.server, 0, noteKeyed),
    sign: costOf('sign', signUs, 0, noteKeyed),
    verify: costOf('verify', verifyUs, receivePerKib, noteKeyed),
    admit: costOf('admit', admitUs, 0, noteKeyed),
  };
}

/** Messages in the batch of which one is measured. */
const BATCH = 4;
const HEAD = encodeRequestHead({
  verb: 'POST',
  path: '/r1/EE/GOV/70000002/registry/persons/people/search',
  query: 'id=7',
  headers: [
    { name: 'X-Road-Client', value: 'EE/GOV/70000001/portal' },
    { name: 'x-road-id', value: 'calibration-1' },
    { name: 'x-road-request-id', value: 'b7a0b8a4-7c52-4d8b-9c1f-0d3f6a6c1a10' },
    { name: 'content-type', value: 'application/json' },
  ],
});

/** A key object does not travel between threads, its text does. */
const pemsOf = ({ keyPem, certificatePem }: MeasuredKey): Identity => ({ keyPem, certificatePem });

function admitTask(key: MeasuredKey): () => void {
  const x509 = new X509Certificate(key.certificatePem);
  const boundary = 'xtopcalibration';
  const message = Buffer.concat([
    Buffer.from(`--${boundary}\r\ncontent-type: application/x-road-rest-request\r\n\r\n`),
    HEAD,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
  const silent = (): void => undefined;
  return () => {
    const events = { headCame: silent, messagePartCame: silent, ended: silent };
    const parts = new MessageParts(boundary, events);
    parts.push(message);
    const head = decodeRequestHead(parts.head ?? HEAD);
    parseRequestPath(head?.path ?? '');
    isIssuedBy(x509, key.certificatePem, Date.now());
  };
}

function measureLog(directory: string | null, precision: Precision, note: Note): CostDocument {
  const folder = mkdtempSync(join(directory ?? tmpdir(), 'fedlab-calibrate-'));
  const log = new MessageLog(join(folder, 'log.sqlite'), 1);
  const record = {
    timeMs: 0,
    messageId: 'calibration-1',
    requestId: 'calibration-request',
    isResponse: false,
    sender: 'EE/GOV/70000001/portal',
    owner: null,
    attachments: null,
    hashChainResult: null,
    hashChain: null,
    message: Buffer.from(HEAD).toString('utf8'),
    signature: 's'.repeat(12 * 1024),
  };
  try {
    const small = measureSync(() => log.write({ ...record, body: null }), precision);
    const body = Buffer.alloc(LOG_KIB * 1024, 'b');
    const large = measureSync(() => log.write({ ...record, body }), precision);
    const perKib = (summarise(large.cpuUs).mean - summarise(small.cpuUs).mean) / LOG_KIB;
    const cost = costOf('logCommit', small.cpuUs, Math.max(0, perKib), note);
    note(`logCommit delay: ${describe(small.delayUs)}`);
    return { ...cost, delay: fitLognormal(small.delayUs) };
  } finally {
    log.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Processor time for each further KiB. */
function slopeOf(small: readonly number[], large: readonly number[]): number {
  const difference = summarise(large).mean - summarise(small).mean;
  return Math.max(0, difference / (LARGE_KIB - SMALL_KIB));
}

function costOf(name: string, cpuUs: readonly number[], perKib: number, note: Note): CostDocument {
  const slope = perKib === 0 ? '' : `, ${round(perKib)} us a KiB`;
  note(`${name}: ${describe(cpuUs)}${slope}`);
  return {
    cpu: fitLognormal(cpuUs),
    delay: { kind: 'constant', value: 0 },
    cpuUsPerKib: round(perKib),
    samples: cpuUs.length,
    confidence: 'derived',
  };
}

function describe(samples: readonly number[]): string {
  const { count, mean, median, p95, halfWidth } = summarise(samples);
  return (
    `mean ${round(mean)} us (+-${(halfWidth * 100).toFixed(1)} %), median ${round(median)}, ` +
    `p95 ${round(p95)}, ${count} samples`
  );
}
