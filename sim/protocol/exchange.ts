/**
 * The message exchange: what happens next at each of the two security servers, and nothing else.
 *
 * Rule 1: every rule that moves an exchange from stage to stage lives in this file.
 * Rule 2: this file does not know time, sockets, keys or queues. A driver measures the facts that
 *         `clientNeeds` and `serverNeeds` name, asks for the transition, performs its one effect
 *         (effect.ts) and feeds the result back as an input.
 * Rule 3: a stage is named after what is already true, so that both engines agree on what has been
 *         done when one of them dies.
 *
 *    31         24 23         16 15          8 7           0
 *   +-------------+-------------+-------------+-------------+
 *   |      0      |    fault    |   effect    |    stage    |   a transition
 *   +-------------+-------------+-------------+-------------+
 *   |      0      |      0      |    cause    |    kind     |   an input
 *   +-------------+-------------+-------------+-------------+
 *
 * The cause of `Failed` is a Cause of fault.ts; the rule adds the prefix and flattens. The cause of
 * `FaultPart` is a whole fault, because a peer's code is relayed unchanged (facts 2.1 step 16).
 *
 * Source of the order of checks: X-Road 7.8, ClientRestMessageProcessor, ClientMessageProcessor,
 * ServerProxyHandler, ServerRestMessageProcessor, ServerMessageProcessor, as read in facts 2.1-2.3.
 * The whole table with the source of each rule is exchange.golden.txt.
 */
import { Effect } from './effect.ts';
import { Cause, faultOf, Prefix } from './fault.ts';

/** What the consumer's server knows of an exchange. */
export const ClientStage = {
  /** The request has come; no thread is free yet. */
  Waiting: 0,
  /** It has a thread, this server may work, the request is being read. */
  Accepted: 1,
  /** Every check before the connection has passed. */
  Admitted: 2,
  /** A connection to a server of the provider stands, and its server was authenticated. */
  Connected: 3,
  /** The request has left, all but its signature. */
  Streamed: 4,
  Signed: 5,
  /** Logged, and the signature has left: from here the provider may act on it. */
  Sent: 6,
  /** The head of the response has come. */
  Heard: 7,
  /** The whole response has come. */
  Received: 8,
  Verified: 9,
  /** Answered or refused; nothing is left to do. */
  Closed: 10,
} as const;
export type ClientStage = (typeof ClientStage)[keyof typeof ClientStage];

/** What the provider's server knows of an exchange. */
export const ServerStage = {
  Waiting: 0,
  /** It has a thread, and this server may work for this peer. */
  Opened: 1,
  /** The peer may speak for the client, and this server for the provider. */
  Admitted: 2,
  /** The whole request has come, for a service that this client may call. */
  Received: 3,
  Verified: 4,
  /** The request is logged: the information system may be called. */
  Recorded: 5,
  /** The information system has answered. */
  Answered: 6,
  /** The response has left, all but its signature. */
  Streamed: 7,
  Signed: 8,
  Closed: 9,
} as const;
export type ServerStage = (typeof ServerStage)[keyof typeof ServerStage];

export const Input = {
  /** A thread has taken the request up. */
  ThreadGranted: 0,
  /** The effect is done. */
  Done: 1,
  /** The effect has failed; the cause says how. */
  Failed: 2,
  /** The effect's deadline came first. */
  TimedOut: 3,
  /** Wire: the request's signature, the end of the request message. */
  MessageEnd: 4,
  /** Wire: the head of the response. */
  ResponseHead: 5,
  /** Wire: the response's signature, the end of the response message. */
  ResponseEnd: 6,
  /** Wire: a fault instead of the rest; the cause is the peer's whole fault. */
  FaultPart: 7,
  /** Wire: the peer's server has closed the connection. */
  PeerClosed: 8,
} as const;
export type Input = (typeof Input)[keyof typeof Input];

