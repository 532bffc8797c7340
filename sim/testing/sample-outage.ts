/**
 * A second made-up result folder for tests of reports: the day of sample-result.ts, on which the
 * time-stamping authority of Estonia is away for six hours in the morning and the central server of
 * Finland for 45 minutes in the afternoon, and people try again. Clocks run out where the rules of
 * X-Road let them: time-stamping four hours after the first failed batch, which comes within 48
 * minutes (facts.md 5.3, 5.7), a configuration ten minutes after it was signed.
 */
import type { ResultFolder } from '../../reports/folder.ts';
import type {
  EvidenceResult,
  IncidentResult,
  RunResult,
  SeriesRow,
  TrustInterval,
} from '../metrics/result.ts';
import { sampleFolder } from './sample-result.ts';

const STAMPS = { from: 28_800, to: 50_400 };
const CENTRAL = { from: 57_600, to: 60_300 };
const ACCEPTABLE_SECONDS = 14_400;
const STAMP_INTERVAL_SECONDS = 2880;
const CONF_VALID_SECONDS = 600;

/** Spread evenly over an interval, in an order that looks like none. */
function phaseOf(index: number, intervalSeconds: number): number {
  return ((index * 37) % 41) * (intervalSeconds / 41);
}

function trustOf({ servers }: RunResult): TrustInterval[] {
  const intervals = servers.flatMap(({ id, instance }, index): TrustInterval[] => {
    const confFrom = CENTRAL.from + CONF_VALID_SECONDS - phaseOf(index, 120);
    const confTo = CENTRAL.to + phaseOf(index + 5, 180);
    if (instance === 'FI') {
      return [{ scope: id, clock: 'configuration', fromSeconds: confFrom, toSeconds: confTo }];
    }
    const stampFrom = STAMPS.from + phaseOf(index, STAMP_INTERVAL_SECONDS) + ACCEPTABLE_SECONDS;
    const clock = 'foreign-configuration FI';
    return [
      {
        scope: id,
        clock: 'time-stamping',
        fromSeconds: stampFrom,
        toSeconds: STAMPS.to + phaseOf(index + 3, 60),
      },
      { scope: id, clock, fromSeconds: confFrom + 30, toSeconds: confTo + 30 },
    ];
  });
  const [first] = servers;
  const token = { scope: first.id, clock: 'token', fromSeconds: 46_000, toSeconds: 52_500 };
  return [...intervals, token].toSorted((a, b) => a.fromSeconds - b.fromSeconds);
}

/** Of the servers, those that are stopped at an instant. */
function stoppedAt(trust: readonly TrustInterval[], seconds: number, prefix: string): number {
  const stopped = trust.filter(
    ({ scope, clock, fromSeconds, toSeconds }) =>
      scope.startsWith(prefix) &&
      !clock.startsWith('foreign') &&
      fromSeconds <= seconds &&
      seconds < toSeconds,
  );
  return new Set(stopped.map(({ scope }) => scope)).size;
}

function seriesOf(folder: ResultFolder, trust: readonly TrustInterval[]): SeriesRow[] {
  const { servers } = folder.result;
  const waiting = new Map<string, number>();
  return folder.series.map((row) => {
    const { scope, timeSeconds, offeredRps } = row;
    const prefix = scope === 'EE' || scope === 'FI' ? scope : '';
    const count = servers.filter(({ id }) => id.startsWith(prefix)).length;
    const stopped = stoppedAt(trust, timeSeconds, prefix);
    const failing = scope === 'FI' || scope === 'EE' ? stopped / count : (stopped / count) * 0.9;
    const goodRps = offeredRps * (1 - failing) * 0.998;
    const isLogged = scope !== 'crossBorder';
    const loggedRps = goodRps * 4;
    const isStamping = scope === 'FI' || timeSeconds < STAMPS.from || timeSeconds >= STAMPS.to;
    const before = waiting.get(scope) ?? 0;
    const drainRps = isStamping ? loggedRps + Math.min(before / 300, 2400) : 0;
    const backlog = Math.round(Math.max(0, before + (loggedRps - drainRps) * 300));
    waiting.set(scope, backlog);
    return {
      ...row,
      attackRps: 0,
      goodRps,
      faultedRps: Math.max(0, offeredRps - goodRps),
      refusingServers: 0,
      retriesRps: offeredRps * failing * 2.6,
      gaveUpRps: offeredRps * failing * 0.7,
      stampedRps: isLogged ? drainRps : null,
      // What the last interval has brought waits even when all is well.
      backlog: isLogged ? backlog + Math.round(loggedRps * 30) : null,
      expiredServers: isLogged ? stopped : null,
    };
  });
}

