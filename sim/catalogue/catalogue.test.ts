import { expect, test } from 'vitest';
import type { IncidentDocument } from '../plan/document.ts';
import { PatchColumn, SystemState } from '../plan/plan.ts';
import { TrustState } from '../protocol/lifecycle.ts';
import { findIncidentKind, INCIDENT_KINDS } from './index.ts';
import type { IncidentContext, IncidentParts, Lookup } from './incident.ts';
import { parseLinkTarget } from './link-target.ts';
import { resolveSettings } from './settings.ts';

const find = (names: readonly string[], name: string): number | null =>
  names.includes(name) ? names.indexOf(name) : null;

/** Server 7 has the TLS certificate 7 and the signing certificates 70 and 71. */
const LOOKUP: Lookup = {
  server: (name) => find(['EE/ss1', 'FI/ss2'], name),
  service: (name) => find(['EE/GOV/1/registry/person'], name),
  clientAt: (_, name) => (name === '' ? 'EE/COM/2/first' : name),
  certificates: (server, of) => [
    ...(of === 'signing' ? [] : [server]),
    ...(of === 'authentication' ? [] : [server * 10, server * 10 + 1]),
  ],
  flows: (service, client) => (client === '' ? [service * 100, service * 100 + 1] : [service]),
};

type Settings = IncidentDocument['settings'];

function compile(
  name: string,
  rows: readonly number[],
  settings: Settings = {},
): { parts: IncidentParts | null; issues: string[] } {
  const kind = findIncidentKind(name);
  if (kind === null) throw new Error(`no kind ${name}`);
  const issues: string[] = [];
  const report: IncidentContext['report'] = (path, code) => {
    issues.push(`${path.join('.')} ${code}`);
  };
  const resolved = resolveSettings(kind, { settings }, report);
  if (resolved === null) return { parts: null, issues };
  const target = { name: 'it', rows };
  const parts = kind.compile({ target, settings: resolved, lookup: LOOKUP, report });
  return { parts, issues };
}

/** `column row value`, and `after lasts` where the change is not as long as the incident. */
const patches = (...args: Parameters<typeof compile>): string[] =>
  (compile(...args).parts?.patches ?? []).map(({ column, row, value, afterUs, lastsUs }) => {
    const times = afterUs === 0 && lastsUs === Infinity ? [] : [afterUs, lastsUs];
    return [column, row, value, ...times].join(' ');
  });

