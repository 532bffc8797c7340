/**
 * What somebody reads who reads nothing else: the question, the verdict and why, three numbers,
 * the run with its incidents, whether to believe it, and what had to be guessed.
 */
import type { LiveFacts, RunResult, Verdict } from '../../sim/metrics/result.ts';
import { incidentStrip } from '../chart/incident-strip.ts';
import { amplificationOf, ratioText } from '../chart/retries-over-time.ts';
import { NARROW, svgMarkup, WIDE } from '../chart.ts';
import {
  formatAmount,
  formatCount,
  formatDuration,
  formatNumberOf,
  formatRate,
  formatSeconds,
  formatShare,
  formatShareTick,
  shareOf,
} from '../format.ts';
import { formatInstant } from '../instant.ts';
import { journeyEndsOf } from '../journeys.ts';
import { markup, NOTHING } from '../markup.ts';
import type { Content, Markup } from '../markup.ts';
import { formatMetric } from '../metric-text.ts';
import type { Timeline } from '../timeline.ts';
import { expectedText, reasonText, VERDICT_WORDS } from '../verdict-text.ts';
import { microsecondsIn } from './assumption-table.ts';

/** Estimates printed here; a country makes about twenty, and a list without end helps nobody. */
const ESTIMATES_MAX = 40;

export function firstScreen(result: RunResult, timeline: Timeline): Markup {
  const { scenario, verdict } = result;
  const title = scenario.title === '' ? scenario.name : scenario.title;
  const strip = incidentStrip(result, timeline);
  const met = expectedText(result);
  const expected = met === null ? NOTHING : markup`<p class="expected">${met}</p>`;
  const note = strip.caption === null ? NOTHING : markup`<p class="note">${strip.caption}</p>`;
  return markup`<header class="masthead">
<p class="eyebrow"><b>Fedlab</b> · ${scenario.name} · ${
    result.engine === 'virtual' ? 'simulated in virtual time' : 'measured on the live network'
  }</p>
<h1>${title}</h1>
<p class="question">${scenario.question}</p>
</header>
<section class="verdict verdict-${verdict}" aria-label="Verdict">
${verdictIcon(verdict)}
<div><p class="word">${VERDICT_WORDS[verdict]}</p><p>${reasonText(result)}</p>${expected}</div>
</section>
${keyNumbers(result)}
<div class="strip">
${svgMarkup(strip, WIDE)}
${svgMarkup(strip, NARROW)}
${note}
</div>
<div class="pair">
${validityBox(result, timeline)}
${estimates(result)}
</div>
`;
}

/** Drawn, not a character: fonts differ. A shape of its own for each, as colour is not enough. */
const ICONS: Readonly<Record<Verdict, string>> = {
  passed: 'M14 25l8 8 14-17',
  failed: 'M16 16l18 18M34 16L16 34',
  inconclusive: 'M18 19a7 7 0 1 1 9.500 7c-2 1-2.500 2-2.500 4M25 36v.1',
  invalid: 'M25 13v15M25 36v.1',
  violated: 'M19 13v15M19 36v.1M31 13v15M31 36v.1',
  regressed: 'M25 13v22M16 27l9 9 9-9',
};

function verdictIcon(verdict: Verdict): Markup {
  return markup`<svg class="icon" viewBox="0 0 50 50" aria-hidden="true"><circle cx="25" cy="25"
r="23"/><path d="${ICONS[verdict]}"/></svg>`;
}

function keyNumbers(result: RunResult): Markup {
  const { calls, throughputRps, latencyNs } = result;
  const share = shareOf(calls.answered, calls.due);
  const [answered, faulted] = [calls.answered, calls.faulted].map(formatAmount);
  const gaveUp = calls.gaveUp > 0 ? `, ${formatAmount(calls.gaveUp)} given up` : '';
  return markup`<section class="keys" aria-label="Key numbers">
${keyNumber(
  'Good throughput',
  formatRate(throughputRps.good),
  spread(result, 'throughputGood'),
  `${formatRate(throughputRps.offered)} offered, ${formatRate(throughputRps.achieved)} achieved`,
)}
${keyNumber(
  'Latency, p99',
  formatDuration(latencyNs.p99),
  spread(result, 'latencyP99'),
  `p50 ${formatDuration(latencyNs.p50)}, p99.9 ${formatDuration(latencyNs.p999)}`,
)}
${keyNumber(
  'Calls answered',
  formatShare(share),
  spread(result, 'goodShare'),
  `${answered} of ${formatAmount(calls.due)}, ${faulted} with a fault${gaveUp}`,
)}
${journeyNumber(result)}
${attemptNumber(result)}
</section>`;
}

