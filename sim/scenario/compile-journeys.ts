/** Journeys as rows: steps in sequence, calls in parallel, and the sources that begin them. */
import { expectedArrivals } from '../population/rate-integral.ts';
import type {
  JourneyCallDocument,
  JourneyDocument,
  JourneyStepDocument,
} from '../plan/document.ts';
import type { DocumentPath } from '../plan/path-issue.ts';
import { SourceKind } from '../plan/plan.ts';
import type { JourneyCallTable, JourneyStepTable, JourneyTable } from '../plan/plan.ts';
import { checkCallers } from './compile-callers.ts';
import { soundDefects } from './compile-defects.ts';
import { meanOf } from './compile-distributions.ts';
import { sourceOf } from './compile-flows.ts';
import { warnOfRefusals } from './compile-refusals.ts';
import { ARRIVALS, checkTimes, findConsumerServer, meanAnswerUs } from './compile-workloads.ts';
import type { LoadParts } from './compile-workloads.ts';

/** Calls of one journey; more is a slip of the pen, and their numbers would run out. */
const CALLS_MAX = 1000;

interface JourneyEntry {
  readonly id: string;
  readonly stepFrom: number;
  readonly stepCount: number;
  readonly callCount: number;
  readonly patienceUs: number;
  readonly instance: number;
}

interface StepEntry {
  readonly callFrom: number;
  readonly callCount: number;
  readonly needed: number;
  readonly waitsForAll: boolean;
  readonly thinkTime: number;
}

interface CallEntry {
  readonly flowFrom: number;
  readonly flowCount: number;
  readonly share: number;
  readonly isRequired: boolean;
  readonly policy: number;
}

export class JourneyRows {
  readonly journeys: JourneyEntry[] = [];
  readonly steps: StepEntry[] = [];
  readonly calls: CallEntry[] = [];

  journeyTable(): JourneyTable {
    const { journeys } = this;
    return {
      id: journeys.map(({ id }) => id),
      stepFrom: Int32Array.from(journeys, ({ stepFrom }) => stepFrom),
      stepCount: Int32Array.from(journeys, ({ stepCount }) => stepCount),
      callCount: Int32Array.from(journeys, ({ callCount }) => callCount),
      patienceUs: Float64Array.from(journeys, ({ patienceUs }) => patienceUs),
      instance: Int32Array.from(journeys, ({ instance }) => instance),
    };
  }

  stepTable(): JourneyStepTable {
    const { steps } = this;
    return {
      callFrom: Int32Array.from(steps, ({ callFrom }) => callFrom),
      callCount: Int32Array.from(steps, ({ callCount }) => callCount),
      needed: Int32Array.from(steps, ({ needed }) => needed),
      waitsForAll: Uint8Array.from(steps, ({ waitsForAll }) => Number(waitsForAll)),
      thinkTime: Int32Array.from(steps, ({ thinkTime }) => thinkTime),
    };
  }

  callTable(): JourneyCallTable {
    const { calls } = this;
    return {
      flowFrom: Int32Array.from(calls, ({ flowFrom }) => flowFrom),
      flowCount: Int32Array.from(calls, ({ flowCount }) => flowCount),
      share: Float64Array.from(calls, ({ share }) => share),
      isRequired: Uint8Array.from(calls, ({ isRequired }) => Number(isRequired)),
      policy: Int32Array.from(calls, ({ policy }) => policy),
    };
  }
}

export interface JourneyParts extends LoadParts {
  readonly journeys: JourneyRows;
}

/** Adds the journeys, their flows and their sources; gives the calls to expect. */
export function linkJourneys(parts: JourneyParts): number {
  const { document, issues } = parts;
  let calls = 0;
  for (const [index, journey] of document.journeys.entries()) {
    const path = ['journeys', index];
    checkId(journey, index, path, parts);
    checkCallers(journey.callers, [...path, 'callers'], issues);
    const what = `journey "${journey.id}"`;
    const isTimed = checkTimes(what, journey, document.durationUs, path, issues);
    const policy = parts.policies.add(journey.callers);
    const flowFrom = parts.flows.rows.length;
    const linked = linkSteps(journey, policy, path, parts);
    if (linked === null || !isTimed) continue;
    const flowCount = parts.flows.rows.length - flowFrom;
    const run = { flowFrom, flowCount, policy, journey: linked.row };
    const begun = addSources(journey, run, linked.cycleUs, parts);
    calls += begun * linked.callsEach;
  }
  return calls;
}

