/**
 * What a client proxy answers itself, without asking anybody: who there is (listClients), what was
 * signed (`/asic`) and against what that can be verified (`/verificationconf`). Facts 3.1. Nothing
 * of it is signed or logged.
 *
 * Source, read at 7.8: MetadataHandler, MetadataClientRequestProcessor, AsicContainerHandler,
 * AsicContainerClientRequestProcessor.
 */
import { Cause, faultOf, Prefix } from '../protocol/fault.ts';
import { findInstance } from './configuration.ts';
import type { HttpRequest } from './loopback.ts';
import {
  DownloadError,
  exportContainers,
  exportVerificationConf,
  readAsicRequest,
} from './log/asic-export.ts';
import type { Download } from './log/asic-export.ts';
import { listClients, readClientsQuery } from './metadata/list-clients.ts';
import type { ClientsQuery } from './metadata/list-clients.ts';
import type { SecurityServer } from './security-server.ts';
import { answerWithFault } from './soap/soap-fault.ts';
import type { SoapAnswer } from './soap/soap-fault.ts';
import { faultFor } from './soap/soap-wire.ts';

/** Makes an answer. */
type Maker = (server: SecurityServer) => Promise<SoapAnswer>;

/** Null: the request is a message, for somebody else. */
export function ownAnswerTo({ method, url, headers }: HttpRequest): Maker | null {
  const target = url ?? '';
  const query = readClientsQuery(method ?? '', target, headers.accept ?? null);
  if (query !== null) return async (server) => clientsOf(server, query);
  if (method !== 'GET') return null;
  const [path, ...rest] = target.split('?');
  switch (path) {
    case '/asic':
      return (server) => download(() => containersOf(server, rest.join('?')));
    case '/verificationconf':
      return (server) => download(() => exportVerificationConf(server.trust.configurationFolder));
    default:
      return null;
  }
}

function clientsOf(server: SecurityServer, { instance, wantsJson }: ClientsQuery): SoapAnswer {
  const { view, clock, trust } = server;
  const nowMs = clock.nowMs();
  if (findInstance(view, view.instance, nowMs) === null) {
    return refuse(server, Cause.GlobalConfOutdated);
  }
  const wanted = instance ?? view.instance;
  const known = trust.configurationOf(wanted);
  // Also of a foreign instance whose configuration has run out (facts 4.2).
  if (known === null || findInstance(view, wanted, nowMs) === null) {
    return refuse(server, Cause.InternalError);
  }
  const { contentType, body } = listClients(known.shared, wantsJson);
  return { status: 200, headers: [{ name: 'Content-Type', value: contentType }], body };
}

function refuse({ view }: SecurityServer, cause: Cause): SoapAnswer {
  return answerWithFault(faultFor(faultOf(Prefix.ClientProxy, cause), null, view.version));
}

async function containersOf(
  { view, messageLog, trust }: SecurityServer,
  query: string,
): Promise<Download> {
  const request = readAsicRequest(query);
  // Over plain HTTP nobody can show a certificate.
  const isKnown =
    view.registered.has(request.client) && view.connectionTypes.get(request.client) !== 'SSLAUTH';
  if (!isKnown) throw new UnauthorizedError(`${request.client} is not authenticated here.`);
  return exportContainers(request, messageLog, trust.timeStamper);
}

class UnauthorizedError extends Error {
  override name = 'UnauthorizedError';
}

async function download(make: () => Promise<Download>): Promise<SoapAnswer> {
  try {
    const { contentType, disposition, body } = await make();
    const headers = [
      { name: 'Content-Type', value: contentType },
      { name: 'Content-Disposition', value: disposition },
    ];
    return { status: 200, headers, body };
  } catch (error) {
    const status =
      error instanceof DownloadError
        ? error.status
        : error instanceof UnauthorizedError
          ? 401
          : null;
    if (status === null) throw error;
    const headers = [{ name: 'Content-Type', value: 'text/plain;charset=utf-8' }];
    return { status, headers, body: Buffer.from((error as Error).message) };
  }
}
