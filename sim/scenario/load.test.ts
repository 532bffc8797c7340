import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { matchesGolden } from '../testing/golden.ts';
import { formatIssue } from './issue.ts';
import type { Issue } from './issue.ts';
import { loadScenario } from './load.ts';
import type { LoadedScenario, ReadFile } from './load.ts';

const SMALL = readFileSync(new URL('../../scenarios/small.scenario.yaml', import.meta.url), 'utf8');

type Files = Readonly<Record<string, string | Uint8Array>>;

function reader(files: Files): ReadFile {
  return (path) => {
    const content = files[path];
    if (content === undefined) return { error: 'no such file' };
    return typeof content === 'string' ? new TextEncoder().encode(content) : content;
  };
}

function load(text: string | Uint8Array, sets: readonly string[] = [], more: Files = {}) {
  const files = { 'scenarios/small.scenario.yaml': SMALL, 'scenarios/x.scenario.yaml': text };
  return loadScenario('scenarios/x.scenario.yaml', reader({ ...files, ...more }), sets);
}

/** A text over the small scenario. */
function over(text: string, sets: readonly string[] = []): LoadedScenario {
  return load(`extends: small.scenario.yaml\n${text}`, sets);
}

const codesOf = ({ issues }: LoadedScenario): string[] => issues.map(({ code }) => code);

/** What a place covers in its source. */
const textOf = ({ source, from, to }: Issue): string => source.text.slice(from, to);

describe('a small scenario', () => {
  test('gives the whole document', () => {
    const loaded = load(SMALL);
    expect(loaded.issues).toEqual([]);
    // JSON has no Infinity, and what is not limiting should be seen.
    const text = JSON.stringify(
      loaded.document,
      (_key, value: unknown) => (value === Infinity ? 'unlimited' : value),
      1,
    );
    matchesGolden(new URL('./small-document.golden.txt', import.meta.url), `${text}\n`);
  });

  test('is called like its file unless it says otherwise', () => {
    expect(load(SMALL).document?.name).toBe('x');
    expect(load(`name: mine\n${SMALL}`).document?.name).toBe('mine');
    expect(over('').document?.name).toBe('x');
  });

  test('its resolved text loads again to the same document', () => {
    const first = over(
      'incidents:\n- {id: a, kind: link-slow, target: EE, at: 1s, for: 1s, extraDelay: 5ms}',
      [
        'workloads.office-asks.rate={staircase: {from: 1/s, to: 9/s, steps: 3, every: 10s}}',
        'links=[{between: [EE, "*"], rtt: 3ms}]',
      ],
    );
    expect(first.issues).toEqual([]);
    const again = load(first.resolvedText);
    expect(again.document).toEqual(first.document);
    expect(again.resolvedText).toBe(first.resolvedText);
    expect(first.resolvedText).not.toContain('extends');
  });
});