/** Sources of workloads and journeys share their names: chance is keyed by them. */
function checkId(
  { id }: JourneyDocument,
  index: number,
  path: DocumentPath,
  { document, issues }: JourneyParts,
): void {
  const first = document.journeys.findIndex((other) => other.id === id);
  const workload = document.workloads.findIndex((other) => other.id === id);
  if (first !== index) {
    issues.duplicate([...path, 'id'], 'journey', id, ['journeys', first, 'id']);
  } else if (workload !== -1) {
    const place = ['workloads', workload, 'id'];
    issues.duplicate([...path, 'id'], 'source of calls', id, place);
  }
}

interface LinkedJourney {
  readonly row: number;
  /** Calls that one journey makes, in the mean. */
  readonly callsEach: number;
  /** What one lasts when nobody waits but for people and information systems. */
  readonly cycleUs: number;
}

/** Null: something is wrong with it, and has been said. */
function linkSteps(
  journey: JourneyDocument,
  policy: number,
  path: DocumentPath,
  parts: JourneyParts,
): LinkedJourney | null {
  const { journeys, network } = parts;
  const server = findConsumerServer(journey, soundDefects(), path, network, parts.issues);
  if (server === -1 || !checkSize(journey, path, parts)) return null;
  const stepFrom = journeys.steps.length;
  const callsBefore = journeys.calls.length;
  const known = new Set<string>();
  let [isLinked, callsEach, cycleUs] = [true, 0, 0];
  for (const [index, step] of journey.steps.entries()) {
    const place = [...path, 'steps', index];
    const linked = linkStep({ journey, step, server, policy, path: place, known }, parts);
    if (linked === null) {
      isLinked = false;
      continue;
    }
    callsEach += linked.callsEach;
    cycleUs += linked.cycleUs;
  }
  if (!isLinked) return null;
  const row = journeys.journeys.length;
  journeys.journeys.push({
    id: journey.id,
    stepFrom,
    stepCount: journeys.steps.length - stepFrom,
    callCount: journeys.calls.length - callsBefore,
    patienceUs: journey.patienceUs ?? Infinity,
    instance: network.servers[server].instance,
  });
  return { row, callsEach, cycleUs };
}

function checkSize(journey: JourneyDocument, path: DocumentPath, parts: JourneyParts): boolean {
  const count = journey.steps.reduce(
    (sum, { calls }) => sum + calls.reduce((part, { times }) => part + times, 0),
    0,
  );
  if (count > 0 && count <= CALLS_MAX) return true;
  const message = `journey "${journey.id}" makes ${count === 0 ? 'no' : count} calls`;
  const code = count === 0 ? 'missing-value' : 'out-of-range';
  parts.issues.error([...path, 'steps'], code, message, `1 to ${CALLS_MAX} make sense`);
  return false;
}

interface StepSetting {
  readonly journey: JourneyDocument;
  readonly step: JourneyStepDocument;
  /** Of the journey's client. */
  readonly server: number;
  readonly policy: number;
  readonly path: DocumentPath;
  /** Names that were found missing before: once is enough. */
  readonly known: Set<string>;
}

function linkStep(
  setting: StepSetting,
  parts: JourneyParts,
): Pick<LinkedJourney, 'callsEach' | 'cycleUs'> | null {
  const { step, path, policy } = setting;
  const { journeys, issues, distributions } = parts;
  const callFrom = journeys.calls.length;
  let [required, callsEach, answerUs, isLinked] = [0, 0, 0, true];
  for (const [index, call] of step.calls.entries()) {
    const flows = linkCall(call, [...path, 'calls', index], setting, parts);
    if (flows === null) {
      isLinked = false;
      continue;
    }
    const { share, isRequired, times } = call;
    const row = { flowFrom: flows.flowFrom, flowCount: flows.flowCount, share, isRequired, policy };
    for (let time = 0; time < times; time++) journeys.calls.push(row);
    if (isRequired) required += times;
    callsEach += times * share;
    answerUs = Math.max(answerUs, flows.answerUs);
  }
  if (!isLinked) return null;
  const needed = step.join === 'all' ? required : step.join === 'any' ? 1 : step.join;
  if (needed > required) {
    const message = `it waits for ${needed} answers, and ${required} of its calls are required`;
    issues.error([...path, 'join'], 'out-of-range', message, 'write all, any, or a smaller number');
    return null;
  }
  journeys.steps.push({
    callFrom,
    callCount: journeys.calls.length - callFrom,
    needed,
    waitsForAll: step.join === 'all',
    thinkTime: step.thinkTime === null ? -1 : distributions.add(step.thinkTime),
  });
  const thinkUs = step.thinkTime === null ? 0 : meanOf(step.thinkTime);
  return { callsEach, cycleUs: thinkUs + answerUs };
}

