/** A small picture of one scope for its card: good throughput, or the p99, over the whole run. */
import { scaleLinear } from 'd3';
import { formatDuration, formatRate } from '../format.ts';
import { markup } from '../markup.ts';
import type { Markup } from '../markup.ts';
import { NONE, stepArea, stepLine } from '../step-path.ts';
import { bucketsOf, largestOf } from '../timeline.ts';
import type { Bucket, Timeline } from '../timeline.ts';
import { durationAxis } from '../value-axis.ts';

const WIDTH = 300;
const HEIGHT = 54;

export function scopeSparkline(
  timeline: Timeline,
  scope: string,
  measure: 'throughput' | 'latency',
): Markup {
  const buckets = bucketsOf(timeline, scope);
  const x = scaleLinear()
    .domain([timeline.fromSeconds, timeline.toSeconds])
    .range([0, WIDTH])
    .clamp(true);
  const bands = timeline.bands.map((band) => {
    const from = Math.min(x(band.fromSeconds), WIDTH - 1);
    const width = Math.max(1, x(band.toSeconds) - from);
    return markup`<rect class="band ${band.kind}" x="${from}" y="0" width="${width}"
height="${HEIGHT}"/>`;
  });
  const isRate = measure === 'throughput';
  const value = isRate
    ? (bucket: Bucket): number => bucket.goodRps
    : (bucket: Bucket): number | null => bucket.latencyP99Ns;
  const largest = largestOf(buckets, value);
  // An empty frame says nothing of why it is empty.
  if (largest === null) {
    return markup`<p class="note">Too few calls for ${isRate ? 'a rate' : 'a p99'} over time.</p>`;
  }
  const most = isRate ? formatRate(largest) : formatDuration(largest);
  const label = `${isRate ? 'Good throughput' : 'p99 of latency'} over time, at most ${most}`;
  const marks = isRate ? rateMarks(buckets, x) : latencyMarks(buckets, x);
  return markup`<svg class="spark" xmlns="http://www.w3.org/2000/svg" role="img"
viewBox="0 0 ${WIDTH} ${HEIGHT}" aria-label="${label}">
<title>${label}</title>
${bands}${marks}<path class="base" d="M0,${HEIGHT - 0.5}H${WIDTH}"/></svg>`;
}

function rateMarks(buckets: readonly Bucket[], x: (seconds: number) => number): Markup {
  const largest = largestOf(buckets, ({ offeredRps }) => offeredRps) ?? 0;
  const y = scaleLinear()
    .domain([0, largest > 0 ? largest : 1])
    .range([HEIGHT, 3])
    .clamp(true);
  const good = stepArea(buckets, NONE, ({ goodRps }) => goodRps, x, y);
  const offered = stepLine(buckets, ({ offeredRps }) => offeredRps, x, y);
  return markup`<path class="fill-green" d="${good}"/>
<path class="line-ink dashes" d="${offered}"/>`;
}

function latencyMarks(buckets: readonly Bucket[], x: (seconds: number) => number): Markup {
  const axis = durationAxis(buckets.map(({ latencyP99Ns }) => latencyP99Ns));
  const y = (ns: number): number => HEIGHT - 2 - axis.position(ns) * (HEIGHT - 5);
  const path = stepLine(buckets, ({ latencyP99Ns }) => latencyP99Ns, x, y);
  return markup`<path class="line-vermilion" d="${path}"/>`;
}