describe('what is written in short', () => {
  const documentOf = (text: string) => {
    const loaded = over(text);
    expect(loaded.issues.map(formatIssue)).toEqual([]);
    if (loaded.document === null) throw new Error('no document');
    return loaded.document;
  };
  const rateOf = (rate: string) =>
    documentOf(`workloads: [{id: office-asks, rate: ${rate}}]`).workloads[0].rate;
  const points = (clock: string, ...rows: [number, number][]) => ({
    clock,
    points: rows.map(([seconds, rate]) => ({ atUs: seconds * 1e6, rate })),
  });

  test('rates become points', () => {
    expect(rateOf('50/s')).toEqual(points('run', [0, 50]));
    expect(rateOf('{points: [[0s, 5/s], [30s, 50/s]]}')).toEqual(points('run', [0, 5], [30, 50]));
    expect(rateOf('{day: [[00:00, 10/s], [08:00, 200/s]]}')).toEqual(
      points('day', [0, 10], [28_800, 200]),
    );
    expect(rateOf('{ramp: {from: 1/s, to: 9/s, at: 5s, over: 10s}}')).toEqual(
      points('run', [0, 1], [5, 1], [15, 9]),
    );
    expect(rateOf('{staircase: {from: 1/s, to: 3/s, steps: 3, every: 10s}}')).toEqual(
      points('run', [0, 1], [10, 1], [10, 2], [20, 2], [20, 3]),
    );
    const crowd = '{base: 1/s, peak: 9/s, at: 5s, rise: 1s, dwell: 3s, fall: 2s}';
    expect(rateOf(`{flashCrowd: ${crowd}}`)).toEqual(
      points('run', [0, 1], [5, 1], [6, 9], [9, 9], [11, 1]),
    );
  });

  test('distributions', () => {
    const serviceTime = (text: string) =>
      documentOf(`systems: [{id: registry-system, serviceTime: ${text}}]`).systems[0].serviceTime;
    expect(serviceTime('{constant: 5ms}')).toEqual({ kind: 'constant', value: 5000 });
    expect(serviceTime('{uniform: [1ms, 3ms]}')).toEqual({ kind: 'uniform', from: 1000, to: 3000 });
    expect(serviceTime('{exponential: 20ms}')).toEqual({ kind: 'exponential', mean: 20_000 });
    expect(serviceTime('{pareto: {minimum: 1ms, alpha: 1.5}}')).toEqual({
      kind: 'pareto',
      minimum: 1000,
      alpha: 1.5,
    });
    expect(serviceTime('{empirical: [1ms, 2ms]}')).toEqual({
      kind: 'empirical',
      values: [1000, 2000],
    });
  });

  test('links in both directions, rights, thresholds, incidents', () => {
    const document = documentOf(`
links:
  - { between: [EE, FI], rtt: 3ms, bandwidth: 8Mbit/s }
  - { from: EE, to: "*", rtt: 1ms, loss: 2% }
services:
  - id: EE/GOV/70000001/registry/person
    access:
      - EE/GOV/70000002/office
      - { globalGroup: security-server-owners, method: GET, path: /a/* }
      - { localGroup: [EE/GOV/70000002/office] }
thresholds:
  - latencyP99: below 500ms
  - { metric: goodShare, above: 99%, scope: EE }
  - throughputGood: above 600/min
incidents:
  - { id: a, kind: link-slow, target: EE->FI, at: 1s, for: 2s, extraDelay: 5ms, oneWay: true }
`);
    expect(document.links).toEqual([
      { from: 'EE', to: 'FI', rttUs: 3000, jitterUs: 0, bandwidth: 1e6, loss: 0 },
      { from: 'FI', to: 'EE', rttUs: 3000, jitterUs: 0, bandwidth: 1e6, loss: 0 },
      { from: 'EE', to: '*', rttUs: 1000, jitterUs: 0, bandwidth: Infinity, loss: 0.02 },
    ]);
    const nobody = {
      subsystem: null,
      globalGroup: null,
      localGroup: null,
      method: '*',
      path: '**',
    };
    expect(document.services[0].access).toEqual([
      { ...nobody, subsystem: 'EE/GOV/70000002/office' },
      { ...nobody, globalGroup: 'security-server-owners', method: 'GET', path: '/a/*' },
      { ...nobody, localGroup: ['EE/GOV/70000002/office'] },
    ]);
    expect(document.thresholds).toEqual([
      { metric: 'latencyP99', scope: 'all', comparison: 'below', bound: 500e6 },
      { metric: 'goodShare', scope: 'EE', comparison: 'above', bound: 0.99 },
      { metric: 'throughputGood', scope: 'all', comparison: 'above', bound: 10 },
    ]);
    expect(document.incidents).toEqual([
      {
        id: 'a',
        title: 'a',
        kind: 'link-slow',
        targets: ['EE->FI'],
        atUs: 1e6,
        forUs: 2e6,
        dwellUs: null,
        rampUs: 0,
        workflow: null,
        gapUs: 0,
        repeat: null,
        settings: { extraDelay: 5000, oneWay: true },
      },
    ]);
  });

  test('aliases, and words that other YAML versions take for something else', () => {
    const document = documentOf(
      `
title: NO
workloads:
  - &one { id: office-asks, rate: 20/s }
instances: { EE: { parameters: { ocspFreshness: 8h, bodyLogging: off-not } } }
`.replace(', bodyLogging: off-not', ''),
    );
    expect(document.title).toBe('NO');
    expect(document.instances['EE'].parameters).toEqual({ ocspFreshness: 28_800e6 });
  });
});

