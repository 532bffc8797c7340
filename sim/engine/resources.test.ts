/**
 * What X-Road has a limited number of, and what follows when it runs out: threads, connections of
 * the message log, the token, places at the gate of port 5500. Nothing but what is named takes
 * time.
 */
import { describe, expect, test } from 'vitest';
import type { ReplicationOutcome } from '../metrics/outcome.ts';
import type { Calibration } from '../plan/calibration.ts';
import { HEALTHY, pairText, PERSON } from '../testing/pair-text.ts';
import type { PairText } from '../testing/pair-text.ts';
import { calibrationOf, cpu, delay, faultsOf, runText, ZERO } from '../testing/small-run.ts';

const SECOND = 1e6;
const MS = 1000;
/** Rows of the servers: the provider's come first. */
const [P0, C0] = [0, 1];

const run = (pair: PairText, calibration: Calibration = ZERO): ReplicationOutcome =>
  runText(pairText(pair), calibration);

/** Seconds that the calls of a client lasted, in the order in which they came. */
function lastedOf({ journal: { kept } }: ReplicationOutcome, from = 0, until = Infinity): number[] {
  return [...kept.intendedUs].flatMap((intendedUs, exchange) => {
    if (kept.isAttack[exchange] === 1) return [];
    if (intendedUs < from * SECOND || intendedUs >= until * SECOND) return [];
    return [(kept.responseOutUs[exchange] - intendedUs) / SECOND];
  });
}

describe('500 threads (facts 0.11)', () => {
  const hung = (ratePerSecond: number): PairText => ({
    duration: '150s',
    top: 'seriesBucket: 1s',
    // A consumer's server has 500 threads of its own: two consumers share the calls.
    system: 'state: hung, capacity: 100000',
    load: `arrivals: constant, rate: ${ratePerSecond / 2}/s`,
    loads: `- { id: desk, client: EE/GOV/3/desk, server: EE/GOV/3/c1, arrivals: constant,
      rate: ${ratePerSecond / 2}/s, ${PERSON} }
  - { id: healthy, client: EE/GOV/3/desk, server: EE/GOV/3/c1, arrivals: constant,
      rate: 10/s, ${HEALTHY} }`,
  });

  test('8 calls a second to a hung service: 480 threads, and the healthy one is fine', () => {
    const outcome = run(hung(8));
    expect(outcome.servers.serverQueueMax[P0]).toBe(0);
    expect(outcome.services.faulted[1]).toBe(0);
    expect(outcome.services.answered[1]).toBe(1500);
    // The last 90 s: 60 s after the start as many end as begin.
    const held = outcome.servers.serverThreadUs[P0] / SECOND;
    expect(held).toBeCloseTo(480 * 90 + (480 * 60) / 2, -2);
  });

  test('9 a second are more than 500 / 60: the healthy service is dead after 56 s', () => {
    const outcome = run(hung(9));
    expect(outcome.servers.serverQueueMax[P0]).toBeGreaterThan(0);
    const { kept } = outcome.journal;
    // Of answered calls only the healthy service's are there, and those took no time so far.
    const firstLate = kept.intendedUs.findIndex(
      (intendedUs, exchange) =>
        kept.fault[exchange] === 0 && kept.responseOutUs[exchange] > intendedUs,
    );
    const atSeconds = kept.intendedUs[firstLate] / SECOND;
    expect(atSeconds).toBeGreaterThan(500 / 9 - 0.5);
    expect(atSeconds).toBeLessThan(500 / 9 + 0.5);
    expect(outcome.servers.serverThreadUs[P0]).toBeGreaterThan(500 * 80 * SECOND);
  });

  test('12 a second: the threads are gone after 42 s, and calls are closed after 30 s more', () => {
    const outcome = run(hung(12));
    const { faulted, scopeCount } = outcome.series;
    const firstFault = [...faulted.keys()].findIndex((row) => faulted[row * scopeCount] > 0);
    // The hung calls time out from 60 s on; who waits for a thread, from 41.7 s + 30 s on.
    expect(firstFault).toBe(60);
    expect(faultsOf(outcome)['server.clientproxy.io_error?']).toBeGreaterThan(50);
    expect(outcome.services.faulted[1]).toBeGreaterThan(30);
  });

  test('a restart clears them, and the system does not learn of it', () => {
    const outcome = run({
      ...hung(12),
      incidents: '{ id: down, kind: server-crash, target: EE/p0, at: 50s, for: 1s }',
      parameters: 'startUpTime: 9s',
    });
    const back = lastedOf(outcome, 60, 95).filter((seconds) => seconds >= 0);
    // Ready at 60 s: for the next 41 s there are threads again for the healthy service.
    expect(back.filter((seconds) => seconds === 0).length).toBe(350);
    expect(outcome.servers.downUs[P0]).toBe(10 * SECOND);
    // Nobody has cancelled anything at the system: it holds every call that ever came.
    expect(outcome.systems.busyUs[0] / SECOND).toBeGreaterThan(500 * 100);
  });
});

