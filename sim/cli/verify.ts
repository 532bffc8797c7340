/**
 * `fedlab verify PATH`: signed evidence, checked without the run that made it and without a
 * network. Exit codes: 0 all passed, 7 something does not hold, 5 something is not known, 2 the
 * path holds no evidence.
 */
import type { Command } from 'commander';
import { formatNumberOf } from '../../reports/format.ts';
import { NO_ANCHORS, readAnchors } from '../live/evidence/anchors.ts';
import type { Anchors } from '../live/evidence/anchors.ts';
import { UnreadableError } from '../live/evidence/evidence-error.ts';
import type { Finding, Verdict } from '../live/evidence/findings.ts';
import { verifyEvidence } from '../live/evidence/verify-evidence.ts';
import type { EvidenceReport } from '../live/evidence/verify-evidence.ts';
import type { Session } from './session.ts';
import type { Colour, Paint } from './terminal.ts';
import { fileProblem, UserError } from './user-error.ts';

interface VerifyOptions {
  readonly trust?: readonly string[];
  readonly json?: true;
  readonly quiet?: true;
}

const EXIT_CODES: Readonly<Record<Verdict, number>> = { passed: 0, unknown: 5, failed: 7 };
const COLOURS: Readonly<Record<Verdict, Colour>> = {
  passed: 'green',
  unknown: 'yellow',
  failed: 'red',
};
const VERDICT_WIDTH = 9;
const WHAT_WIDTH = 23;

export function addVerifyCommand(program: Command, session: Session): void {
  program
    .command('verify')
    .description('check signed evidence: a container, an archive of the message log, a folder')
    .argument('<path>', 'an .asice file, a .zip of them, or a folder of such files')
    .option(
      '--trust <file...>',
      'whom to trust: shared-params.xml, its folder, verificationconf.zip, certificates',
    )
    .option('--json', 'print the findings as JSON, and nothing else')
    .option('--quiet', 'print what did not pass, and the verdict')
    .action((path: string, options: VerifyOptions) => {
      const anchors = readTrust(options.trust ?? []);
      const report = readEvidence(path, anchors);
      if (options.json === true) session.terminal.print(reportJson(path, report));
      else printReport(path, report, options, session);
      session.exitCode = EXIT_CODES[report.verdict];
    });
}

function readTrust(paths: readonly string[]): Anchors {
  if (paths.length === 0) return NO_ANCHORS;
  try {
    return readAnchors(paths);
  } catch (error) {
    if (error instanceof UnreadableError) throw new UserError(error.message);
    throw fileError(paths.join(', '), error);
  }
}

function readEvidence(path: string, anchors: Anchors): EvidenceReport {
  try {
    return verifyEvidence(path, anchors);
  } catch (error) {
    if (error instanceof UnreadableError) throw new UserError(`${path}: ${error.message}`);
    throw fileError(path, error);
  }
}

/** What the operating system says is the user's to put right; anything else is our bug. */
function fileError(path: string, error: unknown): unknown {
  const isOfSystem = error instanceof Error && 'syscall' in error;
  return isOfSystem ? new UserError(`cannot read ${path}: ${fileProblem(error)}`) : error;
}

function reportJson(path: string, { verdict, containers, archives, findings }: EvidenceReport) {
  return JSON.stringify(
    { path, verdict, containers, archives, counts: countsOf(findings), findings },
    null,
    2,
  );
}

function printReport(
  path: string,
  { verdict, containers, archives, findings }: EvidenceReport,
  { quiet, trust = [] }: VerifyOptions,
  { terminal }: Session,
): void {
  const shown = quiet === true ? findings.filter((one) => one.verdict !== 'passed') : findings;
  let where: string | null = null;
  for (const finding of shown) {
    if (finding.where !== where) terminal.print(terminal.paint('bold', finding.where));
    where = finding.where;
    terminal.print(lineOf(finding, terminal.paint));
  }
  const { passed, failed, unknown } = countsOf(findings);
  const seen = [
    formatNumberOf(containers, 'container'),
    ...(archives === 0 ? [] : [formatNumberOf(archives, 'archive')]),
    `${passed} passed, ${failed} failed, ${unknown} unknown`,
  ];
  if (shown.length > 0) terminal.print('');
  terminal.print(`${terminal.paint(COLOURS[verdict], verdict)}  ${path}: ${seen.join(', ')}`);
  if (verdict === 'unknown' && trust.length === 0) {
    terminal.tell('whom to trust was not said: --trust shared-params.xml, or certificates, does');
  }
}

function lineOf({ verdict, what, code, detail }: Finding, paint: Paint): string {
  const reason = code === null ? detail : `${detail} (${code})`;
  const mark = paint(COLOURS[verdict], verdict.padEnd(VERDICT_WIDTH));
  return `  ${mark}${what.padEnd(WHAT_WIDTH)}${reason}`;
}

function countsOf(findings: readonly Finding[]): Readonly<Record<Verdict, number>> {
  const counts = { passed: 0, failed: 0, unknown: 0 };
  for (const { verdict } of findings) counts[verdict]++;
  return counts;
}
