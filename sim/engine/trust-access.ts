/**
 * Rights that are withdrawn while the run lasts, and the provider's cache in front of them: an
 * entry serves for its period from when it was loaded, so that a withdrawn right goes on working
 * until the first question after that (facts 8, CachingServerConfImpl).
 *
 * Only flows that a patch concerns are kept; all others have the rights they were compiled with.
 */
import { PatchColumn } from '../plan/plan.ts';
import { History } from '../world/trust-table.ts';
import type { Configurations } from './trust-configuration.ts';
import { cachePhasesUs } from './trust-phases.ts';
import type { TrustWorld } from './trust-world.ts';

/** The right hangs on a global group, which is part of the configuration; see PatchColumn. */
const BY_GROUP = 2;

interface Entry {
  readonly isAllowed: boolean;
  readonly untilUs: number;
}

export class TrustAccess {
  readonly #state: TrustWorld;
  readonly #configurations: Configurations;
  readonly #histories = new Map<number, History>();
  /** By server: by flow. */
  readonly #entries = new Map<number, Map<number, Entry>>();
  /** Until when a server's cache serves what it loaded before time 0. */
  readonly #firstUntilUs: Float64Array;

  constructor(state: TrustWorld, configurations: Configurations) {
    this.#state = state;
    this.#configurations = configurations;
    this.#firstUntilUs = cachePhasesUs(state.plan, 'serverConfCachePeriod');
    const { column, row } = state.plan.patches;
    // Known from the start, because what is in a cache when the right goes was loaded before.
    for (let patch = 0; patch < column.length; patch++) {
      if (column[patch] !== PatchColumn.AccessRevoked) continue;
      this.#histories.set(row[patch], new History());
    }
  }

  revoke(flow: number, value: number): void {
    const history = this.#histories.get(flow) ?? new History();
    this.#histories.set(flow, history);
    history.set(this.#state.nowUs, value);
  }

  isAllowed(flow: number, server: number): boolean {
    if (this.#histories.size === 0) return true;
    const history = this.#histories.get(flow);
    if (history === undefined) return true;
    const entries = this.#entries.get(server) ?? new Map<number, Entry>();
    this.#entries.set(server, entries);
    const { nowUs, plan } = this.#state;
    const known = entries.get(flow);
    if (known !== undefined && nowUs < known.untilUs) return known.isAllowed;
    // Nothing had been withdrawn when it was loaded.
    if (nowUs < this.#firstUntilUs[server]) return true;
    const instance = plan.servers.instance[server];
    const periodUs = Number(plan.instances[instance].parameters.serverConfCachePeriod);
    const isAllowed = this.#judge(history, server, instance);
    entries.set(flow, { isAllowed, untilUs: nowUs + periodUs });
    return isAllowed;
  }

  /** The cache is in the memory of the proxy. */
  restarted(server: number): void {
    this.#entries.delete(server);
    this.#firstUntilUs[server] = 0;
  }

  #judge(history: History, server: number, instance: number): boolean {
    const value = history.valueAt(this.#state.nowUs);
    if (value !== BY_GROUP) return value === 0;
    return history.valueAt(this.#configurations.viewUs(server, instance)) !== BY_GROUP;
  }
}