describe('threads are held for the whole exchange', () => {
  test('of a slow upload on both servers, for all of it', () => {
    const { servers } = run({
      duration: '2min',
      load: 'arrivals: constant, rate: 1/s, stop: 1s, requestSize: 1MiB, uploadBandwidth: 32KiB/s',
    });
    expect(servers.clientThreadUs[C0]).toBe(32 * SECOND);
    expect(servers.serverThreadUs[P0]).toBe(32 * SECOND);
  });

  test('a large response is stored by the consumer before any of it is passed on', () => {
    const outcome = run({
      duration: '2min',
      links: '- { between: [EE/c0, EE/p0], rtt: 0s, bandwidth: 1MiB/s }',
      service: 'responseSize: 10MiB',
      load: 'arrivals: constant, rate: 1/s, stop: 1s, requestSize: 0B',
    });
    expect(lastedOf(outcome)).toEqual([10]);
    expect(outcome.servers.serverThreadUs[P0]).toBe(10 * SECOND);
    const { kept } = outcome.journal;
    // Its head comes at once, and X-Road's instant says so; its end and signature 10 s later.
    expect(kept.responseInUs[0] - kept.requestInUs[0]).toBe(0);
    expect(kept.responseOutUs[0] - kept.responseInUs[0]).toBe(10 * SECOND);
  });

  test('a caller that has gone does not free the information system', () => {
    const outcome = run({
      duration: '25s',
      system: 'capacity: 1, serviceTime: 10s',
      service: 'timeout: 2s',
      load: 'arrivals: constant, rate: 1/s, stop: 2s',
    });
    expect(lastedOf(outcome)).toEqual([2, 2]);
    expect(outcome.systems.served[0]).toBe(2);
    expect(outcome.systems.busyUs[0]).toBe(20 * SECOND);
    expect(outcome.systems.queueMax[0]).toBe(1);
    expect(outcome.servers.serverThreadUs[P0]).toBe(4 * SECOND);
  });
});

describe('the sticky fastest server (facts 0.6)', () => {
  /** p0 is nearer, and so slow that a call takes seconds; p1 has nothing to do. */
  const cluster: PairText = {
    duration: '3h',
    top: 'hosts: [{ id: old, cores: 8, speed: 0.01 }]',
    isCluster: true,
    server: 'host: old',
    links: `- { between: [EE, EE/p0], rtt: 1ms }
  - { between: [EE, EE/p1], rtt: 4ms }`,
    load: 'arrivals: constant, rate: 0.05/s',
  };
  const slow = calibrationOf({ admit: cpu(20 * MS) });
  const slower =
    '{ id: slow, kind: link-slow, target: "EE/c0<->EE/p0", extraDelay: 30ms, at: 1000s, for: 3h }';

  const chosen = (outcome: ReplicationOutcome): number[] => [
    ...outcome.journal.kept.providerServer,
  ];

  test('a slow server that accepts wins, and keeps all the traffic', () => {
    const outcome = run(cluster, slow);
    expect(new Set(chosen(outcome))).toEqual(new Set([0]));
    expect(Math.min(...lastedOf(outcome))).toBeGreaterThan(2);
  });

  test('it is remembered for 3600 s, whatever becomes of its line', () => {
    const outcome = run({ ...cluster, incidents: slower }, slow);
    const first = chosen(outcome).indexOf(1);
    const { intendedUs } = outcome.journal.kept;
    // Calls come every 20 s from 10 s on; the first race was over some milliseconds after 10 s, so
    // that its memory lasts for the call at 3,610 s and not for the next.
    expect(intendedUs[first]).toBe(3630 * SECOND);
    expect(new Set(chosen(outcome).slice(first))).toEqual(new Set([1]));
  });

  test('without a memory every call is a race', () => {
    const outcome = run(
      { ...cluster, consumer: 'fastestCachePeriod: 0s', incidents: slower },
      slow,
    );
    const first = chosen(outcome).indexOf(1);
    expect(outcome.journal.kept.intendedUs[first]).toBe(1010 * SECOND);
  });
});

