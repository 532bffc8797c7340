import { expect, test } from 'vitest';
import type { IncidentDocument } from '../plan/document.ts';
import { PatchColumn, SystemState } from '../plan/plan.ts';
import { findIncidentKind, INCIDENT_KINDS } from './index.ts';
import type { IncidentContext, IncidentParts, LinkEnd, Lookup } from './incident.ts';
import { parseLinkTarget } from './link-target.ts';
import { resolveSettings } from './settings.ts';

/** Two instances, EE and FI, with a server each; links 0: EE->FI, 1: FI->EE, 2: EE->EE. */
const INSTANCES = ['EE', 'FI'];
const LINKS = [
  [0, 1],
  [1, 0],
  [0, 0],
];

const find = (names: readonly string[], name: string): number | null =>
  names.includes(name) ? names.indexOf(name) : null;

const isAt = (instance: number, end: LinkEnd): boolean =>
  end.kind === 'any' || end.row === instance;

const LOOKUP: Lookup = {
  server: (name) => find(['EE/ss1', 'FI/ss2'], name),
  system: (name) => find(['registry', 'archive'], name),
  service: (name) => find(['EE/GOV/1/registry/person'], name),
  clientAt: (_, name) => (name === '' ? 'EE/COM/2/first' : name),
  linkEnd: (name) => {
    const row = find(INSTANCES, name.split('/')[0]);
    return row === null ? null : { kind: name.includes('/') ? 'server' : 'instance', row };
  },
  links: (from, to) =>
    [...LINKS.keys()].filter((row) => isAt(LINKS[row][0], from) && isAt(LINKS[row][1], to)),
};

function compile(
  name: string,
  targets: readonly string[],
  settings: IncidentDocument['settings'] = {},
): { parts: IncidentParts | null; issues: string[] } {
  const kind = findIncidentKind(name);
  if (kind === null) throw new Error(`no kind ${name}`);
  const incident: IncidentDocument = {
    id: 'it',
    title: 'It',
    kind: name,
    targets,
    atUs: 0,
    forUs: 1,
    settings,
  };
  const issues: string[] = [];
  const report: IncidentContext['report'] = (path, code) => {
    issues.push(`${path.join('.')} ${code}`);
  };
  const resolved = resolveSettings(kind, incident, report);
  if (resolved === null) return { parts: null, issues };
  const parts = kind.compile({ incident, settings: resolved, lookup: LOOKUP, report });
  return { parts, issues };
}

/** `column row value` of each patch. */
const patches = (...args: Parameters<typeof compile>): string[] =>
  (compile(...args).parts?.patches ?? []).map(({ column, row, value }) =>
    [column, row, value].join(' '),
  );

test('each kind is described for the manual', () => {
  const names = INCIDENT_KINDS.map(({ kind }) => kind);
  expect(new Set(names).size).toBe(names.length);
  for (const { kind, title, prose, targetProse, settings } of INCIDENT_KINDS) {
    expect(kind).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect([title, prose, targetProse].every((words) => words.length > 10)).toBe(true);
    for (const setting of settings) {
      expect(setting.prose.length).toBeGreaterThan(5);
      const { standard, unit, min, max } = setting;
      const isInside = typeof standard !== 'number' || (standard >= min && standard <= max);
      const isToggle = unit !== 'switch' || typeof standard === 'boolean';
      expect([kind, setting.name, isInside, isToggle]).toEqual([kind, setting.name, true, true]);
    }
  }
  expect(findIncidentKind('earthquake')).toBeNull();
});