test('each kind is described for the manual', () => {
  const names = INCIDENT_KINDS.map(({ kind }) => kind);
  expect(new Set(names).size).toBe(names.length);
  for (const { kind, title, prose, targetProse, settings } of INCIDENT_KINDS) {
    expect(kind).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect([title, prose, targetProse].every((words) => words.length > 10)).toBe(true);
    // Prose is printed behind the title and before `Targets: `.
    expect([kind, /[.]$/.test(title), /[.]$/.test(prose)]).toEqual([kind, false, true]);
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

const P = PatchColumn;
const { Down, Slow, Wrong } = TrustState;

/** The issue's list of outages, in its order, and before it the kinds that there were. */
const TABLE: readonly [kind: string, settings: Settings, changes: readonly string[]][] = [
  ['server-crash', {}, [`${P.ServerPower} 7 0`]],
  ['system-hung', {}, [`${P.SystemState} 7 ${SystemState.Hung}`]],
  ['system-refusing', {}, [`${P.SystemState} 7 ${SystemState.Refusing}`]],
  ['system-slow', { factor: 3 }, [`${P.SystemSlowness} 7 3`]],
  ['link-cut', {}, [`${P.LinkCut} 7 1`]],
  ['link-lossy', { loss: 0.2 }, [`${P.LinkLoss} 7 0.2`]],
  [
    'link-slow',
    { extraDelay: 20_000, extraJitter: 500, bandwidth: 1.25 },
    [`${P.LinkExtraDelayUs} 7 20000`, `${P.LinkExtraJitterUs} 7 500`, `${P.LinkBandwidth} 7 1.25`],
  ],
  ['request-flood', { rate: 1 }, []],
  ['connection-flood', { rate: 1 }, []],
  ['central-server-down', {}, [`${P.TrustServiceState} 7 ${Down}`]],
  [
    'central-server-slow',
    { factor: 40 },
    [`${P.TrustServiceState} 7 ${Slow}`, `${P.TrustServiceSlowness} 7 40`],
  ],
  ['central-key-logged-out', {}, [`${P.CentralKeyLoggedOut} 7 1`]],
  ['key-rotation-wrong', {}, [`${P.TrustServiceState} 7 ${Wrong}`]],
  ['downloader-hung', {}, [`${P.DownloaderHung} 7 1`]],
  ['ocsp-down', {}, [`${P.TrustServiceState} 7 ${Down}`]],
  ['ocsp-slow', {}, [`${P.TrustServiceState} 7 ${Slow}`, `${P.TrustServiceSlowness} 7 10`]],
  ['ocsp-stale', { age: 5e9 }, [`${P.OcspAnswersStale} 7 5000000000`]],
  ['tsa-down', {}, [`${P.TrustServiceState} 7 ${Down}`]],
  ['tsa-error', {}, [`${P.TrustServiceState} 7 ${Wrong}`]],
  ['tsa-wrong-certificate', {}, [`${P.TrustServiceState} 7 ${Wrong}`]],
  ['ocsp-port-blocked', {}, [`${P.OcspPortBlocked} 7 1`]],
  ['log-disk-full', {}, [`${P.LogDiskFull} 7 1`]],
  ['log-slow', { factor: 25 }, [`${P.LogSlowness} 7 25`]],
  ['database-lost', {}, [`${P.DatabaseLost} 7 1`]],
  ['signer-lost', {}, [`${P.SignerLost} 7 1`]],
  ['hsm-no-batch', {}, [`${P.BatchSigningOff} 7 1`]],
  [
    'restart-without-pin',
    { downFor: 9e6 },
    [`${P.ServerPower} 7 0 0 9000000`, `${P.TokenLocked} 7 1`],
  ],
  ['rolling-restart', {}, [`${P.ServerPower} 7 0`]],
  ['maintenance', {}, [`${P.Maintenance} 7 1`]],
  ['certificate-renewal', {}, [`${P.CertificateRenewed} 7 1`]],
  ['certificates-expired', {}, [7, 70, 71].map((row) => `${P.CertificateExpired} ${row} 1`)],
  ['certificates-expired', { certificate: 'authentication' }, [`${P.CertificateExpired} 7 1`]],
  [
    'certificates-revoked',
    { certificate: 'signing' },
    [70, 71].map((row) => `${P.CertificateRevoked} ${row} 1`),
  ],
  ['clock-jump', { offset: 60e6, direction: 'behind' }, [`${P.ClockSkewUs} 7 -60000000`]],
  [
    'version-day',
    { version: '7.9.1', downFor: 60e6 },
    [`${P.ServerVersion} 7 70901`, `${P.ServerPower} 7 0 0 60000000`],
  ],
  ['version-day', { minVersion: '7.7.0', downFor: 60e6 }, [`${P.MinClientVersion} 7 70700`]],
  ['access-revoked', {}, [`${P.AccessRevoked} 700 1`, `${P.AccessRevoked} 701 1`]],
  ['access-revoked', { client: 'EE/COM/2/x', through: 'group' }, [`${P.AccessRevoked} 7 2`]],
];

test.each(TABLE)('what %s with %o changes at a target', (kind, settings, changes) => {
  expect(patches(kind, [7], settings)).toEqual(changes);
});

test('the table has every kind but the one whose patches are too many for it', () => {
  const missing = INCIDENT_KINDS.map(({ kind }) => kind).filter(
    (name) => !TABLE.some(([kind]) => kind === name),
  );
  expect(missing).toEqual(['clock-skew']);
});

test('a clock drifts in steps that follow each other without a gap', () => {
  const { parts } = compile('clock-skew', [7], {
    offset: 7e6,
    within: 1_000_003,
    direction: 'ahead',
  });
  const steps = parts?.patches ?? [];
  expect(steps.length).toBeGreaterThan(10);
  expect(steps[0].afterUs).toBe(0);
  expect(steps.at(-1)).toMatchObject({ value: 7e6, lastsUs: Infinity });
  for (const [index, { afterUs, lastsUs, value }] of steps.entries()) {
    const next = steps[index + 1];
    if (next === undefined) continue;
    expect(afterUs + lastsUs).toBe(next.afterUs);
    expect(next.value).toBeGreaterThan(value);
    // No step is ahead of a straight line by more than one step's worth.
    expect(value - (7e6 * afterUs) / 1_000_003).toBeLessThanOrEqual(7e6 / steps.length + 7);
  }
  const back = compile('clock-skew', [7], { direction: 'behind' }).parts?.patches ?? [];
  expect(back.every(({ value }) => value < 0)).toBe(true);
});

test('a target of several rows is changed at all of them', () => {
  expect(patches('link-cut', [3, 1])).toEqual([`${P.LinkCut} 3 1`, `${P.LinkCut} 1 1`]);
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
  const unknown = compile('request-flood', [0], { rate: 50 }).parts;
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
  const known = compile('request-flood', [1], as).parts;
  expect(known?.attacks.map(({ requests }) => requests?.client)).toEqual(['EE/COM/2/first']);
  const from = compile('connection-flood', [0], { rate: 9, from: 'FI/ss2' }).parts;
  expect(from?.attacks).toEqual([{ target: 0, ratePerSecond: 9, requests: null, partner: 1 }]);
});

test.each<[string, Settings, string]>([
  ['system-slow', { facter: 3 }, 'settings.facter unknown-key'],
  ['system-hung', { factor: 3 }, 'settings.factor unknown-key'],
  ['system-slow', { factor: 'very' }, 'settings.factor wrong-type'],
  ['link-cut', { oneWay: 'yes' }, 'settings.oneWay wrong-type'],
  ['link-lossy', { loss: 1.5 }, 'settings.loss out-of-range'],
  ['request-flood', {}, ' missing-value'],
  ['request-flood', { rate: 1, as: 'king' }, 'settings.as wrong-type'],
  ['request-flood', { rate: 1, as: 'registered-client' }, ' missing-value'],
  ['link-slow', {}, ' missing-value'],
  ['version-day', {}, ' missing-value'],
  ['version-day', { version: 7.8 }, 'settings.version wrong-type'],
  ['version-day', { minVersion: '7.8' }, 'settings.minVersion wrong-type'],
  ['certificates-expired', { certificate: 'all' }, 'settings.certificate wrong-type'],
  ['clock-jump', { direction: 'up' }, 'settings.direction wrong-type'],
  ['ocsp-stale', { age: 1e18 }, 'settings.age out-of-range'],
  ['tsa-down', { factor: 2 }, 'settings.factor unknown-key'],
])('wrong settings are issues: %s %o', (kind, settings, issue) => {
  expect(compile(kind, [0], settings).issues).toContain(issue);
});
