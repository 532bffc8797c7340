// Goal: a changed picture is a changed file in review.
// Method: each chart of the sample, wide and narrow, as an SVG that can be opened by itself.
import { expect, test } from 'vitest';
import { matchesGolden } from '../../sim/testing/golden.ts';
import { outageFolder } from '../../sim/testing/sample-outage.ts';
import { sampleFolder } from '../../sim/testing/sample-result.ts';
import { brokenTag } from '../../sim/testing/well-formed.ts';
import { CHART_STYLE } from '../chart-style.ts';
import { NARROW, svgMarkup, WIDE } from '../chart.ts';
import type { Chart } from '../chart.ts';
import { buildTimeline } from '../timeline.ts';
import { lossesOf } from '../pair-survival.ts';
import type { Loss } from '../pair-survival.ts';
import { stopsOf } from '../trust-clocks.ts';
import { availabilityBars } from './availability-bars.ts';
import { busiestServers } from './busiest-servers.ts';
import { busiestSystems } from './busiest-systems.ts';
import { callerBars } from './caller-bars.ts';
import { classMatrix } from './class-matrix.ts';
import { evidenceBars } from './evidence-bars.ts';
import { faultsOverTime } from './faults-over-time.ts';
import { incidentStrip } from './incident-strip.ts';
import { latencyDistribution } from './latency-distribution.ts';
import { latencyOverTime } from './latency-over-time.ts';
import { pairSurvival } from './pair-survival.ts';
import { recoveryBars } from './recovery-bars.ts';
import { retriesOverTime } from './retries-over-time.ts';
import { scopeSparkline } from './scope-sparkline.ts';
import { stageWaterfall } from './stage-waterfall.ts';
import { stampBacklog } from './stamp-backlog.ts';
import { stoppedServers } from './stopped-servers.ts';
import { throughputOverTime } from './throughput-over-time.ts';
import { trustByInstance } from './trust-by-instance.ts';

const { result, series, histograms, scenarioText } = sampleFolder();
const timeline = buildTimeline({ result, series, histograms, scenarioText });

const outage = outageFolder();
const outageLine = buildTimeline(outage);
const stops = stopsOf(outage.result);
const losses = lossesOf(outage.result, stops, outageLine.toSeconds);

/** Answers of Estonia are too old for Finland after an hour, and at home after four. */
function answersLost(): Loss {
  const { servers, incidents } = outage.result;
  const estonian = servers.filter(({ instance }) => instance === 'EE');
  const [{ startSeconds, endSeconds }] = incidents;
  const trust = estonian.flatMap(({ id }, index) => {
    const fromSeconds = startSeconds + 3600 - 60 * index;
    const toSeconds = endSeconds + 40 * (index % 5);
    return [
      { scope: id, clock: 'peer-ocsp FI', fromSeconds, toSeconds },
      { scope: id, clock: 'signing-ocsp', fromSeconds: fromSeconds + 10_800, toSeconds },
    ];
  });
  const lost = { ...outage.result, trust };
  lost.incidents = incidents.map((incident) => ({ ...incident, kind: 'ocsp-down' }));
  return lossesOf(lost, stopsOf(lost), outageLine.toSeconds)[0];
}

const CHARTS: readonly Chart[] = [
  incidentStrip(result, timeline),
  throughputOverTime(timeline),
  latencyOverTime(timeline),
  latencyDistribution(histograms),
  faultsOverTime(timeline),
  stageWaterfall(result.stages),
  busiestServers(result.servers),
  busiestSystems(result.systems),
  classMatrix(result.memberClasses),
  recoveryBars(outage.result, outageLine),
  trustByInstance(outage.result, stops, outageLine),
  stoppedServers(outage.result, stops, outageLine),
  ...losses.map((loss, index) => pairSurvival(loss, index + 1, outageLine)),
  pairSurvival(answersLost(), 3, outageLine),
  evidenceBars(outage.result.evidence ?? {}),
  stampBacklog(outageLine),
  callerBars(outage.result),
  retriesOverTime(outage.result, outageLine),
  availabilityBars(outage.result, stops),
];

function matchesPicture(name: string, svg: string): void {
  expect(brokenTag(svg)).toBeNull();
  const styled = svg.replace(/^(<svg[^>]*>)/, `$1\n<style>${CHART_STYLE}</style>`);
  matchesGolden(new URL(`../golden/${name}.svg`, import.meta.url), `${styled}\n`);
}

for (const chart of CHARTS) {
  test(chart.id, () => {
    matchesPicture(chart.id, svgMarkup(chart, WIDE).text);
    matchesPicture(`${chart.id}-narrow`, svgMarkup(chart, NARROW).text);
    expect(chart.description).toMatch(/\.$/);
  });
}

test('sparklines', () => {
  matchesPicture('spark-throughput', scopeSparkline(timeline, 'EE', 'throughput').text);
  matchesPicture('spark-latency', scopeSparkline(timeline, 'crossBorder', 'latency').text);
});
