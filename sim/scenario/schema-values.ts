/**
 * The words that the schema is written in: values with units, names, identifiers, strict maps. Each
 * reads what an author writes, says what is wrong with it, and describes itself to the JSON Schema.
 *
 * A wrong value is an issue of zod's kind `custom` whose `params` carry our code and hint. An
 * unknown key is zod's own issue; `fields` makes its message the list of the keys that exist.
 */
import { z } from 'zod';
import { quote } from './issue.ts';
import { readUnit, UNITS } from './units.ts';
import type { UnitName } from './units.ts';

export interface Bounds {
  readonly min: number;
  readonly max: number;
  /** The two as an author would write them. */
  readonly limits: string;
}

export interface IssueParams {
  readonly code: string;
  readonly hint: string;
}

/** Tells zod that a value is wrong. */
export function complain(
  context: z.RefinementCtx,
  { code, hint }: IssueParams,
  message: string,
  path: (string | number)[] = [],
): void {
  context.addIssue({ code: 'custom', message, params: { code, hint }, path });
}

/** A value with a unit, or a number of a kind; narrower bounds than the unit's where given. */
export function unit(name: UnitName, bounds: Bounds | null = null) {
  const { noun, examples } = UNITS[name];
  // Described before it is transformed: what stands behind would be examples of the result.
  return z
    .union([z.string(), z.number()], { error: `expected ${noun}` })
    .meta({ title: noun.replace(/^an? /, ''), examples: examples.slice(0, 3) })
    .transform((value, context) => {
      const reading = readUnit(name, value);
      if (!reading.isOk) {
        complain(context, reading, reading.message);
        return z.NEVER;
      }
      const isInside = bounds === null || within(reading.value, bounds);
      if (isInside) return reading.value;
      const message = `${quote(value)} makes no sense here`;
      complain(context, { code: 'out-of-range', hint: `it may be ${bounds.limits}` }, message);
      return z.NEVER;
    });
}

export function bounds(min: number, max: number, limits = `${min} to ${max}`): Bounds {
  return { min, max, limits };
}

/** A map in which unknown keys are mistakes. */
export function fields<Shape extends z.ZodRawShape>(shape: Shape) {
  const known = Object.keys(shape).join(',');
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? known : undefined),
  });
}

/** One line of text for people. */
export function prose(max = 2000) {
  return z.string().max(max).meta({ title: 'text' });
}

// X-Road refuses these in identifiers, too; a blank is hardly ever meant.
const SEGMENT = String.raw`[^\s/\\%;:]{1,255}`;

/** A name of the scenario's own: of a server, a system, a workload, an incident. */
export function name() {
  return pattern(`^${SEGMENT}$`, 'name', [], 'letters, digits, hyphens and points, no blanks');
}

export function instanceName() {
  return pattern(`^${SEGMENT}$`, 'instance', ['EE'], 'the identifier of the instance alone');
}

export function memberClass() {
  return pattern(`^${SEGMENT}$`, 'member class', ['GOV'], 'the class alone, such as GOV');
}

export function memberId() {
  return identifier(2, 'member', 'GOV/70000001', 'CLASS/CODE');
}

/** A client as a server of the same instance knows it. */
export function clientId() {
  return identifier(3, 'subsystem', 'GOV/70000001/registry', 'CLASS/CODE/SUBSYSTEM');
}

export function subsystemId() {
  const form = 'INSTANCE/CLASS/CODE/SUBSYSTEM';
  return identifier(4, 'subsystem', 'EE/GOV/70000001/registry', form);
}

export function serviceId() {
  const form = 'INSTANCE/CLASS/CODE/SUBSYSTEM/SERVICE';
  return identifier(5, 'service', 'EE/GOV/70000001/registry/person', form);
}

function identifier(segments: number, noun: string, example: string, form: string) {
  const source = `^${Array.from({ length: segments }, () => SEGMENT).join('/')}$`;
  return pattern(source, `${noun} identifier`, [example], `write ${form}, such as ${example}`);
}

function pattern(source: string, noun: string, examples: string[], hint: string) {
  const regex = new RegExp(source);
  const article = /^[aeiou]/.test(noun) ? 'an' : 'a';
  return z
    .string()
    .superRefine((value, context) => {
      if (regex.test(value) && value !== '__proto__') return;
      complain(context, { code: 'bad-value', hint }, `${quote(value)} is not ${article} ${noun}`);
    })
    .meta({ title: noun, pattern: source, examples });
}

/** One word of a few. */
export function choice<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.enum(words).meta({ title: 'word' });
}

export function flag() {
  return z.boolean().meta({ title: 'true or false' });
}

function within(value: number, { min, max }: Bounds): boolean {
  return value >= min && value <= max;
}
