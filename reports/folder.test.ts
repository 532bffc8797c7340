import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sampleFolder, writeResultFolder } from '../sim/testing/sample-result.ts';
import { readResultFolder } from './folder.ts';
import { renderPage } from './page.ts';
import { ReportError } from './report-error.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'fedlab-folder-'));
  writeResultFolder(dir, sampleFolder());
});
afterEach(() => rmSync(dir, { recursive: true }));

function problem(): string {
  try {
    readResultFolder(dir);
  } catch (error) {
    if (error instanceof ReportError) return error.message;
    throw error;
  }
  return 'none';
}

function edit(file: string, change: (text: string) => string): void {
  const path = join(dir, file);
  writeFileSync(path, change(readFileSync(path, 'utf8')));
}

function editJson(file: string, change: (value: Record<string, never>) => unknown): void {
  edit(file, (text) => JSON.stringify(change(JSON.parse(text) as Record<string, never>)));
}

test('what was written is read, and draws the same page', () => {
  const folder = readResultFolder(dir);
  expect(folder).toEqual(sampleFolder());
  expect(renderPage(folder)).toBe(renderPage(sampleFolder()));
});

test('fields of a later version are dropped', () => {
  editJson('result.json', (value) => ({ ...value, later: { x: 1 } }));
  expect(readResultFolder(dir)).toEqual(sampleFolder());
});

test('a folder from before there were trust clocks and callers is read as one without', () => {
  const added = 5;
  edit('series.csv', (text) =>
    text.replace(/^.*$/gm, (line) => line.split(',').slice(0, -added).join(',')),
  );
  editJson('result.json', ({ warmUp: _warmUp, evidence: _evidence, ...value }) => {
    const { precision: _precision, ...confidence } = value['confidence'] as { precision: unknown };
    return { ...value, confidence };
  });
  const folder = readResultFolder(dir);
  expect(folder).toEqual(sampleFolder());
  expect(renderPage(folder)).toBe(renderPage(sampleFolder()));
});

describe('a folder that is not right says where', () => {
  test('missing, empty, a folder, not text', () => {
    const path = join(dir, 'result.json');
    rmSync(path);
    expect(problem()).toMatch(/^result\.json: no such file/);
    writeFileSync(path, '');
    expect(problem()).toBe('result.json: the file is empty');
    writeFileSync(path, Buffer.from([0xff, 0xfe, 0x00, 0x80]));
    expect(problem()).toBe('result.json: not a text in UTF-8');
    rmSync(path);
    mkdirSync(path);
    expect(problem()).toMatch(/^result\.json: a folder/);
    dir = join(dir, 'scenario.yaml');
    expect(problem()).toMatch(/^result\.json: not a folder/);
    dir = join(dir, '..');
  });

  test('cut off, not JSON, JSON of something else', () => {
    edit('result.json', (text) => text.slice(0, text.length / 2));
    expect(problem()).toMatch(/^result\.json: the file ends too early/);
    edit('result.json', () => 'name: x\n');
    expect(problem()).toMatch(/^result\.json: not JSON/);
    edit('result.json', () => '{"name": "left-pad", "version": "1.0.0"}');
    expect(problem()).toBe('result.json: schemaVersion: expected 1, found nothing');
    edit('result.json', () => '[]');
    expect(problem()).toBe('result.json: expected an object, found a list');
  });

  test('fields of another kind', () => {
    edit('result.json', (text) => text.replace('"bound": 0.995', '"bound": "0.995"'));
    expect(problem()).toBe('result.json: thresholds[2].bound: expected a number, found "0.995"');
    edit('result.json', (text) => text.replace('"bound": "0.995"', '"bound": 1e999'));
    expect(problem()).toMatch(/thresholds\[2\]\.bound: expected a number between 0 and 1e18/);
    edit('result.json', (text) => text.replace('"verdict": "failed"', '"verdict": "maybe"'));
    expect(problem()).toMatch(/expected "passed" or "failed" or "inconclusive", found "maybe"/);
  });

  test('the series', () => {
    const path = join(dir, 'series.csv');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.slice(0, -90));
    expect(problem()).toMatch(/^series\.csv: line 1153: expected 19 cells, found/);
    writeFileSync(path, text.replace('offeredRps', 'offered'));
    expect(problem()).toMatch(/^series\.csv: line 1: expected the columns timeSeconds,scope,/);
    writeFileSync(path, text.replace(/\n300,FI,[^,]*/, '\n300,FI,many'));
    expect(problem()).toMatch(/^series\.csv: line \d+, offeredRps: .* found "many"$/);
    writeFileSync(path, text.replace('\n300,FI,', '\n300,EE,'));
    expect(problem()).toMatch(/^series\.csv: line 8: a second row for EE at 300 s$/);
    writeFileSync(path, text.replace(/=\d+,/, '=lots,'));
    expect(problem()).toMatch(/^series\.csv: line \d+, faults: expected code=count/);
  });

  test('the histograms', () => {
    type File = { scopes: { all: { count: number; buckets: number[]; bits: number } } };
    const change = (apply: (all: File['scopes']['all']) => void): void => {
      editJson('histograms.json', (value) => {
        const file = value as unknown as File;
        apply(file.scopes.all);
        return file;
      });
    };
    change((all) => (all.count += 1));
    expect(problem()).toMatch(/^histograms\.json: scopes\.all: the buckets hold/);
    change((all) => (all.buckets[0] = 1e6));
    expect(problem()).toMatch(/^histograms\.json: scopes\.all: bucket 1000000 is out of/);
    change((all) => (all.bits = 40));
    expect(problem()).toMatch(/^histograms\.json: scopes\.all: bits must be/);
    edit('histograms.json', (text) => text.replace('"us"', '"ms"'));
    expect(problem()).toBe('histograms.json: unit: expected "us", found "ms"');
  });
});
