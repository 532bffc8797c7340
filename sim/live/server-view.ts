/** What a security server knows of itself from the start: its own configuration, not the global. */
import type { Document, ServerDocument } from '../plan/document.ts';
import type { ParameterValues } from '../plan/profile.ts';
import type { ServerView } from './configuration.ts';
import type { Endpoint } from './loopback.ts';
import type { Certified } from './trust.ts';

export interface ViewSetUp {
  /** `INSTANCE/CLASS/CODE/SERVER` */
  readonly id: string;
  readonly server: ServerDocument;
  readonly parameters: ParameterValues;
  readonly authentication: Certified;
  readonly endpointOf: (system: string) => Endpoint;
}

export function createView(
  document: Document,
  { id, server, parameters, authentication, endpointOf }: ViewSetUp,
): ServerView {
  const instance = id.split('/')[0];
  const registered = new Set(server.subsystems.map((name) => `${instance}/${name}`));
  const own = document.services.filter((service) =>
    registered.has(service.id.split('/').slice(0, 4).join('/')),
  );
  return {
    id,
    instance,
    version: server.version,
    parameters,
    instances: new Map(),
    ocspFreshnessSeconds: null,
    registered,
    connectionTypes: new Map(),
    services: new Map(own.map((service) => [service.id, service])),
    serviceUrls: new Map(
      own.map((service) => {
        const { address, port } = endpointOf(service.system);
        const code = encodeURIComponent(service.id.split('/')[4]);
        const url = `http://${address}:${port}/${code}`;
        return [service.id, { good: url, missing: '', malformed: 'http//:' }[service.url]];
      }),
    ),
    authentication,
    timeStamping: { authorities: [], failingSinceMs: null },
  };
}
