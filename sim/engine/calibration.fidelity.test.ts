/** The recorded stage timings that calibration.test.ts compares the model with. */
import { expect } from 'vitest';
import { fidelityTest, readVector } from '../testing/fidelity.ts';

const STAGES = [
  'c_req_in_to_out_ms',
  'c_out_to_resp_in_ms',
  'c_resp_in_to_out_ms',
  'p_req_in_to_out_ms',
  'p_out_to_resp_in_ms',
  'p_resp_in_to_out_ms',
];

fidelityTest('medians of the recorded REST exchanges', () => {
  const text = readVector('xroad/vectors/opmonitor/real-stage-timings.csv');
  const [head, ...lines] = text.trim().split('\n');
  const names = head.split(',');
  const rows = lines.map((line) => line.split(','));
  const rest = rows.filter((row) => row[names.indexOf('kind')] === 'REST');
  expect(rest.length).toBe(1905);
  const medians = STAGES.map((name) => {
    const values = rest.map((row) => Number(row[names.indexOf(name)])).toSorted((a, b) => a - b);
    return values[Math.floor(values.length / 2)];
  });
  expect(medians).toEqual([2, 85, 13, 24, 1, 15]);
});