/** A question of fact, asked of one server's own view at the instant of the input. */
export const Fact = {
  // Of both sides.
  GlobalConfValid: 1 << 0,
  SigningKeyUsable: 1 << 1,
  TimestampingConfigured: 1 << 2,
  TimestampingInTime: 1 << 3,
  BodyLoggable: 1 << 4,
  IsRest: 1 << 5,
  HasMessagePart: 1 << 6,
  HasSignature: 1 << 7,
  // Of the consumer's side.
  AuthCertUsable: 1 << 8,
  PathParses: 1 << 9,
  ClientNamed: 1 << 10,
  ClientRegistered: 1 << 11,
  ClientAuthenticated: 1 << 12,
  /** The provider's instance is this one, or federated with a configuration that is valid. */
  InstanceKnown: 1 << 13,
  ProviderKnown: 1 << 14,
  TargetServesProvider: 1 << 15,
  SomeServerInService: 1 << 16,
  ResponseConsistent: 1 << 17,
  // Of the provider's side.
  MethodIsPost: 1 << 18,
  ClientVersionSupported: 1 << 19,
  TargetIsThisServer: 1 << 20,
  ProviderRegistered: 1 << 21,
  ClientChainValid: 1 << 22,
  MessageReadable: 1 << 23,
  ServiceExists: 1 << 24,
  ServiceTypeMatches: 1 << 25,
  AccessAllowed: 1 << 26,
  ServiceEnabled: 1 << 27,
  ServiceUrlPresent: 1 << 28,
  ServiceUrlWellFormed: 1 << 29,
} as const;
export type Fact = (typeof Fact)[keyof typeof Fact];

export const ALL_FACTS = 2 ** 30 - 1;

/** What a stage holds; what is taken and released is the difference of two masks. */
export const Hold = { Thread: 1, Connection: 2, LogConnection: 4 } as const;

const { Thread, Connection, LogConnection } = Hold;
export const CLIENT_HOLDS: readonly number[] = [
  0,
  Thread,
  Thread,
  Thread | Connection,
  Thread | Connection,
  Thread | Connection | LogConnection,
  Thread | Connection,
  Thread | Connection,
  Thread | Connection,
  Thread | LogConnection,
  0,
];
export const SERVER_HOLDS: readonly number[] = [
  Connection,
  Thread | Connection,
  Thread | Connection,
  Thread | Connection,
  Thread | Connection | LogConnection,
  Thread | Connection,
  Thread | Connection,
  Thread | Connection,
  Thread | Connection | LogConnection,
  0,
];

/**
 * The wire inputs a stage reads, as bits `1 << kind`. What it does not read stays in the socket's
 * buffer until a stage that does: a blocked thread notices nothing, not even a closed peer.
 */
const { MessageEnd, ResponseHead, ResponseEnd, FaultPart, PeerClosed } = Input;
const RESPONSE = (1 << ResponseHead) | (1 << FaultPart) | (1 << PeerClosed);
export const CLIENT_READS: readonly number[] = [
  0,
  0,
  0,
  1 << PeerClosed,
  0,
  0,
  RESPONSE,
  (1 << ResponseEnd) | (1 << FaultPart) | (1 << PeerClosed),
  0,
  0,
  0,
];
export const SERVER_READS: readonly number[] = [
  1 << PeerClosed,
  0,
  (1 << MessageEnd) | (1 << PeerClosed),
  0,
  0,
  0,
  1 << PeerClosed,
  0,
  0,
  0,
];

export const inputOf = (kind: Input, cause: number): number => kind | (cause << 8);
export const stageOf = (transition: number): number => transition & 0xff;
export const effectOf = (transition: number): number => (transition >> 8) & 0xff;
export const faultOfTransition = (transition: number): number => (transition >> 16) & 0xff;

const to = (stage: number, effect: number): number => stage | (effect << 8);

const refuse = (fault: number): number =>
  ClientStage.Closed | (Effect.Respond << 8) | (fault << 16);

const refuseClient = (cause: number): number => refuse(faultOf(Prefix.ClientProxy, cause));

