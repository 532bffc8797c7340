/** After a trust service was lost: the share of pairs of servers that still exchange messages. */
import type { Chart } from '../chart.ts';
import {
  formatCount,
  formatNumberOf,
  formatSeconds,
  formatShare,
  formatShareTick,
} from '../format.ts';
import type { LegendEntry } from '../legend.ts';
import { markup, NOTHING } from '../markup.ts';
import type { Markup } from '../markup.ts';
import { secondsUntilBelow, survivingShare } from '../pair-survival.ts';
import type { Loss, PairFailure, Survival, SurvivalStep } from '../pair-survival.ts';
import { countLine, countPath } from '../step-path.ts';
import type { PathStep } from '../step-path.ts';
import { columnsOf } from '../table.ts';
import type { Table } from '../table.ts';
import { drawTimeChart } from '../time-chart.ts';
import type { Panel } from '../time-chart.ts';
import type { Timeline } from '../timeline.ts';
import { clockText, firstStops } from '../trust-clocks.ts';
import type { FirstStops, Stop } from '../trust-clocks.ts';
import { linearAxis } from '../value-axis.ts';

const BOUNDS = [1, 0.99, 0.9, 0.75, 0.5, 0.25, 0.1, 0.01];

/** From the line of all pairs to the tip of a mark below it. */
const PIN_UNDER = 10;

const BAND_SHARE_MIN = 0.005;
/** Beyond that a table is no help, and the result has all of it. */
const CHANGES_MAX = 200;

/** `index` tells several charts of a page apart. */
export function pairSurvival(loss: Loss, index: number, timeline: Timeline): Chart {
  const { incident, survival } = loss;
  const name = incident.name === '' ? incident.id : incident.name;
  const since = sinceLoss(loss, timeline);
  const first = firstStops(loss.stops.filter(({ foreign }) => foreign === null));
  const hasBorder = survival.borderPairs > 0 && survival.homePairs > 0;
  const legend: LegendEntry[] = hasBorder
    ? [
        { label: 'all pairs', hue: 'blue', form: 'area' },
        { label: 'pairs across a border', hue: 'ink', form: 'dashes' },
      ]
    : [];
  return {
    id: `survival-${index}`,
    title: `Pairs of servers still exchanging: ${name}`,
    description: describe(survival, first, loss),
    caption: markup`Time counts from the beginning of the incident; ▽ marks the first and the
last pair to fail, ▼ below the line the first and the last server to stop altogether. A pair
exchanges while neither side has stopped; across a border each side needs the other’s
configuration, too, and OCSP answers that the other’s country still takes for fresh. All
${formatCount(survival.homePairs + survival.borderPairs)} pairs count alike${
      survival.borderPairs > 0
        ? `, ${formatCount(survival.borderPairs)} of them across a border`
        : ''
    }. ${failuresText(survival)} ${borderText(survival)} ${stopsText(first, loss)}`,
    draw: (width) =>
      drawTimeChart(since, { legend, panels: [panelOf(loss, since, hasBorder, first)] }, width),
    table: tableOf(survival),
  };
}

/** The axis of time begins with the incident. */
function sinceLoss({ fromSeconds, toSeconds }: Loss, timeline: Timeline): Timeline {
  const length = Math.max(1, toSeconds - fromSeconds);
  return {
    ...timeline,
    fromSeconds: 0,
    toSeconds: length,
    startOfDaySeconds: 0,
    usesClock: false,
    bands: timeline.bands
      .filter((band) => band.kind !== 'warm-up')
      // What only touches the ends of the window would be a name without a band.
      .filter(
        (band) =>
          Math.min(band.toSeconds, toSeconds) - Math.max(band.fromSeconds, fromSeconds) >
          length * BAND_SHARE_MIN,
      )
      .map((band) => ({
        ...band,
        fromSeconds: Math.max(0, band.fromSeconds - fromSeconds),
        toSeconds: Math.min(length, band.toSeconds - fromSeconds),
      })),
    scopes: new Map(),
  };
}

