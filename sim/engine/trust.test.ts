/**
 * Trust as servers live it, one trouble at a time. What is expected is counted by hand from the
 * rules of facts 5 to 9; the instants of losses as such are in trust-loss.test.ts.
 */
import { describe, expect, test } from 'vitest';
import { TrustClock } from '../metrics/trust-outcome.ts';
import { PatchColumn, TrustKind } from '../plan/plan.ts';
import { Effect } from '../protocol/effect.ts';
import { Fact } from '../protocol/exchange.ts';
import { Cause } from '../protocol/fault.ts';
import { TrustState } from '../protocol/lifecycle.ts';
import type { Document } from '../plan/document.ts';
import { quick, ringDocument, ringInstance, TrustBench } from '../testing/trust-bench.ts';
import type { RingInstance } from '../testing/trust-bench.ts';

const SECOND = 1e6;
const MINUTE = 60e6;
const HOUR = 3600e6;

const ring = (changes: Partial<RingInstance> = {}, document: Partial<Document> = {}): TrustBench =>
  new TrustBench(ringDocument([ringInstance({ servers: 2, ...changes })], document));

const firstOfKind = (bench: TrustBench, kind: number): number =>
  bench.plan.trustServices.kind.indexOf(kind);

const stop = (
  bench: TrustBench,
  atUs: number,
  kind: number,
  state: number = TrustState.Down,
): void => bench.patch(atUs, PatchColumn.TrustServiceState, firstOfKind(bench, kind), state);

/** The slot of the message that server 0 sends to server 1. */
const slotOf = (bench: TrustBench, server: number): number =>
  bench.state.table.clientServer.indexOf(server);

/** The instants, a step apart, at which the answer is yes. */
function instants(
  bench: TrustBench,
  [fromUs, toUs, stepUs]: readonly [number, number, number],
  ask: () => boolean,
): number[] {
  const found: number[] = [];
  for (let atUs = fromUs; atUs <= toUs; atUs += stepUs) {
    bench.run(atUs);
    if (ask()) found.push(atUs);
  }
  return found;
}

