/**
 * Fits the calibration xroad-7.8 and writes it: `node bench/fit-xroad.ts`.
 *
 * Two kinds of evidence are put together. A set of operational-monitoring records (X-Road, 2020,
 * one host) tells in which proportions the stages of an exchange take time. A measurement of
 * version 7.8's own proxies on two cores tells how much in all: alone, and with sixteen in flight.
 * The proportions are fixed here by reasoning, three numbers are fitted by running the engine on
 * that measurement, and what was not fitted is printed beside what it should be.
 *
 * The records are read in place, from ../shared or from the folder that FEDLAB_VECTORS names.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { runReplication } from '../sim/engine/replication.ts';
import { quantileOf } from '../sim/base/histogram.ts';
import type { Calibration, CostDocument, KeyType } from '../sim/plan/calibration.ts';
import { KEY_TYPES } from '../sim/plan/calibration.ts';
import type { DistributionDocument } from '../sim/plan/document.ts';
import type { CostName } from '../sim/protocol/effect.ts';
import { calibrationPath, planOf, REPOSITORY } from './model.ts';

const SCENARIO = 'bench/xroad-one-host.scenario.yaml';
const RECORDS = 'xroad/vectors/opmonitor/real-stage-timings.csv';

/**
 * X-Road 7.8's own client and server proxies with their signers, the load and the provider on one
 * machine of two cores, message log off, RSA-2048. "13 a second" is given without its fraction.
 */
const MEASURED = {
  alone: { users: 1, throughputRps: 13.5, p50Ms: 72 },
  busy: { users: 16, throughputRps: 88, p50Ms: 176 },
  busyWithReuse: { users: 16, throughputRps: 86 },
} as const;

/** Node's own TLS and signatures in milliseconds, both sides of a handshake (facts 12.3). */
const CRYPTO_MS: Readonly<
  Record<KeyType, Readonly<Record<'handshake' | 'sign' | 'verify', number>>>
> = {
  'rsa-2048': { handshake: 5.1, sign: 0.3, verify: 0.02 },
  'rsa-3072': { handshake: 7.1, sign: 1.57, verify: 0.04 },
  'ec-p256': { handshake: 3.1, sign: 0.03, verify: 0.07 },
};

/**
 * Milliseconds of one core, as the recorded stages suggest them. All but the two crypto costs are
 * multiplied by one fitted factor, since the recorded machine is not the measured one.
 */
const SHAPE_MS = {
  /** Recorded: 2 ms from the consumer's requestIn to requestOut. */
  parse: 2,
  admit: 1,
  /** Head and body: two of the four parts of a message. */
  stream: 0.8,
  /** Recorded: 15 ms from the provider's responseIn to responseOut = stream + sign + log. */
  sign: 11.2,
  /** Recorded: 24 ms at the provider = stream + sign + log + verify + log. */
  verify: 7,
  forward: 0.5,
  /** Recorded: 13 ms at the consumer = verify + log + respond. */
  respond: 2,
} as const;

/** Not scaled: known apart. */
const RSA_2048_OPERATION_MS = 1.5;
const HANDSHAKE_SIDE_MS = 1.1;
const LOG_COMMIT_MS = 3;
/** Spread of a recorded stage over that of its parts, see `readRecords`. */
const PART_OF_SPREAD = 0.65;

/** What a KiB of body costs: read, hash, spool to disk, encrypt or decrypt; see `method`. */
const US_PER_KIB: Partial<Record<CostName, number>> = {
  stream: 6,
  verify: 6,
  logCommit: 4,
  forward: 2,
  respond: 2,
};

interface Records {
  readonly count: number;
  /** Between the consumer's requestOut and the provider's requestIn: see `method`. */
  readonly gapMs: number;
  readonly gapSigma: number;
  readonly sigma: number;
}

interface Free {
  /** On all processor times but the crypto of keys. */
  readonly factor: number;
  /** Part of signing that is work on the message, not the token's and not waiting. */
  readonly itemShare: number;
}