/** The next transition of the consumer's leg. Total: every question has an answer. */
export function advanceClientLeg(stage: number, input: number, facts: number): number {
  const kind = input & 0xff;
  const cause = input >> 8;
  switch (stage) {
    case ClientStage.Waiting:
      // The request was accepted but never read; its 30 s of idle time have passed (facts 12.1).
      if (kind !== Input.ThreadGranted) return refuseClient(Cause.NoAnswer);
      return acceptRequest(facts);
    case ClientStage.Accepted:
      if (kind === Input.TimedOut) return refuseClient(Cause.InternalError);
      if (kind === Input.Failed) return refuse(faultOf(Prefix.Client, cause));
      return admitRequest(facts);
    case ClientStage.Admitted:
      // X-Road connects before it signs: a dead provider costs no signature (facts 2.1 step 11).
      if (kind === Input.TimedOut) return refuseClient(Cause.IoErrorUnsent);
      if (kind === Input.Failed) return refuseClient(unsent(cause));
      return to(ClientStage.Connected, Effect.StreamRequest);
    case ClientStage.Connected:
      if (kind !== Input.Done) return refuseClient(Cause.IoErrorUnsent);
      if ((facts & Fact.SigningKeyUsable) === 0) {
        return refuseUnsent(Cause.CannotCreateSignature, facts);
      }
      return to(ClientStage.Streamed, Effect.Sign);
    case ClientStage.Streamed:
      if (kind === Input.TimedOut) return refuseUnsent(Cause.SignatureTimedOut, facts);
      if (kind === Input.Failed) return refuseUnsent(cause, facts);
      return logRequest(facts);
    case ClientStage.Signed:
      if (kind === Input.TimedOut) return refuseUnsent(Cause.DatabaseError, facts);
      if (kind === Input.Failed) return refuseUnsent(cause, facts);
      return to(ClientStage.Sent, Effect.SendSignature);
    case ClientStage.Sent:
      // No time-out: client-httpclient-timeout is 0, the wait for a response is infinite.
      if (kind === Input.FaultPart) return refuse(cause);
      if (kind === Input.ResponseHead) return to(ClientStage.Heard, Effect.None);
      return refuseClient(Cause.IoError);
    case ClientStage.Heard:
      if (kind === Input.FaultPart) return refuse(cause);
      // What breaks while a response is parsed is the service's failure (facts 2.1 step 16).
      if (kind !== Input.ResponseEnd) return refuseClient(Cause.ResponseBroken);
      if ((facts & Fact.HasMessagePart) === 0) {
        return refuseClient((facts & Fact.IsRest) === 0 ? Cause.MissingSoap : Cause.MissingRest);
      }
      if ((facts & Fact.HasSignature) === 0) return refuseClient(Cause.MissingSignature);
      return to(ClientStage.Received, Effect.Verify);
    case ClientStage.Received:
      if (kind !== Input.Done) return refuseClient(kind === Input.Failed ? cause : Cause.IoError);
      if ((facts & Fact.ResponseConsistent) === 0) return refuseClient(mismatch(facts));
      return loggingCause(facts) === Cause.None
        ? to(ClientStage.Verified, Effect.Log)
        : refuseClient(loggingCause(facts));
    case ClientStage.Verified:
      if (kind !== Input.Done) {
        return refuseClient(kind === Input.Failed ? cause : Cause.DatabaseError);
      }
      return to(ClientStage.Closed, Effect.Respond);
    default:
      // Closed: the answer has left, or could not be delivered; nothing remains.
      return to(ClientStage.Closed, Effect.None);
  }
}

/** Facts 2.1 steps 2-3: without a valid configuration no identifier can be trusted. */
function acceptRequest(facts: number): number {
  if ((facts & Fact.GlobalConfValid) === 0) return refuseClient(Cause.GlobalConfOutdated);
  if ((facts & Fact.AuthCertUsable) === 0) return refuseClient(Cause.SslAuthenticationFailed);
  return to(ClientStage.Accepted, Effect.Parse);
}

