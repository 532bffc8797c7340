/**
 * The fault registry: every error a client of X-Road can see in this lab, as a table.
 *
 * Rule 1: a fault is refused work inside the simulated world; it is counted, never thrown.
 * Rule 2: a fault is two small numbers, who raised it (the prefix) and why (the cause), so that
 *         the hot path passes an integer and only reports spell it out.
 *
 *     7    6 5                     0
 *    +------+-----------------------+
 *    |prefix|         cause         |   a fault; 0 is "no fault"
 *    +------+-----------------------+
 *
 * X-Road 7.8.0 changed the spelling of every code (facts 0.1): 7.7 wrote
 * `Server.ClientProxy.UnknownMember`, 7.8 writes `server.clientproxy.unknown_member`. Each
 * server spells in its own version; a peer's code is relayed unchanged.
 *
 * *Definite* means that the request was certainly not executed by the provider, so that a
 * caller may repeat it without fear. Where a code may mean both, it is not definite.
 */

/** Why. The words are X-Road's; numbers are this registry's own and fixed by the golden file. */
export const Cause = {
  None: 0,
  GlobalConfOutdated: 1,
  SslAuthenticationFailed: 2,
  InternalError: 3,
  InvalidClientIdentifier: 4,
  UnknownMember: 5,
  InvalidSecurityServer: 6,
  MaintenanceMode: 7,
  NetworkError: 8,
  IoError: 9,
  /** The same code as IoError, raised before the signature left: the provider cannot have acted. */
  IoErrorUnsent: 10,
  MissingRest: 11,
  MissingSoap: 12,
  MissingSignature: 13,
  MimeParsingFailed: 14,
  InconsistentResponse: 15,
  TimestampingFailed: 16,
  NoTimestampingProvider: 17,
  LoggingFailed: 18,
  DatabaseError: 19,
  InvalidHttpMethod: 20,
  ClientProxyVersionNotSupported: 21,
  CannotCreateSignature: 22,
  UnknownService: 23,
  ServiceType: 24,
  AccessDenied: 25,
  ServiceDisabled: 26,
  InvalidSignatureValue: 27,
  IncorrectValidationInfo: 28,
  IncorrectCertificate: 29,
  MalformedSignature: 30,
  InvalidReference: 31,
  InvalidHashChain: 32,
  HashChainUnusedInputs: 33,
  CertValidation: 34,
  CannotCreateCertPath: 35,
  UnknownHost: 36,
  ServiceMissingUrl: 37,
  ServiceMalformedUrl: 38,
  HttpError: 39,
  CannotSign: 40,
  SignatureTimedOut: 41,
  SignerNetworkError: 42,
  MissingHeaderField: 43,
  InvalidSoap: 44,
  InvalidXml: 45,
  InvalidContentType: 46,
  MissingBody: 47,
  InvalidProtocolVersion: 48,
  DuplicateHeaderField: 49,
  InconsistentHeaders: 50,
  MalformedServerConf: 51,
  /** The TCP connection was closed without a word; there is no code, the caller sees a reset. */
  NoAnswer: 52,
  /** The connection broke while the response was being read: X-Road says whose fault it was. */
  ResponseBroken: 53,
  /** SOAP: identifiers of the response differ; a REST response has InconsistentResponse. */
  ResponseMismatch: 54,
  MissingHeader: 55,
  InvalidMessage: 56,
  InvalidSoapAction: 57,
} as const;
export type Cause = (typeof Cause)[keyof typeof Cause];

/** Who raised it, and how X-Road marks that in the code. */
export const Prefix = {
  ClientProxy: 0,
  ServerProxy: 1,
  ServerProxyServiceFailed: 2,
  Client: 3,
} as const;
export type Prefix = (typeof Prefix)[keyof typeof Prefix];

export type FaultSide = 'consumer' | 'provider';

/** One row of the registry. */
export interface FaultRow {
  readonly fault: number;
  /** X-Road 7.8.0 and newer. */
  readonly code: string;
  /** X-Road 7.7 and older. */
  readonly code77: string;
  readonly side: FaultSide;
  readonly definite: boolean;
  readonly prose: string;
}

interface CauseRow {
  readonly word: string;
  readonly word77: string;
  /** Prefixes under which this cause can reach a client. */
  readonly prefixes: readonly Prefix[];
  /** Prefixes under which the request was certainly not executed. */
  readonly definite: readonly Prefix[];
  readonly prose: string;
}

const { ClientProxy: C, ServerProxy: S, ServerProxyServiceFailed: F, Client: M } = Prefix;
const none: readonly Prefix[] = [];

