/**
 * What a live network offers, for people who want to talk to it: the address of everything that
 * listens, and commands of curl: one of the calls of each workload, and what a server tells of
 * itself.
 */
import type { Document, WorkloadDocument } from '../plan/document.ts';
import { HeaderName } from '../protocol/message.ts';
import { callOf } from './caller.ts';
import type { Endpoint } from './loopback.ts';
import type { LiveNetwork } from './network.ts';
import { soapCallOf } from './soap-caller.ts';

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
  readonly what: string;
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
  const calls = document.workloads.map((workload) => ({
    what: workload.id,
    command: network.isSoap(workload)
      ? soapCurlOf(workload, network.clientEndpointOf(workload))
      : curlOf(workload, network.clientEndpointOf(workload)),
  }));
  const [first] = document.workloads;
  const examples =
    first === undefined ? [] : [...calls, ...tellingOf(first, network.clientEndpointOf(first))];
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

/** The id of the call that is printed, by which its evidence is found afterwards. */
const idOf = ({ id }: WorkloadDocument): string => `example-${id}`;

/** Known members, then the evidence of the first call, and what it can be verified with. */
function tellingOf(workload: WorkloadDocument, endpoint: Endpoint): Example[] {
  const server = urlOf('http', endpoint);
  const [xRoadInstance, memberClass, memberCode, subsystemCode] = workload.client.split('/');
  const id = idOf(workload);
  const client = { xRoadInstance, memberClass, memberCode, subsystemCode };
  const query = new URLSearchParams({ ...client, queryId: id });
  const file = quote(`${id}.zip`);
  return [
    {
      what: 'who there is',
      command: `curl -i -H 'accept: application/json' ${quote(`${server}/listClients`)}`,
    },
    {
      what: `the signed containers of ${id}, once it has been called; queryId is any X-Road-Id`,
      command: `curl -f -o ${file} ${quote(`${server}/asic?${query}&force`)}`,
    },
    {
      what: `for: fedlab verify ${file} --trust verificationconf.zip`,
      command: `curl -f -o verificationconf.zip ${quote(`${server}/verificationconf`)}`,
    },
  ];
}

/** For a POSIX shell. The content is short, and on one line. */
function soapCurlOf(workload: WorkloadDocument, endpoint: Endpoint): string {
  const { rawHeaders, body, path } = soapCallOf(workload, 1, idOf(workload));
  const words = ['curl', '-i'];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    // Of the lab's own callers alone: X-Road reads it in the message.
    if (name !== HeaderName.Id) words.push('-H', quote(`${name}: ${rawHeaders[at + 1]}`));
  }
  const message = (body ?? '').toString().trim().replaceAll(/>\s+</g, '><');
  words.push('--data-binary', quote(message), quote(`${urlOf('http', endpoint)}${path}`));
  return words.join(' ');
}

/** The same for REST. Bodies are the workload's own bytes, so they are described, not printed. */
function curlOf(workload: WorkloadDocument, endpoint: Endpoint): string {
  const { method, path, rawHeaders } = callOf(workload, 0, idOf(workload));
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
