/**
 * Identifiers of X-Road (facts 1): instance, member class, member code, subsystem code, and the
 * code of a service or a security server behind them.
 *
 *    REST form   EE/GOV/70000001/rr/RR437    headers and paths, each part percent-encoded
 *    log form    SERVICE:EE/GOV/70000001/rr/RR437
 *
 * Source: XRoadId, RestMessage.decodeClientId, RestRequest.decodeServerId, UriUtils;
 * StrictIdentifierValidator and LegacyEncodedIdentifierValidator for the characters.
 */
export interface MemberId {
  readonly kind: 'member';
  readonly xRoadInstance: string;
  readonly memberClass: string;
  readonly memberCode: string;
}

export interface SubsystemId extends Omit<MemberId, 'kind'> {
  readonly kind: 'subsystem';
  readonly subsystemCode: string;
}

export interface ServiceId extends Omit<SubsystemId, 'kind'> {
  readonly kind: 'service';
  readonly serviceCode: string;
  /** SOAP only; null for REST. */
  readonly serviceVersion: string | null;
}

export interface ServerId extends Omit<MemberId, 'kind'> {
  readonly kind: 'server';
  readonly serverCode: string;
}

/** Whoever may consume: a subsystem, or a bare member for management requests. */
export type ClientId = MemberId | SubsystemId;
export type XRoadId = MemberId | SubsystemId | ServiceId | ServerId;

/** `INSTANCE/CLASS/CODE`; null when it is not one. */
export function parseMemberId(text: string): MemberId | null {
  const parts = decodeParts(text, 3);
  if (parts === null) return null;
  const [xRoadInstance, memberClass, memberCode] = parts;
  return { kind: 'member', xRoadInstance, memberClass, memberCode };
}

/** `INSTANCE/CLASS/CODE/SUBSYSTEM`. */
export function parseSubsystemId(text: string): SubsystemId | null {
  const parts = decodeParts(text, 4);
  if (parts === null) return null;
  const [xRoadInstance, memberClass, memberCode, subsystemCode] = parts;
  return { kind: 'subsystem', xRoadInstance, memberClass, memberCode, subsystemCode };
}

/** X-Road-Client: a subsystem or a member. */
export function parseClientId(text: string): ClientId | null {
  return parseSubsystemId(text) ?? parseMemberId(text);
}

/** `INSTANCE/CLASS/CODE/SUBSYSTEM/SERVICE`; SOAP may add `/VERSION`. */
export function parseServiceId(text: string): ServiceId | null {
  const parts = decodeParts(text, 5) ?? decodeParts(text, 6);
  if (parts === null) return null;
  const [xRoadInstance, memberClass, memberCode, subsystemCode, serviceCode] = parts;
  const serviceVersion = parts[5] ?? null;
  return {
    kind: 'service',
    xRoadInstance,
    memberClass,
    memberCode,
    subsystemCode,
    serviceCode,
    serviceVersion,
  };
}

/** `INSTANCE/CLASS/CODE/SERVER`, as in X-Road-Security-Server. */
export function parseServerId(text: string): ServerId | null {
  const parts = decodeParts(text, 4);
  if (parts === null) return null;
  const [xRoadInstance, memberClass, memberCode, serverCode] = parts;
  return { kind: 'server', xRoadInstance, memberClass, memberCode, serverCode };
}

/** The REST form. */
export function printId(id: XRoadId): string {
  return fieldsOf(id)
    .map(({ value }) => encodePart(value))
    .join('/');
}

/** The form of log lines. */
export function printForLog(id: XRoadId): string {
  const values = fieldsOf(id).map(({ value }) => value);
  return `${id.kind.toUpperCase()}:${values.join('/')}`;
}

/** The provider of a service. */
export function subsystemOf(id: ServiceId | SubsystemId): SubsystemId {
  const { xRoadInstance, memberClass, memberCode, subsystemCode } = id;
  return { kind: 'subsystem', xRoadInstance, memberClass, memberCode, subsystemCode };
}

/** The member behind any identifier. */
export function memberOf({ xRoadInstance, memberClass, memberCode }: XRoadId): MemberId {
  return { kind: 'member', xRoadInstance, memberClass, memberCode };
}

/** A character that should not be in an identifier. */
export interface IdentifierIssue {
  readonly field: string;
  readonly character: string;
  /**
   * `forbidden`: X-Road cannot register it. `discouraged`: old identifiers may have it (many have
   * an underscore), and `strict-identifier-checks` keeps it out of new ones. The proxies themselves
   * only log a warning for either.
   */
  readonly severity: 'forbidden' | 'discouraged';
}

/** Each character of an identifier that is forbidden or discouraged, once a field. */
export function identifierIssues(id: XRoadId): IdentifierIssue[] {
  return fieldsOf(id).flatMap(({ field, value }) => {
    const suspects = [...new Set(value)].filter((character) => !ALLOWED.test(character));
    return suspects.map((character): IdentifierIssue => {
      const severity = FORBIDDEN.test(character) ? 'forbidden' : 'discouraged';
      return { field, character, severity };
    });
  });
}

const ALLOWED = /^[A-Za-z0-9'()+,\-.=?]$/;
/** The slash, backslash, colon, semicolon, percent; control and format (zero-width) characters. */
const FORBIDDEN = /^[/\\:;%]$|^[\p{Cc}\p{Cf}]$/u;

/** What `printId` leaves as it is, beside what encodeURIComponent does. */
const UNESCAPED = /%(?:24|2C|26|3B|3D|40|3A|2B)/g;

function encodePart(part: string): string {
  return encodeURIComponent(part).replace(UNESCAPED, (escape) => decodeURIComponent(escape));
}

/** A part as sent: pchar of RFC 3986, and escapes of two digits. */
const PART = /^(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})+$/;

function decodeParts(text: string, count: number): string[] | null {
  const parts = text.split('/');
  if (parts.length !== count || !parts.every((part) => PART.test(part))) return null;
  try {
    return parts.map((part) => decodeURIComponent(part));
  } catch {
    // The escapes are no UTF-8.
    return null;
  }
}

function fieldsOf(id: XRoadId): { readonly field: string; readonly value: string }[] {
  const fields = [
    { field: 'xRoadInstance', value: id.xRoadInstance },
    { field: 'memberClass', value: id.memberClass },
    { field: 'memberCode', value: id.memberCode },
  ];
  if (id.kind === 'server') fields.push({ field: 'serverCode', value: id.serverCode });
  if (id.kind === 'subsystem' || id.kind === 'service') {
    fields.push({ field: 'subsystemCode', value: id.subsystemCode });
  }
  if (id.kind === 'service') {
    fields.push({ field: 'serviceCode', value: id.serviceCode });
    if (id.serviceVersion !== null) {
      fields.push({ field: 'serviceVersion', value: id.serviceVersion });
    }
  }
  return fields;
}
