/**
 * The signer of every server: its OCSP fetches, its certificates and its tokens. It asks for all
 * its certificates in one pass, so its answers are of one age (facts 5.2). What anybody makes of
 * them is in trust-verdicts.ts.
 */
import { TrustClock } from '../metrics/trust-outcome.ts';
import { CertificateKind } from '../plan/plan.ts';
import { ocspPauseUs } from '../protocol/freshness.ts';
import type { TrustTable } from '../world/trust-table.ts';
import { EventKind } from './event-kind.ts';
import type { TrustClocks } from './trust-clocks.ts';
import type { TrustServices } from './trust-services.ts';
import type { Verdicts } from './trust-verdicts.ts';
import type { TrustWorld } from './trust-world.ts';

/** Read time-out of the signer's client (facts 2.8). */
const READ_TIMEOUT_US = 60e6;
/** After a start, and after a fetch without a valid configuration (OcspClientExecuteScheduler). */
const INITIAL_PAUSE_US = 5e6;
const NO_CONFIGURATION_PAUSE_US = 60e6;

export class Keys {
  readonly #state: TrustWorld;
  readonly #table: TrustTable;
  readonly #services: TrustServices;
  readonly #clocks: TrustClocks;
  readonly #verdicts: Verdicts;
  readonly #retryUs: Float64Array;
  /** The certificates of each server: its own and those of its signers. */
  readonly #certificates: readonly number[][];
  readonly #signers: readonly number[][];
  readonly #attempt: Int32Array;
  /** When the second certificates that are not in use yet were registered. */
  readonly #registeredUs = new Map<number, number>();
  readonly #isTimedOut: Uint8Array;
  /** The job's events carry its number; those of one that was begun anew are void. */
  readonly #chain: Int32Array;
  readonly #hasResponder: Uint8Array;
  /** 1: somebody gives the PIN as soon as there is a signer to give it to. */
  readonly #isPinWaiting: Uint8Array;
  /** By instance: the foreign ones that look at its servers' answers more strictly than it does. */
  readonly #strictPeers: readonly (readonly number[])[];

