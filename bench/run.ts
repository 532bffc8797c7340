/**
 * Runs the benches, all or those that are named, prints their figures and writes them into
 * bench/README.md: `npm run bench`, or `npm run bench event-queue`. Figures of benches that did
 * not run stay as they are.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BENCH_NAMES, findBench } from './benches.ts';
import { loadLine, machineLine, median, runBench, threeDigits } from './harness.ts';
import type { Bench, Row } from './harness.ts';
import { REPOSITORY } from './model.ts';

const README = join(REPOSITORY, 'bench', 'README.md');

function cellsOf(row: Row, isFirst: boolean): string[] {
  if (row.unavailable !== null) return [row.name, '-', '-', '-', row.unavailable];
  const ends = [Math.min(...row.values), Math.max(...row.values)];
  const range = ends.map(threeDigits).join(' to ');
  const ratio = isFirst || row.ratios.length === 0 ? '' : `${threeDigits(median(row.ratios))} x`;
  return [row.name, threeDigits(median(row.values)), range, ratio, row.notes.join('; ')];
}

function tableOf(bench: Bench, rows: readonly Row[], loads: readonly string[]): string {
  const firsts = new Set(bench.groups.map(([first]) => first.name));
  const head = ['', `median, ${bench.unit}`, `range of ${bench.rounds}`, 'ratio', 'seen with it'];
  const lines = [head, head.map(() => '---')];
  for (const row of rows) lines.push(cellsOf(row, firsts.has(row.name)));
  return [
    `### ${bench.title}`,
    '',
    ...lines.map((cells) => `| ${cells.join(' | ')} |`),
    '',
    `${machineLine()}; load average ${loads[0]} before, ${loads[1]} after.`,
  ].join('\n');
}

/** Replaces what stands between the two markers of a bench. */
function withFigures(text: string, name: string, figures: string): string {
  const [begin, end] = [`<!-- begin ${name} -->`, `<!-- end ${name} -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`bench/README.md has no place for ${name}`);
  return `${text.slice(0, from + begin.length)}\n\n${figures}\n\n${text.slice(to)}`;
}

const asked = process.argv.slice(2);
for (const name of asked.length > 0 ? asked : BENCH_NAMES) {
  const bench = await findBench(name);
  console.log(`${bench.title} (${bench.unit}, ${bench.rounds} rounds)`);
  const before = loadLine();
  const rows = runBench(bench, (row) => console.log(`  ${cellsOf(row, false).join('  ')}`));
  const figures = tableOf(bench, rows, [before, loadLine()]);
  writeFileSync(README, withFigures(readFileSync(README, 'utf8'), name, figures));
}
