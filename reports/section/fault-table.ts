/** The faults of the whole run by code. */
import type { RunResult } from '../../sim/metrics/result.ts';
import { codeText } from '../chart/faults-over-time.ts';
import { formatCount, formatNumberOf, formatShare, shareOf } from '../format.ts';
import { markup, NOTHING } from '../markup.ts';
import type { Markup } from '../markup.ts';
import { columnsOf, tableMarkup } from '../table.ts';

export function faultTable(result: RunResult): Markup {
  const { faults } = result;
  if (faults.length === 0) {
    return markup`<p class="none">No call ended with a fault.</p>${unseenNote(result)}`;
  }
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
${unseenNote(result)}
<p class="note">Codes as the server that raised them spells them (X-Road 7.8 changed the spelling).
A request that was certainly not executed may be repeated without fear.</p>`;
}

/** The list is of how calls end; a fault may also end an exchange that is not the end of a call. */
function unseenNote({ calls, attempts, exchanges }: RunResult): Markup {
  const unseen = exchanges.faulted - calls.faulted;
  if (unseen <= 0) return NOTHING;
  const repeated = Math.max(0, attempts.faulted - calls.faulted);
  const abandoned = unseen - repeated;
  const parts = [
    ...(repeated > 0 ? [`${formatCount(repeated)} of attempts that were not the last`] : []),
    ...(abandoned > 0 ? [`${formatCount(abandoned)} after their client had abandoned them`] : []),
  ];
  return markup`<p class="note">Listed is how calls end. Besides, ${formatNumberOf(
    unseen,
    'exchange',
  )} ended with a fault that was not the end of a call: ${parts.join(', ')}.</p>
`;
}
