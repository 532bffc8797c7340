import { defineConfig } from 'vitest/config';

// `npm run fidelity` starts vitest in the mode "fidelity"; see sim/testing/fidelity.ts.
export default defineConfig(({ mode }) => ({
  test: {
    include: ['{sim,reports,bench,scenarios}/**/*.test.ts'],
    env: mode === 'fidelity' ? { FEDLAB_FIDELITY: '1' } : {},
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    allowOnly: false,
  },
}));
