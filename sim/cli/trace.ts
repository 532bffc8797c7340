/** `fedlab trace DIR ID`: one exchange that was kept, step by step, on both legs. */
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { formatDuration } from '../../reports/format.ts';
import { didYouMean } from '../base/nearest.ts';
import { JOURNAL_FORMAT } from '../metrics/journal-file.ts';
import type { JournalExchange, JournalHead } from '../metrics/journal-file.ts';
import { traceText } from './trace-text.ts';
import type { Session } from './session.ts';
import { fileProblem, UserError } from './user-error.ts';

const CHUNK = 2 ** 18;
const NEWLINE = 10;
const SHOWN_IDS = 5;
/** Ids remembered for "did you mean". */
const IDS_MAX = 20_000;

export function addTraceCommand(program: Command, session: Session): void {
  program
    .command('trace')
    .description('print one exchange that was kept, step by step')
    .argument('<dir>', 'result folder of a run with --exchanges')
    .argument(
      '<id>',
      'messageId of exchanges.csv, such as 0:portal:17 or, second attempt, 0:portal:17.2',
    )
    .action((dir: string, id: string) => {
      session.terminal.print(traceText(findExchange(dir, id), formatDuration));
    });
}

function findExchange(dir: string, id: string): JournalExchange {
  const path = join(dir, 'journal.jsonl');
  const ids: string[] = [];
  let lineNumber = 0;
  for (const line of linesOf(path)) {
    lineNumber++;
    const entry = parseLine(path, lineNumber, line);
    if (lineNumber === 1) checkHead(path, entry);
    else if (entry['id'] === id) return checkedExchange(path, lineNumber, entry);
    else if (ids.length < IDS_MAX) ids.push(String(entry['id']));
  }
  if (lineNumber === 0) throw new UserError(`${path}: the file is empty`);
  const hint =
    didYouMean(id, ids) ??
    (ids.length === 0 ? 'none was kept' : `some are ${ids.slice(0, SHOWN_IDS).join(', ')}`);
  throw new UserError(`no exchange ${id} was kept in ${dir}: ${hint}`);
}

/** A journal may be larger than a string can be, so it is read line by line. */
function* linesOf(path: string): Generator<string> {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    const advice = 'run with --exchanges sample:N or all to keep some';
    throw new UserError(`cannot read ${path}: ${fileProblem(error)}; ${advice}`);
  }
  try {
    let rest = Buffer.alloc(0);
    for (;;) {
      const chunk = Buffer.alloc(CHUNK);
      const length = readSync(file, chunk);
      if (length === 0) break;
      rest = Buffer.concat([rest, chunk.subarray(0, length)]);
      let from = 0;
      for (let at = rest.indexOf(NEWLINE); at !== -1; at = rest.indexOf(NEWLINE, from)) {
        yield rest.toString('utf8', from, at);
        from = at + 1;
      }
      rest = rest.subarray(from);
    }
    if (rest.length > 0) yield rest.toString('utf8');
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) {
      throw new UserError(`cannot read ${path}: ${fileProblem(error)}`);
    }
    throw error;
  } finally {
    closeSync(file);
  }
}

function parseLine(path: string, line: number, text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Told below, with its place.
  }
  throw new UserError(`${path}:${line}: not a line of a journal; the file may have been cut off`);
}

function checkHead(path: string, entry: Record<string, unknown>): void {
  const format: keyof JournalHead = 'format';
  if (entry[format] === JOURNAL_FORMAT) return;
  throw new UserError(`${path}: expected a journal of the format ${JOURNAL_FORMAT}`);
}

/** Only what would make the printing of it fail; the rest is shown as it stands. */
function checkedExchange(
  path: string,
  line: number,
  entry: Record<string, unknown>,
): JournalExchange {
  const { steps, fault, clientVersion, intendedUs, attempt } = entry;
  const isNumber = (value: unknown): boolean => typeof value === 'number';
  const isStep = (step: unknown): boolean =>
    Array.isArray(step) &&
    step.length === 7 &&
    step.every((cell: unknown) => cell === null || isNumber(cell));
  const isWhole =
    Array.isArray(steps) &&
    steps.every(isStep) &&
    [fault, clientVersion, intendedUs, attempt].every(isNumber);
  if (isWhole) return entry as unknown as JournalExchange;
  throw new UserError(`${path}:${line}: this exchange is not complete`);
}
