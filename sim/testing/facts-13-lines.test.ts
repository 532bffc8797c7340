/**
 * Lines of facts 13 that are about several rooms at once, and that no test of one room shows. Each
 * expects what can be worked out by hand from the line itself.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { callOf } from '../live/caller.ts';
import { requestHttp } from '../live/loopback.ts';
import { startNetwork } from '../live/network.ts';
import type { LiveNetwork } from '../live/network.ts';
import type { ReplicationOutcome } from '../metrics/outcome.ts';
import { TrustKind } from '../plan/plan.ts';
import { findFault } from '../protocol/fault.ts';
import { pairText } from './pair-text.ts';
import type { PairText } from './pair-text.ts';
import { calibrationOf, cpu, delay, faultsOf, planOf, runPlan, runText } from './small-run.ts';
import { quick, ringDocument, ringInstance, TrustBench } from './trust-bench.ts';
import type { RingInstance } from './trust-bench.ts';
import { worldDocument, WORLDS } from './worlds.ts';
import type { World } from './worlds.ts';

const MS = 1000;
const SECOND = 1e6;
const MINUTE = 60e6;
const HOUR = 3600e6;
/** Rows of the servers of a pair: the provider's come first. */
const [P0, C0] = [0, 1];

describe('line 5', () => {
  test("a hung service takes the consumer's threads, and its other calls with them", () => {
    const run = (system: string): ReplicationOutcome =>
      runText(
        pairText({
          duration: '2min',
          system,
          consumer: 'clientThreads: 10',
          load: 'arrivals: constant, rate: 1/s',
          loads: `- { id: other, client: EE/GOV/2/office, services: EE/GOV/1/registry/healthy,
      arrivals: constant, rate: 1/s }
  - { id: elsewhere, client: EE/GOV/3/desk, server: EE/GOV/3/c1, arrivals: constant, rate: 1/s,
      services: EE/GOV/1/registry/healthy }`,
        }),
      );
    const { services, servers, journal } = run('state: hung, capacity: 1000');
    // The provider's server has 490 threads left, and answers whoever reaches it.
    expect(servers.serverQueueMax[P0]).toBe(0);
    expect(servers.clientQueueMax[C0]).toBeGreaterThan(0);
    expect(services.faulted[1]).toBeGreaterThan(60);
    const { kept } = journal;
    const elsewhere = [...kept.fault.keys()].filter((row) => kept.clientServer[row] !== C0);
    expect(elsewhere).toHaveLength(120);
    const late = elsewhere.filter((row) => kept.responseOutUs[row] !== kept.intendedUs[row]);
    expect(late).toEqual([]);
    expect(run('serviceTime: 0s').services.faulted[1]).toBe(0);
  });
});

describe('line 6', () => {
  test('a disk five times as slow is a queue for everybody at its server', () => {
    const { series, servers } = runText(
      pairText({
        duration: '40s',
        top: 'seriesBucket: 20s',
        load: 'users: 40',
        loads: `- { id: desk, client: EE/GOV/3/desk, server: EE/GOV/2/c0, users: 40,
      services: EE/GOV/1/registry/healthy }`,
        incidents: '{ id: slow, kind: log-slow, target: EE/c0, at: 20s, for: 20s, factor: 5 }',
      }),
      calibrationOf({ logCommit: delay(20 * MS) }),
    );
    // Four connections, two commits of 20 ms an exchange: 100 a second, then a fifth of that.
    const answered = [0, 1].map((bucket) => series.answered[bucket * series.scopeCount] / 20);
    // In the first moments the queue has yet to fill.
    expect(Math.abs(answered[0] - 100)).toBeLessThan(3);
    expect(Math.abs(answered[1] - 20)).toBeLessThan(3);
    // All but those who hold a connection.
    expect(servers.logQueueMax[C0]).toBe(2 * 40 - 4);
  });
});

