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

export class Systems {
  readonly busyUs: Float64Array;
  readonly served: Float64Array;
  readonly #state: RunState;
  readonly #busyCount: Int32Array;
  readonly #changedUs: Float64Array;
  /** Per system: slots whose work ended while it hung. */
  readonly #held = new Map<number, number[]>();

  constructor(state: RunState) {
    this.#state = state;
    const count = state.plan.systems.id.length;
    this.busyUs = new Float64Array(count);
    this.served = new Float64Array(count);
    this.#busyCount = new Int32Array(count);
    this.#changedUs = new Float64Array(count);
  }

  /** The provider's server calls: the effect Forward of its leg. */
  forward(leg: number): void {
    const state = this.#state;
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
  }

  /** The request has come to the system. */
  arrive(leg: number): void {
    const state = this.#state;
    const { table, plan } = state;
    const slot = leg >> 1;
    const system = this.#systemOf(slot);
    if (state.systemState[system] === SystemState.Refusing) {
      const backUs = plan.servers.localDelayUs[table.providerServer[slot]];
      table.failCause[leg] = Cause.NetworkError;
      state.scheduleLeg(state.nowUs + backUs, EventKind.LegFailed, leg);
      return;
    }
    table.pins[slot]++;
    if (this.#busyCount[system] < plan.systems.capacity[system]) {
      this.#start(system, slot);
      return;
    }
    state.enqueue(state.rows.systems + system, leg);
    table.waitUs[leg] = NaN;
    state.scheduleLeg(table.deadlineUs[slot], EventKind.LegTimedOut, leg);
  }

  /** The system has worked one off: the answer goes back, and the next is taken up. */
  done(slot: number): void {
    const state = this.#state;
    const system = this.#systemOf(slot);
    if (state.systemState[system] === SystemState.Hung) {
      const held = this.#held.get(system) ?? [];
      held.push(slot);
      this.#held.set(system, held);
      return;
    }
    this.#finish(system, slot);
  }

  /** A patch has changed the system's state. */
  changed(system: number): void {
    const state = this.#state;
    if (state.systemState[system] === SystemState.Hung) {
      this.#boundRunning(system);
      return;
    }
    const held = this.#held.get(system) ?? [];
    this.#held.delete(system);
    for (const slot of held) this.#finish(system, slot);
  }

  restart(): void {
    this.settle();
    this.busyUs.fill(0);
    this.served.fill(0);
  }

  settle(): void {
    for (let system = 0; system < this.busyUs.length; system++) this.#account(system);
  }

  #start(system: number, slot: number): void {
    const state = this.#state;
    const { table, plan } = state;
    const leg = slot * 2 + 1;
    this.#account(system);
    this.#busyCount[system]++;
    const service = table.service[slot];
    const own = state.sample(plan.services.serviceTime[service], slot, Purpose.ServiceTime);
    const serviceUs = Math.round(own * state.systemSlowness[system]);
    const isWaitedFor = this.#isWaitedFor(slot);
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
  }

  #finish(system: number, slot: number): void {
    const state = this.#state;
    const { table, plan, queues } = state;
    const leg = slot * 2 + 1;
    this.#account(system);
    this.#busyCount[system]--;
    this.served[system]++;
    if (this.#isWaitedFor(slot)) {
      const backUs = plan.servers.localDelayUs[table.providerServer[slot]];
      state.scheduleLeg(state.nowUs + backUs, EventKind.LegDone, leg);
    }
    table.pins[slot]--;
    table.freeIfDone(slot);
    const next = queues.shift(state.rows.systems + system);
    if (next !== -1) this.#start(system, next >> 1);
  }

  /** From now on the system gives no answers: who waits for one gets a time-out event. */
  #boundRunning(system: number): void {
    const state = this.#state;
    const { table } = state;
    for (let slot = 0; slot < table.capacity; slot++) {
      if (table.isUsed[slot] === 0 || table.pins[slot] === 0) continue;
      if (this.#systemOf(slot) !== system || !this.#isWaitedFor(slot)) continue;
      const deadlineUs = Math.max(state.nowUs, table.deadlineUs[slot]);
      state.scheduleLeg(deadlineUs, EventKind.LegTimedOut, slot * 2 + 1);
    }
  }

  #isWaitedFor(slot: number): boolean {
    return this.#state.table.stage[slot * 2 + 1] === ServerStage.Recorded;
  }

  #systemOf(slot: number): number {
    const { plan, table } = this.#state;
    return plan.services.system[table.service[slot]];
  }

  #account(system: number): void {
    const { nowUs } = this.#state;
    this.busyUs[system] += this.#busyCount[system] * (nowUs - this.#changedUs[system]);
    this.#changedUs[system] = nowUs;
  }
}
