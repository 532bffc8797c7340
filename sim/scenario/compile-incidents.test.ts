// Goal: an incident hits whom its author means, when he means it, and says so when that cannot be.
// Method: a small federation written as text, and the patches and messages that come out of it.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { INCIDENT_KINDS } from '../catalogue/index.ts';
import type { Calibration } from '../plan/calibration.ts';
import { PatchColumn } from '../plan/plan.ts';
import type { Plan } from '../plan/plan.ts';
import { compileScenario } from './compile.ts';
import { formatIssue } from './issue.ts';
import { loadScenario } from './load.ts';

const ZERO = JSON.parse(
  readFileSync(
    new URL('../../scenarios/calibrations/zero.calibration.json', import.meta.url),
    'utf8',
  ),
) as Calibration;

/** Servers 0 to 3 belong to GOV, 4 to 9 to COM, 10 to Finland. Who calls: see the rates. */
const NETWORK = `
title: t
question: q
duration: 100s
federation: [[EE, FI]]
instances:
  EE:
    centralServers: [central-1, { id: central-2, cost: paid }]
    certificationAuthorities: [{ id: ca, ocspResponders: [ocsp-1, ocsp-2] }]
    timeStampingAuthorities: [tsa-1, { id: tsa-2, capacity: 4, serviceTime: 3ms, cost: paid }]
    members:
      - { id: GOV/1, subsystems: [registry] }
      - { id: COM/2, subsystems: [shop, bank] }
    servers:
      - { id: g0, owner: GOV/1, subsystems: [GOV/1/registry] }
      - { id: g1, owner: GOV/1, subsystems: [GOV/1/registry] }
      - { id: g2, owner: GOV/1 }
      - { id: g3, owner: GOV/1 }
      - { id: c4, owner: COM/2, subsystems: [COM/2/shop] }
      - { id: c5, owner: COM/2, subsystems: [COM/2/bank], version: 7.7.0 }
      - { id: c6, owner: COM/2 }
      - { id: c7, owner: COM/2 }
      - { id: c8, owner: COM/2 }
      - { id: c9, owner: COM/2, parameters: { batchSigning: false } }
  FI:
    members: [{ id: GOV/9, subsystems: [desk] }]
    servers: [{ id: f10, owner: GOV/9, subsystems: [GOV/9/desk] }]
systems:
  - { id: archive, serviceTime: 5ms }
  - { id: registry, serviceTime: 5ms }
services:
  - id: EE/GOV/1/registry/person
    system: registry
    access: [EE/COM/2/shop, EE/COM/2/bank, FI/GOV/9/desk]
  - { id: EE/GOV/1/registry/letter, system: archive, access: [EE/COM/2/bank] }
workloads:
  - { id: shop, client: EE/COM/2/shop, services: EE/GOV/1/registry/person, rate: 10/s }
  - { id: bank, client: EE/COM/2/bank, services: EE/GOV/1/registry/letter, rate: 30/s }
  - { id: bank-2, client: EE/COM/2/bank, services: EE/GOV/1/registry/person, rate: 1/s }
  - { id: desk, client: FI/GOV/9/desk, services: EE/GOV/1/registry/person, rate: 2/s }
`;

interface Answer {
  readonly plan: Plan | null;
  /** `code: message` with the hint behind it, and the line where it stands. */
  readonly issues: readonly string[];
}

function ask(incidents: string, network = NETWORK): Answer {
  const text = `${network}incidents:\n${incidents}\n`;
  const loaded = loadScenario(
    'scenarios/x.scenario.yaml',
    () => new TextEncoder().encode(text),
    [],
  );
  if (loaded.document === null) return { plan: null, issues: loaded.issues.map(formatIssue) };
  const { plan, issues } = compileScenario(loaded.document, ZERO);
  return { plan, issues: issues.map(loaded.locate).map(formatIssue) };
}

function planOf(incidents: string, network = NETWORK): Plan {
  const { plan, issues } = ask(incidents, network);
  expect(issues).toEqual([]);
  if (plan === null) throw new Error('no plan');
  return plan;
}

const one = (rest: string, kind = 'server-crash', id = 'it'): string =>
  `  - { id: ${id}, kind: ${kind}, ${rest} }`;

/** Rows of the first changes of an incident, in order of time. */
const rowsOf = (plan: Plan): number[] => {
  const { row, timeUs } = plan.patches;
  return [...row].filter((_, index) => timeUs[index] < plan.durationUs / 2);
};
const rowsHit = (target: string, kind = 'server-crash', network = NETWORK): number[] =>
  rowsOf(planOf(one(`target: ${target}, at: 10s, for: 80s`, kind), network)).toSorted(
    (a, b) => a - b,
  );

/** `second column row value`. */
const changesOf = ({ patches }: Plan): string[] =>
  [...patches.timeUs].map((timeUs, index) =>
    [timeUs / 1e6, patches.column[index], patches.row[index], patches.value[index]].join(' '),
  );

