/**
 * exchanges.csv: the exchanges that were kept, as records of X-Road's operational monitoring, with
 * its field names and in its order (facts 10.1): one of the consumer's server, type Client, and one
 * of the provider's, type Producer, if the request reached it.
 *
 * Instants are milliseconds since 1970, as X-Road writes them: the run is taken to begin on the
 * 1st of January 2026, UTC, at the scenario's time of day. Where they lie is facts 10.1, too. A
 * server writes a record when an exchange ends, so those that were open at the end of the run have
 * none (the journal has them). Attempts of one call are exchanges of their own, and messageId ends
 * with which one it is from the second on. messageIssue names the incident whose attack an exchange
 * belongs to; ordinary ones have none.
 *
 * messageUserId is the person whose journey an exchange belongs to; what no person asks for has
 * none. Nobody has these codes: they are drawn, and only follow the rules of real ones
 * (workload/citizen.ts). X-Road does not verify the header either (facts 8).
 */
import type { Plan } from '../plan/plan.ts';
import { findFault, spellFault, statusOfFault } from '../protocol/fault.ts';
import type { FaultSide } from '../protocol/fault.ts';
import { csvLine } from './csv.ts';
import type { CsvCell } from './csv.ts';
import { exchangeId, requestUuid } from './exchange-id.ts';
import { clientVersionOf, providerVersionOf } from './journal.ts';
import type { ReplicationOutcome } from './outcome.ts';
import type { UserIdOf } from './user-id.ts';

/** 2026-01-01T00:00:00Z in milliseconds. */
const EPOCH_MS = 1_767_225_600_000;
const US_PER_MS = 1000;
/** The fault of an exchange that was open at the end of the run. */
const OPEN = -1;

const COLUMNS = [
  'monitoringDataTs',
  'securityServerType',
  'requestInTs',
  'requestOutTs',
  'responseInTs',
  'responseOutTs',
  'clientXRoadInstance',
  'clientMemberClass',
  'clientMemberCode',
  'clientSubsystemCode',
  'serviceXRoadInstance',
  'serviceMemberClass',
  'serviceMemberCode',
  'serviceSubsystemCode',
  'serviceCode',
  'messageId',
  'messageUserId',
  'messageIssue',
  'clientSecurityServerAddress',
  'serviceSecurityServerAddress',
  'requestSize',
  'responseSize',
  'succeeded',
  'statusCode',
  'faultCode',
  'faultString',
  'serviceType',
  'xRequestId',
  'xRoadVersion',
] as const;

type Column = (typeof COLUMNS)[number];
type Cells = Readonly<Record<Column, CsvCell>>;

/** The lines of the file, its header first. */
export function* exchangeLines(
  plan: Plan,
  outcomes: readonly ReplicationOutcome[],
  userIdOf: UserIdOf,
): Generator<string> {
  yield csvLine(COLUMNS);
  for (const outcome of outcomes) {
    for (let row = 0; row < outcome.journal.kept.flow.length; row++) {
      if (outcome.journal.kept.fault[row] === OPEN) continue;
      const common = commonCells(plan, outcome, row, userIdOf);
      // A server that was down has seen nothing, and writes no record.
      if (outcome.journal.kept.requestInUs[row] > 0) {
        yield line({ ...common, ...clientCells(plan, outcome, row) });
      }
      if (outcome.journal.kept.providerRequestInUs[row] > 0) {
        yield line({ ...common, ...producerCells(plan, outcome, row) });
      }
    }
  }
}

function line(cells: Cells): string {
  return csvLine(COLUMNS.map((column) => cells[column]));
}

type RecordColumn =
  | 'monitoringDataTs'
  | 'securityServerType'
  | 'requestInTs'
  | 'requestOutTs'
  | 'responseInTs'
  | 'responseOutTs'
  | 'succeeded'
  | 'statusCode'
  | 'faultCode'
  | 'faultString'
  | 'xRoadVersion';

