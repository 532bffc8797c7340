/**
 * Incidents over real sockets against the same scenario in virtual time: the same codes on the same
 * side, about as often. Calls come evenly, and what happens lies in the middle between two.
 */
import { expect, test, vi } from 'vitest';
import type { ReplicationOutcome } from '../metrics/outcome.ts';
import type { Document } from '../plan/document.ts';
import type { Plan } from '../plan/plan.ts';
import { loadScenario } from '../scenario/load.ts';
import { pairText } from '../testing/pair-text.ts';
import type { PairText } from '../testing/pair-text.ts';
import { faultsOf, planOf, runPlan } from '../testing/small-run.ts';
import { runLive, whatCannotRunLive } from './run.ts';
import type { LiveReplication } from './run.ts';

// Each of them takes some seconds by itself, and more on a machine that has other things to do.
vi.setConfig({ testTimeout: 60_000 });

const EVENLY = 'arrivals: constant, rate: 5/s';

interface Both {
  readonly live: Readonly<Record<string, number>>;
  readonly virtual: Readonly<Record<string, number>>;
  readonly replication: LiveReplication;
  readonly calls: number;
  /** Handles that there are after the run and were not before. */
  readonly leftOpen: number;
}

function documentOf(text: string): { readonly document: Document; readonly plan: Plan } {
  const read = (): Uint8Array => new TextEncoder().encode(text);
  const { document, issues } = loadScenario('test.scenario.yaml', read, []);
  if (document === null) throw new Error(issues.map(({ message }) => message).join('\n'));
  return { document, plan: planOf(document) };
}

function textOf(pair: PairText): string {
  const parameters = `connectionReuse: false, keyType: ec-p256, ${pair.parameters ?? ''}`;
  // Named, so that its clocks run in virtual time, too.
  const named = '    timeStampingAuthorities: [tsa]\n    members:';
  return pairText({ ...pair, parameters }).replace('    members:', named);
}

async function both(pair: PairText, compression = 1): Promise<Both> {
  const { document, plan } = documentOf(textOf(pair));
  const before = handleCount();
  const replication = await runLive(document, plan, 0, {
    trust: null,
    keep: 'none',
    compression,
    onProgress: () => undefined,
    interrupt: new AbortController().signal,
    heldBackMs: 0,
  });
  if (replication === null) throw new Error('nobody interrupted it');
  // A handle that is closing is still counted until the next turn of the loop.
  await new Promise((resolve) => {
    setTimeout(resolve, 50);
  });
  const leftOpen = handleCount() - before;
  const { outcome } = replication;
  const virtual = runPlan(plan);
  const calls = outcome.scopes[0].due;
  return { live: codesOf(outcome), virtual: codesOf(virtual), replication, calls, leftOpen };
}

const handleCount = (): number =>
  process.getActiveResourcesInfo().filter((name) => /TCP|Pipe|Worker|Message/.test(name)).length;

/** A code on the wire does not say whether its fault leaves the caller in doubt. */
function codesOf(outcome: ReplicationOutcome): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [fault, count] of Object.entries(faultsOf(outcome))) {
    const code = fault.replace('?', '');
    found[code] = (found[code] ?? 0) + count;
  }
  return found;
}

/** Of a call at the edge either engine may be right. */
function expectSame({ live, virtual }: Both): void {
  expect(Object.keys(live).toSorted()).toEqual(Object.keys(virtual).toSorted());
  for (const [code, count] of Object.entries(virtual)) {
    expect(Math.abs(live[code] - count), code).toBeLessThanOrEqual(1);
  }
}

test('a server crashes, a system hangs, a disk is full: as in virtual time', async () => {
  const found = await both({
    duration: '4200ms',
    load: EVENLY,
    provider: 'startUpTime: 400ms',
    service: 'timeout: 300ms',
    incidents: [
      '{ id: dead, kind: server-crash, target: EE/p0, at: 600ms, for: 600ms }',
      '{ id: hung, kind: system-hung, target: registry, at: 2s, for: 600ms }',
      '{ id: full, kind: log-disk-full, target: EE/c0, at: 3s, for: 600ms }',
    ].join(','),
  });
  expectSame(found);
  expect(Object.keys(found.virtual)).toHaveLength(3);
  const { answered, faulted, openAtEnd } = found.replication.outcome.scopes[0];
  expect(found.leftOpen).toBeLessThanOrEqual(0);
  expect(answered).toBeGreaterThan(5);
  expect(answered + faulted + openAtEnd).toBe(found.calls);
});

test('a link is cut, a signer gone, a system refuses: as in virtual time', async () => {
  const found = await both({
    duration: '4200ms',
    load: EVENLY,
    consumer: 'clientTimeout: 500ms',
    links: '- { between: [EE/c0, EE/p0], rtt: 2ms }',
    incidents: [
      '{ id: cut, kind: link-cut, target: "EE/c0->EE/p0", at: 600ms, for: 600ms }',
      '{ id: lost, kind: signer-lost, target: EE/p0, at: 2s, for: 600ms }',
      '{ id: refusing, kind: system-refusing, target: registry, at: 3s, for: 600ms }',
    ].join(','),
  });
  expectSame(found);
  expect(Object.keys(found.virtual)).toHaveLength(3);
});

test('a server without time-stamps for too long refuses, until they are back', async () => {
  const pair = {
    duration: '40min',
    // Nothing else may run out on a machine that is busy with other things.
    parameters: 'globalConfValidity: 4h, ocspFreshness: 4h',
    provider: 'acceptableTimestampFailure: 10min',
    incidents: '{ id: away, kind: tsa-down, target: EE/tsa, at: 5min, for: 20min }',
  };
  const { live, replication, calls } = await both({ ...pair, load: EVENLY }, 600);
  const virtual = runPlan(documentOf(textOf({ ...pair, load: EVENLY })).plan);
  expect(Object.keys(live)).toEqual(Object.keys(codesOf(virtual)));
  expect(Object.keys(live)).toEqual(['server.serverproxy.logging_failed.timestamping_failed']);
  const share = replication.outcome.scopes[0].faulted / calls;
  const expected = virtual.scopes[0].faulted / virtual.scopes[0].due;
  expect(Math.abs(share - expected)).toBeLessThan(0.15);
  expect(replication.plan.durationUs).toBe(4e6);
});

test('floods are attacks, and no calls', async () => {
  const found = await both({
    duration: '3s',
    load: EVENLY,
    incidents: [
      '{ id: crowd, kind: connection-flood, target: EE/p0, rate: 50/s, at: 500ms, for: 1s }',
      '{ id: callers, kind: request-flood, target: EE/c0, rate: 50/s, at: 500ms, for: 1s }',
    ].join(','),
  });
  const { attack, scopes } = found.replication.outcome;
  expect(found.live).toEqual({});
  expect(scopes[0].due).toBe(found.calls);
  expect(attack.requests).toBeGreaterThan(80);
  expect(attack.requests).toBeLessThan(120);
  expect(attack.refused + attack.served + attack.openAtEnd).toBe(attack.requests);
  expect(attack.refused).toBeGreaterThan(40);
});

test('certificates that run out are refused before anything starts', () => {
  const { document, plan } = documentOf(
    textOf({
      duration: '1min',
      load: EVENLY,
      incidents: '{ id: old, kind: certificates-expired, target: EE/c0, at: 1s, for: 9s }',
    }),
  );
  const [sentence, ...others] = whatCannotRunLive(document, plan, 1);
  expect(sentence).toContain('old');
  expect(sentence).toContain('CertificateExpired');
  expect(others).toEqual([]);
});
