/**
 * Trouble upon trouble: two things go wrong at once, or one does while another is under way. Each
 * of these worlds once gave a wrong figure, which its comment tells. Nothing but what is named
 * takes time, so the right figure is a sum of what the text says.
 */
import { describe, expect, test } from 'vitest';
import { exchangeLines } from '../metrics/exchange-log.ts';
import type { ReplicationOutcome } from '../metrics/outcome.ts';
import { HEALTHY, pairText } from '../testing/pair-text.ts';
import type { PairText } from '../testing/pair-text.ts';
import {
  calibrationOf,
  delay,
  faultsOf,
  planOfText,
  runPlan,
  runText,
  ZERO,
} from '../testing/small-run.ts';

const SECOND = 1e6;
const MINUTE_SECONDS = 60;
/** One call a second, at half seconds. */
const EVERY_SECOND = 'arrivals: constant, rate: 1/s';
/** One call, at 500 ms. */
const ONE_CALL = `${EVERY_SECOND}, stop: 1s`;
/** A service whose answer comes five seconds later. */
const SLOW = 'serviceTime: 5s, capacity: 100';
const P0 = 0;
const P1 = 1;
/** The fault of an exchange that was open at the end. */
const OPEN = -1;

interface Kept {
  readonly dueSeconds: number;
  readonly requestInSeconds: number;
  readonly responseInSeconds: number;
  readonly endSeconds: number;
  readonly fault: number;
  /** Row of the server that was chosen. */
  readonly provider: number;
}

function keptOf({ journal: { kept } }: ReplicationOutcome): Kept[] {
  return [...kept.intendedUs].map((intendedUs, exchange) => ({
    dueSeconds: intendedUs / SECOND,
    requestInSeconds: kept.requestInUs[exchange] / SECOND,
    responseInSeconds: kept.responseInUs[exchange] / SECOND,
    endSeconds: kept.responseOutUs[exchange] / SECOND,
    fault: kept.fault[exchange],
    provider: kept.providerServer[exchange],
  }));
}

function run(pair: PairText, calibration = ZERO) {
  const outcome = runText(pairText(pair), calibration);
  return { outcome, kept: keptOf(outcome), faults: faultsOf(outcome) };
}

/** TCP's tries to send anew what it sent at `sentSeconds`: 200 ms later, then in doubled steps. */
function* triesAfter(sentSeconds: number): Generator<number> {
  let [atSeconds, stepSeconds] = [sentSeconds, 0.2];
  for (;;) {
    atSeconds += stepSeconds;
    stepSeconds = Math.min(2 * stepSeconds, 120);
    yield atSeconds;
  }
}

describe('a defect does not hide what a server has lost', () => {
  // Of 30 calls 10 come while the server is without. A condition of the message was once all that
  // was looked at, so that all 30 failed by it.
  const loss = (target: string, kind: string): string =>
    `{ id: loss, kind: ${kind}, target: ${target}, at: 10s, for: 10s }`;
  const faultsUnder = (defect: string, incidents: string): Record<string, number> => {
    const load = `${EVERY_SECOND}, defects: [${defect}]`;
    return run({ duration: '30s', service: 'type: soap', load, incidents }).faults;
  };

  test('a tampered response at a consumer whose log is lost', () => {
    expect(faultsUnder('response-tampered', loss('EE/c0', 'database-lost'))).toEqual({
      'server.clientproxy.logging_failed.database_error?': 10,
      'server.clientproxy.invalid_signature_value?': 20,
    });
  });

  test('a tampered response at a consumer whose signer is lost', () => {
    expect(faultsUnder('response-tampered', loss('EE/c0', 'signer-lost'))).toEqual({
      'server.clientproxy.signer.network_error': 10,
      'server.clientproxy.invalid_signature_value?': 20,
    });
  });

  test('an untrusted information system at a provider whose log is lost', () => {
    // The request is logged before the system is called (facts 2.1).
    expect(faultsUnder('untrusted-system', loss('EE/p0', 'database-lost'))).toEqual({
      'server.serverproxy.logging_failed.database_error?': 10,
      'server.serverproxy.service_failed.ssl_authentication_failed': 20,
    });
  });
});

test('an idle connection to a server in maintenance is leased by nobody who knows', () => {
  const { kept } = run({
    duration: '20min',
    isCluster: true,
    parameters: 'connectionReuse: true',
    load: EVERY_SECOND,
    incidents: '{ id: away, kind: maintenance, target: EE/p0, at: 5min, for: 15min }',
  });
  const beganSeconds = 5 * MINUTE_SECONDS;
  // A minute at most until it is signed, one until it is downloaded, one until it is read anew.
  const knownSeconds = beganSeconds + 3 * MINUTE_SECONDS;
  const countOf = (server: number, fromSeconds: number, toSeconds: number): number =>
    kept.filter(
      ({ dueSeconds, provider, fault }) =>
        provider === server && fault === 0 && dueSeconds > fromSeconds && dueSeconds < toSeconds,
    ).length;
  const endSeconds = 20 * MINUTE_SECONDS;
  expect(countOf(P0, 0, beganSeconds)).toBe(beganSeconds);
  // Once all of the 720: each call leased the connection of the one before.
  expect(countOf(P0, knownSeconds, endSeconds)).toBe(0);
  expect(countOf(P1, knownSeconds, endSeconds)).toBe(endSeconds - knownSeconds);
});

