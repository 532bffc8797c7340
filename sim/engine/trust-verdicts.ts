/**
 * What a server makes of keys at this instant: its own, through the proxy's key cache, and its
 * peers', by their dates, their OCSP answers and its own limits.
 *
 * A peer never asks the responder: it judges the answer that a message carries, or fetches the one
 * of a TLS certificate from port 5577 and keeps it while it is fresh by its own limit (facts 5.2).
 */
import { TRUST_CLOCKS, TrustClock } from '../metrics/trust-outcome.ts';
import { Cause } from '../protocol/fault.ts';
import { isWithinValidity, keyCacheUntilUs, ocspUntilUs } from '../protocol/freshness.ts';
import { History } from '../world/trust-table.ts';
import type { TrustTable } from '../world/trust-table.ts';
import type { TrustClocks } from './trust-clocks.ts';
import type { Configurations } from './trust-configuration.ts';
import { cachePhasesUs } from './trust-phases.ts';
import type { TrustWorld } from './trust-world.ts';

/** How long a peer waits for port 5577 when nothing answers there (facts 2.8). */
const PEER_CONNECT_TIMEOUT_US = 20e6;

export type Verdicts = ReturnType<typeof createVerdicts>;

export function createVerdicts(
  world: TrustWorld,
  table: TrustTable,
  clocks: TrustClocks,
  configurations: Configurations,
) {
  const { servers, signers, candidates, instances } = world.plan;
  const { instance, authCertificate } = servers;
  const { instanceCount, thisUpdateUs, skewUs, notBeforeUs, notAfterUs, registeredUs } = table;
  const { authCacheUntilUs, signingCacheUntilUs, pendingFromUs } = table;
  const { isSignerLost, isTokenLocked, isOcspPortBlocked } = table;
  const { untilUs: clockUntilUs, width } = clocks;
  /** Row `verifier's instance * instanceCount + owner's`: how long an answer counts. */
  const answerUs = Float64Array.from(
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
  const cacheUs = Float64Array.from(instances, (one) => Number(one.parameters.keyConfCachePeriod));
  const firstCacheUs = cachePhasesUs(world.plan, 'keyConfCachePeriod');
  const revocations = new Map<number, History>();
  /** Candidate -> row of a pair of servers; several candidates may be the same pair. */
  const pairs = pairUp(world);
  const pairOf = pairs.rowOf;
  /** thisUpdate of the answer that the pair's consumer keeps for its provider. */
  const peerThisUpdateUs = new Float64Array(pairs.count).fill(-Infinity);

  /** Whether the proxy has a key to authenticate this server with. */
  const isAuthUsable = (server: number): boolean =>
    world.nowUs < authCacheUntilUs[server] || loadAuth(server);

  /** Whether the proxy has a context to sign with for this signer's member. */
  const isSigningUsable = (signer: number): boolean =>
    world.nowUs < signingCacheUntilUs[signer] || loadSigning(signer);

  const loadAuth = (server: number): boolean => {
    const certificate = authCertificate[server];
    if (!isGood(server, certificate)) return false;
    authCacheUntilUs[server] = cacheUntilUs(server, certificate);
    return true;
  };

  const loadSigning = (signer: number): boolean => {
    const server = signers.server[signer];
    const certificate = signers.certificate[signer];
    if (!isGood(server, certificate)) return false;
    signingCacheUntilUs[signer] = cacheUntilUs(server, certificate);
    return true;
  };

  /**
   * What the proxy has at time 0 it loaded before, and so each server's cache has a phase: else all
   * would ask their signers again at the same instants (facts 13.2). Its entries share it.
   */
  const holdFirst = (server: number, ofServer: readonly number[]): void => {
    const firstUs = firstCacheUs[server];
    if (loadAuth(server)) authCacheUntilUs[server] = Math.min(authCacheUntilUs[server], firstUs);
    for (const signer of ofServer) {
      if (!loadSigning(signer)) continue;
      signingCacheUntilUs[signer] = Math.min(signingCacheUntilUs[signer], firstUs);
    }
  };

  /** The contexts that a server's proxy has made of its keys are void. */
  const forget = (server: number, ofServer: readonly number[]): void => {
    authCacheUntilUs[server] = -Infinity;
    for (const signer of ofServer) signingCacheUntilUs[signer] = -Infinity;
  };

  /** So are the answers of peers that it keeps. */
  const forgetPeers = (server: number): void => {
    const { routes } = world.plan;
    for (let route = 0; route < routes.server.length; route++) {
      if (routes.server[route] !== server) continue;
      const from = routes.candidateFrom[route];
      for (let at = from; at < from + routes.candidateCount[route]; at++) {
        peerThisUpdateUs[pairOf[at]] = -Infinity;
      }
    }
  };

  /** Why a consumer's server does not trust the provider's at the other end of a handshake. */
  const connectCause = (client: number, candidate: number): number => {
    const provider = candidates.server[candidate];
    // Its TLS port has no certificate to show (facts 5.2).
    if (!isAuthUsable(provider)) return Cause.SslAuthenticationFailed;
    if (!isWelcome(client, provider)) return Cause.SslAuthenticationFailed;
    if (!isKnown(client, provider)) return Cause.SslAuthenticationFailed;
    const pair = pairOf[candidate];
    if (isFresh(client, provider, peerThisUpdateUs[pair])) return Cause.None;
    if (isOcspPortBlocked[provider] === 1 || isSignerLost[provider] === 1) {
      // Port 5577 is the proxy's, and the proxy asks its signer.
      return Cause.SslAuthenticationFailed;
    }
    const answeredUs = thisUpdateUs[provider];
    const isGoodAnswer =
      isFresh(client, provider, answeredUs) && !isRevoked(authCertificate[provider], answeredUs);
    peerThisUpdateUs[pair] = isGoodAnswer ? answeredUs : -Infinity;
    return isGoodAnswer ? Cause.None : Cause.SslAuthenticationFailed;
  };

  /** What waiting for a silent port 5577 adds to a handshake; 0: nothing is to be fetched. */
  const connectDelayUs = (client: number, candidate: number): number => {
    const provider = candidates.server[candidate];
    if (isOcspPortBlocked[provider] === 0 || !isWelcome(client, provider)) return 0;
    if (isFresh(client, provider, peerThisUpdateUs[pairOf[candidate]])) return 0;
    return PEER_CONNECT_TIMEOUT_US;
  };

  /**
   * Whether the provider's server goes on with a handshake: it must find the consumer's certificate
   * in a configuration, and looks at nothing else yet. A foreign one that has expired is not there;
   * the own one is, and the message then meets its expiry. If it finds none, the consumer sees a
   * handshake that failed (AuthTrustManager.checkClientTrusted, GlobalConfImpl.getServerId,
   * VersionedConfigurationDirectory.getShared; facts 2.3 step 1).
   */
  const isWelcome = (client: number, provider: number): boolean =>
    isInstanceKnown(provider, client) && isRegistered(provider, client);

  const isInstanceKnown = (server: number, peer: number): boolean =>
    instance[peer] === instance[server] || isConfValid(server, instance[peer]);

  /**
   * What a message meets that comes over a connection from before: the provider's server looks for
   * the authority of the consumer's certificate in the configuration of its instance, and does not
   * say that this is about TLS (ServerRestMessageProcessor.verifySslClientCert, facts 4.2).
   */
  const admitCause = (provider: number, client: number): number =>
    isInstanceKnown(provider, client) ? Cause.None : Cause.InternalError;

  /** Whether a provider's server accepts its peer's certificate, by the answers in the message. */
  const isPeerTrusted = (provider: number, client: number): boolean => {
    const heldUs = thisUpdateUs[client];
    return (
      isKnown(provider, client) &&
      isFresh(provider, client, heldUs) &&
      !isRevoked(authCertificate[client], heldUs)
    );
  };

  /** Why a server does not accept what a signer of another has signed (facts 2.6, in its order). */
  const verifyCause = (verifier: number, signer: number): number => {
    const owner = signers.server[signer];
    const certificate = signers.certificate[signer];
    if (!isConfValid(verifier, instance[owner])) return Cause.InternalError;
    if (!isCurrent(verifier, certificate)) return Cause.CannotCreateCertPath;
    const heldUs = thisUpdateUs[owner];
    if (!isFresh(verifier, owner, heldUs)) return Cause.IncorrectValidationInfo;
    return isRevoked(certificate, heldUs) ? Cause.CertValidation : Cause.None;
  };

  /** The token answers: PIN given, signer process there (facts 4.2). */
  const signingCause = (server: number): number => {
    if (isSignerLost[server] === 1) return Cause.SignerNetworkError;
    return isTokenLocked[server] === 1 ? Cause.CannotSign : Cause.None;
  };

  const revoke = (certificate: number, value: number): void => {
    const history = revocations.get(certificate) ?? new History();
    history.set(world.nowUs, value);
    revocations.set(certificate, history);
  };

  /** Another certificate is in its place: what was said of the old one does not concern it. */
  const replaced = (certificate: number): void => {
    revocations.delete(certificate);
  };

  /** Whether the proxy's configuration of an instance has not expired, by its own clock. */
  const isConfValid = (server: number, of: number): boolean => {
    // A reload that is due has to be looked up first.
    if (pendingFromUs[server * instanceCount + of] <= world.nowUs) {
      return configurations.isValid(server, of);
    }
    const isOwn = of === instance[server];
    const clock = isOwn ? TrustClock.OwnConfiguration : TRUST_CLOCKS.length + of;
    return world.nowUs < clockUntilUs[server * width + clock];
  };

  /** In true time: until when a verifier's clock lets an answer about an owner's key count. */
  const answerUntilUs = (verifier: number, owner: number, ofUs: number): number =>
    ofUs + answerCountsUs(instance[verifier], instance[owner]) - skewUs[verifier];

  /** By instances: how long an answer counts. */
  const answerCountsUs = (verifier: number, owner: number): number =>
    answerUs[verifier * instanceCount + owner];

  /** By instances: whether a foreign one lets an answer count for less time than its owner does. */
  const isStricter = (verifier: number, owner: number): boolean =>
    answerCountsUs(verifier, owner) < answerCountsUs(owner, owner);

  const isFresh = (verifier: number, owner: number, ofUs: number): boolean =>
    world.nowUs < answerUntilUs(verifier, owner, ofUs);

  /** What the signer says of a key now: whether it may be used, and its certificate is good. */
  const isGood = (server: number, certificate: number): boolean => {
    if (isSignerLost[server] === 1 || isTokenLocked[server] === 1) return false;
    if (!isCurrent(server, certificate)) return false;
    const heldUs = thisUpdateUs[server];
    return isFresh(server, server, heldUs) && !isRevoked(certificate, heldUs);
  };

  /** In true time, as all that the message path compares with. */
  const cacheUntilUs = (server: number, certificate: number): number => {
    const heldUntilUs = answerUntilUs(server, server, thisUpdateUs[server]);
    const endsUs = notAfterUs[certificate] - skewUs[server];
    return keyCacheUntilUs(world.nowUs, cacheUs[instance[server]], endsUs, heldUntilUs);
  };

  /** A peer's certificate: the configuration has it, and its dates hold. */
  const isKnown = (verifier: number, owner: number): boolean =>
    isConfValid(verifier, instance[owner]) &&
    isRegistered(verifier, owner) &&
    isCurrent(verifier, authCertificate[owner]);

  const isRegistered = (verifier: number, owner: number): boolean => {
    const sinceUs = registeredUs[authCertificate[owner]];
    // Nearly all have been registered from the start.
    return sinceUs === -Infinity || sinceUs <= configurations.viewUs(verifier, instance[owner]);
  };

  const isCurrent = (verifier: number, certificate: number): boolean => {
    const clockUs = world.nowUs + skewUs[verifier];
    return isWithinValidity(clockUs, notBeforeUs[certificate], notAfterUs[certificate]);
  };

  const isRevoked = (certificate: number, ofUs: number): boolean =>
    revocations.size > 0 && revocations.get(certificate)?.valueAt(ofUs) === 1;

  return {
    isAuthUsable,
    isSigningUsable,
    holdFirst,
    forget,
    forgetPeers,
    connectCause,
    connectDelayUs,
    admitCause,
    isPeerTrusted,
    verifyCause,
    signingCause,
    revoke,
    replaced,
    isConfValid,
    answerUntilUs,
    answerCountsUs,
    isStricter,
  };
}

/** Numbers the pairs of servers that candidates make. */
function pairUp({ plan }: TrustWorld): { readonly rowOf: Int32Array; readonly count: number } {
  const { routes, candidates, servers } = plan;
  const rowOf = new Int32Array(candidates.server.length);
  const rows = new Map<number, number>();
  for (let route = 0; route < routes.server.length; route++) {
    const from = routes.candidateFrom[route];
    for (let at = from; at < from + routes.candidateCount[route]; at++) {
      const key = routes.server[route] * servers.id.length + candidates.server[at];
      const known = rows.get(key) ?? rows.size;
      rows.set(key, known);
      rowOf[at] = known;
    }
  }
  return { rowOf, count: rows.size };
}