describe('configurations', () => {
  test('a hung downloader is silent until expiry, and a restart mends it', () => {
    const bench = ring();
    bench.patch(HOUR, PatchColumn.DownloaderHung, 0, 1);
    bench.run(HOUR + 7 * MINUTE);
    expect(bench.trust.clientFactsBroken(slotOf(bench, 0))).toBe(0);
    bench.run(2 * HOUR);
    expect(bench.trust.clientFactsBroken(slotOf(bench, 0))).toBe(Fact.GlobalConfValid);
    expect(bench.trust.clientFactsBroken(slotOf(bench, 1))).toBe(0);
    bench.restart(2 * HOUR + MINUTE, 0);
    // The client downloads at once and the proxy comes after it.
    bench.run(2 * HOUR + MINUTE + 2 * SECOND);
    expect(bench.trust.clientFactsBroken(slotOf(bench, 0))).toBe(0);
    bench.run(4 * HOUR);
    expect(bench.trust.clientFactsBroken(slotOf(bench, 0))).toBe(0);
  });

  test('a central server that cannot sign runs out like one that is away', () => {
    const bench = ring();
    bench.patch(HOUR, PatchColumn.CentralKeyLoggedOut, 0, 1);
    const [phase] = bench.plan.trustServices.phaseUs;
    // The last file that it signed is offered until it expires, so all servers have that one.
    const signedUs = phase + Math.floor((HOUR - phase) / MINUTE) * MINUTE;
    bench.run(signedUs + 10 * MINUTE - 1);
    expect([0, 1].map((slot) => bench.trust.clientFactsBroken(slot))).toEqual([0, 0]);
    bench.run(signedUs + 10 * MINUTE);
    const out = Fact.GlobalConfValid;
    expect([0, 1].map((slot) => bench.trust.clientFactsBroken(slot))).toEqual([out, out]);
    expect(bench.trust.serverFactsBroken(0) & out).toBe(out);
  });

  test('a key rotated in the wrong order', () => {
    const bench = ring();
    stop(bench, HOUR, TrustKind.CentralServer, TrustState.Wrong);
    stop(bench, 2 * HOUR, TrustKind.CentralServer, TrustState.Up);
    bench.run(HOUR + 11 * MINUTE);
    expect(bench.trust.clientFactsBroken(0)).toBe(Fact.GlobalConfValid);
    bench.run(2 * HOUR + 3 * MINUTE);
    expect(bench.trust.clientFactsBroken(0)).toBe(0);
  });

  test('of two sources one is enough', () => {
    const sources = [quick('central-1'), quick('central-2')];
    const bench = ring({ servers: 6, centralServers: sources });
    stop(bench, HOUR, TrustKind.CentralServer);
    const slots = bench.plan.servers.id.map((_, slot) => slot);
    const broken = instants(bench, [HOUR, 3 * HOUR, 13 * SECOND], () =>
      slots.some((slot) => bench.trust.clientFactsBroken(slot) !== 0),
    );
    expect(broken).toEqual([]);
  });

  // The files of the node that cannot sign are good until they expire; then the other is tried.
  test('of two sources one cannot sign: its clients stop for a moment', () => {
    const sources = [quick('central-1'), quick('central-2')];
    const bench = ring({ servers: 12, centralServers: sources });
    bench.patch(HOUR, PatchColumn.CentralKeyLoggedOut, 0, 1);
    const slots = bench.plan.servers.id.map((_, slot) => slot);
    const stopped = new Set<number>();
    const broken = instants(bench, [HOUR, 3 * HOUR, SECOND], () => {
      const out = slots.filter((slot) => bench.trust.clientFactsBroken(slot) !== 0);
      for (const slot of out) stopped.add(slot);
      return out.length > 0;
    });
    expect(broken[0]).toBeGreaterThan(HOUR + 9 * MINUTE - SECOND);
    // A download and a reload later all have the files of the other.
    expect(broken.at(-1)).toBeLessThan(HOUR + 12 * MINUTE + SECOND);
    const { confFrom } = bench.plan.servers;
    const clients = bench.plan.servers.id.filter(
      (_, server) => bench.plan.trustOrder[confFrom[server]] === 0,
    );
    expect(stopped.size).toBe(clients.length);
    expect(stopped.size).toBeGreaterThan(0);
    expect(stopped.size).toBeLessThan(12);
  });

  test('a clock that is ahead by more than the validity', () => {
    const bench = ring();
    bench.patch(HOUR, PatchColumn.ClockSkewUs, 0, 30 * MINUTE);
    bench.patch(2 * HOUR, PatchColumn.ClockSkewUs, 0, 0);
    bench.run(HOUR + 1);
    expect(bench.trust.clientFactsBroken(slotOf(bench, 0)) & Fact.GlobalConfValid).not.toBe(0);
    expect(bench.trust.clientFactsBroken(slotOf(bench, 1)) & Fact.GlobalConfValid).toBe(0);
    bench.run(2 * HOUR - 1);
    expect(bench.trust.clientFactsBroken(slotOf(bench, 0)) & Fact.GlobalConfValid).not.toBe(0);
    bench.run(2 * HOUR + 3 * MINUTE);
    expect(bench.trust.clientFactsBroken(slotOf(bench, 0))).toBe(0);
  });

  // Facts 5.1: generation, download and reload of a minute each.
  test('maintenance is known to each peer in its own time, within three minutes', () => {
    const bench = ring({ servers: 40 });
    bench.patch(HOUR, PatchColumn.Maintenance, 1, 1);
    const seen = new Map<number, number>();
    instants(bench, [HOUR, HOUR + 4 * MINUTE, 100_000], () => {
      for (const viewer of bench.plan.servers.id.keys()) {
        if (seen.has(viewer) || !bench.trust.isInMaintenance(viewer, 1)) continue;
        seen.set(viewer, bench.state.nowUs - HOUR);
      }
      return false;
    });
    const delays = [...seen.values()];
    expect(delays).toHaveLength(40);
    expect(Math.min(...delays)).toBeGreaterThan(0);
    expect(Math.max(...delays)).toBeLessThanOrEqual(3 * MINUTE + SECOND);
    expect(new Set(delays).size).toBeGreaterThan(20);
    // Server 0 calls server 1, which is the only one of its provider.
    expect(bench.trust.clientFactsBroken(slotOf(bench, 0))).toBe(Fact.SomeServerInService);
  });
});

