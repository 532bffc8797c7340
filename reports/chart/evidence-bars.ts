/** How complete the evidence is: what became of every record in the message logs. */
import type { EvidenceResult } from '../../sim/metrics/result.ts';
import type { Chart } from '../chart.ts';
import { emptyDrawing } from '../chart.ts';
import { formatCount, formatSeconds, formatShare, shareOf } from '../format.ts';
import { markup } from '../markup.ts';
import { drawShareBars } from '../share-bars.ts';
import { columnsOf } from '../table.ts';

const SHOWN = 12;

export function evidenceBars(evidence: Readonly<Record<string, EvidenceResult>>): Chart {
  const rows = Object.entries(evidence);
  const bars = rows.slice(0, SHOWN).map(([instance, row]) => ({
    label: instance,
    parts: [
      { label: 'time-stamped', hue: 'green', count: row.stamped },
      { label: 'waiting at the end', hue: 'orange', count: row.unstampedAtEnd },
      { label: 'lost', hue: 'vermilion', count: row.lost },
    ] as const,
  }));
  return {
    id: 'evidence',
    title: 'Evidence: records in the message logs',
    description: describe(rows),
    caption: markup`From the start of the run, summed over the replications; at the right, the share
that is time-stamped. A record is evidence to a third party only with its time-stamp; at the end of
a run those of the last interval still wait.`,
    draw: (width) =>
      bars.length === 0
        ? emptyDrawing(width, 'No server logs anything.')
        : drawShareBars(bars, width),
    table: {
      columns: columnsOf(
        'instance',
        'exchanges without a fault, as consumer#',
        'as provider#',
        'records#',
        'time-stamped#',
        'share#',
        'waiting at the end#',
        'the oldest for#',
        'lost#',
        'largest backlog of one server, not of the instance#',
        'messages refused for want of trust, at all servers#',
      ),
      rows: rows.map(([instance, row]) => [
        instance,
        formatCount(row.acceptedAsConsumer),
        formatCount(row.acceptedAsProvider),
        formatCount(row.logged),
        formatCount(row.stamped),
        formatShare(shareOf(row.stamped, row.logged)),
        formatCount(row.unstampedAtEnd),
        formatSeconds(row.oldestUnstampedSeconds),
        formatCount(row.lost),
        formatCount(row.backlogMax),
        formatCount(row.refusedMessages),
      ]),
    },
  };
}

function describe(rows: readonly (readonly [string, EvidenceResult])[]): string {
  if (rows.length === 0) return 'No server logs anything.';
  const texts = rows.map(([instance, { logged, stamped, unstampedAtEnd, lost }]) => {
    const share = formatShare(shareOf(stamped, logged));
    const rest = `${formatCount(unstampedAtEnd)} wait, ${formatCount(lost)} are lost`;
    return `${instance}: ${share} of ${formatCount(logged)} records are time-stamped, ${rest}`;
  });
  return `${texts.join('; ')}.`;
}