/**
 * The words and their meaning. Source: facts 4; ErrorCodes.java and ErrorCode.java at 7.7.0 and
 * 7.8.0. What the message log refuses gets `logging_failed` in front (MessageLog.log); what fails
 * in parsing the peer's message gets `service_failed`, at both servers (ProxyMessageDecoder.parse
 * in the four message processors), but not a part that is missing: that is noticed afterwards
 * (checkRequest, checkResponse).
 */
const CAUSES: Readonly<Record<number, CauseRow>> = {
  [Cause.GlobalConfOutdated]: row(
    'global_conf_outdated',
    'OutdatedGlobalConf',
    [C, S],
    [C, S],
    'the own global configuration of this server has expired or is absent',
  ),
  [Cause.SslAuthenticationFailed]: row(
    'ssl_authentication_failed',
    'SslAuthenticationFailed',
    [C, S, F],
    [C, S, F],
    'no usable authentication certificate, or the peer could not be authenticated',
  ),
  [Cause.InternalError]: row(
    'internal_error',
    'InternalError',
    [C, S, F],
    none,
    'anything without a code of its own, such as an unparsable REST path',
  ),
  [Cause.InvalidClientIdentifier]: row(
    'invalid_client_identifier',
    'InvalidClientIdentifier',
    [C],
    [C],
    'the request does not name its client',
  ),
  [Cause.UnknownMember]: row(
    'unknown_member',
    'UnknownMember',
    [C, F],
    [C, F],
    'the client or the provider is not registered at this server',
  ),
  [Cause.InvalidSecurityServer]: row(
    'invalid_security_server',
    'InvalidSecurityServer',
    [C, F],
    [C, F],
    'the named target server is unknown or does not serve the provider',
  ),
  [Cause.MaintenanceMode]: row(
    'maintenance_mode',
    'MaintenanceMode',
    [C],
    [C],
    'all servers of the provider are in maintenance mode',
  ),
  [Cause.NetworkError]: row(
    'network_error',
    'NetworkError',
    [C, S, F],
    [C, S, F],
    'refused or unreachable: no provider server, or the information system',
  ),
  [Cause.IoError]: row(
    'io_error',
    'IOError',
    [C, S, F],
    none,
    'a time-out or a connection closed while something was under way',
  ),
  [Cause.IoErrorUnsent]: row(
    'io_error',
    'IOError',
    [C],
    [C],
    'connecting timed out, or signing or logging the REST request failed; nothing was sent',
  ),
  [Cause.MissingRest]: row(
    'missing_rest',
    'MissingRest',
    [C, S],
    [S],
    'the message has no REST part',
  ),
  [Cause.MissingSoap]: row(
    'missing_soap',
    'MissingSoap',
    [C, S, M],
    [S, M],
    'the message has no SOAP part',
  ),
  [Cause.MissingSignature]: row(
    'missing_signature',
    'MissingSignature',
    [C, S],
    [S],
    'the message has no signature part',
  ),
  [Cause.MimeParsingFailed]: row(
    'mime_parsing_failed',
    'MimeParsingFailed',
    [C, F, M],
    [F, M],
    'broken multipart',
  ),
  [Cause.InconsistentResponse]: row(
    'inconsistent_response',
    'InconsistentResponse',
    [C],
    none,
    'identifiers or the request hash of the answer do not match the request',
  ),
  [Cause.TimestampingFailed]: row(
    'logging_failed.timestamping_failed',
    'LoggingFailed.TimestamperFailed',
    [C, S],
    none,
    'time-stamping has failed for longer than the acceptable period',
  ),
  [Cause.NoTimestampingProvider]: row(
    'logging_failed.mlog.no_timestamping_provider_found',
    'LoggingFailed.TimestamperFailed',
    [C, S],
    none,
    'no time-stamping authority is configured at this server',
  ),
  [Cause.LoggingFailed]: row(
    'logging_failed',
    'LoggingFailed',
    [C, S],
    none,
    'the message log refused: the body is larger than it may log',
  ),
  [Cause.DatabaseError]: row(
    'logging_failed.database_error',
    'LoggingFailed.DatabaseError',
    [C, S],
    none,
    'the database of the message log is away, or its pool of connections was exhausted',
  ),
  [Cause.InvalidHttpMethod]: row(
    'invalid_http_method',
    'InvalidHttpMethod',
    [S, M],
    [S, M],
    'a verb other than POST where only POST is allowed',
  ),
  [Cause.ClientProxyVersionNotSupported]: row(
    'client_proxy_version_not_supported',
    'ClientProxyVersionNotSupported',
    [S],
    [S],
    'the consumer server is older than this server accepts',
  ),
  [Cause.CannotCreateSignature]: row(
    'cannot_create_signature',
    'CannotCreateSignature',
    [C, S, F],
    [C, F],
    'the member has no usable signing key or certificate at this server',
  ),
  [Cause.UnknownService]: row(
    'unknown_service',
    'UnknownService',
    [S],
    [S],
    'the service code or version is unknown at the provider',
  ),
  [Cause.ServiceType]: row(
    'service_type',
    'ServiceType',
    [S],
    [S],
    'a REST call to a SOAP service, or the reverse',
  ),
  [Cause.AccessDenied]: row(
    'access_denied',
    'AccessDenied',
    [S],
    [S],
    'the client has no access right for this service, method and path',
  ),
  [Cause.ServiceDisabled]: row(
    'service_disabled',
    'ServiceDisabled',
    [S],
    [S],
    'the service is switched off by its administrator',
  ),
  [Cause.InvalidSignatureValue]: row(
    'invalid_signature_value',
    'InvalidSignatureValue',
    [C, S],
    [S],
    'the signature does not fit the message',
  ),
  [Cause.IncorrectValidationInfo]: row(
    'incorrect_validation_info',
    'IncorrectValidationInfo',
    [C, S],
    [S],
    'the OCSP response carried in the signature is too old or not trusted',
  ),
  [Cause.IncorrectCertificate]: row(
    'incorrect_certificate',
    'IncorrectCertificate',
    [C, S],
    [S],
    'the signing certificate belongs to another member',
  ),
  [Cause.MalformedSignature]: row(
    'malformed_signature',
    'MalformedSignature',
    [C, S],
    [S],
    'the signature does not follow its schema',
  ),
  [Cause.InvalidReference]: row(
    'invalid_reference',
    'InvalidReference',
    [C, S],
    [S],
    'the signature refers to something that was not received',
  ),
  [Cause.InvalidHashChain]: row(
    'invalid_hash_chain',
    'InvalidHashChain',
    [C, S],
    [S],
    'the hash chain does not lead to the signed value',
  ),
  [Cause.HashChainUnusedInputs]: row(
    'hashchain_unused_inputs',
    'HashChainUnusedInputs',
    [C, S],
    [S],
    'a received part is not covered by the hash chain',
  ),
  [Cause.CertValidation]: row(
    'cert_validation',
    'CertValidation',
    [C, S],
    [S],
    'the OCSP status of a certificate is not good',
  ),
  [Cause.CannotCreateCertPath]: row(
    'cannot_create_cert_path',
    'CannotCreateCertPath',
    [C, S],
    [S],
    'no chain leads to an approved certification authority',
  ),
  [Cause.UnknownHost]: row(
    'unknown_host',
    'NetworkError',
    [S, F],
    [S, F],
    'the address of the information system does not resolve',
  ),
  [Cause.ServiceMissingUrl]: row(
    'service_missing_url',
    'ServiceMissingUrl',
    [S],
    [S],
    'the service has no address',
  ),
  [Cause.ServiceMalformedUrl]: row(
    'service_malformed_url',
    'ServiceMalformedUrl',
    [S],
    [S],
    'the address of the service cannot be parsed',
  ),
  [Cause.HttpError]: row(
    'http_error',
    'HttpError',
    [C, F],
    none,
    'an unexpected HTTP status from the peer, or from a SOAP information system',
  ),
  [Cause.CannotSign]: row('cannot_sign', 'CannotSign', [C, S], [C], 'the token could not sign'),
  [Cause.SignatureTimedOut]: row(
    'internal_error',
    'InternalError',
    [C, S],
    [C],
    'signature creation timed out in the signing queue',
  ),
  [Cause.SignerNetworkError]: row(
    'signer.network_error',
    'Signer.NetworkError',
    [C, S],
    [C],
    'the signer process did not answer',
  ),
  [Cause.MissingHeaderField]: row(
    'missing_header_field',
    'MissingHeaderField',
    [M, F],
    [M],
    'a mandatory SOAP header field is missing',
  ),
  [Cause.InvalidSoap]: row('invalid_soap', 'InvalidSoap', [M, F], [M], 'not a SOAP message'),
  [Cause.InvalidXml]: row('invalid_xml', 'InvalidXml', [M, F], [M], 'not well-formed XML'),
  [Cause.InvalidContentType]: row(
    'invalid_content_type',
    'InvalidContentType',
    [M, F],
    [M],
    'unexpected content type',
  ),
  [Cause.MissingBody]: row('missing_body', 'MissingBody', [M, F], [M], 'no SOAP body'),
  [Cause.InvalidProtocolVersion]: row(
    'invalid_protocol_version',
    'InvalidProtocolVersion',
    [M],
    [M],
    'the SOAP protocol version is not supported',
  ),
  [Cause.DuplicateHeaderField]: row(
    'duplicate_header_field',
    'DuplicateHeaderField',
    [M],
    [M],
    'a SOAP header field occurs twice',
  ),
  [Cause.InconsistentHeaders]: row(
    'inconsistent_headers',
    'InconsistentHeaders',
    [M, F],
    [M],
    'SOAP headers contradict each other',
  ),
  [Cause.MalformedServerConf]: row(
    'malformed_server_conf',
    'MalformedServerConf',
    [C, S],
    [C, S],
    'the security server is not initialised',
  ),
  [Cause.NoAnswer]: row(
    'no_answer',
    'NoAnswer',
    [C],
    none,
    'the connection was closed without an answer (idle time or a crash); not an X-Road code',
  ),
  [Cause.ResponseBroken]: row(
    'service_failed.io_error',
    'ServiceFailed.IOError',
    [C],
    none,
    'the connection broke while the response was being read',
  ),
  [Cause.ResponseMismatch]: row(
    'service_failed.inconsistent_response',
    'ServiceFailed.InconsistentResponse',
    [C],
    none,
    'SOAP: identifiers of the answer do not match the request',
  ),
  [Cause.MissingHeader]: row('missing_header', 'MissingHeader', [M, F], [M], 'no SOAP header'),
  [Cause.InvalidMessage]: row(
    'invalid_message',
    'InvalidMessage',
    [M, F],
    [M],
    'broken multipart, or a part where none may be',
  ),
  [Cause.InvalidSoapAction]: row(
    'invalid_soap_action',
    'InvalidSoapAction',
    [M],
    [M],
    'the SOAPAction header is not a quoted address',
  ),
};

