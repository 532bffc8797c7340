/** Availability against the 99 % of the e-state, and what it is worth in working time. */
import type { RunResult } from '../../sim/metrics/result.ts';
import { AVAILABILITY_TARGET, availabilityOf, workingTimeOf } from '../availability.ts';
import { availabilityBars } from '../chart/availability-bars.ts';
import { figureMarkup } from '../chart.ts';
import { formatAmount, formatSeconds, formatShare } from '../format.ts';
import { journeyEndsOf } from '../journeys.ts';
import { markup, NOTHING } from '../markup.ts';
import type { Markup } from '../markup.ts';
import { stopsOf } from '../trust-clocks.ts';

/** Null: no call was due. */
export function availabilitySection(result: RunResult): Markup | null {
  const stops = stopsOf(result);
  const [all] = availabilityOf(result, stops);
  if (all.callShare === null) return null;
  const isReached = all.callShare >= AVAILABILITY_TARGET;
  const pill = isReached
    ? markup`<span class="pill pill-passed">✓ 99 % reached</span>`
    : markup`<span class="pill pill-failed">✗ 99 % not reached</span>`;
  const missable = (1 - AVAILABILITY_TARGET) * result.simulatedSeconds;
  const { completed, ended } = journeyEndsOf(result.journeys);
  const people =
    ended === 0
      ? ''
      : `${formatShare(completed / ended)} of the journeys that ended were completed. `;
  return markup`<p>${pill} ${formatShare(all.callShare)} of the calls were answered without a fault.
${people}Of ${formatSeconds(result.simulatedSeconds)}, 1 % is ${formatSeconds(missable)}; of a year,
87.6 hours.</p>
${figureMarkup(availabilityBars(result, stops))}
<p class="note">The 99 % are <span class="pill pill-estimated">estimated</span>: a target that is
often named for the e-state, but no published text with this figure was found. The nearest that
is <span class="pill pill-published">published</span>: an Estonian trust service has to
work on at least 361 days of a year, which is 98.9 % (RT I 15.01.2019, 11).</p>
${workingTime(result)}`;
}

function workingTime(result: RunResult): Markup {
  const { savedHours, lostHours, yearlyYears } = workingTimeOf(result);
  const yearly =
    yearlyYears === null
      ? NOTHING
      : markup`<div><dt>Saved in a year</dt><dd>${years(yearlyYears)}, if every day of it were like
the simulated time</dd></div>`;
  const each = result.replications > 1 ? ', a mean of the replications' : '';
  return markup`<h3>Working time saved</h3>
<dl class="facts"><div><dt>Saved</dt><dd>${hours(savedHours)} by the calls that were
answered${each}</dd></div>
<div><dt>Not saved</dt><dd>${hours(lostHours)}, by those that were not</dd></div>
${yearly}</dl>
<p class="note"><span class="pill">derived</span> by the formula that X-Road’s operators publish:
years = queries × 3 % × 15 min ÷ (60 × 8,760 h). Behind 3 % of the queries stands a person, who
saves a quarter of an hour; a year is one of 8,760 calendar hours, not of working hours. Source:
e-estonia.com and eurosai-it.org (1,570,741,229 queries in a year, 1,345 years). The published
counts of queries may hold each exchange twice, once a server; here each call counts once.</p>`;
}

function hours(count: number): string {
  return count < 1 ? formatSeconds(count * 3600) : `${formatAmount(count)} hours`;
}

function years(count: number): string {
  return `${formatAmount(count)} working years`;
}
