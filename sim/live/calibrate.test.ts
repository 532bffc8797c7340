import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { KEY_TYPES } from '../plan/calibration.ts';
import type { Calibration } from '../plan/calibration.ts';
import { COSTS } from '../protocol/effect.ts';
import { fitLognormal, measureSync, summarise } from './calibrate-samples.ts';
import { makeMeasuredKey } from './calibrate-keys.ts';
import { calibrate, formatCalibration } from './calibrate.ts';
import { isIssuedBy } from './trust.ts';

test('every cost of every key type is measured', async () => {
  const lines: string[] = [];
  const found = await calibrate({
    name: 'quick',
    precision: { halfWidth: 0.5, budgetMs: 10, warmUpCount: 5 },
    logDirectory: null,
    report: (line) => lines.push(line),
  });
  for (const keyType of KEY_TYPES) {
    const costs = found.keyTypes[keyType];
    expect(Object.keys(costs).toSorted()).toEqual([...COSTS].toSorted());
    const unmeasured = COSTS.filter((name) => costs[name].samples === 0);
    const otherLaws = COSTS.filter((name) => costs[name].cpu.kind !== 'lognormal');
    expect({ unmeasured, otherLaws }).toEqual({ unmeasured: [], otherLaws: [] });
  }
  expect(found.machine).toMatch(/cores.*Node v\d+.*load/);
  // One line for each cost, those of a key for each, and one for the delay of the log.
  expect(lines).toHaveLength(6 + 5 * KEY_TYPES.length + 1);
});

test('the committed calibration has every cost, measured, and is written as it is printed', () => {
  const url = new URL('../../scenarios/calibrations/fedlab-node.calibration.json', import.meta.url);
  const text = readFileSync(url, 'utf8');
  const committed = JSON.parse(text) as Calibration;
  expect(formatCalibration(committed)).toBe(text);
  expect(committed.name).toBe('fedlab-node');
  for (const keyType of KEY_TYPES) {
    const costs = committed.keyTypes[keyType];
    expect(COSTS.filter((name) => !(costs[name].samples > 0))).toEqual([]);
  }
});

test.each(KEY_TYPES)('a certificate of %s is well formed and signed by itself', (keyType) => {
  const { certificatePem } = makeMeasuredKey(keyType);
  const x509 = new X509Certificate(certificatePem);
  expect(x509.ca).toBe(true);
  expect(isIssuedBy(x509, certificatePem, Date.now())).toBe(true);
});

describe('samples', () => {
  test('the law keeps the mean and the spread of the logarithms', () => {
    const samples = Array.from({ length: 999 }, (_, index) => Math.exp((index - 499) / 500));
    const law = fitLognormal(samples);
    if (law.kind !== 'lognormal') throw new Error(law.kind);
    const { mean } = summarise(samples);
    expect(law.median * Math.exp(law.sigma ** 2 / 2)).toBeCloseTo(mean, 2);
    expect(law.sigma).toBeCloseTo(0.577, 2);
  });

  test('processor time is counted, sleep is not', () => {
    const nap = new Int32Array(new SharedArrayBuffer(4));
    const once = (): void => {
      Atomics.wait(nap, 0, 0, 1);
    };
    const { cpuUs, delayUs } = measureSync(once, { halfWidth: 0.1, budgetMs: 100, warmUpCount: 5 });
    expect(summarise(cpuUs).mean).toBeLessThan(300);
    expect(summarise(delayUs).mean).toBeGreaterThan(700);
  });
});
