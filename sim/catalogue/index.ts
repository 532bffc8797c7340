/** The incidents that exist. The manual and `fedlab list` are printed from this list. */
import { accessRevoked } from './access-revoked.ts';
import { centralKeyLoggedOut } from './central-key-logged-out.ts';
import { centralServerDown } from './central-server-down.ts';
import { centralServerSlow } from './central-server-slow.ts';
import { certificateRenewal } from './certificate-renewal.ts';
import { certificatesExpired } from './certificates-expired.ts';
import { certificatesRevoked } from './certificates-revoked.ts';
import { clockJump } from './clock-jump.ts';
import { clockSkew } from './clock-skew.ts';
import { connectionFlood } from './connection-flood.ts';
import { databaseLost } from './database-lost.ts';
import { downloaderHung } from './downloader-hung.ts';
import { hsmNoBatch } from './hsm-no-batch.ts';
import type { IncidentKind } from './incident.ts';
import { keyRotationWrong } from './key-rotation-wrong.ts';
import { linkCut } from './link-cut.ts';
import { linkLossy } from './link-lossy.ts';
import { linkSlow } from './link-slow.ts';
import { logDiskFull } from './log-disk-full.ts';
import { logSlow } from './log-slow.ts';
import { maintenance } from './maintenance.ts';
import { ocspDown } from './ocsp-down.ts';
import { ocspPortBlocked } from './ocsp-port-blocked.ts';
import { ocspSlow } from './ocsp-slow.ts';
import { ocspStale } from './ocsp-stale.ts';
import { requestFlood } from './request-flood.ts';
import { restartWithoutPin } from './restart-without-pin.ts';
import { rollingRestart } from './rolling-restart.ts';
import { serverCrash } from './server-crash.ts';
import { signerLost } from './signer-lost.ts';
import { systemHung } from './system-hung.ts';
import { systemRefusing } from './system-refusing.ts';
import { systemSlow } from './system-slow.ts';
import { tsaDown } from './tsa-down.ts';
import { tsaError } from './tsa-error.ts';
import { tsaWrongCertificate } from './tsa-wrong-certificate.ts';
import { versionDay } from './version-day.ts';

export const INCIDENT_KINDS: readonly IncidentKind[] = [
  serverCrash,
  rollingRestart,
  restartWithoutPin,
  maintenance,
  versionDay,
  systemHung,
  systemSlow,
  systemRefusing,
  linkCut,
  linkSlow,
  linkLossy,
  centralServerDown,
  centralServerSlow,
  centralKeyLoggedOut,
  keyRotationWrong,
  downloaderHung,
  ocspDown,
  ocspSlow,
  ocspStale,
  ocspPortBlocked,
  tsaDown,
  tsaError,
  tsaWrongCertificate,
  logDiskFull,
  logSlow,
  databaseLost,
  signerLost,
  hsmNoBatch,
  certificateRenewal,
  certificatesExpired,
  certificatesRevoked,
  accessRevoked,
  clockSkew,
  clockJump,
  requestFlood,
  connectionFlood,
];

/** The row of a name; null when there is none. */
export function findIncidentKind(kind: string): IncidentKind | null {
  return INCIDENT_KINDS.find((row) => row.kind === kind) ?? null;
}
