/** Which share of the calls is slower than a time: both axes logarithmic, so the tail is wide. */
import { line, scaleLinear } from 'd3';
import { topOf } from '../../sim/base/histogram.ts';
import type { SparseHistogram } from '../../sim/base/histogram.ts';
import type { Chart, Drawing } from '../chart.ts';
import { emptyDrawing } from '../chart.ts';
import { formatCount, formatDuration } from '../format.ts';
import { quantileNs } from '../histogram-file.ts';
import type { HistogramFile } from '../histogram-file.ts';
import { legendDrawing } from '../legend.ts';
import type { Hue } from '../legend.ts';
import { markup } from '../markup.ts';
import { scopeText, scopesInOrder } from '../scope.ts';
import { columnsOf } from '../table.ts';
import { textWidth } from '../text-width.ts';
import { logarithmicAxis } from '../value-axis.ts';
import type { ValueAxis } from '../value-axis.ts';

const HUES: readonly Hue[] = ['ink', 'blue', 'vermilion', 'green', 'purple', 'orange', 'sky'];
const QUANTILES = [0.5, 0.9, 0.95, 0.99, 0.999] as const;
const HEIGHT = 260;
const SHARES = [
  [1, 'all'],
  [0.1, 'p90'],
  [0.01, 'p99'],
  [1e-3, 'p99.9'],
  [1e-4, 'p99.99'],
  [1e-5, 'p99.999'],
  [1e-6, 'p99.9999'],
] as const;

interface Curve {
  readonly scope: string;
  readonly hue: Hue;
  readonly points: readonly { readonly ns: number; readonly share: number }[];
}

export function latencyDistribution(histograms: HistogramFile): Chart {
  const { scopes } = histograms;
  const names = scopesInOrder(Object.keys(scopes)).filter((scope) => scopes[scope].count > 0);
  const curves = names
    .slice(0, HUES.length)
    .map((scope, index) => ({ scope, hue: HUES[index], points: pointsOf(scopes[scope]) }));
  return {
    id: 'latency-distribution',
    title: 'Distribution of latency',
    description: describe(names, scopes),
    caption: `Read it from the left: at the height of p99, one call in a hundred is slower than
the time below the curve. Of calls answered without a fault; a step at the far right is a single
call.`,
    draw: (width) =>
      curves.length === 0 ? emptyDrawing(width, 'No call was answered.') : draw(curves, width),
    table: {
      columns: columnsOf('scope', ...QUANTILES.map((q) => `p${q * 100}#`), 'max#', 'calls#'),
      rows: names.map((scope) => [
        scopeText(scope),
        ...QUANTILES.map((q) => formatDuration(quantileNs(scopes[scope], q))),
        formatDuration(scopes[scope].max * 1000),
        formatCount(scopes[scope].count),
      ]),
    },
  };
}

/** Where the curve steps down: the top of each bucket, and the share of the values above it. */
function pointsOf({ bits, buckets, count, max }: SparseHistogram): Curve['points'] {
  const points = [];
  let seen = 0;
  let before = 1;
  for (let at = 0; at < buckets.length; at += 2) {
    seen += buckets[at + 1];
    const us = Math.max(1, Math.min(topOf(buckets[at], bits), max));
    // The last value has nothing above it: the curve ends where one call is left.
    const share = Math.max((count - seen) / count, 0.5 / count);
    // A step of less than half a pixel is not worth its bytes.
    const isVisible = share < before * 0.985 || at + 2 === buckets.length || at === 0;
    if (isVisible) points.push({ ns: us * 1000, share });
    if (isVisible) before = share;
  }
  return points;
}

function draw(curves: readonly Curve[], width: number): Drawing {
  const legend = legendDrawing(
    curves.map(({ scope, hue }) => ({ label: scopeText(scope), hue, form: 'line' })),
    width,
  );
  const all = curves.flatMap(({ points }) => points);
  const smallest = all.reduce((least, { ns }) => Math.min(least, ns), Infinity);
  const largest = all.reduce((most, { ns }) => Math.max(most, ns), 0);
  const lowest = all.reduce((least, { share }) => Math.min(least, share), 1);
  const shares = SHARES.filter(([share]) => share >= lowest || share >= 0.01);
  const bottomShare = Math.max(1e-7, Math.min(lowest, shares[shares.length - 1][0]));
  const axis = logarithmicAxis(smallest, largest, formatDuration);
  const [left, right, top] = [62, width - 16, legend.height + 26];
  const x = (ns: number): number => left + axis.position(ns) * (right - left);
  const y = scaleLinear()
    .domain([0, Math.log10(bottomShare)])
    .range([top, top + HEIGHT])
    .clamp(true);
  const path = line<Curve['points'][number]>()
    .x(({ ns }) => x(ns))
    .y(({ share }) => y(Math.log10(share)))
    .digits(1);
  const rows = shares.map(([share, label]) => {
    const at = y(Math.log10(share));
    return markup`<path class="grid" d="M${left},${at}H${right}"/><text class="tick-label"
x="${left - 7}" y="${at + 4}" text-anchor="end">${label}</text>\n`;
  });
  const lines = curves.map(({ hue, points }) => {
    // From the top: all calls are slower than anything below the fastest.
    const rest = (path(points) ?? '').slice(1);
    return markup`<path class="line-${hue}" d="M${x(points[0].ns)},${top}L${rest}"/>\n`;
  });
  return {
    height: top + HEIGHT + 26,
    body: markup`${legend.body}
<text class="panel-title" x="0" y="${top - 10}">share of the calls that are slower</text>
<g class="axis">${rows}${columns(axis, x, top, width)}</g>
${lines}<path class="base" d="M${left},${top + HEIGHT}H${right}"/>`,
  };
}

function columns(axis: ValueAxis, x: (ns: number) => number, top: number, width: number) {
  let free = 0;
  return axis.ticks.map(({ value, label }) => {
    const half = textWidth(label, 11) / 2;
    const at = Math.min(x(value), width - half);
    const text =
      at - half < free
        ? null
        : markup`<text class="tick-label" x="${at}" y="${top + HEIGHT + 18}"
text-anchor="middle">${label}</text>`;
    if (text !== null) free = at + half + 6;
    return markup`<path class="grid" d="M${x(value)},${top}V${top + HEIGHT}"/>${text}\n`;
  });
}

function describe(names: readonly string[], scopes: HistogramFile['scopes']): string {
  if (names.length === 0) return 'No call was answered.';
  return names
    .slice(0, HUES.length)
    .map((scope) => {
      const [median, tail] = [0.5, 0.99].map((q) => formatDuration(quantileNs(scopes[scope], q)));
      return `${scopeText(scope)}: p50 ${median}, p99 ${tail}.`;
    })
    .join(' ');
}
