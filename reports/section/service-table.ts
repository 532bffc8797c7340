import type { ServiceResult } from '../../sim/metrics/result.ts';
import { formatCount, formatDuration, formatShare, shareOf } from '../format.ts';
import { markup } from '../markup.ts';
import type { Markup } from '../markup.ts';
import { columnsOf, tableMarkup } from '../table.ts';

const SHOWN = 12;

/** The services with the most calls. */
export function serviceTable(services: readonly ServiceResult[]): Markup {
  if (services.length === 0) return markup`<p class="none">The result names no service.</p>`;
  const due = services.reduce((sum, { calls }) => sum + calls.due, 0);
  const rows = services
    .toSorted((a, b) => b.calls.due - a.calls.due)
    .slice(0, SHOWN)
    .map(({ id, calls, latencyNs }) => [
      id,
      formatCount(calls.due),
      formatShare(shareOf(calls.due, due)),
      formatShare(shareOf(calls.answered, calls.due)),
      formatDuration(latencyNs.p50),
      formatDuration(latencyNs.p99),
    ]);
  const columns = columnsOf('service', 'calls#', 'of all listed#', 'answered#', 'p50#', 'p99#');
  return tableMarkup({ columns, rows }, 'The busiest services');
}
