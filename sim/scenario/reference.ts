/**
 * The reference in scenarios/README.md, printed from the JSON Schema of a scenario and from the
 * registries of units, parameters, conditions and incidents. Markdown, pure text.
 */
import { INCIDENT_KINDS } from '../catalogue/index.ts';
import type { IncidentKind, SettingRow } from '../catalogue/incident.ts';
import { PARAMETERS } from '../plan/profile.ts';
import type { ParameterRow } from '../plan/profile.ts';
import { CONDITIONS } from '../protocol/condition.ts';
import { writeDuration, writeValue } from './schema-network.ts';
import { scenarioJsonSchema } from './schema.ts';
import { UNITS } from './units.ts';

export const REFERENCE_BEGIN = '<!-- reference: printed from sim/scenario/schema.ts -->';
export const REFERENCE_END = '<!-- end of the reference -->';

/** The parts of a JSON Schema that ours has. */
interface Schema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly string[];
  readonly enum?: readonly string[];
  readonly type?: string | readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema | false;
  readonly prefixItems?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly maxProperties?: number;
  readonly required?: readonly string[];
  readonly propertyNames?: Schema;
  readonly additionalProperties?: Schema | boolean;
}

/** The text between the two markers of scenarios/README.md. */
export function referenceText(): string {
  const root = scenarioJsonSchema() as Schema;
  const defs = Object.entries(root.$defs ?? {}).filter(([id]) => id !== 'Parameters');
  const sections = [
    unitSection(),
    section('Scenario', { ...root, description: 'The file itself.' }),
    ...defs.map(([id, schema]) => section(id, schema)),
    parameterSection(),
    conditionSection(),
    incidentSection(),
  ];
  return sections.join('\n\n');
}

/** A readme with the reference between its markers brought up to date. */
export function withReference(readme: string): string {
  const from = readme.indexOf(REFERENCE_BEGIN);
  const to = readme.indexOf(REFERENCE_END);
  if (from === -1 || to < from) return readme;
  const head = readme.slice(0, from + REFERENCE_BEGIN.length);
  return `${head}\n\n${referenceText()}\n\n${readme.slice(to)}`;
}

function section(id: string, schema: Schema): string {
  const lines = [`### ${id}`];
  if (schema.description !== undefined) lines.push('', schema.description);
  const branches = schema.anyOf ?? [schema];
  const bare = branches.filter((branch) => branch.properties === undefined);
  const map = branches.find((branch) => branch.properties !== undefined);
  if (bare.length > 0) {
    const otherwise = map?.maxProperties === 1 ? 'a map with one of these keys' : 'a map';
    lines.push('', `In short: ${bare.map(valueOf).join(', or ')}. Otherwise ${otherwise}:`);
  }
  const required = map?.required ?? [];
  const rows = Object.entries(map?.properties ?? {}).map(([key, value]) => [
    code(key),
    valueOf(value),
    defaultOf(value, required.includes(key)),
    value.description ?? '',
  ]);
  lines.push('', table(['key', 'value', 'default', 'meaning'], rows));
  return lines.join('\n');
}

function valueOf(schema: Schema): string {
  if (schema.$ref !== undefined) {
    const id = schema.$ref.replace('#/$defs/', '');
    return `[${id}](#${id.toLowerCase()})`;
  }
  if (schema.enum !== undefined) {
    return schema.enum.length > 10 ? 'one of the names above' : schema.enum.map(code).join(', ');
  }
  if (schema.title !== undefined) {
    const [example] = schema.examples ?? [];
    return example === undefined ? schema.title : `${schema.title}, ${code(example)}`;
  }
  if (schema.anyOf !== undefined) {
    return schema.anyOf
      .filter(({ type }) => type !== 'null')
      .map(valueOf)
      .join(', or ');
  }
  if (schema.prefixItems !== undefined) return `[${schema.prefixItems.map(valueOf).join('; ')}]`;
  if (schema.items !== undefined && schema.items !== false) return `list: ${valueOf(schema.items)}`;
  if (schema.properties !== undefined) {
    const entries = Object.entries(schema.properties);
    return `map: ${entries.map(([key, value]) => `${code(key)} ${valueOf(value)}`).join('; ')}`;
  }
  if (typeof schema.additionalProperties === 'object') {
    const key = schema.propertyNames?.title ?? 'name';
    return `map: by ${key}: ${valueOf(schema.additionalProperties)}`;
  }
  return String(schema.type ?? 'value');
}

