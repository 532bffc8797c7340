/** What the run was held to: thresholds, checks, and how far the replications agree. */
import type { RunResult } from '../../sim/metrics/result.ts';
import { formatShare, NO_VALUE } from '../format.ts';
import { markup } from '../markup.ts';
import type { Markup } from '../markup.ts';
import { formatMetric, metricText } from '../metric-text.ts';
import { scopeText } from '../scope.ts';
import { columnsOf, tableMarkup } from '../table.ts';

export function thresholdTable({ thresholds }: RunResult): Markup {
  if (thresholds.length === 0) return markup`<p class="none">The scenario sets no threshold.</p>`;
  const rows = thresholds.map(({ metric, scope, comparison, bound, value, ci95, verdict }) => [
    `${metricText(metric)}, ${scopeText(scope)}`,
    `${comparison} ${formatMetric(metric, bound)}`,
    formatMetric(metric, value),
    ci95 === null ? NO_VALUE : `± ${formatMetric(metric, ci95)}`,
    pill(verdict),
  ]);
  const columns = columnsOf('threshold', 'must be', 'value#', '95 % confidence#', 'verdict');
  return tableMarkup({ columns, rows }, 'Thresholds');
}

export function checkTable({ checks }: RunResult): Markup {
  if (checks.length === 0) return markup`<p class="none">No check was made.</p>`;
  // What did not pass is what somebody looks for.
  const order = ['failed', 'unknown', 'passed'];
  const rows = checks
    .toSorted((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict))
    .map(({ name, verdict, detail }) => [name, pill(verdict), detail]);
  return tableMarkup({ columns: columnsOf('check', 'verdict', 'detail'), rows }, 'Checks');
}

export function confidenceTable({ confidence, replicationResults }: RunResult): Markup {
  const { method, level, metrics } = confidence;
  const count = replicationResults.length;
  const rows = Object.entries(metrics).map(([metric, { mean, halfWidth, min, max }]) => [
    metricText(metric),
    formatMetric(metric, mean),
    halfWidth === null ? NO_VALUE : `± ${formatMetric(metric, halfWidth)}`,
    formatMetric(metric, min),
    formatMetric(metric, max),
  ]);
  const explanation =
    method === 'student-t'
      ? `Half-widths are of the ${formatShare(level)} confidence interval of the mean, by
Student's t over ${count} independent replications.`
      : method === 'range'
        ? `With fewer than five replications an interval would pretend to know more than there is:
the smallest and the largest of ${count} are given instead.`
        : 'One replication tells nothing about the spread.';
  const columns = columnsOf('metric', 'mean#', 'half-width#', 'smallest#', 'largest#');
  return markup`<p>${explanation}</p>
${tableMarkup({ columns, rows }, 'Confidence')}`;
}

const SIGNS: Readonly<Record<string, string>> = {
  passed: '✓',
  failed: '✗',
  inconclusive: '?',
  unknown: '?',
};

function pill(verdict: 'passed' | 'failed' | 'inconclusive' | 'unknown'): Markup {
  return markup`<span class="pill pill-${verdict}">${SIGNS[verdict]} ${verdict}</span>`;
}
