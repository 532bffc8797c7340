/**
 * The scopes of an outcome by number and by name: 0 is everything, then the instances, then the
 * calls across a border. A scenario's threshold writes the last `cross-border`.
 */
import type { Plan } from '../plan/plan.ts';

export const ALL_SCOPE = 'all';
export const BORDER_SCOPE = 'crossBorder';

/** Names by number, as result.json, series.csv and histograms.json write them. */
export function scopeNames(plan: Plan): string[] {
  return [ALL_SCOPE, ...plan.instances.map(({ id }) => id), BORDER_SCOPE];
}

/** The number of a threshold's scope; -1 when there is none of that name. */
export function scopeOf(plan: Plan, name: string): number {
  if (name === 'cross-border') return plan.instances.length + 1;
  return scopeNames(plan).indexOf(name);
}

/** Rows of the servers that belong to a scope; none belong to the border. */
export function serversOf(plan: Plan, scope: number): number[] {
  const rows = plan.servers.id.map((_, row) => row);
  if (scope === 0) return rows;
  return rows.filter((row) => plan.servers.instance[row] === scope - 1);
}

/** Cores of the hosts that a scope's servers stand on, each host once. */
export function coresOf(plan: Plan, scope: number): number {
  const hosts = new Set(serversOf(plan, scope).map((server) => plan.servers.host[server]));
  return [...hosts].reduce((sum, host) => sum + plan.hosts.cores[host], 0);
}
