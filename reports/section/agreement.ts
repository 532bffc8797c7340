/** The two engines side by side: what `fedlab validate` found. */
import type { AgreementRow, RunResult } from '../../sim/metrics/result.ts';
import {
  AGREEMENT_WORDS,
  agreementCells,
  agreementReason,
  intervalText,
  loadText,
  ROW_WORDS,
} from '../agreement-text.ts';
import { markup } from '../markup.ts';
import type { Content, Markup } from '../markup.ts';
import { columnsOf, tableMarkup } from '../table.ts';

/** Null: the run was not compared with another engine's. */
export function agreementSection({ agreement }: RunResult): Markup | null {
  if (agreement === null) return null;
  const columns = columnsOf(
    'metric',
    'virtual time#',
    'live#',
    'difference#',
    agreement.method === 'student-t' ? '95 % interval#' : 'range#',
    'tolerance#',
    'verdict',
    'why this tolerance',
  );
  return markup`<p><b>${AGREEMENT_WORDS[agreement.verdict]}.</b> ${agreementReason(agreement)}</p>
<p>The same scenario ran in both engines on the same arrivals, in virtual time with the calibration
${agreement.calibration} and with everything on one host, as the live engine has it.
${loadText(agreement)} ${intervalText(agreement)}</p>
${tableMarkup({ columns, rows: agreement.rows.map(rowOf) }, 'The two engines')}`;
}

const PILLS: Readonly<Record<AgreementRow['verdict'], string>> = {
  agrees: 'passed',
  differs: 'failed',
  unknown: 'unknown',
  shown: 'none',
};

function rowOf(row: AgreementRow): Content[] {
  const { name, virtual, live, difference, interval, tolerance } = agreementCells(row);
  const found =
    row.verdict === 'differs' ? markup`<b class="bad">${difference}</b>` : markup`${difference}`;
  return [
    row.kind === 'fault' ? markup`<code>${name}</code>` : name,
    virtual,
    live,
    found,
    interval,
    tolerance,
    markup`<span class="pill pill-${PILLS[row.verdict]}">${ROW_WORDS[row.verdict]}</span>`,
    row.reason,
  ];
}