describe('signing in batches (facts 2.7)', () => {
  const tenUsers: PairText = {
    duration: '100s',
    load: 'users: 10, thinkTime: 200s, start: 0s',
  };

  /** Ten users who call at one instant, and never again. */
  const atOnce = (more: Partial<PairText> = {}): PairText => ({
    ...tenUsers,
    load: 'users: 10, thinkTime: { empirical: [1s] }, stop: 1001ms',
    ...more,
  });
  const calibration = calibrationOf({ sign: delay(100 * MS), signItem: cpu(1 * MS) });

  test('one operation for all that wait: two for ten requests', () => {
    const { servers, scopes } = run(atOnce(), calibration);
    expect(scopes[0].answered).toBe(10);
    // One alone, then nine together.
    expect(servers.tokenBusyUs[C0]).toBe(2 * 100 * MS + 10 * MS);
    // Their responses come in the same two lots: one; of the nine the first alone; then eight.
    expect(servers.tokenBusyUs[P0]).toBe(3 * 100 * MS + 10 * MS);
    expect(servers.signQueueMax[C0]).toBe(9);
  });

  test('without batches, an operation for each', () => {
    const { servers } = run(atOnce({ consumer: 'batchSigning: false' }), calibration);
    expect(servers.tokenBusyUs[C0]).toBe(10 * (100 + 1) * MS);
  });

  test('one operation at a time for a token, whatever member it is for', () => {
    const outcome = run(
      {
        ...tenUsers,
        load: 'arrivals: constant, rate: 1/s, stop: 1s',
        loads: `- { id: desk, client: EE/GOV/3/desk, server: EE/GOV/2/c0, arrivals: constant,
      rate: 1/s, stop: 1s, ${PERSON} }`,
      },
      calibrationOf({ sign: delay(100 * MS) }),
    );
    // The second waits for the token; the provider has one member, and is free again by then.
    expect(lastedOf(outcome).toSorted((a, b) => a - b)).toEqual([0.2, 0.3]);
    expect(outcome.servers.tokenBusyUs[C0]).toBe(200 * MS);
  });
});

describe('the message log: a pool of 4, a commit before each release', () => {
  const calibration = calibrationOf({ logCommit: delay(20 * MS) });

  test('four commits an exchange, one after the other', () => {
    const outcome = run(
      { duration: '10s', load: 'arrivals: constant, rate: 1/s, stop: 5s' },
      calibration,
    );
    expect(lastedOf(outcome)).toEqual(Array(5).fill(0.08));
    expect(outcome.servers.logBusyUs[C0]).toBe(5 * 2 * 20 * MS);
  });

  test('as a bottleneck: 4 connections / 20 ms / 2 commits = 100 exchanges a second', () => {
    const outcome = run(
      { duration: '60s', top: 'kind: steady\nwarmUp: 10s', load: 'users: 40' },
      calibration,
    );
    expect(outcome.scopes[0].answered / 50).toBeCloseTo(100, -0.5);
    expect(outcome.servers.logBusyUs[C0] / (4 * 50 * SECOND)).toBeGreaterThan(0.99);
    // Little's law: 40 users, 100 a second.
    const mean = outcome.scopes[0].latency.sum / outcome.scopes[0].latency.count;
    expect(mean / SECOND).toBeCloseTo(0.4, 2);
  });

  test('an access that is refused is logged by the consumer alone', () => {
    const text = pairText({ duration: '10s', load: 'arrivals: constant, rate: 1/s, stop: 5s' });
    const outcome = runText(text.replaceAll(/access: \[.*?\]/g, 'access: []'), calibration);
    expect(faultsOf(outcome)).toEqual({ 'server.serverproxy.access_denied': 5 });
    expect(outcome.servers.logBusyUs[C0]).toBe(5 * 20 * MS);
    expect(outcome.servers.logBusyUs[P0]).toBe(0);
  });
});

