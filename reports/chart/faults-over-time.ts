/** Faults per second, stacked by code. */
import type { Chart } from '../chart.ts';
import { emptyDrawing } from '../chart.ts';
import { formatAmount, formatCount, formatNumberOf } from '../format.ts';
import { formatInstant } from '../instant.ts';
import type { Hue, LegendEntry } from '../legend.ts';
import { markup } from '../markup.ts';
import { stepArea } from '../step-path.ts';
import { columnsOf } from '../table.ts';
import type { Table } from '../table.ts';
import { drawTimeChart } from '../time-chart.ts';
import type { Panel } from '../time-chart.ts';
import { bucketsOf, stretchesOf } from '../timeline.ts';
import type { Bucket, Timeline } from '../timeline.ts';
import { linearAxis } from '../value-axis.ts';
import { mergeNote } from './throughput-over-time.ts';

const HUES: readonly Hue[] = ['vermilion', 'blue', 'orange', 'green', 'purple', 'sky', 'yellow'];
const OTHERS = 'all other codes';

/** The layers from the bottom: the most frequent code first, the rare ones together. */
interface Layer {
  readonly label: string;
  readonly hue: Hue;
  readonly codes: readonly string[];
}

export function faultsOverTime(timeline: Timeline): Chart {
  const buckets = bucketsOf(timeline, 'all');
  const totals = totalsOf(buckets);
  const layers = layersOf(totals);
  const legend: LegendEntry[] = layers.map(({ label, hue }) => ({ label, hue, form: 'area' }));
  const codes = [...totals.keys()];
  return {
    id: 'faults',
    title: 'Faults over time',
    description: describe(totals),
    caption: `Calls that ended with a fault, by the code their caller saw. ${mergeNote(timeline)}`,
    draw: (width) =>
      layers.length === 0
        ? emptyDrawing(width, 'No call ended with a fault.')
        : drawTimeChart(timeline, { legend, panels: [layerPanel(buckets, layers)] }, width),
    table: tableOf(timeline, buckets, codes),
  };
}

/** How a code is written for people; a connection closed without a word has none. */
export function codeText(code: string): string {
  return code === '' ? 'no answer (connection closed)' : code;
}

function totalsOf(buckets: readonly Bucket[]): Map<string, number> {
  const totals = new Map<string, number>();
  for (const { faultCounts } of buckets) {
    for (const [code, count] of faultCounts) {
      if (count > 0) totals.set(code, (totals.get(code) ?? 0) + count);
    }
  }
  return new Map([...totals].sort((a, b) => b[1] - a[1]));
}

function layersOf(totals: ReadonlyMap<string, number>): Layer[] {
  const codes = [...totals.keys()];
  const layers: Layer[] = codes
    .slice(0, HUES.length)
    .map((code, index) => ({ label: codeText(code), hue: HUES[index], codes: [code] }));
  const rest = codes.slice(HUES.length);
  if (rest.length > 0) layers.push({ label: OTHERS, hue: 'grey', codes: rest });
  return layers;
}

/**
 * Faults per second of the codes below and up to each layer. Counts of a series are sums over the
 * replications and rates are means, so the counts only divide the rate.
 */
function stackOf(bucket: Bucket, layers: readonly Layer[]): number[] {
  const total = [...bucket.faultCounts.values()].reduce((all, count) => all + count, 0);
  let sum = 0;
  return [
    0,
    ...layers.map(({ codes }) => {
      for (const code of codes) sum += bucket.faultCounts.get(code) ?? 0;
      return total > 0 ? (sum / total) * bucket.faultedRps : 0;
    }),
  ];
}

function layerPanel(buckets: readonly Bucket[], layers: readonly Layer[]): Panel {
  const stacks = new Map(buckets.map((bucket) => [bucket, stackOf(bucket, layers)]));
  const edge = (bucket: Bucket, index: number): number => stacks.get(bucket)?.[index] ?? 0;
  const hasLayer = (bucket: Bucket, index: number): boolean =>
    edge(bucket, index + 1) > edge(bucket, index);
  const largest = buckets.reduce((most, bucket) => Math.max(most, edge(bucket, layers.length)), 0);
  return {
    title: 'faults per second',
    height: 180,
    axis: linearAxis(largest, formatAmount),
    marks: (x, y) =>
      markup`${layers.map(({ label, hue }, index) => {
        const path = stepArea(
          buckets,
          (bucket) => edge(bucket, index),
          // Where the code did not occur there is nothing to draw, and nothing to store.
          (bucket) => (hasLayer(bucket, index) ? edge(bucket, index + 1) : null),
          x,
          y,
        );
        return markup`<path class="fill-${hue}" d="${path}"><title>${label}</title></path>\n`;
      })}`,
  };
}

function describe(totals: ReadonlyMap<string, number>): string {
  const codes = [...totals];
  if (codes.length === 0) return 'No call ended with a fault.';
  const most = codes.slice(0, 3).map(([code, count]) => `${codeText(code)} ${formatCount(count)}`);
  return `${formatNumberOf(codes.length, 'fault code')}; the most frequent: ${most.join(', ')}.`;
}

function tableOf(timeline: Timeline, buckets: readonly Bucket[], codes: readonly string[]): Table {
  const shown = codes.slice(0, HUES.length);
  const withFaults = stretchesOf(buckets).filter((stretch) =>
    stretch.some(({ faultCounts }) => faultCounts.size > 0),
  );
  return {
    columns: columnsOf('from', ...shown.map((code) => `${codeText(code)}#`), `${OTHERS}#`),
    rows: withFaults.map((stretch) => {
      const total = totalsOf(stretch);
      const counts = shown.map((code) => total.get(code) ?? 0);
      const all = [...total.values()].reduce((sum, count) => sum + count, 0);
      const known = counts.reduce((sum, count) => sum + count, 0);
      const cells = [...counts, all - known].map(formatCount);
      return [formatInstant(timeline, stretch[0].fromSeconds), ...cells];
    }),
  };
}
