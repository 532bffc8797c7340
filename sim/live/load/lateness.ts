/**
 * Whether the generator kept up. Latencies are counted from the intended start, so a generator that
 * is late makes the servers look slow; how late it was is measured for each call, and this file
 * alone says how much is too much.
 *
 * The criterion: at most one call in a hundred (of fewer calls: one) may be sent later than 20 ms,
 * or than a tenth of the median latency where that is more, after it was due; and none may be left
 * unsent. On a machine that the servers keep busy a thread waits some milliseconds for its turn,
 * which is the world's doing as much as ours; beyond that what is measured is the generator.
 */
import { Histogram } from '../../base/histogram.ts';
import type { GeneratorFacts } from '../../metrics/result.ts';
import { CallStage } from '../../workload/call.ts';
import type { CallRow } from './call-log.ts';

const LATE_US = 20_000;
const LATE_SHARE_OF_MEDIAN = 0.1;
const LATE_CALLS_SHARE_MAX = 0.01;
const NS_PER_US = 1000;

/** Over all attempts of a run's calls, those of the warm-up included. */
export function generatorFacts(rows: readonly CallRow[]): GeneratorFacts {
  const lateness = new Histogram();
  const latency = new Histogram();
  for (const { dueUs, intendedUs, sentUs, endUs, settledAs } of rows) {
    // What was never sent is as late as can be: it is counted by itself.
    if (Number.isFinite(sentUs)) lateness.record(Math.round(sentUs - dueUs));
    if (settledAs === CallStage.Answered) latency.record(Math.round(endUs - intendedUs));
  }
  const limitUs = Math.max(LATE_US, LATE_SHARE_OF_MEDIAN * latency.quantile(0.5));
  const unsent = rows.length - lateness.count;
  const late = rows.filter(
    ({ dueUs, sentUs }) => Number.isFinite(sentUs) && sentUs - dueUs > limitUs,
  ).length;
  return {
    due: rows.length,
    sent: lateness.count,
    late,
    lateLimitNs: limitUs * NS_PER_US,
    latenessP50Ns: lateness.quantile(0.5) * NS_PER_US,
    latenessP99Ns: lateness.quantile(0.99) * NS_PER_US,
    latenessMaxNs: lateness.max * NS_PER_US,
    keptUp: unsent === 0 && late <= Math.max(1, LATE_CALLS_SHARE_MAX * rows.length),
  };
}
