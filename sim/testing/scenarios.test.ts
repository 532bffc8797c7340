/**
 * Every scenario that comes with Fedlab, run as `fedlab run` does it, against the text beside it:
 * x.scenario.yaml has x.expected.txt, with the seed, the fingerprint and ten figures. All of them
 * have to pass, because they are what newcomers run first.
 *
 * The first line of the text is the command that gives the same figures; the test reads it, too. A
 * country is run as a small replica, for which that line has `--set`s. `UPDATE_GOLDEN=1 npm test`
 * keeps that line and rewrites the rest.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import {
  formatCount,
  formatDuration,
  formatRate,
  formatShare,
  shareOf,
} from '../../reports/format.ts';
import { thresholdText } from '../../reports/verdict-text.ts';
import { scenarioNames, SCENARIO_END, SCENARIOS } from '../cli/repository.ts';
import { NO_OVERRIDES, prepareScenario } from '../cli/scenario-file.ts';
import type { ReplicationOutcome } from '../metrics/outcome.ts';
import type { RunFacts, RunResult } from '../metrics/result.ts';
import { fingerprintOf, runResult } from '../metrics/run-result.ts';
import { mergeOutcomes } from '../metrics/totals.ts';
import type { Plan } from '../plan/plan.ts';
import { runReplications } from '../pool/pool.ts';
import { matchesGolden } from './golden.ts';
import { runPlan } from './small-run.ts';

const EXPECTED_END = '.expected.txt';
const NATIONAL = 'national/working-day';
const FAULTS_SHOWN = 5;

const expectedPath = (name: string): string => join(SCENARIOS, `${name}${EXPECTED_END}`);

/** The first line of the expected text. */
function commandOf(name: string): string {
  const path = expectedPath(name);
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n', 1)[0] : `fedlab run ${name}`;
}

/** What stands behind each `--set` of a command; it knows no other option. */
function setsOf(command: string, name: string): string[] {
  const [program, verb, scenario, ...options] = command.split(' ');
  expect([program, verb, scenario]).toEqual(['fedlab', 'run', name]);
  const flags = options.filter((_, index) => index % 2 === 0);
  expect(flags, command).toEqual(flags.map(() => '--set'));
  return options.filter((_, index) => index % 2 === 1);
}

function planOfScenario(name: string, sets: readonly string[]): Plan {
  return prepareScenario(name, { ...NO_OVERRIDES, sets }).plan;
}

/** As the command line makes it of one replication, but for the facts that differ between runs. */
function resultOf(plan: Plan, outcome: ReplicationOutcome): RunResult {
  return runResult(plan, [outcome], mergeOutcomes([outcome]), {
    run: {} as RunFacts,
    tool: { name: 'fedlab', version: '', commit: '' },
    engine: 'virtual',
    timeCompression: 1,
    scenario: { path: '', sha256: '' },
    unfinished: [],
    pilotWarmUp: null,
  });
}

/** Figures look as they do on the terminal and in the report. */
function expectedText(command: string, result: RunResult, events: number): string {
  const { fingerprint, throughputRps, latencyNs, calls, attack, checks } = result;
  const rows: [label: string, values: readonly string[]][] = [
    ['seed', [String(result.seed)]],
    ['fingerprint', Object.entries(fingerprint).map(([part, hash]) => `${hash}  ${part}`)],
    ['offered', [formatRate(throughputRps.offered)]],
    ['achieved', [formatRate(throughputRps.achieved)]],
    ['good', [formatRate(throughputRps.good)]],
    ['p50', [formatDuration(latencyNs.p50)]],
    ['p90', [formatDuration(latencyNs.p90)]],
    ['p99', [formatDuration(latencyNs.p99)]],
    ['fault share', [formatShare(shareOf(calls.faulted, calls.due))]],
    ['faults', faultTexts(result)],
    ['attack', [`${formatCount(attack.refused)} refused, ${formatCount(attack.served)} served`]],
    ['events', [formatCount(events)]],
    ['thresholds', result.thresholds.map((row) => `${row.verdict}  ${thresholdText(row)}`)],
    ['checks', checks.map(({ verdict, name }) => `${verdict}  ${name}`)],
    ['verdict', [result.verdict]],
  ];
  const lines = rows.flatMap(([label, values]) =>
    values.map((value, index) => `${(index === 0 ? label : '').padEnd(13)}${value}`),
  );
  return [command, '', ...lines, ''].join('\n');
}