/** Of those that ended, for at the end of a run some people are still about it. */
function journeyNumber({ journeys }: RunResult): Markup {
  if (journeys.started === 0) return NOTHING;
  const { ended, completed, failed, gaveUp } = journeyEndsOf(journeys);
  const lost = gaveUp > 0 ? 'lost by failure' : 'lost';
  const patience = gaveUp > 0 ? `, ${formatAmount(gaveUp)} given up` : '';
  return keyNumber(
    'Journeys completed',
    formatShare(shareOf(completed, ended)),
    `${formatAmount(completed)} of ${formatAmount(ended)} that ended`,
    `${formatAmount(failed)} ${lost}${patience}`,
  );
}

/** Only where something was tried again. */
function attemptNumber(result: RunResult): Markup {
  const { attempts, calls } = result;
  if (attempts.started <= calls.due - calls.notStarted) return NOTHING;
  return keyNumber(
    'Attempts per call',
    ratioText(amplificationOf(result)),
    `${formatAmount(attempts.started)} attempts`,
    `${formatAmount(attempts.abandonedByClient)} abandoned by their client`,
  );
}

function keyNumber(title: string, value: string, range: string, detail: string): Markup {
  return markup`<div class="key"><h2>${title}</h2><p class="value">${value}</p>
<p class="range">${range}</p><p class="detail">${detail}</p></div>`;
}

/** How far the replications are apart, in the words of the method. */
function spread({ confidence, replicationResults }: RunResult, metric: string): string {
  const found = confidence.metrics[metric];
  const count = replicationResults.length;
  if (found !== undefined && found.halfWidth !== null && confidence.method === 'student-t') {
    const level = formatShareTick(confidence.level);
    const width = formatMetric(metric, found.halfWidth);
    return `± ${width} (${level} confidence, ${formatNumberOf(count, 'replication')})`;
  }
  if (found !== undefined && found.min !== null && found.max !== null && count > 1) {
    const [from, to] = [found.min, found.max].map((value) => formatMetric(metric, value));
    return `${from} to ${to} over ${formatNumberOf(count, 'replication')}`;
  }
  return count === 1 ? 'one replication: no spread known' : 'spread not known';
}

function validityBox(result: RunResult, timeline: Timeline): Markup {
  const { run, fingerprint, checks } = result;
  const done = result.replicationResults.length;
  const limits = checks.filter(({ name }) => /limit/i.test(name));
  const limit = limits.find((check) => check.verdict !== 'passed');
  const rows: readonly (readonly [string, Content])[] = [
    ['Seed', markup`<code>${String(result.seed)}</code>`],
    [
      'Replications',
      done === result.replications
        ? String(done)
        : markup`<b class="bad">${String(done)} of ${String(result.replications)}</b>`,
    ],
    [
      result.engine === 'virtual' ? 'Simulated' : 'Measured',
      `${formatInstant(timeline, 0)} to ${formatInstant(timeline, timeline.toSeconds)}`,
    ],
    [
      'Limits of the run',
      limit === undefined
        ? limits.length > 0
          ? 'none was met'
          : 'no check looked at them'
        : markup`<b class="bad">${limit.detail === '' ? limit.name : limit.detail}</b>`,
    ],
    ['Checks', checkSummary(checks)],
    ...statisticRows(result),
    run.live === null ? ['Worker failures', workerFailures(result)] : generatorRow(run.live),
    ['Interrupted', run.isInterrupted ? markup`<b class="bad">yes</b>` : 'no'],
    [
      'Fingerprint',
      markup`<code>${fingerprint.order} ${fingerprint.kinds} ${fingerprint.sizes} ${
        fingerprint.results
      }</code>`,
    ],
  ];
  return markup`<section class="box"><h2>Can it be believed?</h2><dl>${rows.map(
    ([term, value]) => markup`<div><dt>${term}</dt><dd>${value}</dd></div>\n`,
  )}</dl></section>`;
}

