/** The committed scenarios compile without a mistake, and say what they promise to say. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Calibration } from '../plan/calibration.ts';
import { AttackKind, PatchColumn } from '../plan/plan.ts';
import type { Plan } from '../plan/plan.ts';
import { compileScenario } from './compile.ts';
import { loadScenario } from './load.ts';

const repository = new URL('../../', import.meta.url);
const read = (path: string): Uint8Array => readFileSync(new URL(path, repository));
const calibration = JSON.parse(
  new TextDecoder().decode(read('scenarios/calibrations/zero.calibration.json')),
) as Calibration;

/** Compiled, with errors or warnings as a failure; at a scale, where a population has one. */
function compiled(name: string, sets: readonly string[] = []): Plan {
  const { document, issues } = loadScenario(`scenarios/${name}.scenario.yaml`, read, sets);
  expect(issues.map(({ message, hint }) => [message, hint])).toEqual([]);
  if (document === null) throw new Error('no document');
  const { plan, issues: found } = compileScenario(document, calibration);
  expect(found.map(({ path, message }) => [path.join('.'), message])).toEqual([]);
  if (plan === null) throw new Error('no plan');
  return plan;
}

test('working-day has the figures of 2026', () => {
  const plan = compiled('national/working-day');
  const [estonia, finland] = plan.instances;
  expect([estonia.memberCount, estonia.subsystemCount]).toEqual([1083, 1887]);
  expect(finland.memberCount).toBe(300);
  expect(plan.expected.calls).toBeCloseTo(12_600_000, -4);
  const estonian = [...plan.services.instance].filter((instance) => instance === 0);
  expect(estonian.length).toBeGreaterThan(3000);
  expect(plan.flows.client.length).toBeLessThan(32_000);
  expect(plan.replications).toBe(2);
  expect([...plan.sources.attack].filter((attack) => attack !== AttackKind.None)).toHaveLength(2);
  // 3600/s for 10 min and 200/s for 20 min.
  expect(plan.expected.attackRequests).toBe(2_160_000 + 240_000);
});

/** Share of the calls that each source sends to each of its flows, times its rate's factor. */
function* weightedFlows({ sources }: Plan): Generator<{ flow: number; weight: number }> {
  for (let source = 0; source < sources.id.length; source++) {
    if (sources.attack[source] !== AttackKind.None) continue;
    let before = 0;
    for (let index = 0; index < sources.flowCount[source]; index++) {
      const flow = sources.flowFrom[source] + index;
      const share = sources.cumulativeShare[flow] - before;
      before = sources.cumulativeShare[flow];
      yield { flow, weight: sources.rateFactor[source] * share };
    }
  }
}

test('the call matrix of the compiled plan is the published one', () => {
  const plan = compiled('national/working-day');
  const sums = new Map<string, number>();
  let whole = 0;
  for (const { flow, weight } of weightedFlows(plan)) {
    const to = plan.memberClasses[plan.services.memberClass[plan.flows.service[flow]]];
    const from = plan.memberClasses[plan.flows.memberClass[flow]];
    if (!from.startsWith('EE/') || !to.startsWith('EE/')) continue;
    sums.set(`${from} ${to}`, (sums.get(`${from} ${to}`) ?? 0) + weight);
    whole += weight;
  }
  const found = (from: string, to: string): number =>
    ((sums.get(`EE/${from} EE/${to}`) ?? 0) / whole) * 100;
  const published: [string, string, number][] = [
    ['GOV', 'GOV', 67.1],
    ['GOV', 'COM', 5.4],
    ['GOV', 'NGO', 2.4],
    ['COM', 'GOV', 12.7],
    ['COM', 'COM', 0],
    ['COM', 'NGO', 0.2],
    ['NGO', 'GOV', 10.3],
    ['NGO', 'COM', 1],
    ['NGO', 'NGO', 0.7],
  ];
  for (const [from, to, percent] of published) {
    expect(Math.abs(found(from, to) - percent), `${from} to ${to}`).toBeLessThan(0.5);
  }
});

test('about a thousand calls a day cross the border each way', () => {
  const plan = compiled('national/working-day');
  const perDay = [0, 0];
  let wholeOfEe = 0;
  let wholeOfFi = 0;
  for (const { flow, weight } of weightedFlows(plan)) {
    const from = plan.flows.clientInstance[flow];
    const to = plan.services.instance[plan.flows.service[flow]];
    if (from === 0) wholeOfEe += weight;
    else wholeOfFi += weight;
    if (from !== to) perDay[from] += weight;
  }
  expect((perDay[0] / wholeOfEe) * 10.6e6).toBeCloseTo(1000, -1);
  expect((perDay[1] / wholeOfFi) * 2e6).toBeCloseTo(1000, -1);
});

test('working-day compiles at the scales of CI', () => {
  const sets = ['instances.EE.population.scale=0.01', 'instances.FI.population.scale=0.01'];
  const plan = compiled('national/working-day', sets);
  expect(plan.expected.calls).toBeCloseTo(126_000, -3);
});

test('hung-provider: two systems behind one server', () => {
  const plan = compiled('hung-provider');
  expect(new Set(plan.candidates.server).size).toBe(1);
  expect([...plan.patches.column]).toEqual([PatchColumn.SystemState, PatchColumn.SystemState]);
  expect(plan.flows.accessMask.every((mask) => mask === 1)).toBe(true);
});

test('sticky-slow-server: three candidates, the slow one nearest', () => {
  const plan = compiled('sticky-slow-server');
  expect([...plan.routes.candidateCount]).toEqual([3, 3, 3]);
  const [old, first, second] = [0, 1, 2].map(
    (candidate) => plan.links.delayUs[plan.candidates.linkOut[candidate]],
  );
  expect([old, first, second]).toEqual([500, 2000, 2000]);
  expect(plan.flows.accessMask.every((mask) => mask === 0b111)).toBe(true);
});

test('federation-cut: one way, then both', () => {
  const { patches, links } = compiled('federation-cut');
  const cuts = [...patches.value.keys()]
    .filter((row) => patches.value[row] === 1)
    .map((row) => links.id[patches.row[row]]);
  expect(cuts[0]).toBe('EE->FI');
  expect(cuts.slice(1).toSorted()).toEqual(['EE->FI', 'FI->EE']);
});

test('connection-reuse: only the reuse differs', () => {
  const [off, on] = [compiled('connection-reuse-off'), compiled('connection-reuse-on')];
  expect([...off.servers.reusesConnections]).toEqual([0, 0]);
  expect([...on.servers.reusesConnections]).toEqual([1, 1]);
  expect(on.sources).toEqual(off.sources);
  expect(on.flows).toEqual(off.flows);
  expect(on.name).not.toBe(off.name);
});