function evidenceOf(logged: number, unstampedAtEnd: number, lost: number): EvidenceResult {
  return {
    acceptedAsConsumer: Math.round(logged / 4),
    acceptedAsProvider: Math.round(logged / 4),
    logged,
    stamped: logged - unstampedAtEnd - lost,
    unstampedAtEnd,
    lost,
    oldestUnstampedSeconds: 2710,
    backlogMax: Math.round(logged / 30),
    refusedMessages: Math.round(logged / 90),
    acceptedUnlogged: 0,
  };
}

function incidentsOf(): IncidentResult[] {
  return [
    {
      id: 'no-stamps',
      name: 'Time-stamping authority of Estonia away',
      kind: 'tsa-down',
      isAttack: false,
      startSeconds: STAMPS.from,
      endSeconds: STAMPS.to,
      targets: ['EE/tsa-1'],
      recoverySeconds: 2400,
    },
    {
      id: 'central',
      name: 'Central server of Finland lost',
      kind: 'central-server-down',
      isAttack: false,
      startSeconds: CENTRAL.from,
      endSeconds: CENTRAL.to,
      targets: ['FI/central-1'],
      recoverySeconds: null,
    },
  ];
}

function callersOf(result: RunResult): Pick<RunResult, 'calls' | 'attempts' | 'journeys'> {
  const { due, openAtEnd } = result.calls;
  const [faulted, gaveUp] = [Math.round(due * 0.031), Math.round(due * 0.058)];
  const answered = due - faulted - gaveUp - openAtEnd;
  const abandonedByClient = Math.round(gaveUp * 2.2);
  const retriedFaults = faulted * 2;
  return {
    calls: { due, answered, faulted, gaveUp, notStarted: 0, openAtEnd },
    attempts: {
      started: answered + retriedFaults + abandonedByClient + openAtEnd,
      answered,
      faulted: retriedFaults,
      abandonedByClient,
      openAtEnd,
    },
    journeys: { started: 84_210, completed: 75_018, failed: 9175, gaveUp: 2150, openAtEnd: 17 },
  };
}

export function outageFolder(): ResultFolder {
  const folder = sampleFolder();
  const { result } = folder;
  const trust = trustOf(result);
  const metrics = { throughputGood: 0.0071, latencyP99: 0.031, goodShare: null };
  return {
    ...folder,
    series: seriesOf(folder, trust),
    result: {
      ...result,
      ...callersOf(result),
      scenario: {
        ...result.scenario,
        name: 'a-day-without-stamps',
        title: 'A day on which trust runs out twice',
        question: 'When does each server stop, what is lost, and does everything come back?',
        kind: 'steady',
        warmUpSeconds: 1800,
      },
      attack: { requests: 0, refused: 0, served: 0, openAtEnd: 0 },
      simulatedSeconds: result.simulatedSeconds - 1800,
      incidents: incidentsOf(),
      trust,
      evidence: {
        EE: evidenceOf(74_210_000, 214_800, 31_000),
        FI: evidenceOf(20_108_000, 402, 0),
      },
      warmUp: {
        method: 'mser-5',
        askedSeconds: 1800,
        usedSeconds: 1800,
        foundSeconds: 1500,
        metric: 'latencyMean',
        valueSeconds: 60,
        values: 450,
        source: 'run',
        verdict: 'accepted',
      },
      confidence: {
        ...result.confidence,
        precision: {
          method: 'hoad-robinson-davies',
          asked: 0.02,
          reached: metrics,
          replicationsMin: 3,
          replicationsMax: 20,
          replicationsNeeded: null,
          isMet: false,
        },
      },
    },
  };
}
