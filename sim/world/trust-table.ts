/**
 * The columns of trust: what is true about each server as patches have left it, and what each
 * server holds and believes. Allocated once; the rules that fill them are in protocol/freshness.ts,
 * the jobs that renew them in engine/trust*.ts.
 *
 * A row is a server unless said otherwise. Configurations: row `server * instanceCount + instance`,
 * because each server holds its own instance's and those of federated ones, each of an age of its
 * own. Times that a server judges are kept in true time: its clock's error is taken off once, when
 * the date is stored, and again when the clock changes.
 */
import type { Plan } from '../plan/plan.ts';
import { NEVER_FAILED } from '../protocol/freshness.ts';

export class TrustTable {
  readonly instanceCount: number;

  // The truth.
  /** By how much its clock is ahead. */
  readonly skewUs: Float64Array;
  readonly isTokenLocked: Uint8Array;
  readonly isSignerLost: Uint8Array;
  readonly isDatabaseLost: Uint8Array;
  readonly isLogDiskFull: Uint8Array;
  /** Factor on a commit. */
  readonly logSlowness: Float64Array;
  readonly isBatchSigningOff: Uint8Array;
  readonly isOcspPortBlocked: Uint8Array;
  readonly isDownloaderHung: Uint8Array;
  readonly version: Int32Array;
  readonly minClientVersion: Int32Array;
  /** Row of certificates. */
  readonly notBeforeUs: Float64Array;
  readonly notAfterUs: Float64Array;
  /** When the central server learned of it: configurations signed before do not have it. */
  readonly registeredUs: Float64Array;

  // The jobs.
  /** An instant at which the job ran or would have; the others follow by the interval. */
  readonly confBaseUs: Float64Array;
  readonly reloadBaseUs: Float64Array;

  // Configurations; row server * instanceCount + instance.
  /** When what the proxy works with was signed; Infinity: no clock of that kind. */
  readonly viewGeneratedUs: Float64Array;
  /** What lies on the disk and is read at `pendingFromUs`; Infinity: nothing new. */
  readonly pendingGeneratedUs: Float64Array;
  readonly pendingFromUs: Float64Array;
  /** The source that worked last, as an index of the order. */
  readonly sourceIndex: Int32Array;

  // OCSP.
  /** thisUpdate of the answers that the signer holds, all of one pass. */
  readonly thisUpdateUs: Float64Array;
  /** Until when the proxy's key cache serves, in true time; -Infinity: it is empty. */
  readonly authCacheUntilUs: Float64Array;
  /** Row of signers. */
  readonly signingCacheUntilUs: Float64Array;

  // Time-stamping.
  /** Records that wait for a time-stamp. */
  readonly backlog: Float64Array;
  /** By the server's own clock. */
  readonly firstFailedUs: Float64Array;

  constructor({ servers, signers, certificates, instances }: Plan) {
    const count = servers.id.length;
    const rows = count * instances.length;
    this.instanceCount = instances.length;
    this.skewUs = new Float64Array(count);
    this.isTokenLocked = new Uint8Array(count);
    this.isSignerLost = new Uint8Array(count);
    this.isDatabaseLost = new Uint8Array(count);
    this.isLogDiskFull = new Uint8Array(count);
    this.logSlowness = new Float64Array(count).fill(1);
    this.isBatchSigningOff = new Uint8Array(count);
    this.isOcspPortBlocked = new Uint8Array(count);
    this.isDownloaderHung = new Uint8Array(count);
    this.version = servers.version.slice();
    this.minClientVersion = servers.minClientVersion.slice();
    this.notBeforeUs = certificates.notBeforeUs.slice();
    this.notAfterUs = certificates.notAfterUs.slice();
    this.registeredUs = new Float64Array(certificates.notAfterUs.length).fill(-Infinity);
    this.confBaseUs = servers.confPhaseUs.slice();
    this.reloadBaseUs = servers.reloadPhaseUs.slice();
    this.viewGeneratedUs = new Float64Array(rows).fill(Infinity);
    this.pendingGeneratedUs = new Float64Array(rows).fill(Infinity);
    this.pendingFromUs = new Float64Array(rows).fill(Infinity);
    this.sourceIndex = new Int32Array(rows);
    this.thisUpdateUs = new Float64Array(count).fill(Infinity);
    this.authCacheUntilUs = new Float64Array(count).fill(-Infinity);
    this.signingCacheUntilUs = new Float64Array(signers.server.length).fill(-Infinity);
    this.backlog = new Float64Array(count);
    this.firstFailedUs = new Float64Array(count).fill(NEVER_FAILED);
  }
}

/** The values of one cell over time, as patches set them. */
export class History {
  readonly #timesUs: number[] = [];
  readonly #values: number[] = [];

  set(timeUs: number, value: number): void {
    this.#timesUs.push(timeUs);
    this.#values.push(value);
  }

  /** What somebody sees whose knowledge is of `atUs`; 0 before the first change. */
  valueAt(atUs: number): number {
    const after = this.#timesUs.findLastIndex((timeUs) => timeUs <= atUs);
    return after === -1 ? 0 : this.#values[after];
  }
}
