/** A public key infrastructure for tests, of keys that are quick to make. */
import { REAL_TIME } from '../live/network-clock.ts';
import { createInstancePki } from '../live/pki/instance-pki.ts';
import type { InstancePki, PkiShape, PkiSources } from '../live/pki/instance-pki.ts';
import { createKeyPool } from '../live/pki/key-cache.ts';

const kind = 'ec-p256';

export const SMALL_PKI: PkiShape = {
  instance: 'LAB',
  profile: 'finnish',
  hasIssuing: true,
  kinds: { authority: kind, service: kind, authentication: kind, signing: kind },
  timeStamperCount: 1,
  ocspUrl: null,
};

export function makeSmallPki(
  change: Partial<PkiShape> = {},
  sources: Partial<PkiSources> = {},
): InstancePki {
  const keys = createKeyPool({ folder: null, seed: null });
  return createInstancePki({ ...SMALL_PKI, ...change }, { clock: REAL_TIME, keys, ...sources });
}
