import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Plan } from '../plan/plan.ts';
import { Jitter, RetryOn, SourceKind } from '../plan/plan.ts';
import { ZERO } from '../testing/small-run.ts';
import { compileScenario } from './compile.ts';
import { formatIssue } from './issue.ts';
import { JOURNEY_LIBRARY, requiredRoles } from './journey-library.ts';
import { loadScenario } from './load.ts';

const small = readFileSync(new URL('../../scenarios/small.scenario.yaml', import.meta.url));
const OFFICE = 'EE/GOV/70000002/office';
const PERSON = 'EE/GOV/70000001/registry/person';

/** The plan of `small` with some text more, and everything that was said about it. */
function compile(text: string): { plan: Plan | null; said: string[] } {
  const bytes = new TextEncoder().encode(`extends: small.scenario.yaml\n${text}`);
  const loaded = loadScenario(
    'scenarios/x.scenario.yaml',
    (path) => (path.endsWith('small.scenario.yaml') ? small : bytes),
    [],
  );
  if (loaded.document === null) return { plan: null, said: loaded.issues.map(formatIssue) };
  const { plan, issues } = compileScenario(loaded.document, ZERO);
  return { plan, said: [...loaded.issues, ...issues.map(loaded.locate)].map(formatIssue) };
}

function planOf(text: string): Plan {
  const { plan, said } = compile(text);
  expect(said).toEqual([]);
  if (plan === null) throw new Error('there is no plan');
  return plan;
}

/** The least that a journey may be. */
const ONE_CALL = `steps: [{ calls: { services: ${PERSON} } }]`;

const callers = (text: string): string => `workloads: [{ id: office-asks, callers: ${text} }]`;

describe('policies', () => {
  test('whoever says nothing has row 0, which waits for ever and never tries again', () => {
    const { policies, sources, journeys } = planOf('title: unchanged');
    expect([...sources.policy]).toEqual([0]);
    expect([...sources.journey]).toEqual([-1]);
    expect(journeys.id).toEqual([]);
    expect([policies.timeoutUs[0], policies.patienceUs[0]]).toEqual([Infinity, Infinity]);
    expect([...policies.attemptsMax]).toEqual([1]);
  });

  test('all of it, in microseconds and thousandths', () => {
    const { policies, sources } = planOf(
      callers(
        '{ timeout: 5s, patience: 2min, retries: { max: 3, backOff: exponential, first: 200ms, ' +
          'factor: 3, cap: 10s, jitter: equal, after: not-executed, ' +
          'budget: { ratio: 12.5%, burst: 4 } } }',
      ),
    );
    expect([...sources.policy]).toEqual([1]);
    expect(Object.values(policies).map((column) => column[1])).toEqual([
      5e6,
      120e6,
      4,
      200_000,
      3,
      10e6,
      Jitter.Equal,
      RetryOn.NotExecuted,
      125,
      4000,
    ]);
  });

  test('equal ones share a row, and one without retries is the same whatever its pauses', () => {
    const workload = (id: string, text: string): string =>
      `{ id: ${id}, client: ${OFFICE}, services: ${PERSON}, rate: 1/s, callers: ${text} }`;
    const { sources, policies } = planOf(`
workloads:
  - ${workload('a', '{ timeout: 1s, retries: { max: 2, backOff: fixed, factor: 2 } }')}
  - ${workload('b', '{ timeout: 1000ms, retries: { max: 2, backOff: fixed, factor: 3 } }')}
  - ${workload('c', '{ timeout: 1s, retries: { max: 0, first: 9s } }')}
  - ${workload('d', '{ timeout: 1s }')}
  - ${workload('e', '{}')}
`);
    expect([...sources.policy]).toEqual([0, 1, 1, 2, 2, 0]);
    expect(policies.timeoutUs.length).toBe(3);
  });
});

const journey = (text: string): string =>
  `journeys: [{ id: trip, client: ${OFFICE}, rate: 2/s, ${text} }]`;

/** Counted by hand from the prose of each service and the figures that the report shows. */
const CALLS_EACH: Readonly<Record<string, number>> = {
  'tax-return': 7.2,
  'e-prescription': 8,
  'roadside-check': 7.1,
  'business-registration': 11,
  'moving-house': 11,
};

