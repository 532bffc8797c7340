/**
 * Each time-out on the path of a message bites where and when X-Road's does, and those that do not
 * exist do not bite. The numbers are the defaults of facts 2.8, unless a test says otherwise;
 * nothing but what is named takes time, so that instants are exact to the microsecond.
 */
import { describe, expect, test } from 'vitest';
import type { ReplicationOutcome } from '../metrics/outcome.ts';
import { HEALTHY, pairText, PERSON } from '../testing/pair-text.ts';
import type { PairText } from '../testing/pair-text.ts';
import { calibrationOf, delay, faultsOf, runText, ZERO } from '../testing/small-run.ts';

const SECOND = 1e6;
/** One call, at 500 ms. */
const ONE_CALL = 'arrivals: constant, rate: 1/s, stop: 1s';
/** Two calls, at 500 ms and at 1,500 ms. */
const TWO_CALLS = 'arrivals: constant, rate: 1/s, stop: 2s';

/** One call at a second of the run. */
const callAt = (second: number): string =>
  `arrivals: constant, rate: 1/s, start: ${second - 0.5}s, stop: ${second + 0.5}s`;

interface Ended {
  readonly atSeconds: number;
  readonly lastedSeconds: number;
  readonly isAnswered: boolean;
  /** Row of the server that was chosen; -1: none. */
  readonly provider: number;
}

/** The calls in the order in which they came; seconds are exact multiples of a microsecond. */
function callsOf({ journal: { kept } }: ReplicationOutcome): Ended[] {
  return [...kept.intendedUs].map((intendedUs, exchange) => ({
    atSeconds: intendedUs / SECOND,
    lastedSeconds: (kept.responseOutUs[exchange] - intendedUs) / SECOND,
    isAnswered: kept.fault[exchange] === 0,
    provider: kept.providerServer[exchange],
  }));
}

/** Runs, and tells how long each call lasted and what became of it. */
function run(pair: PairText, calibration = ZERO) {
  const outcome = runText(pairText(pair), calibration);
  const calls = callsOf(outcome);
  return {
    outcome,
    calls,
    faults: faultsOf(outcome),
    lasted: calls.map((one) => one.lastedSeconds),
  };
}

const cut = (target: string, atSeconds: number, forSeconds: number, more = ''): string =>
  `{ id: cut, kind: link-cut, target: "${target}", at: ${atSeconds}s, for: ${forSeconds}s,` +
  ` ${more} }`;

describe('connecting (client-timeout 30 s, for lease, connect and handshake)', () => {
  test('to a link that is cut: 30 s, io_error, nothing can have been executed', () => {
    const { lasted, faults } = run({
      duration: '2min',
      load: ONE_CALL,
      incidents: cut('EE/c0->EE/p0', 0, 100, 'oneWay: true'),
    });
    expect(lasted).toEqual([30]);
    expect(faults).toEqual({ 'server.clientproxy.io_error': 1 });
  });

  test('a cut of the way back is the same: no SYN is answered', () => {
    const { lasted } = run({
      duration: '2min',
      load: ONE_CALL,
      incidents: cut('EE/p0->EE/c0', 0, 100, 'oneWay: true'),
    });
    expect(lasted).toEqual([30]);
  });

  test('of two addresses none answers: 30 s, network_error', () => {
    const { lasted, faults } = run({
      duration: '2min',
      isCluster: true,
      load: ONE_CALL,
      incidents: cut('EE/c0', 0, 100),
    });
    expect(lasted).toEqual([30]);
    expect(faults).toEqual({ 'server.clientproxy.network_error': 1 });
  });

  test('to a server that is down: refused after a round trip', () => {
    const { lasted, faults } = run({
      duration: '10s',
      links: '- { between: [EE/c0, EE/p0], rtt: 8ms }',
      load: ONE_CALL,
      incidents: '{ id: down, kind: server-crash, target: EE/p0, at: 0s, for: 5s }',
    });
    expect(lasted).toEqual([0.008]);
    expect(faults).toEqual({ 'server.clientproxy.network_error': 1 });
  });

  test('the lease of a connection, when all are in use', () => {
    const { lasted, faults } = run({
      duration: '2min',
      consumer: 'connectionsPerRouteMax: 1',
      system: 'serviceTime: 100s',
      service: 'timeout: 200s',
      load: TWO_CALLS,
    });
    expect(lasted).toEqual([100, 30]);
    expect(faults).toEqual({ 'server.clientproxy.io_error': 1 });
  });

  test('the handshake, when AntiDos lets nobody in', () => {
    const { lasted, faults } = run({
      duration: '2min',
      provider: 'antiDosConnections: 1',
      system: 'serviceTime: 100s',
      service: 'timeout: 200s',
      load: TWO_CALLS,
    });
    expect(lasted).toEqual([100, 30]);
    expect(faults).toEqual({ 'server.clientproxy.io_error': 1 });
  });

  test('the handshake, when the processor of the other side is too slow', () => {
    const { lasted } = run(
      { duration: '2min', load: ONE_CALL },
      calibrationOf({ handshakeServer: delay(31 * SECOND) }),
    );
    expect(lasted).toEqual([30]);
  });
});

