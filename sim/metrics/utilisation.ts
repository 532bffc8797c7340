/** How busy things were: time of use over the time there was, in the measured part. */
import type { Plan } from '../plan/plan.ts';
import type { Totals } from './totals.ts';

/** Of the cores of a server's host, by all servers that stand on it; null: nobody saw it. */
export function hostUtilisation(plan: Plan, totals: Totals, server: number): number | null {
  const host = plan.servers.host[server];
  let busyUs = 0;
  for (let other = 0; other < plan.servers.host.length; other++) {
    if (plan.servers.host[other] === host) busyUs += totals.servers.cpuBusyUs[other];
  }
  return known(share(busyUs, totals.measuredUs * plan.hosts.cores[host]));
}

export function threadUtilisation(
  plan: Plan,
  totals: Totals,
  server: number,
  side: 'client' | 'server',
): number {
  const { servers } = totals;
  const [usedUs, threads] =
    side === 'client'
      ? [servers.clientThreadUs[server], plan.servers.clientThreads[server]]
      : [servers.serverThreadUs[server], plan.servers.serverThreads[server]];
  return share(usedUs, totals.measuredUs * threads);
}

export function logUtilisation(plan: Plan, totals: Totals, server: number): number {
  const connections = plan.servers.logConnections[server];
  return share(totals.servers.logBusyUs[server], totals.measuredUs * connections);
}

/** A server has one token, whatever the number of its certificates; null: nobody saw it. */
export function tokenUtilisation(totals: Totals, server: number): number | null {
  return known(share(totals.servers.tokenBusyUs[server], totals.measuredUs));
}

export function systemUtilisation(plan: Plan, totals: Totals, system: number): number {
  const capacity = plan.systems.capacity[system];
  return share(totals.systems.busyUs[system], totals.measuredUs * capacity);
}

function known(busy: number): number | null {
  return Number.isNaN(busy) ? null : busy;
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
