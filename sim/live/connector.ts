/**
 * The effect Connect: TCP and TLS to one of the provider's servers. Which to try, and what a
 * failure means, are the rules of protocol/connection.ts; this file holds sockets and a clock.
 */
import { assert } from '../base/assert.ts';
import {
  ConnectLimit,
  ConnectMode,
  failureCause,
  firstAttempt,
  limitOf,
  limitUs,
  maskAfterSilence,
  maskOfAttempt,
  modeOf,
  nextAttempt,
} from '../protocol/connection.ts';
import { Cause } from '../protocol/fault.ts';
import { timeoutOf } from './configuration.ts';
import type { KnownInstance, KnownServer, ServerView } from './configuration.ts';
import { peerCertificateOf, secure } from './loopback.ts';
import type { SecureSocket } from './loopback.ts';
import type { Dial } from './outgoing-connections.ts';
import { hashOfCertificate } from './trust.ts';
import type { Certified } from './trust.ts';
import type { Duplex } from 'node:stream';

export type ConnectOutcome =
  | { readonly kind: 'connected'; readonly socket: SecureSocket; readonly server: KnownServer }
  | { readonly kind: 'failed'; readonly cause: Cause }
  | { readonly kind: 'timed-out' };

export interface ConnectTarget {
  /** The provider's servers; up to 31, as many as the mask has bits. */
  readonly candidates: readonly KnownServer[];
  /** The subsystem that the server must be registered for. */
  readonly provider: string;
  /** The provider's instance. */
  readonly instance: KnownInstance;
  readonly identity: Certified;
}

/** Who knows from OCSP whether the certificate of a server that was reached is good. */
export interface PeerTrust {
  isPeerTrusted(
    certificateDer: Buffer,
    server: KnownServer,
    provider: string,
    instance: KnownInstance,
  ): Promise<boolean>;
}

interface Winner {
  readonly serverId: string;
  readonly untilMs: number;
}

type Connected = { readonly index: number; readonly socket: Duplex };
type Secured =
  | { readonly socket: SecureSocket }
  | { readonly cause: Cause; readonly timedOut: boolean };

export class Connector {
  readonly #view: ServerView;
  readonly #trust: PeerTrust;
  readonly #dial: Dial;
  /** The winner of the last race, by the addresses that took part. */
  readonly #winners = new Map<string, Winner>();

  constructor(view: ServerView, trust: PeerTrust, dial: Dial) {
    this.#view = view;
    this.#dial = dial;
    this.#trust = trust;
  }

  async connect(target: ConnectTarget): Promise<ConnectOutcome> {
    const { candidates } = target;
    assert(candidates.length > 0 && candidates.length <= 31, 'a route has 1 to 31 servers');
    const remembered = this.#rememberedIndex(candidates);
    let mask = 2 ** candidates.length - 1;
    let tlsCause: Cause = Cause.None;
    let timedOut = false;
    let attempt = firstAttempt(mask, remembered);
    while (modeOf(attempt) !== ConnectMode.None) {
      const tried = maskOfAttempt(attempt, mask, remembered);
      const found = await this.#race(candidates, tried, this.#limitMs(limitOf(attempt)));
      const wasTls = typeof found !== 'string';
      if (wasTls) {
        const secured = await this.#secure(found, target);
        if ('socket' in secured) {
          if (modeOf(attempt) === ConnectMode.Race) this.#remember(candidates, found.index);
          const server = candidates[found.index];
          return { kind: 'connected', socket: secured.socket, server };
        }
        tlsCause = secured.cause;
        timedOut = secured.timedOut;
        mask &= ~(1 << found.index);
      } else {
        timedOut = found === 'silent';
        if (modeOf(attempt) === ConnectMode.Remembered) this.#winners.delete(keyOf(candidates));
        mask = maskAfterSilence(attempt, mask, remembered);
      }
      attempt = nextAttempt(mask, wasTls);
    }
    if (candidates.length === 1 && timedOut) return { kind: 'timed-out' };
    const cause = failureCause(candidates.length === 1, timedOut, tlsCause) as Cause;
    return { kind: 'failed', cause };
  }

  /** What it knows from earlier races is in the memory of its process. */
  forget(): void {
    this.#winners.clear();
  }

