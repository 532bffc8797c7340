/** From a scenario's name to a plan: reads it, links it, or says what is wrong. */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { Document } from '../plan/document.ts';
import type { Plan } from '../plan/plan.ts';
import { compileScenario } from '../scenario/compile.ts';
import { formatIssue, MORE } from '../scenario/issue.ts';
import type { Issue } from '../scenario/issue.ts';
import { loadScenario } from '../scenario/load.ts';
import type { LoadedScenario } from '../scenario/load.ts';
import { BYTES_MAX } from '../scenario/parse.ts';
import { readCalibration } from './calibration-file.ts';
import type { FoundCalibration } from './calibration-file.ts';
import { findScenario } from './find-scenario.ts';
import { fileProblem, UserError } from './user-error.ts';

/** What the command line changes. */
export interface ScenarioOverrides {
  readonly sets: readonly string[];
  readonly seed: number | null;
  readonly replications: number | null;
  /** A name or a file; null: the one that the scenario names. */
  readonly calibration: string | null;
}

export const NO_OVERRIDES: ScenarioOverrides = {
  sets: [],
  seed: null,
  replications: null,
  calibration: null,
};

export interface PreparedScenario {
  readonly plan: Plan;
  readonly document: Document;
  /** Everything merged, as YAML. */
  readonly resolvedText: string;
  readonly sha256: string;
  /** As given. */
  readonly path: string;
  /** Formatted. */
  readonly warnings: readonly string[];
}

/** Throws a UserError that tells all mistakes at once. */
export function prepareScenario(name: string, overrides: ScenarioOverrides): PreparedScenario {
  const asked = overrides.calibration === null ? null : readCalibration(overrides.calibration);
  const loaded = loadScenario(findScenario(name), readBytes, setsOf(overrides, asked));
  if (loaded.document === null) throw issuesError(loaded.issues);
  const { calibration, sha256 } = asked ?? calibrationOf(loaded, loaded.document);
  const compiled = compileScenario(loaded.document, calibration, sha256);
  const issues = [...loaded.issues, ...compiled.issues.map((issue) => loaded.locate(issue))];
  if (compiled.plan === null) throw issuesError(issues);
  return {
    plan: compiled.plan,
    document: loaded.document,
    resolvedText: loaded.resolvedText,
    sha256: createHash('sha256').update(loaded.resolvedText).digest('hex'),
    path: name,
    warnings: issues.map(formatIssue),
  };
}

/** What `fedlab list` says of a scenario; null when it has mistakes. */
export function titleOf(name: string): string | null {
  return loadScenario(findScenario(name), readBytes, []).document?.title ?? null;
}

/** Options that have a key in the scenario are settings of that key, and count last. */
function setsOf(overrides: ScenarioOverrides, asked: FoundCalibration | null): string[] {
  const sets = [...overrides.sets];
  if (overrides.seed !== null) sets.push(`seed=${overrides.seed}`);
  if (overrides.replications !== null) sets.push(`replications=${overrides.replications}`);
  if (asked !== null) sets.push(`calibration=${JSON.stringify(asked.calibration.name)}`);
  return sets;
}

/** A name that does not exist is a mistake at its place in the scenario. */
function calibrationOf(loaded: LoadedScenario, document: Document): FoundCalibration {
  try {
    return readCalibration(document.calibration);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const [message, ...hint] = error.message.split(': ');
    const issue = loaded.locate({
      code: 'unknown-reference',
      message,
      hint: hint.length === 0 ? null : hint.join(': '),
      path: ['calibration'],
      isWarning: false,
    });
    throw issuesError([issue]);
  }
}

function issuesError(issues: readonly Issue[]): UserError {
  const count = issues.filter(({ isWarning }) => !isWarning).length;
  const texts = issues.map(formatIssue);
  // What is not shown is counted in the issue that stands for it.
  const isCut = issues.some(({ code }) => code === MORE);
  if (isCut) return new UserError(texts.join('\n\n'));
  return new UserError([...texts, count === 1 ? '1 error' : `${count} errors`].join('\n\n'));
}

/** No more than what a scenario may have, and a byte, so that the reader finds it too long. */
function readBytes(path: string): Uint8Array | { readonly error: string } {
  try {
    const file = openSync(path, 'r');
    try {
      const stat = fstatSync(file);
      if (stat.isDirectory()) return { error: 'it is a folder' };
      if (!stat.isFile()) return { error: 'it is not a file' };
      const bytes = new Uint8Array(Math.min(stat.size, BYTES_MAX + 1));
      return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, 0));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    return { error: fileProblem(error) };
  }
}