function commonCells(
  plan: Plan,
  outcome: ReplicationOutcome,
  row: number,
  userIdOf: UserIdOf,
): Omit<Cells, RecordColumn> {
  const { kept } = outcome.journal;
  const flow = kept.flow[row];
  const service = plan.flows.service[flow];
  const client = plan.flows.client[flow].split('/');
  const provider = plan.services.id[service].split('/');
  const id = exchangeId(plan, outcome, row);
  const incident = plan.sources.incident[kept.source[row]];
  const serverId = (server: number): string | null => (server < 0 ? null : plan.servers.id[server]);
  return {
    clientXRoadInstance: client[0] ?? null,
    clientMemberClass: client[1] ?? null,
    clientMemberCode: client[2] ?? null,
    clientSubsystemCode: client[3] ?? null,
    serviceXRoadInstance: provider[0] ?? null,
    serviceMemberClass: provider[1] ?? null,
    serviceMemberCode: provider[2] ?? null,
    serviceSubsystemCode: provider[3] ?? null,
    serviceCode: provider[4] ?? null,
    messageId: id,
    messageUserId: userIdOf(outcome.replicationIndex, kept.source[row], kept.ordinal[row]),
    messageIssue: incident < 0 ? null : plan.incidents[incident].id,
    clientSecurityServerAddress: serverId(kept.clientServer[row]),
    serviceSecurityServerAddress: serverId(kept.providerServer[row]),
    requestSize: kept.requestBytes[row],
    responseSize: kept.fault[row] === 0 ? kept.responseBytes[row] : null,
    serviceType: plan.services.isSoap[service] === 1 ? 'WSDL' : 'REST',
    xRequestId: requestUuid(id),
  };
}

function clientCells(
  plan: Plan,
  { journal }: ReplicationOutcome,
  row: number,
): Pick<Cells, RecordColumn> {
  const { kept } = journal;
  return {
    ...instants(plan, {
      requestIn: kept.requestInUs[row],
      requestOut: kept.requestOutUs[row],
      responseIn: kept.responseInUs[row],
      responseOut: kept.responseOutUs[row],
    }),
    securityServerType: 'Client',
    ...outcomeCells(plan, journal, row, kept.fault[row]),
    xRoadVersion: versionText(clientVersionOf(plan, journal, row)),
  };
}

/** A fault of the consumer's side came after the provider's server had done its part. */
function producerCells(
  plan: Plan,
  { journal }: ReplicationOutcome,
  row: number,
): Pick<Cells, RecordColumn> {
  const { kept } = journal;
  const version = providerVersionOf(plan, journal, row) ?? clientVersionOf(plan, journal, row);
  const isOwn = sideOf(kept.fault[row]) === 'provider' || kept.providerResponseOutUs[row] === 0;
  return {
    ...instants(plan, {
      requestIn: kept.providerRequestInUs[row],
      requestOut: kept.providerRequestOutUs[row],
      responseIn: kept.providerResponseInUs[row],
      responseOut: kept.providerResponseOutUs[row],
    }),
    securityServerType: 'Producer',
    ...outcomeCells(plan, journal, row, isOwn ? kept.fault[row] : 0),
    xRoadVersion: versionText(version),
  };
}

function outcomeCells(
  plan: Plan,
  journal: ReplicationOutcome['journal'],
  row: number,
  fault: number,
): Pick<Cells, 'succeeded' | 'statusCode' | 'faultCode' | 'faultString'> {
  const service = plan.flows.service[journal.kept.flow[row]];
  const isRest = plan.services.isSoap[service] === 0;
  if (fault === 0) {
    const status = plan.services.status[service];
    const succeeded = !isRest || status < 400;
    return { succeeded, statusCode: isRest ? status : null, faultCode: null, faultString: null };
  }
  const client = clientVersionOf(plan, journal, row);
  const peer = providerVersionOf(plan, journal, row) ?? client;
  const status = statusOfFault(fault, isRest, client, peer);
  return {
    succeeded: false,
    statusCode: isRest && status > 0 ? status : null,
    faultCode: spellFault(fault, sideOf(fault) === 'provider' ? peer : client),
    faultString: findFault(fault)?.prose ?? null,
  };
}

interface Instants {
  readonly requestIn: number;
  readonly requestOut: number;
  readonly responseIn: number;
  readonly responseOut: number;
}

function instants(
  plan: Plan,
  { requestIn, requestOut, responseIn, responseOut }: Instants,
): Pick<
  Cells,
  'monitoringDataTs' | 'requestInTs' | 'requestOutTs' | 'responseInTs' | 'responseOutTs'
> {
  const ms = (us: number): number | null =>
    us > 0 ? EPOCH_MS + Math.floor((plan.startOfDayUs + us) / US_PER_MS) : null;
  const last = ms(Math.max(requestIn, requestOut, responseIn, responseOut));
  return {
    // Seconds: when the record reached the monitoring daemon, taken as at once.
    monitoringDataTs: last === null ? null : Math.floor(last / 1000),
    requestInTs: ms(requestIn),
    requestOutTs: ms(requestOut),
    responseInTs: ms(responseIn),
    responseOutTs: ms(responseOut),
  };
}

function sideOf(fault: number): FaultSide | null {
  return fault > 0 ? (findFault(fault)?.side ?? null) : null;
}

/** 70800 is `7.8.0`. */
function versionText(version: number): string {
  return [Math.floor(version / 10_000), Math.floor(version / 100) % 100, version % 100].join('.');
}
