/**
 * Connections between servers that are kept for more messages, and what a consumer's server
 * remembers about the addresses of a provider. Both are kept for a set of addresses, not for a
 * provider: subsystems on the same servers share them (facts 2.5).
 */
import type { Plan } from '../plan/plan.ts';
import { EventKind } from './event-kind.ts';
import type { RunState } from './state.ts';

interface IdleConnection {
  /** Index among the candidates. */
  readonly index: number;
  readonly epoch: number;
  readonly sinceUs: number;
}

export type ConnectionPool = ReturnType<typeof createConnectionPool>;

/** `left` is told that a connection has left the gate of a server. */
export function createConnectionPool(state: RunState, left: (provider: number) => void) {
  const routeOfPool: number[] = [];
  const { plan } = state;
  const routeCount = plan.routes.server.length;
  /** Per route: its pool. */
  const poolOf = new Int32Array(routeCount);
  const pools = new Map<string, number>();
  for (let route = 0; route < routeCount; route++) {
    const key = addressKey(plan, route);
    let pool = pools.get(key);
    if (pool === undefined) {
      pool = routeOfPool.push(route) - 1;
      pools.set(key, pool);
    }
    poolOf[route] = pool;
  }
  const poolCount = routeOfPool.length;
  /** Per pool: index of the remembered winner, or -1, and when that is forgotten. */
  const remembered = new Int32Array(poolCount).fill(-1);
  const forgetUs = new Float64Array(poolCount);
  /** Open connections of a server, of a pool; idle ones count. */
  const openCount = new Int32Array(plan.servers.id.length);
  /** Connections that a server's gate has let in. */
  const admittedCount = new Int32Array(plan.servers.id.length);
  const openCountOfPool = new Int32Array(poolCount);
  /** Oldest first: leased from the end, expired from the front. */
  const idleOf: IdleConnection[][] = Array.from({ length: poolCount }, () => []);
  const isArmed = new Uint8Array(poolCount);

  /** The index of the remembered winner of a pool, or -1. */
  const rememberedOf = (pool: number): number => {
    return state.nowUs < forgetUs[pool] ? remembered[pool] : -1;
  };

  /** Leases an idle connection to one of the candidates in `mask`: its index, or -1. */
  const lease = (pool: number, mask: number): number => {
    const idle = idleOf[pool];
    for (let at = idle.length - 1; at >= 0; at--) {
      const one = idle[at];
      if (((mask >> one.index) & 1) === 0) continue;
      if (at === idle.length - 1) idle.pop();
      else idle.splice(at, 1);
      // A connection whose server has restarted is found dead when it is validated.
      if (one.epoch === state.epoch[serverOf(pool, one.index)]) return one.index;
      close(pool, one);
    }
    return -1;
  };

  const hasIdle = (pool: number): boolean => {
    return idleOf[pool].length > 0;
  };

  /** A server that has all the connections it may have, some idle, closes one of these. */
  const discard = (server: number): boolean => {
    const { routes } = state.plan;
    for (let pool = 0; pool < idleOf.length; pool++) {
      if (routes.server[routeOfPool[pool]] !== server) continue;
      const oldest = idleOf[pool].shift();
      if (oldest === undefined) continue;
      close(pool, oldest);
      return true;
    }
    return false;
  };

  /** Keeps a connection for the next message. */
  const keep = (pool: number, index: number, epoch: number): void => {
    const { nowUs, timers } = state;
    idleOf[pool].push({ index, epoch, sinceUs: nowUs });
    if (isArmed[pool] === 1) return;
    isArmed[pool] = 1;
    timers.schedule(nowUs + idleLimitUs(pool), EventKind.PoolTimer, pool, pool, 0);
  };

  /** Closes what has been idle too long. */
  const expire = (pool: number): void => {
    const { nowUs, timers } = state;
    const idle = idleOf[pool];
    const idleUs = idleLimitUs(pool);
    while (idle.length > 0 && idle[0].sinceUs + idleUs <= nowUs) {
      const oldest = idle.shift();
      if (oldest !== undefined) close(pool, oldest);
    }
    isArmed[pool] = idle.length > 0 ? 1 : 0;
    if (idle.length === 0) return;
    timers.schedule(idle[0].sinceUs + idleUs, EventKind.PoolTimer, pool, pool, 0);
  };

  /** The consumer's server has died: its connections are gone. */
  const reset = (server: number): void => {
    const { plan, epoch } = state;
    for (let pool = 0; pool < idleOf.length; pool++) {
      if (plan.routes.server[routeOfPool[pool]] !== server) continue;
      for (const { index, epoch: life } of idleOf[pool]) {
        const provider = serverOf(pool, index);
        if (life !== epoch[provider]) continue;
        admittedCount[provider]--;
        left(provider);
      }
      idleOf[pool] = [];
      openCountOfPool[pool] = 0;
      remembered[pool] = -1;
    }
    openCount[server] = 0;
    admittedCount[server] = 0;
  };

  const close = (pool: number, { index, epoch }: IdleConnection): void => {
    const provider = serverOf(pool, index);
    openCount[state.plan.routes.server[routeOfPool[pool]]]--;
    openCountOfPool[pool]--;
    if (epoch !== state.epoch[provider]) return;
    admittedCount[provider]--;
    left(provider);
  };

  const serverOf = (pool: number, index: number): number => {
    const { routes, candidates } = state.plan;
    return candidates.server[routes.candidateFrom[routeOfPool[pool]] + index];
  };

  const idleLimitUs = (pool: number): number => {
    const { routes, servers } = state.plan;
    return servers.poolIdleUs[routes.server[routeOfPool[pool]]];
  };

  return {
    poolOf,
    remembered,
    forgetUs,
    openCount,
    openCountOfPool,
    admittedCount,
    rememberedOf,
    lease,
    hasIdle,
    discard,
    keep,
    expire,
    reset,
  };
}

function addressKey({ routes, candidates }: Plan, route: number): string {
  const from = routes.candidateFrom[route];
  const servers = candidates.server.slice(from, from + routes.candidateCount[route]);
  // The index of a candidate must mean the same in every route of a pool: order is kept.
  return `${routes.server[route]}:${servers.join(',')}`;
}
