/** When trust ran out: the clocks, who could still exchange, and the evidence that is left. */
import { evidenceBars } from '../chart/evidence-bars.ts';
import { pairSurvival } from '../chart/pair-survival.ts';
import { stampBacklog, stampedInstances } from '../chart/stamp-backlog.ts';
import { stoppedServers } from '../chart/stopped-servers.ts';
import { trustByInstance } from '../chart/trust-by-instance.ts';
import { figureMarkup } from '../chart.ts';
import type { ResultFolder } from '../folder.ts';
import { formatNumberOf } from '../format.ts';
import { markup, NOTHING } from '../markup.ts';
import type { Markup } from '../markup.ts';
import { lossesOf } from '../pair-survival.ts';
import type { Timeline } from '../timeline.ts';
import { stopsOf } from '../trust-clocks.ts';

const CURVES_MAX = 4;

/** Null: no trust clock runs in this scenario, or none ran out. */
export function trustSection({ result }: ResultFolder, timeline: Timeline): Markup | null {
  const stops = stopsOf(result);
  if (stops.length === 0 && result.evidence === null) return null;
  if (stops.length === 0) {
    const where = formatNumberOf(result.servers.length, 'server');
    return markup`<p>Trust clocks ran at ${where}, and none ran out.</p>`;
  }
  const losses = lossesOf(result, stops, timeline.toSeconds)
    .toSorted((a, b) => b.stops.length - a.stops.length)
    .slice(0, CURVES_MAX)
    .toSorted((a, b) => a.fromSeconds - b.fromSeconds);
  const curves = losses.map((loss, index) => figureMarkup(pairSurvival(loss, index + 1, timeline)));
  return markup`${figureMarkup(trustByInstance(result, stops, timeline))}
${figureMarkup(stoppedServers(result, stops, timeline))}
${curves}`;
}

/** Null: the run says nothing of message logs. */
export function evidenceSection({ result }: ResultFolder, timeline: Timeline): Markup | null {
  if (result.evidence === null) return null;
  const backlog =
    stampedInstances(timeline).length === 0 ? NOTHING : figureMarkup(stampBacklog(timeline));
  return markup`${figureMarkup(evidenceBars(result.evidence))}
${backlog}`;
}
