/** `fedlab list`: what exists, printed from the registries that the engines themselves read. */
import { Argument } from 'commander';
import type { Command } from 'commander';
import { INCIDENT_KINDS } from '../catalogue/index.ts';
import { METRICS } from '../metrics/metric.ts';
import { CHECK_NAMES, CHECK_ROWS, STATES } from '../plan/check-names.ts';
import type { ProfileName } from '../plan/document.ts';
import { PARAMETERS } from '../plan/profile.ts';
import { CONDITIONS } from '../protocol/condition.ts';
import { FAULTS } from '../protocol/fault.ts';
import { JOURNEY_LIBRARY } from '../scenario/journey-library.ts';
import type { JourneyTemplate } from '../scenario/journey-library.ts';
import { calibrationNames, scenarioNames } from './repository.ts';
import { readCalibration } from './calibration-file.ts';
import { titleOf } from './scenario-file.ts';
import type { Session } from './session.ts';
import type { Paint } from './terminal.ts';

type Row = readonly string[];

interface Section {
  readonly title: string;
  readonly rows: () => readonly Row[];
}

const PROFILES: readonly ProfileName[] = ['xroad-default', 'ee-production', 'fi-production'];

const SECTIONS = {
  scenarios: { title: 'Scenarios', rows: scenarioRows },
  incidents: {
    title: 'Incidents',
    rows: () =>
      INCIDENT_KINDS.map(({ kind, isAttack, target, prose, settings }) => [
        kind,
        `${isAttack ? 'attack' : 'outage'}: ${target}`,
        `${prose}${settingsText(settings.map(({ name }) => name))}`,
      ]),
  },
  profiles: {
    title: 'Profiles and their parameters',
    rows: () => [
      ['', ...PROFILES, ''],
      ...PARAMETERS.map(({ name, unit, values, prose }) => [
        name,
        ...PROFILES.map((profile) => parameterText(values[profile].value, unit)),
        prose,
      ]),
    ],
  },
  metrics: {
    title: 'Metrics',
    rows: () =>
      METRICS.map(({ name, unit, better, prose }) => [name, unit, `${better} is better`, prose]),
  },
  faults: {
    title: 'Fault codes (7.8 and newer; 7.7 and older)',
    rows: () =>
      FAULTS.map(({ code, code77, side, definite, prose }) => [
        code,
        code77,
        side,
        definite ? 'not executed' : 'may have been executed',
        prose,
      ]),
  },
  conditions: {
    title: 'Conditions and defects',
    rows: () => CONDITIONS.map(({ name, of, side, prose }) => [name, of, side, prose]),
  },
  journeys: { title: 'Journeys, and where their figures are from', rows: journeyRows },
  checks: { title: 'Checks', rows: checkRows },
  states: {
    title: 'States that the check `sometimes` can ask for',
    rows: () => Object.entries(STATES),
  },
  calibrations: { title: 'Calibrations', rows: calibrationRows },
} as const satisfies Readonly<Record<string, Section>>;
export type SectionName = keyof typeof SECTIONS;

export function addListCommand(program: Command, session: Session): void {
  const names = Object.keys(SECTIONS) as SectionName[];
  program
    .command('list')
    .description(
      'print the scenarios, incidents, profiles, journeys, checks, fault codes and more that exist',
    )
    .addArgument(new Argument('[what]', 'one section only').choices(names))
    .action((what: SectionName | undefined) => {
      const { terminal } = session;
      for (const [index, name] of (what === undefined ? names : [what]).entries()) {
        if (index > 0) terminal.print('');
        terminal.print(sectionText(name, terminal.paint));
      }
    });
}

export function sectionText(name: SectionName, paint: Paint): string {
  const { title, rows }: Section = SECTIONS[name];
  const lines = rows();
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => line[column].length)),
  );
  const texts = lines.map((line) =>
    // The last column is prose, and may be longer than a line.
    line
      .map((cell, column) => (column === line.length - 1 ? cell : cell.padEnd(widths[column])))
      .join('  ')
      .trimEnd(),
  );
  return [paint('bold', title), ...texts.map((text) => `  ${text}`)].join('\n');
}

function scenarioRows(): readonly Row[] {
  return scenarioNames().map((name) => [name, titleOf(name) ?? '(has mistakes: see fedlab check)']);
}

/** What each is and who plays in it, then its figures; a figure names its journey itself. */
function journeyRows(): readonly Row[] {
  return JOURNEY_LIBRARY.flatMap((template) => [
    [template.name, '', `${template.prose} (${rolesText(template)})`],
    ...template.figures.map(({ what, value, confidence, source }): Row => {
      return ['', confidence, `${what}: ${value} [${source}]`];
    }),
  ]);
}

function rolesText({ services, clients }: JourneyTemplate): string {
  const text = (rows: JourneyTemplate['services']): string =>
    rows.map(({ role }) => role).join(', ');
  return clients.length === 0
    ? `services: ${text(services)}`
    : `services: ${text(services)}; clients: ${text(clients)}`;
}

function checkRows(): readonly Row[] {
  return CHECK_NAMES.map((name) => {
    const { unaskedOf, bound, hasState, hasIncident, canFail, prose } = CHECK_ROWS[name];
    const settings = [
      ...(bound === null ? [] : [`within: ${bound}`]),
      ...(hasIncident ? ['incident: only of this one'] : []),
      ...(hasState ? ['state: which one'] : []),
      ...(canFail ? ['expect: passed or failed'] : []),
    ];
    const more = settings.length === 0 ? '' : ` (${settings.join('; ')})`;
    return [name, unaskedOf === null ? 'where named' : `of ${unaskedOf}`, `${prose}${more}`];
  });
}

function calibrationRows(): readonly Row[] {
  return calibrationNames().map((name) => {
    const { calibration, sha256 } = readCalibration(name);
    return [name, sha256.slice(0, 12), calibration.title];
  });
}

function settingsText(names: readonly string[]): string {
  return names.length === 0 ? '' : ` (${names.join(', ')})`;
}

function parameterText(value: number | boolean | string, unit: string): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (typeof value === 'string' || unit !== 'us') return String(value);
  const seconds = value / 1e6;
  if (seconds >= 3600 && seconds % 3600 === 0) return `${seconds / 3600}h`;
  if (seconds >= 60 && seconds % 60 === 0) return `${seconds / 60}min`;
  return seconds >= 1 || seconds === 0 ? `${seconds}s` : `${seconds * 1000}ms`;
}
