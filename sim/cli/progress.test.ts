import { expect, test } from 'vitest';
import { planOfText, TWO_COUNTRIES } from '../testing/fake-outcome.ts';
import { ProgressLine } from './progress.ts';
import { Terminal } from './terminal.ts';

const plan = planOfText(TWO_COUNTRIES);
const expected = plan.expected.calls * plan.replications;

/** What is written when the clock and the progress are as told. */
function linesOf(isTTY: boolean, steps: readonly (readonly [number, number])[]): string[] {
  const written: string[] = [];
  const stream = { write: (text: string) => written.push(text), isTTY, columns: 120 };
  let nowMs = 0;
  const line = new ProgressLine(new Terminal(stream, stream, {}), plan, () => nowMs);
  for (const [atMs, share] of steps) {
    nowMs = atMs;
    const exchanges = Math.round(expected * share);
    const replicationsDone = share === 1 ? 2 : 0;
    line.update({ simulatedUs: 0, exchanges, replicationsDone, replicationsMax: 2 });
  }
  line.end();
  return written;
}

test('a terminal has one line that is written over, with rate and time left', () => {
  const written = linesOf(true, [
    [200, 0.1],
    [2000, 0.5],
  ]);
  expect(written).toHaveLength(3);
  expect(written.every((text) => text.startsWith('\r\u001b[K') && !text.includes('\n'))).toBe(true);
  expect(written[0]).not.toContain('left');
  expect(written[1]).toMatch(
    / 50 % · 1,920\sexchanges · 853\.3\/s · 0 of 2 replications · 2\ss left/,
  );
  expect(written[2]).toBe('\r\u001b[K');
});

test('a log has a plain line every five seconds', () => {
  const written = linesOf(false, [
    [200, 0.1],
    [4900, 0.2],
    [5000, 0.3],
    [6000, 0.4],
    [10_000, 1],
  ]);
  expect(written.map((text) => text.slice(0, 5))).toEqual([' 30 %', '100 %']);
  expect(written[1]).not.toContain('left');
});
