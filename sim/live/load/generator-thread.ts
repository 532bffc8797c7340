/**
 * The generator's thread: the information systems of all consumers. It sends every call when it is
 * due and notes when it was sent and how it ended; it counts nothing itself.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../base/assert.ts';
import { AttackKind } from '../../plan/plan.ts';
import { createSources } from '../../workload/sources.ts';
import type { DueCall } from '../../workload/sources.ts';
import { answerTo } from './answer.ts';
import { CallLog } from './call-log.ts';
import { Callers } from './callers.ts';
import type { GeneratorTask, Order, Told } from './generator-task.ts';
import { GRACE_US, Launcher } from './launcher.ts';
import { requestsOf } from './requests.ts';
import { monotonicUs } from './run-clock.ts';
import { ThreadMeter } from './thread-meter.ts';

const BATCH_EVERY_MS = 250;
const WARM_CALLS_A_FLOW = 20;
const US_PER_MS = 1000;

assert(parentPort !== null, 'this file is a thread, not a program');
const port = parentPort;
const task = workerData as GeneratorTask;
const { plan, replicationIndex } = task;
const requests = requestsOf(plan, task.targets);
const sources = createSources(plan, replicationIndex);
const log = new CallLog();
let startUs = Infinity;
let meter: ThreadMeter | null = null;
let batches: NodeJS.Timeout | null = null;
let end: NodeJS.Timeout | null = null;

const nowUs = (): number => monotonicUs() - startUs;
/** The bytes of an attack are not the business of those who call. */
const isAttack = ({ source }: DueCall): boolean => plan.sources.attack[source] !== AttackKind.None;
const callers = new Callers(plan, replicationIndex, {
  sources,
  log,
  nowUs,
  ask: ({ flow, requestBytes, messageId }, signal) => {
    const { endpoint, callOf, isSoap } = requestOf(flow);
    return answerTo(endpoint, { ...callOf(requestBytes, messageId), signal }, isSoap);
  },
  left: () => launcher.wake(),
});
const launcher = new Launcher({
  sources,
  nowUs,
  send: (call) => {
    if (!isAttack(call)) callers.begin(call);
  },
  heldBackMs: task.heldBackMs,
});

port.on('message', (order: Order) => {
  if (order.kind === 'warm') void warm(order.flows, order.maxMs);
  else if (order.kind === 'go') go(order.startUs);
  else stop();
});
tell({ kind: 'ready' });

async function warm(flows: readonly number[], maxMs: number): Promise<void> {
  const giveUp = AbortSignal.timeout(maxMs);
  for (let nth = 0; nth < WARM_CALLS_A_FLOW; nth++) {
    for (const flow of flows) {
      const { endpoint, callOf, isSoap } = requestOf(flow);
      if (giveUp.aborted) break;
      const call = callOf(0, `lab-warm-${replicationIndex}-${flow}-${nth}`);
      // One after the other, and each with all the time that is left.
      await answerTo(endpoint, { ...call, signal: giveUp }, isSoap);
    }
  }
  tell({ kind: 'warmed' });
}

function go(instantUs: number): void {
  startUs = instantUs;
  meter = new ThreadMeter('generator');
  batches = setInterval(tellCalls, BATCH_EVERY_MS);
  end = setTimeout(stop, Math.ceil((plan.durationUs + GRACE_US - nowUs()) / US_PER_MS));
  launcher.wake();
}

/** The run is over, or was interrupted: what is open stays open, for good. */
function stop(): void {
  if (meter === null) return;
  if (end !== null) clearTimeout(end);
  if (batches !== null) clearInterval(batches);
  for (const call of launcher.end()) if (!isAttack(call)) callers.miss(call);
  callers.end();
  const thread = meter.end();
  meter = null;
  tellCalls();
  tell({ kind: 'over', thread });
  port.close();
}

function tellCalls(): void {
  const batch = log.takeBatch();
  port.postMessage({ kind: 'calls', batch } satisfies Told, [batch.buffer]);
}

function tell(told: Told): void {
  port.postMessage(told);
}

function requestOf(flow: number): NonNullable<ReturnType<typeof requests.get>> {
  const request = requests.get(flow);
  assert(request !== undefined, `nothing is known of flow ${flow}`);
  return request;
}