/** Facts 2.1 steps 4-9. */
function admitRequest(facts: number): number {
  if ((facts & Fact.PathParses) === 0) return refuseClient(Cause.InternalError);
  if ((facts & Fact.ClientNamed) === 0) return refuseClient(Cause.InvalidClientIdentifier);
  if ((facts & Fact.ClientRegistered) === 0) return refuseClient(Cause.UnknownMember);
  if ((facts & Fact.ClientAuthenticated) === 0) {
    return refuseClient(Cause.SslAuthenticationFailed);
  }
  if ((facts & Fact.InstanceKnown) === 0) return refuseClient(Cause.InternalError);
  if ((facts & Fact.ProviderKnown) === 0) return refuseClient(Cause.UnknownMember);
  if ((facts & Fact.TargetServesProvider) === 0) {
    return refuseClient(Cause.InvalidSecurityServer);
  }
  if ((facts & Fact.SomeServerInService) === 0) return refuseClient(Cause.MaintenanceMode);
  return to(ClientStage.Admitted, Effect.Connect);
}

function logRequest(facts: number): number {
  const cause = loggingCause(facts);
  if (cause !== Cause.None) return refuseUnsent(cause, facts);
  return to(ClientStage.Signed, Effect.Log);
}

/** ML/LogManager.verifyCanLogMessage, then the size of the body (facts 4.2, 5.3). */
function loggingCause(facts: number): number {
  if ((facts & Fact.TimestampingConfigured) === 0) return Cause.NoTimestampingProvider;
  if ((facts & Fact.TimestampingInTime) === 0) return Cause.TimestampingFailed;
  if ((facts & Fact.BodyLoggable) === 0) return Cause.LoggingFailed;
  return Cause.None;
}

/**
 * Signing and logging happen inside the writer of the HTTP entity: of a REST request every such
 * failure reaches the client as io_error, of a SOAP request with its own code (facts 2.1 step 13,
 * 2.2).
 */
function refuseUnsent(cause: number, facts: number): number {
  return refuseClient((facts & Fact.IsRest) === 0 ? cause : Cause.IoErrorUnsent);
}

/** Of a SOAP response X-Road says that the service is to blame, of a REST response it does not. */
function mismatch(facts: number): number {
  return (facts & Fact.IsRest) === 0 ? Cause.ResponseMismatch : Cause.InconsistentResponse;
}

/** Before the signature has left, an io_error is definite: nothing can have been executed. */
function unsent(cause: number): number {
  return cause === Cause.IoError ? Cause.IoErrorUnsent : cause;
}

const sendFault = (prefix: Prefix, cause: number): number =>
  ServerStage.Closed | (Effect.SendFault << 8) | (faultOf(prefix, cause) << 16);

const failServer = (cause: number): number => sendFault(Prefix.ServerProxy, cause);

const failService = (cause: number): number => sendFault(Prefix.ServerProxyServiceFailed, cause);

/** The connection is closed without a word. */
const CLOSE = to(ServerStage.Closed, Effect.Close);

