/**
 * Keys that may be used: each server's OCSP answers, the proxy's key cache in front of them, and
 * what a peer makes of both.
 *
 * The signer of a server asks for all its certificates in one pass, so its answers are of one age.
 * A peer never asks the responder: it judges the answer that a message carries, or fetches the one
 * of a TLS certificate from port 5577 and keeps it while it is fresh by its own limit (facts 5.2).
 */
import { CertificateKind } from '../plan/plan.ts';
import { TrustClock } from '../metrics/trust-outcome.ts';
import { Cause } from '../protocol/fault.ts';
import {
  isWithinValidity,
  keyCacheUntilUs,
  ocspPauseUs,
  ocspUntilUs,
} from '../protocol/freshness.ts';
import { History } from '../world/trust-table.ts';
import type { TrustTable } from '../world/trust-table.ts';
import { EventKind } from './event-kind.ts';
import type { TrustWorld } from './trust-world.ts';
import type { TrustClocks } from './trust-clocks.ts';
import type { Configurations } from './trust-configuration.ts';
import type { TrustServices } from './trust-services.ts';

/** Read time-out of the signer's client (facts 2.8). */
const READ_TIMEOUT_US = 60e6;
/** After a start, and after a fetch without a valid configuration (OcspClientExecuteScheduler). */
const INITIAL_PAUSE_US = 5e6;
const NO_CONFIGURATION_PAUSE_US = 60e6;
/** How long a peer waits for port 5577 when nothing answers there (facts 2.8). */
const PEER_CONNECT_TIMEOUT_US = 20e6;

export class Keys {
  readonly #state: TrustWorld;
  readonly #table: TrustTable;
  readonly #services: TrustServices;
  readonly #clocks: TrustClocks;
  readonly #configurations: Configurations;
  /** Row `verifier's instance * instanceCount + owner's`: how long an answer counts. */
  readonly #answerUs: Float64Array;
  readonly #cacheUs: Float64Array;
  readonly #retryUs: Float64Array;
  /** The certificates of each server: its own and those of its signers. */
  readonly #certificates: readonly number[][];
  readonly #signers: readonly number[][];
  readonly #attempt: Int32Array;
  readonly #isTimedOut: Uint8Array;
  /** The job's events carry its number; those of one that was begun anew are void. */
  readonly #chain: Int32Array;
  readonly #hasResponder: Uint8Array;
  readonly #revocations = new Map<number, History>();
  /** Candidate -> row of a pair of servers; several candidates may be the same pair. */
  readonly #pairOf: Int32Array;
  /** thisUpdate of the answer that the pair's consumer keeps for its provider. */
  readonly #peerThisUpdateUs: Float64Array;

