/** The information system of a consumer: it makes the request that a workload describes. */
import { randomUUID } from 'node:crypto';
import type { WorkloadDocument } from '../plan/document.ts';
import { requestHttp } from './loopback.ts';
import type { Endpoint, HttpRequest } from './loopback.ts';
import type { Sabotage } from './sabotage.ts';

export interface CallOptions {
  /** False: the consumer's server gives the message its id. */
  readonly sendsId: boolean;
}

export interface LiveAnswer {
  /** 0: the connection was closed without an answer. */
  readonly status: number;
  /** X-Road-Error; null: the answer is the provider's. */
  readonly faultCode: string | null;
  readonly messageId: string;
  readonly body: Buffer;
}

interface CallSetUp extends CallOptions {
  readonly endpoint: Endpoint;
  readonly bytes: number;
  readonly sabotage: Sabotage;
}

export async function callFrom(
  workload: WorkloadDocument,
  { endpoint, bytes, sabotage, sendsId }: CallSetUp,
): Promise<LiveAnswer> {
  const id = `lab-${randomUUID()}`;
  sabotage.plan(id, workload.defects);
  const body = Buffer.alloc(Math.round(bytes), 'q');
  const request = requestHttp(endpoint, {
    method: workload.method,
    path: pathOf(workload),
    headers: {
      ...headersOf(workload),
      ...(sendsId ? { 'x-road-id': id } : {}),
      ...(body.length > 0 ? { 'content-length': String(body.length) } : {}),
    },
  });
  request.end(body);
  const response = await new Promise<HttpRequest | null>((resolve) => {
    request.once('response', resolve);
    request.once('error', () => resolve(null));
  });
  if (response === null) {
    return { status: 0, faultCode: null, messageId: id, body: Buffer.alloc(0) };
  }
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  const { statusCode, headers } = response;
  return {
    status: statusCode ?? 0,
    faultCode: textOf(headers['x-road-error']),
    messageId: textOf(headers['x-road-id']) ?? id,
    body: Buffer.concat(chunks),
  };
}

const textOf = (value: string | string[] | undefined): string | null =>
  typeof value === 'string' ? value : null;

const NOBODY = 'NEE/nobody/nothing';

function pathOf({ services, path, defects }: WorkloadDocument): string {
  const parts = services[0].service.split('/');
  if (defects.includes('unparsable-path')) return `/r1/${parts[0]}/${parts[1]}`;
  if (defects.includes('unknown-provider')) return `/r1/${parts[0]}/${NOBODY}/${parts[4]}`;
  if (defects.includes('unknown-service')) parts[4] = 'no-such-service';
  return `/r1/${parts.map((part) => encodeURIComponent(part)).join('/')}${path}`;
}

function headersOf({ client, targetServer, defects }: WorkloadDocument): Record<string, string> {
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