describe('whom it hits', () => {
  test.each<[string, number[]]>([
    ['EE/c4', [4]],
    ['EE/COM/2/c4', [4]],
    ['[EE/c4, EE/COM/2/c4, EE/g0]', [0, 4]],
    ['all', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]],
    ['{ instance: FI }', [10]],
    ['{ class: GOV }', [0, 1, 2, 3, 10]],
    ['{ class: GOV, instance: EE }', [0, 1, 2, 3]],
    ['[{ instance: FI }, EE/g3, { class: GOV }]', [0, 1, 2, 3, 10]],
    // 31 calls a second by the bank; 43 to the registry, which has two servers; 10 by the shop.
    ['{ mostCentral: 1 }', [5]],
    ['{ mostCentral: 3 }', [0, 1, 5]],
    ['{ mostCentral: 4 }', [0, 1, 4, 5]],
    ['{ mostCentral: 1, class: GOV }', [0]],
    ['{ mostCentral: 1, instance: FI }', [10]],
  ])('servers: %s', (target, rows) => expect(rowsHit(target)).toEqual(rows));

  test.each<[string, string, number[]]>([
    ['system-hung', 'all', [0, 1]],
    ['system-hung', '{ mostCentral: 1 }', [0]],
    ['system-hung', '[registry, EE/GOV/1/registry/letter]', [0, 1]],
    ['system-hung', '{ class: GOV }', [0, 1]],
    ['access-revoked', 'EE/GOV/1/registry/letter', [1]],
    ['access-revoked', 'EE/GOV/1/registry/person', [0, 2, 3]],
    ['access-revoked', '{ mostCentral: 1 }', [1]],
    // EE: central servers 0 and 1, responders 2 and 3, authorities 4 and 5; then those of FI.
    ['central-server-down', 'EE/central-2', [1]],
    ['central-server-down', '{ instance: EE }', [0, 1]],
    ['central-server-down', 'all', [0, 1, 6]],
    ['central-server-down', '{ mostCentral: 2 }', [0, 1]],
    ['ocsp-down', '{ instance: EE }', [2, 3]],
    ['ocsp-down', 'FI/ocsp1', [7]],
    ['tsa-down', 'EE/tsa-2', [5]],
    ['tsa-error', '{ share: 100% }', [4, 5, 8]],
    // A certificate for TLS each, and one for each member that signs at a server.
    ['certificates-expired', '{ class: GOV, instance: EE }', [0, 1, 2, 3, 11, 12]],
  ])('%s at %s', (kind, target, rows) => expect(rowsHit(target, kind)).toEqual(rows));

  test('links: of a server, of an instance, and of the servers that a selection chooses', () => {
    const linksHit = (target: string): string[] => {
      const plan = planOf(one(`target: ${target}, at: 10s, for: 80s`, 'link-cut'));
      const rows = rowsOf(plan);
      return rows.map((row) => plan.links.id[row]).toSorted();
    };
    expect(linksHit('EE->FI')).toEqual(['EE->FI']);
    expect(linksHit('all')).toEqual(['EE->EE', 'EE->FI', 'FI->EE']);
    expect(linksHit('{ instance: FI }')).toEqual(['EE->FI', 'FI->EE']);
    expect(linksHit('{ mostCentral: 1 }')).toEqual(['EE->EE/COM/2/c5', 'EE/COM/2/c5->EE']);
    expect(linksHit('[{ class: COM, mostCentral: 1 }, EE/c5]')).toEqual([
      'EE->EE/COM/2/c5',
      'EE/COM/2/c5->EE',
    ]);
    expect(linksHit('{ class: COM, share: 100% }').every((id) => id.includes('COM'))).toBe(true);
  });

  test('a share is drawn by seed and id, and a server more moves no other', () => {
    const servers = Array.from({ length: 400 }, (_, n) => `      - { id: s${n}, owner: COM/2 }\n`);
    const many = (seed: number, count: number): string =>
      `seed: ${seed}\n${NETWORK.replace('  FI:\n', `${servers.slice(0, count).join('')}  FI:\n`)}`;
    const hit = (seed: number, count: number, share = '10%', id = 'it'): string[] => {
      const text = one(`target: { share: ${share} }, at: 10s, for: 80s`).replace(
        'id: it',
        `id: ${id}`,
      );
      const plan = planOf(text, many(seed, count));
      return rowsOf(plan).map((row) => plan.servers.id[row]);
    };
    const first = hit(1, 389);
    expect(first).toHaveLength(40);
    expect(hit(1, 389)).toEqual(first);
    expect(hit(2, 389)).not.toEqual(first);
    expect(hit(1, 389, '10%', 'other')).not.toEqual(first);
    // As few may change as there are more to draw.
    expect(hit(1, 399).filter((id) => !first.includes(id)).length).toBeLessThanOrEqual(10);
    // A larger share holds the smaller one.
    expect(first.filter((id) => !hit(1, 389, '30%').includes(id))).toEqual([]);
    expect(hit(1, 0, '1%')).toHaveLength(1);
  });

  test('a result names all that were chosen, and nothing else', () => {
    const named = (target: string, network = NETWORK): readonly string[] =>
      planOf(one(`target: ${target}, at: 10s, for: 80s`), network).incidents[0].targets;
    expect(named('EE/c4')).toEqual(['EE/c4']);
    expect(named('{ mostCentral: 1 }')).toEqual(['EE/COM/2/c5']);
    expect(named('all')).toHaveLength(11);
    const more = Array.from({ length: 30 }, (_, at) => `      - { id: m${at}, owner: COM/2 }\n`);
    const many = NETWORK.replace('  FI:\n', `${more.join('')}  FI:\n`);
    const names = named('{ instance: EE }', many);
    expect(new Set(names).size).toBe(40);
    expect(names.filter((name) => !/^EE\/(GOV\/1|COM\/2)\/[gcm]\d+$/.test(name))).toEqual([]);
  });
});

