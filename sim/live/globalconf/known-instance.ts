/** An instance as a security server's view holds it, out of its downloaded configuration. */
import type { KnownInstance, KnownServer } from '../configuration.ts';
import type { Endpoint } from '../loopback.ts';
import { pemOf } from '../pki/keys.ts';
import type { GlobalConfiguration } from './configuration-folder.ts';
import type { SecurityServer, SharedParameters } from './shared-parameters.ts';

/**
 * `messagePort`: where servers listen for messages unless their address says so itself (5500).
 * Servers without an address are left out, as nobody can reach them.
 */
export function knownInstanceOf(
  { instance, expiresMs, shared }: GlobalConfiguration,
  messagePort: number,
): KnownInstance {
  return {
    id: instance,
    expiresMs,
    authorityPem: authorityOf(shared),
    servers: shared.servers.flatMap((server) => knownServerOf(server, messagePort)),
    globalGroups: new Map(
      shared.globalGroups.map(({ code, members }) => [`${instance}/${code}`, new Set(members)]),
    ),
  };
}

function knownServerOf(server: SecurityServer, messagePort: number): KnownServer[] {
  const { owner, code, address, certificateHashes, clients, maintenance } = server;
  if (address === null) return [];
  return [
    {
      id: `${owner}/${code}`,
      clients: new Set(clients),
      inMaintenance: maintenance !== null,
      endpoint: endpointOf(address, messagePort),
      certificateHash: certificateHashes[0]?.toString('hex') ?? '',
    },
  ];
}

/** `host` or `host:port`. */
function endpointOf(address: string, port: number): Endpoint {
  const found = /^([^:]+):(\d{1,5})$/.exec(address);
  return found === null ? { address, port } : { address: found[1], port: Number(found[2]) };
}

/** The issuing authority first, by which certificates are checked; then the way up, for TLS. */
function authorityOf({ authorities }: SharedParameters): string {
  const [authority] = authorities;
  if (authority === undefined) return '';
  const chain = [...authority.intermediates.toReversed(), authority.top];
  return chain.map(({ certificate }) => pemOf('CERTIFICATE', certificate)).join('');
}