describe('across the border', () => {
  const federation = (parameters: RingInstance['parameters'] = {}): TrustBench =>
    new TrustBench(
      ringDocument([
        ringInstance({ id: 'EE', profile: 'ee-production', servers: 2 }),
        ringInstance({ id: 'FI', profile: 'fi-production', servers: 2, parameters }),
      ]),
    );
  // Server 1 is Estonian and calls server 2, a Finnish one; server 3 calls back.
  const [HOME, OUT, ABROAD, BACK] = [0, 1, 2, 3];

  test('in three days without trouble nobody refuses anybody', () => {
    const bench = new TrustBench(
      ringDocument([
        ringInstance({ id: 'EE', profile: 'ee-production', servers: 8 }),
        ringInstance({ id: 'FI', profile: 'fi-production', servers: 8 }),
      ]),
    );
    const slots = bench.plan.flows.route.keys().toArray();
    const { trust } = bench;
    const refused = instants(bench, [0, 72 * HOUR, 7 * MINUTE + 1], () => {
      bench.logAll();
      return slots.some(
        (slot) =>
          trust.clientFactsBroken(slot) !== 0 ||
          trust.serverFactsBroken(slot) !== 0 ||
          trust.connectCause(slot) !== Cause.None ||
          trust.verifyCause(2 * slot) !== Cause.None ||
          trust.verifyCause(2 * slot + 1) !== Cause.None,
      );
    });
    expect(refused).toEqual([]);
    const { intervals, servers } = trust.outcome();
    expect(intervals.server).toHaveLength(0);
    expect(Math.max(...servers.oldestUnstampedUs)).toBeLessThan(49 * MINUTE);
    expect(Math.max(...servers.acceptedOutsideTrust)).toBe(0);
  });

  test('a foreign configuration that expires closes the border and nothing else', () => {
    const bench = federation();
    const finnish = bench.plan.trustServices.id.indexOf('FI/central-1');
    bench.patch(3 * HOUR, PatchColumn.TrustServiceState, finnish, TrustState.Down);
    bench.run(3 * HOUR + 15 * MINUTE);
    expect(bench.trust.clientFactsBroken(HOME)).toBe(0);
    expect(bench.trust.clientFactsBroken(OUT)).toBe(Fact.InstanceKnown);
    expect(bench.trust.verifyCause(2 * OUT)).toBe(Cause.InternalError);
    expect(bench.trust.clientFactsBroken(ABROAD)).toBe(Fact.GlobalConfValid);
    expect(bench.trust.serverFactsBroken(BACK)).toBe(Fact.ClientChainValid);
  });

  // The run of the client fails with its own source, and the foreign ones are not tried.
  test('the loss of the own central server closes the border first', () => {
    const bench = federation();
    const estonian = bench.plan.trustServices.id.indexOf('EE/central-1');
    bench.patch(3 * HOUR, PatchColumn.TrustServiceState, estonian, TrustState.Down);
    bench.run(3 * HOUR + 15 * MINUTE);
    expect(bench.trust.clientFactsBroken(HOME)).toBe(0);
    expect(bench.trust.clientFactsBroken(OUT)).toBe(Fact.InstanceKnown);
    expect(bench.trust.clientFactsBroken(ABROAD)).toBe(0);
    bench.run(28 * HOUR);
    expect(bench.trust.clientFactsBroken(HOME)).toBe(Fact.GlobalConfValid);
  });

  // Facts 5.2, the federation trap: Estonia fetches every 48 minutes, Finland wants 30.
  test('who asks for fresher answers than the other fetches', () => {
    const bench = federation({ ocspFreshness: 30 * MINUTE });
    const [fetchUs, passUs] = [48 * MINUTE, 2000];
    const phaseUs = bench.plan.servers.ocspPhaseUs[1];
    let wrong = 0;
    let refused = 0;
    for (let atUs = 4 * HOUR + 17; atUs < 14 * HOUR; atUs += MINUTE) {
      bench.run(atUs);
      let doneUs = phaseUs + passUs;
      while (doneUs + fetchUs + passUs <= atUs) doneUs += fetchUs + passUs;
      const isTooOld = atUs - doneUs > 30 * MINUTE;
      const facts = bench.trust.serverFactsBroken(OUT);
      const verdict = bench.trust.verifyCause(2 * OUT + 1);
      if (facts !== (isTooOld ? Fact.ClientChainValid : 0)) wrong++;
      if (verdict !== (isTooOld ? Cause.IncorrectValidationInfo : Cause.None)) wrong++;
      if (isTooOld) refused++;
      // At home nobody notices anything.
      if (bench.trust.clientFactsBroken(HOME) !== 0) wrong++;
      if (bench.trust.serverFactsBroken(HOME) !== 0) wrong++;
    }
    expect(wrong).toBe(0);
    expect(refused / 600).toBeCloseTo(18 / 48, 1);
  });
});