  #limitMs(limit: number): number {
    const clientUs = timeoutOf(this.#view, 'clientTimeout') * 1000;
    const cachedUs = timeoutOf(this.#view, 'cachedConnectTimeout') * 1000;
    return limitUs(limit, clientUs, cachedUs) / 1000;
  }

  /** The first TCP connect that completes; 'refused' or 'silent' when none does. */
  #race(
    candidates: readonly KnownServer[],
    mask: number,
    limitMs: number,
  ): Promise<Connected | 'refused' | 'silent'> {
    const attempts = candidates
      .map((candidate, index) => ({ index, candidate }))
      .filter(({ index }) => (mask & (1 << index)) !== 0)
      .map(({ index, candidate }) => ({ index, connecting: this.#dial(candidate) }));
    return new Promise((resolve) => {
      let openCount = attempts.length;
      const finish = (result: Connected | 'refused' | 'silent'): void => {
        clearTimeout(timer);
        const winner = typeof result === 'string' ? -1 : result.index;
        for (const { index, connecting } of attempts) {
          if (index !== winner) connecting.abandon();
        }
        resolve(result);
      };
      const timer = setTimeout(() => finish('silent'), limitMs);
      for (const { index, connecting } of attempts) {
        connecting.done.then(
          (socket) => finish({ index, socket }),
          () => {
            if (--openCount === 0) finish('refused');
          },
        );
      }
    });
  }

  /** Handshake, chain, and that this certificate belongs to a server of the provider. */
  async #secure({ index, socket }: Connected, target: ConnectTarget): Promise<Secured> {
    const handshake = secure(socket, target.identity, [target.instance.authorityPem]);
    const limitMs = this.#limitMs(ConnectLimit.Full);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), limitMs);
    });
    try {
      const secured = await Promise.race([handshake.done, late]);
      if (secured === 'late') {
        handshake.abandon();
        return { cause: Cause.IoError, timedOut: true };
      }
      if (await this.#isTrusted(secured, target.candidates[index], target)) {
        return { socket: secured };
      }
      handshake.abandon();
      return { cause: Cause.SslAuthenticationFailed, timedOut: false };
    } catch (error) {
      handshake.abandon();
      return { cause: causeOfTlsError(error), timedOut: false };
    } finally {
      clearTimeout(timer);
    }
  }

  async #isTrusted(
    socket: SecureSocket,
    server: KnownServer,
    { provider, instance }: ConnectTarget,
  ): Promise<boolean> {
    const certificate = peerCertificateOf(socket);
    if (certificate === null || !server.clients.has(provider)) return false;
    if (hashOfCertificate(certificate) !== server.certificateHash) return false;
    return this.#trust.isPeerTrusted(certificate, server, provider, instance);
  }

  #rememberedIndex(candidates: readonly KnownServer[]): number {
    const winner = this.#winners.get(keyOf(candidates));
    if (winner === undefined || winner.untilMs <= performance.now()) return -1;
    return candidates.findIndex(({ id }) => id === winner.serverId);
  }

  #remember(candidates: readonly KnownServer[], index: number): void {
    const periodMs = timeoutOf(this.#view, 'fastestCachePeriod');
    if (periodMs === 0) return;
    const untilMs = performance.now() + periodMs;
    this.#winners.set(keyOf(candidates), { serverId: candidates[index].id, untilMs });
  }
}

function keyOf(candidates: readonly KnownServer[]): string {
  return candidates
    .map(({ endpoint }) => `${endpoint.address}:${endpoint.port}`)
    .toSorted()
    .join(' ');
}

/**
 * Facts 4.1: a failed verification is ssl_authentication_failed, as is a peer that has no
 * certificate to show, what the socket says itself
 * (it was reset) network_error, and whatever else TLS says io_error. Node names a connection that
 * was closed in the middle of the handshake like a reset one, but without a system call.
 */
function causeOfTlsError(error: unknown): Cause {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (/CERT|SIGNATURE|ISSUER|UNTRUSTED|VERIFY|ALERT_HANDSHAKE_FAILURE/.test(code))
    return Cause.SslAuthenticationFailed;
  return error instanceof Error && 'syscall' in error ? Cause.NetworkError : Cause.IoError;
}
