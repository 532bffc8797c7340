/**
 * One replication of a scenario on the live network: brought up, warmed up, called for as long as
 * the scenario lasts while its incidents happen, taken down again. Servers and information systems
 * run on this thread, their callers on one of their own.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KeepPolicy } from '../metrics/journal.ts';
import type { ReplicationOutcome } from '../metrics/outcome.ts';
import type { LiveFacts, ThreadFacts } from '../metrics/result.ts';
import type { AssumptionDocument, Document } from '../plan/document.ts';
import { AttackKind, SystemState } from '../plan/plan.ts';
import type { Plan } from '../plan/plan.ts';
import { whatCannotRun } from './disorder.ts';
import type { AttackRow } from './load/attack-log.ts';
import { compressPlan, whatCannotBeCompressed } from './load/compressed-plan.ts';
import { Generator } from './load/generator.ts';
import { generatorFacts } from './load/lateness.ts';
import { liveOutcome } from './load/live-outcome.ts';
import { whatCannotLoad } from './load/requests.ts';
import { monotonicUs } from './load/run-clock.ts';
import { ThreadMeter } from './load/thread-meter.ts';
import { UseSampler } from './load/use-sampler.ts';
import { createNetworkClock, REAL_TIME } from './network-clock.ts';
import { startNetwork } from './network.ts';
import type { LiveNetwork } from './network.ts';
import { RunTroubles } from './run-troubles.ts';
import { PlannedLinks } from './shaper/planned-links.ts';
import { whatCannotBeDone } from './troubled.ts';
import type { Trust } from './trust.ts';

export interface LiveOptions {
  /** Keys of an earlier replication, to use again; null: new ones. */
  readonly trust: Trust | null;
  readonly keep: KeepPolicy;
  /** How many times as fast as the wall's the clock of the network runs. */
  readonly compression: number;
  /** Several times a second: microseconds of the run, and calls that have ended. */
  readonly onProgress: (runUs: number, calls: number) => void;
  /** Aborted: the run ends now, and what it has measured is handed over. */
  readonly interrupt: AbortSignal;
  /** Tests only: how long the generator blocks its thread before each look at the clock. */
  readonly heldBackMs: number;
}

export interface LiveReplication {
  /** As it was run: shorter than asked for where it was interrupted. */
  readonly plan: Plan;
  readonly outcome: ReplicationOutcome;
  readonly facts: LiveFacts;
  /** Of all threads of this process. */
  readonly cpuSeconds: number;
}

/** How long the calls before the run may take, which make the code quick and are not counted. */
const WARM_MS_MAX = 1500;
/** From the order until the first instant: the order has to reach the other thread. */
const LEAD_US = 50_000;
const PROGRESS_EVERY_MS = 200;
const US_PER_MS = 1000;
const US_PER_SECOND = 1e6;

/** What of a scenario cannot be run live yet, as sentences; none: it can. */
export function whatCannotRunLive(document: Document, plan: Plan, compression: number): string[] {
  return [
    ...whatCannotRun(document, false, true),
    ...whatCannotLoad(document),
    ...whatCannotBeDone(plan),
    ...whatCannotBeCompressed(plan, compression),
  ];
}

/**
 * Null: it was interrupted before anything was measured. The plan is in times of the network, and
 * the one that is handed over in those of the wall.
 */
