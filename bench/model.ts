/** Plans for the benches, from scenario files of this repository. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Calibration } from '../sim/plan/calibration.ts';
import type { Document } from '../sim/plan/document.ts';
import type { Plan } from '../sim/plan/plan.ts';
import { compileScenario } from '../sim/scenario/compile.ts';
import { formatIssue } from '../sim/scenario/issue.ts';
import { loadScenario } from '../sim/scenario/load.ts';
import type { ReadFile } from '../sim/scenario/load.ts';

export const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));

/** A scenario file (path from the repository's top) as a document. */
export function documentOf(path: string, sets: readonly string[]): Document {
  const { document, issues } = loadScenario(path, readBytes, sets);
  if (document === null) throw new Error(issues.map(formatIssue).join('\n'));
  return document;
}

/** The plan of a scenario file (path from the repository's top) under a calibration. */
export function planOf(path: string, sets: readonly string[], calibration: Calibration): Plan {
  const loaded = loadScenario(path, readBytes, sets);
  if (loaded.document === null) throw new Error(loaded.issues.map(formatIssue).join('\n'));
  const { plan, issues } = compileScenario(loaded.document, calibration);
  if (plan === null) {
    throw new Error(issues.map((issue) => formatIssue(loaded.locate(issue))).join('\n'));
  }
  return plan;
}

export function committedCalibration(name: string): Calibration {
  const bytes = readFileSync(calibrationPath(name));
  // The file is written by our own script and read by the command line with every check.
  return JSON.parse(bytes.toString('utf8')) as Calibration;
}

export function calibrationPath(name: string): string {
  return join(REPOSITORY, 'scenarios', 'calibrations', `${name}.calibration.json`);
}

export function sha256Of(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

const readBytes: ReadFile = (path) => readFileSync(join(REPOSITORY, path));
