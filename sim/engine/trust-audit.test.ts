/**
 * The four records that an accepted exchange owes, exchange by exchange: what is missing is found,
 * at the server whose log has it not, also where the sums are right. And OCSP answers judged again:
 * the proxy that follows the rules is never accused, and whoever does not is found.
 */
import { describe, expect, test } from 'vitest';
import { PatchColumn, TrustKind } from '../plan/plan.ts';
import { ClientStage, ServerStage } from '../protocol/exchange.ts';
import { Cause, faultOf, Prefix } from '../protocol/fault.ts';
import { planOf, runPlan } from '../testing/small-run.ts';
import { ringDocument, ringInstance, TrustBench } from '../testing/trust-bench.ts';

const ring = (): TrustBench => new TrustBench(ringDocument([ringInstance({ servers: 2 })]));

/** Of the exchange in slot 0: its consumer is server 0, its provider server 1. */
const SLOT = 0;
const RECORDS = {
  'request at the consumer': [0, ClientStage.Signed],
  'request at the provider': [1, ServerStage.Verified],
  'response at the provider': [1, ServerStage.Signed],
  'response at the consumer': [0, ClientStage.Verified],
} as const;
type RecordName = keyof typeof RECORDS;
const NAMES = Object.keys(RECORDS) as RecordName[];

function log({ state, trust }: TrustBench, names: readonly RecordName[]): void {
  for (const name of names) {
    const [side, stage] = RECORDS[name];
    state.table.stage[2 * SLOT + side] = stage;
    trust.logged(2 * SLOT + side);
  }
}

/** The slot is given back and taken again. */
function reuse({ state }: TrustBench): void {
  state.table.generation[SLOT]++;
}

const found = ({ trust }: TrustBench): number[] =>
  Array.from(trust.outcome().servers.acceptedUnlogged.subarray(0, 2));

test('an exchange with all four records is sound', () => {
  const bench = ring();
  log(bench, NAMES);
  bench.trust.ended(SLOT, 0);
  expect(found(bench)).toEqual([0, 0]);
});

describe.each(NAMES)('without the %s', (missing) => {
  const rest = NAMES.filter((name) => name !== missing);
  const atServer = RECORDS[missing][0];
  const one = [0, 0].with(atServer, 1);

  test('it is found at its server', () => {
    const bench = ring();
    log(bench, rest);
    bench.trust.ended(SLOT, 0);
    expect(found(bench)).toEqual(one);
  });

  test('another record in its place does not make up for it, though the sums are right', () => {
    const bench = ring();
    const other = rest.find((name) => RECORDS[name][0] === atServer);
    if (other === undefined) throw new Error('each side has two');
    log(bench, [...rest, other]);
    bench.trust.ended(SLOT, 0);
    const { acceptedClient, acceptedServer, ...servers } = bench.trust.outcome().servers;
    expect(servers.loggedClient[0]).toBe(2 * acceptedClient[0]);
    expect(servers.loggedServer[1]).toBe(2 * acceptedServer[1]);
    expect(found(bench)).toEqual(one);
  });

  test('what the exchange before had does not count', () => {
    const bench = ring();
    log(bench, NAMES);
    bench.trust.ended(SLOT, 0);
    reuse(bench);
    log(bench, rest);
    bench.trust.ended(SLOT, 0);
    expect(found(bench)).toEqual(one);
  });

  test('an exchange that was refused owes nothing', () => {
    const bench = ring();
    log(bench, rest);
    bench.trust.ended(SLOT, faultOf(Prefix.ClientProxy, Cause.IoErrorUnsent));
    expect(found(bench)).toEqual([0, 0]);
  });
});

test('a slot that was reused until its generation no longer fits its column', () => {
  const bench = ring();
  for (const generation of [2 ** 27 - 1, 2 ** 27, 2 ** 31 - 1]) {
    bench.state.table.generation[SLOT] = generation;
    log(bench, NAMES);
    bench.trust.ended(SLOT, 0);
  }
  expect(found(bench)).toEqual([0, 0]);
});

const SECOND = 1e6;
const MINUTE = 60e6;
/** The defaults of the software: freshness, interval, retry, key cache (facts 5.2). */
const [FRESH_US, FETCH_US, RETRY_US, CACHE_US] = [60, 20, 1, 5].map((minutes) => minutes * MINUTE);
/** Two certificates, a millisecond each. */
const PASS_US = 2000;
/** Answers lag from the tenth minute on, and no longer from the ninetieth. */
const [STALE_FROM_US, STALE_TO_US, END_US] = [10 * MINUTE, 90 * MINUTE, 120 * MINUTE];
/** Around where a new answer is older than what the key cache still goes on with, or not taken. */
const AGES = [30, 54, 56, 58, 59.5, 60, 61];

interface Answer {
  readonly fromUs: number;
  readonly ofUs: number;
}

/** What a server with this phase holds, from when on. */
function answersOf(phaseUs: number, ageUs: number): Answer[] {
  const answers: Answer[] = [{ fromUs: -Infinity, ofUs: phaseUs - FETCH_US }];
  for (let doneUs = phaseUs + PASS_US; doneUs < END_US; doneUs += PASS_US) {
    const isStale = doneUs >= STALE_FROM_US && doneUs < STALE_TO_US;
    const isTaken = !isStale || ageUs <= FRESH_US;
    if (isTaken) answers.push({ fromUs: doneUs, ofUs: isStale ? doneUs - ageUs : doneUs });
    doneUs += isTaken ? FETCH_US : RETRY_US;
  }
  return answers;
}