const PREFIX_TEXT = [
  'server.clientproxy',
  'server.serverproxy',
  'server.serverproxy.service_failed',
  'client',
] as const;
const PREFIX_TEXT_77 = [
  'Server.ClientProxy',
  'Server.ServerProxy',
  'Server.ServerProxy.ServiceFailed',
  'Client',
] as const;
const FIRST_VERSION_WITH_NEW_SPELLING = 70800;

/** The fault a cause becomes under a prefix; see the layout above. */
export function faultOf(prefix: Prefix, cause: number): number {
  return (prefix << 6) | cause;
}

/** The cause of a fault: the lower six bits. */
export function causeOf(fault: number): number {
  return fault & 63;
}

/** The prefix of a fault: the upper two bits. */
export function prefixOf(fault: number): Prefix {
  return (fault >> 6) as Prefix;
}

/** All faults a client can see, in the order of their numbers. */
export const FAULTS: readonly FaultRow[] = Object.entries(CAUSES)
  .flatMap(([cause, words]) =>
    words.prefixes.map((prefix) => faultRow(prefix, Number(cause), words)),
  )
  .toSorted((a, b) => a.fault - b.fault);

const BY_FAULT = new Map(FAULTS.map((entry) => [entry.fault, entry]));

/** The row of a fault; null when the registry has no such fault. */
export function findFault(fault: number): FaultRow | null {
  return BY_FAULT.get(fault) ?? null;
}

