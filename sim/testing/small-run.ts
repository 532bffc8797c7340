/**
 * From the text of a scenario to what one replication hands over, as the command line does it, for
 * tests that ask about numbers: loaded, compiled with a calibration, run in virtual time.
 */
import { readFileSync } from 'node:fs';
import { assert } from '../base/assert.ts';
import { studentTQuantile } from '../base/student-t.ts';
import { runReplication } from '../engine/replication.ts';
import type { KeepPolicy } from '../metrics/journal.ts';
import type { ReplicationOutcome } from '../metrics/outcome.ts';
import type { Calibration, CostDocument, KeyType } from '../plan/calibration.ts';
import type { DistributionDocument, Document } from '../plan/document.ts';
import type { Plan } from '../plan/plan.ts';
import type { LegSide, TranscriptRow } from '../live/transcript.ts';
import type { CostName } from '../protocol/effect.ts';
import {
  clientNeeds,
  ClientStage,
  serverNeeds,
  ServerStage,
  stageOf,
} from '../protocol/exchange.ts';
import { FAULTS } from '../protocol/fault.ts';
import { compileScenario } from '../scenario/compile.ts';
import { loadScenario } from '../scenario/load.ts';

const zeroFile = new URL('../../scenarios/calibrations/zero.calibration.json', import.meta.url);

/** The committed calibration in which nothing costs anything. */
export const ZERO = JSON.parse(readFileSync(zeroFile, 'utf8')) as Calibration;

const NOTHING: DistributionDocument = { kind: 'constant', value: 0 };

type Costs = Readonly<Partial<Record<CostName, Partial<CostDocument>>>>;

/** Processor time, on one core, that is the same each time. */
export const cpu = (us: number): Partial<CostDocument> => ({ cpu: constant(us) });

/** Time that occupies no core and is the same each time. */
export const delay = (us: number): Partial<CostDocument> => ({ delay: constant(us) });

export const constant = (value: number): DistributionDocument => ({ kind: 'constant', value });

/** Nothing costs anything but what is named; where two lists are given, by type of key. */
export function calibrationOf(
  all: Costs,
  byKey: Partial<Record<KeyType, Costs>> = {},
): Calibration {
  const keyTypes = Object.fromEntries(
    Object.entries(ZERO.keyTypes).map(([key, costs]) => {
      const own: Costs = { ...all, ...byKey[key as KeyType] };
      const rows = Object.entries(costs).map(([name, cost]): [string, CostDocument] => [
        name,
        { ...cost, cpu: NOTHING, delay: NOTHING, ...own[name as CostName] },
      ]);
      return [key, Object.fromEntries(rows)];
    }),
  ) as Calibration['keyTypes'];
  return { ...ZERO, name: 'of-the-test', keyTypes };
}

/** A document compiled; a mistake in it is a mistake of the test. */
export function planOf(document: Document, calibration = ZERO): Plan {
  const { plan, issues } = compileScenario(document, calibration);
  const errors = issues.filter(({ isWarning }) => !isWarning);
  const text = errors.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n');
  assert(plan !== null, `the scenario does not compile:\n${text}`);
  return plan;
}

/** The text of a scenario, compiled. */
export function planOfText(text: string, calibration = ZERO): Plan {
  const read = (): Uint8Array => new TextEncoder().encode(text);
  const { document, issues } = loadScenario('test.scenario.yaml', read, []);
  const messages = issues.map(({ message, hint }) => `${message} (${hint ?? ''})`).join('\n');
  assert(document !== null, `the scenario does not load:\n${messages}`);
  return planOf(document, calibration);
}

/** One replication of a plan. */
export function runPlan(plan: Plan, index = 0, keep: KeepPolicy = 'none'): ReplicationOutcome {
  const options = { keep, onProgress: () => undefined, shouldStop: () => false };
  const outcome = runReplication(plan, index, options);
  assert(outcome !== null, 'nobody stopped it');
  return outcome;
}

/** The text of a scenario, run with everything in the journal. */
export function runText(text: string, calibration = ZERO): ReplicationOutcome {
  return runPlan(planOfText(text, calibration), 0, 'all');
}

/** Faults of all calls, by the code in the spelling of 7.8. */
export function faultsOf({ scopes }: ReplicationOutcome): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { fault, code, definite } of FAULTS) {
    const count = scopes[0].faults[fault] + scopes[0].faults[fault + 256];
    // One code may stand for two faults, of which one leaves the caller in doubt.
    if (count > 0) found[`${code}${definite ? '' : '?'}`] = count;
  }
  return found;
}

/** The mean of a sample, and the half-width of its confidence interval by Student's t. */
export function intervalOf(
  sample: readonly number[],
  level: number,
): { readonly mean: number; readonly halfWidth: number } {
  const count = sample.length;
  const mean = sample.reduce((sum, value) => sum + value, 0) / count;
  const variance = sample.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  const t = studentTQuantile((1 + level) / 2, count - 1);
  return { mean, halfWidth: t * Math.sqrt(variance / count) };
}

/** What the legs of one kept exchange did, as the conformance suite compares it. */
export function transcriptOf({ journal }: ReplicationOutcome, exchange = 0): TranscriptRow[] {
  const stages: [number, number] = [ClientStage.Waiting, ServerStage.Waiting];
  const rows: TranscriptRow[] = [];
  for (let row = 0; row < journal.timeUs.length; row++) {
    if (journal.exchange[row] !== exchange) continue;
    const leg: LegSide = journal.leg[row] === 0 ? 0 : 1;
    const stage = stages[leg];
    const [input, transition] = [journal.input[row], journal.transition[row]];
    const needs = leg === 0 ? clientNeeds(stage, input) : serverNeeds(stage, input);
    rows.push({ leg, stage, input, needs, facts: journal.facts[row], transition });
    stages[leg] = stageOf(transition);
  }
  return rows;
}