describe('connections (facts 0.7)', () => {
  const calibration = calibrationOf({ handshakeServer: cpu(5 * MS) });
  const tenCalls = 'arrivals: constant, rate: 1/s, stop: 10s';

  test('a handshake for every message, or one for all', () => {
    const without = run({ duration: '20s', load: tenCalls }, calibration);
    expect(without.servers.cpuBusyUs[P0]).toBe(10 * 5 * MS);
    const parameters = 'connectionReuse: true';
    const reused = run({ duration: '20s', parameters, load: tenCalls }, calibration);
    expect(reused.servers.cpuBusyUs[P0]).toBe(5 * MS);
  });

  test('the provider may forbid it', () => {
    const outcome = run(
      { duration: '20s', consumer: 'connectionReuse: true', load: tenCalls },
      calibration,
    );
    expect(outcome.servers.cpuBusyUs[P0]).toBe(10 * 5 * MS);
  });

  test('a full route waits for a connection that is given back, kept or closed', () => {
    for (const connectionReuse of [true, false]) {
      const outcome = run({
        duration: '20s',
        parameters: `connectionReuse: ${connectionReuse}, connectionsPerRouteMax: 1`,
        system: 'serviceTime: 300ms',
        load: 'arrivals: constant, rate: 10/s, stop: 1s',
      });
      expect(faultsOf(outcome)).toEqual({});
      // One after the other: the call that comes as the n-th waits for n others.
      const lasted = lastedOf(outcome);
      expect(lasted.map((seconds, at) => Math.round((seconds + at / 10) * 10))).toEqual(
        Array.from({ length: 10 }, (_, at) => 3 * (at + 1)),
      );
    }
  });

  test('an idle connection of another route gives way', () => {
    const text = pairText({
      duration: '40s',
      parameters: 'connectionReuse: true, connectionsMax: 1',
      load: 'arrivals: constant, rate: 1/s, stop: 2s',
      loads: `- { id: other, client: EE/GOV/2/office, services: EE/GOV/4/archive/file,
      arrivals: constant, rate: 1/s, start: 4s, stop: 6s }`,
    })
      .replace('members:', 'members:\n      - { id: GOV/4, subsystems: [archive] }')
      .replace(
        'servers:',
        'servers:\n      - { id: p2, owner: GOV/4, subsystems: [GOV/4/archive] }',
      )
      .replace(
        'services:\n',
        'services:\n  - { id: EE/GOV/4/archive/file, system: healthy, ' +
          'access: [EE/GOV/2/office] }\n',
      );
    const outcome = runText(text);
    expect(lastedOf(outcome)).toEqual([0, 0, 0, 0]);
    expect(outcome.scopes[0].answered).toBe(4);
  });
});

