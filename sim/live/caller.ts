/** The information system of a consumer: it makes the request that a workload describes. */
import { randomUUID } from 'node:crypto';
import type { WorkloadDocument } from '../plan/document.ts';
import { findHeader, HeaderName } from '../protocol/message.ts';
import { isOfPeer, requestHttp } from './loopback.ts';
import type { Endpoint, WholeCall } from './loopback.ts';
import { headersOf } from './rest-message.ts';
import type { Sabotage } from './sabotage.ts';
import { soapCallOf, soapFaultCode } from './soap-caller.ts';

export interface CallOptions {
  /** False: the consumer's server gives the message its id. */
  readonly sendsId: boolean;
}

export interface LiveAnswer {
  /** 0: the connection was closed without an answer, or in the middle of it. */
  readonly status: number;
  /** X-Road-Error, or that of a SOAP fault; null: the answer is the provider's. */
  readonly faultCode: string | null;
  readonly messageId: string;
  readonly body: Buffer;
}

interface CallSetUp extends CallOptions {
  readonly endpoint: Endpoint;
  readonly bytes: number;
  readonly sabotage: Sabotage;
  readonly isSoap: boolean;
}

export async function callFrom(
  workload: WorkloadDocument,
  { endpoint, bytes, sabotage, sendsId, isSoap }: CallSetUp,
): Promise<LiveAnswer> {
  const id = `lab-${randomUUID()}`;
  sabotage.plan(id, workload.defects);
  const call = isSoap
    ? soapCallOf(workload, bytes, id)
    : callOf(workload, bytes, sendsId ? id : null);
  try {
    const answer = await requestHttp(endpoint, call);
    const chunks = await Array.fromAsync(answer.body);
    const headers = headersOf(answer.rawHeaders);
    const body = Buffer.concat(chunks);
    return {
      status: answer.status,
      faultCode: isSoap ? soapFaultCode(headers, body) : findHeader(headers, 'x-road-error'),
      messageId: findHeader(headers, HeaderName.Id) ?? id,
      body,
    };
  } catch (error) {
    if (!isOfPeer(error)) throw error;
    return { status: 0, faultCode: null, messageId: id, body: Buffer.alloc(0) };
  }
}

/** The REST request of a workload; `id` null: the consumer's server gives the message one. */
export function callOf(workload: WorkloadDocument, bytes: number, id: string | null): WholeCall {
  const own = id === null ? [] : [HeaderName.Id, id];
  return {
    method: workload.method,
    path: pathOf(workload),
    rawHeaders: [...Object.entries(headersOfWorkload(workload)).flat(), ...own],
    body: Buffer.alloc(Math.round(bytes), 'q'),
    signal: null,
  };
}

const NOBODY = 'NEE/nobody/nothing';

function pathOf({ services, path, defects }: WorkloadDocument): string {
  const parts = services[0].service.split('/');
  if (defects.includes('unparsable-path')) return `/r1/${parts[0]}/${parts[1]}`;
  if (defects.includes('unknown-provider')) return `/r1/${parts[0]}/${NOBODY}/${parts[4]}`;
  if (defects.includes('unknown-service')) parts[4] = 'no-such-service';
  return `/r1/${parts.map((part) => encodeURIComponent(part)).join('/')}${path}`;
}

function headersOfWorkload({
  client,
  targetServer,
  defects,
}: WorkloadDocument): Record<string, string> {
  const headers: Record<string, string> = {};
  const instance = client.split('/')[0];
  const named = defects.includes('unregistered-client') ? `${instance}/${NOBODY}` : client;
  if (!defects.includes('no-client')) headers['x-road-client'] = named;
  const target = defects.includes('wrong-target')
    ? `${instance}/NEE/nobody/no-such-server`
    : targetServer;
  if (target !== null) headers['x-road-security-server'] = target;
  return headers;
}
