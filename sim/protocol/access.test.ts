import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isTraversalMended, matchesGlob, mayAccess, normalisePath } from './access.ts';
import type { AccessRequest, AccessRight } from './access.ts';

const CLIENT = 'FI/GOV/0123456-7/portal';
const NO_GROUPS: ReadonlySet<string> = new Set();

const right = (over: Partial<AccessRight>): AccessRight => ({
  subsystem: CLIENT,
  globalGroup: null,
  localGroup: null,
  method: '*',
  path: '/**',
  ...over,
});

const request = (over: Partial<AccessRequest>): AccessRequest => ({
  client: CLIENT,
  groups: NO_GROUPS,
  method: 'GET',
  path: '/persons/7',
  ...over,
});

describe('subjects', () => {
  test('a subsystem, whatever its instance, and no other', () => {
    expect(mayAccess([right({})], request({}), 70800)).toBe(true);
    expect(mayAccess([right({})], request({ client: `${CLIENT}2` }), 70800)).toBe(false);
    expect(mayAccess([], request({}), 70800)).toBe(false);
  });

  test('a global group by its full name: two instances may have groups of one name', () => {
    const rights = [right({ subsystem: null, globalGroup: 'EE/registries' })];
    const groups = new Set(['EE/registries']);
    expect(mayAccess(rights, request({ groups }), 70800)).toBe(true);
    const others = new Set(['FI/registries']);
    expect(mayAccess(rights, request({ groups: others }), 70800)).toBe(false);
  });

  test('a local group by its members', () => {
    const rights = [right({ subsystem: null, localGroup: ['EE/COM/1/shop', CLIENT] })];
    expect(mayAccess(rights, request({}), 70800)).toBe(true);
    expect(mayAccess(rights, request({ client: 'EE/COM/1/other' }), 70800)).toBe(false);
  });
});

describe('endpoints', () => {
  test.each([
    // The base endpoint is the whole service, with or without a path, however it is written.
    ['*', '/**', 'DELETE', '', true],
    ['*', '**', 'DELETE', '', true],
    ['GET', '/**', 'GET', '/a/b', true],
    ['GET', '/**', 'POST', '/a/b', false],
    // Of a single method the pattern wants its slash.
    ['GET', '/**', 'GET', '', false],
    ['get', '/a', 'GET', '/a', true],
    ['*', '/a/*', 'GET', '/a/b', true],
    ['*', '/a/*', 'GET', '/a/b/c', false],
    ['*', '/a/*/c', 'PUT', '/a/b/c', true],
    ['*', '/a/**', 'PUT', '/a/b/c', true],
    ['*', '/a/**', 'PUT', '/b/a', false],
    // Normalised first: slashes and dots count for nothing.
    ['*', '/a/b', 'GET', '/a//b', true],
    ['*', '/a/b', 'GET', '/a/./b', true],
    ['*', '/b', 'GET', '/a/../b', true],
    ['*', '/a/**', 'GET', '/a/../secret', false],
    // A right on part of a path is none on the folder.
    ['*', '/a/b', 'GET', '/a/b/', false],
  ])('%s %s for %s "%s"', (method, path, sentMethod, sentPath, allowed) => {
    const sent = request({ method: sentMethod, path: sentPath });
    expect(mayAccess([right({ method, path })], sent, 70800)).toBe(allowed);
  });

  test('one right that fits is enough', () => {
    const rights = [
      right({ method: 'POST' }),
      right({ path: '/x' }),
      right({ path: '/persons/*' }),
    ];
    expect(mayAccess(rights, request({}), 70800)).toBe(true);
  });
});