/** The code as a server of this version spells it (7.8.0 = 70800). */
export function spellFault(fault: number, version: number): string {
  const entry = findFault(fault);
  if (entry === null) return `unregistered-fault-${fault}`;
  return version >= FIRST_VERSION_WITH_NEW_SPELLING ? entry.code : entry.code77;
}

/**
 * The HTTP status the information system sees. REST: 500 when the code starts with the word
 * `server.` as the *consumer* server's version spells it, else 400; so a 7.7 peer's fault comes
 * through a 7.8 consumer as 400 and the reverse (facts 0.2). SOAP faults are always 200.
 */
export function statusOfFault(
  fault: number,
  isRest: boolean,
  consumerVersion: number,
  providerVersion: number,
): number {
  if (causeOf(fault) === Cause.NoAnswer) return 0;
  if (!isRest) return 200;
  const prefix = prefixOf(fault);
  const raisedByPeer = prefix === Prefix.ServerProxy || prefix === Prefix.ServerProxyServiceFailed;
  const code = spellFault(fault, raisedByPeer ? providerVersion : consumerVersion);
  const word = consumerVersion >= FIRST_VERSION_WITH_NEW_SPELLING ? 'server.' : 'Server.';
  return code.startsWith(word) ? 500 : 400;
}

function row(
  word: string,
  word77: string,
  prefixes: readonly Prefix[],
  definite: readonly Prefix[],
  prose: string,
): CauseRow {
  return { word, word77, prefixes, definite, prose };
}

function faultRow(prefix: Prefix, cause: number, words: CauseRow): FaultRow {
  const bare = cause === Cause.NoAnswer;
  return {
    fault: faultOf(prefix, cause),
    code: bare ? words.word : `${PREFIX_TEXT[prefix]}.${words.word}`,
    code77: bare ? words.word77 : `${PREFIX_TEXT_77[prefix]}.${words.word77}`,
    side: prefix === Prefix.ClientProxy || prefix === Prefix.Client ? 'consumer' : 'provider',
    definite: words.definite.includes(prefix),
    prose: words.prose,
  };
}