interface Measurement {
  readonly throughputRps: number;
  readonly p50Ms: number;
}

function readRecords(): Records {
  const folder = resolve(REPOSITORY, process.env['FEDLAB_VECTORS'] ?? '../shared');
  const [head, ...lines] = readFileSync(join(folder, RECORDS), 'utf8').trim().split('\n');
  const names = head.split(',');
  const rows = lines
    .map((line) => line.split(','))
    .filter((row) => row[names.indexOf('kind')] === 'REST');
  const column = (name: string): number[] => rows.map((row) => Number(row[names.indexOf(name)]));
  const outToIn = column('c_out_to_resp_in_ms');
  const atProvider = ['p_req_in_to_out_ms', 'p_out_to_resp_in_ms', 'p_resp_in_to_out_ms'].map(
    column,
  );
  const gaps = outToIn.map((ms, row) => ms - atProvider.reduce((sum, part) => sum + part[row], 0));
  // A stage is a sum of parts. If these are independent, their logarithms vary more than that of
  // the sum: by the root of the summed squares of their shares, here 0.55 to 0.77.
  const stages = [atProvider[0], atProvider[2], column('c_resp_in_to_out_ms')];
  const spread = quantile(stages.map(logSpread), 0.5);
  return {
    count: rows.length,
    gapMs: quantile(gaps, 0.5),
    gapSigma: logSpread(gaps),
    sigma: Math.round((spread / PART_OF_SPREAD) * 100) / 100,
  };
}

/** Spread of the logarithm, from the quartiles, so that a few slow exchanges do not decide it. */
function logSpread(values: readonly number[]): number {
  const NORMAL_QUARTILES = 1.349;
  return Math.log(quantile(values, 0.75) / quantile(values, 0.25)) / NORMAL_QUARTILES;
}

function quantile(values: readonly number[], q: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * q)];
}

function costsOf(records: Records, free: Free, keyType: KeyType): Record<CostName, CostDocument> {
  const own = CRYPTO_MS[keyType];
  const base = CRYPTO_MS['rsa-2048'];
  const isBase = keyType === 'rsa-2048';
  const law = (ms: number, sigma = records.sigma): DistributionDocument => {
    const median = Math.round(Math.max(0, ms) * 1000);
    return median === 0 ? { kind: 'constant', value: 0 } : { kind: 'lognormal', median, sigma };
  };
  const cost = (
    name: CostName,
    cpuMs: number,
    delay: DistributionDocument = law(0),
    confidence: CostDocument['confidence'] = 'estimated',
  ): [CostName, CostDocument] => [
    name,
    { cpu: law(cpuMs), delay, cpuUsPerKib: US_PER_KIB[name] ?? 0, samples: 0, confidence },
  ];
  const scaled = (name: keyof typeof SHAPE_MS): number => SHAPE_MS[name] * free.factor;
  const handshakeMs = HANDSHAKE_SIDE_MS + (own.handshake - base.handshake) / 2;
  const itemMs = scaled('sign') * free.itemShare;
  const waitMs = scaled('sign') - itemMs - RSA_2048_OPERATION_MS;
  const operationMs = RSA_2048_OPERATION_MS + own.sign - base.sign;
  const gapMs = records.gapMs - 2 * HANDSHAKE_SIDE_MS;
  const ofKey = isBase ? 'estimated' : 'derived';
  return Object.fromEntries([
    cost('parse', scaled('parse')),
    cost('handshakeClient', handshakeMs, law(0), ofKey),
    cost('handshakeServer', handshakeMs, law(gapMs, records.gapSigma), ofKey),
    cost('stream', scaled('stream')),
    cost('sign', operationMs, law(waitMs), ofKey),
    cost('signItem', itemMs),
    cost('logCommit', 0, law(LOG_COMMIT_MS)),
    cost('verify', scaled('verify') + own.verify - base.verify),
    cost('admit', scaled('admit')),
    cost('forward', scaled('forward')),
    cost('respond', scaled('respond')),
  ]) as Record<CostName, CostDocument>;
}

