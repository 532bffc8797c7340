/**
 * The information systems that answer: places and a queue of their own. A provider's server that
 * stops waiting closes its socket, but the system works on: the slot of the exchange stays pinned
 * until it has.
 */
import { Purpose } from '../base/random.ts';
import { SystemState } from '../plan/plan.ts';
import { Cost } from '../protocol/effect.ts';
import { ServerStage } from '../protocol/exchange.ts';
import { Cause } from '../protocol/fault.ts';
import { EventKind } from './event-kind.ts';
import type { RunState } from './state.ts';

export type Systems = ReturnType<typeof createSystems>;

export function createSystems(state: RunState) {
  /** Per system: slots whose work ended while it hung. */
  const heldOf = new Map<number, number[]>();
  const count = state.plan.systems.id.length;
  const busyUs = new Float64Array(count);
  const served = new Float64Array(count);
  const busyCount = new Int32Array(count);
  const changedUs = new Float64Array(count);

  /** The provider's server calls: the effect Forward of its leg. */
  const forward = (leg: number): void => {
    const { table, plan } = state;
    const slot = leg >> 1;
    const server = table.providerServer[slot];
    const service = table.service[slot];
    const callUs = state.spend(
      server,
      leg,
      Cost.Forward,
      Purpose.Forward,
      table.requestBytes[slot],
    );
    table.providerRequestOutUs[slot] = callUs;
    table.deadlineUs[slot] = callUs + plan.services.timeoutUs[service];
    if (state.systemState[plan.services.system[service]] === SystemState.UnknownHost) {
      table.failCause[leg] = Cause.UnknownHost;
      state.scheduleLeg(callUs, EventKind.LegFailed, leg);
      return;
    }
    const arrivalUs = callUs + plan.servers.localDelayUs[server];
    state.scheduleLeg(arrivalUs, EventKind.SystemArrival, leg);
  };

  /** The request has come to the system. */
  const arrive = (leg: number): void => {
    const { table, plan } = state;
    const slot = leg >> 1;
    const system = systemOf(slot);
    if (state.systemState[system] === SystemState.Refusing) {
      const backUs = plan.servers.localDelayUs[table.providerServer[slot]];
      table.failCause[leg] = Cause.NetworkError;
      state.scheduleLeg(state.nowUs + backUs, EventKind.LegFailed, leg);
      return;
    }
    table.pins[slot]++;
    if (busyCount[system] < plan.systems.capacity[system]) {
      start(system, slot);
      return;
    }
    state.enqueue(state.rows.systems + system, leg);
    table.waitUs[leg] = NaN;
    state.scheduleLeg(table.deadlineUs[slot], EventKind.LegTimedOut, leg);
  };

  /** The system has worked one off: the answer goes back, and the next is taken up. */
  const done = (slot: number): void => {
    const system = systemOf(slot);
    if (state.systemState[system] === SystemState.Hung) {
      const held = heldOf.get(system) ?? [];
      held.push(slot);
      heldOf.set(system, held);
      return;
    }
    finish(system, slot);
  };

  /** A patch has changed the system's state. */
  const changed = (system: number): void => {
    if (state.systemState[system] === SystemState.Hung) {
      boundRunning(system);
      return;
    }
    const held = heldOf.get(system) ?? [];
    heldOf.delete(system);
    for (const slot of held) finish(system, slot);
  };

  const restart = (): void => {
    settle();
    busyUs.fill(0);
    served.fill(0);
  };

  const settle = (): void => {
    for (let system = 0; system < busyUs.length; system++) account(system);
  };

  const start = (system: number, slot: number): void => {
    const { table, plan } = state;
    const leg = slot * 2 + 1;
    account(system);
    busyCount[system]++;
    const service = table.service[slot];
    const own = state.sample(plan.services.serviceTime[service], slot, Purpose.ServiceTime);
    const serviceUs = Math.round(own * state.systemSlowness[system]);
    const isWaitedFor = hasWaiter(slot);
    if (isWaitedFor) {
      table.waitUs[leg] = state.nowUs - table.providerRequestOutUs[slot];
      table.serviceUs[leg] = serviceUs;
      const backUs = plan.servers.localDelayUs[table.providerServer[slot]];
      const answerUs = state.nowUs + serviceUs + backUs;
      const isHung = state.systemState[system] === SystemState.Hung;
      if (isHung || answerUs > table.deadlineUs[slot]) {
        state.scheduleLeg(table.deadlineUs[slot], EventKind.LegTimedOut, leg);
      }
    }
    const endUs = state.nowUs + serviceUs;
    state.events.schedule(endUs, EventKind.SystemDone, table.id[slot], slot, 0);
  };

  const finish = (system: number, slot: number): void => {
    const { table, plan, queues } = state;
    const leg = slot * 2 + 1;
    account(system);
    busyCount[system]--;
    served[system]++;
    if (hasWaiter(slot)) {
      const backUs = plan.servers.localDelayUs[table.providerServer[slot]];
      state.scheduleLeg(state.nowUs + backUs, EventKind.LegDone, leg);
    }
    table.pins[slot]--;
    table.freeIfDone(slot);
    const next = queues.shift(state.rows.systems + system);
    if (next !== -1) start(system, next >> 1);
  };

  /** From now on the system gives no answers: who waits for one gets a time-out event. */
  const boundRunning = (system: number): void => {
    const { table } = state;
    for (let slot = 0; slot < table.capacity; slot++) {
      if (table.isUsed[slot] === 0 || table.pins[slot] === 0) continue;
      if (systemOf(slot) !== system || !hasWaiter(slot)) continue;
      const deadlineUs = Math.max(state.nowUs, table.deadlineUs[slot]);
      state.scheduleLeg(deadlineUs, EventKind.LegTimedOut, slot * 2 + 1);
    }
  };

  const hasWaiter = (slot: number): boolean => {
    return state.table.stage[slot * 2 + 1] === ServerStage.Recorded;
  };

  const systemOf = (slot: number): number => {
    const { plan, table } = state;
    return plan.services.system[table.service[slot]];
  };

  const account = (system: number): void => {
    const { nowUs } = state;
    busyUs[system] += busyCount[system] * (nowUs - changedUs[system]);
    changedUs[system] = nowUs;
  };

  return { busyUs, served, forward, arrive, done, changed, restart, settle };
}