describe('extends', () => {
  const entry = 'scenarios/a/one.scenario.yaml';

  test('merges maps and items with an id, and replaces other lists', () => {
    const loaded = over(`
workloads:
  - { id: office-asks, rate: 5/s }
  - id: second
    client: EE/GOV/70000002/office
    services: EE/GOV/70000001/registry/person
    users: 3
thresholds:
  - faultShare: below 2%
`);
    const { workloads, thresholds } = loaded.document ?? { workloads: [], thresholds: [] };
    expect(workloads.map(({ id, client }) => [id, client])).toEqual([
      ['office-asks', 'EE/GOV/70000002/office'],
      ['second', 'EE/GOV/70000002/office'],
    ]);
    expect(workloads[0].rate?.points[0].rate).toBe(5);
    expect(workloads[1]).toMatchObject({ kind: 'closed', users: 3 });
    expect(thresholds.map(({ metric }) => metric)).toEqual(['faultShare']);
    expect(over('workloads: []').document?.workloads).toEqual([]);
  });

  // Goal: what a scenario has made false does not stand in its report. Method: a base with two
  // assumptions of its own, one of which is changed, dropped or kept.
  test('merges assumptions by what is assumed', () => {
    const row = (what: string, value: string): string =>
      `{ what: ${what}, value: ${value}, confidence: estimated, source: none }`;
    const files = {
      'scenarios/base.scenario.yaml': `${SMALL}
assumptions: [${row('speed', 'slow')}, ${row('size', 'large')}]`,
    };
    const assumed = (list: string): LoadedScenario =>
      load(`extends: base.scenario.yaml\nassumptions: ${list}`, [], files);
    const valuesOf = ({ document }: LoadedScenario): string[] | undefined =>
      document?.assumptions.map(({ what, value }) => `${what} ${value}`);
    expect(valuesOf(assumed(`[${row('speed', 'fast')}]`))).toEqual(['speed fast', 'size large']);
    expect(valuesOf(assumed('[{ what: size, value: small }]'))).toEqual([
      'speed slow',
      'size small',
    ]);
    expect(valuesOf(assumed(`[${row('age', 'old')}]`))).toHaveLength(3);
    expect(valuesOf(assumed('[{ what: speed, value: null }]'))).toEqual(['size large']);
    expect(valuesOf(assumed('[{ what: speed, value: }, { what: size, value: ~ }]'))).toEqual([]);
    expect(valuesOf(assumed('[]'))).toEqual([]);
    // Nothing is called so: a slip of the pen, and no way to drop something.
    expect(codesOf(assumed('[{ what: sped, value: null }]'))).toContain('wrong-type');
    expect(codesOf(assumed('[{ what: sped, value: fast }]'))).toContain('missing-key');
  });

  test('an incident that goes on as one of another kind is told', () => {
    const files = {
      'scenarios/base.scenario.yaml': `${SMALL}
incidents:
  - { id: it, title: The old one, kind: ocsp-down, target: all, at: 10s, for: 5s }`,
    };
    const issuesOf = (item: string): string[] =>
      load(`extends: base.scenario.yaml\nincidents: [${item}]`, [], files).issues.map(formatIssue);
    expect(issuesOf('{ id: it, kind: tsa-down }')).toEqual([
      expect.stringMatching(
        /yaml:2:29: warning\[changed-kind\]: "it" is "ocsp-down" in [^]*, and here "tsa-down"/,
      ),
    ]);
    expect(issuesOf('{ id: it, kind: tsa-down, title: The new one }')).toEqual([]);
    expect(issuesOf('{ id: it, kind: ocsp-down }')).toEqual([]);
    expect(issuesOf('{ id: it, for: 6s }')).toEqual([]);
    expect(issuesOf('{ id: other, kind: tsa-down, target: all, at: 1s, for: 1s }')).toEqual([]);
  });

  test('reaches other folders of the scenarios', () => {
    const files = {
      [entry]: 'extends: ../b/two.scenario.yaml',
      'scenarios/b/two.scenario.yaml': 'extends: ../small.scenario.yaml\nduration: 5s',
      'scenarios/small.scenario.yaml': SMALL,
    };
    expect(loadScenario(entry, reader(files), []).document?.durationUs).toBe(5e6);
    const absolute = Object.fromEntries(
      Object.entries(files).map(([path, text]) => [`/home/x/${path}`, text]),
    );
    const loaded = loadScenario(`/home/x/${entry}`, reader(absolute), []);
    expect(loaded.document?.durationUs).toBe(5e6);
  });

  test.each([
    ['extends: ../../secret.yaml', 'extends-outside'],
    ['extends: /etc/passwd.yaml', 'extends-outside'],
    ['extends: C:/secret.yaml', 'extends-outside'],
    ['extends: file:///etc/x.yaml', 'extends-outside'],
    ['extends: "..\\\\..\\\\x.yaml"', 'extends-outside'],
    ['extends: ~/x.yaml', 'extends-outside'],
    ['extends: ../../scenarios/../x.yaml', 'extends-outside'],
    ['extends: notes.txt', 'extends-outside'],
    ['extends: ""', 'extends-outside'],
    ['extends: missing.scenario.yaml', 'unreadable'],
    ['extends: one.scenario.yaml', 'extends-circle'],
    ['extends: ./one.scenario.yaml', 'extends-circle'],
    ['extends: ../a/one.scenario.yaml', 'extends-circle'],
    ['extends: two.scenario.yaml', 'extends-circle'],
    ['extends: [two.scenario.yaml]', 'wrong-type'],
    ['extends: 5', 'wrong-type'],
    ['extends: empty.scenario.yaml', 'empty'],
  ])('%s is refused', (text, code) => {
    const files = {
      [entry]: `duration: 5s\n${text}\n`,
      'scenarios/a/two.scenario.yaml': 'extends: three.scenario.yaml',
      'scenarios/a/three.scenario.yaml': 'extends: one.scenario.yaml',
      'scenarios/a/empty.scenario.yaml': '# nothing',
    };
    const loaded = loadScenario(entry, reader(files), []);
    expect(codesOf(loaded)).toEqual([code]);
    expect(loaded.document).toBeNull();
  });

  test('no file outside is even asked for', () => {
    const asked: string[] = [];
    const read: ReadFile = (path) => {
      asked.push(path);
      return new TextEncoder().encode('extends: ../../../etc/x.yaml');
    };
    loadScenario('scenarios/x.scenario.yaml', read, []);
    expect(asked).toEqual(['scenarios/x.scenario.yaml']);
  });

  test('an endless row of files ends', () => {
    const read: ReadFile = (path) =>
      new TextEncoder().encode(`extends: a${path.split('/').at(-1)}`);
    const loaded = loadScenario('scenarios/x.scenario.yaml', read, []);
    expect(codesOf(loaded)).toEqual(['extends-depth']);
  });

  test('a mistake in the extended file has its place there', () => {
    const text = SMALL.replace('rate: 20/s', 'rate: 20/z');
    const loaded = load('extends: y.scenario.yaml', [], { 'scenarios/y.scenario.yaml': text });
    expect(loaded.issues.map((issue) => [issue.source.path, textOf(issue)])).toEqual([
      ['scenarios/y.scenario.yaml', '20/z'],
    ]);
  });
});

