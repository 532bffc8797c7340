/** The incidents, with their targets and their recovery. */
import type { RunResult } from '../../sim/metrics/result.ts';
import { recoveryText } from '../chart/recovery-bars.ts';
import { formatAmount, formatCount, formatSeconds } from '../format.ts';
import { formatInstant } from '../instant.ts';
import { markup, NOTHING } from '../markup.ts';
import type { Markup } from '../markup.ts';
import { columnsOf, tableMarkup } from '../table.ts';
import type { Timeline } from '../timeline.ts';

const TARGETS_SHOWN = 3;

export function incidentTable(result: RunResult, timeline: Timeline): Markup {
  const { incidents, attack } = result;
  if (incidents.length === 0) return markup`<p class="none">No incident was planned.</p>`;
  const columns = columnsOf('incident', 'kind', 'from', 'to', 'lasts#', 'recovery#', 'targets');
  const rows = incidents.map((incident) => {
    const { name, id, kind, isAttack, startSeconds, endSeconds, targets } = incident;
    return [
      name === '' ? id : name,
      isAttack ? `${kind} (attack)` : kind,
      formatInstant(timeline, startSeconds),
      formatInstant(timeline, endSeconds),
      formatSeconds(Math.max(0, endSeconds - startSeconds)),
      recoveryText(incident.recoverySeconds, timeline),
      targetText(targets),
    ];
  });
  const attackNote =
    attack.requests > 0
      ? markup`<p class="note">Attacks sent ${formatAmount(attack.requests)} requests:
${formatCount(attack.refused)} refused, ${formatCount(attack.served)} served,
${formatCount(attack.openAtEnd)} open at the end.</p>`
      : NOTHING;
  return markup`${tableMarkup({ columns, rows }, 'Incidents')}
${attackNote}`;
}

function targetText(targets: readonly string[]): string {
  const shown = targets.slice(0, TARGETS_SHOWN).join(', ');
  const left = targets.length - TARGETS_SHOWN;
  return left > 0 ? `${shown} and ${left} more` : shown;
}
