/**
 * The incidents of a compiled scenario, done to a live network: each patch at its own instant on
 * the network's clock, in the plan's order, once; and all of it undone at the end.
 *
 * The times of a plan are of the network, so under compression a patch comes as much earlier as
 * everything that trust waits for. This file knows when and in which order, not how: whoever owns
 * a thing gives a function for each column of it that can be driven (`Troubled`).
 */
import { assert } from '../../base/assert.ts';
import { PatchColumn, SystemState } from '../../plan/plan.ts';
import type { Plan } from '../../plan/plan.ts';
import {
  nextState,
  SERVER_LIFE,
  ServerEvent,
  ServerState,
  TRUST_LIFE,
  TrustEvent,
  TrustState,
} from '../../protocol/lifecycle.ts';
import type { NetworkClock } from '../network-clock.ts';

/**
 * Changes one row. The next change waits until a promise settles, so what takes long, such as the
 * end of a server, is only begun.
 */
export type Change = (row: number, value: number) => void | Promise<void>;

/**
 * A function for each column that can be driven. `value` is the patch's, but of ServerPower, where
 * it is a ServerState: who is started is Ready after its start-up time; and of TrustServiceState,
 * where it is the TrustState that the machine of its life comes to.
 */
export type Troubled = ReadonlyMap<number, Change>;

/** What of a plan speaks of incidents and of what they change. */
export type PatchedPlan = Pick<Plan, 'patches' | 'servers' | 'systems' | 'links'>;

const COLUMN_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(PatchColumn).map(([name, column]) => [column, name]),
);

/** Names of the columns that a plan's incidents change and that nobody can drive. */
export function undrivenColumns({ patches }: PatchedPlan, troubled: Troubled): string[] {
  const used = [...new Set(patches.column)].filter((column) => !troubled.has(column));
  return used.map((column) => COLUMN_NAMES.get(column) ?? `column ${column}`);
}

/** What was done, for the report and for tests. */
export interface AppliedPatch {
  /** Row of the plan's patches. */
  readonly patch: number;
  /** How long after its instant it was begun, on the wall. */
  readonly lateMs: number;
}

/** The event that leads to a state, by TrustState. */
const TRUST_EVENTS: readonly number[] = [
  TrustEvent.Restored,
  TrustEvent.Slowed,
  TrustEvent.Stopped,
  TrustEvent.Corrupted,
];

export class PatchDriver {
  readonly applied: AppliedPatch[] = [];
  readonly #plan: PatchedPlan;
  readonly #troubled: Troubled;
  readonly #clock: NetworkClock;
  /** What was told of each cell last, by column and row, in the order of the first change. */
  readonly #told = new Map<string, Cell>();
  readonly #startUps = new Map<number, () => void>();
  #startMs = 0;
  #next = 0;
  #cancel: (() => void) | null = null;
  #isStopped = false;
  /** All changes so far, one after the other. */
  #changes: Promise<void> = Promise.resolve();
  #failure: Error | null = null;

  constructor(plan: PatchedPlan, troubled: Troubled, clock: NetworkClock) {
    this.#plan = plan;
    this.#troubled = troubled;
    this.#clock = clock;
  }

  /**
   * The run begins so long from now, on the network's clock. What is wrong from its first instant
   * on is so when this is done.
   */
  async start(leadMs = 0): Promise<void> {
    this.#startMs = this.#clock.nowMs() + leadMs;
    this.#applyDue(0);
    await this.#changes;
  }

