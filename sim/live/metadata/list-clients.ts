/**
 * `GET /listClients[?xRoadInstance=X]` at the consumer's server: the members and subsystems of an
 * instance, from the global configuration that this server has of it (facts 3.1). Not signed, not
 * logged, no client named.
 *
 * Source, read at 7.8: MetadataHandler, MetadataClientRequestProcessor, GlobalConfImpl.getMembers;
 * the form of both answers is that of PR-META, annex C.1.
 */
import type { SharedParameters } from '../globalconf/shared-parameters.ts';
import { IDENTIFIER_NAMESPACE, XROAD_NAMESPACE } from '../soap/soap-header.ts';
import { escapeXml } from '../transport.ts';

export interface MetadataAnswer {
  readonly contentType: string;
  readonly body: Buffer;
}

export interface ClientsQuery {
  /** Null: the server's own. */
  readonly instance: string | null;
  readonly wantsJson: boolean;
}

/** Null: the request is for something else. `target` is path and query, as they came. */
export function readClientsQuery(
  method: string,
  target: string,
  accept: string | null,
): ClientsQuery | null {
  const [path, ...query] = target.split('?');
  if (method !== 'GET' || path !== '/listClients') return null;
  const instance = new URLSearchParams(query.join('?')).get('xRoadInstance') ?? '';
  return { instance: instance.trim() === '' ? null : instance, wantsJson: acceptsJson(accept) };
}

/** Members in the order of the configuration, each before its subsystems. */
export function listClients(
  { instance, members }: Pick<SharedParameters, 'instance' | 'members'>,
  wantsJson: boolean,
): MetadataAnswer {
  const clients = members.flatMap(({ memberClass, code, name, subsystems }) => {
    const member = { instance, memberClass: memberClass.code, memberCode: code, name };
    return [
      { ...member, subsystem: null },
      ...subsystems.map((subsystem) => ({ ...member, subsystem })),
    ];
  });
  return wantsJson ? asJson(clients) : asXml(clients);
}

interface ListedClient {
  readonly instance: string;
  readonly memberClass: string;
  readonly memberCode: string;
  readonly name: string;
  /** Null: the member itself. */
  readonly subsystem: { readonly code: string; readonly name: string | null } | null;
}

/** Preferences say nothing: whoever names JSON at all gets it. */
function acceptsJson(accept: string | null): boolean {
  const types = (accept ?? '').split(',').map((item) => item.split(';')[0].trim().toLowerCase());
  return types.includes('application/json');
}

function asJson(clients: readonly ListedClient[]): MetadataAnswer {
  const member = clients.map(({ instance, memberClass, memberCode, name, subsystem }) => ({
    id: {
      member_class: memberClass,
      member_code: memberCode,
      ...(subsystem === null ? {} : { subsystem_code: subsystem.code }),
      object_type: subsystem === null ? 'MEMBER' : 'SUBSYSTEM',
      xroad_instance: instance,
    },
    name,
    ...(typeof subsystem?.name === 'string' ? { subsystem_name: subsystem.name } : {}),
  }));
  const body = Buffer.from(JSON.stringify({ member }));
  return { contentType: 'application/json; charset=utf-8', body };
}

function asXml(clients: readonly ListedClient[]): MetadataAnswer {
  const lines = clients.flatMap((client) => [
    '    <ns2:member>',
    ...identifierLines(client),
    `        <ns2:name>${escapeXml(client.name)}</ns2:name>`,
    ...subsystemNameLines(client.subsystem?.name ?? null),
    '    </ns2:member>',
  ]);
  const spaces = `xmlns:ns1="${IDENTIFIER_NAMESPACE}" xmlns:ns2="${XROAD_NAMESPACE}"`;
  const text = [
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>',
    `<ns2:clientList ${spaces}>`,
    ...lines,
    '</ns2:clientList>',
    '',
  ];
  return { contentType: 'text/xml; charset=UTF-8', body: Buffer.from(text.join('\n')) };
}

function identifierLines({ instance, memberClass, memberCode, subsystem }: ListedClient): string[] {
  const leaf = (name: string, text: string): string =>
    `            <ns1:${name}>${escapeXml(text)}</ns1:${name}>`;
  return [
    `        <ns2:id ns1:objectType="${subsystem === null ? 'MEMBER' : 'SUBSYSTEM'}">`,
    leaf('xRoadInstance', instance),
    leaf('memberClass', memberClass),
    leaf('memberCode', memberCode),
    ...(subsystem === null ? [] : [leaf('subsystemCode', subsystem.code)]),
    '        </ns2:id>',
  ];
}

function subsystemNameLines(name: string | null): string[] {
  return name === null ? [] : [`        <ns2:subsystemName>${escapeXml(name)}</ns2:subsystemName>`];
}