describe('the fastest server (facts 2.5)', () => {
  const NEAR_P0 = '- { between: [EE/c0, EE/p1], rtt: 10ms }';

  test('the remembered one is silent: 5 s, then a race among the others', () => {
    const { calls, lasted } = run({
      duration: '1min',
      isCluster: true,
      links: NEAR_P0,
      load: 'arrivals: constant, rate: 1/s, stop: 22s',
      incidents: cut('EE/c0<->EE/p0', 10, 40),
    });
    const before = calls.filter(({ atSeconds }) => atSeconds < 10);
    expect(new Set(before.map(({ provider }) => provider))).toEqual(new Set([0]));
    expect(new Set(before.map(({ lastedSeconds }) => lastedSeconds))).toEqual(new Set([0]));
    // TCP, two round trips of TLS, the request and the response: 4 round trips of 10 ms to p1.
    expect(calls.every(({ isAnswered }) => isAnswered)).toBe(true);
    const after = calls.filter(({ atSeconds }) => atSeconds > 10);
    expect(new Set(after.map(({ provider }) => provider))).toEqual(new Set([1]));
    // Five are under way to p0 when the first of them finds out; each waits its own 5 s.
    expect(lasted.slice(10)).toEqual([5.04, 5.04, 5.04, 5.04, 5.04, 0.04, ...Array(6).fill(0.04)]);
  });

  test('the remembered one refuses: the others at once', () => {
    const { calls, lasted } = run({
      duration: '1min',
      isCluster: true,
      links: NEAR_P0,
      load: 'arrivals: constant, rate: 1/s, stop: 22s',
      incidents: '{ id: down, kind: server-crash, target: EE/p0, at: 10s, for: 5s }',
    });
    expect(calls.every(({ isAnswered }) => isAnswered)).toBe(true);
    expect(new Set(lasted.slice(10))).toEqual(new Set([0.04]));
    // It is ready again, but p1 is the remembered one now.
    expect(new Set(calls.slice(10).map(({ provider }) => provider))).toEqual(new Set([1]));
  });

  test('a winner that fails the handshake: a race among the rest, bounded by 15 s', () => {
    const { lasted, faults } = run({
      duration: '1min',
      isCluster: true,
      links: NEAR_P0,
      provider: 'fileHandles: 64, fileHandlesFreeMin: 1000',
      load: ONE_CALL,
      incidents: cut('EE/c0<->EE/p1', 0, 40),
    });
    // p0 closes the connection; p1 keeps silent for half of the client time-out.
    expect(lasted).toEqual([15]);
    expect(faults).toEqual({ 'server.clientproxy.io_error': 1 });
  });
});

describe('waiting for a thread (idle time 30 s)', () => {
  test('of the client proxy: closed without an answer', () => {
    const { lasted, faults } = run({
      duration: '3min',
      consumer: 'clientThreads: 1',
      system: 'serviceTime: 100s',
      service: 'timeout: 200s',
      load: TWO_CALLS,
    });
    expect(lasted).toEqual([100, 30]);
    expect(faults).toEqual({ 'no_answer?': 1 });
  });

  test('of the server proxy: closed, and the consumer cannot know what was done', () => {
    const { lasted, faults } = run({
      duration: '3min',
      provider: 'serverThreads: 1',
      system: 'serviceTime: 100s',
      service: 'timeout: 200s',
      load: TWO_CALLS,
    });
    expect(lasted).toEqual([100, 30]);
    expect(faults).toEqual({ 'server.clientproxy.io_error?': 1 });
  });

  test('everybody has their own 30 s', () => {
    const { lasted } = run({
      duration: '3min',
      consumer: 'clientThreads: 1',
      system: 'serviceTime: 100s',
      service: 'timeout: 200s',
      load: 'arrivals: constant, rate: 1/s, stop: 5s',
    });
    expect(lasted).toEqual([100, 30, 30, 30, 30]);
  });
});

