import { describe, expect, test } from 'vitest';
import {
  INCIDENT_LIFE,
  IncidentEvent,
  IncidentState,
  nextState,
  RUN_LIFE,
  RunEvent,
  RunPhase,
  SERVER_LIFE,
  ServerEvent,
  ServerState,
  TRUST_LIFE,
  TrustEvent,
  TrustState,
} from './lifecycle.ts';
import type { Lifecycle } from './lifecycle.ts';

const LIVES: {
  name: string;
  life: Lifecycle<string, string>;
  states: Readonly<Record<string, number>>;
  events: Readonly<Record<string, number>>;
}[] = [
  { name: 'server', life: SERVER_LIFE, states: ServerState, events: ServerEvent },
  { name: 'trust service', life: TRUST_LIFE, states: TrustState, events: TrustEvent },
  { name: 'incident', life: INCIDENT_LIFE, states: IncidentState, events: IncidentEvent },
  { name: 'run', life: RUN_LIFE, states: RunPhase, events: RunEvent },
] as typeof LIVES;

describe.each(LIVES)('the life of a $name', ({ life, states, events }) => {
  test('names and numbers agree', () => {
    expect(states).toEqual(Object.fromEntries(life.states.map((name, row) => [name, row])));
    expect(events).toEqual(Object.fromEntries(life.events.map((name, row) => [name, row])));
  });

  test('the table is the machine', () => {
    for (const [stateName, state] of Object.entries(states)) {
      for (const [eventName, event] of Object.entries(events)) {
        const next = life.states[nextState(life, state, event)];
        expect(next, `${stateName} ${eventName}`).toBe(life.transition(stateName, eventName));
      }
    }
  });

  test('every state can be reached', () => {
    const reached = new Set([0]);
    for (const state of reached) {
      for (const event of Object.values(events)) reached.add(nextState(life, state, event));
    }
    expect(reached.size).toBe(life.states.length);
  });
});

/** The states that a list of events leads through. */
const walk = (life: Lifecycle<string, string>, ...events: string[]): string => {
  let state = life.states[0];
  return [state, ...events.map((event) => (state = life.transition(state, event)))].join(' ');
};

test('a server', () => {
  const life = SERVER_LIFE as Lifecycle<string, string>;
  expect(walk(life, 'PowerOn', 'StartUpDone', 'PowerOff')).toBe('Off Starting Ready Off');
  // It crashes while starting; the start-up that was scheduled ends too late to matter.
  expect(walk(life, 'PowerOn', 'PowerOff', 'StartUpDone')).toBe('Off Starting Off Off');
  expect(walk(life, 'PowerOff', 'PowerOn', 'PowerOn')).toBe('Off Off Starting Starting');
});

test('a trust service', () => {
  const life = TRUST_LIFE as Lifecycle<string, string>;
  expect(walk(life, 'Slowed', 'Stopped', 'Slowed', 'Restored')).toBe('Up Slow Down Down Up');
  expect(walk(life, 'Corrupted', 'Stopped', 'Restored')).toBe('Up Wrong Down Up');
});

test('an incident happens once', () => {
  const life = INCIDENT_LIFE as Lifecycle<string, string>;
  expect(walk(life, 'Ended', 'Began', 'Ended', 'Began')).toBe('Pending Pending Active Over Over');
});

test('a run', () => {
  const life = RUN_LIFE as Lifecycle<string, string>;
  expect(walk(life, 'WarmedUp', 'TimeUp')).toBe('Warming Measuring Complete');
  // What is over stays over: an interrupt that comes too late takes no result away.
  expect(walk(life, 'TimeUp', 'Interrupted')).toBe('Warming Complete Complete');
  expect(walk(life, 'Interrupted', 'WarmedUp')).toBe('Warming Stopped Stopped');
});
