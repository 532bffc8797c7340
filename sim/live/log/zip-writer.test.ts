// What is written is read by the strict reader of evidence, and by Info-ZIP where it is there.
import { expect, test } from 'vitest';
import { judge, judgedTest, scratchFolder, withFlippedBit } from '../../testing/outside-judge.ts';
import { readZip } from '../evidence/zip.ts';
import { zipOf } from './zip-writer.ts';
import type { Packing } from './zip-writer.ts';

const LIMITS = { entriesMax: 10, entryBytesMax: 1e6, totalBytesMax: 1e6 };
const FILES: [string, Buffer][] = [
  ['mimetype', Buffer.from('a type')],
  ['META-INF/õ.xml', Buffer.from('<x/>'.repeat(1000))],
  ['empty', Buffer.alloc(0)],
];
const TIME_MS = Date.parse('2026-03-02T10:11:12Z');
const write = scratchFolder();

const zip = (packing: Packing): Buffer =>
  zipOf(FILES, { timeMs: TIME_MS, packing, comment: 'mimetype=a type' });

test.each<Packing>(['stored', 'deflated'])('%s files come back in their order', (packing) => {
  const bytes = zip(packing);
  const read = readZip(bytes, LIMITS);
  expect(read.map((entry) => [entry.name, entry.read()])).toEqual(FILES);
  expect(bytes.toString('latin1').endsWith('mimetype=a type')).toBe(true);
});

test('only what is deflated is smaller', () => {
  expect(zip('stored').length).toBeGreaterThan(4000);
  expect(zip('deflated').length).toBeLessThan(1000);
});

judgedTest('unzip', 'takes it, shows when, and not with one changed byte', async () => {
  for (const packing of ['stored', 'deflated'] as const) {
    const good = await judge('unzip', '-t', write('good.zip', zip(packing)));
    expect(good.isAccepted, good.text).toBe(true);
    const changed = write('bad.zip', withFlippedBit(zip(packing), zip(packing).length - 40));
    expect((await judge('unzip', '-t', changed)).isAccepted).toBe(false);
  }
  const listed = await judge('unzip', '-lv', write('listed.zip', zip('stored')));
  expect(listed.text).toContain('2026-03-02 10:11');
  expect(listed.text).toContain('mimetype=a type');
});