describe('AntiDos on port 5500 (facts 12.2)', () => {
  const flood = (rate: string, more = ''): string =>
    `{ id: flood, kind: connection-flood, target: EE/p0, rate: ${rate}, at: 0s, for: 10s,` +
    ` ${more} }`;

  test('5,000 connections are let in, and the next one waits for one to end', () => {
    const outcome = run({
      duration: '2min',
      // 1,000 a second, evenly by chance: the gate is full after about 5 s.
      load: 'arrivals: constant, rate: 1/s, start: 7s, stop: 8s',
      incidents: flood('1000/s'),
    });
    expect(outcome.servers.antiDosQueueMax[P0]).toBeGreaterThan(4000);
    const [lasted] = lastedOf(outcome);
    // The first of the flood ends after 30 s of silence, about 22.5 s after the call came; of the
    // two partners, one waited longer, so that the call is the second who is let in.
    expect(lasted).toBeGreaterThan(22.4);
    expect(lasted).toBeLessThan(22.6);
    const { attack } = outcome;
    expect(attack.openAtEnd).toBe(0);
    expect(attack.served).toBe(attack.requests);
  });

  test('4,999 others leave room', () => {
    const outcome = run({
      duration: '20s',
      provider: 'antiDosConnections: 20000',
      load: 'arrivals: constant, rate: 1/s, start: 7s, stop: 8s',
      incidents: flood('1000/s'),
    });
    expect(lastedOf(outcome)).toEqual([0]);
    expect(outcome.servers.antiDosQueueMax[P0]).toBe(0);
  });

  // One place, which each connection of a flood keeps for a second: places are given in turns.
  const narrow: PairText = {
    duration: '3min',
    provider: 'antiDosConnections: 1, idleTimeout: 1s',
    load: 'arrivals: constant, rate: 1/s, start: 2s, stop: 12s',
  };

  test('a known partner has its turn, however many unknown addresses wait', () => {
    const outcome = run({ ...narrow, incidents: flood('50/s') });
    expect(faultsOf(outcome)).toEqual({});
    // The turn under way ends within a second; the flood has waited longer, and has the next.
    expect(Math.max(...lastedOf(outcome))).toBeLessThan(2);
    expect(outcome.servers.antiDosQueueMax[P0]).toBeGreaterThan(300);
  });

  test('all unknown addresses are one partner, a known server is one of its own', () => {
    const more = `${flood('50/s')},
      { id: second, kind: connection-flood, target: EE/p0, rate: 50/s, at: 0s, for: 10s }`;
    const unknown = run({ ...narrow, incidents: more });
    expect(Math.max(...lastedOf(unknown))).toBeLessThan(2);
    const known = run({
      ...narrow,
      incidents: more.replace(
        'rate: 50/s, at: 0s, for: 10s }',
        'rate: 50/s, at: 0s, for: 10s, from: EE/c1 }',
      ),
    });
    // Now it has every third turn, and comes more often: one after the other falls behind.
    const lasted = lastedOf(known);
    expect(lasted[0]).toBeLessThan(3);
    for (let call = 1; call < 10; call++) expect(lasted[call] - lasted[call - 1]).toBeCloseTo(1, 1);
    expect(faultsOf(known)).toEqual({});
  });

  test('when file handles are short, connections are closed without a word', () => {
    const outcome = run({
      duration: '60s',
      provider: 'fileHandles: 1000, fileHandlesFreeMin: 100',
      load: 'arrivals: constant, rate: 1/s, start: 7s, stop: 8s',
      incidents: flood('300/s'),
    });
    expect(faultsOf(outcome)).toEqual({ 'server.clientproxy.io_error': 1 });
    expect(lastedOf(outcome)).toEqual([0]);
    // 1,000 - 901 are less than 100: 901 connections are let in, those that come later are not.
    expect(outcome.attack.served).toBe(901);
    expect(outcome.attack.refused).toBe(outcome.attack.requests - 901);
  });

  test('port 8080 has no gate: a stranger takes threads there', () => {
    const outcome = run(
      {
        duration: '20s',
        consumer: 'clientThreads: 10',
        load: 'arrivals: constant, rate: 10/s',
        incidents:
          '{ id: flood, kind: request-flood, target: EE/c0, rate: 500/s, at: 5s, for: 10s }',
      },
      calibrationOf({ parse: cpu(20 * MS) }),
    );
    // Four cores, as the profile has it, parse 200 a second.
    expect(outcome.servers.clientQueueMax[C0]).toBeGreaterThan(100);
    expect(outcome.attack.served).toBe(0);
    expect(outcome.attack.refused).toBeGreaterThan(1000);
    expect(outcome.scopes[0].due).toBe(200);
  });
});
