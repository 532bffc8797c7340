import { expect, test } from 'vitest';
import type { AgreementResult, AgreementRow } from '../../sim/metrics/result.ts';
import { sampleFolder } from '../../sim/testing/sample-result.ts';
import { renderPage } from '../page.ts';
import { readRunResult } from '../result-shape.ts';
import { agreementSection } from './agreement.ts';

const ROW: AgreementRow = {
  kind: 'metric',
  name: 'latencyP50',
  side: null,
  unit: 'ns',
  virtual: 10e6,
  live: 7e6,
  difference: -3e6,
  low: -3.5e6,
  high: -2.5e6,
  tolerance: 1.5e6,
  reason: '15 %, the goal at light load',
  verdict: 'differs',
};
const FAULT: AgreementRow = {
  ...ROW,
  kind: 'fault',
  name: 'a<b',
  side: 'provider',
  unit: 'count',
  virtual: 12,
  live: 12,
  difference: 0,
  low: null,
  high: null,
  tolerance: 1.24,
  verdict: 'agrees',
};
const AGREEMENT: AgreementResult = {
  method: 'student-t',
  level: 0.95,
  replications: 5,
  calibration: 'mine',
  load: 'light',
  loop: 'open',
  rows: [FAULT, ROW],
  verdict: 'differs',
};

const folder = sampleFolder();
const result = { ...folder.result, agreement: AGREEMENT };

test('shows both values, and a difference in red', () => {
  const { text } = agreementSection(result) ?? { text: '' };
  expect(text).toMatch(/1 of 2.rows: p50 of latency\./);
  const [, , fault, latency] = text.replaceAll('\u00a0', ' ').split('<tr>');
  for (const part of ['a&lt;b (provider)', '>12<', 'pill-passed']) expect(fault).toContain(part);
  expect(fault).not.toContain('class="bad"');
  for (const part of ['10 ms', '7 ms', '−3.5 ms to −2.5 ms', '± 1.5 ms', 'pill-failed']) {
    expect(latency).toContain(part);
  }
  expect(latency).toContain('<b class="bad">−3 ms (−30.0 %)</b>');
});

test('the page has it where there is a comparison, and only there', () => {
  expect(renderPage({ ...folder, result })).toContain('<h2>The two engines</h2>');
  expect(renderPage(folder)).not.toContain('The two engines');
});

test('is read back with its signs', () => {
  const place = { file: 'result.json', path: '' };
  const copy: unknown = JSON.parse(JSON.stringify(result));
  expect(readRunResult(copy, place).agreement).toEqual(AGREEMENT);
  const { agreement: _, ...older } = result;
  expect(readRunResult(older, place).agreement).toBeNull();
});
