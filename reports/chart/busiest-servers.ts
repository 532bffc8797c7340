/** The security servers nearest to their limits: how busy each of their resources was. */
import type { ServerResult } from '../../sim/metrics/result.ts';
import type { Chart, Drawing } from '../chart.ts';
import { emptyDrawing } from '../chart.ts';
import { formatCount, formatDuration, formatSeconds, formatShare } from '../format.ts';
import { markup } from '../markup.ts';
import type { Markup } from '../markup.ts';
import { columnsOf } from '../table.ts';
import { fitTextEnd } from '../text-width.ts';

const RESOURCES = [
  { key: 'cpu', title: 'processor' },
  { key: 'clientThreads', title: 'client threads' },
  { key: 'serverThreads', title: 'server threads' },
  { key: 'messageLog', title: 'message log' },
  { key: 'token', title: 'signing token' },
] as const satisfies readonly { key: keyof ServerResult['utilisation']; title: string }[];

const SHOWN = 12;
const SHOWN_NARROW = 6;
const LISTED = 50;

export function busiestServers(servers: readonly ServerResult[]): Chart {
  const busiest = servers.toSorted((a, b) => busyOf(b) - busyOf(a));
  const shown = busiest.slice(0, SHOWN);
  return {
    id: 'servers',
    title: 'The busiest security servers',
    description: describe(shown, servers.length),
    caption: `Utilisation over the measured time, by the resource that was busiest, for
the first of ${formatCount(servers.length)}. From 50 % a bar is orange, from 80 % red.
The longest queues and the waits are in the table.`,
    draw: (width) =>
      shown.length === 0
        ? emptyDrawing(width, 'The result names no security server.')
        : width < 500
          ? drawNarrow(shown.slice(0, SHOWN_NARROW), width)
          : drawWide(shown, width),
    table: {
      columns: columnsOf(
        'server',
        ...RESOURCES.map(({ title }) => `${title}#`),
        'queue: client threads#',
        'server threads#',
        'log#',
        'signing#',
        'AntiDos#',
        'longest wait for a core#',
        'exchanges#',
        'faults#',
        'down#',
        'p99#',
      ),
      rows: busiest.slice(0, LISTED).map(rowOf),
    },
  };
}

function busyOf({ utilisation }: ServerResult): number {
  return Math.max(...RESOURCES.map(({ key }) => utilisation[key] ?? 0));
}

function longestQueueOf({ queueLengthMax }: ServerResult): number {
  return Math.max(...Object.values(queueLengthMax));
}

function rowOf(server: ServerResult): string[] {
  const { queueLengthMax: queue } = server;
  return [
    server.id,
    ...RESOURCES.map(({ key }) => formatShare(server.utilisation[key])),
    formatCount(queue.clientThreads),
    formatCount(queue.serverThreads),
    formatCount(queue.messageLog),
    formatCount(queue.signing),
    formatCount(queue.antiDos),
    formatDuration(server.cpuWaitMaxNs),
    formatCount(server.exchanges),
    formatCount(server.faults),
    formatSeconds(server.downSeconds),
    formatDuration(server.latencyNs.p99),
  ];
}

function drawWide(servers: readonly ServerResult[], width: number): Drawing {
  const left = 246;
  const right = width - 74;
  const cell = (right - left) / RESOURCES.length;
  const heads = RESOURCES.map(
    ({ title }, index) =>
      markup`<text class="soft" x="${left + index * cell}" y="12">${title}</text>`,
  );
  const rows = servers.map((server, row) => {
    const y = 24 + row * 26;
    const bars = RESOURCES.map(({ key }, index) =>
      bar(server.utilisation[key], left + index * cell, y, cell - 62),
    );
    return markup`<g><title>${server.id}</title><text x="0" y="${y + 15}">${fitTextEnd(
      server.id,
      left - 12,
      12,
    )}</text>${bars}<text x="${width}" y="${y + 15}" text-anchor="end">${formatCount(
      longestQueueOf(server),
    )}</text></g>\n`;
  });
  return {
    height: 24 + servers.length * 26 + 2,
    body: markup`<g>${heads}<text class="soft" x="${width}" y="12"
text-anchor="end">max queue</text></g>
${rows}`,
  };
}

function drawNarrow(servers: readonly ServerResult[], width: number): Drawing {
  const block = 24 + RESOURCES.length * 17;
  const rows = servers.map((server, row) => {
    const top = row * block;
    const bars = RESOURCES.map(({ key, title }, index) => {
      const y = top + 18 + index * 17;
      return markup`<text class="soft" x="0" y="${y + 13}">${title}</text>${bar(
        server.utilisation[key],
        98,
        y - 2,
        width - 98 - 62,
      )}`;
    });
    // Bold letters are about a tenth wider.
    const name = fitTextEnd(server.id, width, 12 * 1.15);
    return markup`<g><text class="strong" x="0" y="${top + 12}">${name}</text>${bars}</g>\n`;
  });
  return { height: servers.length * block, body: markup`${rows}` };
}

function bar(known: number | null, x: number, y: number, width: number): Markup {
  const share = known ?? 0;
  const length = Math.min(1, share) * width;
  const hue = share >= 0.8 ? 'vermilion' : share >= 0.5 ? 'orange' : 'blue';
  return markup`<rect class="track" x="${x}" y="${y + 5}" width="${width}" height="11"/><rect
class="fill-${hue}" x="${x}" y="${y + 5}" width="${length}" height="11"/><text
class="tick-label" x="${x + width + 5}" y="${y + 15}">${formatShare(known)}</text>`;
}

function describe(shown: readonly ServerResult[], count: number): string {
  if (shown.length === 0) return 'The result names no security server.';
  const [first] = shown;
  const most = RESOURCES.reduce((a, b) =>
    (first.utilisation[b.key] ?? 0) > (first.utilisation[a.key] ?? 0) ? b : a,
  );
  const share = formatShare(first.utilisation[most.key]);
  const which = `${first.id} was the busiest: ${most.title} ${share}`;
  return `Of ${formatCount(count)} security servers, ${which}.`;
}