test('what each kind patches', () => {
  const { ServerPower, SystemState: State, SystemSlowness } = PatchColumn;
  expect(patches('server-crash', ['EE/ss1', 'FI/ss2', 'EE/ss1'])).toEqual([
    `${ServerPower} 0 0`,
    `${ServerPower} 1 0`,
  ]);
  expect(patches('system-hung', ['archive'])).toEqual([`${State} 1 ${SystemState.Hung}`]);
  expect(patches('system-refusing', ['registry'])).toEqual([`${State} 0 ${SystemState.Refusing}`]);
  expect(patches('system-slow', ['registry'], { factor: 3 })).toEqual([`${SystemSlowness} 0 3`]);
  expect(patches('link-lossy', ['EE->FI'], { loss: 0.2 })).toEqual([
    `${PatchColumn.LinkLoss} 0 0.2`,
  ]);
  const slow = { extraDelay: 20_000, extraJitter: 500, bandwidth: 1.25 };
  expect(patches('link-slow', ['EE->FI'], slow)).toEqual([
    `${PatchColumn.LinkExtraDelayUs} 0 20000`,
    `${PatchColumn.LinkExtraJitterUs} 0 500`,
    `${PatchColumn.LinkBandwidth} 0 1.25`,
  ]);
});

test('which links a target means', () => {
  const cut = (target: string, oneWay: boolean): string[] =>
    patches('link-cut', [target], { oneWay }).map((patch) => patch.split(' ')[1]);
  expect(cut('EE->FI', false)).toEqual(['0']);
  expect(cut('EE->FI', true)).toEqual(['0']);
  expect(cut('EE<->FI', false)).toEqual(['0', '1']);
  expect(cut('FI<->EE', true)).toEqual(['1']);
  expect(cut('EE', false)).toEqual(['0', '2', '1']);
  expect(cut('EE/ss1', true)).toEqual(['0', '2']);
});

test('targets of links as text', () => {
  expect(parseLinkTarget(' EE <-> FI ')).toEqual({ from: 'EE', to: 'FI', isBothWays: true });
  expect(parseLinkTarget('ee-dev->FI/GOV/9000000-6/ss-1')).toEqual({
    from: 'ee-dev',
    to: 'FI/GOV/9000000-6/ss-1',
    isBothWays: false,
  });
  expect(parseLinkTarget('EE/ss1')).toEqual({ from: 'EE/ss1', to: null, isBothWays: true });
  for (const wrong of ['', '->FI', 'EE->', 'EE -> FI -> SE', 'EE<-FI']) {
    expect([wrong, parseLinkTarget(wrong)]).toEqual([wrong, null]);
  }
});

test('attacks are arrivals', () => {
  const unknown = compile('request-flood', ['EE/ss1'], { rate: 50 }).parts;
  expect(unknown).toEqual({
    patches: [],
    attacks: [
      {
        target: 0,
        ratePerSecond: 50,
        requests: { client: null, service: null, bytes: 500 },
        partner: -1,
      },
    ],
  });
  const as = { rate: 5, as: 'registered-client', service: 'EE/GOV/1/registry/person' };
  const known = compile('request-flood', ['EE/ss1', 'FI/ss2'], as).parts;
  expect(known?.attacks.map(({ requests }) => requests?.client)).toEqual([
    'EE/COM/2/first',
    'EE/COM/2/first',
  ]);
  const from = compile('connection-flood', ['EE/ss1'], { rate: 9, from: 'FI/ss2' }).parts;
  expect(from?.attacks).toEqual([{ target: 0, ratePerSecond: 9, requests: null, partner: 1 }]);
});

test('wrong settings are issues', () => {
  const cases: [string, IncidentDocument['settings'], string][] = [
    ['system-slow', { facter: 3 }, 'settings.facter unknown-key'],
    ['system-hung', { factor: 3 }, 'settings.factor unknown-key'],
    ['system-slow', { factor: 'very' }, 'settings.factor wrong-type'],
    ['link-cut', { oneWay: 'yes' }, 'settings.oneWay wrong-type'],
    ['link-lossy', { loss: 1.5 }, 'settings.loss out-of-range'],
    ['request-flood', {}, ' missing-value'],
    ['request-flood', { rate: 1, as: 'king' }, 'settings.as wrong-type'],
    ['request-flood', { rate: 1, as: 'registered-client' }, ' missing-value'],
    ['link-slow', {}, ' missing-value'],
  ];
  for (const [kind, settings, expected] of cases) {
    const targets = [kind.startsWith('link') ? 'EE->FI' : 'EE/ss1'];
    expect([kind, ...compile(kind, targets, settings).issues]).toContain(expected);
  }
});
