/**
 * What the run was held to: thresholds, checks, how far the replications agree, whether they were
 * enough, and whether the warm-up was long enough.
 */
import type { RunResult } from '../../sim/metrics/result.ts';
import {
  formatCount,
  formatNumberOf,
  formatSeconds,
  formatShare,
  formatShareTick,
  NO_VALUE,
} from '../format.ts';
import { markup, NOTHING } from '../markup.ts';
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
      ? `Half-widths are of the ${formatShareTick(level)} confidence interval of the mean, by
Student's t over ${count} independent replications.`
      : method === 'range'
        ? `With fewer than five replications an interval would pretend to know more than there is:
the smallest and the largest of ${count} are given instead.`
        : 'One replication tells nothing about the spread.';
  const columns = columnsOf('metric', 'mean#', 'half-width#', 'smallest#', 'largest#');
  return markup`<p>${explanation}</p>
${tableMarkup({ columns, rows }, 'Confidence')}
${precisionPart(confidence.precision)}`;
}

function precisionPart(precision: RunResult['confidence']['precision']): Markup {
  if (precision === null) return NOTHING;
  const { asked, reached, replicationsMin, replicationsMax, replicationsNeeded, isMet } = precision;
  const rows = Object.entries(reached).map(([metric, share]) => [
    metricText(metric),
    `± ${formatShareTick(asked)}`,
    share === null ? NO_VALUE : `± ${formatShare(share)}`,
    share === null ? pill('unknown') : pill(share <= asked ? 'passed' : 'failed'),
  ]);
  const found =
    replicationsNeeded === null
      ? 'The precision that was asked for was not reached'
      : `The precision held from ${formatNumberOf(replicationsNeeded, 'replication')} on`;
  const kept = isMet ? '' : replicationsNeeded === null ? '' : ', but not through the look-ahead';
  const columns = columnsOf('metric', 'asked#', 'reached#', 'verdict');
  return markup`<h3>Precision: asked and reached</h3>
<p>${found}${kept}; between ${formatCount(replicationsMin)} and ${formatCount(replicationsMax)}
were allowed. The number of replications follows the rule of Hoad, Robinson and Davies: one after
the other, in their order, until the half-widths are within the asked share of the means and stay
so for some more.</p>
${tableMarkup({ columns, rows }, 'Precision')}`;
}

const WARM_UP_VERDICTS = {
  accepted: ['passed', 'what was left out is long enough'],
  'too-short': ['failed', 'more ought to be left out'],
  rejected: ['failed', 'no steady part was seen: the cut lies in the second half'],
  unknown: ['unknown', 'there are too few values to tell'],
} as const;

/** What was left out, and what MSER-5 would have left out; null: all of the run counts. */
export function warmUpPart({ warmUp }: RunResult): Markup | null {
  if (warmUp === null) return null;
  const { askedSeconds, usedSeconds, foundSeconds, metric, valueSeconds, values, source } = warmUp;
  const [verdict, words] = WARM_UP_VERDICTS[warmUp.verdict];
  const of = source === 'pilot' ? 'a pilot replication' : 'the run, a mean of its replications';
  const rows: readonly (readonly [string, string])[] = [
    ['Asked', askedSeconds === null ? 'automatic' : formatSeconds(askedSeconds)],
    ['Left out', formatSeconds(usedSeconds)],
    ['Found', foundSeconds === null ? NO_VALUE : formatSeconds(foundSeconds)],
    [
      'From',
      `${metricText(metric)} of ${of}: ${formatNumberOf(values, 'value')} over ` +
        `${formatSeconds(valueSeconds)} each, five of them a batch`,
    ],
  ];
  const items = rows.map(([term, value]) => markup`<div><dt>${term}</dt><dd>${value}</dd></div>\n`);
  return markup`<h3>Warm-up: asked and found</h3>
<p>${pill(verdict)} By MSER-5, ${words}.</p>
<dl class="facts">${items}</dl>`;
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
