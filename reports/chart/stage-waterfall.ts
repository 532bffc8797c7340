/**
 * Where the time of an exchange goes. The consumer's stages follow each other and make up the
 * whole; the provider's happen while the consumer's server waits, so they are drawn inside it,
 * ending where the consumer begins to verify the response.
 */
import { ticks } from 'd3';
import type { StageResult } from '../../sim/metrics/result.ts';
import type { Chart, Drawing } from '../chart.ts';
import { emptyDrawing } from '../chart.ts';
import { durationTicks, formatDuration, formatShare } from '../format.ts';
import { legendDrawing } from '../legend.ts';
import type { Hue, LegendEntry } from '../legend.ts';
import { markup } from '../markup.ts';
import type { Markup } from '../markup.ts';
import { columnsOf } from '../table.ts';
import { fitText } from '../text-width.ts';

interface Kind {
  readonly label: string;
  readonly hue: Hue;
}

const PROCESSOR: Kind = { label: 'processor', hue: 'blue' };
const NETWORK: Kind = { label: 'network and peer', hue: 'sky' };
const SIGNER: Kind = { label: 'signing', hue: 'purple' };
const LOG: Kind = { label: 'message log', hue: 'orange' };
const SYSTEM: Kind = { label: 'information system', hue: 'green' };
const WAITING: Kind = { label: 'waiting for a thread', hue: 'vermilion' };
const OTHER: Kind = { label: 'other', hue: 'grey' };
const KINDS = [WAITING, PROCESSOR, NETWORK, SIGNER, LOG, SYSTEM, OTHER];

/** What the names of effects say to a reader, and what they keep busy. */
const STAGES: Readonly<Record<string, readonly [string, Kind]>> = {
  'Wait for a thread': ['wait for a thread', WAITING],
  Parse: ['read and check the request', PROCESSOR],
  Connect: ['connect, TLS handshake', NETWORK],
  StreamRequest: ['send the request', NETWORK],
  Sign: ['sign', SIGNER],
  Log: ['write the message log', LOG],
  SendSignature: ['send signature, await the answer', NETWORK],
  'Receive the response': ['receive the response', NETWORK],
  Verify: ['verify the signature', PROCESSOR],
  Respond: ['answer the information system', NETWORK],
  Admit: ['check peer and OCSP answers', PROCESSOR],
  Receive: ['receive the request', NETWORK],
  Forward: ['information system and its queue', SYSTEM],
  StreamResponse: ['send the response', NETWORK],
  SendResponseEnd: ['send the signature', NETWORK],
  SendFault: ['send a fault', NETWORK],
};

/** One line of the picture. */
interface Step {
  readonly label: string;
  readonly kind: Kind;
  readonly side: 'consumer' | 'provider';
  readonly fromNs: number;
  readonly meanNs: number;
  readonly share: number;
}

export function stageWaterfall(stages: readonly StageResult[]): Chart {
  const steps = stepsOf(stages.filter(({ meanNs }) => meanNs > 0));
  const totalNs = totalOf(stages, 'consumer');
  return {
    id: 'stages',
    title: 'An exchange, stage by stage',
    description: describe(steps, totalNs),
    caption: `Means over exchanges that succeeded and that their client had not abandoned: of
exchanges, not of calls, whose latency holds earlier attempts and the waits between them, too. At
the consumer's security server, and indented at the provider's, whose stages run while the
consumer's server sends and waits. They end where the consumer begins to verify the response; the
place of the others is schematic. The part of the information system includes the queue before it.`,
    draw: (width) =>
      steps.length === 0
        ? emptyDrawing(width, 'No exchange succeeded.')
        : draw(steps, totalNs, width),
    table: {
      columns: columnsOf('stage', 'server', 'keeps busy', 'mean#', 'of the whole#'),
      rows: steps.map((step) => [
        step.label,
        step.side,
        step.kind.label,
        formatDuration(step.meanNs),
        formatShare(step.share),
      ]),
    },
  };
}

function stepsOf(stages: readonly StageResult[]): Step[] {
  const consumer = place(stages, 'consumer', 0);
  const verify = consumer.findIndex(({ label }) => /verif/i.test(label));
  const anchor = verify === -1 ? indexAfterLongest(consumer) : verify;
  const endNs = consumer.slice(0, anchor).reduce((sum, { meanNs }) => sum + meanNs, 0);
  const startNs = Math.max(0, endNs - totalOf(stages, 'provider'));
  const provider = place(stages, 'provider', startNs);
  return [...consumer.slice(0, anchor), ...provider, ...consumer.slice(anchor)];
}

