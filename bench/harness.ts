/**
 * How a bench measures. Every measurement is a process of its own, since one that has run another
 * contender first has other types in its inline caches. Contenders take turns, round by round, so
 * that a disturbance of the machine hits all of them; ratios are of one round. Nothing is asserted
 * about time: figures are printed with their spread, the machine and its load.
 */
import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

export interface Measurement {
  /** The figure itself, in the bench's unit. */
  readonly value: number;
  /** What else was seen, such as a mean that can be checked; printed of the last round. */
  readonly notes: readonly string[];
}

export interface Contender {
  readonly name: string;
  readonly measure: () => Measured | Promise<Measured>;
}

/** Not possible here, for a reason. */
export interface Unavailable {
  readonly unavailable: string;
}

type Measured = Measurement | Unavailable;

export interface Bench {
  /** Also the name of its file. */
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  readonly isMoreBetter: boolean;
  readonly rounds: number;
  /** Ratios are against the first of a group. */
  readonly groups: readonly (readonly Contender[])[];
}

export interface Row {
  readonly name: string;
  readonly values: readonly number[];
  /** Against the first contender of the group, in the same round. */
  readonly ratios: readonly number[];
  readonly notes: readonly string[];
  readonly unavailable: string | null;
}

const ONE = fileURLToPath(new URL('./one.ts', import.meta.url));

export function runBench(bench: Bench, onRow: (row: Row) => void): Row[] {
  return bench.groups.flatMap((group) => {
    const rounds = Array.from({ length: bench.rounds }, () =>
      group.map(({ name }) => measureApart(bench.name, name)),
    );
    return group.map(({ name }, index) => {
      const row = rowOf(name, rounds, index);
      onRow(row);
      return row;
    });
  });
}

function rowOf(
  name: string,
  rounds: readonly (readonly (Measurement | Unavailable)[])[],
  index: number,
): Row {
  const values: number[] = [];
  const ratios: number[] = [];
  let notes: readonly string[] = [];
  for (const round of rounds) {
    const [first, own] = [round[0], round[index]];
    if ('unavailable' in own) {
      return { name, values: [], ratios: [], notes: [], unavailable: own.unavailable };
    }
    values.push(own.value);
    if (!('unavailable' in first)) ratios.push(own.value / first.value);
    notes = own.notes;
  }
  return { name, values, ratios, notes, unavailable: null };
}

function measureApart(bench: string, contender: string): Measurement | Unavailable {
  const text = execFileSync(process.execPath, [...process.execArgv, ONE, bench, contender], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // Written by one.ts, which is typed as this.
  return JSON.parse(text) as Measurement | Unavailable;
}

/** Processor seconds of this process that `work` took, and what it gave. */
export function cpuSecondsOf<T>(work: () => T): { readonly seconds: number; readonly result: T } {
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  return { seconds: (user + system) / 1e6, result };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Three digits, and thousands apart: 12,300 or 0.456. */
export function threeDigits(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en-GB', { maximumSignificantDigits: 3 });
}

export function machineLine(): string {
  return [
    cpus()[0]?.model.trim() ?? 'unknown processor',
    `${availableParallelism()} cores`,
    `${Math.round(totalmem() / 2 ** 30)} GiB`,
    `${platform()} ${release()}`,
    `Node ${process.versions.node}`,
  ].join(', ');
}

export function loadLine(): string {
  return loadavg()
    .map((load) => load.toFixed(2))
    .join(', ');
}