function defaultOf(schema: Schema, isRequired: boolean): string {
  if (isRequired) return '**needed**';
  const value = schema.default;
  const isNothing =
    value === undefined ||
    value === null ||
    value === '' ||
    (typeof value === 'object' && Object.keys(value).length === 0);
  return isNothing ? 'none' : code(flow(value));
}

/** A value on one line, as YAML. */
function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const entries = Object.entries(value).map(([key, one]) => `${key}: ${flow(one)}`);
  return `{ ${entries.join(', ')} }`;
}

function unitSection(): string {
  const rows = Object.values(UNITS).map(({ noun, examples, limits }) => [
    noun.replace(/^an? /, ''),
    examples.map(code).join(', '),
    limits,
  ]);
  const note =
    'A number without a unit is refused where a unit is needed, and `5m` is neither minutes nor ' +
    'milliseconds. `k`, `M` and `G` stand for a thousand, a million and a thousand million.';
  return ['### Values', '', note, '', table(['value', 'such as', 'within'], rows)].join('\n');
}

function parameterSection(): string {
  const cell = (row: ParameterRow, profile: keyof ParameterRow['values']): string => {
    const { value, confidence } = row.values[profile];
    return `${writeValue(row, value)}${confidence === 'published' ? '' : ' \\*'}`;
  };
  const rows = PARAMETERS.map((row) => {
    const sources = Object.values(row.values).map(({ source }) => source);
    return [
      code(row.name),
      row.prose,
      cell(row, 'xroad-default'),
      cell(row, 'ee-production'),
      cell(row, 'fi-production'),
      [...new Set(sources)].join('; '),
    ];
  });
  const note =
    'Settings of X-Road, for an instance or for one server. Values with a star are not published ' +
    'but derived or estimated; a report names them.';
  const head = [
    'key',
    'meaning',
    '`xroad-default`',
    '`ee-production`',
    '`fi-production`',
    'sources',
  ];
  return ['### Parameters', '', note, '', table(head, rows)].join('\n');
}

function conditionSection(): string {
  const rows = CONDITIONS.map((row) => [
    code(row.name),
    row.of === 'server' ? '`conditions` of a server' : '`defects` of a workload',
    row.prose,
  ]);
  return ['### Conditions and defects', '', table(['name', 'where', 'meaning'], rows)].join('\n');
}

function incidentSection(): string {
  const parts = INCIDENT_KINDS.map((kind) => incidentText(kind));
  return ['### Kinds of incidents', ...parts].join('\n\n');
}

function incidentText({
  kind,
  title,
  prose,
  isAttack,
  targetProse,
  settings,
}: IncidentKind): string {
  const lines = [
    `**${code(kind)}** - ${title}${isAttack ? ' (an attack, counted apart)' : ''}. ${prose}`,
    `Targets: ${targetProse}.`,
  ];
  if (settings.length === 0) return lines.join(' ');
  const rows = settings.map((row) => [code(row.name), settingValue(row), row.prose]);
  return `${lines.join(' ')}\n\n${table(['setting', 'default', 'meaning'], rows)}`;
}

function settingValue({ standard, unit }: SettingRow): string {
  if (standard === null) return '**needed**';
  if (standard === '') return 'none';
  if (standard === Infinity) return '`unlimited`';
  if (unit === 'us') return code(writeDuration(Number(standard)));
  return code(unit === 'bytes' ? `${standard}B` : `${standard}`);
}

function code(text: string): string {
  return `\`${text}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
