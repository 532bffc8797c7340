// The published record of XRDDEV-3054: the versions that mend it, and paths that must be refused.
import { expect } from 'vitest';
import { fidelityTest, readVector } from '../testing/fidelity.ts';
import { isTraversalMended, mayAccess } from './access.ts';

fidelityTest('XRDDEV-3054 by version', () => {
  const row = readVector('realdata/xroad_vulns.csv')
    .split('\n')
    .find((line) => line.startsWith('XRDDEV-3054,'));
  if (row === undefined) throw new Error('XRDDEV-3054 is not recorded');
  const fixedIn = [...row.matchAll(/\b7\.(\d)\.(\d)(?= [/,]|,)/g)].map(
    ([, minor, patch]) => 70000 + Number(minor) * 100 + Number(patch),
  );
  expect([...new Set(fixedIn)]).toEqual([70502, 70603, 70701, 70800]);
  const paths = [...row.matchAll(/\/\S*%2e%2e\S*\/secret/g)].map(([path]) => path);
  expect(paths.length).toBeGreaterThan(2);
  const rights = [
    { subsystem: 'EE/GOV/1/a', globalGroup: null, localGroup: null, method: '*', path: '/api/**' },
  ];
  for (const version of fixedIn) {
    expect(isTraversalMended(version)).toBe(true);
    if (version % 100 > 0) expect(isTraversalMended(version - 1)).toBe(false);
    for (const path of paths) {
      const request = { client: 'EE/GOV/1/a', groups: new Set<string>(), method: 'GET', path };
      expect(mayAccess(rights, request, version), `${path} at ${version}`).toBe(false);
    }
  }
});
