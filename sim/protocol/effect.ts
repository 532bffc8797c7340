/**
 * What a leg asks its driver to do: the virtual engine prices an effect, the live engine performs
 * it. The list of effects is exactly the list of things to calibrate.
 */

export const Effect = {
  None: 0,
  /** Client: read the request, its headers, its rights to use this server. */
  Parse: 1,
  /** Client: lease or open a connection; TCP race, TLS handshake, peer's certificate. */
  Connect: 2,
  /** Client: OCSP parts, request part, body; the provider's server hears of it at the start. */
  StreamRequest: 3,
  Sign: 4,
  /** Insert into the message log, committed. */
  Log: 5,
  /** Client: the signature part; the end of the request message. */
  SendSignature: 6,
  Verify: 7,
  /** Client: the answer, or the fault, to the information system. */
  Respond: 8,
  /** Server: read OCSP parts and request part, verify the peer's certificate chain. */
  Admit: 9,
  /** Server: wait for the rest of the message. */
  Receive: 10,
  /** Server: call the information system, up to the head of its answer. */
  Forward: 11,
  /** Server: head and body of the response to the peer, while they are being read. */
  StreamResponse: 12,
  /** Server: the signature part; the end of the response message. */
  SendResponseEnd: 13,
  /** Server: a fault instead. */
  SendFault: 14,
  /** Server: close without a word. */
  Close: 15,
} as const;
export type Effect = (typeof Effect)[keyof typeof Effect];

export type EffectResource = 'none' | 'cpu' | 'network' | 'signer' | 'message-log' | 'system';

/** One row of the table of effects. */
export interface EffectRow {
  readonly effect: Effect;
  readonly name: string;
  readonly resource: EffectResource;
  /** The parameter of plan/profile.ts that bounds it; null: it has no deadline of its own. */
  readonly deadline: string | null;
  /** Keys of the calibration that price it. */
  readonly costs: readonly CostName[];
  /** The thread waits for it. */
  readonly blocks: boolean;
}

/**
 * Keys of a calibration file. Each is an amount of processor time on one core plus a delay that
 * occupies none (a hand-over between processes, a disk), and an amount per KiB of body.
 */
export const COSTS = [
  'parse',
  'handshakeClient',
  'handshakeServer',
  'stream',
  'sign',
  'signItem',
  'logCommit',
  'verify',
  'admit',
  'forward',
  'respond',
] as const;
export type CostName = (typeof COSTS)[number];

/** Row number of a cost in the cost tables of a plan. */
export const Cost = {
  Parse: 0,
  HandshakeClient: 1,
  HandshakeServer: 2,
  Stream: 3,
  /** One operation of the token: one signature value, however many messages share it. */
  Sign: 4,
  /** Each message of the batch: its hashes and its part of the hash chain. */
  SignItem: 5,
  LogCommit: 6,
  Verify: 7,
  Admit: 8,
  Forward: 9,
  Respond: 10,
} as const;

export const EFFECTS: readonly EffectRow[] = [
  row(Effect.None, 'None', 'none', null, [], false),
  row(Effect.Parse, 'Parse', 'cpu', null, ['parse'], true),
  row(Effect.Connect, 'Connect', 'network', 'clientTimeout', [
    'handshakeClient',
    'handshakeServer',
  ]),
  row(Effect.StreamRequest, 'StreamRequest', 'network', null, ['stream']),
  row(Effect.Sign, 'Sign', 'signer', 'signerTimeout', ['sign', 'signItem']),
  row(Effect.Log, 'Log', 'message-log', 'logPoolTimeout', ['logCommit']),
  row(Effect.SendSignature, 'SendSignature', 'network', null, [], false),
  row(Effect.Verify, 'Verify', 'cpu', null, ['verify']),
  row(Effect.Respond, 'Respond', 'network', null, ['respond'], false),
  // It reads from the peer while it works: an idle connection ends it, too.
  row(Effect.Admit, 'Admit', 'cpu', 'idleTimeout', ['admit']),
  row(Effect.Receive, 'Receive', 'network', 'idleTimeout', []),
  row(Effect.Forward, 'Forward', 'system', 'serviceTimeout', ['forward']),
  row(Effect.StreamResponse, 'StreamResponse', 'network', null, ['stream']),
  row(Effect.SendResponseEnd, 'SendResponseEnd', 'network', null, [], false),
  row(Effect.SendFault, 'SendFault', 'network', null, [], false),
  row(Effect.Close, 'Close', 'network', null, [], false),
];

function row(
  effect: Effect,
  name: string,
  resource: EffectResource,
  deadline: string | null,
  costs: readonly CostName[],
  blocks = true,
): EffectRow {
  return { effect, name, resource, deadline, costs, blocks };
}