function panelOf(
  { survival, fromSeconds }: Loss,
  since: Timeline,
  hasBorder: boolean,
  found: FirstStops | null,
): Panel {
  const stepsOf = (share: (step: SurvivalStep) => number): PathStep[] =>
    survival.steps.map((step) => ({ atSeconds: step.afterSeconds, count: share(step) }));
  const all = stepsOf((step) => survivingShare(survival, step));
  const border = stepsOf((step) => step.border / Math.max(1, survival.borderPairs));
  return {
    title: 'share of pairs that exchange',
    height: 170,
    axis: linearAxis(1, formatShareTick),
    marks: (x, y) => {
      const closed = [...all, { atSeconds: since.toSeconds, count: all[all.length - 1].count }];
      const dashes = hasBorder
        ? markup`<path class="line-ink dashes" d="${countLine(border, since.toSeconds, x, y)}"/>`
        : NOTHING;
      // Those of pairs stand over the line, those of servers under it: both may be at one instant.
      const pin = (kind: string, seconds: number, { server }: Stop, under: number): Markup =>
        markup`<path class="${kind}" d="M${x(seconds)},${y(1) + under}l-4,-7h8z"><title>${
          server
        }</title></path>`;
      const { failures } = survival;
      const pairPins = (failures === null ? [] : [failures.first, failures.last]).map(
        ({ afterSeconds, stop }) => pin('pin open', afterSeconds, stop, 0),
      );
      const serverPins = (found === null ? [] : [found.first, found.last]).map((stop) =>
        pin('pin', stop.fromSeconds - fromSeconds, stop, PIN_UNDER),
      );
      return markup`<path class="fill-blue curve" d="${countPath(closed, x, y, y(0))}"/>
<path class="line-blue" d="${countLine(all, since.toSeconds, x, y)}"/>${dashes}${pairPins}
${serverPins}`;
    },
  };
}

function failuresText({ failures }: Survival): string {
  if (failures === null) return 'No pair failed.';
  const { first, last } = failures;
  const where = ({ afterSeconds, stop }: PairFailure): string =>
    `after ${formatSeconds(afterSeconds)}, at ${stop.server} (${clockText(stop)})`;
  const firstText = `First pair to fail: ${where(first)}`;
  return first === last ? `${firstText}, and no other.` : `${firstText}; last: ${where(last)}.`;
}

function borderText({ steps, borderPairs }: Survival): string {
  if (borderPairs === 0) return '';
  const least = steps.reduce((a, b) => (b.border < a.border ? b : a));
  if (least.border === borderPairs) return 'Across the border none failed.';
  const share = formatShare(least.border / borderPairs);
  return `Across the border at the least ${share} exchange, after ${formatSeconds(
    least.afterSeconds,
  )}.`;
}

function stopsText(found: FirstStops | null, { fromSeconds }: Loss): string {
  if (found === null) return 'No server stopped altogether.';
  const { serverCount, first, last } = found;
  const after = (seconds: number): string => formatSeconds(seconds - fromSeconds);
  const firstText = `First server to stop: ${first.server} after ${after(first.fromSeconds)}`;
  if (serverCount === 1) return `${firstText}, and no other.`;
  const lastText = `last: ${last.server} after ${after(last.fromSeconds)}`;
  return `${firstText}; ${lastText}, of ${formatNumberOf(serverCount, 'server')} that stopped.`;
}

function describe(survival: Survival, first: FirstStops | null, loss: Loss): string {
  const shares = survival.steps.map((step) => survivingShare(survival, step));
  const least = shares.reduce((a, b) => Math.min(a, b), 1);
  const at = survival.steps[shares.indexOf(least)].afterSeconds;
  const after = formatSeconds(at);
  const text = `At the least ${formatShare(least)} of the pairs exchange, after ${after}.`;
  return [text, failuresText(survival), borderText(survival), stopsText(first, loss)].join(' ');
}

/** When the curve first fell below each bound, and what was left at each step. */
function tableOf(survival: Survival): Table {
  const bounds = BOUNDS.map((bound) => {
    const seconds = secondsUntilBelow(survival, bound);
    const word = bound === 1 ? 'first pair lost' : `below ${formatShareTick(bound)}`;
    return [word, seconds === null ? 'never' : formatSeconds(seconds), '', ''];
  });
  const steps = survival.steps
    .slice(0, CHANGES_MAX)
    .map((step) => [
      'change',
      formatSeconds(step.afterSeconds),
      formatShare(survivingShare(survival, step)),
      `${formatCount(step.home)} and ${formatCount(step.border)}`,
    ]);
  const left = survival.steps.length - steps.length;
  const more = left > 0 ? [[formatNumberOf(left, 'more change'), '', '', '']] : [];
  return {
    columns: columnsOf('what', 'after#', 'pairs left#', 'at home and across a border#'),
    rows: [...bounds, ...steps, ...more],
  };
}