test('what a dead consumer refused has come nowhere, and nobody has a record of it', () => {
  const plan = planOfText(
    pairText({
      duration: '60s',
      // What it starts with anew takes no time either.
      consumer: 'startUpTime: 0s',
      load: EVERY_SECOND,
      incidents: '{ id: dead, kind: server-crash, target: EE/c0, at: 20s, for: 10s }',
    }),
  );
  const outcome = runPlan(plan, 0, 'all');
  // Once the instant of the exchange that had the slot before: 19.5 s, ten times.
  const isDead = ({ dueSeconds }: Kept): boolean => dueSeconds > 20 && dueSeconds < 30;
  const instants = keptOf(outcome).map((one) => one.requestInSeconds);
  expect(instants).toEqual(keptOf(outcome).map((one) => (isDead(one) ? 0 : one.dueSeconds)));
  expect(faultsOf(outcome)).toEqual({ 'no_answer?': 10 });
  const kinds = [...exchangeLines(plan, [outcome], () => null)].map((line) => line.split(',')[1]);
  // Once 60 of Client.
  expect(kinds.filter((kind) => kind === 'Client')).toHaveLength(60 - 10);
  expect(kinds.filter((kind) => kind === 'Producer')).toHaveLength(60 - 10);
});

test('a signer that is lost leaves nobody waiting, and signs nothing more', () => {
  const { kept, faults } = run(
    {
      duration: '2min',
      parameters: 'batchSigning: false',
      service: 'type: soap',
      load: 'arrivals: constant, rate: 2/s, stop: 5s',
      incidents: '{ id: gone, kind: signer-lost, target: EE/c0, at: 10s, for: 1min }',
    },
    calibrationOf({ sign: delay(4 * SECOND) }),
  );
  // One after the other: signed by the consumer's at 4.25 s and at 8.25 s, at the provider's four
  // seconds later, each. The third is under way, seven wait. Once all ten were signed and answered.
  const [first, second, ...waiting] = kept;
  expect([first, second].map(({ fault }) => fault)).toEqual([0, 0]);
  expect([first, second].map(({ endSeconds }) => endSeconds)).toEqual([8.25, 12.25]);
  expect(waiting.map(({ endSeconds }) => endSeconds)).toEqual(Array(8).fill(10));
  expect(faults).toEqual({ 'server.clientproxy.signer.network_error': 8 });
});

test('a response that TCP gives up gives its place at the gate back', () => {
  const { kept } = run({
    duration: '30min',
    provider: 'antiDosConnections: 1',
    system: SLOW,
    load: ONE_CALL,
    loads:
      `- { id: desk, client: EE/GOV/3/desk, server: EE/c1, ${HEALTHY},` +
      ' arrivals: constant, rate: 1/min, start: 1min }',
    incidents:
      '{ id: cut, kind: link-cut, target: "EE/p0->EE/c0", oneWay: true, at: 3s, for: 25min }',
  });
  // Sent at 5.5 s. Fifteen times anew, and the wait after the last: 924.6 s (tcp_retries2).
  const triesOfResponse = triesAfter(0.5 + 5);
  let givenUpSeconds = 0;
  for (let wait = 0; wait < 16; wait++) givenUpSeconds = Number(triesOfResponse.next().value);
  expect(givenUpSeconds).toBeCloseTo(930.1, 6);
  const [stalled, ...desk] = kept;
  // Nothing tells the consumer's end, which waits on.
  expect(stalled.fault).toBe(OPEN);
  // The only place is taken; who comes waits for it for 30 s (client-timeout). Once for ever.
  const isServed = desk.map(({ fault }) => fault === 0);
  expect(isServed).toEqual(desk.map(({ dueSeconds }) => dueSeconds + 30 > givenUpSeconds));
  expect(isServed.filter(Boolean)).toHaveLength(15);
  // The one who waits at that instant is let in by it.
  const ends = desk.filter((_, at) => isServed[at]).map(({ endSeconds }) => endSeconds);
  expect(ends[0]).toBeCloseTo(givenUpSeconds, 6);
});

test('over a cut link the head of a large response is heard no earlier than its end', () => {
  const { kept } = run({
    duration: '1min',
    system: SLOW,
    // More than an HTTP server holds back: the head goes ahead.
    service: 'responseSize: 100KiB',
    load: ONE_CALL,
    incidents: '{ id: cut, kind: link-cut, target: "EE/p0->EE/c0", oneWay: true, at: 3s, for: 4s }',
  });
  let heardSeconds = 0;
  for (const trySeconds of triesAfter(0.5 + 5)) {
    heardSeconds = trySeconds;
    if (trySeconds >= 3 + 4) break;
  }
  expect(heardSeconds).toBeCloseTo(8.5, 6);
  expect(kept.map(({ fault }) => fault)).toEqual([0]);
  expect(kept[0].endSeconds).toBeCloseTo(heardSeconds, 6);
  // Once at 5.5 s, in the middle of the cut.
  expect(kept[0].responseInSeconds).toBeCloseTo(heardSeconds, 6);
});

test('what an abandoned attempt still does is no part of the stages of a call', () => {
  const { outcome } = run({
    duration: '1min',
    system: SLOW,
    load: `${EVERY_SECOND}, stop: 10s, callers: { timeout: 2s }`,
    loads:
      `- { id: desk, client: EE/GOV/3/desk, server: EE/c1, ${HEALTHY},` +
      ` ${EVERY_SECOND}, stop: 20s, callers: { timeout: 2s } }`,
  });
  // The ten are answered, but nobody hears it.
  expect(outcome.callers?.exchanges.succeeded[0]).toBe(10 + 20);
  expect(outcome.callers?.attempts.abandonedByClient[0]).toBe(10);
  // Once 30, in which the consumer's server had waited for 5 s ten times.
  expect(outcome.stages.count).toBe(20);
  expect(outcome.stages.clientUs.reduce((sum, us) => sum + us, 0)).toBe(0);
});
