/** What `fedlab validate` says: on the terminal, as JSON, and in agreement.md. */
import {
  AGREEMENT_WORDS,
  agreementCells,
  agreementReason,
  intervalText,
  loadText,
  ROW_WORDS,
} from '../../reports/agreement-text.ts';
import type { AgreementCells } from '../../reports/agreement-text.ts';
import { formatSeconds } from '../../reports/format.ts';
import type { AgreementResult, AgreementRow, RunResult } from '../metrics/result.ts';
import type { Colour, Paint } from './terminal.ts';

export interface ComparedRuns {
  readonly virtual: RunResult;
  readonly live: RunResult;
  readonly agreement: AgreementResult;
  readonly command: string;
  readonly folder: string;
  readonly report: string;
  readonly exitCode: number;
}

type Column = keyof AgreementCells;

const TITLES: Readonly<Record<Column, string>> = {
  name: '',
  virtual: 'virtual',
  live: 'live',
  difference: 'difference',
  interval: 'interval',
  tolerance: 'tolerance',
};
const COLUMNS = Object.keys(TITLES) as Column[];

const COLOURS: Readonly<Record<AgreementRow['verdict'], Colour>> = {
  agrees: 'green',
  differs: 'red',
  unknown: 'yellow',
  shown: 'dim',
};

export function agreementText(compared: ComparedRuns, paint: Paint): string {
  const { agreement, live, folder, report } = compared;
  const { rows, verdict } = agreement;
  const colour = verdict === 'invalid' ? 'red' : COLOURS[verdict];
  const word = AGREEMENT_WORDS[verdict].toUpperCase();
  const cells = rows.map(agreementCells);
  const widthOf = (column: Column): number =>
    Math.max(TITLES[column].length, ...cells.map((row) => row[column].length));
  // A column that says nothing of any row is left out.
  const columns = COLUMNS.filter(
    (column) => column !== 'interval' || rows.some(({ low }) => low !== null),
  );
  const line = (row: AgreementCells): string =>
    columns
      .map((column) =>
        column === 'name'
          ? row.name.padEnd(widthOf(column))
          : row[column].padStart(widthOf(column)),
      )
      .join('  ');
  return [
    '',
    `${paint(colour, paint('bold', word))}  ${paint('bold', live.scenario.title)}`,
    agreementReason(agreement),
    '',
    paint('dim', line(TITLES)),
    ...rows.map((row, index) => {
      const word = paint(COLOURS[row.verdict], ROW_WORDS[row.verdict]);
      return `${line(cells[index])}  ${word}`;
    }),
    '',
    loadText(agreement),
    intervalText(agreement),
    ...heldUp(live),
    `seed ${live.seed} · calibration ${agreement.calibration}`,
    '',
    `folder  ${folder}`,
    `report  ${report}`,
  ].join('\n');
}

/** A thread that is busy and gets no processor was held up by something that virtual time lacks. */
const PROCESSOR_SHARE_MIN = 0.7;

/** Of the live run's servers: a difference may then be of the machine, and not of the engines. */
function heldUp({ run, scenario, simulatedSeconds, replications }: RunResult): string[] {
  const servers = run.live?.threads.find(({ name }) => name === 'servers');
  const busy = servers?.eventLoopUtilisation ?? null;
  if (servers === undefined || busy === null) return [];
  const busySeconds = busy * (simulatedSeconds + scenario.warmUpSeconds) * replications;
  if (servers.cpuSeconds >= PROCESSOR_SHARE_MIN * busySeconds) return [];
  return [
    `The servers' thread was busy for ${formatSeconds(busySeconds)} and had a processor for ` +
      `${formatSeconds(servers.cpuSeconds)}: the disk or another program held it up.`,
  ];
}

/** The content of agreement.json, and what `--json` prints. */
export function agreementJson(compared: ComparedRuns): string {
  const { agreement, virtual, live, command, folder, report, exitCode } = compared;
  const { verdict, ...rest } = agreement;
  const file = {
    schemaVersion: 1,
    verdict,
    exitCode,
    scenario: live.scenario.name,
    seed: live.seed,
    command,
    folder,
    report,
    ...rest,
    runs: { virtual: courseOf(virtual), live: courseOf(live) },
  };
  return JSON.stringify(file, null, 2);
}

/** What else there is to know of each run: its own verdict, and what it was held to in vain. */
function courseOf({ verdict, checks, calibration, run, fingerprint }: RunResult): object {
  return {
    verdict,
    failedChecks: checks.filter((check) => check.verdict === 'failed'),
    calibration,
    fingerprint,
    generator: run.live?.generator ?? null,
    machine: run.machine,
  };
}

export function agreementMarkdown(compared: ComparedRuns): string {
  const { agreement, live, command } = compared;
  const heads = ['metric', 'virtual', 'live', 'difference', 'interval', 'tolerance', 'verdict'];
  const table = agreement.rows.map((row) => {
    const { name, ...others } = agreementCells(row);
    const word = row.verdict === 'differs' ? '**differs**' : ROW_WORDS[row.verdict];
    return rowOf([name, ...Object.values(others), word, row.reason]);
  });
  return [
    `# ${AGREEMENT_WORDS[agreement.verdict]}: ${live.scenario.title}`,
    '',
    agreementReason(agreement),
    '',
    rowOf([...heads, 'why this tolerance']),
    `|---|${'---:|'.repeat(heads.length - 2)}---|---|`,
    ...table,
    '',
    loadText(agreement),
    intervalText(agreement),
    '',
    `Seed ${live.seed}, calibration ${agreement.calibration}; run it again with`,
    '',
    `    ${command}`,
    '',
  ].join('\n');
}

/** A bar within a cell would begin another one. */
function rowOf(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
