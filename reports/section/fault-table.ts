/** The faults of the whole run by code. */
import type { FaultCount } from '../../sim/metrics/result.ts';
import { codeText } from '../chart/faults-over-time.ts';
import { formatCount, formatShare, shareOf } from '../format.ts';
import { markup } from '../markup.ts';
import type { Markup } from '../markup.ts';
import { columnsOf, tableMarkup } from '../table.ts';

export function faultTable(faults: readonly FaultCount[]): Markup {
  if (faults.length === 0) return markup`<p class="none">No call ended with a fault.</p>`;
  const total = faults.reduce((sum, { count }) => sum + count, 0);
  const rows = faults
    .toSorted((a, b) => b.count - a.count)
    .map(({ code, side, definite, count }) => [
      code === '' ? codeText(code) : markup`<code>${code}</code>`,
      side,
      definite ? 'certainly not' : 'perhaps',
      formatCount(count),
      formatShare(shareOf(count, total)),
    ]);
  const columns = columnsOf('code', 'raised by', 'request executed?', 'calls#', 'of all faults#');
  return markup`${tableMarkup({ columns, rows }, 'Faults by code')}
<p class="note">Codes as the server that raised them spells them (X-Road 7.8 changed the spelling).
A request that was certainly not executed may be repeated without fear.</p>`;
}
