/**
 * Every world of sim/testing/worlds.ts, end to end in virtual time: a document with one thing wrong
 * is compiled and run, and the client must see the code and the status that X-Road gives, after the
 * stages that the rules alone pass through.
 */
import { describe, expect, test } from 'vitest';
import { findFault, spellFault, statusOfFault } from '../protocol/fault.ts';
import { formatMoves } from '../live/transcript.ts';
import { scriptedExchange } from '../testing/scripted-exchange.ts';
import { faultsOf, planOf, planOfText, runPlan, transcriptOf } from '../testing/small-run.ts';
import { worldDocument, WORLDS } from '../testing/worlds.ts';
import type { World } from '../testing/worlds.ts';

const worlds = WORLDS.filter(({ engines }) => engines.includes('virtual'));

/** What the calls of a world came to: the only one is answered, or has this fault. */
function faultOf(world: World): number {
  const { journal } = runPlan(planOf(worldDocument(world)), 0, 'all');
  expect(journal.kept.fault.length).toBe(1);
  return journal.kept.fault[0];
}

describe('the client sees', () => {
  test.each(worlds)('$name ($source)', (world) => {
    const fault = faultOf(world);
    const { code, seen, status, side } = world.expected;
    const consumer = world.consumer.version ?? 70_800;
    const provider = world.provider.version ?? 70_800;
    expect(findFault(fault)?.code ?? null).toBe(code);
    expect(findFault(fault)?.side ?? null).toBe(side);
    if (code === null) return;
    const isRest = world.service.type !== 'soap';
    expect(spellFault(fault, side === 'consumer' ? consumer : provider)).toBe(seen);
    expect(statusOfFault(fault, isRest, consumer, provider)).toBe(status);
  });
});

describe('the legs pass through', () => {
  test.each(worlds)('$name', (world) => {
    const outcome = runPlan(planOf(worldDocument(world)), 0, 'all');
    expect(formatMoves(transcriptOf(outcome))).toBe(formatMoves(scriptedExchange(world)));
    expect(outcome.scopes[0]).toMatchObject({ due: 1, notStarted: 0, openAtEnd: 0 });
  });
});

describe('the spelling that is counted', () => {
  // Facts 0.1: each server spells in its own version, and a peer's code is relayed unchanged.
  test.each([
    ['provider-of-7.7', 256],
    ['consumer-of-7.7', 0],
    ['both-of-7.7', 256],
    ['own-fault-of-7.7', 256],
  ])('%s', (name, offset) => {
    const world = WORLDS.find((one) => one.name === name);
    if (world === undefined) throw new Error(`no world ${name}`);
    const fault = faultOf(world);
    const { faults } = runPlan(planOf(worldDocument(world))).scopes[0];
    expect(faults[fault + offset]).toBe(1);
    expect(faults.reduce((sum, count) => sum + count)).toBe(1);
  });
});

// Two consumers of different versions call one provider of the old one.
test('from the text of a scenario: access denied in a mixed network', () => {
  const text = `
duration: 10s
calibration: zero
instances:
  EE:
    profile: ee-production
    members:
      - { id: GOV/1, subsystems: [registry] }
      - { id: GOV/2, subsystems: [office] }
      - { id: GOV/3, subsystems: [office] }
    servers:
      - { id: provider, owner: GOV/1, subsystems: [GOV/1/registry], version: 7.7.0 }
      - { id: old, owner: GOV/2, subsystems: [GOV/2/office], version: 7.7.0 }
      - { id: new, owner: GOV/3, subsystems: [GOV/3/office] }
systems: [{ id: registry, serviceTime: 10ms }]
services: [{ id: EE/GOV/1/registry/person, system: registry }]
workloads:
  - id: old
    client: EE/GOV/2/office
    services: EE/GOV/1/registry/person
    arrivals: constant
    rate: 1/s
  - id: new
    client: EE/GOV/3/office
    services: EE/GOV/1/registry/person
    arrivals: constant
    rate: 2/s
`;
  const outcome = runPlan(planOfText(text));
  expect(faultsOf(outcome)).toEqual({ 'server.serverproxy.access_denied': 30 });
  expect(outcome.scopes[0]).toMatchObject({ due: 30, answered: 0, faulted: 30 });
});
