/** The time series of a run, one row a bucket and scope: series.csv. */
import type { Plan } from '../plan/plan.ts';
import { csvLine } from './csv.ts';
import { codeOfKey } from './fault-count.ts';
import { smallQuantileNs } from './latency.ts';
import type { SeriesOutcome } from './outcome.ts';
import type { SeriesRow } from './result.ts';
import { BORDER_SCOPE, coresOf, scopeNames } from './scope.ts';
import type { Totals } from './totals.ts';
import type { TrustSeries } from './trust-outcome.ts';

const US_PER_SECOND = 1e6;

/** The columns of series.csv, in their order. */
const COLUMNS = [
  'timeSeconds',
  'scope',
  'offeredRps',
  'achievedRps',
  'goodRps',
  'attackRps',
  'faultedRps',
  'latencyP50Ns',
  'latencyP90Ns',
  'latencyP99Ns',
  'utilisation',
  'queueLength',
  'refusingServers',
  'faults',
  'retriesRps',
  'gaveUpRps',
  'stampedRps',
  'backlog',
  'expiredServers',
] as const satisfies readonly (keyof SeriesRow)[];

export function seriesRows(plan: Plan, totals: Totals): SeriesRow[] {
  const { series, callers, trust, replications } = totals;
  const names = scopeNames(plan);
  const cores = names.map((_, scope) => coresOf(plan, scope));
  const faults = faultCells(series);
  const rows: SeriesRow[] = [];
  for (let bucket = 0; bucket < series.bucketCount; bucket++) {
    const startUs = bucket * series.bucketUs;
    // The last bucket may be cut short by the end of the run.
    const lengthUs = Math.min(series.bucketUs, plan.durationUs - startUs) * replications;
    const perSecond = (count: number): number => (count / lengthUs) * US_PER_SECOND;
    for (const [scope, name] of names.entries()) {
      const row = bucket * series.scopeCount + scope;
      const hasServers = name !== BORDER_SCOPE;
      const coreUs = lengthUs * cores[scope];
      rows.push({
        timeSeconds: startUs / US_PER_SECOND,
        scope: name,
        offeredRps: perSecond(series.offered[row]),
        achievedRps: perSecond(series.answered[row] + series.faulted[row]),
        goodRps: perSecond(series.answered[row]),
        attackRps: perSecond(series.attack[row]),
        faultedRps: perSecond(series.faulted[row]),
        latencyP50Ns: smallQuantileNs(series.latency, row, 0.5),
        latencyP90Ns: smallQuantileNs(series.latency, row, 0.9),
        latencyP99Ns: smallQuantileNs(series.latency, row, 0.99),
        utilisation: hasServers ? shareOf(series.cpuBusyUs[row], coreUs) : null,
        queueLength: hasServers ? series.queueLength[row] : null,
        refusingServers: hasServers ? series.refusingServers[row] : null,
        faults: faults.get(row) ?? '',
        retriesRps: callers === null ? null : perSecond(callers.series.retries[row]),
        gaveUpRps: callers === null ? null : perSecond(callers.series.gaveUp[row]),
        ...trustCells(trust?.series ?? null, bucket, scope, { perSecond, replications }),
      });
    }
  }
  return rows;
}

interface Rates {
  readonly perSecond: (count: number) => number;
  readonly replications: number;
}

/** Scope 0 is of all instances; of the others each is one, but for the border. */
function trustCells(
  trust: TrustSeries | null,
  bucket: number,
  scope: number,
  { perSecond, replications }: Rates,
): Pick<SeriesRow, 'stampedRps' | 'backlog' | 'expiredServers'> {
  if (trust === null || scope > trust.instanceCount) {
    return { stampedRps: null, backlog: null, expiredServers: null };
  }
  const { instanceCount, stamped, backlog, refusingServers } = trust;
  const from = bucket * instanceCount + Math.max(0, scope - 1);
  const count = scope === 0 ? instanceCount : 1;
  const sum = (column: Float64Array): number =>
    column.subarray(from, from + count).reduce((all, value) => all + value, 0);
  return {
    stampedRps: perSecond(sum(stamped)),
    backlog: sum(backlog) / replications,
    expiredServers: sum(refusingServers),
  };
}

/** Empty cells are nulls. */
export function seriesText(rows: readonly SeriesRow[]): string {
  const lines = rows.map((row) => csvLine(COLUMNS.map((column) => row[column])));
  return [csvLine(COLUMNS), ...lines].join('');
}

/** By row of the series: `code=count` joined by spaces, in the order of the codes. */
function faultCells({ faults, scopeCount }: SeriesOutcome): Map<number, string> {
  const counts = new Map<number, Map<string, number>>();
  for (let at = 0; at < faults.length; at += 4) {
    const row = faults[at] * scopeCount + faults[at + 1];
    const code = codeOfKey(faults[at + 2]);
    const inRow = counts.get(row) ?? new Map<string, number>();
    inRow.set(code, (inRow.get(code) ?? 0) + faults[at + 3]);
    counts.set(row, inRow);
  }
  return new Map(
    [...counts].map(([row, inRow]) => [
      row,
      [...inRow]
        .toSorted((a, b) => (a[0] < b[0] ? -1 : 1))
        .map(([code, count]) => `${code}=${count}`)
        .join(' '),
    ]),
  );
}

/** Null: there are no cores, or nobody saw how busy they were. */
function shareOf(busyUs: number, coreUs: number): number | null {
  return coreUs > 0 && !Number.isNaN(busyUs) ? busyUs / coreUs : null;
}
