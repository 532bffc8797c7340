import { expect, test } from 'vitest';
import { normalQuantile } from './normal.ts';

// u -> z: the first three are the check values of the paper, the others of common tables and of
// Python's statistics.NormalDist, which uses the same algorithm.
test.each([
  [0.25, -0.6744897501960817],
  [0.001, -3.090232306167813],
  [1e-20, -9.262340089798405],
  [0.5, 0],
  [0.9, 1.2815515655446004],
  [0.975, 1.9599639845400536],
  [0.995, 2.5758293035489],
  [0.07, -1.4757910281791702],
  [0.9251, 1.4402382675279632],
  [0.999999999999, 7.0344869100478356],
])('the quantile of %d', (u, z) => {
  expect(Math.abs(normalQuantile(u) - z)).toBeLessThanOrEqual(4e-15 * Math.max(1, Math.abs(z)));
});

test('it is odd about one half, and grows, over the seams of its three parts too', () => {
  let last = -Infinity;
  // Seams: |u - 0.5| = 0.425, and a tail of exp(-25) = 1.4e-11.
  for (const centre of [1.3887943864964021e-11, 1e-6, 0.075, 0.3, 0.5]) {
    for (let step = -50; step <= 50; step++) {
      const u = centre * (1 + step * 1e-4);
      const z = normalQuantile(u);
      expect(z).toBeGreaterThan(last);
      last = z;
      // Far out, 1 - u has too few digits to ask about.
      const mirrored = centre > 1e-3 ? -normalQuantile(1 - u) : z;
      expect(mirrored).toBeCloseTo(z, 12);
    }
  }
});
