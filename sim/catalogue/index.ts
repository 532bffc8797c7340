/** The incidents that exist. The manual and `fedlab list` are printed from this list. */
import { connectionFlood } from './connection-flood.ts';
import type { IncidentKind } from './incident.ts';
import { linkCut } from './link-cut.ts';
import { linkLossy } from './link-lossy.ts';
import { linkSlow } from './link-slow.ts';
import { requestFlood } from './request-flood.ts';
import { serverCrash } from './server-crash.ts';
import { systemHung } from './system-hung.ts';
import { systemRefusing } from './system-refusing.ts';
import { systemSlow } from './system-slow.ts';

export const INCIDENT_KINDS: readonly IncidentKind[] = [
  serverCrash,
  systemHung,
  systemSlow,
  systemRefusing,
  linkCut,
  linkSlow,
  linkLossy,
  requestFlood,
  connectionFlood,
];

/** The row of a name; null when there is none. */
export function findIncidentKind(kind: string): IncidentKind | null {
  return INCIDENT_KINDS.find((row) => row.kind === kind) ?? null;
}
