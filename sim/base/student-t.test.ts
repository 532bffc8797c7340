import { expect, test } from 'vitest';
import { normalQuantile } from './normal.ts';
import { studentTQuantile } from './student-t.ts';

// Tables of the t distribution (Abramowitz and Stegun, table 26.10; NIST handbook 1.3.6.7.2).
test.each([
  [0.975, 1, 12.7062],
  [0.975, 2, 4.302653],
  [0.995, 2, 9.924843],
  [0.975, 4, 2.776445],
  [0.95, 5, 2.015048],
  [0.975, 9, 2.262157],
  [0.995, 9, 3.249836],
  [0.975, 30, 2.042272],
  [0.9, 100, 1.290075],
])('t of %d with %i degrees of freedom', (p, degrees, t) => {
  expect(studentTQuantile(p, degrees)).toBeCloseTo(t, 4);
  expect(studentTQuantile(1 - p, degrees)).toBeCloseTo(-t, 4);
});

test('one degree is the Cauchy law, two have a closed form, many are nearly normal', () => {
  for (const p of [0.6, 0.75, 0.9, 0.99]) {
    expect(studentTQuantile(p, 1)).toBeCloseTo(Math.tan(Math.PI * (p - 0.5)), 9);
    const q = 2 * p - 1;
    expect(studentTQuantile(p, 2)).toBeCloseTo(q * Math.sqrt(2 / (1 - q * q)), 9);
    expect(studentTQuantile(p, 100_000)).toBeCloseTo(normalQuantile(p), 3);
  }
  expect(studentTQuantile(0.5, 7)).toBe(0);
});

test('what makes no sense is our own mistake', () => {
  expect(() => studentTQuantile(1, 3)).toThrow(/not in/);
  expect(() => studentTQuantile(0.9, 0)).toThrow(/degrees/);
  expect(() => studentTQuantile(0.9, 2.5)).toThrow(/degrees/);
});