function place(stages: readonly StageResult[], side: Step['side'], startNs: number): Step[] {
  let fromNs = startNs;
  return stages
    .filter((stage) => stage.side === side)
    .map(({ stage, meanNs, share }) => {
      const [label, kind] = STAGES[stage] ?? [stage, OTHER];
      const step = { label, kind, side, fromNs, meanNs, share };
      fromNs += meanNs;
      return step;
    });
}

function indexAfterLongest(steps: readonly Step[]): number {
  let longest = -1;
  for (const [index, { meanNs }] of steps.entries()) {
    if (longest === -1 || meanNs > steps[longest].meanNs) longest = index;
  }
  return longest + 1;
}

function totalOf(stages: readonly StageResult[], side: Step['side']): number {
  return stages.reduce((sum, stage) => sum + (stage.side === side ? stage.meanNs : 0), 0);
}

const ROW = 23;
const FONT = 12;

function draw(steps: readonly Step[], totalNs: number, width: number): Drawing {
  const kinds = KINDS.filter((kind) => steps.some((step) => step.kind === kind));
  const entries = kinds.map(({ label, hue }): LegendEntry => ({ label, hue, form: 'area' }));
  const legend = legendDrawing(entries, width);
  const isNarrow = width < 500;
  const [left, right] = isNarrow ? [0, width - 62] : [252, width - 122];
  const rowHeight = isNarrow ? 36 : ROW;
  const widestNs = steps.reduce((most, step) => Math.max(most, step.fromNs + step.meanNs), totalNs);
  const x = (ns: number): number => left + (widestNs > 0 ? ns / widestNs : 0) * (right - left);
  const top = legend.height + 14;
  const bottom = top + steps.length * rowHeight;
  const providers = steps.flatMap((step, index) => (step.side === 'provider' ? [index] : []));
  const rows = steps.map((step, index) => {
    const y = top + index * rowHeight;
    const indent = step.side === 'provider' ? 18 : 0;
    const room = isNarrow ? width - indent : left - indent - 12;
    const barY = isNarrow ? y + 17 : y + 4;
    const value = isNarrow
      ? formatDuration(step.meanNs)
      : `${formatDuration(step.meanNs)}  ·  ${formatShare(step.share)}`;
    return markup`<text x="${indent}" y="${isNarrow ? y + 12 : y + 16}">${fitText(
      step.label,
      room,
      FONT,
    )}</text><rect class="fill-${step.kind.hue}" x="${x(step.fromNs)}" y="${barY}"
width="${Math.max(1.5, x(step.fromNs + step.meanNs) - x(step.fromNs))}" height="15"/><text
class="soft" x="${width}" y="${barY + 12}" text-anchor="end">${value}</text>\n`;
  });
  return {
    height: bottom + 22,
    body: markup`${legend.body}
${nest(providers, top, rowHeight, width)}${grid(widestNs, x, top, bottom)}${rows}`,
  };
}

/** Lines of equal time, from top to bottom. */
function grid(
  widestNs: number,
  x: (ns: number) => number,
  top: number,
  bottom: number,
): readonly Markup[] {
  const label = durationTicks(widestNs);
  return ticks(0, widestNs > 0 ? widestNs : 1, 5).map(
    (ns) => markup`<path class="grid" d="M${x(ns)},${top}V${bottom}"/><text class="tick-label"
x="${x(ns)}" y="${bottom + 15}" text-anchor="${ns === 0 ? 'start' : 'middle'}">${label(
      ns,
    )}</text>\n`,
  );
}

/** The ground on which the provider's stages stand. */
function nest(
  indices: readonly number[],
  top: number,
  rowHeight: number,
  width: number,
): Markup | null {
  if (indices.length === 0) return null;
  const y = top + indices[0] * rowHeight;
  const height = indices.length * rowHeight;
  return markup`<rect class="nest" x="6" y="${y}" width="${width - 6}" height="${height}" rx="3"/>
<path class="nest-edge" d="M8,${y}v${height}"/>\n`;
}

function describe(steps: readonly Step[], totalNs: number): string {
  if (steps.length === 0) return 'No exchange succeeded.';
  const longest = steps.toSorted((a, b) => b.meanNs - a.meanNs).slice(0, 3);
  const parts = longest.map(
    ({ label, side, meanNs }) => `${label} (${side}) ${formatDuration(meanNs)}`,
  );
  const mean = `An exchange takes ${formatDuration(totalNs)} in the mean.`;
  return `${mean} The longest stages: ${parts.join(', ')}.`;
}