/** The next transition of the provider's leg. Total: every question has an answer. */
export function advanceServerLeg(stage: number, input: number, facts: number): number {
  const kind = input & 0xff;
  const cause = input >> 8;
  switch (stage) {
    case ServerStage.Waiting:
      return kind === Input.ThreadGranted ? openRequest(facts) : CLOSE;
    case ServerStage.Opened:
      // Admit fails when a part cannot be read, such as a broken OCSP response.
      if (kind === Input.Failed) return failService(cause);
      if (kind !== Input.Done) return CLOSE;
      return admitPeer(facts);
    case ServerStage.Admitted:
      if (kind !== Input.MessageEnd) return CLOSE;
      return judgeMessage(facts);
    case ServerStage.Received:
      if (kind !== Input.Done) return failServer(kind === Input.Failed ? cause : Cause.IoError);
      return loggingCause(facts) === Cause.None
        ? to(ServerStage.Verified, Effect.Log)
        : failServer(loggingCause(facts));
    case ServerStage.Verified:
      if (kind !== Input.Done) {
        return failServer(kind === Input.Failed ? cause : Cause.DatabaseError);
      }
      if ((facts & Fact.ServiceUrlPresent) === 0) return failServer(Cause.ServiceMissingUrl);
      if ((facts & Fact.ServiceUrlWellFormed) === 0) return failServer(malformedUrl(facts));
      return to(ServerStage.Recorded, Effect.Forward);
    case ServerStage.Recorded:
      if (kind !== Input.Done) {
        return failCall(kind === Input.Failed ? cause : Cause.IoError, facts);
      }
      return to(ServerStage.Answered, Effect.StreamResponse);
    case ServerStage.Answered:
      if (kind === Input.PeerClosed) return CLOSE;
      if (kind !== Input.Done) return failCall(Cause.IoError, facts);
      return to(ServerStage.Streamed, Effect.Sign);
    case ServerStage.Streamed:
      if (kind === Input.Failed) return failServer(cause);
      if (kind !== Input.Done) return failServer(Cause.SignatureTimedOut);
      return loggingCause(facts) === Cause.None
        ? to(ServerStage.Signed, Effect.Log)
        : failServer(loggingCause(facts));
    case ServerStage.Signed:
      if (kind !== Input.Done) {
        return failServer(kind === Input.Failed ? cause : Cause.DatabaseError);
      }
      return to(ServerStage.Closed, Effect.SendResponseEnd);
    default:
      return to(ServerStage.Closed, Effect.None);
  }
}

/** SOAP wraps the information system's failure in service_failed, REST does not. */
function failCall(cause: number, facts: number): number {
  return (facts & Fact.IsRest) === 0 ? failService(cause) : failServer(cause);
}

/** Only SOAP has a code for it; HttpGet and its like throw IllegalArgumentException (facts 4.1). */
function malformedUrl(facts: number): number {
  return (facts & Fact.IsRest) === 0 ? Cause.ServiceMalformedUrl : Cause.InternalError;
}

/** Facts 2.3 steps 3-5: plain errors, before anything of the message was read. */
function openRequest(facts: number): number {
  if ((facts & Fact.MethodIsPost) === 0) return failServer(Cause.InvalidHttpMethod);
  if ((facts & Fact.GlobalConfValid) === 0) return failServer(Cause.GlobalConfOutdated);
  if ((facts & Fact.ClientVersionSupported) === 0) {
    return failServer(Cause.ClientProxyVersionNotSupported);
  }
  return to(ServerStage.Opened, Effect.Admit);
}

/**
 * Facts 2.3 step 6, in the callback of the request part. That this server can sign the response is
 * found before the request is even verified.
 */
function admitPeer(facts: number): number {
  if ((facts & (Fact.IsRest | Fact.TargetIsThisServer)) === 0) {
    return failService(Cause.InvalidSecurityServer);
  }
  if ((facts & Fact.ProviderRegistered) === 0) return failService(Cause.UnknownMember);
  if ((facts & Fact.SigningKeyUsable) === 0) return failService(Cause.CannotCreateSignature);
  if ((facts & Fact.ClientChainValid) === 0) return failService(Cause.SslAuthenticationFailed);
  return to(ServerStage.Admitted, Effect.Receive);
}

/**
 * Facts 2.3 steps 7-8: only after the whole message; rights before the signature. A part that is
 * missing is noticed after parsing, so that it does not count as the service's failure
 * (ServerRestMessageProcessor.checkRequest; the message tests NoSignatureToServerProxy and
 * ServerProxyProcessingError).
 */