describe('when it hits', () => {
  const begins = (rest: string): string[] => {
    const { ServerPower } = PatchColumn;
    const changes = changesOf(planOf(one(rest)));
    return changes.map((change) => {
      const [second, column, row, value] = change.split(' ').map(Number);
      expect(column).toBe(ServerPower);
      return `${second} ${row} ${value === 1 ? 'up' : 'down'}`;
    });
  };
  const THREE = 'targets: [EE/g0, EE/g1, EE/g2], at: 10s';

  test('a ramp spreads the beginnings; all end together', () => {
    expect(begins(`${THREE}, for: 30s, ramp: 10s`)).toEqual([
      '10 0 down',
      '15 1 down',
      '20 2 down',
      '40 0 up',
      '40 1 up',
      '40 2 up',
    ]);
  });

  test('with a dwell each ends on its own', () => {
    expect(begins(`${THREE}, dwell: 7s, ramp: 10s`)).toEqual([
      '10 0 down',
      '15 1 down',
      '17 0 up',
      '20 2 down',
      '22 1 up',
      '27 2 up',
    ]);
    expect(begins(`${THREE}, dwell: 7s, ramp: 10s, for: 12s`).slice(-2)).toEqual([
      '22 1 up',
      '22 2 up',
    ]);
  });

  test('serial: one after the other, by a dwell or by parts of the whole', () => {
    const turns = ['10 0 down', '14 0 up', '15 1 down', '19 1 up', '20 2 down', '24 2 up'];
    expect(begins(`${THREE}, dwell: 4s, gap: 1s, workflow: serial`)).toEqual(turns);
    expect(begins(`${THREE}, for: 14s, gap: 1s, workflow: serial`)).toEqual(turns);
    const rolling = planOf(one(`${THREE}, dwell: 4s, gap: 1s`, 'rolling-restart'));
    expect(changesOf(rolling)).toHaveLength(6);
    expect(rolling.incidents).toMatchObject([{ id: 'it', startUs: 10e6, endUs: 24e6 }]);
    // Without a gap the next goes down at the instant at which the last one is up again.
    expect(begins(`${THREE}, dwell: 5s, workflow: serial`).slice(1, 3)).toEqual([
      '15 0 up',
      '15 1 down',
    ]);
  });

  test('what repeats is several incidents', () => {
    const plan = planOf(one('target: EE/g0, at: 10s, for: 5s, repeat: { every: 20s, times: 3 }'));
    expect(changesOf(plan).map((change) => change.split(' ')[0])).toEqual(
      [10, 15, 30, 35, 50, 55].map(String),
    );
    expect(plan.incidents.map(({ id, title, startUs }) => [id, title, startUs / 1e6])).toEqual([
      ['it', 'it', 10],
      ['it/2', 'it (2 of 3)', 30],
      ['it/3', 'it (3 of 3)', 50],
    ]);
    expect([...plan.patches.incident]).toEqual([0, 0, 1, 1, 2, 2]);
  });

  test('attackers come and go as their targets are hit', () => {
    const flood = 'rate: 5/s, ramp: 10s, dwell: 10s, repeat: { every: 30s, times: 2 }';
    const plan = planOf(one(`targets: [EE/c4, EE/c5], at: 10s, ${flood}`, 'request-flood'));
    const { id, startUs, stopUs, incident } = plan.sources;
    const attackers = [...incident.keys()].filter((row) => incident[row] >= 0);
    expect(attackers.map((row) => `${id[row]} ${startUs[row] / 1e6} ${stopUs[row] / 1e6}`)).toEqual(
      [
        'it/EE/COM/2/c4 10 20',
        'it/EE/COM/2/c5 20 30',
        'it/2/EE/COM/2/c4 40 50',
        'it/2/EE/COM/2/c5 50 60',
      ],
    );
    expect(plan.expected.attackRequests).toBe(4 * 10 * 5);
  });

  test('a restart that waits for the PIN: up again long before it can sign', () => {
    const { ServerPower, TokenLocked } = PatchColumn;
    const plan = planOf(
      one('target: EE/c5, at: 10s, for: 60s, downFor: 20s', 'restart-without-pin'),
    );
    expect(changesOf(plan)).toEqual([
      `10 ${ServerPower} 5 0`,
      `10 ${TokenLocked} 5 1`,
      `30 ${ServerPower} 5 1`,
      `70 ${TokenLocked} 5 0`,
    ]);
  });

  test('the value from before returns, whatever it was', () => {
    const last = (kind: string, rest: string): string | undefined =>
      changesOf(planOf(one(`at: 10s, for: 60s, ${rest}`, kind))).at(-1);
    const { BatchSigningOff, ServerVersion, LogSlowness, TrustServiceSlowness } = PatchColumn;
    expect(last('hsm-no-batch', 'target: EE/c9')).toBe(`70 ${BatchSigningOff} 9 1`);
    expect(last('hsm-no-batch', 'target: EE/c8')).toBe(`70 ${BatchSigningOff} 8 0`);
    expect(last('version-day', 'target: EE/c5, version: 7.9.0')).toBe(
      `70 ${ServerVersion} 5 70700`,
    );
    expect(last('log-slow', 'target: EE/c5')).toBe(`70 ${LogSlowness} 5 1`);
    expect(last('ocsp-slow', 'target: FI/ocsp1')).toBe(`70 ${TrustServiceSlowness} 7 1`);
  });

  test('a drifting clock changes in one step after the other, and is set right once', () => {
    const drift = 'target: EE/c5, at: 10s, for: 60s, offset: 20s, within: 40s';
    const changes = changesOf(planOf(one(drift, 'clock-skew')));
    const values = changes.map((change) => Number(change.split(' ')[3]) / 1e6);
    expect(values).toEqual([...Array.from({ length: 20 }, (_, step) => step + 1), 0]);
    expect(changes.at(-1)).toBe(`70 ${PatchColumn.ClockSkewUs} 5 0`);
  });

  // Any times at all: every window lies within the incident, and each target has one.
  test('property: windows', () => {
    const seconds = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(seconds, seconds, fc.nat(20), fc.boolean(), (dwell, gap, ramp, isSerial) => {
        const spread = isSerial ? `workflow: serial, gap: ${gap}s` : `ramp: ${ramp}s`;
        const { plan } = ask(one(`${THREE}, dwell: ${dwell}s, ${spread}`));
        if (plan === null) throw new Error('no plan');
        const stepS = isSerial ? dwell + gap : ramp / 2;
        const expected = [0, 1, 2]
          .map((index) => 10 + index * stepS)
          .filter((atS) => atS < 100)
          .map((atS, index) => `${atS} ${PatchColumn.ServerPower} ${index} 0`);
        expect(changesOf(plan).filter((change) => change.endsWith(' 0'))).toEqual(expected);
      }),
      { numRuns: 25, seed: 7 },
    );
  });
});

