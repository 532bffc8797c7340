/**
 * Workloads that name only what exists, and whose calls can still never be answered, because one of
 * the two things that are forgotten most easily is missing: the federation, or the right of access.
 * A scenario may well be about refusals, so these are warnings.
 */
import type { WorkloadDocument } from '../plan/document.ts';
import type { DocumentPath } from '../plan/path-issue.ts';
import type { Flows, Refusal } from './compile-flows.ts';
import type { IssueList } from './compile-issues.ts';
import type { Network } from './compile-network.ts';
import type { Services } from './compile-services.ts';

/** The calls of a workload, or one group of calls of a journey. */
export type CalledDocument = Pick<
  WorkloadDocument,
  'id' | 'client' | 'method' | 'path' | 'services'
>;

export interface LinkedWorkload {
  readonly workload: CalledDocument;
  readonly path: DocumentPath;
  readonly flowFrom: number;
  /** Of each of its flows: the index in the list of services that the workload calls. */
  readonly indexes: readonly number[];
}

interface RefusalParts {
  readonly network: Network;
  readonly services: Services;
  readonly flows: Flows;
  readonly issues: IssueList;
}

interface Refused {
  readonly code: Refusal;
  readonly because: string;
  readonly hint: string;
  /** Of the services that the workload calls. */
  readonly indexes: number[];
}

/** One warning for each reason, whatever the number of services. */
export function warnOfRefusals(linked: LinkedWorkload, parts: RefusalParts): void {
  const { workload, path, flowFrom, indexes } = linked;
  const found: Refused[] = [];
  for (const [at, index] of indexes.entries()) {
    const refused = refusedAt(flowFrom + at, index, workload, parts);
    if (refused === null) continue;
    const same = found.find(({ because }) => because === refused.because);
    if (same === undefined) found.push(refused);
    else same.indexes.push(index);
  }
  for (const { code, because, hint, indexes: all } of found) {
    const [first] = all;
    const also = all.length === 1 ? '' : ` and ${all.length - 1} more`;
    const called = `${workload.services[first].service}${also}`;
    const message = `no call of "${workload.id}" to ${called} can succeed: ${because}`;
    parts.issues.warn([...path, 'services', first, 'service'], code, message, hint);
  }
}

function refusedAt(
  row: number,
  index: number,
  workload: CalledDocument,
  { network, services, flows }: RefusalParts,
): Refused | null {
  const code = flows.refusalOf(row);
  if (code === null) return null;
  const { spec } = flows.rows[row];
  const { subsystem, document } = services.services[spec.service];
  if (code === 'not-federated') {
    const home = network.instances[network.servers[spec.server].instance].id;
    const abroad = network.instances[subsystem.instance].id;
    const because = `${home} and ${abroad} are not federated`;
    return { code, because, hint: `write [${home}, ${abroad}] under federation`, indexes: [index] };
  }
  const { client, method } = workload;
  const isNamed = (document?.access ?? []).some(
    (right) => right.subsystem === client || right.localGroup?.includes(client) === true,
  );
  const asked = `${method} ${workload.path === '' ? '/' : workload.path}`;
  const because = isNamed
    ? `the rights of ${client} do not cover ${asked}`
    : `${client} is missing from access`;
  const hint = isNamed
    ? 'widen method or path in the access of the service, or call another path'
    : 'add it to the access of the service; until then every call ends in access_denied';
  return { code, because, hint, indexes: [index] };
}