describe('OCSP answers', () => {
  test('a blocked port 5577 shows when the answer that a peer keeps has aged', () => {
    const bench = ring();
    const slot = slotOf(bench, 0);
    bench.run(HOUR - 1);
    expect(bench.trust.connectCause(slot)).toBe(Cause.None);
    bench.patch(HOUR, PatchColumn.OcspPortBlocked, 1, 1);
    bench.patch(4 * HOUR, PatchColumn.OcspPortBlocked, 1, 0);
    const asked = (): boolean => bench.trust.connectCause(slot) !== Cause.None;
    const refused = instants(bench, [HOUR, 4 * HOUR - 1, MINUTE], asked);
    // Taken an hour after the run began, from a fetch of up to 20 minutes before.
    expect(refused[0]).toBeGreaterThan(HOUR + 39 * MINUTE);
    expect(refused[0]).toBeLessThan(2 * HOUR + 2 * MINUTE);
    expect(bench.trust.connectCause(slot)).toBe(Cause.SslAuthenticationFailed);
    expect(bench.trust.connectDelayUs(slot)).toBe(20 * SECOND);
    // The server itself is well, and so are its own calls.
    expect(bench.trust.clientFactsBroken(slotOf(bench, 1))).toBe(0);
    expect(bench.trust.connectCause(slotOf(bench, 1))).toBe(Cause.None);
    bench.run(4 * HOUR + 1);
    expect(bench.trust.connectCause(slot)).toBe(Cause.None);
    expect(bench.trust.connectDelayUs(slot)).toBe(0);
  });

  test('a pair of servers stops with the first of the two', () => {
    const bench = ring({ servers: 6 });
    stop(bench, HOUR, TrustKind.OcspResponder);
    for (let atUs = HOUR; atUs < 2.2 * HOUR; atUs += 20 * SECOND) {
      bench.run(atUs);
      const isOut = bench.plan.servers.id.map((_, server) => {
        const facts = bench.trust.clientFactsBroken(slotOf(bench, server));
        return (facts & Fact.AuthCertUsable) !== 0;
      });
      for (const server of bench.plan.servers.id.keys()) {
        const slot = slotOf(bench, server);
        const peer = bench.state.table.providerServer[slot];
        const isRefused =
          bench.trust.connectCause(slot) !== 0 ||
          (bench.trust.serverFactsBroken(slot) & Fact.ClientChainValid) !== 0;
        expect(isRefused, `${server} at ${atUs}`).toBe(isOut[server] || isOut[peer]);
      }
    }
  });

  test('a revoked certificate works until its owner asks again, and its proxy too', () => {
    const bench = ring();
    const signer = bench.plan.flows.signer[slotOf(bench, 0)];
    const certificate = bench.plan.signers.certificate[signer];
    bench.patch(HOUR, PatchColumn.CertificateRevoked, certificate, 1);
    const askUs = bench.plan.servers.ocspPhaseUs[0];
    let fetchedUs = askUs + 2000;
    while (fetchedUs < HOUR) fetchedUs += 20 * MINUTE + 2000;
    bench.run(fetchedUs - 1);
    expect(bench.trust.verifyCause(2 * slotOf(bench, 0) + 1)).toBe(Cause.None);
    expect(bench.trust.clientFactsBroken(slotOf(bench, 0))).toBe(0);
    bench.run(fetchedUs + 1);
    expect(bench.trust.verifyCause(2 * slotOf(bench, 0) + 1)).toBe(Cause.CertValidation);
    // The key cache still has the context that it made a moment before the fetch.
    expect(bench.trust.clientFactsBroken(slotOf(bench, 0))).toBe(0);
    bench.run(fetchedUs + 5 * MINUTE);
    expect(bench.trust.clientFactsBroken(slotOf(bench, 0))).toBe(Fact.SigningKeyUsable);
  });

  test('answers that are older than the limit are not taken', () => {
    const bench = ring();
    const row = firstOfKind(bench, TrustKind.OcspResponder);
    bench.patch(HOUR, PatchColumn.OcspAnswersStale, row, 2 * HOUR);
    bench.run(2 * HOUR + 2);
    expect(bench.trust.clientFactsBroken(0) & Fact.AuthCertUsable).not.toBe(0);
    // Half an hour old is taken, and counts for the other half only.
    bench.patch(2 * HOUR + 3, PatchColumn.OcspAnswersStale, row, 30 * MINUTE);
    bench.run(2 * HOUR + 2 * MINUTE);
    expect(bench.trust.clientFactsBroken(0)).toBe(0);
  });
});