  constructor(
    state: TrustWorld,
    table: TrustTable,
    services: TrustServices,
    clocks: TrustClocks,
    verdicts: Verdicts,
  ) {
    const { servers, instances, certificates } = state.plan;
    const count = servers.id.length;
    this.#state = state;
    this.#table = table;
    this.#services = services;
    this.#clocks = clocks;
    this.#verdicts = verdicts;
    this.#retryUs = Float64Array.from(instances, (one) => Number(one.parameters.ocspFetchRetry));
    this.#certificates = rowsOf(certificates.server, count);
    this.#signers = rowsOf(state.plan.signers.server, count);
    this.#attempt = new Int32Array(count);
    this.#isTimedOut = new Uint8Array(count);
    this.#chain = new Int32Array(count);
    this.#isPinWaiting = new Uint8Array(count);
    this.#hasResponder = respondersOf(state);
    this.#strictPeers = instances.map(({ federatedWith }, own) =>
      federatedWith.filter((verifier) => verdicts.isStricter(verifier, own)),
    );
  }

  begin(): void {
    const { servers } = this.#state.plan;
    for (let server = 0; server < servers.id.length; server++) {
      this.#windCertificates(server);
      if (this.#hasResponder[server] === 1) {
        const phaseUs = servers.ocspPhaseUs[server];
        this.#table.thisUpdateUs[server] = phaseUs - servers.ocspFetchIntervalUs[server];
        this.#windAnswers(server);
        this.#schedule(server, phaseUs);
      }
      this.#verdicts.holdFirst(server, this.#signers[server]);
    }
  }

  /**
   * 1: the certificate is past its end. 0: a new one is in its place, which the central server has
   * just registered; peers know it when their configuration does.
   */
  expire(certificate: number, value: number): void {
    const { nowUs } = this.#state;
    const { notAfterUs } = this.#table;
    if (value === 0) {
      // One that was renewed meanwhile has not expired.
      if (notAfterUs[certificate] < nowUs) this.#use(certificate, nowUs);
      return;
    }
    notAfterUs[certificate] = Math.min(notAfterUs[certificate], nowUs - 1);
    this.#changed(certificate);
  }

  /**
   * 1: the central server has registered a second certificate, while the old one stays in use. 0:
   * the new one is in use. Peers whose configuration was signed before it was registered do not
   * know it, so a server that is in a hurry locks itself out (facts 5.6).
   */
  renew(certificate: number, value: number): void {
    const { nowUs } = this.#state;
    if (value === 1) this.#registeredUs.set(certificate, nowUs);
    else this.#use(certificate, this.#registeredUs.get(certificate) ?? nowUs);
  }

  lock(server: number, value: number): void {
    const { isTokenLocked, isSignerLost } = this.#table;
    const isAway = this.#state.isUp[server] === 0 || isSignerLost[server] === 1;
    this.#isPinWaiting[server] = Number(value === 0 && isAway);
    isTokenLocked[server] = value;
    this.#windToken(server);
  }

  loseSigner(server: number, value: number): void {
    const { isSignerLost } = this.#table;
    const isBack = isSignerLost[server] === 1 && value === 0;
    isSignerLost[server] = value;
    if (isBack) this.#logOut(server);
    this.#windToken(server);
    if (isBack && this.#hasResponder[server] === 1) {
      this.#schedule(server, this.#state.nowUs + INITIAL_PAUSE_US);
    }
  }

  /** The answers on the disk survive; the caches and the tokens' log-in do not (facts 5.2, 5.6). */
  restarted(server: number): void {
    const { nowUs } = this.#state;
    this.#forget(server);
    this.#verdicts.forgetPeers(server);
    this.#table.isSignerLost[server] = 0;
    this.#logOut(server);
    this.#windToken(server);
    if (this.#hasResponder[server] === 1) this.#schedule(server, nowUs + INITIAL_PAUSE_US);
  }

  skewed(server: number): void {
    this.#forget(server);
    this.#windCertificates(server);
    this.#windAnswers(server);
  }

  /** A signer begins to ask. */
  fetch(server: number, chain: number): void {
    if (!this.#mayGoOn(server, chain)) return;
    if (!this.#verdicts.isConfValid(server, this.#state.plan.servers.instance[server])) {
      this.#schedule(server, this.#state.nowUs + NO_CONFIGURATION_PAUSE_US);
      return;
    }
    this.#attempt[server] = 0;
    this.#ask(server);
  }

  fetched(server: number, chain: number): void {
    if (!this.#mayGoOn(server, chain)) return;
    const { nowUs } = this.#state;
    const responder = this.#responderOf(server);
    const thisUpdateUs = nowUs - this.#services.staleUs[responder];
    const isGood =
      this.#isTimedOut[server] === 0 &&
      this.#services.isRight(responder) &&
      // An answer that is too old already is not stored (OcspClientWorker).
      nowUs < this.#verdicts.answerUntilUs(server, server, thisUpdateUs);
    if (!isGood) {
      this.#attempt[server]++;
      this.#ask(server);
      return;
    }
    this.#table.thisUpdateUs[server] = thisUpdateUs;
    this.#windAnswers(server);
    this.#end(server, false);
  }

  /** A new certificate takes the place of the old one. */
  #use(certificate: number, registeredUs: number): void {
    this.#table.notAfterUs[certificate] = Infinity;
    this.#table.notBeforeUs[certificate] = registeredUs;
    this.#table.registeredUs[certificate] = registeredUs;
    this.#verdicts.replaced(certificate);
    this.#changed(certificate);
  }

  /** The key cache watches the file of keys, and forgets when it changes (CachingKeyConfImpl). */
  #changed(certificate: number): void {
    const server = this.#state.plan.certificates.server[certificate];
    this.#forget(server);
    this.#windCertificates(server);
  }

  #ask(server: number): void {
    const { timers, nowUs, plan } = this.#state;
    const count = plan.servers.ocspCount[server];
    while (this.#attempt[server] < count && this.#services.isDown(this.#responderOf(server))) {
      this.#attempt[server]++;
    }
    if (this.#attempt[server] === count) {
      this.#end(server, true);
      return;
    }
    const responder = this.#responderOf(server);
    const requests = this.#certificates[server].length;
    const endUs = this.#services.request(responder, nowUs, requests, READ_TIMEOUT_US);
    this.#isTimedOut[server] = Number(this.#services.isTimedOut);
    timers.schedule(endUs, EventKind.TrustOcspDone, server, server, this.#chain[server]);
  }

  #end(server: number, isRetrying: boolean): void {
    const { plan, nowUs } = this.#state;
    const intervalUs = plan.servers.ocspFetchIntervalUs[server];
    const retryUs = this.#retryUs[plan.servers.instance[server]];
    this.#schedule(server, nowUs + ocspPauseUs(isRetrying, intervalUs, retryUs));
  }

  #mayGoOn(server: number, chain: number): boolean {
    if (this.#chain[server] !== chain || this.#state.isUp[server] === 0) return false;
    return this.#table.isSignerLost[server] === 0;
  }

  #schedule(server: number, timeUs: number): void {
    const chain = ++this.#chain[server];
    this.#state.timers.schedule(timeUs, EventKind.TrustOcsp, server, server, chain);
  }

  #responderOf(server: number): number {
    const { servers, trustOrder } = this.#state.plan;
    return trustOrder[servers.ocspFrom[server] + this.#attempt[server]];
  }

  #forget(server: number): void {
    this.#verdicts.forget(server, this.#signers[server]);
  }

  #windAnswers(server: number): void {
    const { nowUs, plan } = this.#state;
    const heldUs = this.#table.thisUpdateUs[server];
    const own = plan.servers.instance[server];
    const untilUs = this.#verdicts.answerUntilUs(server, server, heldUs);
    for (const clock of [TrustClock.AuthenticationOcsp, TrustClock.SigningOcsp]) {
      this.#clocks.wind(this.#clocks.rowOf(server, clock), untilUs, nowUs);
    }
    for (const verifier of this.#strictPeers[own]) {
      // It judges by a clock of its own, which is taken to be right.
      const countsUs = this.#verdicts.answerCountsUs(verifier, own);
      this.#clocks.wind(this.#clocks.peerRowOf(server, verifier), heldUs + countsUs, nowUs);
    }
  }

  /** The first of a server's signing certificates to run out stops that clock. */
  #windCertificates(server: number): void {
    const { certificates } = this.#state.plan;
    const { notAfterUs, skewUs } = this.#table;
    let authUs = Infinity;
    let signingUs = Infinity;
    for (const row of this.#certificates[server]) {
      const untilUs = notAfterUs[row] + 1 - skewUs[server];
      if (certificates.kind[row] === CertificateKind.Authentication) authUs = untilUs;
      else signingUs = Math.min(signingUs, untilUs);
    }
    const { nowUs } = this.#state;
    const auth = this.#clocks.rowOf(server, TrustClock.AuthenticationCertificate);
    const signing = this.#clocks.rowOf(server, TrustClock.SigningCertificate);
    this.#clocks.wind(auth, authUs, nowUs);
    this.#clocks.wind(signing, signingUs, nowUs);
  }

  /** A signer that starts has its tokens logged out, unless somebody logs them in (facts 5.6). */
  #logOut(server: number): void {
    const isLoggedIn = this.#state.plan.servers.autoLogin[server] | this.#isPinWaiting[server];
    if (isLoggedIn === 0) this.#table.isTokenLocked[server] = 1;
    this.#isPinWaiting[server] = 0;
  }

  #windToken(server: number): void {
    const { isTokenLocked, isSignerLost } = this.#table;
    const { nowUs } = this.#state;
    const isUsable = isTokenLocked[server] === 0 && isSignerLost[server] === 0;
    const row = this.#clocks.rowOf(server, TrustClock.Token);
    this.#clocks.wind(row, isUsable ? Infinity : nowUs, nowUs);
  }
}

/** For each server, the rows whose column names it. */
function rowsOf(column: Int32Array, serverCount: number): number[][] {
  const rows = Array.from({ length: serverCount }, (): number[] => []);
  for (const [row, server] of column.entries()) rows[server].push(row);
  return rows;
}

/** 1: the server's instance has an OCSP responder, tried or not, so that answers age there. */
function respondersOf({ plan }: TrustWorld): Uint8Array {
  const has = plan.instances.map(({ trustServices }) => trustServices.ocspResponders.length > 0);
  return Uint8Array.from(plan.servers.instance, (instance) =>
    Number(plan.hasTrust && has[instance]),
  );
}