describe('--set', () => {
  test('sets values by key, number and id', () => {
    const { document, issues } = load(SMALL, [
      'replications=5',
      'workloads.office-asks.rate=50/s',
      'instances.EE.servers.1.version=7.7.0',
      'limits.eventsMax=3k',
      'thresholds=[]',
      'title=A title: with a colon'.replace(': ', ' - '),
    ]);
    expect(issues).toEqual([]);
    expect(document).toMatchObject({
      replications: 5,
      thresholds: [],
      title: 'A title - with a colon',
    });
    expect(document?.workloads[0].rate?.points[0].rate).toBe(50);
    expect(document?.instances['EE'].servers.map(({ version }) => version)).toEqual([
      70_800, 70_700,
    ]);
    expect(document?.limits.eventsMax).toBe(3000);
  });

  test.each([
    ['replications', 'set-value', 'replications'],
    ['replications=', 'set-value', '='],
    ['=5', 'set-path', '='],
    ['a..b=5', 'set-path', 'a..b'],
    ['extends=x.yaml', 'set-path', 'extends'],
    ['workloads.office-ask.rate=1/s', 'set-path', 'office-ask'],
    ['workloads.7.rate=1/s', 'set-path', '7'],
    ['workloads[0].rate=1/s', 'set-path', 'workloads[0]'],
    ['instances.ee.profile=ee-production', 'set-path', 'ee'],
    ['incidents.x.kind=server-crash', 'set-path', 'x'],
    ['duration.x=1', 'set-path', 'x'],
    ['duratoin=1s', 'unknown-key', 'duratoin'],
    ['limits.evnts=1', 'unknown-key', 'evnts'],
    ['duration=1m', 'bad-unit', '1m'],
    ['replications={', 'syntax', ''],
    ['seed=[1, 2]', 'wrong-type', 'seed'],
    ['__proto__.x=1', 'set-path', '__proto__.x'],
  ])('%s is refused at its place', (argument, code, text) => {
    const loaded = load(SMALL, [argument]);
    expect(loaded.document).toBeNull();
    expect(loaded.issues.map((issue) => [issue.code, issue.source.path, textOf(issue)])).toEqual([
      [code, '--set', text],
    ]);
  });

  test.each([
    ['workloads[0].rate=1/s', 'write workloads.0.rate'],
    ['workloads["office-asks"].rate=1/s', 'write workloads.office-asks.rate'],
    ['instances.ee.profile=ee-production', 'did you mean "EE"?'],
    ['incidents.x.kind=server-crash', 'it is empty; incidents.0.kind adds one'],
    [
      'workloads.evening.rate=1/s',
      'name an item by its id, or by its number from 0; its ids: office-asks; ' +
        'workloads.1.rate adds one',
    ],
  ])('%s: what would be right', (argument, hint) => {
    expect(load(SMALL, [argument]).issues.map((issue) => issue.hint)).toEqual([hint]);
  });

  test('adds an item by its number, also to a list that is not written yet', () => {
    const sets = ['id=pause', 'kind=server-crash', 'targets.0=EE/ss1', 'at=5s', 'for=1s'];
    const { document, issues } = load(SMALL, [
      ...sets.map((set) => `incidents.0.${set}`),
      'incidents.pause.title=A pause',
      'workloads.1={id: more, client: EE/GOV/70000002/office, services: a/b/c/d/e, users: 2}',
    ]);
    expect(issues).toEqual([]);
    expect(document?.incidents).toMatchObject([{ title: 'A pause', targets: ['EE/ss1'] }]);
    expect(document?.workloads.map(({ id }) => id)).toEqual(['office-asks', 'more']);
  });

  test('a scale is a number or a share', () => {
    const issuesWith = (scale: string) =>
      load(SMALL, [`instances.EE.population.scale=${scale}`]).issues.map(textOf);
    expect(issuesWith('1%')).toEqual(issuesWith('0.01'));
    expect(issuesWith('1%')).not.toContain('1%');
    expect(issuesWith('2000%')).toContain('2000%');
  });
});

