/** A link must mean the same to both engines: this law against the virtual engine's own. */
import { expect, test } from 'vitest';
import { Purpose } from '../../base/random.ts';
import { RunState } from '../../engine/state.ts';
import { pairText } from '../../testing/pair-text.ts';
import { planOfText } from '../../testing/small-run.ts';
import {
  jitterOf,
  nextTryUs,
  retransmissionsOf,
  retransmissionUs,
  synLossCount,
  synTryUs,
} from './link-law.ts';

const LINK = 'between: [EE/c0, EE/p0], rtt: 300ms, jitter: 3ms, loss: 20%, bandwidth: 1MB/s';

test('jitter, lost SYNs and lost segments are those of the virtual engine, draw by draw', () => {
  const text = pairText({ duration: '1s', load: 'rate: 1/s', links: `- { ${LINK} }` });
  const plan = planOfText(text);
  const state = new RunState(plan, 0, null as never, null as never);
  const link = plan.links.loss.indexOf(0.2);
  const [delayUs, jitterUs] = [plan.links.delayUs[link], plan.links.jitterUs[link]];
  expect([delayUs, jitterUs]).toEqual([150_000, 3000]);
  const seen = new Set<number>();
  for (let ordinal = 0; ordinal < 500; ordinal++) {
    state.table.ordinal[0] = ordinal;
    const u = state.draw(0, Purpose.LossRequest);
    const bytes = 1 + ordinal * 20;
    const lostUs = retransmissionsOf(0.2, bytes, u) * retransmissionUs(delayUs);
    seen.add(lostUs);
    const transferUs = state.transferUs(link, bytes, 0, Purpose.LossRequest);
    expect(Math.round(bytes / plan.links.bandwidth[link] + lostUs)).toBe(transferUs);
    expect(delayUs + jitterOf(jitterUs, u)).toBe(state.packetUs(link, 0, Purpose.LossRequest));
    const synUs = synTryUs(synLossCount(0.2, 0.2, u));
    expect(synUs).toBe(state.synLossUs(link, link, 0, Purpose.LossRequest));
  }
  expect(seen.size).toBeGreaterThan(3);
});

test('the pieces of a message lose what the whole loses', () => {
  const whole = retransmissionsOf(0.1, 50_000, 0.02);
  const grown = [1, 10_000, 49_999, 50_000].map((bytes) => retransmissionsOf(0.1, bytes, 0.02));
  expect(grown).toEqual(grown.toSorted((a, b) => a - b));
  expect(grown.at(-1)).toBe(whole);
  expect(whole).toBeGreaterThan(0);
});

test('TCP tries again in doubling steps from 200 ms', () => {
  // 0.2, 0.6, 1.4, 3.0 s after it was sent: the arithmetic of RFC 6298, done by hand.
  expect(nextTryUs(0, 1)).toBe(200_000);
  expect(nextTryUs(0, 200_001)).toBe(600_000);
  expect(nextTryUs(0, 1_400_001)).toBe(3_000_000);
  expect(nextTryUs(5_000_000, 5_000_000)).toBe(5_000_000);
});