function judgeMessage(facts: number): number {
  if ((facts & Fact.MessageReadable) === 0) return failService(Cause.MimeParsingFailed);
  if ((facts & Fact.HasMessagePart) === 0) {
    return failServer((facts & Fact.IsRest) === 0 ? Cause.MissingSoap : Cause.MissingRest);
  }
  if ((facts & Fact.HasSignature) === 0) return failServer(Cause.MissingSignature);
  if ((facts & Fact.ServiceExists) === 0) return failServer(Cause.UnknownService);
  if ((facts & Fact.ServiceTypeMatches) === 0) return failServer(Cause.ServiceType);
  if ((facts & Fact.AccessAllowed) === 0) return failServer(Cause.AccessDenied);
  if ((facts & Fact.ServiceEnabled) === 0) return failServer(Cause.ServiceDisabled);
  return to(ServerStage.Received, Effect.Verify);
}

const LOGGING = Fact.TimestampingConfigured | Fact.TimestampingInTime | Fact.BodyLoggable;
const ADMITTING =
  Fact.PathParses |
  Fact.ClientNamed |
  Fact.ClientRegistered |
  Fact.ClientAuthenticated |
  Fact.InstanceKnown |
  Fact.ProviderKnown |
  Fact.TargetServesProvider |
  Fact.SomeServerInService;
const JUDGING =
  Fact.IsRest |
  Fact.MessageReadable |
  Fact.HasMessagePart |
  Fact.HasSignature |
  Fact.ServiceExists |
  Fact.ServiceTypeMatches |
  Fact.AccessAllowed |
  Fact.ServiceEnabled;

/** The facts that `advanceClientLeg(stage, input)` may read; no other bit changes its answer. */
export function clientNeeds(stage: number, input: number): number {
  const kind = input & 0xff;
  const isDone = kind === Input.Done;
  switch (stage) {
    case ClientStage.Waiting:
      return kind === Input.ThreadGranted ? Fact.GlobalConfValid | Fact.AuthCertUsable : 0;
    case ClientStage.Accepted:
      return kind === Input.TimedOut || kind === Input.Failed ? 0 : ADMITTING;
    case ClientStage.Connected:
      return isDone ? Fact.SigningKeyUsable | Fact.IsRest : 0;
    case ClientStage.Streamed:
      return kind === Input.TimedOut || kind === Input.Failed ? Fact.IsRest : LOGGING | Fact.IsRest;
    case ClientStage.Signed:
      return kind === Input.TimedOut || kind === Input.Failed ? Fact.IsRest : 0;
    case ClientStage.Heard:
      return kind === Input.ResponseEnd ? Fact.IsRest | Fact.HasMessagePart | Fact.HasSignature : 0;
    case ClientStage.Received:
      return isDone ? LOGGING | Fact.ResponseConsistent | Fact.IsRest : 0;
    default:
      return 0;
  }
}

/** The facts that `advanceServerLeg(stage, input)` may read; no other bit changes its answer. */
export function serverNeeds(stage: number, input: number): number {
  const kind = input & 0xff;
  const isDone = kind === Input.Done;
  switch (stage) {
    case ServerStage.Waiting:
      return kind === Input.ThreadGranted
        ? Fact.MethodIsPost | Fact.GlobalConfValid | Fact.ClientVersionSupported
        : 0;
    case ServerStage.Opened:
      return isDone
        ? Fact.IsRest |
            Fact.TargetIsThisServer |
            Fact.ProviderRegistered |
            Fact.SigningKeyUsable |
            Fact.ClientChainValid
        : 0;
    case ServerStage.Admitted:
      return kind === Input.MessageEnd ? JUDGING : 0;
    case ServerStage.Received:
      return isDone ? LOGGING : 0;
    case ServerStage.Verified:
      return isDone ? Fact.ServiceUrlPresent | Fact.ServiceUrlWellFormed | Fact.IsRest : 0;
    case ServerStage.Recorded:
      return isDone ? 0 : Fact.IsRest;
    case ServerStage.Answered:
      return isDone || kind === Input.PeerClosed ? 0 : Fact.IsRest;
    case ServerStage.Streamed:
      return isDone ? LOGGING : 0;
    default:
      return 0;
  }
}