describe('what cannot be meant', () => {
  const AT = 'at: 10s, for: 20s';
  /** An incident, and the first line of what is said of it with the line of the hint. */
  test.each<[string, string, string | null]>([
    // Times.
    [
      one('target: EE/g0, at: 10s'),
      'error[missing-key]: neither for nor dwell',
      'such as for: 5min',
    ],
    [one('target: EE/g0, at: 10s, for: 0s'), 'error[out-of-range]: "it" lasts no time', '5min'],
    [one('target: EE/g0, at: 10s, dwell: 0s'), 'error[out-of-range]: "it" lasts no time', '5min'],
    [
      one(`target: EE/g0, ${AT}, dwell: 21s`),
      'error[conflict]: "it" dwells at each target for longer than it lasts',
      'dwell is 21 s, and for is 20 s',
    ],
    [
      one(`targets: [EE/g0, EE/g1], ${AT}, dwell: 21s`, 'rolling-restart'),
      'error[conflict]: "it" dwells',
      'dwell is 21 s',
    ],
    [
      one(`target: EE/g0, ${AT}, within: 21s`, 'clock-skew'),
      'warning[conflict]: "it" is over before its within has passed',
      'within is 21 s, and it lasts 20 s',
    ],
    [
      one(`target: EE/g0, ${AT}`, 'restart-without-pin'),
      'warning[conflict]: "it" is over before its downFor has passed',
      'downFor is 30 s, and it lasts 20 s',
    ],
    [
      one(
        'target: [EE/g0, EE/g1], at: 1s, for: 20s, ramp: 15s, downFor: 21s',
        'version-day',
      ).replace('downFor', 'version: 7.9.0, downFor'),
      'warning[conflict]: "it" is over before its downFor has passed',
      'it lasts 20 s',
    ],
    [one('target: EE/g0, at: 10s, for: -5s'), 'error[out-of-range]: "-5s" is negative', null],
    [
      one('target: EE/g0, at: 100s, for: 1s'),
      'error[after-the-end]: "it" begins when the run is',
      'lasts 100 s',
    ],
    [
      one('target: EE/g0, at: 90s, for: 20s'),
      'warning[outlasts-the-run]: "it" lasts longer than',
      'lasts 100 s',
    ],
    [
      one(`targets: [EE/g0, EE/g1], ${AT}, ramp: 20s`),
      'error[conflict]: "it" ends before its last',
      'lasts 20 s',
    ],
    [one(`target: all, ${AT}, gap: 2s`), 'error[conflict]: "it" is parallel', 'workflow: serial'],
    [
      one(`target: all, ${AT}, ramp: 2s, workflow: serial`),
      'error[conflict]: "it" is serial',
      'write a gap',
    ],
    [
      one(`target: all, ${AT}, dwell: 2s`, 'rolling-restart'),
      'error[conflict]: "it" ends before it was',
      '11 turns need 22 s',
    ],
    [
      one(`target: all, ${AT}, gap: 2s`, 'rolling-restart'),
      'error[conflict]: "it" ends before it was',
      'more than 20 s',
    ],
    [
      one('target: all, at: 10s, dwell: 20s', 'rolling-restart'),
      'warning[after-the-end]: "it" does not come to 6 of its 11 targets',
      null,
    ],
    [
      one(`target: EE/g0, ${AT}, repeat: { every: 19s, times: 2 }`),
      'error[overlapping-incidents]: "it" comes again every 19 s',
      'lasts 20 s',
    ],
    [
      one(`target: EE/g0, ${AT}, repeat: { every: 30s, times: 9 }`),
      'warning[after-the-end]: "it" comes 3 of 9 times',
      null,
    ],
    [
      one(`target: all, ${AT}, repeat: { every: 20s, times: 10001 }`),
      'error[out-of-range]: "10001" makes no sense',
      null,
    ],
    [
      one('target: all, at: 0s, for: 1ms, repeat: { every: 1ms, times: 10000 }', 'clock-skew'),
      'error[out-of-range]: "it" makes 2200000 changes',
      null,
    ],
    [
      one(`target: EE/g0, ${AT}, workflow: paralel`),
      'error[bad-value]: "paralel" is not known',
      'did you mean "parallel"?',
    ],
    // Targets.
    [
      one(`target: EE, ${AT}`),
      'error[unknown-reference]: "EE" is an instance, and here security servers are named',
      'write { instance: EE }',
    ],
    [
      one(`target: FI, ${AT}`, 'tsa-down'),
      'error[unknown-reference]: "FI" is an instance, and here time-stamping authorities',
      'write { instance: FI }',
    ],
    // Eleven servers, of which each has two names.
    [
      one(`target: somewhere, ${AT}`),
      'error[unknown-reference]: no security server is called "somewhere"',
      'EE/c7 and 3 more',
    ],
    [
      one(`target: somewhere, ${AT}`, 'link-slow'),
      'error[unknown-reference]: no instance or security server is called',
      'EE/c5 and 5 more',
    ],
    [
      one(`target: EE/g10, ${AT}`),
      'error[unknown-reference]: no security server is called "EE/g10"',
      'did you mean "EE/g0"?',
    ],
    [
      one(`target: EE/tsa-3, ${AT}`, 'tsa-down'),
      'error[unknown-reference]: no time-stamping authority',
      'did you mean "EE/tsa-1"?',
    ],
    [
      one(`target: EE/central-1, ${AT}`, 'ocsp-down'),
      'error[unknown-reference]: no OCSP responder',
      'known are EE/ocsp-1',
    ],
    [
      one(`target: EE/GOV/1/registry/persons, ${AT}`, 'access-revoked'),
      'error[unknown-reference]: no service',
      'registry/person"?',
    ],
    [
      one(`target: EE/GOV/1/registry/person, client: EE/COM/2/shup, ${AT}`, 'access-revoked'),
      'error[unknown-reference]: no subsystem',
      'did you mean "EE/COM/2/shop"?',
    ],
    [
      one(`target: { class: GOW }, ${AT}`),
      'error[unknown-reference]: no member class of security',
      'did you mean "GOV"?',
    ],
    [
      one(`target: { instance: FO }, ${AT}`),
      'error[unknown-reference]: no instance is called "FO"',
      'did you mean "FI"?',
    ],
    [
      one(`target: { instance: FO, share: 5% }, ${AT}`, 'link-cut'),
      'error[unknown-reference]: no instance',
      'did you mean "FI"?',
    ],
    [
      one(`target: { class: GOV }, ${AT}`, 'ocsp-down'),
      'error[conflict]: OCSP responders belong to no',
      'select them by',
    ],
    [one(`target: { share: 0% }, ${AT}`), 'error[no-target]: "it" selects no server', '11 pass'],
    [
      one(`target: { class: COM, instance: FI }, ${AT}`),
      'error[no-target]: "it" selects no server',
      '0 pass',
    ],
    [
      one(`target: { mostCentral: 30 }, ${AT}`),
      'warning[out-of-range]: there are only 11',
      'all of them',
    ],
    [
      one(`target: { share: 5%, mostCentral: 3 }, ${AT}`),
      'error[conflict]: a selection is drawn or',
      'share or mostCentral',
    ],
    [one(`target: {}, ${AT}`), 'error[bad-value]: this selects nothing', '`all`'],
    [
      one(`target: { clas: GOV }, ${AT}`),
      'error[unknown-key]: there is no key "clas"',
      'did you mean "class"?',
    ],
    [one(`targets: [], ${AT}`), 'error[missing-value]: "it" has no target', null],
    [
      one(
        `target: EE/GOV/1/registry/person, client: FI/GOV/9/desk, ${AT}`,
        'access-revoked',
      ).replace('person', 'letter'),
      'warning[no-effect]: "it" touches nothing',
      null,
    ],
    // Two incidents.
    [
      [
        one(`target: { class: GOV }, ${AT}`),
        one('target: EE/g2, at: 29s, for: 9s', 'rolling-restart', 'other'),
      ].join('\n'),
      'error[overlapping-incidents]: "other" and "it"',
      'let one end first',
    ],
    [
      [
        one(`target: EE/ocsp-1, ${AT}`, 'ocsp-slow'),
        one('target: { instance: EE }, at: 12s, for: 1s', 'ocsp-down', 'other'),
      ].join('\n'),
      'error[overlapping-incidents]: "other" and "it"',
      'let one end first',
    ],
  ])('%s', (incident, message, hint) => {
    const { issues, plan } = ask(incident);
    expect(issues.map((issue) => issue.split('\n')[0])).toEqual([expect.stringContaining(message)]);
    expect(issues[0]).toContain(hint ?? '');
    expect(plan === null).toBe(message.startsWith('error'));
    // It points into the list of incidents, which is all that stands behind the network.
    const [, line] = /yaml:(\d+):/.exec(issues[0]) ?? [];
    expect(Number(line)).toBeGreaterThanOrEqual(NETWORK.split('\n').length);
  });

  test('incidents in a row are no overlap, nor are two columns of one server', () => {
    const first = one(`target: EE/g0, ${AT}`);
    const after = one('target: all, at: 30s, for: 9s', 'server-crash', 'other');
    expect(ask(`${first}\n${after}`).issues).toEqual([]);
    const beside = one(`target: EE/g0, ${AT}`, 'log-slow', 'other');
    expect(ask(`${first}\n${beside}`).issues).toEqual([]);
  });

  // Expired until 30 s, revoked until 30 s, or replaced at 30 s: three columns of one certificate.
  const TROUBLES = ['certificates-expired', 'certificates-revoked', 'certificate-renewal'];
  test.each(TROUBLES.flatMap((kind) => TROUBLES.map((other) => [kind, other] as const)))(
    '%s and %s of one server',
    (kind, other) => {
      const pair = (target: string, times: string): readonly string[] =>
        ask(`${one(`target: EE/g0, ${AT}`, kind)}\n${one(`${target}, ${times}`, other, 'other')}`)
          .issues;
      const found = pair('target: EE/g0', 'at: 29s, for: 9s');
      expect(found).toHaveLength(1);
      expect(found[0]).toMatch(
        kind === other
          ? /error\[overlapping-incidents\]: "other" and "it" change the same thing/
          : /warning\[overlapping-incidents\]: "other" and "it" [^]*first new certificate wins/,
      );
      expect(pair('target: EE/g0', 'at: 30s, for: 9s')).toEqual([]);
      expect(pair('target: EE/g1', 'at: 29s, for: 9s')).toEqual([]);
    },
  );

  test('a signing certificate is not renewed with that of authentication', () => {
    const kinds = (certificate: string): string =>
      one(`target: EE/g0, ${AT}, certificate: ${certificate}`, 'certificates-expired');
    const renewal = one(`target: EE/g0, ${AT}`, 'certificate-renewal', 'other');
    expect(ask(`${kinds('signing')}\n${renewal}`).issues).toEqual([]);
    expect(ask(`${kinds('authentication')}\n${renewal}`).issues).toHaveLength(1);
  });

  // The newest server is of 7.8.0, and one is older.
  test('a version that no server has', () => {
    const raise = (more: string): readonly string[] =>
      ask(one(`target: EE/g0, ${AT}, ${more}`, 'version-day')).issues;
    expect(raise('minVersion: 7.8.0')).toEqual([]);
    expect(raise('minVersion: 7.9.0')).toEqual([
      expect.stringMatching(
        /warning\[conflict\]: no server [^]* may call its targets[^]*is 7.8.0, and 7.9.0 is the/,
      ),
    ]);
    expect(raise('minVersion: 7.9.0, version: 7.9.0')).toEqual([]);
  });

  // A steady run, whose warm-up takes 30 of its 100 s.
  test('what is over when the measurement begins', () => {
    const steady = `kind: steady\nwarmUp: 30s\n${NETWORK}`;
    const issuesOf = (times: string): readonly string[] =>
      ask(one(`target: EE/g0, ${times}`), steady).issues;
    expect(issuesOf('at: 10s, for: 20s')).toEqual([
      expect.stringMatching(
        /warning\[no-effect\]: "it" is over before anything is counted[^]*the warm-up lasts 30 s/,
      ),
    ]);
    expect(issuesOf('at: 10s, for: 21s')).toEqual([]);
    expect(issuesOf('at: 10s, for: 5s, repeat: { every: 10s, times: 2 }')).toHaveLength(1);
    expect(issuesOf('at: 10s, for: 5s, repeat: { every: 20s, times: 2 }')).toEqual([]);
  });

  test('trouble with trust where its clocks are off', () => {
    const off = `trust: off\n${NETWORK}`;
    expect(ask(one(`target: EE/tsa-1, ${AT}`, 'tsa-down'), off).issues[0]).toContain(
      'error[conflict]: "it" shows nothing where trust is off',
    );
    expect(ask(one(`target: EE/g0, ${AT}`), off).issues).toEqual([]);
  });
});