export async function runLive(
  document: Document,
  plan: Plan,
  replicationIndex: number,
  options: LiveOptions,
): Promise<LiveReplication | null> {
  const directory = mkdtempSync(join(tmpdir(), 'fedlab-run-'));
  try {
    const { trust, compression } = options;
    const clock = compression === 1 ? REAL_TIME : createNetworkClock(Date.now(), compression);
    const links = new PlannedLinks(plan, replicationIndex);
    const network = await startNetwork(document, {
      directory,
      ports: null,
      trust,
      allowsRestToSoap: false,
      clock,
      links,
      isDriven: true,
    });
    const troubles = new RunTroubles(plan, network, links);
    const ran = compressPlan(plan, compression);
    try {
      return await runOn({ network, troubles }, document, ran, replicationIndex, options);
    } finally {
      await network.stop();
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What a run is made on. */
interface Stage {
  readonly network: LiveNetwork;
  readonly troubles: RunTroubles;
}

async function runOn(
  stage: Stage,
  document: Document,
  plan: Plan,
  replicationIndex: number,
  options: LiveOptions,
): Promise<LiveReplication | null> {
  if (options.interrupt.aborted) return null;
  const { network } = stage;
  const targets = document.workloads.map((workload) => ({
    workload,
    endpoint: network.clientEndpointOf(workload),
  }));
  const { heldBackMs, interrupt, keep } = options;
  const generator = new Generator({ plan, replicationIndex, targets, heldBackMs });
  try {
    await generator.ready;
    await generator.warm(flowsToWarm(plan), WARM_MS_MAX);
    for (const id of plan.servers.id) await network.server(id).settled();
    if (interrupt.aborted) return null;
    const measured = await measure(stage, generator, plan, options);
    const { ranUs, cpuSeconds, threads, use, attacks } = measured;
    if (ranUs <= plan.warmUpUs) return null;
    const rows = generator.log.rows();
    const calls = rows.filter(({ attempt }) => attempt === 0).length;
    // What was to come later is no part of the run that there was.
    const ran =
      ranUs < plan.durationUs
        ? { ...plan, durationUs: ranUs, expected: { ...plan.expected, calls } }
        : plan;
    const outcome = liveOutcome(ran, { replicationIndex, rows, use, keep, attacks });
    const facts = { generator: generatorFacts(rows), threads };
    return { plan: ran, outcome, facts, cpuSeconds };
  } finally {
    await generator.close();
  }
}

/** Flows whose information system answers: a hung one would keep a thread for itself. */
function flowsToWarm({ sources, flows, services, systems }: Plan): number[] {
  const found = new Set<number>();
  for (let source = 0; source < sources.id.length; source++) {
    if (sources.attack[source] !== AttackKind.None) continue;
    for (let nth = 0; nth < sources.flowCount[source]; nth++) {
      const flow = sources.flowFrom[source] + nth;
      const system = services.system[flows.service[flow]];
      if (systems.state[system] === SystemState.Up) found.add(flow);
    }
  }
  return [...found];
}

interface Measured {
  /** How much of the run there was. */
  readonly ranUs: number;
  readonly use: ReturnType<UseSampler['end']>;
  readonly attacks: readonly AttackRow[];
  readonly threads: readonly ThreadFacts[];
  readonly cpuSeconds: number;
}

async function measure(
  { network, troubles }: Stage,
  generator: Generator,
  plan: Plan,
  { interrupt, onProgress }: LiveOptions,
): Promise<Measured> {
  const startUs = monotonicUs() + LEAD_US;
  const nowUs = (): number => Math.max(0, monotonicUs() - startUs);
  const sampler = new UseSampler(plan, network, nowUs);
  const meter = new ThreadMeter('servers');
  const cpuBefore = process.cpuUsage();
  const ticks = setInterval(
    () => onProgress(Math.min(nowUs(), plan.durationUs), generator.log.count),
    PROGRESS_EVERY_MS,
  );
  let ranUs = plan.durationUs;
  const stop = (): void => {
    ranUs = Math.min(plan.durationUs, Math.floor(nowUs()));
    generator.stop();
  };
  interrupt.addEventListener('abort', stop, { once: true });
  try {
    const running = generator.run(startUs);
    sampler.start();
    await troubles.start(startUs, (LEAD_US / US_PER_MS) * network.clock.compression);
    const calling = await Promise.race([running, sampler.failed]);
    const { user, system } = process.cpuUsage(cpuBefore);
    const cpuSeconds = (user + system) / US_PER_SECOND;
    const threads = [meter.end(), calling];
    const known = threads.reduce((sum, thread) => sum + thread.cpuSeconds, 0);
    const other = { ...UNKNOWN_THREAD, cpuSeconds: Math.max(0, cpuSeconds - known) };
    const use = sampler.end();
    const attacks = await troubles.stop();
    return { ranUs, use, attacks, threads: [...threads, other], cpuSeconds };
  } finally {
    clearInterval(ticks);
    sampler.stop();
    await troubles.stop();
    interrupt.removeEventListener('abort', stop);
  }
}

const UNKNOWN_THREAD = {
  name: 'other',
  eventLoopUtilisation: null,
  eventLoopDelayP50Ns: null,
  eventLoopDelayP99Ns: null,
  eventLoopDelayMaxNs: null,
};

/** What a reader of a live result has to know, beside what the scenario assumes. */
export function liveAssumptions(compression: number): AssumptionDocument[] {
  const cores = availableParallelism();
  const row = (what: string, value: string, source: string): AssumptionDocument => ({
    what,
    value,
    confidence: 'derived',
    source,
  });
  const compressed = row(
    'live: time compression',
    `the clock of trust runs ${compression} times as fast as the wall, and with it incidents, ` +
      'start-up times and the length of the run; rates, service times, the batch limit and the ' +
      'time-outs of messages do not, and all times of this result are of the wall',
    'sim/live/load/compressed-plan.ts',
  );
  return [
    ...(compression === 1 ? [] : [compressed]),
    row(
      'live: one machine',
      `all servers, information systems and callers share ${cores} cores`,
      'run.live.threads has the processor time of each thread; by server nobody knows it',
    ),
    row(
      'live: links',
      'between servers as the scenario says; to information systems and trust services, loopback',
      'sim/live/shaper/planned-links.ts',
    ),
    row(
      'live: latency',
      'from the intended start to the last byte; how late calls were sent is in run.live.generator',
      'sim/live/load/lateness.ts',
    ),
    row(
      'live: use of threads and connections',
      'looked at a hundred times a second',
      'sim/live/load/use-sampler.ts',
    ),
    row(
      'live: not observed, and 0',
      'stages, trust clocks, evidence, queues for a signature and for a connection on port 5500',
      'sim/live/load/live-outcome.ts',
    ),
  ];
}