const WARM_UP_WORDS = {
  accepted: 'enough by MSER-5',
  'too-short': 'too little by MSER-5',
  rejected: 'and MSER-5 saw no steady part',
  unknown: 'with too few values for MSER-5',
} as const;

/** Only where the scenario asks for a precision, or has a warm-up. */
function statisticRows({ confidence, warmUp }: RunResult): (readonly [string, Content])[] {
  const rows: (readonly [string, Content])[] = [];
  const { precision } = confidence;
  if (precision !== null) {
    const asked = `± ${formatShareTick(precision.asked)} asked`;
    rows.push([
      'Precision',
      precision.isMet ? `${asked}, reached` : markup`<b class="bad">${asked}, not reached</b>`,
    ]);
  }
  if (warmUp !== null) {
    const { usedSeconds, foundSeconds, verdict } = warmUp;
    const left = `${formatSeconds(usedSeconds)} left out`;
    const found = foundSeconds === null ? '' : ` (${formatSeconds(foundSeconds)})`;
    const text = `${left}, ${WARM_UP_WORDS[verdict]}${found}`;
    const isDoubted = verdict !== 'accepted';
    rows.push(['Warm-up', isDoubted ? markup`<b class="unsure">${text}</b>` : text]);
  }
  return rows;
}

/** How far the calls can be trusted to have come as the scenario says. */
function generatorRow({ generator }: LiveFacts): readonly [string, Content] {
  const { late, sent, latenessP50Ns, latenessP99Ns, latenessMaxNs, keptUp } = generator;
  const [p50, p99, max] = [latenessP50Ns, latenessP99Ns, latenessMaxNs].map(formatDuration);
  const text = `calls sent ${p50} late (p50), ${p99} (p99), ${max} at most`;
  if (keptUp) return ['Generator', text];
  const much = `${formatCount(late)} of ${formatCount(sent)} too late`;
  return ['Generator', markup`<b class="bad">${text}; ${much}</b>`];
}

function checkSummary(checks: RunResult['checks']): Content {
  if (checks.length === 0) return 'none was made';
  const countOf = (verdict: string): number =>
    checks.filter((check) => check.verdict === verdict).length;
  const [failed, unknown] = [countOf('failed'), countOf('unknown')];
  const text = `${countOf('passed')} of ${checks.length} passed`;
  if (failed > 0) return markup`<b class="bad">${text}, ${String(failed)} failed</b>`;
  return unknown > 0 ? markup`<b class="unsure">${text}, ${String(unknown)} unknown</b>` : text;
}

function workerFailures({ run }: RunResult): Content {
  const { workerFailures: failures } = run;
  if (failures.length === 0) return 'none';
  const [{ replicationIndex, reason }] = failures;
  const more = failures.length > 1 ? `, and ${failures.length - 1} more` : '';
  return markup`<b class="bad">${formatNumberOf(failures.length, 'failure')}</b>, run again:
replication ${String(replicationIndex)}, ${reason}${more}`;
}

function estimates({ assumptions }: RunResult): Markup {
  const estimated = assumptions.filter(({ confidence }) => confidence === 'estimated');
  const shown = estimated.slice(0, ESTIMATES_MAX);
  const left = estimated.length - shown.length;
  const items = shown.map(
    ({ what, value }) => markup`<li>${what}: <b>${microsecondsIn(value)}</b></li>\n`,
  );
  const more = left > 0 ? markup`<p class="note">and ${String(left)} more below</p>` : NOTHING;
  const list =
    items.length === 0
      ? markup`<p>Every figure is published, or derived from published ones.</p>`
      : markup`<ul class="estimates${items.length > 12 ? ' many' : ''}">${items}</ul>${more}`;
  const known = assumptions.length - estimated.length;
  const rest = known === 0 ? '' : `${known} more are published or derived. `;
  return markup`<section class="box"><h2>Estimated, because nobody publishes it</h2>
${list}
<p class="note">${rest}<a
href="#assumptions">All assumptions, with their sources</a></p></section>`;
}