describe('hard to break', () => {
  const bomb = [
    'a: &a [x,x,x,x,x,x,x,x,x]',
    ...'bcdefghi'.split('').map((name, index) => {
      const before = 'abcdefgh'[index];
      return `${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join(',')}]`;
    }),
  ].join('\n');

  test.each<[string, string | Uint8Array, string]>([
    ['an empty file', '', 'empty'],
    ['only notes', '# nothing\n\n', 'empty'],
    ['only a byte order mark', '\ufeff', 'empty'],
    ['an empty document', '---\n...\n', 'empty'],
    ['a list', '- duration: 5s', 'wrong-type'],
    ['one word', 'hello', 'wrong-type'],
    ['a picture', new Uint8Array([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0]), 'binary'],
    ['Latin-1', new Uint8Array([0x74, 0x3a, 0x20, 0xe4, 0xf6, 10]), 'not-utf8'],
    ['UTF-16', new Uint8Array([0xff, 0xfe, 0x61, 0, 0x3a, 0]), 'not-utf8'],
    ['9 MiB', new Uint8Array(9 * 2 ** 20).fill(0x20), 'too-large'],
    ['100 MB', new Uint8Array(100e6).fill(0x61), 'too-large'],
    ['8 MiB of brackets', '['.repeat(8 * 2 ** 20), 'too-large'],
    ['two documents', `${SMALL}\n---\n${SMALL}`, 'many-documents'],
    ['an alias bomb', bomb, 'alias-bomb'],
    ['an alias of itself', 'a: &a [*a]', 'alias-bomb'],
    ['deep nesting', `a: ${'['.repeat(60)}${']'.repeat(60)}`, 'too-deep'],
    ['deeper nesting', '{a: '.repeat(5000), 'too-deep'],
    ['a tab', 'duration: 5s\ninstances:\n\tEE: {}', 'syntax'],
    ['an open quote', 'title: "abc', 'syntax'],
    ['a tag', 'title: !!js/function "x"', 'syntax'],
  ])('%s', (_name, content, code) => {
    const loaded = load(content);
    expect(loaded.document).toBeNull();
    expect(codesOf(loaded)[0]).toBe(code);
    expect(loaded.issues.map(formatIssue).join('\n').length).toBeLessThan(100_000);
  });

  test('a file that cannot be read', () => {
    const loaded = loadScenario('nowhere.yaml', () => ({ error: 'no such file' }), ['a=1']);
    expect(loaded.issues.map(formatIssue).join('')).toContain(
      'cannot read "nowhere.yaml": no such',
    );
  });

  test.each([
    ['instances: {EE: {population: {servers: 1000000000}}}', '1000000000'],
    ['replications: 20000', '20000'],
    ['replications: -1', '-1'],
    ['replications: 0', '0'],
    ['duration: 500d', '500d'],
    ['duration: -5s', '-5s'],
    ['workloads: [{id: office-asks, rate: 20M/s}]', '20M/s'],
    ['workloads: [{id: w, users: 1G}]', '1G'],
    ['systems: [{id: registry-system, capacity: 0}]', '0'],
    ['instances: {EE: {parameters: {ocspFreshness: 900d}}}', '900d'],
    ['instances: {EE: {parameters: {clientThreads: -500}}}', '-500'],
    ['limits: {exchangesMax: 1e12}', '1e12'],
    ['links: [{between: [EE, EE], rtt: 3ms, loss: 200%}]', '200%'],
  ])('%s makes no sense', (text, written) => {
    const absurd = over(text).issues.filter(({ code }) => code === 'out-of-range');
    expect(absurd.map(textOf)).toEqual([written]);
  });

  test('keys that JavaScript treats specially are keys like any other', () => {
    expect(codesOf(over('__proto__: {a: 1}'))).toEqual(['unknown-key']);
    expect(codesOf(over('constructor: 1'))).toEqual(['unknown-key']);
    expect(codesOf(over('instances: {toString: {profile: nope}}'))).toEqual(['bad-value']);
    expect(codesOf(over('instances: {"__proto__": {}}'))).toEqual(['unknown-key']);
  });

  test('very many mistakes are cut off', () => {
    const loaded = load(Array.from({ length: 500 }, (_, index) => `k${index}: 1`).join('\n'));
    expect(loaded.issues.length).toBe(101);
    expect(loaded.issues.at(-1)?.message).toContain('more mistakes');
  });
});

