/** The callers: journeys that were lost, calls that were given up, and the retries. */
import type { RunResult } from '../../sim/metrics/result.ts';
import { callerBars } from '../chart/caller-bars.ts';
import { amplificationOf, ratioText, retriesOverTime } from '../chart/retries-over-time.ts';
import { figureMarkup } from '../chart.ts';
import { formatAmount, formatNumberOf, formatShare, shareOf } from '../format.ts';
import { journeyEndsOf } from '../journeys.ts';
import { markup, NOTHING } from '../markup.ts';
import type { Markup } from '../markup.ts';
import { bucketsOf } from '../timeline.ts';
import type { Timeline } from '../timeline.ts';

/** Null: every call was one attempt, none was given up, and there was no journey. */
export function callerSection(result: RunResult, timeline: Timeline): Markup | null {
  const { journeys, calls, attempts } = result;
  const hasSeries = bucketsOf(timeline, 'all').some(({ retriesRps }) => retriesRps !== null);
  const hasRetries = attempts.started > calls.due - calls.notStarted;
  if (!hasSeries && !hasRetries && journeys.started === 0 && calls.gaveUp === 0) return null;
  const { replications } = result;
  const sum =
    replications > 1
      ? markup`<p class="note">Counts are sums over ${formatNumberOf(
          replications,
          'replication',
        )}.</p>`
      : NOTHING;
  return markup`<div class="keys">
${journeys.started > 0 ? journeyNumbers(journeys) : NOTHING}
${keyNumber(
  'Calls given up',
  formatAmount(calls.gaveUp),
  `${formatShare(shareOf(calls.gaveUp, calls.due))} of ${formatAmount(calls.due)} calls`,
)}
${keyNumber(
  'Attempts per call',
  ratioText(amplificationOf(result)),
  `${formatAmount(attempts.started)} attempts, ${formatAmount(
    attempts.abandonedByClient,
  )} abandoned`,
)}
</div>
${sum}
${figureMarkup(callerBars(result))}
${hasSeries ? figureMarkup(retriesOverTime(result, timeline)) : NOTHING}`;
}

/** A person who gave up may have had no fault at all, only to wait: that is told apart. */
function journeyNumbers(journeys: RunResult['journeys']): Markup {
  const { completed, failed, gaveUp } = journeyEndsOf(journeys);
  const { started } = journeys;
  const share = (count: number): string => formatShare(shareOf(count, started));
  const done = `${formatAmount(completed)} of ${formatAmount(started)} completed`;
  if (gaveUp === 0) {
    return keyNumber('Journeys lost', formatAmount(failed), `${share(failed)}; ${done}`);
  }
  return markup`${keyNumber(
    'Journeys lost by failure',
    formatAmount(failed),
    `${share(failed)}; ${done}`,
  )}
${keyNumber('Journeys given up', formatAmount(gaveUp), `${share(gaveUp)}, patience ran out`)}`;
}

function keyNumber(title: string, value: string, detail: string): Markup {
  return markup`<div class="key"><h3>${title}</h3><p class="value">${value}</p><p
class="detail">${detail}</p></div>`;
}
