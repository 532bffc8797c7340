import { expect, test } from 'vitest';
import { SMALL_PKI } from '../../testing/small-pki.ts';
import type { NetworkClock } from '../network-clock.ts';
import { RevocationReason } from './authority.ts';
import { serialOf } from './certificate.ts';
import { createInstancePki } from './instance-pki.ts';
import { createKeyPool } from './key-cache.ts';

const START_MS = Date.parse('2026-03-02T10:00:00Z');

/** The test says how late it is. */
function createHandClock(): { readonly clock: NetworkClock; set(afterMs: number): void } {
  let nowMs = START_MS;
  const clock = {
    compression: 1,
    nowMs: () => nowMs,
    realMs: (networkMs: number) => networkMs,
    after: () => () => undefined,
  };
  return {
    clock,
    set: (afterMs) => {
      nowMs = START_MS + afterMs;
    },
  };
}

test('it knows at every instant what was so', () => {
  const hand = createHandClock();
  const { clock } = hand;
  const keys = createKeyPool({ folder: null, seed: null });
  const pki = createInstancePki(SMALL_PKI, { clock, keys });
  const { issuing } = pki;
  const { certificateDer } = pki.signingOf('LAB/GOV/1', 'ss1', 'One');
  hand.set(1000);
  issuing.suspend(certificateDer);
  hand.set(2000);
  issuing.release(certificateDer);
  hand.set(3000);
  issuing.revoke(certificateDer, RevocationReason.CessationOfOperation);
  const at = (afterMs: number) => issuing.statusAt(serialOf(certificateDer), START_MS + afterMs);
  expect(at(999)).toEqual({ kind: 'good' });
  const onHold = { kind: 'revoked', sinceMs: START_MS + 1000, reason: 6 };
  expect([at(1000), at(1999)]).toEqual([onHold, onHold]);
  expect(at(2000)).toEqual({ kind: 'good' });
  const gone = { kind: 'revoked', sinceMs: START_MS + 3000, reason: 5 };
  expect([at(3000), at(1e12)]).toEqual([gone, gone]);
  expect(() => issuing.suspend(certificateDer)).toThrow(/stays revoked/);
  expect(issuing.statusAt('1234', START_MS)).toEqual({ kind: 'unknown' });
});

test('it decides about its own certificates alone', () => {
  const { clock } = createHandClock();
  const keys = createKeyPool({ folder: null, seed: null });
  const pki = createInstancePki(SMALL_PKI, { clock, keys });
  const { certificateDer } = pki.signingOf('LAB/GOV/1', 'ss1', 'One');
  expect(() => pki.root.revoke(certificateDer)).toThrow(/not of this authority/);
  const status = () => pki.root.statusAt(serialOf(certificateDer), START_MS).kind;
  expect(status()).toBe('unknown');
  pki.root.adopt(certificateDer);
  expect(status()).toBe('good');
});
