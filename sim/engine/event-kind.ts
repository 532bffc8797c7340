/**
 * The kinds of events, in the order in which simultaneous ones leave: the world changes first,
 * then what was under way completes, then the new arrives. `a` and `b` as written beside each.
 */
export const EventKind = {
  /** a: row of `patches`. */
  Patch: 0,
  /** A server is ready again. a: server, b: epoch. */
  ServerReady: 1,
  /** The end of the warm-up. */
  WarmUpEnd: 2,
  /** The effect of a leg is done. a: leg, b: sequence. */
  LegDone: 3,
  /** Its deadline came first. a: leg, b: sequence. */
  LegTimedOut: 4,
  /** It failed, see `failCause`. a: leg, b: sequence. */
  LegFailed: 5,
  /** No TCP connect of an attempt completed in time. a: leg, b: sequence. */
  ConnectSilent: 6,
  /** The TCP connection stands and the ClientHello has come. a: slot, b: generation. */
  ServerHello: 7,
  /** The server's part of the handshake has come back. a: leg, b: sequence. */
  HandshakeReply: 8,
  /** Wire, to the provider. a: slot, b: generation. */
  RequestPart: 9,
  MessageEnd: 10,
  /** Wire, to the consumer. */
  ResponseEnd: 11,
  FaultPart: 12,
  ClosedAtClient: 13,
  /** Wire, to the provider. */
  ClosedAtServer: 14,
  /** A request reaches an information system. a: leg, b: sequence. */
  SystemArrival: 15,
  /** An information system has worked one off. a: slot. */
  SystemDone: 16,
  /** The token has made a signature value. a: signer, b: sequence. */
  SignerDone: 17,
  /** The patience of the head of a queue may be over. a: queue. */
  QueueTimer: 18,
  /** The oldest idle connection of a pool may be too old. a: pool. */
  PoolTimer: 19,
  /** Trust: the kinds from TrustFirst to TrustLast are dispatched by trust.ts alone. */
  TrustFirst: 20,
  /** A server's configuration client begins a run. a: server, b: number of the job. */
  TrustDownload: 20,
  /** A source has answered it, or has not. a: server, b: number of the job. */
  TrustDownloaded: 21,
  /** A signer asks for OCSP answers. a: server, b: number of the job. */
  TrustOcsp: 22,
  TrustOcspDone: 23,
  /** The time-stamper begins a run. a: server, b: number of the job. */
  TrustStamp: 24,
  TrustStampDone: 25,
  /** The end of a bucket of the time series. a: bucket. */
  TrustSample: 26,
  TrustLast: 26,
  /** A connection of a flood ends. a: server, b: epoch * 2, and 1 more if it is counted. */
  FloodEnd: 27,
  /** TCP gives a stalled message up. a: slot, b: generation. */
  GiveUp: 28,
  /** Callers: the kinds from CallerFirst to CallerLast are dispatched by callers.ts alone. */
  CallerFirst: 29,
  /** A caller stops listening to its attempt. a: call, b: sequence. */
  CallTimedOut: 29,
  /** The pause before a retry is over. a: call, b: sequence. */
  CallRetry: 30,
  /** The pause before a step is over. a: journey. */
  JourneyStep: 31,
  CallerLast: 31,
  /** a: bucket. */
  BucketEnd: 32,
  /** Of the queue of sources only. a: source. */
  Arrival: 33,
} as const;