describe('journeys', () => {
  test('steps in sequence, calls in parallel', () => {
    const plan = planOf(`
journeys:
  - id: trip
    client: ${OFFICE}
    rate: 2/s
    patience: 5min
    callers: { timeout: 10s }
    steps:
      - calls: { services: ${PERSON}, times: 3 }
        join: 2
      - thinkTime: 4s
        calls:
          - { services: [{ service: ${PERSON}, weight: 3 }, { service: ${PERSON}, weight: 1 }] }
          - { services: ${PERSON}, required: false, share: 25% }
`);
    const { journeys, journeySteps, journeyCalls, sources, distributions } = plan;
    expect(journeys.id).toEqual(['trip']);
    expect([journeys.stepCount[0], journeys.callCount[0], journeys.patienceUs[0]]).toEqual([
      2, 5, 300e6,
    ]);
    expect([...journeySteps.needed]).toEqual([2, 1]);
    expect([...journeySteps.waitsForAll]).toEqual([0, 1]);
    expect(journeySteps.thinkTime[0]).toBe(-1);
    expect(distributions.a[journeySteps.thinkTime[1]]).toBe(4e6);
    expect([...journeyCalls.share]).toEqual([1, 1, 1, 1, 0.25]);
    expect([...journeyCalls.isRequired]).toEqual([1, 1, 1, 1, 0]);
    expect([...journeyCalls.flowCount]).toEqual([1, 1, 1, 2, 1]);
    const shares = [0, 1].map((row) => sources.cumulativeShare[journeyCalls.flowFrom[3] + row]);
    expect(shares).toEqual([0.75, 1]);
    expect([...journeyCalls.policy]).toEqual([1, 1, 1, 1, 1]);
    expect([...sources.journey]).toEqual([-1, 0]);
    // 20 calls a second of the workload, and twice 4.25 of the journeys, for two minutes.
    expect(plan.expected.calls).toBe(120 * 20 + 120 * 2 * 4.25);
  });

  test('users have a source each', () => {
    const plan = planOf(
      `journeys: [{ id: t, client: ${OFFICE}, users: 3, thinkTime: 5s, ${ONE_CALL} }]`,
    );
    expect([...plan.sources.kind].slice(1)).toEqual(Array(3).fill(SourceKind.User));
    expect([...plan.sources.journey]).toEqual([-1, 0, 0, 0]);
  });

  test.each(JOURNEY_LIBRARY.map((template) => [template.name, template] as const))(
    '%s of the library: with all roles, and with those it needs',
    (name, template) => {
      const given = (roles: readonly string[]): string =>
        `{ ${roles.map((role) => `${role}: ${PERSON}`).join(', ')} }`;
      const all = template.services.map(({ role }) => role);
      const full = planOf(journey(`use: ${name}, services: ${given(all)}`));
      const bare = planOf(journey(`use: ${name}, services: ${given(requiredRoles(template))}`));
      expect(full.journeys.stepCount[0]).toBe(template.steps.length);
      expect(bare.journeys.callCount[0]).toBeLessThanOrEqual(full.journeys.callCount[0]);
      const told = full.assumptions.filter(({ what }) =>
        template.figures.some((figure) => figure.what === what),
      );
      expect(told.length).toBe(template.figures.length);
      expect(told.some(({ confidence }) => confidence === 'estimated')).toBe(true);
      const expected = (full.expected.calls - 120 * 20) / 240;
      expect(expected).toBeCloseTo(CALLS_EACH[name], 6);
    },
  );

  test('counts and pauses of the library may be changed', () => {
    const roles = requiredRoles(JOURNEY_LIBRARY[4]).map((role) => `${role}: ${PERSON}`);
    const text = (rest: string): string =>
      journey(`use: moving-house, services: { change: ${PERSON}, ${roles.join(', ')} }${rest}`);
    const usual = planOf(text(''));
    const changed = planOf(text(', times: { change: 37 }, pace: 0.5'));
    expect(changed.journeys.callCount[0] - usual.journeys.callCount[0]).toBe(37 - 5);
    const medianOf = (plan: Plan): number => plan.distributions.a[plan.journeySteps.thinkTime[1]];
    expect(medianOf(changed)).toBe(medianOf(usual) / 2);
  });
});

describe('what is wrong is told, at its place', () => {
  test.each([
    [callers('{ timeout: 0s }'), /workloads: \[\{ id.*|0s/, '1us to 1y'],
    [callers('{ retries: { max: 3, budget: 120% } }'), /120%/, ''],
    [callers('{ retries: {} }'), /"max" is missing/, ''],
    [callers('{ retries: { max: 3, jitter: some } }'), /"some" is not known/, 'none'],
    [callers('{ retries: { max: 1, first: 5s, cap: 1s } }'), /longest pause/, '5 s'],
    [callers('{ retries: { max: 1, budget: { ratio: 1%, burst: 0.5 } } }'), /whole retry/, ''],
    [callers('{ timeout: 9s, patience: 3s }'), /warning.*9 s never comes/, '3 s'],
    [callers('{ patience: 1s, retries: { max: 1, first: 2s } }'), /warning.*first retry/, '1 s'],
    [journey('use: tax-retrun, services: {}'), /"tax-retrun"/, 'tax-return'],
    [journey('use: roadside-check'), /needs a service for vehicle, licence/, 'traffic register'],
    [
      journey(`use: roadside-check, services: { vehicel: ${PERSON} }`),
      /no role "vehicel"/,
      'vehicle',
    ],
    [journey(`services: { a: ${PERSON} }, ${ONE_CALL}`), /with use/, ''],
    [journey('steps: []'), /too short/, ''],
    [journey('pace: 1'), /pace goes with use only/, 'use:'],
    [`journeys: [{ id: t, client: ${OFFICE}, ${ONE_CALL} }]`, /nobody begins/, 'rate'],
    [journey(`users: 3, ${ONE_CALL}`), /both rate and users/, ''],
    [journey(`thinkTime: 3s, ${ONE_CALL}`), /no thinkTime/, ''],
    [journey(`steps: [{ calls: { services: ${PERSON}x } }]`), /no service is called/, 'person'],
    [
      journey(`steps: [{ join: 3, calls: { services: ${PERSON}, times: 2 } }]`),
      /waits for 3 answers, and 2 /,
      'smaller',
    ],
    [
      journey(
        `steps: [{ calls: { services: ${PERSON}, times: 999 } }, ` +
          `{ calls: { services: ${PERSON}, times: 2 } }]`,
      ),
      /1001 calls/,
      '1 to 1000',
    ],
    [journey(`start: 1h, ${ONE_CALL}`), /journey "trip" starts when the run is over/, '2 min'],
    [
      `journeys: [{ id: office-asks, client: ${OFFICE}, rate: 1/s, ${ONE_CALL} }]`,
      /second source of calls is called "office-asks"/,
      '',
    ],
    [
      journey(`steps: [{ calls: { services: ${PERSON}, client: EE/GOV/1/nobody } }]`),
      /no subsystem is called/,
      '',
    ],
  ])('%s', (text, message, hint) => {
    const { said } = compile(text);
    expect(said.join('\n')).toMatch(message);
    expect(said.join('\n')).toContain(hint);
    expect(said.join('\n')).toContain('x.scenario.yaml:');
  });
});
