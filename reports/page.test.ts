import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { IncidentResult, RunResult, Verdict } from '../sim/metrics/result.ts';
import { outageFolder } from '../sim/testing/sample-outage.ts';
import { sampleFolder } from '../sim/testing/sample-result.ts';
import { brokenTag } from '../sim/testing/well-formed.ts';
import type { ResultFolder } from './folder.ts';
import { renderPage } from './page.ts';
import { VERDICT_WORDS } from './verdict-text.ts';

const SAMPLE = sampleFolder();
const EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)>';

function withResult(change: Partial<RunResult>, series = SAMPLE.series): ResultFolder {
  return { ...SAMPLE, series, result: { ...SAMPLE.result, ...change } };
}

function expectSound(html: string): void {
  expect(html).not.toMatch(/NaN|undefined|Infinity|\[object/);
  expect(html).not.toMatch(/<script|<img|javascript:|\sstyle="|\son[a-z]+="/i);
  expect(brokenTag(html)).toBeNull();
}

test('one file that asks for nothing', () => {
  const html = renderPage(SAMPLE);
  expectSound(html);
  const addresses = [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address);
  expect(addresses.length).toBeGreaterThan(10);
  for (const address of addresses) {
    expect(address).toMatch(/^#/);
    expect(html).toContain(` id="${address.slice(1)}"`);
  }
  expect(html).not.toMatch(/url\(|@import|<link|<iframe|<object/);
  const style = /<style>([^<]*)<\/style>/.exec(html)?.[1] ?? '';
  const hash = createHash('sha256').update(style).digest('base64');
  expect(html).toContain(`default-src &#39;none&#39;; style-src &#39;sha256-${hash}&#39;`);
  const ids = [...html.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
  expect(new Set(ids).size).toBe(ids.length);
});

test('the first screen has what the issue asks for', () => {
  const html = renderPage(SAMPLE);
  const first = html.slice(0, html.indexOf('<nav'));
  const { scenario, fingerprint, assumptions } = SAMPLE.result;
  for (const text of [scenario.question, fingerprint.order, 'Failed', '643\u00a0ms', '2026']) {
    expect(first).toContain(text);
  }
  const estimated = assumptions.filter(({ confidence }) => confidence === 'estimated');
  for (const { what, value } of estimated) expect(first).toContain(`${what}: <b>${value}</b>`);
});

test('every section is there, and the whole says X-Road is not ours', () => {
  const html = renderPage(SAMPLE);
  const { run, servers, faults } = SAMPLE.result;
  for (const text of [run.command, servers[0].id, faults[4].code, 'registered trademark', 'NIIS']) {
    expect(html).toContain(text);
  }
  for (const { source } of SAMPLE.result.assumptions) expect(html).toContain(source);
});

describe('a part appears only where the run has something to say', () => {
  const PARTS = ['trust', 'message-logs', 'retrying', 'availability', 'incidents'];
  const partsOf = (html: string): string[] =>
    PARTS.filter((id) => html.includes(`<section class="part" id="${id}">`));

  test('an outage of trust has all of it', () => {
    const html = renderPage(outageFolder());
    expectSound(html);
    expect(partsOf(html)).toEqual(PARTS);
    const ids = [...html.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const figure of ['survival-1', 'survival-2', 'stamp-backlog', 'retries', 'recovery']) {
      expect(html).toContain(`<figure id="${figure}">`);
    }
  });

  test('its figures are those of the result', () => {
    const html = renderPage(outageFolder()).replaceAll('\n', ' ');
    // 32 Estonian servers make 496 pairs, 8 Finnish ones 28, and 256 lie across the border.
    expect(html).toContain('780 pairs count alike, 256 of them across a border');
    // The first phase is 0: four hours after the loss. The last is 40 of 41 parts of 48 minutes.
    expect(html).toContain('First server to stop: EE/GOV/70000310/ss1-production after 4\u00a0h;');
    expect(html).toContain('after 4\u00a0h 47\u00a0min, of 32\u00a0servers that stopped');
    expect(html).toContain(
      'First pair to fail: after 4\u00a0h, at EE/GOV/70000310/ss1-production (time-stamping);',
    );
    // 2,400 s after the end, in a series of five minutes; the bound is of the bucket's beginning.
    expect(html).toContain('≤ 40\u00a0min');
    expect(html).toContain('5\u00a0min each');
    expect(html).toContain('84,210');
    expect(html).toContain('99 % not reached');
    expect(html).toContain('± 3.10\u00a0%');
    expect(html).toContain('published counts of queries');
  });

  test('a folder of the first version has none of what it does not know', () => {
    const { journeys, calls, attempts } = SAMPLE.result;
    expect([journeys.started, calls.gaveUp, attempts.started - calls.due]).toEqual([0, 0, 0]);
    const html = renderPage(withResult({ trust: [], evidence: null, warmUp: null }));
    expect(partsOf(html)).toEqual(['availability', 'incidents']);
    expect(html).not.toContain('Warm-up:');
    expect(html).not.toContain('Precision:');
  });

  test('clocks that ran and did not run out are said to have', () => {
    const folder = outageFolder();
    const html = renderPage({ ...folder, result: { ...folder.result, trust: [] } });
    expect(html).toContain('and none ran out');
    expect(html).not.toContain('id="survival-1"');
  });

  test('no call is no availability', () => {
    const calls = { ...SAMPLE.result.calls, due: 0, answered: 0, faulted: 0, openAtEnd: 0 };
    expect(partsOf(renderPage(withResult({ calls })))).not.toContain('availability');
  });
});

describe('figures say what they are of', () => {
  const { calls, attempts, exchanges } = SAMPLE.result;
  const bare = (html: string): string => html.replaceAll('\n', ' ').replaceAll('\u00a0', ' ');

  test('faults that were not the end of a call are counted under the table', () => {
    expect(renderPage(SAMPLE)).not.toContain('was not the end of a call');
    const faulted = calls.faulted;
    const html = bare(
      renderPage(
        withResult({
          attempts: { ...attempts, faulted: faulted + 3000 },
          exchanges: { ...exchanges, faulted: faulted + 3000 + 17_000 },
        }),
      ),
    );
    expect(html).toContain(
      'Besides, 20,000 exchanges ended with a fault that was not the end of a call: ' +
        '3,000 of attempts that were not the last, ' +
        '17,000 after their client had abandoned them.',
    );
    const none = { calls: { ...calls, faulted: 0 }, faults: [] };
    const unseen = {
      exchanges: { ...exchanges, faulted: 1240 },
      attempts: { ...attempts, faulted: 0 },
    };
    const quiet = bare(renderPage(withResult({ ...none, ...unseen })));
    expect(quiet).toContain('No call ended with a fault.');
    expect(quiet).toContain('1,240 after their client');
  });

  test('calls are given up, and only journeys are of people', () => {
    const folder = outageFolder();
    const withJourneys = renderPage(folder);
    expect(withJourneys).toContain('<h2>People and retries</h2>');
    const journeys = { started: 0, completed: 0, failed: 0, gaveUp: 0, openAtEnd: 0 };
    const html = bare(renderPage({ ...folder, result: { ...folder.result, journeys } }));
    expect(html).toContain('<h2>Callers and retries</h2>');
    expect(html).toContain('<h3>Calls given up</h3>');
    const part = html.slice(html.indexOf('id="retrying"'), html.indexOf('id="availability"'));
    expect(part).not.toMatch(/people|person|journey/i);
  });

  test('journeys that failed, those given up, and those completed are told apart', () => {
    const folder = outageFolder();
    const journeys = { started: 1000, completed: 810, failed: 90, gaveUp: 50, openAtEnd: 100 };
    const pageOf = (gaveUp: number): string =>
      bare(
        renderPage({ ...folder, result: { ...folder.result, journeys: { ...journeys, gaveUp } } }),
      );
    const html = pageOf(50);
    const first = html.slice(0, html.indexOf('<nav'));
    // 810 of the 900 that ended.
    expect(first).toContain('<h2>Journeys completed</h2><p class="value">90.0 %</p>');
    expect(first).toContain('40 lost by failure, 50 given up');
    expect(html).toContain('<h3>Journeys lost by failure</h3><p class="value">40</p>');
    expect(html).toContain('<h3>Journeys given up</h3><p class="value">50</p>');
    expect(html).toContain('90.0 % of the journeys that ended were completed');
    // A folder of an earlier version does not tell them apart.
    expect(pageOf(0)).toContain('<h3>Journeys lost</h3><p class="value">90</p>');
  });

  test('attempts per call stand on the first screen only where something was tried again', () => {
    const firstOf = (html: string): string => html.slice(0, html.indexOf('<nav'));
    expect(firstOf(renderPage(outageFolder()))).toContain('<h2>Attempts per call</h2>');
    expect(firstOf(renderPage(SAMPLE))).not.toContain('<h2>Attempts per call</h2>');
  });

  test('no fault is said once, and without a table of nothing', () => {
    const series = SAMPLE.series.map((row) => ({ ...row, faultedRps: 0, faults: '' }));
    const html = renderPage(withResult({ faults: [] }, series));
    const part = html.slice(html.indexOf('id="fault-codes"'), html.indexOf('id="incidents"'));
    expect(part.split('No call ended with a fault.')).toHaveLength(2);
    expect(html).not.toContain('<figure id="faults">');
  });

  test('what trust did comes before latency only where it did something', () => {
    const quiet = { trust: [], incidents: [] };
    const folder = outageFolder();
    const placesOf = (html: string): number[] =>
      ['trust', 'latency'].map((id) => html.indexOf(`<section class="part" id="${id}">`));
    const [trust, latency] = placesOf(renderPage(folder));
    expect(trust).toBeLessThan(latency);
    const calm = renderPage({ ...folder, result: { ...folder.result, ...quiet } });
    const [trustAfter, latencyBefore] = placesOf(calm);
    expect(trustAfter).toBeGreaterThan(latencyBefore);
  });

  test('a long source is folded behind its first sentence', () => {
    const [assumption] = SAMPLE.result.assumptions;
    const source = `Fitted by hand; twice.; ${'Then some more was done. '.repeat(20)}`;
    const html = renderPage(withResult({ assumptions: [{ ...assumption, source }] }));
    expect(html).toContain('Fitted by hand; twice.<details><summary>All of it</summary>Then some');
  });

  test('a recovery is known up to a bucket of the series', () => {
    const [incident] = SAMPLE.result.incidents;
    const textOf = (recoverySeconds: number | null): string => {
      const html = renderPage(withResult({ incidents: [{ ...incident, recoverySeconds }] }));
      return /recovery ([^<;.]*)[.;]/.exec(bare(html))?.[1] ?? '';
    };
    // The sample's series has buckets of five minutes.
    expect([0, 80, 300, 900, null].map(textOf)).toEqual([
      '≤ 5 min',
      '≤ 5 min',
      '≤ 5 min',
      '≤ 15 min',
      'not seen',
    ]);
  });

  test('a country by itself has no border, two have one without a call', () => {
    const { EE, FI, crossBorder } = SAMPLE.result.instances;
    const idle = { ...crossBorder, calls: { ...crossBorder.calls, due: 0, answered: 0 } };
    const cardsOf = (instances: RunResult['instances']): boolean =>
      renderPage(withResult({ instances })).includes('<h3>Across the border</h3>');
    expect(cardsOf({ EE, crossBorder: idle })).toBe(false);
    expect(cardsOf({ EE, FI, crossBorder: idle })).toBe(true);
    expect(cardsOf({ EE, crossBorder })).toBe(true);
  });

  test('without samples there is no legend, no axis and no frame for them', () => {
    const series = SAMPLE.series.map((row) => ({
      ...row,
      latencyP99Ns: null,
      faultedRps: 0,
      achievedRps: row.goodRps,
      faults: '',
    }));
    const html = bare(renderPage(withResult({}, series)));
    const latency = html.slice(html.indexOf('id="latency-over-time"'));
    const figure = latency.slice(0, latency.indexOf('</figure>'));
    expect(figure).not.toContain('p99: one call');
    expect(figure).toContain('p90</text>');
    expect(figure).not.toContain('0.0001');
    expect(figure).not.toContain('share of ended calls');
    expect(html).toContain('Too few calls for a p99 over time.');
  });

  test('microseconds are written in one way', () => {
    const [assumption] = SAMPLE.result.assumptions;
    const value = 'RTT 2 ms, jitter 200 us; 500us; status 7 used';
    const html = bare(renderPage(withResult({ assumptions: [{ ...assumption, value }] })));
    expect(html).toContain('jitter 200 µs; 500µs; status 7 used');
  });
});

test('every verdict has its word and a reason', () => {
  for (const verdict of Object.keys(VERDICT_WORDS) as Verdict[]) {
    const html = renderPage(withResult({ verdict }));
    expect(html).toContain(VERDICT_WORDS[verdict]);
    expectSound(html);
    expectSound(renderPage(withResult({ verdict, thresholds: [], checks: [] })));
  }
});

describe('results that are not usual', () => {
  const lists = {
    faults: [],
    servers: [],
    services: [],
    memberClasses: [],
    stages: [],
    systems: [],
    incidents: [],
    trust: [],
    replicationResults: [],
    thresholds: [],
    checks: [],
    assumptions: [],
    instances: {},
  };

  test('nothing at all', () => {
    const empty: ResultFolder = {
      result: { ...SAMPLE.result, ...lists, simulatedSeconds: 0 },
      series: [],
      histograms: { unit: 'us', scopes: {}, services: {} },
      scenarioText: '',
    };
    const html = renderPage(empty);
    expectSound(html);
    expect(html).toContain('No call ended with a fault.');
    expect(html).toContain('No incident was planned.');
  });

  test('one bucket, and one that is empty', () => {
    const first = SAMPLE.series.slice(0, 4);
    const zero = { offeredRps: 0, achievedRps: 0, goodRps: 0, faultedRps: 0, faults: '' };
    const quiet = { ...zero, latencyP50Ns: null, latencyP90Ns: null, latencyP99Ns: null };
    expectSound(renderPage(withResult({ simulatedSeconds: 300 }, first)));
    expectSound(
      renderPage(
        withResult(
          { simulatedSeconds: 300 },
          first.map((row) => ({ ...row, ...quiet })),
        ),
      ),
    );
  });

  test('more buckets than pixels are merged, and the page says so', () => {
    const series = Array.from({ length: 8640 }, (_, index) => ({
      ...SAMPLE.series[0],
      timeSeconds: index * 10,
      latencyP99Ns: index === 4321 ? 77e9 : 500e6,
    }));
    const html = renderPage(withResult({}, series));
    expectSound(html);
    expect(html).toContain('A point stands for 22 rows of the series');
    expect(html).toContain('77\u00a0s');
    expect(html.length).toBeLessThan(1_000_000);
  });

  test('a hundred incidents: twelve names, and no two of them meet', () => {
    const incidents = Array.from({ length: 100 }, (_, index): IncidentResult => ({
      ...SAMPLE.result.incidents[index % 3],
      id: `i${index}`,
      name: `Incident number ${index} with a rather long name of its own`,
      startSeconds: (index * 797) % 86_400,
      endSeconds: ((index * 797) % 86_400) + 60 * (1 + (index % 40)),
    }));
    const html = renderPage(withResult({ incidents }));
    expectSound(html);
    const strip = html.slice(html.indexOf('<div class="strip">'), html.indexOf('<div class="pair'));
    const labels = [
      ...strip
        .split('chart narrow')[0]
        .matchAll(/band-name[^>]*>.*?<text x="([\d.]+)"\s+y="([\d.]+)">([^<]*)/gs),
    ];
    expect(labels).toHaveLength(12);
    for (const [index, a] of labels.entries()) {
      for (const b of labels.slice(index + 1)) {
        if (a[2] !== b[2]) continue;
        // Six pixels a character is less than any name takes.
        const [left, right] = Number(a[1]) < Number(b[1]) ? [a, b] : [b, a];
        expect(Number(left[1]) + left[3].length * 5).toBeLessThan(Number(right[1]));
      }
    }
    expect(html).toContain('Incident number 99');
  });

  test('names of five hundred characters, and names that are code', () => {
    for (const name of ['x'.repeat(500), EVIL, '', 'ö漢字👩‍👩‍👧‍👦'.repeat(60), 'a\u0000\u202eb']) {
      const { result } = SAMPLE;
      const html = renderPage({
        ...SAMPLE,
        scenarioText: name,
        result: {
          ...result,
          scenario: { ...result.scenario, name, title: name, question: name, path: name },
          run: {
            ...result.run,
            command: name,
            workerFailures: [{ replicationIndex: 0, reason: name }],
          },
          instances: { [name]: result.instances['EE'] },
          faults: result.faults.map((fault) => ({ ...fault, code: name })),
          servers: result.servers.map((server) => ({ ...server, id: name })),
          systems: result.systems.map((system) => ({ ...system, id: name })),
          services: result.services.map((service) => ({ ...service, id: name })),
          stages: result.stages.map((stage) => ({ ...stage, stage: name })),
          incidents: result.incidents.map((row) => ({ ...row, name, id: name, targets: [name] })),
          trust: [{ scope: name, clock: name, fromSeconds: 1, toSeconds: 2 }],
          memberClasses: result.memberClasses.map((row) => ({ ...row, consumer: name })),
          thresholds: result.thresholds.map((row) => ({ ...row, metric: name, scope: name })),
          checks: [{ name, detail: name, verdict: 'failed' }],
          assumptions: [{ what: name, value: name, source: name, confidence: 'estimated' }],
        },
      });
      expectSound(html);
    }
  });
});

/** A small folder, so that many can be drawn. */
const SMALL: ResultFolder = {
  ...SAMPLE,
  series: SAMPLE.series.slice(100 * 4, 160 * 4),
  result: { ...SAMPLE.result, servers: SAMPLE.result.servers.slice(0, 3) },
};

/** The same with all that trust and callers add. */
const SMALL_OUTAGE: ResultFolder = ((folder) => ({
  ...folder,
  series: folder.series.slice(140 * 4, 200 * 4),
  result: {
    ...folder.result,
    servers: folder.result.servers.slice(0, 4),
    trust: folder.result.trust.filter((_, index) => index % 5 === 0),
  },
}))(outageFolder());

const NULLABLE = new RegExp(
  `^(mean|p\\d+|max|min|value|ci95|halfWidth|recoverySeconds|latencyP..Ns|queueLength|` +
    `(retries|gaveUp|stamped)Rps|backlog|foundSeconds|replicationsNeeded)$`,
);
const KEPT = ['schemaVersion', 'replicationIndex'];

/** Numbers become others, what may be null becomes so, lists lose and shuffle their entries. */
function mutate(value: unknown, key: string, draw: (below: number) => number): unknown {
  if (Array.isArray(value)) {
    const kept = value.filter(() => draw(8) > 0).toSorted(() => draw(3) - 1);
    return draw(9) === 0 ? [] : kept.map((entry: unknown) => mutate(entry, '', draw));
  }
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([name, entry]) => [name, mutate(entry, name, draw)]),
    );
  }
  if (typeof value !== 'number' || KEPT.includes(key)) return value;
  const choice = draw(12);
  if (choice < 2 && NULLABLE.test(key)) return null;
  return [0, 1e18, 1e-9, 1, value * 1e6][choice] ?? value;
}

test('any shuffled or degenerate result is drawn without NaN', () => {
  const property = fc.property(fc.array(fc.nat(5039), { minLength: 64, maxLength: 64 }), (dice) => {
    let at = 0;
    const draw = (below: number): number => {
      at++;
      return (dice[at % dice.length] + at * 7919 * (1 + dice[0])) % below;
    };
    for (const small of [SMALL, SMALL_OUTAGE]) {
      const result = mutate(small.result, '', draw) as RunResult;
      const rows = mutate(small.series, '', draw) as ResultFolder['series'];
      expectSound(renderPage({ ...small, result, series: rows }));
    }
  });
  fc.assert(property, { numRuns: 40, seed: 2026 });
});