  /** Nothing more comes; all that was changed is as it was. Throws what a change has thrown. */
  async stop(): Promise<void> {
    if (!this.#isStopped) {
      this.#isStopped = true;
      this.#cancel?.();
      for (const cancel of this.#startUps.values()) cancel();
      for (const cell of [...this.#told.values()].toReversed()) this.#undo(cell);
    }
    await this.#changes;
    if (this.#failure !== null) throw this.#failure;
  }

  /** Applies all patches up to `untilUs` of the run, and waits for the next. */
  #applyDue(untilUs: number): void {
    const { timeUs } = this.#plan.patches;
    while (this.#next < timeUs.length && timeUs[this.#next] <= untilUs) this.#apply(this.#next++);
    if (this.#next === timeUs.length) return;
    const dueUs = timeUs[this.#next];
    this.#cancel = this.#clock.after(this.#startMs + dueUs / 1000 - this.#clock.nowMs(), () => {
      // Clocks are read in milliseconds, so what was waited for is due by definition.
      this.#applyDue(Math.max(dueUs, this.#elapsedUs()));
    });
  }

  #elapsedUs(): number {
    return (this.#clock.nowMs() - this.#startMs) * 1000;
  }

  #apply(patch: number): void {
    const { column: columns, row: rows, value: values, timeUs } = this.#plan.patches;
    const [column, row, value] = [columns[patch], rows[patch], values[patch]];
    if (!this.#troubled.has(column)) return;
    const lateMs = this.#clock.realMs((this.#elapsedUs() - timeUs[patch]) / 1000);
    this.applied.push({ patch, lateMs: Math.max(0, lateMs) });
    switch (column) {
      case PatchColumn.ServerPower:
        this.#power(row, value === 0 ? ServerEvent.PowerOff : ServerEvent.PowerOn);
        return;
      case PatchColumn.TrustServiceState: {
        const event = TRUST_EVENTS[value];
        this.#tell(column, row, nextState(TRUST_LIFE, this.#valueOf(column, row), event));
        return;
      }
      default:
        this.#tell(column, row, value);
    }
  }

  #power(server: number, event: number): void {
    const state = nextState(SERVER_LIFE, this.#valueOf(PatchColumn.ServerPower, server), event);
    if (!this.#tell(PatchColumn.ServerPower, server, state)) return;
    this.#startUps.get(server)?.();
    this.#startUps.delete(server);
    if (state !== ServerState.Starting) return;
    const cancel = this.#clock.after(this.#plan.servers.startUpUs[server] / 1000, () => {
      this.#power(server, ServerEvent.StartUpDone);
    });
    this.#startUps.set(server, cancel);
  }

  /** Hands a value on, unless it is so already; whether it did. */
  #tell(column: number, row: number, value: number): boolean {
    if (this.#valueOf(column, row) === value) return false;
    this.#told.set(`${column}/${row}`, { column, row, value });
    const change = this.#troubled.get(column);
    assert(change !== undefined, 'only columns that can be driven are told');
    this.#changes = this.#changes.then(async () => {
      try {
        await change(row, value);
      } catch (error) {
        // The others go on: a network half in trouble would be worse than one failure.
        this.#failure ??= error instanceof Error ? error : new Error(String(error));
      }
    });
    return true;
  }

  #undo({ column, row, value }: Cell): void {
    if (column === PatchColumn.ServerPower && value === ServerState.Off) {
      this.#tell(column, row, ServerState.Starting);
    }
    this.#tell(column, row, normalOf(this.#plan, column, row));
  }

  #valueOf(column: number, row: number): number {
    return this.#told.get(`${column}/${row}`)?.value ?? normalOf(this.#plan, column, row);
  }
}

interface Cell {
  readonly column: number;
  readonly row: number;
  readonly value: number;
}

/** What a cell holds when no incident has changed it. */
function normalOf(plan: PatchedPlan, column: number, row: number): number {
  const { servers, systems, links } = plan;
  switch (column) {
    case PatchColumn.ServerPower:
      return ServerState.Ready;
    case PatchColumn.SystemState:
      return systems.state[row] ?? SystemState.Up;
    case PatchColumn.TrustServiceState:
      return TrustState.Up;
    case PatchColumn.SystemSlowness:
    case PatchColumn.TrustServiceSlowness:
    case PatchColumn.LogSlowness:
      return 1;
    case PatchColumn.LinkLoss:
      return links.loss[row];
    case PatchColumn.LinkBandwidth:
      return links.bandwidth[row];
    case PatchColumn.BatchSigningOff:
      return 1 - servers.batchSigning[row];
    case PatchColumn.Maintenance:
      return servers.isInMaintenance[row];
    case PatchColumn.ServerVersion:
      return servers.version[row];
    case PatchColumn.MinClientVersion:
      return servers.minClientVersion[row];
    default:
      return 0;
  }
}