describe('many mistakes of grammar', () => {
  const withErrors = (count: number): Issue[] =>
    load(`duration: 5s\n${"key: 'a' b\n".repeat(count)}`).issues.slice();

  test('ten are shown', () => {
    expect(withErrors(10).map(({ code }) => code)).toEqual(Array(10).fill('syntax'));
  });

  test('and the others are counted', () => {
    const issues = withErrors(33);
    expect(issues).toHaveLength(11);
    expect(formatIssue(issues[10])).toContain('x.scenario.yaml:12:10: error[more]: and 23 more');
  });
});

describe('the place of what is noticed later', () => {
  const loaded = over(`
links:
  - { between: [EE, FI], rtt: 3ms }
  - { from: EE, to: LV, rtt: 4ms }
incidents:
  - { id: i, kind: link-slow, target: nowhere, at: 9s, for: 2s, extraDelay: 7ms }
`);
  test.each<[(string | number)[], string]>([
    [['durationUs'], '2min'],
    [['warmUpUs'], 'extends: small.scenario.yaml'],
    [['links', 1, 'to'], 'links item 0'],
    [['links', 2, 'rttUs'], '4ms'],
    [['incidents', 0, 'targets', 0], 'nowhere'],
    [['incidents', 0, 'forUs'], '2s'],
    [['incidents', 0, 'settings', 'extraDelay'], '7ms'],
    [['workloads', 0, 'services', 0, 'service'], 'EE/GOV/70000001/registry/person'],
    [['services', 0, 'system'], 'registry-system'],
    [['thresholds', 1, 'scope'], 'faultShare: below 1%'],
    [['instances', 'EE', 'servers', 1, 'subsystems', 0], 'GOV/70000002/office'],
  ])('%s', (path, text) => {
    const issue = loaded.locate({ code: 'c', message: 'm', hint: null, path, isWarning: false });
    const expected = text === 'links item 0' ? '{ between: [EE, FI], rtt: 3ms }' : text;
    expect(textOf(issue).split('\n')[0].trim()).toBe(expected);
    expect(issue.source.path).toContain(path[0] === 'links' || path[0] === 'incidents' ? 'x.' : '');
  });

  test('also when the value came from the extended file', () => {
    const path = ['services', 0, 'system'];
    const issue = loaded.locate({ code: 'c', message: 'm', hint: null, path, isWarning: false });
    expect(issue.source.path).toBe('scenarios/small.scenario.yaml');
  });
});