  constructor(
    state: TrustWorld,
    table: TrustTable,
    services: TrustServices,
    clocks: TrustClocks,
    configurations: Configurations,
  ) {
    const { servers, instances, certificates } = state.plan;
    const count = servers.id.length;
    this.#state = state;
    this.#table = table;
    this.#services = services;
    this.#clocks = clocks;
    this.#configurations = configurations;
    this.#answerUs = Float64Array.from(
      instances.flatMap(({ parameters: verifier }) =>
        instances.map(({ parameters: owner }) =>
          ocspUntilUs(0, {
            freshnessUs: Number(verifier.ocspFreshness),
            nextUpdateUs: Number(owner.ocspNextUpdate),
            verifiesNextUpdate: verifier.verifyNextUpdate === true,
          }),
        ),
      ),
    );
    this.#cacheUs = Float64Array.from(instances, (one) =>
      Number(one.parameters.keyConfCachePeriod),
    );
    this.#retryUs = Float64Array.from(instances, (one) => Number(one.parameters.ocspFetchRetry));
    this.#certificates = rowsOf(certificates.server, count);
    this.#signers = rowsOf(state.plan.signers.server, count);
    this.#attempt = new Int32Array(count);
    this.#isTimedOut = new Uint8Array(count);
    this.#chain = new Int32Array(count);
    this.#hasResponder = respondersOf(state);
    this.#pairOf = new Int32Array(state.plan.candidates.server.length);
    this.#peerThisUpdateUs = new Float64Array(this.#pairUp()).fill(-Infinity);
  }

  begin(): void {
    const { servers } = this.#state.plan;
    for (let server = 0; server < servers.id.length; server++) {
      this.#windCertificates(server);
      if (this.#hasResponder[server] === 0) continue;
      const phaseUs = servers.ocspPhaseUs[server];
      this.#table.thisUpdateUs[server] = phaseUs - servers.ocspFetchIntervalUs[server];
      this.#windAnswers(server);
      this.#schedule(server, phaseUs);
    }
  }

  /** Whether the proxy has a key to authenticate this server with. */
  isAuthUsable(server: number): boolean {
    const { authCacheUntilUs, thisUpdateUs } = this.#table;
    const { nowUs, plan } = this.#state;
    if (nowUs < authCacheUntilUs[server]) return true;
    const certificate = plan.servers.authCertificate[server];
    if (!this.#isGood(server, certificate)) return false;
    const untilUs = this.#cacheUntilUs(server, certificate, thisUpdateUs[server]);
    authCacheUntilUs[server] = untilUs;
    return true;
  }

  /** Whether the proxy has a context to sign with for this signer's member. */
  isSigningUsable(signer: number): boolean {
    const { signingCacheUntilUs, thisUpdateUs } = this.#table;
    const { nowUs, plan } = this.#state;
    if (nowUs < signingCacheUntilUs[signer]) return true;
    const server = plan.signers.server[signer];
    const certificate = plan.signers.certificate[signer];
    if (!this.#isGood(server, certificate)) return false;
    const untilUs = this.#cacheUntilUs(server, certificate, thisUpdateUs[server]);
    signingCacheUntilUs[signer] = untilUs;
    return true;
  }

  /** Why a consumer's server does not trust the provider's at the other end of a handshake. */
  connectCause(client: number, candidate: number): number {
    const { plan, nowUs } = this.#state;
    const provider = plan.candidates.server[candidate];
    // Its TLS port has no certificate to show (facts 5.2).
    if (!this.isAuthUsable(provider)) return Cause.SslAuthenticationFailed;
    const certificate = plan.servers.authCertificate[provider];
    if (!this.#isKnown(client, provider, certificate)) return Cause.SslAuthenticationFailed;
    const pair = this.#pairOf[candidate];
    if (nowUs < this.#peerUntilUs(client, provider, pair)) return Cause.None;
    if (this.#isOutOfReach(provider)) return Cause.SslAuthenticationFailed;
    this.#peerThisUpdateUs[pair] = this.#table.thisUpdateUs[provider];
    const isFresh = nowUs < this.#peerUntilUs(client, provider, pair);
    if (isFresh && !this.#isRevoked(certificate, this.#peerThisUpdateUs[pair])) return Cause.None;
    this.#peerThisUpdateUs[pair] = -Infinity;
    return Cause.SslAuthenticationFailed;
  }

  /** What waiting for a silent port 5577 adds to a handshake; 0: nothing is to be fetched. */
  connectDelayUs(client: number, candidate: number): number {
    const provider = this.#state.plan.candidates.server[candidate];
    if (this.#table.isOcspPortBlocked[provider] === 0) return 0;
    const untilUs = this.#peerUntilUs(client, provider, this.#pairOf[candidate]);
    return this.#state.nowUs < untilUs ? 0 : PEER_CONNECT_TIMEOUT_US;
  }

  /** Whether a provider's server accepts its peer's certificate, by the answers in the message. */
  isPeerTrusted(provider: number, client: number): boolean {
    const certificate = this.#state.plan.servers.authCertificate[client];
    if (!this.#isKnown(provider, client, certificate)) return false;
    const thisUpdateUs = this.#table.thisUpdateUs[client];
    if (this.#state.nowUs >= this.#answerUntilUs(provider, client, thisUpdateUs)) return false;
    return !this.#isRevoked(certificate, thisUpdateUs);
  }

  /** Why a server does not accept what a signer of another has signed (facts 2.6, in its order). */
  verifyCause(verifier: number, signer: number): number {
    const { plan, nowUs } = this.#state;
    const owner = plan.signers.server[signer];
    const certificate = plan.signers.certificate[signer];
    if (!this.#configurations.isValid(verifier, plan.servers.instance[owner])) {
      return Cause.InternalError;
    }
    if (!this.#isCurrent(verifier, certificate)) return Cause.CannotCreateCertPath;
    const thisUpdateUs = this.#table.thisUpdateUs[owner];
    if (nowUs >= this.#answerUntilUs(verifier, owner, thisUpdateUs)) {
      return Cause.IncorrectValidationInfo;
    }
    return this.#isRevoked(certificate, thisUpdateUs) ? Cause.CertValidation : Cause.None;
  }

  /** The token answers: PIN given, signer process there (facts 4.2). */
  signingCause(server: number): number {
    if (this.#table.isSignerLost[server] === 1) return Cause.SignerNetworkError;
    return this.#table.isTokenLocked[server] === 1 ? Cause.CannotSign : Cause.None;
  }

  revoke(certificate: number, value: number): void {
    const history = this.#revocations.get(certificate) ?? new History();
    history.set(this.#state.nowUs, value);
    this.#revocations.set(certificate, history);
  }

  /**
   * 1: the certificate is past its end. 0: a new one is in its place, which the central server has
   * just registered; peers know it when their configuration does.
   */
  expire(certificate: number, value: number): void {
    const { nowUs, plan } = this.#state;
    const { notAfterUs, notBeforeUs, registeredUs } = this.#table;
    if (value === 1) {
      notAfterUs[certificate] = Math.min(notAfterUs[certificate], nowUs - 1);
    } else {
      notAfterUs[certificate] = Infinity;
      notBeforeUs[certificate] = nowUs;
      registeredUs[certificate] = nowUs;
    }
    // The key cache watches the file of keys, and forgets when it changes (CachingKeyConfImpl).
    this.#forget(plan.certificates.server[certificate]);
    this.#windCertificates(plan.certificates.server[certificate]);
  }

  lock(server: number, value: number): void {
    this.#table.isTokenLocked[server] = value;
    this.#windToken(server);
  }

  loseSigner(server: number, value: number): void {
    const { isSignerLost, isTokenLocked } = this.#table;
    // A signer that comes back has its tokens logged out, unless somebody logs them in (facts 5.6).
    const isBack = isSignerLost[server] === 1 && value === 0;
    isSignerLost[server] = value;
    if (isBack && this.#state.plan.servers.autoLogin[server] === 0) isTokenLocked[server] = 1;
    this.#windToken(server);
    if (isBack && this.#hasResponder[server] === 1) {
      this.#schedule(server, this.#state.nowUs + INITIAL_PAUSE_US);
    }
  }

  /** The answers on the disk survive; the caches and the tokens' log-in do not (facts 5.2, 5.6). */
  restarted(server: number): void {
    const { plan, nowUs } = this.#state;
    this.#forget(server);
    this.#table.isSignerLost[server] = 0;
    if (plan.servers.autoLogin[server] === 0) this.#table.isTokenLocked[server] = 1;
    this.#windToken(server);
    const { routes } = plan;
    for (let route = 0; route < routes.server.length; route++) {
      if (routes.server[route] !== server) continue;
      const from = routes.candidateFrom[route];
      for (let at = from; at < from + routes.candidateCount[route]; at++) {
        this.#peerThisUpdateUs[this.#pairOf[at]] = -Infinity;
      }
    }
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
    if (!this.#configurations.isOwnValid(server)) {
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
      nowUs < this.#answerUntilUs(server, server, thisUpdateUs);
    if (!isGood) {
      this.#attempt[server]++;
      this.#ask(server);
      return;
    }
    this.#table.thisUpdateUs[server] = thisUpdateUs;
    this.#windAnswers(server);
    this.#end(server, false);
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

  /** What the signer says of a key now: whether it may be used, and its certificate is good. */
  #isGood(server: number, certificate: number): boolean {
    const { isSignerLost, isTokenLocked, thisUpdateUs } = this.#table;
    if (isSignerLost[server] === 1 || isTokenLocked[server] === 1) return false;
    if (!this.#isCurrent(server, certificate)) return false;
    const heldUs = thisUpdateUs[server];
    if (this.#state.nowUs >= this.#answerUntilUs(server, server, heldUs)) return false;
    return !this.#isRevoked(certificate, heldUs);
  }

  /** In true time, as all that the hot path compares with. */
  #cacheUntilUs(server: number, certificate: number, thisUpdateUs: number): number {
    const { skewUs, notAfterUs } = this.#table;
    const { nowUs, plan } = this.#state;
    const skew = skewUs[server];
    const periodUs = this.#cacheUs[plan.servers.instance[server]];
    const answerUntilUs = this.#answerUntilUs(server, server, thisUpdateUs);
    return keyCacheUntilUs(nowUs, periodUs, notAfterUs[certificate] - skew, answerUntilUs);
  }

  /** In true time: until when a verifier's clock lets an answer about an owner's key count. */
  #answerUntilUs(verifier: number, owner: number, thisUpdateUs: number): number {
    const { instance } = this.#state.plan.servers;
    const { instanceCount, skewUs } = this.#table;
    const validUs = this.#answerUs[instance[verifier] * instanceCount + instance[owner]];
    return thisUpdateUs + validUs - skewUs[verifier];
  }

  #peerUntilUs(client: number, provider: number, pair: number): number {
    return this.#answerUntilUs(client, provider, this.#peerThisUpdateUs[pair]);
  }

  /** Port 5577 is answered by the proxy, which asks the signer. */
  #isOutOfReach(provider: number): boolean {
    return (
      this.#table.isOcspPortBlocked[provider] === 1 || this.#table.isSignerLost[provider] === 1
    );
  }

  /** A peer's certificate: the configuration has it, and its dates hold. */
  #isKnown(verifier: number, owner: number, certificate: number): boolean {
    const instance = this.#state.plan.servers.instance[owner];
    if (!this.#configurations.isValid(verifier, instance)) return false;
    const registeredUs = this.#table.registeredUs[certificate];
    if (registeredUs > this.#configurations.viewUs(verifier, instance)) return false;
    return this.#isCurrent(verifier, certificate);
  }

  #isCurrent(verifier: number, certificate: number): boolean {
    const { notBeforeUs, notAfterUs, skewUs } = this.#table;
    const clockUs = this.#state.nowUs + skewUs[verifier];
    return isWithinValidity(clockUs, notBeforeUs[certificate], notAfterUs[certificate]);
  }

  #isRevoked(certificate: number, thisUpdateUs: number): boolean {
    if (this.#revocations.size === 0) return false;
    return this.#revocations.get(certificate)?.valueAt(thisUpdateUs) === 1;
  }

  #forget(server: number): void {
    const { authCacheUntilUs, signingCacheUntilUs } = this.#table;
    authCacheUntilUs[server] = -Infinity;
    for (const signer of this.#signers[server]) signingCacheUntilUs[signer] = -Infinity;
  }

  #windAnswers(server: number): void {
    const { nowUs } = this.#state;
    const untilUs = this.#answerUntilUs(server, server, this.#table.thisUpdateUs[server]);
    for (const clock of [TrustClock.AuthenticationOcsp, TrustClock.SigningOcsp]) {
      this.#clocks.wind(this.#clocks.rowOf(server, clock), untilUs, nowUs);
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

  #windToken(server: number): void {
    const { isTokenLocked, isSignerLost } = this.#table;
    const { nowUs } = this.#state;
    const isUsable = isTokenLocked[server] === 0 && isSignerLost[server] === 0;
    const row = this.#clocks.rowOf(server, TrustClock.Token);
    this.#clocks.wind(row, isUsable ? Infinity : nowUs, nowUs);
  }

  /** Numbers the pairs of servers that candidates make; returns how many there are. */
  #pairUp(): number {
    const { routes, candidates, servers } = this.#state.plan;
    const rows = new Map<number, number>();
    for (let route = 0; route < routes.server.length; route++) {
      const from = routes.candidateFrom[route];
      for (let at = from; at < from + routes.candidateCount[route]; at++) {
        const key = routes.server[route] * servers.id.length + candidates.server[at];
        const known = rows.get(key) ?? rows.size;
        rows.set(key, known);
        this.#pairOf[at] = known;
      }
    }
    return rows.size;
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