function faultTexts({ faults }: RunResult): string[] {
  if (faults.length === 0) return ['none'];
  const width = Math.max(...faults.map(({ count }) => formatCount(count).length));
  return faults.slice(0, FAULTS_SHOWN).map(({ count, code, side, definite }) => {
    const meaning = definite ? 'not executed' : 'may have been executed';
    return `${formatCount(count).padStart(width)}  ${code} (${side}, ${meaning})`;
  });
}

describe('each scenario gives what is written beside it', () => {
  test.each(scenarioNames())('%s', (name) => {
    const command = commandOf(name);
    const plan = planOfScenario(name, setsOf(command, name));
    // So that the command gives the same: a result of more has another fingerprint.
    expect(plan.replications).toBe(1);
    const outcome = runPlan(plan);
    const result = resultOf(plan, outcome);
    matchesGolden(pathToFileURL(expectedPath(name)), expectedText(command, result, outcome.events));
    expect(result.verdict).toBe('passed');
  });
});

test('no expected text is left over from a scenario', () => {
  const files = readdirSync(SCENARIOS, { recursive: true, encoding: 'utf8' });
  const expected = files
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith(EXPECTED_END))
    .map((file) => file.slice(0, -EXPECTED_END.length));
  expect(expected.toSorted()).toEqual(scenarioNames());
});

test('each scenario is in the list of scenarios/README.md', () => {
  const readme = readFileSync(join(SCENARIOS, 'README.md'), 'utf8');
  const missing = scenarioNames().filter((name) => !readme.includes(`(${name}${SCENARIO_END})`));
  expect(missing).toEqual([]);
});

// Lists without ids are replaced by `extends`, so the variant has to say them again.
test('the Finnish variant assumes all that the working day assumes', () => {
  const writtenIn = (name: string): string[] =>
    prepareScenario(name, NO_OVERRIDES).document.assumptions.map((row) => JSON.stringify(row));
  const variant = writtenIn('national/working-day-finland-estonian-clocks');
  expect(variant).toEqual(expect.arrayContaining(writtenIn(NATIONAL)));
});

// sim/pool asks the same of a small network, byte by byte; here is the main job, with population,
// floods and border.
test('a small working day has one fingerprint, whatever the number of workers', async () => {
  const plan = planOfScenario(NATIONAL, [
    'replications=4',
    'duration=3min',
    'startOfDay=10:00',
    'instances.EE.population.scale=0.02',
    'instances.FI.population.scale=0.02',
    'instances.EE.population.crossBorder.FI=5%',
    'incidents.request-flood.at=1min',
    'incidents.request-flood.for=2s',
    'incidents.connection-flood.at=90s',
    'incidents.connection-flood.for=30s',
    'incidents.no-stamps.at=2min',
    'incidents.no-stamps.for=30s',
  ]);
  const runOn = async (workers: number): Promise<unknown> => {
    const { outcomes } = await runReplications(plan, {
      workers,
      keep: 'none',
      onProgress: () => undefined,
      interrupt: new AbortController().signal,
      failure: null,
    });
    expect(outcomes).toHaveLength(4);
    return { each: outcomes.map(({ fingerprint }) => fingerprint), all: fingerprintOf(outcomes) };
  };
  const alone = await runOn(1);
  expect(await runOn(2)).toEqual(alone);
  expect(await runOn(4)).toEqual(alone);
});