/** What a provider's server can have against a message, in the order of facts 13.9. */
const COMPLAINTS: readonly [code: string, make: (one: World) => Partial<World>][] = [
  ['global_conf_outdated', condition('conf-expired')],
  [
    'client_proxy_version_not_supported',
    ({ provider }) => ({ provider: { ...provider, parameters: { minClientVersion: 70_900 } } }),
  ],
  ['service_failed.unknown_member', defect('provider-not-registered')],
  ['service_failed.cannot_create_signature', condition('no-signing-key')],
  ['service_failed.ssl_authentication_failed', condition('peer-chain-invalid')],
  ['missing_signature', defect('no-signature')],
  ['unknown_service', defect('unknown-service')],
  ['access_denied', ({ service }) => ({ service: { ...service, access: [] } })],
  ['service_disabled', ({ service }) => ({ service: { ...service, enabled: false } })],
  ['invalid_signature_value', defect('tampered')],
  ['logging_failed.timestamping_failed', condition('tsa-overdue')],
  ['network_error', () => ({ system: { state: 'refusing' } })],
];

function condition(name: string): (one: World) => Partial<World> {
  return ({ provider }) => ({
    provider: { ...provider, conditions: [...(provider.conditions ?? []), name] },
  });
}

function defect(name: string): (one: World) => Partial<World> {
  return ({ workload }) => ({
    workload: { ...workload, defects: [...(workload.defects ?? []), name] },
  });
}

describe('line 9', () => {
  test.each(COMPLAINTS.map(([code], row) => [code, row] as const))(
    '%s comes before all that follow it',
    (code, row) => {
      const world = COMPLAINTS.slice(row).reduce(
        (one: World, [, make]) => ({ ...one, ...make(one) }),
        WORLDS[0],
      );
      const { journal } = runPlan(planOf(worldDocument(world)), 0, 'all');
      expect(findFault(journal.kept.fault[0])?.code).toBe(`server.serverproxy.${code}`);
    },
  );
});

describe('line 12', () => {
  test('no server tries a message again', () => {
    const pair: PairText = {
      duration: '20s',
      isCluster: true,
      system: 'state: refusing',
      load: 'arrivals: constant, rate: 1/s, stop: 10s',
    };
    const calibration = calibrationOf({ parse: cpu(1 * MS), logCommit: delay(2 * MS) });
    const outcome = runText(pairText(pair), calibration);
    expect(faultsOf(outcome)).toEqual({ 'server.serverproxy.network_error': 10 });
    // One commit at the provider's side for each of the ten calls, whichever server it was.
    const { logBusyUs } = outcome.servers;
    expect(logBusyUs[0] + logBusyUs[1]).toBe(10 * 2 * MS);
    expect(logBusyUs[2]).toBe(10 * 2 * MS);
  });
});