test('of two things of one name, the first is shown', () => {
  const loaded = over('title: x\nsystems: [{id: a},\n {id: a}]');
  const later = { code: 'duplicate-id', message: 'm', hint: null, isWarning: false };
  const hintOf = (path: (string | number)[], first: (string | number)[]) =>
    loaded.locate({ ...later, path, first }).hint;
  expect(hintOf(['systems', 1, 'id'], ['systems', 0, 'id'])).toBe('the first is on line 3');
  expect(hintOf(['systems', 1, 'id'], ['workloads', 0, 'id'])).toMatch(
    /^the first is in scenarios\/small\.scenario\.yaml, on line \d+$/,
  );
});

// Goal: how errors read, on one page. Method: one text with a mistake of each kind.
test('the errors of a bad scenario', () => {
  const text = readFileSync(new URL('./bad-scenario.golden.yaml', import.meta.url), 'utf8');
  const more = {
    'scenarios/base.scenario.yaml': SMALL.replace('duration: 2min', 'duration: 2 mins'),
  };
  const { issues } = load(text, ['workloads.office-asks.reate=5/s', 'seed=-4'], more);
  const errors = `${issues.map(formatIssue).join('\n\n')}\n`;
  matchesGolden(new URL('./bad-scenario.golden.txt', import.meta.url), errors);
});