interface LinkedCall {
  readonly flowFrom: number;
  readonly flowCount: number;
  readonly answerUs: number;
}

/** The flows of one call: one for each service that it may go to. */
function linkCall(
  call: JourneyCallDocument,
  path: DocumentPath,
  { journey, server, known }: StepSetting,
  parts: JourneyParts,
): LinkedCall | null {
  const { services, flows, network, issues } = parts;
  const isOwn = call.client === null || call.client === journey.client;
  const client = isOwn ? journey.client : (call.client ?? journey.client);
  const from = isOwn
    ? server
    : findConsumerServer({ client, server: null }, soundDefects(), path, network, issues);
  const rows: { index: number; service: number; weight: number }[] = [];
  for (const [index, { service, weight }] of call.services.entries()) {
    const row = services.rows.get(service);
    if (row !== undefined) rows.push({ index, service: row, weight });
    else if (!services.broken.has(service) && !known.has(service)) {
      known.add(service);
      const place = [...path, 'services', index, 'service'];
      issues.unknown(place, 'service', service, services.rows.keys());
    }
  }
  const whole = rows.reduce((sum, { weight }) => sum + weight, 0);
  const isComplete = rows.length === call.services.length;
  if (isComplete && !(whole > 0)) {
    issues.error([...path, 'services'], 'missing-value', 'this call goes to no service');
  }
  if (from === -1 || !isComplete || !(whole > 0)) return null;
  const { method, path: asked, requestSize } = call;
  const specs = rows.map(({ service }) => ({
    client,
    server: from,
    service,
    target: -1,
    method,
    path: asked,
    requestSize,
    uploadBandwidth: Infinity,
    defects: soundDefects(),
  }));
  const flowFrom = flows.add(
    specs,
    rows.map(({ weight }) => weight),
  );
  const workload = { id: journey.id, client, method, path: asked, services: call.services };
  warnOfRefusals({ workload, flowFrom, indexes: rows.map(({ index }) => index), path }, parts);
  const answerUs = rows.reduce(
    (sum, { service, weight }) => sum + (meanAnswerUs(service, parts) * weight) / whole,
    0,
  );
  return { flowFrom, flowCount: rows.length, answerUs };
}

interface JourneyRun {
  readonly flowFrom: number;
  readonly flowCount: number;
  readonly policy: number;
  readonly journey: number;
}

/** Gives the journeys to expect; of users an upper bound, as for users of a workload. */
function addSources(
  journey: JourneyDocument,
  run: JourneyRun,
  cycleUs: number,
  parts: JourneyParts,
): number {
  const { durationUs, startOfDayUs } = parts.document;
  const { id, startUs, rate, users } = journey;
  const stopUs = Math.min(journey.stopUs ?? durationUs, durationUs);
  const { sources } = parts.flows;
  if (rate !== null) {
    const kind = ARRIVALS[journey.arrivals];
    sources.push(sourceOf({ id, kind, rate: parts.rates.add(rate), startUs, stopUs, ...run }));
    return expectedArrivals(rate, startOfDayUs, startUs, stopUs);
  }
  const think = journey.thinkTime ?? { kind: 'constant' as const, value: 0 };
  const thinkTime = parts.distributions.add(think);
  for (let user = 1; user <= users; user++) {
    const name = `${id}/user-${user}`;
    sources.push(sourceOf({ id: name, kind: SourceKind.User, thinkTime, startUs, stopUs, ...run }));
  }
  return (users * (stopUs - startUs)) / Math.max(1000, meanOf(think) + cycleUs);
}
