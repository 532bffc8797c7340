/** series.csv: the columns of SeriesRow in its order, one row a bucket and scope. */
import { csvParseRows } from 'd3';
import type { SeriesRow } from '../sim/metrics/result.ts';
import { ReportError } from './report-error.ts';

const FILE = 'series.csv';

/** How a cell is written; the order is the order of the file. */
const COLUMNS: Readonly<Record<keyof SeriesRow, 'number' | 'number-or-empty' | 'text'>> = {
  timeSeconds: 'number',
  scope: 'text',
  offeredRps: 'number',
  achievedRps: 'number',
  goodRps: 'number',
  attackRps: 'number',
  faultedRps: 'number',
  latencyP50Ns: 'number-or-empty',
  latencyP90Ns: 'number-or-empty',
  latencyP99Ns: 'number-or-empty',
  utilisation: 'number-or-empty',
  queueLength: 'number-or-empty',
  refusingServers: 'number-or-empty',
  faults: 'text',
  retriesRps: 'number-or-empty',
  gaveUpRps: 'number-or-empty',
  stampedRps: 'number-or-empty',
  backlog: 'number-or-empty',
  expiredServers: 'number-or-empty',
};
export const SERIES_COLUMNS = Object.keys(COLUMNS) as readonly (keyof SeriesRow)[];

/** Folders from before there were callers and trust clocks end here; the rest is not known. */
const FIRST_COLUMNS = SERIES_COLUMNS.slice(0, SERIES_COLUMNS.indexOf('faults') + 1);

const NUMBER_MAX = 1e18;

export function parseSeries(text: string): SeriesRow[] {
  const [header, ...lines] = csvParseRows(text);
  if (header === undefined) throw new ReportError(FILE, null, 'the file is empty');
  const columns = [SERIES_COLUMNS, FIRST_COLUMNS].find(
    (known) => known.join(',') === header.join(','),
  );
  if (columns === undefined) {
    throw new ReportError(FILE, 'line 1', `expected the columns ${SERIES_COLUMNS.join(',')}`);
  }
  const seen = new Set<string>();
  return lines.map((cells, index) => {
    const line = index + 2;
    const row = parseRow(cells, columns, line);
    const key = `${row.timeSeconds} ${row.scope}`;
    if (seen.has(key)) {
      const problem = `a second row for ${row.scope} at ${row.timeSeconds} s`;
      throw new ReportError(FILE, `line ${line}`, problem);
    }
    seen.add(key);
    return row;
  });
}

function parseRow(
  cells: readonly string[],
  columns: readonly (keyof SeriesRow)[],
  line: number,
): SeriesRow {
  if (cells.length !== columns.length) {
    const problem = `expected ${columns.length} cells, found ${cells.length}`;
    throw new ReportError(FILE, `line ${line}`, `${problem}; the file may have been cut off`);
  }
  const row: Record<string, string | number | null> = {};
  for (const [index, column] of SERIES_COLUMNS.entries()) {
    row[column] = index < columns.length ? parseCell(cells[index], column, line) : null;
  }
  return row as unknown as SeriesRow;
}

function parseCell(cell: string, column: keyof SeriesRow, line: number): string | number | null {
  const kind = COLUMNS[column];
  if (column === 'faults') return checkFaults(cell, line);
  if (kind === 'text') return cell;
  if (cell === '' && kind === 'number-or-empty') return null;
  const value = cell.trim() === '' ? Number.NaN : Number(cell);
  if (value >= 0 && value <= NUMBER_MAX) return value;
  const problem = `expected a number between 0 and 1e18, found ${quote(cell)}`;
  throw new ReportError(FILE, `line ${line}, ${column}`, problem);
}

function checkFaults(cell: string, line: number): string {
  if (cell === '' || cell.split(' ').every((entry) => /=\d{1,15}$/.test(entry))) return cell;
  const problem = `expected code=count joined by spaces, found ${quote(cell)}`;
  throw new ReportError(FILE, `line ${line}, faults`, problem);
}

function quote(cell: string): string {
  return JSON.stringify(cell.slice(0, 40));
}

/** The counts by code of the cell `faults`. */
export function faultCountsOf(cell: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const entry of cell === '' ? [] : cell.split(' ')) {
    const end = entry.lastIndexOf('=');
    const code = entry.slice(0, end);
    counts.set(code, (counts.get(code) ?? 0) + Number(entry.slice(end + 1)));
  }
  return counts;
}
