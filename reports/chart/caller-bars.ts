/** What became of what callers wanted: journeys, the calls in them, and the attempts at those. */
import type { RunResult } from '../../sim/metrics/result.ts';
import type { Chart } from '../chart.ts';
import { formatCount, formatShare, shareOf } from '../format.ts';
import { journeyEndsOf } from '../journeys.ts';
import { markup } from '../markup.ts';
import { drawShareBars } from '../share-bars.ts';
import type { BarPart, ShareBar } from '../share-bars.ts';
import { columnsOf } from '../table.ts';

export function callerBars(result: RunResult): Chart {
  const bars = barsOf(result);
  const { journeys, calls } = result;
  const { failed, gaveUp } = journeyEndsOf(journeys);
  const hasJourneys = journeys.started > 0;
  const patience = gaveUp > 0 ? ` by failure, ${formatCount(gaveUp)} given up` : '';
  const journeyText = hasJourneys
    ? `${formatCount(journeys.started)} journeys, ${formatCount(failed)} lost${patience}; `
    : '';
  return {
    id: 'callers',
    title: hasJourneys ? 'Journeys, calls and attempts' : 'Calls and attempts',
    description: `${journeyText}${formatCount(calls.gaveUp)} calls were given up.`,
    caption: markup`${
      hasJourneys
        ? 'A journey is what a person came for, several calls in a row or side by side; it is ' +
          'lost when a call of it fails for good, or when the person runs out of patience and ' +
          'gives up. '
        : ''
    }A call is of an information system, and may take several attempts. An attempt that its client
has abandoned goes on in the network, and holds its threads. Summed over the replications; at the
right, the share that went well.`,
    draw: (width) => drawShareBars(bars, width),
    table: {
      columns: columnsOf('of', 'became', 'count#', 'share#'),
      rows: bars.flatMap(({ label, parts }) => {
        const total = parts.reduce((sum, { count }) => sum + count, 0);
        return parts.map((part) => [
          label,
          part.label,
          formatCount(part.count),
          formatShare(shareOf(part.count, total)),
        ]);
      }),
    },
  };
}

function barsOf({ journeys, calls, attempts }: RunResult): ShareBar[] {
  const part = (label: string, hue: BarPart['hue'], count: number): BarPart => ({
    label,
    hue,
    count,
  });
  const goodLabel = journeys.started > 0 ? 'completed or answered' : 'answered';
  const good = (count: number): BarPart => part(goodLabel, 'green', count);
  const faulted = (count: number): BarPart => part('ended with a fault', 'vermilion', count);
  const open = (count: number): BarPart => part('open at the end', 'grey', count);
  const bars: ShareBar[] = [
    {
      label: 'calls due',
      parts: [
        good(calls.answered),
        faulted(calls.faulted),
        part(journeys.started > 0 ? 'call given up' : 'given up', 'orange', calls.gaveUp),
        part('not started', 'yellow', calls.notStarted),
        open(calls.openAtEnd),
      ],
    },
    {
      label: 'attempts',
      parts: [
        good(attempts.answered),
        faulted(attempts.faulted),
        part('abandoned by the client', 'sky', attempts.abandonedByClient),
        open(attempts.openAtEnd),
      ],
    },
  ];
  const { failed, gaveUp } = journeyEndsOf(journeys);
  const journeyBar: ShareBar = {
    label: 'journeys',
    parts: [
      good(journeys.completed),
      part(gaveUp > 0 ? 'lost by failure' : 'lost', 'purple', failed),
      part('given up by the person', 'ink', gaveUp),
      open(journeys.openAtEnd),
    ],
  };
  const all = journeys.started > 0 ? [journeyBar, ...bars] : bars;
  // A colour that no bar has would only be a riddle in the legend.
  return all.map(({ label, parts: [first, ...rest] }) => ({
    label,
    parts: [first, ...rest.filter(({ count }) => count > 0)],
  }));
}
