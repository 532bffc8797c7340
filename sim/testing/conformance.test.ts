/**
 * One table of worlds, several engines. Each world says what the client sees; the scripted
 * exchange says how the rules get there; and every engine that can run the world must do just
 * that, transition by transition.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runReplication } from '../engine/replication.ts';
import { startNetwork } from '../live/network.ts';
import { formatMoves, formatTranscript } from '../live/transcript.ts';
import type { TranscriptRow } from '../live/transcript.ts';
import { Trust } from '../live/trust.ts';
import type { JournalOutcome } from '../metrics/outcome.ts';
import type { Calibration } from '../plan/calibration.ts';
import {
  clientNeeds,
  ClientStage,
  faultOfTransition,
  serverNeeds,
  stageOf,
} from '../protocol/exchange.ts';
import { findFault, spellFault, statusOfFault } from '../protocol/fault.ts';
import { compileScenario } from '../scenario/compile.ts';
import { scriptedExchange } from './scripted-exchange.ts';
import { worldDocument, WORLDS } from './worlds.ts';
import type { World } from './worlds.ts';

// Networks that follow one another share their keys: making them is most of the time.
const trust = new Trust();
let directory = '';

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'fedlab-conformance-'));
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** In virtual time a flow always speaks the type of the service it calls. */
const isRestToSoap = (world: World): boolean =>
  world.service.type === 'soap' && !world.engines.includes('virtual');

/** The fault with which the consumer's leg ended; 0: none. */
function finalFault(rows: readonly TranscriptRow[]): number {
  const last = rows.findLast(({ leg }) => leg === 0);
  expect(stageOf(last?.transition ?? 0)).toBe(ClientStage.Closed);
  return faultOfTransition(last?.transition ?? 0);
}

describe('the rules alone', () => {
  test.each(WORLDS)('$name', (world) => {
    const fault = finalFault(scriptedExchange(world));
    const { code, seen, status, side } = world.expected;
    expect(findFault(fault)?.code ?? null).toBe(code);
    expect(findFault(fault)?.side ?? null).toBe(side);
    if (code === null) return;
    const consumer = world.consumer.version ?? 70_800;
    const provider = world.provider.version ?? 70_800;
    const isRest = world.service.type !== 'soap' || isRestToSoap(world);
    expect(spellFault(fault, side === 'consumer' ? consumer : provider)).toBe(seen);
    expect(statusOfFault(fault, isRest, consumer, provider)).toBe(status);
  });

  test('every world has a name of its own', () => {
    expect(new Set(WORLDS.map(({ name }) => name)).size).toBe(WORLDS.length);
  });
});

describe('the virtual engine', () => {
  const worlds = WORLDS.filter(({ engines }) => engines.includes('virtual'));

  test.each(worlds)('$name', (world) => {
    const { rows, fault } = runVirtual(world);
    const scripted = scriptedExchange(world);
    // In virtual time a world has just the one thing wrong, so the facts are the same, too.
    expect(formatTranscript(rows)).toBe(formatTranscript(scripted));
    expect(findFault(fault)?.code ?? null).toBe(world.expected.code);
  });
});

describe('the live engine', () => {
  const worlds = WORLDS.filter(({ engines }) => engines.includes('live'));

  test.each(worlds)('$name', async (world) => {
    const { answer, rows } = await runLive(world);
    const { seen, status } = world.expected;
    const scripted = scriptedExchange(world);
    expect(formatMoves(rows)).toBe(formatMoves(scripted));
    expect(rowsThatFindTooMuch(rows, scripted)).toBe('');
    expect({ seen: answer.faultCode, status: answer.status }).toEqual({ seen, status });
  });
});

/**
 * Facts that the script says do not hold, and that an engine found to hold. The other way round is
 * no mistake: of a service that nobody offers nothing else holds either, and no rule asks.
 */
function rowsThatFindTooMuch(
  rows: readonly TranscriptRow[],
  scripted: readonly TranscriptRow[],
): string {
  const order = (all: readonly TranscriptRow[]): TranscriptRow[] =>
    all.toSorted((a, b) => a.leg - b.leg);
  const expected = order(scripted);
  return formatTranscript(
    order(rows).filter(({ facts }, at) => (facts & ~expected[at].facts) !== 0),
  );
}

function runVirtual(world: World): { readonly rows: TranscriptRow[]; readonly fault: number } {
  const { plan, issues } = compileScenario(worldDocument(world), readZeroCalibration());
  expect(issues.filter(({ isWarning }) => !isWarning)).toEqual([]);
  if (plan === null) throw new Error('no plan without an error');
  const outcome = runReplication(plan, 0, {
    keep: 'all',
    onProgress: () => undefined,
    shouldStop: () => false,
  });
  if (outcome === null) throw new Error('nobody stopped it');
  expect(outcome.limitMet).toBeNull();
  expect(outcome.journal.kept.fault).toHaveLength(1);
  return { rows: rowsOf(outcome.journal), fault: outcome.journal.kept.fault[0] };
}

/** The journal of one exchange as a transcript: a leg is where its last transition left it. */
function rowsOf({ leg, input, facts, transition }: JournalOutcome): TranscriptRow[] {
  const stages = [0, 0];
  return [...leg.keys()].map((row) => {
    const side = leg[row] === 0 ? 0 : 1;
    const stage = stages[side];
    stages[side] = stageOf(transition[row]);
    const needs = (side === 0 ? clientNeeds : serverNeeds)(stage, input[row]);
    return {
      leg: side,
      stage,
      input: input[row],
      needs,
      facts: facts[row],
      transition: transition[row],
    };
  });
}

function readZeroCalibration(): Calibration {
  const url = new URL('../../scenarios/calibrations/zero.calibration.json', import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8')) as Calibration;
}

async function runLive(world: World): Promise<{
  answer: { faultCode: string | null; status: number };
  rows: readonly TranscriptRow[];
}> {
  const own = mkdtempSync(join(directory, `${world.name}-`));
  const network = await startNetwork(worldDocument(world), {
    directory: own,
    ports: null,
    trust,
    allowsRestToSoap: isRestToSoap(world),
  });
  try {
    const answer = await network.call(0, { sendsId: world.sendsId });
    return { answer, rows: await network.transcriptOf(answer.messageId) };
  } finally {
    await network.stop();
  }
}
