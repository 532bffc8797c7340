/**
 * The house rules as pure functions over texts; sim/tidy.test.ts asks them about this repository,
 * and tidy-rules.test.ts asks them about small bad samples, because a rule that never fires guards
 * nothing. The picture of the floors is in sim/README.md.
 *
 * A new npm package, or a new edge between rooms, is one line in the tables below, on purpose: it
 * should be seen in review.
 */
import { posix } from 'node:path';
import { functionsOf, importsOf, lineAt, maskText } from './source-text.ts';
import type { ImportLine } from './source-text.ts';

export interface SourceFile {
  /** From the top of the repository, with slashes: `sim/base/time.ts`. */
  readonly path: string;
  readonly text: string;
}

export interface Violation {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

export type Rule = (files: readonly SourceFile[]) => Violation[];

const FLOORS_0_TO_2 = [
  'base',
  'protocol',
  'plan',
  'catalogue',
  'scenario',
  'population',
  'workload',
  'world',
  'metrics',
] as const;
const BELOW_POOL = [...FLOORS_0_TO_2, 'engine', 'live', 'reports'] as const;

/** Room -> the rooms, or single files, that it may import. */
const EDGES: Readonly<Record<string, readonly string[]>> = {
  base: [],
  protocol: ['base'],
  plan: ['base', 'protocol'],
  catalogue: ['base', 'protocol', 'plan'],
  population: ['base', 'protocol', 'plan'],
  workload: ['base', 'protocol', 'plan'],
  world: ['base', 'protocol', 'plan'],
  metrics: ['base', 'protocol', 'plan'],
  scenario: ['base', 'protocol', 'plan', 'catalogue', 'population'],
  engine: ['base', 'protocol', 'plan', 'workload', 'world', 'metrics'],
  live: ['base', 'protocol', 'plan', 'workload', 'world', 'metrics'],
  reports: ['base', 'sim/metrics/result.ts'],
  pool: BELOW_POOL,
  cli: [...BELOW_POOL, 'pool'],
  main: [...BELOW_POOL, 'cli'],
  bench: BELOW_POOL,
};

/** Rooms that may use Node itself; the others are pure. */
const ROOMS_WITH_NODE = ['live', 'reports', 'pool', 'cli', 'main', 'bench', 'testing'];

const SOCKETS = ['net', 'tls', 'http', 'https', 'http2', 'dgram', 'dns', 'dns/promises', 'quic'];

/** Packages that open sockets; like Node's own they are for one file alone. */
const SOCKET_PACKAGES = ['autocannon', 'undici'];

/** The one door to the network: it refuses every address but loopback, and looks no name up. */
const SOCKET_DOOR = 'sim/live/loopback.ts';

/** npm package -> the rooms that may import it. Tests may import any of them. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  '@xstate/fsm': [...FLOORS_0_TO_2.slice(1), 'engine', 'live', 'pool', 'cli'],
  autocannon: ['live'],
  commander: ['main', 'cli'],
  d3: ['reports'],
  'node-forge': ['live'],
  piscina: ['pool'],
  undici: ['live'],
  yaml: ['scenario'],
  zod: ['scenario'],
  'fast-check': ['testing'],
  'playwright-core': ['testing'],
  vitest: ['testing'],
};

/** Not imported by anything: they are what somebody starts. */
const ENTRIES = ['sim/main.ts', 'sim/fedlab.mjs', 'sim/pool/worker.ts'];

const MAY_EXIT = ['sim/main.ts', 'sim/fedlab.mjs', 'sim/pool/worker.ts'];

/** The one list of names that the house allows. */
const INDEXES = ['sim/catalogue/index.ts'];

export const COLUMNS_MAX = 100;
export const FUNCTION_LINES_MAX = 70;

export function roomOf(path: string): string {
  const parts = path.split('/');
  if (parts[0] !== 'sim') return parts[0];
  if (parts.length > 2) return parts[1];
  return parts[1].endsWith('.test.ts') ? 'testing' : 'main';
}

/** Tests and what only tests use: they may import anything. */
export function isTest(path: string): boolean {
  return path.endsWith('.test.ts') || roomOf(path) === 'testing';
}

function isPure(path: string): boolean {
  const room = roomOf(path);
  return !isTest(path) && (room === 'engine' || FLOORS_0_TO_2.some((pure) => pure === room));
}

/** Who may import whom, and no file outside the house. */
export const roomRule: Rule = (files) =>
  eachImport(files, (file, { specifier }) => {
    if (!specifier.startsWith('.') || isTest(file.path)) return null;
    const target = targetOf(file, specifier);
    if (target.startsWith('..')) return `imports ${specifier}, outside the repository`;
    const [from, to] = [roomOf(file.path), roomOf(target)];
    if (isTest(target)) return `imports ${target}, which is for tests only`;
    const allowed = EDGES[from];
    if (allowed === undefined) return `${from} is not a room of the house`;
    if (from === to || allowed.includes(to) || allowed.includes(target)) return null;
    return `${from} may not import ${target}`;
  });

/** Which room may use which part of Node and which npm package. */
export const packageRule: Rule = (files) =>
  eachImport(files, (file, { specifier }) => {
    if (specifier.startsWith('.') || isTest(file.path)) return null;
    const room = roomOf(file.path);
    if (specifier.startsWith('node:')) {
      if (!ROOMS_WITH_NODE.includes(room)) return `${room} may not import ${specifier}`;
      const isSocket = SOCKETS.includes(specifier.slice('node:'.length));
      return isSocket && file.path !== SOCKET_DOOR ? `sockets are opened in ${SOCKET_DOOR}` : null;
    }
    const name = packageOf(specifier);
    const opensSockets = SOCKET_PACKAGES.includes(name) && file.path !== SOCKET_DOOR;
    if (opensSockets) return `sockets are opened in ${SOCKET_DOOR}`;
    const allowed = PACKAGES[name];
    if (allowed === undefined) return `${name} is not listed in sim/testing/tidy-rules.ts`;
    return allowed.includes(room) ? null : `${room} may not import ${name}`;
  });

const CLOCKS_AND_CHANCE = new RegExp(
  [
    /\b(Date|performance)\.now\b/,
    /\bMath\.random\b/,
    /\bnew Date\s*\(/,
    /\bprocess\.hrtime\b/,
    /\bTemporal\.Now\b/,
    /\bset(Timeout|Interval|Immediate)\s*\(/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
);

/** Time and chance are arguments: below floor 3, and in the engine, nobody reads them. */
export const purityRule: Rule = (files) =>
  eachMatch(files, CLOCKS_AND_CHANCE, (file, found) =>
    isPure(file.path) ? `${found} is not for ${roomOf(file.path)}: time is an argument` : null,
  );

export const exitRule: Rule = (files) =>
  eachMatch(files, /\bprocess\.(exit|abort|reallyExit)\b(?!Code)/g, (file, found) =>
    MAY_EXIT.includes(file.path) ? null : `${found}: only ${MAY_EXIT.join(', ')} end the process`,
  );

export const anyRule: Rule = (files) =>
  eachMatch(files, /:\s*any\b|(?<![.\w$])any\b(?!\s*[\w$:(=?'"])/g, (file) =>
    file.path.endsWith('.ts') ? 'any: say what it is, or unknown' : null,
  );

export const erasableRule: Rule = (files) =>
  eachMatch(files, /\b(enum|namespace)\s+[\w$.]+\s*\{/g, (_file, found) =>
    found.startsWith('enum') ? 'enum: use an object `as const`' : 'namespace: use a module',
  );

/** Named exports only, and no file that hands on what others made. */
export const exportRule: Rule = (files) => [
  ...eachMatch(files, /\bexport\s+default\b|\bas default\b/g, () => 'default export'),
  ...eachImport(files, (file, { isReexport, specifier }) =>
    isReexport && !INDEXES.includes(file.path) ? `hands on ${specifier}: no barrel files` : null,
  ),
];

/** A finished test runs: none is left out, and none alone. */
export const testRule: Rule = (files) =>
  eachMatch(files, /\b(test|it|describe|suite|bench)\.(skip|only|todo)\b/g, (file, found) =>
    isTest(file.path) ? `${found}: use skipIf with a reason, or delete it` : null,
  );

export const leftoverRule: Rule = (files) =>
  files.flatMap((file) =>
    [...file.text.matchAll(/\b(FIXM[E]|TOD[O]|XX[X])\b/g)].map((match) =>
      violation(file, lineAt(file.text, match.index), `left over: ${match[0]}`),
    ),
  );

/** A long address may stand whole on its line. */
export const columnRule: Rule = (files) =>
  eachLine(files, (line) => {
    const columns = Array.from(line).length;
    if (columns <= COLUMNS_MAX || /https?:\/\/\S+$/.test(line)) return null;
    return `${columns} columns, and ${COLUMNS_MAX} are allowed`;
  });

/**
 * No function over 70 lines but the listed ones, none of which may grow. An exception is
 * `sim/engine/kernel.ts runKernel`, with the number of its lines. `describe` blocks are no
 * functions in this sense, and neither is a factory, `createSomething`: it is a room of functions
 * over one state, and each of these is counted by itself.
 */
export function functionRule(exceptions: Readonly<Record<string, number>>): Rule {
  return (files) => {
    const found: Violation[] = [];
    const needed = new Set<string>();
    for (const file of files) {
      for (const { name, line, lineCount } of functionsOf(file.text)) {
        if (/^(describe|create[A-Z])/.test(name) || lineCount <= FUNCTION_LINES_MAX) continue;
        const key = `${file.path} ${name}`;
        needed.add(key);
        const allowed = exceptions[key] ?? FUNCTION_LINES_MAX;
        if (lineCount <= allowed) continue;
        const message = `${name} has ${lineCount} lines, and ${allowed} are allowed`;
        found.push(violation(file, line, message));
      }
    }
    for (const key of Object.keys(exceptions)) {
      if (needed.has(key)) continue;
      const path = key.split(' ')[0];
      const message = `the exception "${key}" is no longer needed`;
      found.push({ path, line: 1, message });
    }
    return found;
  };
}

const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*$/;
const VAGUE_FOLDERS = ['src', 'util', 'utils', 'helper', 'helpers', 'common', 'lib', 'types'];

export const nameRule: Rule = (files) =>
  files.flatMap((file) => {
    const parts = file.path.split('/');
    const found: Violation[] = [];
    for (const part of parts) {
      if (!KEBAB.test(part)) found.push(violation(file, 1, `${part} is not kebab-case`));
    }
    for (const folder of parts.slice(0, -1)) {
      if (!VAGUE_FOLDERS.includes(folder)) continue;
      found.push(violation(file, 1, `a folder called ${folder} says nothing`));
    }
    if (parts.at(-1) === 'index.ts' && !INDEXES.includes(file.path)) {
      found.push(violation(file, 1, 'index.ts: no barrel files'));
    }
    return found;
  });

/** Every file of sim and reports is imported by another one, or is what somebody starts. */
export const unusedRule: Rule = (files) => {
  const used = new Set(ENTRIES);
  for (const file of files) {
    for (const { specifier } of importsOf(file.text)) {
      const target = targetOf(file, specifier);
      if (specifier.startsWith('.') && target !== file.path) used.add(target);
    }
  }
  return files
    .filter(({ path }) => /^(sim|reports)\//.test(path) && !path.endsWith('.test.ts'))
    .filter(({ path }) => !used.has(path))
    .map((file) => violation(file, 1, 'nothing imports this file'));
};

/** All rules but `functionRule`, which needs its list of exceptions. */
export const RULES: Readonly<Record<string, Rule>> = {
  rooms: roomRule,
  packages: packageRule,
  purity: purityRule,
  exit: exitRule,
  any: anyRule,
  erasable: erasableRule,
  exports: exportRule,
  tests: testRule,
  leftovers: leftoverRule,
  columns: columnRule,
  names: nameRule,
  unused: unusedRule,
};

export function formatViolations(violations: readonly Violation[]): string {
  return violations.map(({ path, line, message }) => `${path}:${line}: ${message}`).join('\n');
}

function eachImport(
  files: readonly SourceFile[],
  judge: (file: SourceFile, found: ImportLine) => string | null,
): Violation[] {
  return files.flatMap((file) =>
    importsOf(file.text).flatMap((found) => {
      const message = judge(file, found);
      return message === null ? [] : [violation(file, found.line, message)];
    }),
  );
}

/** Asks about each match in the code: what stands in comments and strings does not count. */
function eachMatch(
  files: readonly SourceFile[],
  pattern: RegExp,
  judge: (file: SourceFile, found: string) => string | null,
): Violation[] {
  return files.flatMap((file) => {
    const masked = maskText(file.text);
    return [...masked.matchAll(pattern)].flatMap((match) => {
      const message = judge(file, match[0]);
      const line = lineAt(file.text, match.index);
      return message === null ? [] : [violation(file, line, message)];
    });
  });
}

function eachLine(
  files: readonly SourceFile[],
  judge: (line: string) => string | null,
): Violation[] {
  return files.flatMap((file) =>
    file.text.split('\n').flatMap((line, index) => {
      const message = judge(line);
      return message === null ? [] : [violation(file, index + 1, message)];
    }),
  );
}

function violation(file: SourceFile, line: number, message: string): Violation {
  return { path: file.path, line, message };
}

function targetOf(file: SourceFile, specifier: string): string {
  return posix.join(posix.dirname(file.path), specifier);
}

function packageOf(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0];
}