describe('contradictions of an instance', () => {
  const withEe = (lines: string): string => NETWORK.replace('  EE:\n', `  EE:\n    ${lines}\n`);
  const none = one('target: EE/g0, at: 10s, for: 20s');
  const slow = (more: string): string =>
    `parameters: { acceptableTimestampFailure: 4min, timeStampRetryDelay: 5min, ${more} }`;
  test.each<[string, string | null]>([
    ['parameters: { timeStampingInterval: 1h }', 'error[conflict]: time-stamps come later than'],
    ['parameters: { timeStampingInterval: 59min }', null],
    ['parameters: { ocspFetchInterval: 1h }', 'warning[conflict]: OCSP answers are fetched again'],
    ['parameters: { ocspNextUpdate: 20min }', 'warning[conflict]: OCSP answers expire before'],
    ['parameters: { ocspNextUpdate: 21min }', null],
    ['parameters: { ocspNextUpdate: 20min, verifyNextUpdate: false }', null],
    ['parameters: { ocspStrategy: only-paid }', 'warning[conflict]: there is no OCSP responder'],
    // Of its two time-stamping authorities one is paid.
    ['parameters: { timeStampingStrategy: only-paid }', null],
    ['parameters: { ocspStrategy: only-free, timeStampingStrategy: paid-first }', null],
    [
      'parameters: { acceptableTimestampFailure: 59s }',
      'warning[conflict]: one failed time-stamp stops a server before it is tried again',
    ],
    ['parameters: { acceptableTimestampFailure: 60s }', null],
    ['parameters: { acceptableTimestampFailure: 0s }', null],
    ['parameters: { acceptableTimestampFailure: 59s, timestampImmediately: true }', null],
    // Tried again after five minutes, but never later than after the interval.
    [
      slow('timeStampingInterval: 6min'),
      'acceptableTimestampFailure is 4 min, and the next try comes after 5 min',
    ],
    [slow('timeStampingInterval: 3min'), null],
    ['parameters: { minClientVersion: 7.8.0 }', null],
    [
      'parameters: { minClientVersion: 7.8.1 }',
      'warning[conflict]: no server of the scenario may call EE: all are too old',
    ],
    ['parameters: { globalConfValidity: 2min }', 'warning[conflict]: a configuration may expire'],
    ['parameters: { globalConfValidity: 3min }', null],
    [
      'certificates: [{ expiresAfter: 50s, share: 0% }]',
      'error[no-target]: this concerns no server',
    ],
    ['certificates: [{ expiresAfter: 2min }]', 'warning[after-the-end]: these certificates expire'],
    [
      'certificates: [{ expiresAfter: 50s, servers: [EE/c44] }]',
      'no security server is called "EE/c44"',
    ],
    [
      'certificates: [{ expiresAfter: 50s, servers: [FI/f10] }]',
      '"FI/f10" is not a security server of EE',
    ],
    ['certificates: [{ expiresAfter: 50s, servers: [EE/c4], kind: signing }]', null],
  ])('%s', (lines, message) => {
    const { issues } = ask(none, withEe(lines));
    expect(issues).toHaveLength(message === null ? 0 : 1);
    expect(issues.join('')).toContain(message ?? '');
  });

  // Each fetches every 20 min, and accepts what is an hour old.
  test('one country asks for fresher answers than the other fetches', () => {
    const freshness = 'parameters: { ocspFreshness: 15min, ocspFetchInterval: 10min }';
    const [found, ...more] = ask(none, withEe(freshness)).issues;
    expect(more).toEqual([]);
    expect(found).toMatch(/warning\[conflict\]: EE accepts no OCSP answers as old as those of FI/);
    expect(found).toContain('ocspFreshness of EE is 15 min, ocspFetchInterval of FI is 20 min');
    expect(found).toContain(freshness);
    const equal = 'parameters: { ocspFreshness: 20min, ocspFetchInterval: 10min }';
    expect(ask(none, withEe(equal)).issues).toEqual([]);
    const apart = withEe(freshness).replace('federation: [[EE, FI]]\n', '');
    expect(ask(none, apart).issues.join('')).not.toContain('accepts no OCSP answers');
    // At home too long as well; the other country is told of apart.
    const both = ask(none, withEe('parameters: { ocspFreshness: 10min }')).issues;
    expect(both).toHaveLength(2);
    expect(both.join('')).toContain('warning[conflict]: OCSP answers are fetched again');
    expect(both.join('')).toContain('EE accepts no OCSP answers as old as those of FI become');
  });

  test('of one server that fetches seldom, the other country is told, too', () => {
    const text = NETWORK.replace(
      '  FI:\n',
      '  FI:\n    parameters: { ocspFreshness: 3h, ocspFetchInterval: 30min }\n',
    ).replace('{ id: f10, ', '{ id: f10, parameters: { ocspFetchInterval: 2h }, ');
    expect(ask(none, text).issues).toEqual([
      expect.stringMatching(
        /EE accepts no OCSP answers[^]*: f10[^]*ocspFetchInterval of FI\/GOV\/9\/f10 is 2 h/,
      ),
    ]);
  });

  test('a server that asks for a version that none has', () => {
    const text = NETWORK.replace(
      '{ id: g2, ',
      '{ id: g2, parameters: { minClientVersion: 9.0.0 }, ',
    );
    expect(ask(none, text).issues).toEqual([
      expect.stringMatching(/may call "EE\/GOV\/1\/g2": all are too old[^]*id: g2/),
    ]);
  });

  test('of one server alone', () => {
    const text = NETWORK.replace('{ id: g2, ', '{ id: g2, parameters: { ocspFetchInterval: 2h }, ');
    expect(ask(none, text).issues).toEqual([
      expect.stringMatching(/OCSP answers are fetched again[^]*id: g2[^]*ocspFetchInterval is 2 h/),
      expect.stringMatching(/FI accepts no OCSP answers as old as those of EE[^]*id: g2/),
    ]);
  });

  test('a strategy asks for what one service offers, also at one server', () => {
    const paid = NETWORK.replace('[ocsp-1, ocsp-2]', '[ocsp-1, { id: ocsp-2, cost: paid }]');
    const strict = (strategy: string, text: string): string =>
      text.replace('{ id: g2, ', `{ id: g2, parameters: { ocspStrategy: ${strategy} }, `);
    expect(ask(none, strict('only-paid', paid)).issues).toEqual([]);
    expect(ask(none, strict('only-free', paid)).issues).toEqual([]);
    expect(ask(none, strict('only-paid', NETWORK)).issues).toEqual([
      expect.stringMatching(
        /no OCSP responder left[^]*id: g2[^]*only-paid, and EE has none with cost: paid/,
      ),
    ]);
    const stamped = NETWORK.replace(
      '  FI:\n',
      '  FI:\n    parameters: { timeStampingStrategy: X }\n',
    );
    expect(ask(none, stamped.replace('X', 'paid-first')).issues).toEqual([]);
    expect(ask(none, stamped.replace('X', 'only-paid')).issues).toEqual([
      expect.stringContaining('there is no time-stamping authority left to ask'),
    ]);
  });

  test('two trust services of one name', () => {
    const text = NETWORK.replace('[ocsp-1, ocsp-2]', '[ocsp-1, { id: ocsp-1, cost: paid }]');
    expect(ask(none, text).issues).toEqual([
      expect.stringContaining('a second OCSP responder of EE is called "ocsp-1"'),
    ]);
  });
});

