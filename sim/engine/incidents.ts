/**
 * Patches applied: the source of truth changes, and what died with it is buried. Nothing here
 * reaches into what a server believes.
 */
import { Purpose } from '../base/random.ts';
import { PatchColumn } from '../plan/plan.ts';
import { ClientStage, ServerStage } from '../protocol/exchange.ts';
import { Cause, faultOf, Prefix } from '../protocol/fault.ts';
import {
  INCIDENT_LIFE,
  IncidentEvent,
  nextState,
  SERVER_LIFE,
  ServerEvent,
  ServerState,
} from '../protocol/lifecycle.ts';
import { EventKind } from './event-kind.ts';
import type { Legs } from './legs.ts';
import type { RunState } from './state.ts';
import type { Trust } from './trust.ts';

const NO_ANSWER = faultOf(Prefix.ClientProxy, Cause.NoAnswer);

export class Incidents {
  readonly #state: RunState;
  readonly #legs: Legs;
  readonly #trust: Trust | null;
  /** Per incident of the plan: an IncidentState. */
  readonly phase: Uint8Array;
  /** Per server: a ServerState. */
  readonly #life: Uint8Array;

  constructor(state: RunState, legs: Legs, trust: Trust | null) {
    this.#state = state;
    this.#legs = legs;
    this.#trust = trust;
    this.#life = new Uint8Array(state.isUp.length).fill(ServerState.Ready);
    const { timeUs } = state.plan.patches;
    this.phase = new Uint8Array(state.plan.incidents.length);
    state.plan.incidents.forEach(({ startUs, endUs }, row) => {
      const { events } = state;
      events.schedule(startUs, EventKind.IncidentPhase, 2 * row, row, IncidentEvent.Began);
      events.schedule(endUs, EventKind.IncidentPhase, 2 * row + 1, row, IncidentEvent.Ended);
    });
    for (let patch = 0; patch < timeUs.length; patch++) {
      state.events.schedule(timeUs[patch], EventKind.Patch, patch, patch, 0);
    }
  }

  apply(patch: number): void {
    const state = this.#state;
    const { column, row: rows, value: values } = state.plan.patches;
    const row = rows[patch];
    const value = values[patch];
    switch (column[patch]) {
      case PatchColumn.ServerPower:
        if (value === 0) this.#stop(row);
        else this.#start(row);
        return;
      case PatchColumn.SystemState:
        state.systemState[row] = value;
        this.#legs.systems.changed(row);
        return;
      case PatchColumn.SystemSlowness:
        state.systemSlowness[row] = value;
        return;
      case PatchColumn.LinkCut:
        state.linkCut[row] = value;
        if (value === 0) state.heal(row);
        return;
      case PatchColumn.LinkExtraDelayUs:
        state.linkExtraDelayUs[row] = value;
        return;
      case PatchColumn.LinkExtraJitterUs:
        state.linkExtraJitterUs[row] = value;
        return;
      case PatchColumn.LinkLoss:
        state.linkLoss[row] = value;
        return;
      case PatchColumn.LinkBandwidth:
        state.linkBandwidth[row] = value;
        return;
      default:
        this.#trust?.patched(column[patch], row, value);
        if (column[patch] === PatchColumn.SignerLost && value === 1) this.#legs.signing.lost(row);
    }
  }

  /** An incident begins, or ends: `event` is an IncidentEvent. */
  move(incident: number, event: number): void {
    this.phase[incident] = nextState(INCIDENT_LIFE, this.phase[incident], event);
  }

  /** The server is ready again, unless it was stopped once more while it started. */
  ready(server: number, epoch: number): void {
    const state = this.#state;
    if (state.epoch[server] !== epoch) return;
    if (this.#live(server, ServerEvent.StartUpDone) !== ServerState.Ready) return;
    state.isUp[server] = 1;
    this.#trust?.restarted(server);
    const fromUs = Math.max(state.downSinceUs[server], state.plan.warmUpUs);
    state.downUs[server] += Math.max(0, state.nowUs - fromUs);
    state.downSinceUs[server] = -1;
  }

  /** Servers that are still down are down until now. */
  settle(): void {
    const { isUp, downSinceUs, downUs, nowUs, plan } = this.#state;
    for (let server = 0; server < isUp.length; server++) {
      if (isUp[server] === 1) continue;
      downUs[server] += Math.max(0, nowUs - Math.max(downSinceUs[server], plan.warmUpUs));
    }
  }

  #start(server: number): void {
    const { events, nowUs, plan, epoch } = this.#state;
    const before = this.#life[server];
    if (before === this.#live(server, ServerEvent.PowerOn)) return;
    const readyUs = nowUs + plan.servers.startUpUs[server];
    events.schedule(readyUs, EventKind.ServerReady, server, server, epoch[server]);
  }

  /** Moves a server's life by an event; where it is then. */
  #live(server: number, event: number): number {
    return (this.#life[server] = nextState(SERVER_LIFE, this.#life[server], event));
  }

  /** The process dies: its threads, connections, queues and half-done exchanges with it. */
  #stop(server: number): void {
    const state = this.#state;
    const { table } = state;
    const before = this.#life[server];
    this.#live(server, ServerEvent.PowerOff);
    if (before !== ServerState.Ready) {
      // If it was starting, the start is void.
      state.epoch[server]++;
      return;
    }
    state.isUp[server] = 0;
    state.epoch[server]++;
    state.downSinceUs[server] = state.nowUs;
    for (let slot = 0; slot < table.capacity; slot++) {
      if (table.isUsed[slot] === 1) this.#bury(server, slot);
    }
    this.#legs.clientThreads.reset(server);
    this.#legs.serverThreads.reset(server);
    this.#legs.messageLog.reset(server);
    this.#legs.signing.reset(server);
    this.#legs.connecting.reset(server);
    if (!state.sharesHost(server)) this.#stopWork(server);
  }

  #stopWork(server: number): void {
    const { cpu, plan, nowUs, recorder } = this.#state;
    cpu.reset(plan.servers.host[server], nowUs, (untilUs) => {
      recorder.lost(server, nowUs, untilUs);
    });
  }

  /** What a dying server had to do with one exchange; the other side hears of it by the wire. */
  #bury(server: number, slot: number): void {
    const state = this.#state;
    const { table } = state;
    const client = slot * 2;
    const provider = client + 1;
    const isProvider =
      table.providerServer[slot] === server && table.stage[provider] !== ServerStage.Closed;
    if (isProvider && table.providerRequestInUs[slot] > 0) {
      if (table.stage[client] !== ClientStage.Closed) {
        state.send(EventKind.ClosedAtClient, slot, false, 0, Purpose.LinkPeerClosed);
      }
      this.#legs.abandon(slot);
    }
    if (table.clientServer[slot] !== server || table.isUsed[slot] === 0) return;
    if (table.stage[client] === ClientStage.Closed) return;
    if (table.stage[provider] !== ServerStage.Closed) {
      state.send(EventKind.ClosedAtServer, slot, true, 0, Purpose.LinkClientClosed);
    }
    this.#legs.cutOff(slot, NO_ANSWER);
  }
}
