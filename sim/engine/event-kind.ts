/**
 * The kinds of events, in the order in which simultaneous ones leave: the world changes first,
 * then what was under way completes, then the new arrives. `a` and `b` as written beside each.
 */
export const EventKind = {
  /** a: row of `patches`. */
  Patch: 0,
  /** A server is ready again. a: server, b: epoch. */
  ServerReady: 1,
  /** An incident begins or ends. a: row of incidents, b: an IncidentEvent. */
  IncidentPhase: 2,
  /** The end of the warm-up. */
  WarmUpEnd: 3,
  /** The effect of a leg is done. a: leg, b: sequence. */
  LegDone: 4,
  /** Its deadline came first. a: leg, b: sequence. */
  LegTimedOut: 5,
  /** It failed, see `failCause`. a: leg, b: sequence. */
  LegFailed: 6,
  /** No TCP connect of an attempt completed in time. a: leg, b: sequence. */
  ConnectSilent: 7,
  /** The TCP connection stands and the ClientHello has come. a: slot, b: generation. */
  ServerHello: 8,
  /** The server's part of the handshake has come back. a: leg, b: sequence. */
  HandshakeReply: 9,
  /** Wire, to the provider. a: slot, b: generation. */
  RequestPart: 10,
  MessageEnd: 11,
  /** Wire, to the consumer. */
  ResponseEnd: 12,
  FaultPart: 13,
  ClosedAtClient: 14,
  /** Wire, to the provider. */
  ClosedAtServer: 15,
  /** A request reaches an information system. a: leg, b: sequence. */
  SystemArrival: 16,
  /** An information system has worked one off. a: slot. */
  SystemDone: 17,
  /** The token has made a signature value. a: signer, b: sequence. */
  SignerDone: 18,
  /** The patience of the head of a queue may be over. a: queue. */
  QueueTimer: 19,
  /** The oldest idle connection of a pool may be too old. a: pool. */
  PoolTimer: 20,
  /** Trust: the kinds from TrustFirst to TrustLast are dispatched by trust.ts alone. */
  TrustFirst: 21,
  /** A server's configuration client begins a run. a: server, b: number of the job. */
  TrustDownload: 21,
  /** A source has answered it, or has not. a: server, b: number of the job. */
  TrustDownloaded: 22,
  /** A signer asks for OCSP answers. a: server, b: number of the job. */
  TrustOcsp: 23,
  TrustOcspDone: 24,
  /** The time-stamper begins a run. a: server, b: number of the job. */
  TrustStamp: 25,
  TrustStampDone: 26,
  /** The end of a bucket of the time series. a: bucket. */
  TrustSample: 27,
  TrustLast: 27,
  /** A connection of a flood ends. a: server, b: epoch * 2, and 1 more if it is counted. */
  FloodEnd: 28,
  /** TCP gives a stalled message up. a: slot, b: generation. */
  GiveUp: 29,
  /** Callers: the kinds from CallerFirst to CallerLast are dispatched by callers.ts alone. */
  CallerFirst: 30,
  /** A caller stops listening to its attempt. a: call, b: sequence. */
  CallTimedOut: 30,
  /** The pause before a retry is over. a: call, b: sequence. */
  CallRetry: 31,
  /** The pause before a step is over. a: journey. */
  JourneyStep: 32,
  CallerLast: 32,
  /** a: bucket. */
  BucketEnd: 33,
  /** Of the queue of sources only. a: source. */
  Arrival: 34,
} as const;
