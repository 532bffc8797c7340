import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { METRICS } from '../metrics/metric.ts';
import type { Calibration } from '../plan/calibration.ts';
import { matchesGolden } from '../testing/golden.ts';
import { compileScenario } from './compile.ts';
import { formatIssue } from './issue.ts';
import { loadScenario } from './load.ts';
import type { LoadedScenario } from './load.ts';
import { withReference } from './reference.ts';
import { scenarioJsonSchema } from './schema.ts';
import { starterText } from './starter.ts';
import { THRESHOLD_METRICS } from './threshold-metrics.ts';

const folder = new URL('../../scenarios/', import.meta.url);
const readText = (name: string): string => readFileSync(new URL(name, folder), 'utf8');
const SMALL = readText('small.scenario.yaml');
const ZERO = JSON.parse(readText('calibrations/zero.calibration.json')) as Calibration;

function load(text: string): LoadedScenario {
  const files = [SMALL, text].map((one) => new TextEncoder().encode(one));
  return loadScenario(
    'scenarios/x.scenario.yaml',
    (path) => (path === 'scenarios/small.scenario.yaml' ? files[0] : files[1]),
    [],
  );
}

/** Everything that is wrong with a scenario, also what only its compilation finds. */
function mistakesOf(text: string): string[] {
  const loaded = load(text);
  if (loaded.document === null) return loaded.issues.map(formatIssue);
  const { issues } = compileScenario(loaded.document, ZERO);
  return [...loaded.issues, ...issues.map(loaded.locate)].map(formatIssue);
}

describe('the schema is the single source', () => {
  test('of the JSON Schema from which editors complete', () => {
    const text = `${JSON.stringify(scenarioJsonSchema(), null, 1)}\n`;
    matchesGolden(new URL('scenario.schema.json', folder), text);
  });

  test('of the reference for people', () => {
    matchesGolden(new URL('README.md', folder), withReference(readText('README.md')));
  });

  test('the JSON Schema takes what the schema takes', () => {
    const schema = z.fromJSONSchema(scenarioJsonSchema() as Parameters<typeof z.fromJSONSchema>[0]);
    for (const text of [SMALL, starterText('x')]) {
      expect(schema.safeParse(parse(text)).error?.issues ?? []).toEqual([]);
      expect(schema.safeParse(parse(`titel: x\n${text}`)).success).toBe(false);
    }
  });

  test('thresholds know all metrics and no others, in their units', () => {
    const units = { duration: 'ns', rate: 'per-second', share: 'share', count: 'count' } as const;
    const known = Object.entries(THRESHOLD_METRICS).map(([name, metric]) => [
      name,
      Object.entries(units).find(([unit]) => unit === metric.unit)?.[1],
    ]);
    expect(known).toEqual(METRICS.map(({ name, unit }) => [name, unit]));
  });
});

describe('what the documentation shows', () => {
  const blocks = [...readText('README.md').matchAll(/```yaml\n([\s\S]*?)```/g)].map(
    ([, text]) => text,
  );

  test('has examples', () => expect(blocks.length).toBeGreaterThan(12));

  test.each(blocks.map((text) => [text.split('\n').slice(0, 3).join(' '), text]))(
    'the example "%s" runs',
    (_head, text) => {
      const isWhole = /^(duration|extends):/m.test(text) && /^(instances|extends):/m.test(text);
      expect(mistakesOf(isWhole ? text : `extends: small.scenario.yaml\n${text}`)).toEqual([]);
    },
  );

  test('the example of an error is what is printed', () => {
    const [, error] = /```text\n([\s\S]*?)```/.exec(readText('README.md')) ?? [];
    const text = 'title: x\nquestion: y\nduration: 5m\ninstances: {}';
    const path = 'scenarios/my-question.scenario.yaml';
    const loaded = loadScenario(path, () => new TextEncoder().encode(text), []);
    expect(`${loaded.issues.map(formatIssue).join('\n')}\n`).toBe(error);
  });
});

describe('the starter', () => {
  test('runs as it is', () => {
    expect(mistakesOf(starterText('my-question'))).toEqual([]);
    expect(mistakesOf(SMALL)).toEqual([]);
  });

  test.each([
    ['my-question', 'my-question'],
    ['folder/my-question.scenario.yaml', 'my-question'],
    ['two words', 'two-words'],
    ['$& "quoted"', '$&-"quoted"'],
    ['7', '7'],
    ['', 'scenario'],
  ])('takes %s for a name', (given, name) => {
    const { document, issues } = load(starterText(given));
    expect(issues).toEqual([]);
    expect(document?.name).toBe(name);
  });
});