function calibrationOf(records: Records, free: Free, method: readonly string[]): Calibration {
  return {
    name: 'xroad-7.8',
    title: 'Java security servers of X-Road 7.8, on one core of a virtual machine at 2.3 GHz',
    method,
    machine: 'fitted to a measurement on 2 virtual cores at 2.3 GHz',
    date: '2026-11-25',
    keyTypes: Object.fromEntries(
      KEY_TYPES.map((keyType) => [keyType, costsOf(records, free, keyType)]),
    ) as Calibration['keyTypes'],
  };
}

/** The measurement had no message log. */
function withoutLog(calibration: Calibration): Calibration {
  const zero = { kind: 'constant', value: 0 } as const;
  const keyTypes = Object.fromEntries(
    KEY_TYPES.map((keyType) => {
      const costs = calibration.keyTypes[keyType];
      const logCommit = { ...costs.logCommit, cpu: zero, delay: zero, cpuUsPerKib: 0 };
      return [keyType, { ...costs, logCommit }];
    }),
  ) as Calibration['keyTypes'];
  return { ...calibration, keyTypes };
}

function measure(calibration: Calibration, users: number, sets: readonly string[]): Measurement {
  const plan = planOf(SCENARIO, [`workloads.users.users=${users}`, ...sets], calibration);
  const options = { keep: 'none', onProgress: () => {}, shouldStop: () => false } as const;
  const outcome = runReplication(plan, 0, options);
  if (outcome === null) throw new Error('the run was stopped');
  const [all] = outcome.scopes;
  const { counts, bits, count, max } = all.latency;
  return {
    throughputRps: (all.answered / outcome.measuredUs) * 1e6,
    p50Ms: quantileOf(counts, 0, bits, count, 0.5, max) / 1000,
  };
}

/**
 * Alone, an exchange takes longer with a larger factor and hardly feels what part of signing is
 * work; when the cores are full, only work counts. So each number is fitted by its own figure, in
 * turns. With sixteen in flight there are two figures and one number: it is chosen so that the
 * relative errors of both are equal and opposite.
 */
function fit(records: Records): Free {
  const ROUNDS = 3;
  let free: Free = { factor: 0.6, itemShare: 0.3 };
  const tried = (next: Free): Calibration => withoutLog(calibrationOf(records, next, []));
  const { alone, busy } = MEASURED;
  for (let round = 0; round < ROUNDS; round++) {
    const { itemShare } = free;
    const factor = solve(0.4, 1, 1, (value) => {
      const { p50Ms } = measure(tried({ factor: value, itemShare }), alone.users, []);
      return p50Ms / alone.p50Ms;
    });
    const share = solve(0.05, 0.75, 1, (value) => {
      const found = measure(tried({ factor, itemShare: value }), busy.users, []);
      return found.throughputRps / busy.throughputRps / (found.p50Ms / busy.p50Ms);
    });
    free = { factor: rounded(factor), itemShare: rounded(share) };
  }
  return free;
}

