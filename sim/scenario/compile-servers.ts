/** The table of servers: their parameters, in the columns that the engines read. */
import { KEY_TYPES } from '../plan/calibration.ts';
import type { ServerTable } from '../plan/plan.ts';
import type { ParameterName, ParameterValues } from '../plan/profile.ts';
import type { Defects } from './compile-defects.ts';
import type { Network, ServerEntry } from './compile-network.ts';
import { numberOf } from './compile-parameters.ts';
import type { CompiledTrust } from './compile-trust.ts';

export function serverTable({ servers }: Network, trust: CompiledTrust): ServerTable {
  const ints = (pick: (server: ServerEntry) => number): Int32Array =>
    Int32Array.from(servers, pick);
  const int = (name: ParameterName): Int32Array =>
    ints(({ parameters }) => numberOf(parameters, name));
  const double = (name: ParameterName): Float64Array =>
    Float64Array.from(servers, ({ parameters }) => numberOf(parameters, name));
  const flag = (pick: (server: ServerEntry) => boolean): Uint8Array =>
    Uint8Array.from(servers, (server) => Number(pick(server)));
  const reuses = flag(({ parameters }) => parameters.connectionReuse === true);
  return {
    id: servers.map(({ id }) => id),
    instance: ints(({ instance }) => instance),
    host: ints(({ host }) => host),
    version: ints(({ version }) => version),
    minClientVersion: int('minClientVersion'),
    costProfile: ints(({ parameters }) => costProfile(parameters)),
    ...defectColumns(servers.map(({ defects }) => defects)),
    isInMaintenance: flag(({ isInMaintenance }) => isInMaintenance),
    clientThreads: int('clientThreads'),
    serverThreads: int('serverThreads'),
    logConnections: int('logConnections'),
    connectionsMax: int('connectionsMax'),
    connectionsPerRouteMax: int('connectionsPerRouteMax'),
    antiDosConnections: int('antiDosConnections'),
    fileHandles: int('fileHandles'),
    fileHandlesFreeMin: int('fileHandlesFreeMin'),
    reusesConnections: reuses,
    // One switch for both sides, as the Finnish package sets both.
    allowsReuse: reuses.slice(),
    batchSigning: flag(({ parameters }) => parameters.batchSigning === true),
    loggableBytesMax: Float64Array.from(servers, ({ parameters }) => loggableBytes(parameters)),
    clientTimeoutUs: double('clientTimeout'),
    cachedConnectTimeoutUs: double('cachedConnectTimeout'),
    stickinessUs: double('fastestCachePeriod'),
    idleTimeoutUs: double('idleTimeout'),
    poolIdleUs: double('poolIdleTimeout'),
    signerTimeoutUs: double('signerTimeout'),
    logPoolTimeoutUs: double('logPoolTimeout'),
    startUpUs: double('startUpTime'),
    localDelayUs: Float64Array.from(servers, ({ parameters }) =>
      Math.round(numberOf(parameters, 'localRtt') / 2),
    ),
    ...trust.serverColumns,
  };
}

type DefectColumns = Pick<
  ServerTable,
  | 'clientFactsBroken'
  | 'serverFactsBroken'
  | 'clientFailEffect'
  | 'clientFailCause'
  | 'serverFailEffect'
  | 'serverFailCause'
>;

function defectColumns(defects: readonly Defects[]): DefectColumns {
  return {
    clientFactsBroken: Int32Array.from(defects, ({ client }) => client.factsBroken),
    serverFactsBroken: Int32Array.from(defects, ({ server }) => server.factsBroken),
    clientFailEffect: Uint8Array.from(defects, ({ client }) => client.failEffect),
    clientFailCause: Uint8Array.from(defects, ({ client }) => client.failCause),
    serverFailEffect: Uint8Array.from(defects, ({ server }) => server.failEffect),
    serverFailCause: Uint8Array.from(defects, ({ server }) => server.failCause),
  };
}

/** Rows of the cost table stand in the order of KEY_TYPES. */
function costProfile({ keyType }: ParameterValues): number {
  return KEY_TYPES.findIndex((known) => known === keyType);
}

/** Only a logged body can be too large for the log (facts 5.3). */
function loggableBytes(parameters: ParameterValues): number {
  return parameters.bodyLogging === true ? numberOf(parameters, 'loggableBodyMax') : Infinity;
}
