/** What each source of a plan sends, and where to: its workload's request, for the flow drawn. */
import { assert } from '../../base/assert.ts';
import type { Document, WorkloadDocument } from '../../plan/document.ts';
import { AttackKind } from '../../plan/plan.ts';
import type { Plan } from '../../plan/plan.ts';
import { callOf } from '../caller.ts';
import type { Endpoint, WholeCall } from '../loopback.ts';
import { soapCallOf } from '../soap-caller.ts';
import type { DefectName } from '../sabotage.ts';

/** Where the clients of a workload call. */
export interface Target {
  readonly workload: WorkloadDocument;
  readonly endpoint: Endpoint;
}

/** One service of a workload, as its requests are made. */
export interface Request {
  readonly endpoint: Endpoint;
  readonly isSoap: boolean;
  readonly callOf: (bytes: number, id: string) => WholeCall;
}

/** By flow: every flow of ordinary load is of one workload. */
export function requestsOf(
  { sources, flows, services }: Plan,
  targets: readonly Target[],
): ReadonlyMap<number, Request> {
  const byId = new Map(
    targets.flatMap((target) => sourceIdsOf(target.workload).map((id) => [id, target] as const)),
  );
  const requests = new Map<number, Request>();
  for (const [source, id] of sources.id.entries()) {
    if (sources.attack[source] !== AttackKind.None) continue;
    const target = byId.get(id);
    assert(target !== undefined, `no workload sends what comes from ${id}`);
    const { workload, endpoint } = target;
    assert(sources.flowCount[source] === workload.services.length, 'a flow for each service');
    for (const [index, service] of workload.services.entries()) {
      const flow = sources.flowFrom[source] + index;
      const one = { ...workload, services: [service] };
      const isSoap = services.isSoap[flows.service[flow]] !== 0;
      const make = isSoap ? soapCallOf : callOf;
      const request = { endpoint, isSoap };
      requests.set(flow, { ...request, callOf: (bytes, id) => make(one, bytes, id) });
    }
  }
  return requests;
}

/** As scenario/compile-workloads.ts names them: itself, or each of its users. */
function sourceIdsOf({ id, kind, users }: WorkloadDocument): string[] {
  if (kind === 'open') return [id];
  return Array.from({ length: users }, (_, index) => `${id}/user-${index + 1}`);
}

/** Made by the servers on request of the caller, which another thread cannot ask them. */
const SABOTAGED: readonly DefectName[] = [
  'not-post',
  'broken-multipart',
  'no-message-part',
  'no-signature',
  'tampered',
  'wrong-signer',
  'stale-ocsp',
  'other-server',
  'response-without-signature',
  'response-without-part',
  'response-tampered',
  'response-inconsistent',
];

/** What of a scenario's load the generator cannot make, as sentences. */
export function whatCannotLoad({ workloads, journeys }: Document): string[] {
  const names: readonly string[] = SABOTAGED;
  return [
    ...journeys.map(({ id }) => `${id}: journeys are for virtual time`),
    ...workloads.flatMap(({ id, defects, uploadBandwidth }) => [
      ...(uploadBandwidth === Infinity ? [] : [`${id}: a slow upload is not built`]),
      ...defects
        .filter((name) => names.includes(name))
        .map((name) => `${id}: "${name}" is not made under load`),
    ]),
  ];
}