describe('tokens and processes', () => {
  test('a restart without a PIN', () => {
    const bench = ring({ parameters: { tokenAutoLogin: false } });
    bench.restart(HOUR, 0, 30 * SECOND);
    bench.patch(2 * HOUR, PatchColumn.TokenLocked, 0, 0);
    bench.run(HOUR + MINUTE);
    const slot = slotOf(bench, 0);
    expect(bench.trust.clientFactsBroken(slot)).toBe(Fact.AuthCertUsable | Fact.SigningKeyUsable);
    expect(bench.trust.failure(2 * slot, Effect.Sign)).toBe(Cause.CannotSign);
    // Its peers find nobody behind its port.
    expect(bench.trust.connectCause(slotOf(bench, 1))).toBe(Cause.SslAuthenticationFailed);
    bench.run(2 * HOUR + 1);
    expect(bench.trust.clientFactsBroken(slot)).toBe(0);
    expect(bench.trust.failure(2 * slot, Effect.Sign)).toBe(Cause.None);
  });

  test('a PIN that is given to a server that starts is given when it is up', () => {
    const bench = ring({ parameters: { tokenAutoLogin: false } });
    bench.restart(HOUR, 0, 10 * MINUTE);
    bench.patch(HOUR + 5 * MINUTE, PatchColumn.TokenLocked, 0, 0);
    bench.run(HOUR + 11 * MINUTE);
    expect(bench.trust.failure(2 * slotOf(bench, 0), Effect.Sign)).toBe(Cause.None);
    // It was for that start, not for the next.
    bench.restart(2 * HOUR, 0, MINUTE);
    bench.run(2 * HOUR + 2 * MINUTE);
    expect(bench.trust.failure(2 * slotOf(bench, 0), Effect.Sign)).toBe(Cause.CannotSign);
  });

  test('and one that is given while the signer is away, when that is back', () => {
    const bench = ring({ parameters: { tokenAutoLogin: false } });
    bench.patch(HOUR, PatchColumn.SignerLost, 0, 1);
    bench.patch(HOUR + MINUTE, PatchColumn.TokenLocked, 0, 0);
    bench.patch(HOUR + 2 * MINUTE, PatchColumn.SignerLost, 0, 0);
    bench.run(HOUR + 3 * MINUTE);
    expect(bench.trust.failure(2 * slotOf(bench, 0), Effect.Sign)).toBe(Cause.None);
  });

  test('with the PIN given, a restart costs the configuration and nothing else', () => {
    const bench = ring();
    bench.restart(HOUR, 0, 30 * SECOND);
    bench.run(HOUR + 30 * SECOND);
    expect(bench.trust.clientFactsBroken(slotOf(bench, 0))).toBe(0);
  });

  test('a restart while the responder is away lives on the answers of the disk', () => {
    const bench = ring();
    stop(bench, HOUR, TrustKind.OcspResponder);
    bench.restart(HOUR + 10 * MINUTE, 0);
    bench.run(HOUR + 12 * MINUTE);
    expect(bench.trust.clientFactsBroken(slotOf(bench, 0))).toBe(0);
    bench.run(2 * HOUR + SECOND);
    expect(bench.trust.clientFactsBroken(slotOf(bench, 0)) & Fact.AuthCertUsable).not.toBe(0);
  });

  test('a restart while the central server is away is worse than the loss alone', () => {
    const bench = ring();
    stop(bench, HOUR, TrustKind.CentralServer);
    bench.restart(HOUR + 5 * MINUTE, 0);
    bench.run(HOUR + 7 * MINUTE);
    // The files on the disk are still valid.
    expect(bench.trust.clientFactsBroken(slotOf(bench, 0))).toBe(0);
    bench.restart(HOUR + 20 * MINUTE, 0);
    stop(bench, 2 * HOUR, TrustKind.CentralServer, TrustState.Up);
    bench.run(2 * HOUR - 1);
    expect(bench.trust.clientFactsBroken(slotOf(bench, 0))).toBe(Fact.GlobalConfValid);
    bench.run(2 * HOUR + 3 * MINUTE);
    expect(bench.trust.clientFactsBroken(slotOf(bench, 0))).toBe(0);
  });

  test('the signer process goes: contexts of the cache serve, but nothing is signed', () => {
    const bench = ring();
    bench.run(HOUR - 1);
    expect(bench.trust.clientFactsBroken(slotOf(bench, 0))).toBe(0);
    bench.patch(HOUR, PatchColumn.SignerLost, 0, 1);
    bench.run(HOUR + SECOND);
    expect(bench.trust.clientFactsBroken(slotOf(bench, 0))).toBe(0);
    expect(bench.trust.failure(2 * slotOf(bench, 0), Effect.Sign)).toBe(Cause.SignerNetworkError);
    bench.run(HOUR + 5 * MINUTE);
    const out = Fact.AuthCertUsable | Fact.SigningKeyUsable;
    expect(bench.trust.clientFactsBroken(slotOf(bench, 0))).toBe(out);
  });

  test('certificates that expire, and new ones that peers hear of by the configuration', () => {
    const bench = ring();
    const row = bench.plan.servers.authCertificate[1];
    bench.patch(HOUR, PatchColumn.CertificateExpired, row, 1);
    bench.patch(2 * HOUR, PatchColumn.CertificateExpired, row, 0);
    bench.run(HOUR);
    expect(bench.trust.clientFactsBroken(slotOf(bench, 1))).toBe(Fact.AuthCertUsable);
    expect(bench.trust.connectCause(slotOf(bench, 0))).toBe(Cause.SslAuthenticationFailed);
    bench.run(2 * HOUR + 1);
    expect(bench.trust.clientFactsBroken(slotOf(bench, 1))).toBe(0);
    expect(bench.trust.connectCause(slotOf(bench, 0))).toBe(Cause.SslAuthenticationFailed);
    bench.run(2 * HOUR + 3 * MINUTE + SECOND);
    expect(bench.trust.connectCause(slotOf(bench, 0))).toBe(Cause.None);
  });

  test.each([
    ['after the peers have it: nobody notices', 5 * MINUTE, 0],
    // As soon as it is registered; the configuration takes up to three minutes to the peers.
    ['at once: the peers refuse until their configuration has it', SECOND, 60],
  ])('a renewed certificate is used %s', (_, overlapUs, refusedSecondsMin) => {
    const bench = ring();
    const row = bench.plan.servers.authCertificate[1];
    bench.patch(HOUR, PatchColumn.CertificateRenewed, row, 1);
    bench.patch(HOUR + overlapUs, PatchColumn.CertificateRenewed, row, 0);
    const peer = slotOf(bench, 0);
    const refused = instants(bench, [HOUR, HOUR + 10 * MINUTE, SECOND], () => {
      // Its own proxy has a key to use throughout.
      expect(bench.trust.clientFactsBroken(slotOf(bench, 1))).toBe(0);
      return bench.trust.connectCause(peer) !== Cause.None;
    });
    expect(refused.length).toBeGreaterThanOrEqual(refusedSecondsMin);
    expect(refused.length).toBeLessThanOrEqual(refusedSecondsMin === 0 ? 0 : 180);
    expect(refused.every((atUs) => atUs >= HOUR + overlapUs)).toBe(true);
  });

  test('a certificate renewed meanwhile is not concerned by the end of the old one', () => {
    const bench = ring();
    const row = bench.plan.servers.authCertificate[1];
    bench.patch(HOUR, PatchColumn.CertificateRevoked, row, 1);
    bench.patch(2 * HOUR, PatchColumn.CertificateRenewed, row, 1);
    bench.patch(3 * HOUR, PatchColumn.CertificateRenewed, row, 0);
    bench.patch(4 * HOUR, PatchColumn.CertificateExpired, row, 0);
    const peer = slotOf(bench, 0);
    bench.run(3 * HOUR - SECOND);
    expect(bench.trust.connectCause(peer)).toBe(Cause.SslAuthenticationFailed);
    const isRefused = (): boolean => bench.trust.connectCause(peer) !== Cause.None;
    expect(instants(bench, [3 * HOUR, 5 * HOUR, 13 * SECOND], isRefused)).toEqual([]);
  });

  test('a clock that is wrong for half an hour: one interval, as long as it is wrong', () => {
    const bench = ring({ servers: 4 });
    for (const server of [0, 1, 2, 3]) {
      bench.patch(HOUR, PatchColumn.ClockSkewUs, server, 30 * MINUTE);
      bench.patch(HOUR + 30 * MINUTE, PatchColumn.ClockSkewUs, server, 0);
    }
    bench.run(3 * HOUR);
    const { clock, fromUs, toUs } = bench.trust.outcome().intervals;
    const own = [...clock.keys()].filter((at) => clock[at] === TrustClock.OwnConfiguration);
    expect(own).toHaveLength(4);
    for (const at of own) {
      expect(fromUs[at]).toBe(HOUR);
      // What was fetched before is good again by the right clock, or a new one comes.
      expect(toUs[at]).toBeGreaterThanOrEqual(HOUR + 30 * MINUTE);
      expect(toUs[at]).toBeLessThanOrEqual(HOUR + 33 * MINUTE);
    }
  });

  test('certificates that expire by their date', () => {
    const days = {
      kind: 'both',
      expiresAfterUs: 2 * HOUR,
      share: null,
      servers: ['EE/ss0'],
    } as const;
    const bench = ring({ certificates: [days] });
    bench.run(2 * HOUR);
    expect(bench.trust.clientFactsBroken(slotOf(bench, 0))).toBe(0);
    bench.run(2 * HOUR + 1);
    const out = Fact.AuthCertUsable | Fact.SigningKeyUsable;
    expect(bench.trust.clientFactsBroken(slotOf(bench, 0))).toBe(out);
    expect(bench.trust.clientFactsBroken(slotOf(bench, 1))).toBe(0);
  });

  test('versions', () => {
    const bench = ring();
    bench.patch(HOUR, PatchColumn.MinClientVersion, 1, 70_900);
    bench.patch(2 * HOUR, PatchColumn.ServerVersion, 0, 70_900);
    bench.run(HOUR);
    expect(bench.trust.serverFactsBroken(slotOf(bench, 0))).toBe(Fact.ClientVersionSupported);
    bench.run(2 * HOUR);
    expect(bench.trust.serverFactsBroken(slotOf(bench, 0))).toBe(0);
  });
});

