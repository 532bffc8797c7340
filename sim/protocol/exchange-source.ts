/**
 * Where each rule of exchange.ts comes from: by leg, stage and input, the section of the facts that
 * states it and the classes of X-Road 7.8 that it was read in. exchange.golden.txt prints it beside
 * the rule. An input without an entry cannot come at that stage; the rule answers all the same,
 * because both machines are total.
 *
 * `(inferred)`: follows from how Jetty, Hikari or TCP work, not from a line of X-Road.
 */
import { ClientStage, Input, ServerStage } from './exchange.ts';

type Sources<Stage extends string> = Readonly<
  Record<Stage, Readonly<Partial<Record<keyof typeof Input, string>>>>
>;

const IDLE = 'facts 12.1: Jetty job queue without a bound, connector idle time (inferred)';
const ENTITY = 'facts 2.1 step 13: ClientRestMessageProcessor.ProxyMessageEntity.writeTo';
const SOAP_SENT = 'facts 2.2: ClientMessageProcessor.SoapMessageHandler.onCompleted';
const LOG_POOL = 'facts 2.8: Hikari waits 30 s for a connection (inferred)';
const ENCODED = 'facts 2.3, after step 11 a fault part: ServerRestMessageProcessor.handleException';
const PEER_GONE = 'TCP: nobody is left to hear an answer (inferred)';

export const CLIENT_SOURCES: Sources<keyof typeof ClientStage> = {
  Waiting: {
    ThreadGranted: 'facts 2.1 steps 2-3: MessageProcessorBase, ClientRestMessageHandler',
    TimedOut: IDLE,
  },
  Accepted: {
    Done: 'facts 2.1 steps 4-9: ClientRestMessageProcessor.process, AbstractClientMessageProcessor',
    Failed: 'facts 2.2: ClientMessageProcessor.handleSoap, ClientException',
    TimedOut: 'facts 2.2: ClientMessageProcessor.waitForSoapMessage',
  },
  Admitted: {
    Done: 'facts 2.1 steps 11-12: FastestConnectionSelectingSSLSocketFactory, then the entity',
    Failed: 'facts 2.5, 4.1: FastestConnectionSelectingSSLSocketFactory, AuthTrustVerifier',
    TimedOut: 'facts 2.5, 2.8: client-timeout of the pool lease, the connect and the handshake',
  },
  Connected: {
    Done: `${ENTITY}, SigningCtxProvider.createSigningCtx; ${SOAP_SENT}`,
    Failed: 'facts 4.1: SocketException and IOException while writing the request',
    TimedOut: 'facts 2.8: client-connector-initial-idle-time, a client that uploads nothing',
    PeerClosed: 'facts 4.1: the peer closed while the request was being written',
  },
  Streamed: {
    Done: `${ENTITY}, MessageLog.log; LogManager.verifyCanLogMessage; ${SOAP_SENT}`,
    Failed: `${ENTITY}; ${SOAP_SENT}`,
    TimedOut: 'facts 2.7: BatchSigner, signature creation timed out',
  },
  Signed: {
    Done: 'facts 2.1 steps 14-15, 2.4: the record is committed before the signature leaves',
    Failed: `facts 2.1 step 14: MessageLog.log; ${ENTITY}`,
    TimedOut: LOG_POOL,
  },
  Sent: {
    ResponseHead: 'facts 2.1 steps 15-16: HttpSender.doPost returns with the headers',
    FaultPart: 'facts 2.1 step 16, 3.5: ProxyMessageDecoder.parseFault, the code unchanged',
    PeerClosed: 'facts 4.1: NoHttpResponseException is an IOException',
  },
  Heard: {
    ResponseEnd: 'facts 2.1 steps 16-18: ClientRestMessageProcessor.parseResponse, checkResponse',
    FaultPart: 'facts 2.1 step 16, 2.3: checkResponse, SoapFault.toCodedException',
    PeerClosed: 'facts 4.1: ProxyMessageDecoder.parse, IOException',
  },
  Received: {
    Done: 'facts 2.1 steps 18-20: checkConsistency, logResponseMessage, verifyCanLogMessage',
    Failed: 'facts 2.1 step 18, 2.6: SignatureVerifier, HashChainVerifier, OcspVerifier',
  },
  Verified: {
    Done: 'facts 2.1 steps 20-21: sendResponse only after the record is committed',
    Failed: 'facts 2.1 step 20: MessageLog.log',
    TimedOut: LOG_POOL,
  },
  Closed: {},
};

export const SERVER_SOURCES: Sources<keyof typeof ServerStage> = {
  Waiting: {
    ThreadGranted: 'facts 2.3 steps 3-5: ServerProxyHandler.handle, ClientProxyVersionVerifier',
    TimedOut: IDLE,
    PeerClosed: PEER_GONE,
  },
  Opened: {
    Done: 'facts 2.3 step 6: readMessage, the callback of the request part, verifySslClientCert',
    Failed: 'facts 2.3 step 6: ProxyMessageDecoder.parse with service_failed, handleOcsp',
  },
  Admitted: {
    MessageEnd: 'facts 2.3 steps 7-8: checkRequest, verifyAccess',
    TimedOut: 'facts 2.8: server-connector-initial-idle-time (inferred)',
    PeerClosed: PEER_GONE,
  },
  Received: {
    Done: 'facts 2.3 steps 9-10: logRequestMessage, LogManager.verifyCanLogMessage',
    Failed: 'facts 2.3 step 9, 2.6: ProxyMessageDecoder.verify, SignatureVerifier',
  },
  Verified: {
    Done: 'facts 2.3 step 11: DefaultRestServiceHandlerImpl, DefaultServiceHandlerImpl',
    Failed: 'facts 2.3 step 10: MessageLog.log',
    TimedOut: LOG_POOL,
  },
  Recorded: {
    Done: 'facts 2.3 step 12: the response is streamed while it is being read',
    Failed: 'facts 2.3 step 11, 4.1: ServerMessageProcessor.sendRequest adds service_failed',
    TimedOut: 'facts 2.8: the time-out of the service, SocketTimeoutException',
  },
  Answered: {
    Done: 'facts 2.3 step 13: ServerRestMessageProcessor.sign',
    Failed: ENCODED,
    TimedOut: ENCODED,
    PeerClosed: PEER_GONE,
  },
  Streamed: {
    Done: 'facts 2.3 step 14: logResponseMessage, LogManager.verifyCanLogMessage',
    Failed: ENCODED,
    TimedOut: 'facts 2.7: BatchSigner, signature creation timed out',
  },
  Signed: {
    Done: 'facts 2.3 step 15, 2.4: writeSignature only after the record is committed',
    Failed: ENCODED,
    TimedOut: LOG_POOL,
  },
  Closed: {},
};

/** The source of one rule; null where the input cannot come. */
export function clientSource(stage: ClientStage, input: Input): string | null {
  return CLIENT_SOURCES[nameOf(ClientStage, stage)][nameOf(Input, input)] ?? null;
}

export function serverSource(stage: ServerStage, input: Input): string | null {
  return SERVER_SOURCES[nameOf(ServerStage, stage)][nameOf(Input, input)] ?? null;
}

/** The name of a number in a table of names; the tables have every number they are asked for. */
function nameOf<Name extends string>(table: Readonly<Record<Name, number>>, value: number): Name {
  const names = Object.keys(table) as Name[];
  return names[names.findIndex((name) => table[name] === value)];
}
