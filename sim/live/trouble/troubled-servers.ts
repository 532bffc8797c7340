/**
 * What incidents do to security servers, and to what their instance says of them. What is withdrawn
 * by way of the configuration is known when it has been published, downloaded and loaded.
 */
import { PatchColumn } from '../../plan/plan.ts';
import type { Plan } from '../../plan/plan.ts';
import { ServerState } from '../../protocol/lifecycle.ts';
import type { LiveNetwork } from '../network.ts';
import type { SecurityServer } from '../security-server.ts';
import { TOKEN_PIN } from '../trust-jobs/soft-token.ts';
import type { Change } from './patches.ts';

const US_PER_MS = 1000;

type Changes = readonly (readonly [number, Change])[];

/** By column; `network` is asked for when something happens. */
export function troubledServers(plan: Plan, network: () => LiveNetwork): Changes {
  const serverOf = (row: number): SecurityServer => network().server(plan.servers.id[row]);
  return [
    ...troubledProcesses(plan, network, serverOf),
    ...troubledLogs(serverOf),
    ...troubledSettings(serverOf),
    [PatchColumn.Maintenance, (row, value) => maintain(network(), plan.servers.id[row], value)],
  ];
}

function troubledProcesses(
  plan: Plan,
  network: () => LiveNetwork,
  serverOf: (row: number) => SecurityServer,
): Changes {
  const pins = new Pins(plan.servers.autoLogin);

  const power = (row: number, state: number): Promise<void> | void => {
    const id = plan.servers.id[row];
    if (state === ServerState.Off) return network().powerOff(id);
    if (state !== ServerState.Ready) return;
    return network().powerOn(id, pins.atStart(row));
  };

  const lock = (row: number, value: number): void => {
    const { trust, signer } = serverOf(row);
    const isAway = !network().isOn(plan.servers.id[row]) || !signer.isRunning;
    pins.lock(row, value, isAway);
    if (value === 1) trust.lock();
    else if (!isAway) trust.logIn(TOKEN_PIN);
  };

  const loseSigner = (row: number, value: number): void => {
    const { signer, trust } = serverOf(row);
    const isBack = !signer.isRunning && value === 0;
    signer.isRunning = value === 0;
    if (value === 1) signer.drop();
    if (isBack && pins.atStart(row) === null) trust.lock();
  };

  return [
    [PatchColumn.ServerPower, power],
    [PatchColumn.TokenLocked, lock],
    [PatchColumn.SignerLost, loseSigner],
    [
      PatchColumn.DownloaderHung,
      (row, value) => {
        const { configurationClient } = serverOf(row).trust;
        if (value === 1) configurationClient?.hang();
        else configurationClient?.restart();
      },
    ],
    [
      PatchColumn.OcspPortBlocked,
      (row, value) => {
        const { ocspPort } = serverOf(row).trust;
        if (ocspPort !== null) ocspPort.isBlocked = value === 1;
      },
    ],
  ];
}

function troubledLogs(serverOf: (row: number) => SecurityServer): Changes {
  return [
    [
      PatchColumn.LogDiskFull,
      (row, value) => {
        serverOf(row).messageLog.disk.isFull = value === 1;
      },
    ],
    [
      PatchColumn.LogSlowness,
      (row, factor) => {
        serverOf(row).messageLog.disk.slowdown = factor;
      },
    ],
    [
      PatchColumn.DatabaseLost,
      (row, value) => {
        serverOf(row).messageLog.disk.isLost = value === 1;
      },
    ],
  ];
}

function troubledSettings(serverOf: (row: number) => SecurityServer): Changes {
  return [
    [
      PatchColumn.BatchSigningOff,
      (row, value) => {
        serverOf(row).signer.batchesAllowed = value === 0;
      },
    ],
    [PatchColumn.ClockSkewUs, (row, us) => serverOf(row).trust.skew(us / US_PER_MS)],
    [
      PatchColumn.ServerVersion,
      (row, version) => {
        serverOf(row).view.version = version;
      },
    ],
    [
      PatchColumn.MinClientVersion,
      (row, minClientVersion) => {
        const { view } = serverOf(row);
        view.parameters = { ...view.parameters, minClientVersion };
      },
    ],
  ];
}

/** The instance says it, with its next generation. */
function maintain(network: LiveNetwork, id: string, value: number): void {
  const services = network.services(id.split('/')[0]);
  const maintenance = value === 1 ? '' : null;
  const servers = services.state.servers.map((one) =>
    `${one.owner}/${one.code}` === id ? { ...one, maintenance } : one,
  );
  services.change({ servers });
}

/** Whether somebody gives a PIN when a signer starts (facts 5.6). */
class Pins {
  readonly #autoLogin: Uint8Array;
  readonly #locked = new Set<number>();
  /** The PIN was given while no signer was there to take it. */
  readonly #waiting = new Set<number>();

  constructor(autoLogin: Uint8Array) {
    this.#autoLogin = autoLogin;
  }

  lock(row: number, value: number, isAway: boolean): void {
    if (value === 1) this.#locked.add(row);
    else this.#locked.delete(row);
    if (value === 0 && isAway) this.#waiting.add(row);
    else this.#waiting.delete(row);
  }

  /** Null: the token waits. */
  atStart(row: number): string | null {
    const isGiven = this.#autoLogin[row] === 1 || this.#waiting.has(row);
    this.#waiting.delete(row);
    if (!isGiven) this.#locked.add(row);
    return this.#locked.has(row) ? null : TOKEN_PIN;
  }
}
