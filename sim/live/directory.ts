/**
 * What a live network offers, for people who want to talk to it: the address of everything that
 * listens, and for each workload the command that makes one of its calls with curl.
 */
import type { Document, WorkloadDocument } from '../plan/document.ts';
import { callOf } from './caller.ts';
import type { Endpoint } from './loopback.ts';
import type { LiveNetwork } from './network.ts';

export interface Address {
  /** What it is for, or whose it is. */
  readonly what: string;
  readonly url: string;
}

export interface ServerAddresses {
  /** `INSTANCE/CLASS/CODE/SERVER`. */
  readonly id: string;
  readonly subsystems: readonly string[];
  readonly addresses: readonly Address[];
}

export interface Example {
  readonly workload: string;
  readonly command: string;
}

export interface Directory {
  readonly servers: readonly ServerAddresses[];
  /** Central servers, OCSP responders and time-stamping authorities. */
  readonly services: readonly Address[];
  readonly systems: readonly Address[];
  readonly examples: readonly Example[];
}

export function directoryOf(document: Document, network: LiveNetwork): Directory {
  const servers = Object.entries(document.instances).flatMap(([instance, { servers }]) =>
    servers.map((server) => {
      const id = `${instance}/${server.owner}/${server.id}`;
      const { client, messages } = network.endpointsOf(id);
      const { ocspPort, healthEndpoint } = network.server(id).trust;
      return {
        id,
        subsystems: server.subsystems.map((name) => `${instance}/${name}`),
        addresses: [
          { what: 'calls to', url: urlOf('http', client) },
          { what: 'messages to', url: urlOf('https', messages) },
          ...(ocspPort === null ? [] : [{ what: 'OCSP at', url: urlOf('http', ocspPort) }]),
          ...(healthEndpoint === null
            ? []
            : [{ what: 'health at', url: urlOf('http', healthEndpoint) }]),
        ],
      };
    }),
  );
  const systems = document.systems.map(({ id }) => ({
    what: id,
    url: urlOf('http', network.systemEndpoint(id)),
  }));
  const examples = document.workloads.map((workload) => ({
    workload: workload.id,
    command: curlOf(workload, network.clientEndpointOf(workload)),
  }));
  const services = Object.keys(document.instances).flatMap((id) => servicesOf(id, network));
  return { servers, services, systems, examples };
}

function servicesOf(instance: string, network: LiveNetwork): Address[] {
  const { central, responders, timeStampers } = network.services(instance);
  return [
    ...[...central].map(([id, { endpoint }]) => ({
      what: `${instance} ${id}`,
      url: `${urlOf('http', endpoint)}/internalconf?version=6`,
    })),
    ...[...responders].map(([id, { service }]) => ({
      what: `${instance} ${id}`,
      url: service.url,
    })),
    ...[...timeStampers].map(([id, { url }]) => ({ what: `${instance} ${id}`, url })),
  ];
}

const urlOf = (scheme: string, { address, port }: Endpoint): string =>
  `${scheme}://${address}:${port}`;

/** For a POSIX shell. Bodies are the workload's own bytes, so they are described, not printed. */
function curlOf(workload: WorkloadDocument, endpoint: Endpoint): string {
  const { method, path, rawHeaders } = callOf(workload, 0, null);
  const words = ['curl', '-i'];
  if (method !== 'GET') words.push('-X', method);
  for (let at = 0; at < rawHeaders.length; at += 2) {
    words.push('-H', quote(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`));
  }
  if (['POST', 'PUT', 'PATCH'].includes(method)) {
    words.push('-H', quote('content-type: application/json'), '-d', quote('{}'));
  }
  words.push(quote(`${urlOf('http', endpoint)}${path}`));
  return words.join(' ');
}

const quote = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