/** Where a monotone function has a value, by regula falsi (Illinois), to a part in a thousand. */
function solve(from: number, to: number, target: number, of: (x: number) => number): number {
  const STEPS_MAX = 12;
  let [low, high] = [from, to];
  let [atLow, atHigh] = [of(low) - target, of(high) - target];
  if (atLow * atHigh > 0) throw new Error(`${target} is not between ${from} and ${to}`);
  let side = 0;
  let x = low;
  for (let step = 0; step < STEPS_MAX; step++) {
    x = (low * atHigh - high * atLow) / (atHigh - atLow);
    const at = of(x) - target;
    if (Math.abs(at) < target / 1000) break;
    if (at * atHigh > 0) {
      [high, atHigh] = [x, at];
      if (side === 1) atLow /= 2;
      side = 1;
    } else {
      [low, atLow] = [x, at];
      if (side === -1) atHigh /= 2;
      side = -1;
    }
  }
  return x;
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

interface Comparison {
  readonly what: string;
  readonly measured: number;
  readonly modelled: number;
  readonly unit: string;
  readonly wasFitted: boolean;
}

function compare(calibration: Calibration): Comparison[] {
  const { alone, busy, busyWithReuse } = MEASURED;
  const reuse = ['instances.DEV.parameters.connectionReuse=true'];
  const atOne = measure(calibration, alone.users, []);
  const atSixteen = measure(calibration, busy.users, []);
  const reusing = measure(calibration, busyWithReuse.users, reuse);
  const row = (
    what: string,
    measured: number,
    modelled: number,
    unit: string,
    wasFitted: boolean,
  ): Comparison => ({ what, measured, modelled, unit, wasFitted });
  return [
    row('p50 alone', alone.p50Ms, atOne.p50Ms, 'ms', true),
    row('exchanges alone', alone.throughputRps, atOne.throughputRps, '/s', false),
    row('exchanges at 16 in flight', busy.throughputRps, atSixteen.throughputRps, '/s', true),
    row('p50 at 16 in flight', busy.p50Ms, atSixteen.p50Ms, 'ms', true),
    row(
      'exchanges at 16, connections reused',
      busyWithReuse.throughputRps,
      reusing.throughputRps,
      '/s',
      false,
    ),
  ];
}

function sentenceOf({ what, measured, modelled, unit, wasFitted }: Comparison): string {
  const error = ((modelled / measured - 1) * 100).toFixed(1);
  const found = `${what}: measured ${measured} ${unit}, model ${modelled.toFixed(1)} ${unit}`;
  return `${found} (${error} %, ${wasFitted ? 'fitted' : 'not fitted'})`;
}

function methodOf(records: Records, free: Free, comparisons: readonly Comparison[]): string[] {
  return [
    'Written by bench/fit-xroad.ts; nothing here is edited by hand.',
    `Proportions: medians of ${records.count} recorded REST exchanges (X-Road, 2020, one host).`,
    'Total: X-Road 7.8, both proxies, signers, provider and load on 2 cores, no message log.',
    `Fitted: a factor of ${free.factor} on all processor times but keys, and the share of work ` +
      `on the message in signing, ${free.itemShare}.`,
    ...comparisons.map(sentenceOf),
    `Between the consumer's requestOut and the provider's requestIn lie ${records.gapMs} ms in ` +
      'the records, nearly always the same: a delay without work (a delayed acknowledgement of ' +
      'TCP is likely). It is a part of opening a connection here, estimated: connections that ' +
      'are reused are spared it, which no measurement shows or denies.',
    `Spread: lognormal, sigma ${records.sigma} (the delay above ${records.gapSigma.toFixed(3)}), ` +
      'so that the sum of the parts of a stage spreads as recorded stages do (quartiles).',
    `Assumed: ${HANDSHAKE_SIDE_MS} ms a side for a handshake, ${RSA_2048_OPERATION_MS} ms for ` +
      `an RSA-2048 signature, ${LOG_COMMIT_MS} ms without a core for a commit of the log.`,
    'RSA-3072 and P-256 are derived: RSA-2048 plus the differences between keys in Node ' +
      '(handshake +1.0 and -1.0 ms a side, signature +1.27 and -0.27 ms).',
    'Work by size is estimated: reading, hashing, spooling and encrypting a KiB takes 2 to 6 us ' +
      'at each step; X-Road spools REST bodies in writes of 8 kB. It was not measured.',
  ];
}

function main(): void {
  const records = readRecords();
  const free = fit(records);
  const comparisons = compare(withoutLog(calibrationOf(records, free, [])));
  const method = methodOf(records, free, comparisons);
  for (const sentence of method) console.log(sentence);
  const path = calibrationPath('xroad-7.8');
  const calibration = calibrationOf(records, free, method);
  writeFileSync(path, `${JSON.stringify(calibration, null, 1)}\n`);
  console.log(`written ${relative(REPOSITORY, path)}`);
}

main();