describe('rights', () => {
  // Rights that a patch concerns are kept from the start, so the plan must have the patch.
  const withdrawn = (value: number): [TrustBench, () => boolean] => {
    const document = ringDocument([ringInstance({ servers: 2 })]);
    const bench = new TrustBench(document, (plan) => ({
      ...plan,
      patches: {
        timeUs: Float64Array.of(HOUR),
        column: Uint8Array.of(PatchColumn.AccessRevoked),
        row: Int32Array.of(0),
        value: Float64Array.of(value),
        incident: Int32Array.of(0),
      },
    }));
    const slot = bench.state.table.flow.indexOf(0);
    bench.patch(HOUR, PatchColumn.AccessRevoked, 0, value);
    const isDenied = (): boolean =>
      (bench.trust.serverFactsBroken(slot) & Fact.AccessAllowed) !== 0;
    return [bench, isDenied];
  };

  test('a right that was just used works for as long as the cache keeps it', () => {
    const [bench, isDenied] = withdrawn(1);
    // Asked every second from 40 s before: the entry is loaded then, and serves for a minute.
    const denied = instants(bench, [HOUR - 40 * SECOND, HOUR + 5 * MINUTE, SECOND], isDenied);
    expect(denied[0] - HOUR).toBe(20 * SECOND);
    expect(denied).toHaveLength(5 * 60 - 20 + 1);
  });

  test('a membership must come through the configuration first', () => {
    const [bench, isDenied] = withdrawn(2);
    const denied = instants(bench, [HOUR - MINUTE, HOUR + 10 * MINUTE, SECOND], isDenied);
    // Asked on the minute, so that the entry is loaded on the minute too.
    const { phaseUs } = bench.plan.trustServices;
    const { confPhaseUs, reloadPhaseUs } = bench.plan.servers;
    const server = bench.state.table.providerServer[bench.state.table.flow.indexOf(0)];
    const after = (atUs: number, phase: number): number => {
      let runUs = phase;
      while (runUs < atUs) runUs += MINUTE;
      return runUs;
    };
    const downloadedUs = after(after(HOUR, phaseUs[0]), confPhaseUs[server]) + 1000;
    const knownUs = after(downloadedUs, reloadPhaseUs[server]);
    expect(denied[0]).toBe(after(knownUs, 0));
  });
});