// Any kind at any targets and times: a plan or an error, never a crash; and what a plan changes is
// in order, of things that exist, and undone at the end of the incident.
const ANY_TARGETS = `
all | EE/g0 | EE/tsa-1 | EE/ocsp-2 | EE/central-1 | archive | EE | EE->FI
{ share: 30% } | { mostCentral: 2 } | { class: COM } | { instance: FI } | []
{ class: GOV, share: 50% } | [all, { share: 1% }] | EE/GOV/1/registry/person`;
const ANY_TIMES = `
for: 20s | dwell: 3s | dwell: 3s, ramp: 9s | for: 9s, ramp: 3s | for: 95s | for: 9s, offset: 9s
dwell: 2s, workflow: serial, gap: 1s | for: 30s, workflow: serial | for: 5s, rate: 3/s
for: 5s, repeat: { every: 20s, times: 2 } | for: 9s, minVersion: 7.9.0`;
const oneOf = (list: string): fc.Arbitrary<string> =>
  fc.constantFrom(...list.trim().split(/\n| \| /));

test('property: whatever is asked, there is an answer', () => {
  const kinds = fc.constantFrom(...INCIDENT_KINDS.map(({ kind }) => kind));
  // With batches off from the start, an incident that switches them off would change nothing.
  const network = NETWORK.replace(', parameters: { batchSigning: false }', '');
  let planCount = 0;
  const property = fc.property(
    kinds,
    oneOf(ANY_TARGETS),
    oneOf(ANY_TIMES),
    (kind, target, time) => {
      const { plan, issues } = ask(one(`target: ${target}, at: 10s, ${time}`, kind), network);
      expect(plan === null).toBe(issues.some((issue) => issue.split('\n')[0].includes(' error[')));
      if (plan === null) return;
      planCount++;
      const { timeUs, column, row, value, incident } = plan.patches;
      expect([...timeUs]).toEqual([...timeUs].toSorted((a, b) => a - b));
      for (const [index, at] of timeUs.entries()) {
        const { startUs, endUs } = plan.incidents[incident[index]];
        expect(at >= startUs && at <= endUs && at < plan.durationUs).toBe(true);
        expect(row[index]).toBeGreaterThanOrEqual(0);
      }
      if (plan.incidents.some(({ endUs }) => endUs >= plan.durationUs)) return;
      const cells = [...column.keys()].map((index) => `${column[index]} ${row[index]}`);
      for (const cell of new Set(cells)) {
        expect(value[cells.lastIndexOf(cell)]).not.toBe(value[cells.indexOf(cell)]);
      }
    },
  );
  fc.assert(property, { numRuns: 120, seed: 20_261_125 });
  expect(planCount).toBeGreaterThan(20);
});
