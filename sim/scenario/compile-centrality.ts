/**
 * How much depends on whom: the calls that ordinary load is expected to make through each server,
 * service, information system and instance. Incidents choose their most central targets by it.
 */
import type { Document } from '../plan/document.ts';
import { AttackKind, SourceKind } from '../plan/plan.ts';
import { expectedArrivals } from '../population/rate-integral.ts';
import { meanOf } from './compile-distributions.ts';
import type { DistributionRows } from './compile-distributions.ts';
import type { Flows, SourceSpec } from './compile-flows.ts';
import type { JourneyRows } from './compile-journeys.ts';
import type { Network } from './compile-network.ts';
import type { RateRows } from './compile-rates.ts';
import type { Routes } from './compile-routes.ts';
import type { Services } from './compile-services.ts';

/** Expected calls by row. */
export interface Centrality {
  readonly servers: Float64Array;
  readonly services: Float64Array;
  readonly systems: Float64Array;
  readonly instances: Float64Array;
}

export interface CentralityParts {
  readonly document: Document;
  readonly network: Network;
  readonly services: Services;
  readonly routes: Routes;
  readonly flows: Flows;
  readonly rates: RateRows;
  readonly distributions: DistributionRows;
  readonly journeys: JourneyRows;
}

/** Whether any incident asks; a country's flows are many. */
export function asksForCentrality({ incidents }: Pick<Document, 'incidents'>): boolean {
  return incidents.some(({ targets }) =>
    targets.some((target) => typeof target !== 'string' && target.mostCentral !== null),
  );
}

/** Of a network in which nobody calls, or nobody asks. */
export function noCentrality(network: Network, services: Services): Centrality {
  return {
    servers: new Float64Array(network.servers.length),
    services: new Float64Array(services.services.length),
    systems: new Float64Array(services.systems.length),
    instances: new Float64Array(network.instances.length),
  };
}

export function centralityOf(parts: CentralityParts): Centrality {
  const { network, services, routes, flows } = parts;
  const found = noCentrality(network, services);
  const calls = callsByFlow(parts);
  for (const [flow, { spec, route }] of flows.rows.entries()) {
    const consumer = network.servers[spec.server];
    const { candidateFrom, candidateCount } = routes.rows[route];
    const { system, subsystem } = services.services[spec.service];
    found.servers[spec.server] += calls[flow];
    found.services[spec.service] += calls[flow];
    found.systems[system] += calls[flow];
    found.instances[consumer.instance] += calls[flow];
    if (subsystem.instance !== consumer.instance) {
      found.instances[subsystem.instance] += calls[flow];
    }
    // Which server of a cluster wins the race is not known before the run.
    for (let index = 0; index < candidateCount; index++) {
      const { server } = routes.candidates[candidateFrom + index];
      if (server !== spec.server) found.servers[server] += calls[flow] / candidateCount;
    }
  }
  return found;
}

function callsByFlow(parts: CentralityParts): Float64Array {
  const { flows, journeys } = parts;
  const calls = new Float64Array(flows.rows.length);
  const spread = (whole: number, from: number, count: number): void => {
    let before = 0;
    for (let flow = from; flow < from + count; flow++) {
      const { cumulativeShare } = flows.rows[flow];
      calls[flow] += whole * (cumulativeShare - before);
      before = cumulativeShare;
    }
  };
  for (const source of flows.sources) {
    if (source.attack !== AttackKind.None) continue;
    const whole = beginningsOf(source, parts);
    if (source.journey === -1) {
      spread(whole, source.flowFrom, source.flowCount);
      continue;
    }
    const { stepFrom, stepCount } = journeys.journeys[source.journey];
    for (const step of journeys.steps.slice(stepFrom, stepFrom + stepCount)) {
      const { callFrom, callCount } = step;
      for (const call of journeys.calls.slice(callFrom, callFrom + callCount)) {
        spread(whole * call.share, call.flowFrom, call.flowCount);
      }
    }
  }
  return calls;
}

/** Calls or journeys that a source is expected to begin. */
function beginningsOf(source: SourceSpec, parts: CentralityParts): number {
  const { document, rates, distributions } = parts;
  const { startUs, stopUs, rate, rateFactor, thinkTime } = source;
  if (source.kind !== SourceKind.User) {
    const found = rates.at(rate);
    return expectedArrivals(found, document.startOfDayUs, startUs, stopUs) * rateFactor;
  }
  const thinkUs = meanOf(distributions.at(thinkTime));
  return (stopUs - startUs) / Math.max(1000, thinkUs + meanAnswerUs(source, parts));
}

/** Of users who wait for nobody but the information systems; an estimate, good for ranking. */
function meanAnswerUs(source: SourceSpec, parts: CentralityParts): number {
  const { flows, services, distributions } = parts;
  const own = flows.rows.slice(source.flowFrom, source.flowFrom + source.flowCount);
  const whole = own.reduce((sum, { spec }) => {
    const { serviceTime } = services.services[spec.service];
    return sum + meanOf(distributions.at(serviceTime));
  }, 0);
  return own.length === 0 ? 0 : whole / own.length;
}
