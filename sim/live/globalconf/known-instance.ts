/** An instance as a security server's view holds it, out of its downloaded configuration. */
import type { KnownInstance, KnownServer, TrustedServices } from '../configuration.ts';
import type { AuthorityAnchor } from '../evidence/anchors.ts';
import { readCertificate } from '../evidence/certificate.ts';
import type { Endpoint } from '../loopback.ts';
import { pemOf } from '../pki/keys.ts';
import type { GlobalConfiguration } from './configuration-folder.ts';
import type { AuthorityInfo, SecurityServer, SharedParameters } from './shared-parameters.ts';

interface Described {
  readonly messagePort: number;
  readonly instance: Omit<KnownInstance, 'expiresMs'>;
}

/** What was read once serves all servers of an instance: nobody may change what is in it. */
const described = new WeakMap<SharedParameters, Described>();

/**
 * `messagePort`: where servers listen for messages unless their address says so itself (5500).
 * Servers without an address are left out, as nobody can reach them.
 */
export function knownInstanceOf(
  { expiresMs, shared }: GlobalConfiguration,
  messagePort: number,
): KnownInstance {
  const known = described.get(shared);
  if (known?.messagePort === messagePort) return { ...known.instance, expiresMs };
  const instance = describe(shared, messagePort);
  described.set(shared, { messagePort, instance });
  return { ...instance, expiresMs };
}

function describe(shared: SharedParameters, messagePort: number): Described['instance'] {
  const { instance } = shared;
  return {
    id: instance,
    authorityPem: authorityOf(shared),
    trusted: trustedOf(shared),
    servers: shared.servers.flatMap((server) => knownServerOf(server, messagePort)),
    globalGroups: new Map(
      shared.globalGroups.map(({ code, members }) => [`${instance}/${code}`, new Set(members)]),
    ),
  };
}

function trustedOf({ instance, authorities, timeStampers }: SharedParameters): TrustedServices {
  return {
    // An authority for servers alone may not vouch for messages; here there is none of the kind.
    authorities: authorities.flatMap(({ top, intermediates, certificateProfile }) => {
      const anchorOf = (info: AuthorityInfo, isTop: boolean): AuthorityAnchor => ({
        certificate: readCertificate(info.certificate),
        instance,
        isTop,
        profile: certificateProfile,
        responders: info.ocsp.flatMap(({ certificate }) =>
          certificate === null ? [] : [readCertificate(certificate)],
        ),
      });
      return [anchorOf(top, true), ...intermediates.map((one) => anchorOf(one, false))];
    }),
    timeStampers: timeStampers.map(({ certificate }) => readCertificate(certificate)),
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
