/**
 * What X-Road finds wrong with a SOAP message, and how each place in the exchange spells it. The
 * words are those of protocol/fault.ts. Where the registry has no row for a word, or none for a
 * word at a place, the nearest cause is what the rules count, and the exact code goes to whoever
 * asked (facts 4).
 */
import { Cause, causeOf, faultOf, FAULTS, Prefix, spellFault } from '../../protocol/fault.ts';

/** A word that the registry does not have. */
export interface UnlistedWord {
  /** X-Road 7.8 and newer. */
  readonly word: string;
  /** X-Road 7.7 and older. */
  readonly word77: string;
}

export const Unlisted = {
  InvalidBody: { word: 'invalid_body', word77: 'InvalidBody' },
  InvalidRequest: { word: 'invalid_request', word77: 'InvalidRequest' },
} as const satisfies Record<string, UnlistedWord>;

export class SoapError extends Error {
  override name = 'SoapError';
  readonly reason: Cause;
  /** Null: the word of the reason. */
  readonly unlisted: UnlistedWord | null;

  constructor(reason: Cause, message: string, unlisted: UnlistedWord | null = null) {
    super(message);
    this.reason = reason;
    this.unlisted = unlisted;
  }
}

/** Whose message was read, and where; X-Road puts other words in front for each. */
export const Place = {
  /** The request of an information system: `client`. */
  ClientRequest: 0,
  /**
   * At the provider's server, the peer's request or the information system's answer:
   * `server.serverproxy.service_failed`.
   */
  Provider: 1,
  /** At the consumer's server, the peer's response: `server.clientproxy.service_failed`. */
  PeerResponse: 2,
  /** At the consumer's server, once the response has been read: `server.clientproxy`. */
  ClientProxy: 3,
  /** At the provider's server, in what it answers itself: `server.serverproxy`. */
  ServerProxy: 4,
} as const;
export type Place = (typeof Place)[keyof typeof Place];

/** Of each place a fault that the registry spells with the words in front. */
const SAMPLES: Readonly<Record<Place, number>> = {
  [Place.ClientRequest]: faultOf(Prefix.Client, Cause.InvalidSoap),
  [Place.Provider]: faultOf(Prefix.ServerProxyServiceFailed, Cause.InvalidSoap),
  [Place.PeerResponse]: faultOf(Prefix.ClientProxy, Cause.ResponseBroken),
  [Place.ClientProxy]: faultOf(Prefix.ClientProxy, Cause.InternalError),
  [Place.ServerProxy]: faultOf(Prefix.ServerProxy, Cause.InternalError),
};

/** The whole code, as a server of this version spells it (7.8.0 = 70800). */
export function spellSoapError(error: SoapError, place: Place, version: number): string {
  const sample = spellFault(SAMPLES[place], version);
  return `${sample.slice(0, sample.lastIndexOf('.'))}.${wordOf(error, version)}`;
}

function wordOf({ reason, unlisted }: SoapError, version: number): string {
  // The registry itself says which spelling a version has.
  const isNew = spellFault(SAMPLES[Place.ServerProxy], version).startsWith('server.');
  if (unlisted !== null) return isNew ? unlisted.word : unlisted.word77;
  const row = FAULTS.find(({ fault }) => causeOf(fault) === reason);
  const code = row === undefined ? '' : isNew ? row.code : row.code77;
  return code.slice(code.lastIndexOf('.') + 1);
}
