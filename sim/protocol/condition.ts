/**
 * What can be wrong from the start with a server, or with the messages of a workload, by the name
 * a scenario uses. Each row says which fact it takes away, or which effect it makes fail, and on
 * which side; what follows from that is decided by exchange.ts alone.
 */
import { Effect } from './effect.ts';
import { Fact } from './exchange.ts';
import { Cause } from './fault.ts';

export interface ConditionRow {
  readonly name: string;
  /** Where a scenario may write it. */
  readonly of: 'server' | 'message';
  /** The leg that is concerned; a server's condition concerns both unless it says so. */
  readonly side: 'client' | 'server' | 'both';
  /** The fact that does not hold; 0: none. */
  readonly fact: number;
  /** The effect that fails, and how; Effect.None: none. */
  readonly effect: Effect;
  readonly cause: number;
  readonly prose: string;
}

const fact = (
  name: string,
  of: 'server' | 'message',
  side: ConditionRow['side'],
  bit: number,
  prose: string,
): ConditionRow => ({ name, of, side, fact: bit, effect: Effect.None, cause: 0, prose });

const failure = (
  name: string,
  of: 'server' | 'message',
  side: ConditionRow['side'],
  effect: Effect,
  cause: number,
  prose: string,
): ConditionRow => ({ name, of, side, fact: 0, effect, cause, prose });

export const CONDITIONS: readonly ConditionRow[] = [
  fact('conf-expired', 'server', 'both', Fact.GlobalConfValid, 'its own configuration has expired'),
  fact('no-auth-cert', 'server', 'client', Fact.AuthCertUsable, 'no usable authentication key'),
  fact('no-signing-key', 'server', 'both', Fact.SigningKeyUsable, 'no usable signing key'),
  fact('no-tsa', 'server', 'both', Fact.TimestampingConfigured, 'no time-stamping authority set'),
  fact('tsa-overdue', 'server', 'both', Fact.TimestampingInTime, 'time-stamping failed too long'),
  fact(
    'peer-chain-invalid',
    'server',
    'server',
    Fact.ClientChainValid,
    'it cannot verify the certificate chain of its peers',
  ),
  fact(
    'foreign-conf-missing',
    'server',
    'client',
    Fact.InstanceKnown,
    'it has no valid configuration of federated instances',
  ),
  failure(
    'signer-down',
    'server',
    'both',
    Effect.Sign,
    Cause.SignerNetworkError,
    'its signer process does not answer',
  ),
  failure('cannot-sign', 'server', 'both', Effect.Sign, Cause.CannotSign, 'its token cannot sign'),
  failure(
    'log-database-down',
    'server',
    'both',
    Effect.Log,
    Cause.DatabaseError,
    'the database of its message log is away',
  ),
  failure(
    'untrusted-tls',
    'server',
    'client',
    Effect.Connect,
    Cause.SslAuthenticationFailed,
    'it cannot verify the certificates of its peers',
  ),
  fact('unparsable-path', 'message', 'client', Fact.PathParses, 'the REST path cannot be parsed'),
  fact('no-client', 'message', 'client', Fact.ClientNamed, 'X-Road-Client is missing'),
  fact(
    'unregistered-client',
    'message',
    'client',
    Fact.ClientRegistered,
    'the client is not registered at the server it uses',
  ),
  fact(
    'client-not-authenticated',
    'message',
    'client',
    Fact.ClientAuthenticated,
    'the client does not authenticate as its server asks',
  ),
  fact(
    'unknown-provider',
    'message',
    'client',
    Fact.ProviderKnown,
    'no server of the provider is in the configuration',
  ),
  fact(
    'wrong-target',
    'message',
    'client',
    Fact.TargetServesProvider,
    'X-Road-Security-Server names a server that does not serve the provider',
  ),
  failure(
    'missing-header-field',
    'message',
    'client',
    Effect.Parse,
    Cause.MissingHeaderField,
    'SOAP: a mandatory header field is missing',
  ),
  failure('invalid-xml', 'message', 'client', Effect.Parse, Cause.InvalidXml, 'SOAP: broken XML'),
  fact('not-post', 'message', 'server', Fact.MethodIsPost, 'the transport does not use POST'),
  fact(
    'other-server',
    'message',
    'server',
    Fact.TargetIsThisServer,
    'SOAP: it names another server than the one it reaches',
  ),
  fact(
    'provider-not-registered',
    'message',
    'server',
    Fact.ProviderRegistered,
    'the provider is not registered at the server it reaches',
  ),
  fact('broken-multipart', 'message', 'server', Fact.MessageReadable, 'broken multipart'),
  fact('no-message-part', 'message', 'server', Fact.HasMessagePart, 'no REST or SOAP part'),
  fact('no-signature', 'message', 'server', Fact.HasSignature, 'no signature part'),
  fact('unknown-service', 'message', 'server', Fact.ServiceExists, 'a service nobody offers'),
  failure(
    'tampered',
    'message',
    'server',
    Effect.Verify,
    Cause.InvalidSignatureValue,
    'the request was changed after it was signed',
  ),
  failure(
    'stale-ocsp',
    'message',
    'server',
    Effect.Verify,
    Cause.IncorrectValidationInfo,
    'the OCSP response in the signature is too old',
  ),
  failure(
    'wrong-signer',
    'message',
    'server',
    Effect.Verify,
    Cause.IncorrectCertificate,
    'the signing certificate belongs to another member',
  ),
  failure(
    'untrusted-system',
    'message',
    'server',
    Effect.Forward,
    Cause.SslAuthenticationFailed,
    'the certificate of the information system is not in the list',
  ),
  fact(
    'response-without-signature',
    'message',
    'client',
    Fact.HasSignature,
    'the response carries no signature',
  ),
  fact(
    'response-without-part',
    'message',
    'client',
    Fact.HasMessagePart,
    'the response carries no REST or SOAP part',
  ),
  failure(
    'response-tampered',
    'message',
    'client',
    Effect.Verify,
    Cause.InvalidSignatureValue,
    'the response was changed after it was signed',
  ),
  fact(
    'response-inconsistent',
    'message',
    'client',
    Fact.ResponseConsistent,
    'the response belongs to another request',
  ),
];

/** The row of a name; null when there is none. */
export function findCondition(name: string): ConditionRow | null {
  return CONDITIONS.find((row) => row.name === name) ?? null;
}
