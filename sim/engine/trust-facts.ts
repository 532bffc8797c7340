/**
 * The facts of an exchange that hang on trust, as the message path asks for them: at each stage
 * just those that the stage needs.
 */
import { TrustClock } from '../metrics/trust-outcome.ts';
import { ALL_FACTS, Fact } from '../protocol/exchange.ts';
import type { TrustTable } from '../world/trust-table.ts';
import type { TrustAccess } from './trust-access.ts';
import type { TrustClocks } from './trust-clocks.ts';
import type { Configurations } from './trust-configuration.ts';
import type { Stamping } from './trust-stamping.ts';
import type { Verdicts } from './trust-verdicts.ts';
import type { TrustWorld } from './trust-world.ts';

/** They are asked together, once, when a request is admitted. */
const ADMITTING = Fact.InstanceKnown | Fact.SomeServerInService;

export interface FactParts {
  readonly table: TrustTable;
  readonly clocks: TrustClocks;
  readonly configurations: Configurations;
  readonly verdicts: Verdicts;
  readonly stamping: Stamping;
  readonly access: TrustAccess;
}

export type TrustFacts = ReturnType<typeof createTrustFacts>;

export function createTrustFacts(world: TrustWorld, parts: FactParts) {
  const { configurations, verdicts, stamping, access } = parts;
  const { clientServer, providerServer, flow: flowOf, candidate: candidateOf } = world.table;
  const { flows, candidates, routes, services, servers } = world.plan;
  const { instance, timestampImmediately } = servers;
  const { version, minClientVersion } = parts.table;
  const { untilUs, width } = parts.clocks;
  const hasSomeAuthority = Uint8Array.from(instance, (_, server) =>
    Number(stamping.isConfigured(server)),
  );

  /** Those of the facts that `needs` names that do not hold at the consumer's server now. */
  const client = (slot: number, needs: number = ALL_FACTS): number => {
    const server = clientServer[slot];
    const flow = flowOf[slot];
    let broken = common(server, flows.signer[flow], needs);
    if ((needs & Fact.AuthCertUsable) !== 0 && !verdicts.isAuthUsable(server)) {
      broken |= Fact.AuthCertUsable;
    }
    if ((needs & ADMITTING) === 0) return broken;
    const provider = services.instance[flows.service[flow]];
    const isForeign = provider !== instance[server];
    if (isForeign && !verdicts.isConfValid(server, provider)) broken |= Fact.InstanceKnown;
    if (configurations.hasMaintenance && !hasServerInService(flows.route[flow], server)) {
      broken |= Fact.SomeServerInService;
    }
    return broken;
  };

  /** Those of the facts that `needs` names that do not hold at the provider's server now. */
  const provider = (slot: number, needs: number = ALL_FACTS): number => {
    const server = providerServer[slot];
    const peer = clientServer[slot];
    let broken = common(server, candidates.signer[candidateOf[slot]], needs);
    if ((needs & Fact.ClientChainValid) !== 0 && !verdicts.isPeerTrusted(server, peer)) {
      broken |= Fact.ClientChainValid;
    }
    if (version[peer] < minClientVersion[server]) broken |= Fact.ClientVersionSupported;
    if ((needs & Fact.AccessAllowed) !== 0 && !access.isAllowed(flowOf[slot], server)) {
      broken |= Fact.AccessAllowed;
    }
    return broken;
  };

  const common = (server: number, signer: number, needs: number): number => {
    let broken = 0;
    if ((needs & Fact.GlobalConfValid) !== 0 && !verdicts.isConfValid(server, instance[server])) {
      broken |= Fact.GlobalConfValid;
    }
    if ((needs & Fact.SigningKeyUsable) !== 0 && !verdicts.isSigningUsable(signer)) {
      broken |= Fact.SigningKeyUsable;
    }
    if ((needs & Fact.TimestampingInTime) === 0) return broken;
    if (hasSomeAuthority[server] === 0) broken |= Fact.TimestampingConfigured;
    const isOverdue = untilUs[server * width + TrustClock.TimeStamping] <= world.nowUs;
    // Who stamps at once has no such clock: its commits fail by themselves (verifyCanLogMessage).
    if (isOverdue && timestampImmediately[server] === 0) broken |= Fact.TimestampingInTime;
    return broken;
  };

  const hasServerInService = (route: number, viewer: number): boolean => {
    const from = routes.candidateFrom[route];
    for (let at = from; at < from + routes.candidateCount[route]; at++) {
      if (!configurations.isInMaintenance(viewer, candidates.server[at])) return true;
    }
    return false;
  };

  return { client, provider };
}
