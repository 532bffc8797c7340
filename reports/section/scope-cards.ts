/** The countries and the border apart: a card for each, and the same as a table. */
import type { RunResult, ScopeResult } from '../../sim/metrics/result.ts';
import { codeText } from '../chart/faults-over-time.ts';
import { scopeSparkline } from '../chart/scope-sparkline.ts';
import {
  formatAmount,
  formatCount,
  formatDuration,
  formatRate,
  formatShare,
  shareOf,
} from '../format.ts';
import { markup, NOTHING } from '../markup.ts';
import type { Markup } from '../markup.ts';
import { isBorder, scopesOf, scopeText } from '../scope.ts';
import { columnsOf, tableMarkup } from '../table.ts';
import type { Timeline } from '../timeline.ts';

const CARDS_MAX = 12;

export function scopeCards(result: RunResult, timeline: Timeline): Markup {
  const scopes = scopesOf(result);
  if (scopes.length === 0) return markup`<p class="none">The result names no instance.</p>`;
  const shown = scopes.slice(0, CARDS_MAX);
  const left = scopes.length - shown.length;
  const more =
    left > 0 ? markup`<p class="note">and ${String(left)} more in the table</p>` : NOTHING;
  return markup`<div class="cards">
${shown.map((scope) => card(scope, result, timeline))}</div>
${more}
${scopeTable(scopes, result)}`;
}

function card(scope: string, result: RunResult, timeline: Timeline): Markup {
  const { calls, throughputRps, latencyNs, faults } = result.instances[scope];
  const worst = faults.toSorted((a, b) => b.count - a.count).at(0);
  const ofAll = formatShare(shareOf(calls.due, result.calls.due));
  const title = isBorder(scope) ? 'Across the border' : `Within ${scope}`;
  const fault =
    worst === undefined
      ? 'none'
      : markup`<code>${codeText(worst.code)}</code>, ${formatCount(worst.count)} times`;
  return markup`<section class="card"><h3>${title}</h3>
<p class="note">${formatAmount(calls.due)} calls, ${ofAll} of all</p>
<dl><div><dt>Good</dt><dd>${formatRate(throughputRps.good)}</dd></div>
<div><dt>Answered</dt><dd>${formatShare(shareOf(calls.answered, calls.due))}</dd></div></dl>
${scopeSparkline(timeline, scope, 'throughput')}
<dl><div><dt>p50</dt><dd>${formatDuration(latencyNs.p50)}</dd></div>
<div><dt>p99</dt><dd>${formatDuration(latencyNs.p99)}</dd></div></dl>
${scopeSparkline(timeline, scope, 'latency')}
<p class="note">Most frequent fault: ${fault}</p></section>
`;
}

function scopeTable(scopes: readonly string[], result: RunResult): Markup {
  const all: ScopeResult = result;
  const rows = [['all', all] as const, ...scopes.map((s) => [s, result.instances[s]] as const)];
  return tableMarkup(
    {
      columns: columnsOf(
        'scope',
        'calls due#',
        'answered#',
        'with a fault#',
        'not started#',
        'open at the end#',
        'offered#',
        'good#',
        'p50#',
        'p90#',
        'p99#',
        'p99.9#',
        'max#',
      ),
      rows: rows.map(([scope, { calls, throughputRps, latencyNs }]) => [
        scopeText(scope),
        formatCount(calls.due),
        formatShare(shareOf(calls.answered, calls.due)),
        formatCount(calls.faulted),
        formatCount(calls.notStarted),
        formatCount(calls.openAtEnd),
        formatRate(throughputRps.offered),
        formatRate(throughputRps.good),
        formatDuration(latencyNs.p50),
        formatDuration(latencyNs.p90),
        formatDuration(latencyNs.p99),
        formatDuration(latencyNs.p999),
        formatDuration(latencyNs.max),
      ]),
    },
    'The countries and the border',
  );
}
