/**
 * One table of worlds, several engines. Each world says what the client sees; the scripted
 * exchange says how the rules get there; and every engine that can run the world must do just
 * that, transition by transition, with the same facts found.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startNetwork } from '../live/network.ts';
import { formatMoves, formatTranscript } from '../live/transcript.ts';
import type { TranscriptRow } from '../live/transcript.ts';
import { faultOfTransition, ClientStage, stageOf } from '../protocol/exchange.ts';
import { findFault, spellFault, statusOfFault } from '../protocol/fault.ts';
import { scriptedExchange } from './scripted-exchange.ts';
import { worldDocument, WORLDS } from './worlds.ts';
import { Trust } from '../live/trust.ts';
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
    const isRest = world.service.type !== 'soap' || world.engines.includes('live');
    expect(spellFault(fault, side === 'consumer' ? consumer : provider)).toBe(seen);
    expect(statusOfFault(fault, isRest, consumer, provider)).toBe(status);
  });

  test('every world has a name of its own', () => {
    expect(new Set(WORLDS.map(({ name }) => name)).size).toBe(WORLDS.length);
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

async function runLive(world: World): Promise<{
  answer: { faultCode: string | null; status: number };
  rows: readonly TranscriptRow[];
}> {
  const own = mkdtempSync(join(directory, `${world.name}-`));
  const network = await startNetwork(worldDocument(world), { directory: own, ports: null, trust });
  try {
    const answer = await network.call(0, { sendsId: world.sendsId });
    return { answer, rows: await network.transcriptOf(answer.messageId) };
  } finally {
    await network.stop();
  }
}