describe('line 22', () => {
  test('a message that comes twice is answered twice, and stands in both logs twice', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'fedlab-facts-'));
    const document = worldDocument(WORLDS[0]);
    let live: LiveNetwork | null = null;
    try {
      live = await startNetwork(document, {
        directory,
        ports: null,
        trust: null,
        allowsRestToSoap: false,
      });
      const statuses: number[] = [];
      for (let time = 0; time < 2; time++) {
        const call = callOf(document.workloads[0], 10, 'sent-twice');
        const answer = await requestHttp(live.endpointsOf('EE/ss1').client, call);
        for await (const chunk of answer.body) expect(chunk.length).toBeGreaterThan(0);
        statuses.push(answer.status);
      }
      expect(statuses).toEqual([200, 200]);
      expect(live.provider('registry-system').seen).toHaveLength(2);
      for (const name of ['EE/ss1', 'EE/ss2']) {
        const ids = live
          .server(name)
          .messageLog.rows()
          .map(({ messageId }) => messageId);
        expect(ids).toEqual(Array(4).fill('sent-twice'));
      }
    } finally {
      await live?.stop();
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

describe('line 24', () => {
  const HOURS = 10;
  const ring = (changes: Partial<RingInstance>): TrustBench =>
    new TrustBench(ringDocument([ringInstance(changes)]));

  /** Questions answered in ten hours, by kind of service. */
  const servedIn = (servers: number, recordEveryUs: number): number[] => {
    const bench = ring({ servers });
    bench.keepBusy(recordEveryUs, HOURS * HOUR);
    bench.run(HOURS * HOUR);
    const { served } = bench.trust.outcome().services;
    const { CentralServer, OcspResponder, TimeStampingAuthority } = TrustKind;
    return [CentralServer, OcspResponder, TimeStampingAuthority].map(
      (kind) => served[bench.plan.trustServices.kind.indexOf(kind)],
    );
  };

  test.each([
    [4, 30 * SECOND],
    [4, 3 * SECOND],
    [8, 30 * SECOND],
  ])('%i servers, a record every %i us: the load goes by servers', (servers, recordEveryUs) => {
    const [downloads, answers, stamps] = servedIn(servers, recordEveryUs);
    // By default a download and a stamp each minute, and every 20 minutes an answer for each of
    // two certificates; a run more or less of each server for the phase.
    expect(Math.abs(downloads / servers - HOURS * 60)).toBeLessThanOrEqual(1);
    expect(Math.abs(answers / servers - HOURS * 3 * 2)).toBeLessThanOrEqual(2);
    expect(Math.abs(stamps / servers - HOURS * 60)).toBeLessThanOrEqual(1);
  });

  test('servers that are restarted together come to the central server together', () => {
    const central = { ...quick('central-1', 10 * MS), capacity: 1 };
    const queueMax = (restartUs: (server: number) => number): number => {
      const bench = ring({ servers: 50, centralServers: [central] });
      for (let server = 0; server < 50; server++) bench.restart(restartUs(server), server);
      bench.run(HOUR + 10 * MINUTE);
      const row = bench.plan.trustServices.kind.indexOf(TrustKind.CentralServer);
      return bench.trust.outcome().services.queueMax[row];
    };
    // One is served, 49 wait; a second apart nobody meets another.
    expect(queueMax(() => HOUR)).toBe(49);
    expect(queueMax((server) => HOUR + server * SECOND)).toBeLessThan(5);
  });
});

describe('line 25', () => {
  const [sign, log, system] = [100 * MS, 20 * MS, 50 * MS];
  // Out is before the request is signed and logged. In is the head of the response: a large one
  // shows it before the provider's server has signed and logged, a small one leaves in one piece.
  test.each([
    ['1MiB', sign + log + log + system, sign + log + log],
    ['1kB', sign + log + log + system + sign + log, log],
  ])('the four instants of both records, for a response of %s', (size, waiting, ending) => {
    const outcome = runText(
      pairText({
        duration: '10s',
        system: 'serviceTime: 50ms',
        service: `responseSize: ${size}`,
        load: 'arrivals: constant, rate: 1/s, stop: 1s',
      }),
      calibrationOf({ parse: cpu(1 * MS), sign: delay(100 * MS), logCommit: delay(20 * MS) }),
    );
    const { kept } = outcome.journal;
    const client = [
      kept.requestOutUs[0] - kept.requestInUs[0],
      kept.responseInUs[0] - kept.requestOutUs[0],
      kept.responseOutUs[0] - kept.responseInUs[0],
    ];
    expect(client).toEqual([1 * MS, waiting, ending]);
    const producer = [
      kept.providerRequestOutUs[0] - kept.providerRequestInUs[0],
      kept.providerResponseInUs[0] - kept.providerRequestOutUs[0],
      kept.providerResponseOutUs[0] - kept.providerResponseInUs[0],
    ];
    // Its first part waits for the signature of the consumer.
    expect(producer).toEqual([sign + log + log, system, sign + log]);
  });
});
