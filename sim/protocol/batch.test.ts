import { expect, test } from 'vitest';
import { Gate, judgeConnection } from './anti-dos.ts';
import { batchSize, isExpired } from './batch.ts';

// Facts 2.7: everything that waits, without bound; one by one where the token allows no batches.
test('how many share an operation', () => {
  expect(batchSize(0, true)).toBe(0);
  expect(batchSize(1, true)).toBe(1);
  expect(batchSize(5000, true)).toBe(5000);
  expect(batchSize(5000, false)).toBe(1);
  expect(batchSize(0, false)).toBe(0);
});

test('who has waited as long as the time-out is gone', () => {
  expect(isExpired(49_999_999, 50e6)).toBe(false);
  expect(isExpired(50e6, 50e6)).toBe(true);
});

// Facts 12.2: 5,000 connections; fewer than 100 free file handles close without an answer.
test.each([
  [0, 5000, 1000, Gate.Pass],
  [4999, 5000, 100, Gate.Pass],
  [4999, 5000, 99, Gate.Close],
  [5000, 5000, 1000, Gate.Wait],
  // Who waits is judged when it is taken up, not before.
  [5000, 5000, 0, Gate.Wait],
])('the gate with %s of %s open and %s handles free', (open, max, free, gate) => {
  expect(judgeConnection(open, max, free, 100)).toBe(gate);
});
