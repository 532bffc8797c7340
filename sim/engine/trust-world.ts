/** What the parts of trust need of a run's state, and no more; RunState has it all. */
import type { EventQueue } from '../base/event-queue.ts';
import type { Plan } from '../plan/plan.ts';

export interface TrustWorld {
  readonly plan: Plan;
  readonly nowUs: number;
  readonly timers: Pick<EventQueue, 'schedule'>;
  /** Row of servers; 1: its processes run. */
  readonly isUp: Uint8Array;
  /** Row of exchanges. */
  readonly table: {
    readonly flow: Int32Array;
    readonly candidate: Int32Array;
    readonly clientServer: Int32Array;
    readonly providerServer: Int32Array;
    readonly requestInUs: Float64Array;
    readonly providerRequestInUs: Float64Array;
    /** Changes with every exchange that takes the slot. */
    readonly generation: Int32Array;
    /** Two rows an exchange: the stage of either leg. */
    readonly stage: Uint8Array;
  };
}
