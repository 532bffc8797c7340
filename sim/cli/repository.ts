/** Fedlab's own files: its scenarios, its version, its commit. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds package.json. */
export const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
export const SCENARIOS = join(REPOSITORY, 'scenarios');
export const CALIBRATIONS = join(SCENARIOS, 'calibrations');
export const SCENARIO_END = '.scenario.yaml';
export const CALIBRATION_END = '.calibration.json';

/** Names under scenarios/, such as `national/working-day`. */
export function scenarioNames(): string[] {
  return namesUnder(SCENARIOS, SCENARIO_END);
}

export function calibrationNames(): string[] {
  return namesUnder(CALIBRATIONS, CALIBRATION_END);
}

/** A path as one would type it here. */
export function shortPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short === '' || short.startsWith('..') ? path : short;
}

export interface Tool {
  readonly name: string;
  readonly version: string;
  readonly commit: string;
}

export function readTool(): Tool {
  return { ...readPackage(), commit: readCommit() };
}

export function readPackage(): Omit<Tool, 'commit'> {
  const text = readFileSync(join(REPOSITORY, 'package.json'), 'utf8');
  const { name, version } = JSON.parse(text) as Tool;
  return { name, version };
}

/**
 * The commit, with `-modified` if a file that git knows differs from it; `unknown` without git, and
 * where the repository around is somebody else's.
 */
export function readCommit(folder = REPOSITORY): string {
  try {
    const [top, commit] = git(folder, ['rev-parse', '--show-toplevel', 'HEAD']).split('\n');
    if (realpathSync(top) !== realpathSync(folder)) return 'unknown';
    // Nobody asked for the index to be refreshed on disk, and somebody else may be at it.
    const status = ['--no-optional-locks', 'status', '--porcelain', '--untracked-files=no'];
    return git(folder, status) === '' ? commit : `${commit}-modified`;
  } catch {
    return 'unknown';
  }
}

function git(folder: string, words: readonly string[]): string {
  const answer = execFileSync('git', words, {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: 5000,
  });
  return answer.trim();
}

function namesUnder(folder: string, end: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.endsWith(end))
    .map((name) => name.slice(0, -end.length))
    .toSorted();
}