describe('an idle connection between servers (30 s)', () => {
  const slowSigner = calibrationOf({ sign: delay(40 * SECOND) });

  test('the end of the request does not come: the provider closes', () => {
    const { lasted, faults, outcome } = run({ duration: '3min', load: ONE_CALL }, slowSigner);
    // The consumer's thread is with its signer, and notices when it has sent the signature.
    expect(lasted).toEqual([40]);
    expect(faults).toEqual({ 'server.clientproxy.io_error?': 1 });
    expect(outcome.servers.serverThreadUs[0]).toBe(30 * SECOND);
  });

  test('a body that is still coming keeps it from being idle', () => {
    const { lasted, outcome } = run({
      duration: '3min',
      load: `${ONE_CALL}, requestSize: 100KiB, uploadBandwidth: 1024B/s`,
    });
    expect(lasted).toEqual([100]);
    expect(outcome.servers.serverThreadUs[0]).toBe(100 * SECOND);
  });

  test('its 30 s begin when the body has ended', () => {
    const { lasted, faults, outcome } = run(
      { duration: '3min', load: `${ONE_CALL}, requestSize: 10KiB, uploadBandwidth: 1024B/s` },
      slowSigner,
    );
    expect(lasted).toEqual([50]);
    expect(faults).toEqual({ 'server.clientproxy.io_error?': 1 });
    expect(outcome.servers.serverThreadUs[0]).toBe(40 * SECOND);
  });
});

describe('the information system (time-out of the service, 60 s by default)', () => {
  test('that hangs: 60 s, io_error of the provider, and it may have been executed', () => {
    const { lasted, faults } = run({ duration: '2min', system: 'state: hung', load: ONE_CALL });
    expect(lasted).toEqual([60]);
    expect(faults).toEqual({ 'server.serverproxy.io_error?': 1 });
  });

  test('a service with a time-out of its own', () => {
    const { lasted } = run({
      duration: '2min',
      system: 'serviceTime: 20s',
      service: 'timeout: 7s',
      load: ONE_CALL,
    });
    expect(lasted).toEqual([7]);
  });

  test('an answer at the last microsecond is one, one later is none', () => {
    const text = (serviceTime: string) =>
      run({
        duration: '1min',
        system: `serviceTime: ${serviceTime}`,
        service: 'timeout: 2s',
        load: ONE_CALL,
      }).faults;
    expect(text('2s')).toEqual({});
    expect(text('2000001us')).toEqual({ 'server.serverproxy.io_error?': 1 });
  });

  test('waiting for a place in the system counts', () => {
    const { lasted } = run({
      duration: '3min',
      system: 'capacity: 1, serviceTime: 100s',
      service: 'timeout: 2min',
      load: TWO_CALLS,
    });
    expect(lasted).toEqual([100, 120]);
  });

  test('that hangs while it works, and comes back in time', () => {
    const { lasted, faults } = run({
      duration: '3min',
      system: 'serviceTime: 5s',
      load: TWO_CALLS,
      incidents: '{ id: hang, kind: system-hung, target: registry, at: 3s, for: 57500ms }',
    });
    // It answers both at 60.5 s, when the time-out of the first call comes: completion is first.
    expect(lasted).toEqual([60, 59]);
    expect(faults).toEqual({});
  });

  test('SOAP wraps the same in service_failed', () => {
    const { lasted, faults } = run({
      duration: '2min',
      system: 'state: hung',
      service: 'type: soap',
      load: ONE_CALL,
    });
    expect(lasted).toEqual([60]);
    expect(faults).toEqual({ 'server.serverproxy.service_failed.io_error?': 1 });
  });
});

describe('the wait for a response (client-httpclient-timeout 0: none)', () => {
  test('an answer after ten minutes is an answer', () => {
    const { lasted, calls } = run({
      duration: '20min',
      system: 'serviceTime: 10min',
      service: 'timeout: 15min',
      load: ONE_CALL,
    });
    expect(lasted).toEqual([600]);
    expect(calls[0].isAnswered).toBe(true);
  });

  test('an answer that is lost is waited for until the end', () => {
    const { outcome } = run({
      duration: '20min',
      system: 'serviceTime: 10s',
      load: ONE_CALL,
      incidents: cut('EE/p0->EE/c0', 5, 1195, 'oneWay: true'),
    });
    expect(outcome.scopes[0]).toMatchObject({ answered: 0, faulted: 0, openAtEnd: 1 });
    // The system has done what it was asked, and the consumer's thread waits on.
    expect(outcome.systems.served[0]).toBe(1);
    expect(outcome.servers.clientThreadUs[1]).toBe(1199.5 * SECOND);
    expect(outcome.servers.serverThreadUs[0]).toBe(10 * SECOND);
  });

  test('an answer that a short cut held up comes with the next try of TCP', () => {
    const { lasted } = run({
      duration: '1min',
      system: 'serviceTime: 10s',
      load: ONE_CALL,
      incidents: cut('EE/p0->EE/c0', 5, 15, 'oneWay: true'),
    });
    // Sent at 10.5 s; tries after 0.2, 0.6, 1.4, 3.0, 6.2 and 12.6 s; the link is back at 20 s.
    expect(lasted).toEqual([10 + 12.6]);
  });

  test('a request that TCP cannot deliver is given up after 924.6 s', () => {
    const { lasted, faults, outcome } = run({
      duration: '20min',
      load: `${ONE_CALL}, requestSize: 10KiB, uploadBandwidth: 1024B/s`,
      incidents: cut('EE/c0<->EE/p0', 5, 1190),
    });
    // The body ends at 10.5 s, and its signature is the first that does not come through. That the
    // provider closes after 30 s of silence does not come through either.
    expect(lasted).toEqual([10 + 924.6]);
    expect(faults).toEqual({ 'server.clientproxy.io_error?': 1 });
    expect(outcome.servers.serverThreadUs[0]).toBe((10 + 30) * SECOND);
  });
});

