/**
 * The slow state machines: a security server's life, a trust service's availability, an incident's
 * phases, a run's phases. Each is declared once with @xstate/fsm and used through its pure
 * `transition`; each has a table compiled from that machine, for whoever asks in a hot loop. A test
 * holds machine and table equal.
 *
 * An event that a state does not name leaves it as it is: a patch may switch off what is off.
 */
import { createMachine } from '@xstate/fsm';
import { assert } from '../base/assert.ts';

type Edges<State extends string, Event extends string> = Readonly<
  Record<State, Readonly<Partial<Record<Event, State>>>>
>;

/** One machine, by names and by numbers. */
export interface Lifecycle<State extends string, Event extends string> {
  /** Names by number; the first is where it begins. */
  readonly states: readonly State[];
  readonly events: readonly Event[];
  /** Row `state * events.length + event`: the next state. */
  readonly table: Uint8Array;
  /** The machine's own pure transition. */
  readonly transition: (state: State, event: Event) => State;
}

/** The table's answer: one multiplication and one load. */
export function nextState<State extends string, Event extends string>(
  { table, events }: Lifecycle<State, Event>,
  state: number,
  event: number,
): number {
  return table[state * events.length + event];
}

export const ServerState = { Off: 0, Starting: 1, Ready: 2 } as const;
export const ServerEvent = { PowerOn: 0, StartUpDone: 1, PowerOff: 2 } as const;

/**
 * A security server. Starting is from the processes' start to the first request that can be served:
 * signer with its PIN, valid configuration, good OCSP responses (facts 9, start-up of an SS). Going
 * down is at once: what is under way is lost.
 *
 * Events: PowerOn and PowerOff are patches of an incident (PatchColumn.ServerPower); StartUpDone is
 * scheduled by the engine, the server's start-up time after PowerOn.
 */
export const SERVER_LIFE = lifecycle(
  'security-server',
  ['Off', 'Starting', 'Ready'],
  ['PowerOn', 'StartUpDone', 'PowerOff'],
  {
    Off: { PowerOn: 'Starting' },
    Starting: { StartUpDone: 'Ready', PowerOff: 'Off' },
    Ready: { PowerOff: 'Off' },
  },
);

export const TrustState = { Up: 0, Slow: 1, Down: 2, Wrong: 3 } as const;
export const TrustEvent = { Slowed: 0, Stopped: 1, Corrupted: 2, Restored: 3 } as const;

/**
 * A trust service: configuration source, OCSP responder, time-stamping authority. Wrong answers
 * (an expired signature, a status that is not good) are worse than none, so they are a state of
 * their own (facts 14: service time, and up, down, slow or wrong).
 *
 * Events: patches of incidents. The newest trouble replaces the one before it, but nothing that
 * does not answer can be slow or wrong.
 */
export const TRUST_LIFE = lifecycle(
  'trust-service',
  ['Up', 'Slow', 'Down', 'Wrong'],
  ['Slowed', 'Stopped', 'Corrupted', 'Restored'],
  {
    Up: { Slowed: 'Slow', Stopped: 'Down', Corrupted: 'Wrong' },
    Slow: { Stopped: 'Down', Corrupted: 'Wrong', Restored: 'Up' },
    Down: { Restored: 'Up' },
    Wrong: { Slowed: 'Slow', Stopped: 'Down', Restored: 'Up' },
  },
);

export const IncidentState = { Pending: 0, Active: 1, Over: 2 } as const;
export const IncidentEvent = { Began: 0, Ended: 1 } as const;

/**
 * An incident. Events: scheduled by the engine at the plan's `startUs` and `endUs`; where it stands
 * when the run ends is part of the outcome, and no check speaks of one that has not ended. It never
 * begins again: what repeats is several incidents.
 */
export const INCIDENT_LIFE = lifecycle(
  'incident',
  ['Pending', 'Active', 'Over'],
  ['Began', 'Ended'],
  { Pending: { Began: 'Active' }, Active: { Ended: 'Over' }, Over: {} },
);

export const RunPhase = { Warming: 0, Measuring: 1, Complete: 2, Stopped: 3 } as const;
export const RunEvent = { WarmedUp: 0, TimeUp: 1, LimitMet: 2, Interrupted: 3 } as const;

/**
 * A run. What begins while it warms up is not measured; what is under way when its time is up is
 * counted as open. Only a complete run, or one that a limit ended, has an outcome.
 *
 * Events: WarmedUp at the plan's `warmUpUs`, TimeUp at its `durationUs`, LimitMet when it has had
 * as many events as it may, Interrupted when its user asks.
 */
export const RUN_LIFE = lifecycle(
  'run',
  ['Warming', 'Measuring', 'Complete', 'Stopped'],
  ['WarmedUp', 'TimeUp', 'LimitMet', 'Interrupted'],
  {
    Warming: {
      WarmedUp: 'Measuring',
      TimeUp: 'Complete',
      LimitMet: 'Complete',
      Interrupted: 'Stopped',
    },
    Measuring: { TimeUp: 'Complete', LimitMet: 'Complete', Interrupted: 'Stopped' },
    Complete: {},
    Stopped: {},
  },
);

function lifecycle<State extends string, Event extends string>(
  id: string,
  states: readonly State[],
  events: readonly Event[],
  edges: Edges<State, Event>,
): Lifecycle<State, Event> {
  const on = states.map((state) => [state, { on: { ...edges[state] } }]);
  const machine = createMachine({ id, initial: states[0], states: Object.fromEntries(on) });
  const numberAfter = (state: State, event: Event): number => {
    const { value } = machine.transition(state, event);
    const number = states.findIndex((known) => known === value);
    assert(number !== -1, `${id}: ${event} leads out of the machine`);
    return number;
  };
  const table = states.flatMap((state) => events.map((event) => numberAfter(state, event)));
  const transition = (state: State, event: Event): State => states[numberAfter(state, event)];
  return { states, events, table: Uint8Array.from(table), transition };
}
