/**
 * The result folder, read and checked. A report must be drawable in a year, from a folder that was
 * mailed, unpacked and edited; so nothing is believed, and what is wrong is said with its place.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunResult, SeriesRow } from '../sim/metrics/result.ts';
import { readHistogramFile } from './histogram-file.ts';
import type { HistogramFile } from './histogram-file.ts';
import { ReportError } from './report-error.ts';
import { readRunResult } from './result-shape.ts';
import { parseSeries } from './series-table.ts';
import type { Reader } from './shape.ts';

export interface ResultFolder {
  readonly result: RunResult;
  readonly series: readonly SeriesRow[];
  readonly histograms: HistogramFile;
  readonly scenarioText: string;
}

/** Throws a ReportError. */
export function readResultFolder(dir: string): ResultFolder {
  return {
    result: readJson(dir, 'result.json', readRunResult),
    series: parseSeries(readText(dir, 'series.csv')),
    histograms: readJson(dir, 'histograms.json', readHistogramFile),
    scenarioText: readText(dir, 'scenario.yaml'),
  };
}

function readJson<T>(dir: string, file: string, read: Reader<T>): T {
  const text = readText(dir, file);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    // A file that is cut off within a number or behind a value is complained of at its very end.
    const isCutOff =
      /end of JSON|unterminated/i.test(why) || why.includes(`at position ${text.length} `);
    const problem = isCutOff ? 'the file ends too early' : 'not JSON';
    throw new ReportError(file, null, `${problem} (${printable(why)})`);
  }
  return read(value, { file, path: '' });
}

function readText(dir: string, file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(join(dir, file));
  } catch (error) {
    throw new ReportError(file, null, `${problemOf(error)} (in ${dir})`);
  }
  if (bytes.length === 0) throw new ReportError(file, null, 'the file is empty');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ReportError(file, null, 'not a text in UTF-8');
  }
}

function problemOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  if (code === 'ENOENT') return 'no such file; is this the folder of a result?';
  if (code === 'ENOTDIR') return 'not a folder';
  if (code === 'EISDIR') return 'a folder, where a file was expected';
  if (code === 'EACCES' || code === 'EPERM') return 'no permission to read it';
  if (code === 'ERR_FS_FILE_TOO_LARGE') return 'too large to be read';
  return `cannot be read (${code})`;
}

/** The engine's message quotes the file, whatever is in it. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 160);
}