// XRDDEV-3054. Until it was mended, the path was normalised before it was decoded.
describe('encoded path traversal', () => {
  const rights = [right({ method: 'GET', path: '/api/**' })];
  const paths = ['/api/%2e%2e/secret', '/api/test/%2e%2e/%2E%2E/secret'];

  test.each([
    [70501, true],
    [70502, false],
    [70600, true],
    [70602, true],
    [70603, false],
    [70700, true],
    [70701, false],
    [70800, false],
    [80000, false],
    [60000, true],
  ])('version %i lets it through: %s', (version, letsThrough) => {
    expect(isTraversalMended(version)).toBe(!letsThrough);
    for (const path of paths) {
      expect(mayAccess(rights, request({ path }), version)).toBe(letsThrough);
    }
    // Plain dots never got anywhere, nor did encoded ones without a wildcard.
    expect(mayAccess(rights, request({ path: '/api/../secret' }), version)).toBe(false);
    const exact = [right({ path: '/api/open' })];
    expect(mayAccess(exact, request({ path: '/api/%2e%2e/secret' }), version)).toBe(false);
  });

  test('a mended server refuses what leads above the root, even to the whole service', () => {
    expect(mayAccess([right({})], request({ path: '/%2e%2e/secret' }), 70800)).toBe(false);
    expect(mayAccess([right({})], request({ path: '/../secret' }), 70800)).toBe(false);
  });
});

describe('normalisePath', () => {
  test.each([
    ['/x/y', '/x/y'],
    ['/x/./y', '/x/y'],
    ['/x/z/../y', '/x/y'],
    ['/x/z/w/../../y', '/x/y'],
    ['/x/%2E/y', '/x/y'],
    ['/x/z/.%2e/y', '/x/y'],
    ['/x/%2e%2e/%2e%2e/y', '/../y'],
    ['/x/y/', '/x/y/'],
    ['/x/y/..', '/x/'],
    ['/x/y/.', '/x/y/'],
    ['/x/..', '/'],
    ['/', '/'],
    ['', ''],
    ['/s%C3%B5na', '/sõna'],
    // A hyphen stays escaped: X-Road means the slash, and has the wrong number for it.
    ['/x%2dy', '/x%2Dy'],
    ['/x%2Fy', '/x/y'],
    // Java's URI ends the path at a question mark, decoded or not.
    ['/x%3Fy/z', '/x'],
  ])('%s', (path, normalised) => {
    expect(normalisePath(path, 70800)).toBe(normalised);
  });

  test.each(['/a%2', '/a%zz', '/a b', '/a"b', '/a%2'])('%s cannot be parsed', (path) => {
    expect(normalisePath(path, 70800)).toBeNull();
    expect(mayAccess([right({})], request({ path }), 70800)).toBe(false);
  });

  test('twice is once, but for what is still escaped', () => {
    const anySegment = fc.constantFrom('a', 'bc', '.', '..', '', 'x.y');
    fc.assert(
      fc.property(fc.array(anySegment, { maxLength: 8 }), (segments) => {
        const once = normalisePath(`/${segments.join('/')}`, 70800);
        expect(normalisePath(once ?? '?', 70800)).toBe(once);
        expect(once).not.toMatch(/\/\.\/|\/\/|[^./]\/\.\./);
      }),
    );
  });
});

describe('matchesGlob', () => {
  test.each([
    ['**', '', true],
    ['**', '/any/depth', true],
    ['****', '/any/depth', true],
    ['/*', '/x', true],
    ['/*', '/', true],
    ['/*', '/x/', false],
    ['/x', '/x', true],
    ['/x', '/xx', false],
    ['/x', 'a/x', false],
    // Signs of regular expressions are only signs.
    ['/(a|b)+[c]{2}^$.', '/(a|b)+[c]{2}^$.', true],
    ['/a.b', '/axb', false],
    ['/v1/**/items/**', '/v1/a/b/items/7', true],
    ['/v1/**/items/**', '/v1/items', false],
    // A backslash takes a star's meaning away, and only a star's or its own.
    ['/\\*', '/*', true],
    ['/\\*', '/x', false],
    ['/\\\\', '/\\', true],
    ['/\\d', '/\\d', true],
    ['/\\d', '/7', false],
    ['/x\\', '/x\\', true],
    // A single star never gives back what it took.
    ['/*.json', '/a.json', false],
    ['/a*/b', '/abc/b', true],
    ['/*1', '/x1', false],
    ['/*/1', '/x/1', true],
  ])('%s against %s', (glob, path, matches) => {
    expect(matchesGlob(glob, path)).toBe(matches);
  });
});
