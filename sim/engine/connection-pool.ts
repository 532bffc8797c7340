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

export class ConnectionPool {
  /** Per route: its pool. */
  readonly poolOf: Int32Array;
  /** Per pool: index of the remembered winner, or -1, and when that is forgotten. */
  readonly remembered: Int32Array;
  readonly forgetUs: Float64Array;
  /** Open connections of a server, of a pool; idle ones count. */
  readonly openCount: Int32Array;
  readonly openCountOfPool: Int32Array;
  /** Connections that a server's gate has let in. */
  readonly admittedCount: Int32Array;
  /** Oldest first: leased from the end, expired from the front. */
  readonly #idle: IdleConnection[][];
  readonly #isArmed: Uint8Array;
  readonly #routeOfPool: number[] = [];
  readonly #state: RunState;
  /** Told that a connection has left the gate of a server. */
  readonly #left: (provider: number) => void;

  constructor(state: RunState, left: (provider: number) => void) {
    this.#state = state;
    this.#left = left;
    const { plan } = state;
    const routeCount = plan.routes.server.length;
    this.poolOf = new Int32Array(routeCount);
    const pools = new Map<string, number>();
    for (let route = 0; route < routeCount; route++) {
      const key = addressKey(plan, route);
      let pool = pools.get(key);
      if (pool === undefined) {
        pool = this.#routeOfPool.push(route) - 1;
        pools.set(key, pool);
      }
      this.poolOf[route] = pool;
    }
    const poolCount = this.#routeOfPool.length;
    this.remembered = new Int32Array(poolCount).fill(-1);
    this.forgetUs = new Float64Array(poolCount);
    this.openCount = new Int32Array(plan.servers.id.length);
    this.admittedCount = new Int32Array(plan.servers.id.length);
    this.openCountOfPool = new Int32Array(poolCount);
    this.#idle = Array.from({ length: poolCount }, () => []);
    this.#isArmed = new Uint8Array(poolCount);
  }

  /** The index of the remembered winner of a pool, or -1. */
  rememberedOf(pool: number): number {
    return this.#state.nowUs < this.forgetUs[pool] ? this.remembered[pool] : -1;
  }

  /** Leases an idle connection: the candidate's index, or -1. */
  lease(pool: number): number {
    const idle = this.#idle[pool];
    for (let last = idle.pop(); last !== undefined; last = idle.pop()) {
      // A connection whose server has restarted is found dead when it is validated.
      if (last.epoch === this.#state.epoch[this.#serverOf(pool, last.index)]) return last.index;
      this.#close(pool, last);
    }
    return -1;
  }

  hasIdle(pool: number): boolean {
    return this.#idle[pool].length > 0;
  }

  /** A server that has all the connections it may have, some idle, closes one of these. */
  discard(server: number): boolean {
    const { routes } = this.#state.plan;
    for (let pool = 0; pool < this.#idle.length; pool++) {
      if (routes.server[this.#routeOfPool[pool]] !== server) continue;
      const oldest = this.#idle[pool].shift();
      if (oldest === undefined) continue;
      this.#close(pool, oldest);
      return true;
    }
    return false;
  }

  /** Keeps a connection for the next message. */
  keep(pool: number, index: number, epoch: number): void {
    const { nowUs, timers } = this.#state;
    this.#idle[pool].push({ index, epoch, sinceUs: nowUs });
    if (this.#isArmed[pool] === 1) return;
    this.#isArmed[pool] = 1;
    timers.schedule(nowUs + this.#idleUs(pool), EventKind.PoolTimer, pool, pool, 0);
  }

  /** Closes what has been idle too long. */
  expire(pool: number): void {
    const { nowUs, timers } = this.#state;
    const idle = this.#idle[pool];
    const idleUs = this.#idleUs(pool);
    while (idle.length > 0 && idle[0].sinceUs + idleUs <= nowUs) {
      const oldest = idle.shift();
      if (oldest !== undefined) this.#close(pool, oldest);
    }
    this.#isArmed[pool] = idle.length > 0 ? 1 : 0;
    if (idle.length === 0) return;
    timers.schedule(idle[0].sinceUs + idleUs, EventKind.PoolTimer, pool, pool, 0);
  }

  /** The consumer's server has died: its connections are gone. */
  reset(server: number): void {
    const { plan, epoch } = this.#state;
    for (let pool = 0; pool < this.#idle.length; pool++) {
      if (plan.routes.server[this.#routeOfPool[pool]] !== server) continue;
      for (const { index, epoch: life } of this.#idle[pool]) {
        const provider = this.#serverOf(pool, index);
        if (life !== epoch[provider]) continue;
        this.admittedCount[provider]--;
        this.#left(provider);
      }
      this.#idle[pool] = [];
      this.openCountOfPool[pool] = 0;
      this.remembered[pool] = -1;
    }
    this.openCount[server] = 0;
    this.admittedCount[server] = 0;
  }

  #close(pool: number, { index, epoch }: IdleConnection): void {
    const provider = this.#serverOf(pool, index);
    this.openCount[this.#state.plan.routes.server[this.#routeOfPool[pool]]]--;
    this.openCountOfPool[pool]--;
    if (epoch !== this.#state.epoch[provider]) return;
    this.admittedCount[provider]--;
    this.#left(provider);
  }

  #serverOf(pool: number, index: number): number {
    const { routes, candidates } = this.#state.plan;
    return candidates.server[routes.candidateFrom[this.#routeOfPool[pool]] + index];
  }

  #idleUs(pool: number): number {
    const { routes, servers } = this.#state.plan;
    return servers.poolIdleUs[routes.server[this.#routeOfPool[pool]]];
  }
}

function addressKey({ routes, candidates }: Plan, route: number): string {
  const from = routes.candidateFrom[route];
  const servers = candidates.server.slice(from, from + routes.candidateCount[route]);
  // The index of a candidate must mean the same in every route of a pool: order is kept.
  return `${routes.server[route]}:${servers.join(',')}`;
}
