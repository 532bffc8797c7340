/** Settings that are right by themselves and wrong together: of countries, or of all servers. */
import type { PatchSpec } from '../catalogue/incident.ts';
import type { Document } from '../plan/document.ts';
import type { DocumentPath } from '../plan/path-issue.ts';
import { PatchColumn } from '../plan/plan.ts';
import { PARAMETERS } from '../plan/profile.ts';
import type { IssueList } from './compile-issues.ts';
import type { InstanceEntry, Network } from './compile-network.ts';
import { formatDuration, formatParameter, numberOf } from './compile-parameters.ts';

/**
 * The limit of whoever looks counts, also for certificates of other countries (facts 5.2): he
 * refuses those whose answers have grown too old for him, although they are well at home.
 */
export function checkFederation(document: Document, network: Network, issues: IssueList): void {
  for (const [index, verifier] of network.instances.entries()) {
    for (const [other, fetcher] of network.instances.entries()) {
      if (other === index || !network.areFederated(index, other)) continue;
      warnOfOldAnswers(verifier, { fetcher, other }, { document, network, issues });
    }
  }
}

interface Fetching {
  readonly fetcher: InstanceEntry;
  /** Its row. */
  readonly other: number;
}

interface Whole {
  readonly document: Document;
  readonly network: Network;
  readonly issues: IssueList;
}

function warnOfOldAnswers(
  verifier: InstanceEntry,
  { fetcher, other }: Fetching,
  { document, network, issues }: Whole,
): void {
  const freshUs = numberOf(verifier.parameters, 'ocspFreshness');
  const rare = network.servers.filter(
    ({ instance, parameters }) =>
      instance === other && numberOf(parameters, 'ocspFetchInterval') > freshUs,
  );
  if (rare.length === 0) return;
  const [{ id, parameters }] = rare;
  const fetchUs = numberOf(parameters, 'ocspFetchInterval');
  const isAll = fetchUs === numberOf(fetcher.parameters, 'ocspFetchInterval');
  const message =
    `${verifier.id} accepts no OCSP answers as old as those of ${fetcher.id} become: ` +
    'each server is refused until its next fetch';
  const hint =
    `ocspFreshness of ${verifier.id} is ${formatDuration(freshUs)}, ` +
    `ocspFetchInterval of ${isAll ? fetcher.id : id} is ${formatDuration(fetchUs)}`;
  const path = placeOfTrap(document, verifier, fetcher, freshUs);
  issues.warn(path, 'conflict', message, hint);
}

/** Where one of the two was written; else where the countries were joined. */
function placeOfTrap(
  { federation }: Document,
  verifier: InstanceEntry,
  fetcher: InstanceEntry,
  freshUs: number,
): DocumentPath {
  const isRare = (own: Readonly<Record<string, unknown>>): boolean =>
    Number(own['ocspFetchInterval'] ?? 0) > freshUs;
  if ('ocspFreshness' in verifier.document.parameters) {
    return ['instances', verifier.id, 'parameters', 'ocspFreshness'];
  }
  const { servers, parameters } = fetcher.document;
  const path = ['instances', fetcher.id];
  if (isRare(parameters)) return [...path, 'parameters', 'ocspFetchInterval'];
  const server = servers.findIndex((one) => isRare(one.parameters));
  if (server !== -1) return [...path, 'servers', server, 'parameters', 'ocspFetchInterval'];
  const isTheirs = (pair: readonly string[]): boolean =>
    pair.includes(verifier.id) && pair.includes(fetcher.id);
  return ['federation', federation.findIndex(isTheirs)];
}

const VERSION = PARAMETERS.find(({ name }) => name === 'minClientVersion') ?? null;

const versionText = (version: number): string =>
  VERSION === null ? String(version) : formatParameter(VERSION, version);

/** Changes that an incident makes, by its index in the document. */
export type ChangesOf = ReadonlyMap<number, readonly PatchSpec[]>;

/** Who accepts only versions that no server has, nor gets in the run, is called by nobody. */
export function checkVersions(network: Network, changes: ChangesOf, issues: IssueList): void {
  const { servers, instances } = network;
  if (servers.length === 0) return;
  const upgrades = [...changes.values()]
    .flat()
    .flatMap(({ column, value }) => (column === PatchColumn.ServerVersion ? [value] : []));
  const newest = [...servers.map(({ version }) => version), ...upgrades].reduce((one, other) =>
    Math.max(one, other),
  );
  const warn = (path: DocumentPath, who: string, oldest: number): void => {
    const message = `no server of the scenario may call ${who}: all are too old`;
    const versions = `the newest version is ${versionText(newest)}`;
    const hint = `${versions}, and ${versionText(oldest)} is the oldest that is accepted`;
    issues.warn(path, 'conflict', message, hint);
  };
  for (const { id, document, parameters } of instances) {
    const path = ['instances', id];
    const oldest = numberOf(parameters, 'minClientVersion');
    const isWritten = 'minClientVersion' in document.parameters;
    const place = isWritten ? [...path, 'parameters', 'minClientVersion'] : path;
    if (oldest > newest) warn(place, id, oldest);
    for (const [index, server] of document.servers.entries()) {
      const own = Number(server.parameters['minClientVersion'] ?? 0);
      const at = [...path, 'servers', index, 'parameters', 'minClientVersion'];
      if (own > newest) warn(at, `"${id}/${server.owner}/${server.id}"`, own);
    }
  }
  for (const [incident, specs] of changes) {
    const raised = specs.find(
      ({ column, value }) => column === PatchColumn.MinClientVersion && value > newest,
    );
    const path = ['incidents', incident, 'settings', 'minVersion'];
    if (raised !== undefined) warn(path, 'its targets from then on', raised.value);
  }
}