/** Whether one that was held at some instant from `fromUs` on, the last included, is fresh. */
const isHeldFresh = (answers: readonly Answer[], fromUs: number, judgedAtUs: number): boolean =>
  answers.some(
    ({ ofUs }, row) =>
      (answers[row + 1]?.fromUs ?? Infinity) >= fromUs && judgedAtUs - ofUs <= FRESH_US,
  );

const until = (answers: readonly Answer[], atUs: number): Answer[] =>
  answers.filter(({ fromUs }) => fromUs <= atUs);

/** Every ten seconds, and not when a job runs. */
const RECORDS_US = Array.from(
  { length: END_US / (10 * SECOND) },
  (_, row) => (10 * row + 7) * SECOND,
);

const staleRow = ({ plan }: TrustBench): number =>
  plan.trustServices.kind.indexOf(TrustKind.OcspResponder);

/** Six servers; something is accepted whatever they hold, as by a proxy that checks nothing. */
function careless(ageUs: number, act: (bench: TrustBench) => void): TrustBench {
  const bench = new TrustBench(ringDocument([ringInstance({ servers: 6 })]));
  bench.patch(STALE_FROM_US, PatchColumn.OcspAnswersStale, staleRow(bench), ageUs);
  bench.patch(STALE_TO_US, PatchColumn.OcspAnswersStale, staleRow(bench), 0);
  for (const atUs of RECORDS_US) bench.at(atUs, () => act(bench));
  bench.run(END_US);
  return bench;
}

const outsideOf = (bench: TrustBench): number[] =>
  Array.from(bench.trust.outcome().servers.acceptedOutsideTrust);

describe.each(AGES)('answers that are %d minutes old when they are made', (age) => {
  const ageUs = age * MINUTE;

  test('no server that follows the rules is accused', () => {
    const document = ringDocument([ringInstance({ servers: 6 })]);
    const plan = planOf({
      ...document,
      durationUs: END_US,
      seriesBucketUs: 10 * MINUTE,
      workloads: document.workloads.map((one) => ({
        ...one,
        rate: { clock: 'run', points: [{ atUs: 0, rate: 0.2 }] },
        stopUs: null,
        path: '',
      })),
      limits: { exchangesMax: 1000, eventsMax: 1e7, journalRowsMax: 10 },
    });
    const row = plan.trustServices.kind.indexOf(TrustKind.OcspResponder);
    const column = PatchColumn.OcspAnswersStale;
    const { trust } = runPlan({
      ...plan,
      patches: {
        timeUs: Float64Array.of(STALE_FROM_US, STALE_TO_US),
        column: Uint8Array.of(column, column),
        row: Int32Array.of(row, row),
        value: Float64Array.of(ageUs, 0),
        incident: Int32Array.of(-1, -1),
      },
    });
    expect(trust?.servers.audited.every((count) => count > 1000)).toBe(true);
    expect(trust?.servers.acceptedOutsideTrust).toEqual(new Float64Array(6));
    expect(trust?.servers.refused.some((count) => count > 0)).toBe(age > 40);
  });

  test('its own key: all that no answer of the last five minutes covers is found', () => {
    const bench = careless(ageUs, (one) => one.logAll());
    const expected = Array.from(bench.plan.servers.ocspPhaseUs, (phaseUs) => {
      const answers = answersOf(phaseUs, ageUs);
      return RECORDS_US.filter((atUs) => !isHeldFresh(until(answers, atUs), atUs - CACHE_US, atUs))
        .length;
    });
    expect(outsideOf(bench)).toEqual(expected);
    expect(expected.some((count) => count > 0)).toBe(age > 40);
  });

  // A provider judges the consumer by its request, a consumer the provider by its response.
  test.each([0, 1])("a peer's, seen from side %d: what it held since the request", (side) => {
    const waitsUs = 90 * SECOND;
    const bench = careless(ageUs, ({ state, trust }) => {
      const { table, nowUs } = state;
      const requestInUs = side === 1 ? table.providerRequestInUs : table.requestInUs;
      for (const slot of table.providerServer.keys()) {
        requestInUs[slot] = Math.max(0, nowUs - waitsUs);
        table.stage[2 * slot] = ClientStage.Verified;
        trust.logged(2 * slot + side);
      }
    });
    const { clientServer, providerServer } = bench.state.table;
    const [judges, judged] =
      side === 1 ? [providerServer, clientServer] : [clientServer, providerServer];
    const { ocspPhaseUs } = bench.plan.servers;
    const expected = Array.from(ocspPhaseUs, (phaseUs, server) => {
      const own = answersOf(phaseUs, ageUs);
      const peers = answersOf(ocspPhaseUs[judged[judges.indexOf(server)]], ageUs);
      return RECORDS_US.filter((atUs) => {
        const sinceUs = Math.max(0, atUs - waitsUs);
        return !(
          isHeldFresh(until(own, atUs), sinceUs - CACHE_US, sinceUs) &&
          isHeldFresh(until(peers, atUs), sinceUs, sinceUs)
        );
      }).length;
    });
    expect(outsideOf(bench)).toEqual(expected);
  });
});
