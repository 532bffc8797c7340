/** Samples of a cost: how many are enough, and what they say. */
import { readFileSync } from 'node:fs';
import { assert } from '../base/assert.ts';
import { studentTQuantile } from '../base/student-t.ts';
import type { DistributionDocument } from '../plan/document.ts';

export interface Precision {
  /** Wanted half-width of the 95 % interval of the mean, as a share of it. */
  readonly halfWidth: number;
  /** After this it is enough in any case. */
  readonly budgetMs: number;
  /** Repetitions first, which do not count: code is compiled, caches are filled. */
  readonly warmUpCount: number;
}

export interface Summary {
  readonly count: number;
  readonly mean: number;
  readonly median: number;
  readonly p95: number;
  /** Of the 95 % interval of the mean, as a share of it. */
  readonly halfWidth: number;
}

const SAMPLES_MIN = 50;

export function summarise(samples: readonly number[]): Summary {
  assert(samples.length > 1, 'one sample has no spread');
  const count = samples.length;
  const mean = samples.reduce((sum, value) => sum + value, 0) / count;
  const square = samples.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const error = Math.sqrt(square / (count - 1) / count);
  // From here on the quantile of the normal law is as good, and quicker.
  const degrees = Math.min(count - 1, 200);
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(count - 1, Math.floor(share * count))];
  return {
    count,
    mean,
    median: at(0.5),
    p95: at(0.95),
    halfWidth: mean === 0 ? 0 : (error * studentTQuantile(0.975, degrees)) / mean,
  };
}

/** Whether to stop; looked at now and then, because looking costs. */
export function isEnough(samples: readonly number[], sinceMs: number, wanted: Precision): boolean {
  if (performance.now() - sinceMs >= wanted.budgetMs && samples.length >= 2) return true;
  if (samples.length < SAMPLES_MIN || samples.length % SAMPLES_MIN !== 0) return false;
  return summarise(samples).halfWidth <= wanted.halfWidth;
}

const NAP = new Int32Array(new SharedArrayBuffer(4));
const NAP_MS = 0.02;

/**
 * Processor time of this thread in microseconds. Linux brings it up to date only when the thread
 * is interrupted or gives way, every 4 ms or so: a nap makes it exact. What the nap itself costs
 * is `napCostUs`.
 */
export function threadCpuUs(): number {
  Atomics.wait(NAP, 0, 0, NAP_MS);
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

let knownNapCostUs = -1;

/** What a measured interval has too much, because its end is a nap. */
export function napCostUs(): number {
  if (knownNapCostUs >= 0) return knownNapCostUs;
  const naps = Array.from({ length: 500 }, () => {
    const fromUs = threadCpuUs();
    return threadCpuUs() - fromUs;
  });
  knownNapCostUs = summarise(naps).median;
  return knownNapCostUs;
}

/** Since an earlier reading, without the nap. */
export const cpuSinceUs = (fromUs: number): number =>
  Math.max(0, threadCpuUs() - fromUs - napCostUs());

/**
 * How long this thread has waited for a core so far, in microseconds: time that belongs to whatever
 * else runs on the machine. Only Linux says so; elsewhere a calibration needs a quiet machine.
 */
function coreWaitUs(): number {
  try {
    const [, waitNs] = readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ');
    return Number(waitNs) / 1000;
  } catch {
    return 0;
  }
}

export interface SyncSamples {
  readonly cpuUs: number[];
  /** Time that passed while the thread neither ran nor waited for a core: the disk's. */
  readonly delayUs: number[];
}

/** A group lasts at least this long, because the clock of a thread counts whole microseconds. */
const GROUP_US = 500;

/** Repeats something synchronous. A sample is the mean of a group of repetitions. */
export function measureSync(once: () => void, wanted: Precision): SyncSamples {
  const warmFromUs = threadCpuUs();
  for (let index = 0; index < wanted.warmUpCount; index++) once();
  const eachUs = Math.max(0.1, cpuSinceUs(warmFromUs) / wanted.warmUpCount);
  const groupSize = Math.max(1, Math.ceil(GROUP_US / eachUs));
  const samples: SyncSamples = { cpuUs: [], delayUs: [] };
  const sinceMs = performance.now();
  while (!isEnough(samples.cpuUs, sinceMs, wanted)) {
    const waitFromUs = coreWaitUs();
    const [fromUs, fromMs] = [threadCpuUs(), performance.now()];
    for (let index = 0; index < groupSize; index++) once();
    const wallUs = (performance.now() - fromMs) * 1000;
    const cpuUs = cpuSinceUs(fromUs);
    const waitUs = coreWaitUs() - waitFromUs;
    samples.cpuUs.push(cpuUs / groupSize);
    samples.delayUs.push(Math.max(0, wallUs - cpuUs - waitUs) / groupSize);
  }
  return samples;
}

/**
 * A lognormal law with the spread of the samples' logarithms and exactly their mean: what a queue
 * feels first is the mean. Samples of zero and one of a kind become a constant.
 */
export function fitLognormal(samples: readonly number[]): DistributionDocument {
  const { mean } = summarise(samples);
  const logs = samples.filter((value) => value > 0).map((value) => Math.log(value));
  if (mean <= 0 || logs.length < 2) return { kind: 'constant', value: round(mean) };
  const centre = logs.reduce((sum, value) => sum + value, 0) / logs.length;
  const square = logs.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  const sigma = Math.sqrt(square / (logs.length - 1));
  return {
    kind: 'lognormal',
    median: round(mean / Math.exp((sigma * sigma) / 2)),
    sigma: Number(sigma.toFixed(4)),
  };
}

/** Four digits are more than any of this is known to. */
export const round = (value: number): number => Number(value.toPrecision(4));
