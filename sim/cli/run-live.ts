/**
 * `fedlab run FILE --engine live`: the scenario over real sockets, one replication after the other,
 * into the same result folder as in virtual time. Ports are any free ones, so no other program can
 * be in the way.
 */
import type { LiveFacts, ThreadFacts } from '../metrics/result.ts';
import { runResult } from '../metrics/run-result.ts';
import { mergeOutcomes } from '../metrics/totals.ts';
import { liveAssumptions, runLive, whatCannotRunLive } from '../live/run.ts';
import type { LiveReplication } from '../live/run.ts';
import { Trust } from '../live/trust.ts';
import type { Plan } from '../plan/plan.ts';
import { StoppingPoint } from '../pool/stopping.ts';
import { findWarmUp } from '../pool/warm-up.ts';
import { ProgressLine } from './progress.ts';
import { readTool } from './repository.ts';
import type { ResultFolderWriter } from './result-folder.ts';
import { EXIT_INTERRUPTED, handOver, runFacts } from './run-output.ts';
import type { Finished, RunRequest } from './run-output.ts';
import type { PreparedScenario } from './scenario-file.ts';
import { UserError } from './user-error.ts';

/** The servers', and the generator's. */
const THREADS = 2;

/** Before anything is started or written. */
export function refuseUnbuilt({ document, plan }: PreparedScenario, compression = 1): void {
  const missing = whatCannotRunLive(document, plan, compression);
  if (missing.length === 0) return;
  const list = missing.map((what) => `  ${what}`).join('\n');
  throw new UserError(`the live engine cannot run this scenario:\n${list}`);
}

export async function runLiveInto(writer: ResultFolderWriter, asked: RunRequest): Promise<number> {
  const finished = await runLiveWhole(asked);
  if (finished !== null) return handOver(writer, asked, finished);
  asked.session.terminal.tell('nothing was measured yet, so nothing is written');
  return EXIT_INTERRUPTED;
}

/** Null: it was interrupted before anything was measured. */
export async function runLiveWhole(asked: RunRequest): Promise<Finished | null> {
  const { options, prepared, session } = asked;
  const { interrupt } = session;
  const compression = options.compress ?? 1;
  const startedAt = new Date();
  // The pilot is made in virtual time, where it costs next to nothing.
  const warmedUp = await findWarmUp(prepared.plan, { interrupt, failure: null });
  if (warmedUp.plan === null && !interrupt.aborted) {
    throw new UserError(
      `the pilot could not be finished: ${warmedUp.reason ?? 'nobody knows why'}`,
    );
  }
  const done = warmedUp.plan === null ? [] : await replicate(warmedUp.plan, asked);
  if (warmedUp.plan === null || done.length === 0) return null;
  const [{ plan: ran }] = done;
  const plan = { ...ran, assumptions: [...ran.assumptions, ...liveAssumptions(compression)] };
  const outcomes = done.map(({ outcome }) => outcome);
  const totals = mergeOutcomes(outcomes);
  const result = runResult(plan, outcomes, totals, {
    run: runFacts(asked, totals, {
      startedAt,
      workers: THREADS,
      cpuSeconds: done.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
      workerFailures: [],
      isInterrupted: interrupt.aborted,
      live: sumOf(done.map(({ facts }) => facts)),
    }),
    tool: readTool(),
    engine: 'live',
    timeCompression: compression,
    scenario: { path: prepared.path, sha256: prepared.sha256 },
    unfinished: [],
    pilotWarmUp: warmedUp.pilotWarmUp,
  });
  return { plan, outcomes, totals, result };
}

/** Those that were finished; or, when not even one was, what there was of the first. */
async function replicate(plan: Plan, asked: RunRequest): Promise<LiveReplication[]> {
  const { options, prepared, session } = asked;
  const { interrupt, terminal, environment } = session;
  const compression = options.compress ?? 1;
  const isSilent = options.quiet === true || options.json === true;
  const progress = isSilent ? null : new ProgressLine(terminal, plan, () => Date.now());
  const stopping = new StoppingPoint(plan);
  const trust = new Trust();
  const done: LiveReplication[] = [];
  let exchangesBefore = 0;
  try {
    while (done.length < stopping.count && !interrupt.aborted) {
      const running = runLive(prepared.document, plan, done.length, {
        trust,
        keep: options.exchanges,
        compression,
        interrupt,
        heldBackMs: heldBackMs(environment['FEDLAB_TEST_FAIL'] ?? ''),
        onProgress: (runUs, calls) =>
          progress?.update({
            simulatedUs: done.length * plan.durationUs + runUs * compression,
            exchanges: exchangesBefore + calls,
            replicationsDone: done.length,
            replicationsMax: stopping.count,
          }),
      });
      const replication = await running.catch(refuseAddress);
      const isWhole =
        replication !== null &&
        replication.plan.durationUs >= Math.round(plan.durationUs / compression);
      if (replication === null || (!isWhole && done.length > 0)) break;
      done.push(replication);
      stopping.done(replication.outcome);
      exchangesBefore += replication.facts.generator.sent;
    }
  } finally {
    progress?.end();
  }
  return done;
}

/** Another program, or a machine without all of 127.0.0.0/8, is no mistake of ours. */
function refuseAddress(error: unknown): never {
  const { syscall, code, address, port } = error as NodeJS.ErrnoException & ListenError;
  if (syscall !== 'listen') throw error;
  const why = code === 'EADDRINUSE' ? 'is in use by another program' : `cannot be used (${code})`;
  throw new UserError(`port ${port} of ${address} ${why}`);
}

interface ListenError {
  readonly address: string;
  readonly port: number;
}

/** Tests only: `late:MS` makes a generator that cannot keep up. */
function heldBackMs(failure: string): number {
  return Number(/^late:(\d+)$/.exec(failure)?.[1] ?? 0);
}

/** Counts are added, and of the times the worst one counts. */
function sumOf(facts: readonly LiveFacts[]): LiveFacts {
  return facts.reduce((a, b) => ({
    generator: {
      due: a.generator.due + b.generator.due,
      sent: a.generator.sent + b.generator.sent,
      late: a.generator.late + b.generator.late,
      lateLimitNs: Math.max(a.generator.lateLimitNs, b.generator.lateLimitNs),
      latenessP50Ns: Math.max(a.generator.latenessP50Ns, b.generator.latenessP50Ns),
      latenessP99Ns: Math.max(a.generator.latenessP99Ns, b.generator.latenessP99Ns),
      latenessMaxNs: Math.max(a.generator.latenessMaxNs, b.generator.latenessMaxNs),
      keptUp: a.generator.keptUp && b.generator.keptUp,
    },
    threads: a.threads.map((thread, row) => sumOfThread(thread, b.threads[row])),
  }));
}

function sumOfThread(a: ThreadFacts, b: ThreadFacts): ThreadFacts {
  return {
    name: a.name,
    cpuSeconds: a.cpuSeconds + b.cpuSeconds,
    eventLoopUtilisation: larger(a.eventLoopUtilisation, b.eventLoopUtilisation),
    eventLoopDelayP50Ns: larger(a.eventLoopDelayP50Ns, b.eventLoopDelayP50Ns),
    eventLoopDelayP99Ns: larger(a.eventLoopDelayP99Ns, b.eventLoopDelayP99Ns),
    eventLoopDelayMaxNs: larger(a.eventLoopDelayMaxNs, b.eventLoopDelayMaxNs),
  };
}

const larger = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? null : Math.max(a, b);
