// Goal: no text, however broken, brings the loader down or leaves its author without an answer.
// Method: valid scenarios are damaged as files and people damage them; then the loader must give a
// document or at least one error, and each error lies inside a text that was read.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatIssue } from './issue.ts';
import { loadScenario } from './load.ts';
import { starterText } from './starter.ts';

const SMALL = readFileSync(new URL('../../scenarios/small.scenario.yaml', import.meta.url), 'utf8');
const BAD = readFileSync(new URL('./bad-scenario.golden.yaml', import.meta.url), 'utf8');
const TEXTS = [SMALL, starterText('fuzz'), BAD].map((text) => new TextEncoder().encode(text));
const RUN = { seed: 20_261_125, numRuns: 1500, interruptAfterTimeLimit: 5000 };

/** What to do at a place, given as a share of the length, with a number to do it by. */
type Damage = readonly [kind: number, place: number, value: number];

const WORDS = [
  '-1',
  '1e999',
  '.nan',
  '.inf',
  '~',
  '""',
  '[]',
  '{}',
  '[[[[',
  '*a',
  '&a',
  '!x',
  '? ',
  '<<: 1',
  '5m',
  '9999999999999999999',
  '__proto__: 1',
  'constructor',
  'extends: x.scenario.yaml',
  '\u0000',
  '\u2028',
  '\ud800',
  '---\n',
  '\t',
  '|',
  '>',
  '%',
  '@',
  '`',
  '#',
  ': ',
  '- ',
  '\r',
];

const KINDS = [
  (bytes: Uint8Array, at: number, value: number) => bytes.with(at, bytes[at] ^ (1 << (value % 8))),
  (bytes: Uint8Array, at: number, value: number) => bytes.with(at, value % 256),
  (bytes: Uint8Array, at: number) => bytes.slice(0, at),
  (bytes: Uint8Array, at: number, value: number) => splice(bytes, at, value % 50, ''),
  (bytes: Uint8Array, at: number, value: number) =>
    splice(bytes, at, 0, WORDS[value % WORDS.length]),
  (bytes: Uint8Array, at: number, value: number) => mixLines(bytes, at, value, 0),
  (bytes: Uint8Array, at: number, value: number) => mixLines(bytes, at, value, 1),
  (bytes: Uint8Array, at: number, value: number) => swapValues(bytes, at, value),
] as const;

test('a damaged scenario gives a document or an error with a place', () => {
  const damage = fc.tuple(
    fc.nat(KINDS.length - 1),
    fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    fc.nat(1e6),
  );
  const damages = fc.array(damage, { minLength: 1, maxLength: 4 });
  const set = fc.option(fc.oneof(fc.string(), fc.constantFrom('seed=2', 'workloads.0.rate=9/s')));
  let documentCount = 0;
  fc.assert(
    fc.property(fc.nat(TEXTS.length - 1), damages, set, (index, list, argument) => {
      const bytes = list.reduce(inflict, TEXTS[index]);
      if (answer(bytes, argument === null ? [] : [argument])) documentCount++;
    }),
    RUN,
  );
  // Some damage is harmless, as in a comment: otherwise nothing but the first check was tried.
  expect(documentCount).toBeGreaterThan(0);
});

test('any text at all', () => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), yamlLike()), (input) => {
      answer(typeof input === 'string' ? new TextEncoder().encode(input) : input, []);
    }),
    { ...RUN, numRuns: 2000 },
  );
});

function yamlLike(): fc.Arbitrary<string> {
  return fc
    .array(fc.constantFrom(...WORDS, 'a', 'b: ', '\n', '\n  ', ' '), { maxLength: 40 })
    .map((parts) => parts.join(''));
}

/** Whether there is a document; fails when there is neither that nor an error. */
function answer(bytes: Uint8Array, sets: readonly string[]): boolean {
  const path = 'scenarios/fuzz.scenario.yaml';
  const loaded = loadScenario(
    path,
    (asked) => (asked === path ? bytes : { error: 'no such file' }),
    sets,
  );
  const errors = loaded.issues.filter(({ isWarning }) => !isWarning);
  expect((loaded.document === null) === errors.length > 0).toBe(true);
  for (const issue of loaded.issues) {
    expect(issue.from).toBeGreaterThanOrEqual(0);
    expect(issue.to).toBeGreaterThanOrEqual(issue.from);
    expect(issue.to).toBeLessThanOrEqual(issue.source.text.length);
    expect(formatIssue(issue).split('\n').length).toBeLessThanOrEqual(5);
  }
  return loaded.document !== null;
}

function inflict(bytes: Uint8Array<ArrayBuffer>, [kind, place, value]: Damage) {
  if (bytes.length === 0) return bytes;
  return KINDS[kind](bytes, Math.floor(place * bytes.length), value);
}

function splice(bytes: Uint8Array, at: number, removed: number, added: string) {
  const insert = new TextEncoder().encode(added);
  return Uint8Array.from([...bytes.slice(0, at), ...insert, ...bytes.slice(at + removed)]);
}

/** Doubles a line, or exchanges it with another one. */
function mixLines(bytes: Uint8Array, at: number, value: number, way: 0 | 1) {
  const lines = new TextDecoder().decode(bytes).split('\n');
  const one = at % lines.length;
  const other = value % lines.length;
  const text = lines[one];
  if (way === 0) lines.splice(one, 0, text);
  else [lines[one], lines[other]] = [lines[other], text];
  return new TextEncoder().encode(lines.join('\n'));
}

/** Gives a key the value of another one. */
function swapValues(bytes: Uint8Array, at: number, value: number) {
  const text = new TextDecoder().decode(bytes);
  const values = [...text.matchAll(/: ([^\n,{}[\]]+)/g)];
  if (values.length === 0) return bytes.slice();
  const [target, source] = [values[at % values.length], values[value % values.length]];
  const from = target.index + 2;
  const swapped = text.slice(0, from) + source[1] + text.slice(from + target[1].length);
  return new TextEncoder().encode(swapped);
}