describe('signing (client-timeout of the signer, 50 s)', () => {
  const slow = calibrationOf({ sign: delay(60 * SECOND) });

  test('a signature that takes too long: REST is told io_error', () => {
    const { lasted, faults } = run({ duration: '3min', load: ONE_CALL }, slow);
    expect(lasted).toEqual([50]);
    expect(faults).toEqual({ 'server.clientproxy.io_error': 1 });
  });

  test('SOAP is told internal_error', () => {
    const { lasted, faults } = run(
      { duration: '3min', service: 'type: soap', load: ONE_CALL },
      slow,
    );
    expect(lasted).toEqual([50]);
    expect(faults).toEqual({ 'server.clientproxy.internal_error': 1 });
  });

  test('in the queue of a token without batches; who has expired is skipped', () => {
    const { lasted, outcome } = run(
      {
        duration: '5min',
        parameters: 'idleTimeout: 10min',
        consumer: 'batchSigning: false',
        load: 'arrivals: constant, rate: 1/s, stop: 3s',
        loads: `- { id: late, client: EE/GOV/2/office, ${PERSON}, ${callAt(100)} }`,
      },
      calibrationOf({}, { 'ec-p256': {}, 'rsa-2048': { sign: delay(30 * SECOND) } }),
    );
    // Each exchange is signed at both servers. The second has its turn at 30.5 s and is done at
    // 60.5 s, too late for 51.5 s; the third expires in the queue; the token is free at 60.5 s.
    expect(lasted.slice(0, 3)).toEqual([60, 50, 50]);
    expect(lasted[3]).toBe(60);
    expect(outcome.servers.tokenBusyUs[1]).toBe(90 * SECOND);
  });
});

describe('a connection of the message log (pool, 30 s)', () => {
  const slow = calibrationOf({ logCommit: delay(40 * SECOND) });

  test('at the consumer: REST is told io_error, and nothing was sent', () => {
    const { lasted, faults } = run(
      {
        duration: '5min',
        parameters: 'idleTimeout: 10min',
        consumer: 'logConnections: 1',
        load: TWO_CALLS,
      },
      slow,
    );
    expect(lasted).toEqual([160, 30]);
    expect(faults).toEqual({ 'server.clientproxy.io_error': 1 });
  });

  test('at the provider: database_error', () => {
    const { lasted, faults } = run(
      {
        duration: '5min',
        parameters: 'idleTimeout: 10min',
        provider: 'logConnections: 1',
        load: TWO_CALLS,
      },
      slow,
    );
    // Both are logged at the consumer side by side; the second then waits 30 s at the provider.
    expect(lasted).toEqual([160, 40 + 30]);
    expect(faults).toEqual({ 'server.serverproxy.logging_failed.database_error?': 1 });
  });
});

describe('a kept connection (closed when idle for 60 s)', () => {
  const calibration = calibrationOf({ handshakeClient: delay(SECOND) });
  const load = 'arrivals: constant, rate: { constant: 0.02/s }, stop: 200s';

  test.each([
    ['60s', [1, 0, 0, 0]],
    ['40s', [1, 1, 1, 1]],
  ])('calls every 50 s with poolIdleTimeout %s', (poolIdleTimeout, expected) => {
    const parameters = `connectionReuse: true, poolIdleTimeout: ${poolIdleTimeout}`;
    const { lasted } = run({ duration: '5min', parameters, load }, calibration);
    expect(lasted).toEqual(expected);
  });

  test('a restart of the provider is noticed at the next lease', () => {
    const { lasted, calls } = run(
      {
        duration: '5min',
        parameters: 'connectionReuse: true, startUpTime: 5s',
        load,
        incidents: '{ id: down, kind: server-crash, target: EE/p0, at: 80s, for: 10s }',
      },
      calibration,
    );
    expect(calls.every(({ isAnswered }) => isAnswered)).toBe(true);
    expect(lasted).toEqual([1, 0, 1, 0]);
  });
});

test('what needs no time-out takes no time', () => {
  const { lasted } = run({
    duration: '1min',
    load: ONE_CALL,
    loads: `- { id: healthy, client: EE/GOV/3/desk, ${HEALTHY}, rate: 100/s }`,
  });
  expect(new Set(lasted)).toEqual(new Set([0]));
});
