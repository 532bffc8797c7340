/**
 * The windows of incidents over a chart: a shaded stretch in every panel, and above them a bar and
 * a name for each, in as many lanes as it takes that no name meets another.
 */
import { markup } from './markup.ts';
import type { Markup } from './markup.ts';
import type { Scale } from './step-path.ts';
import { fitText, textWidth } from './text-width.ts';
import type { Band } from './timeline.ts';

const FONT = 11;
const LANE = 21;
/** An incident of seconds in a day of hours must still be seen. */
const WIDTH_MIN = 2;
const LABEL_MAX = 320;

interface PlacedBand {
  readonly band: Band;
  readonly from: number;
  readonly to: number;
  readonly label: string;
  readonly labelX: number;
  readonly lane: number;
}

export interface BandPicture {
  /** Of the lanes of names. */
  readonly height: number;
  readonly names: Markup;
  /** The shading of a panel from `top` to `bottom`. */
  readonly shade: (top: number, bottom: number) => Markup;
}

export function bandPicture(
  bands: readonly Band[],
  x: Scale,
  left: number,
  right: number,
): BandPicture {
  const placed = placeBands(
    bands.filter((band) => band.isNamed),
    x,
    left,
    right,
  );
  const lanes = placed.reduce((count, { lane }) => Math.max(count, lane + 1), 0);
  const names = placed.map(
    ({ band, from, to, label, labelX, lane }) =>
      markup`<g class="band-name ${band.kind}"><title>${band.name}</title><text x="${labelX}"
y="${lane * LANE + 11}">${label}</text><rect x="${from}" y="${lane * LANE + 15}"
width="${to - from}" height="3"/></g>\n`,
  );
  const shade = (top: number, bottom: number): Markup => {
    const stretches = bands.map((band) => {
      const [from, to] = extentOf(band, x, right);
      return markup`<rect class="band ${band.kind}" x="${from}" y="${top}"
width="${to - from}" height="${bottom - top}"><title>${band.name}</title></rect>\n`;
    });
    return markup`${stretches}`;
  };
  return { height: lanes === 0 ? 0 : lanes * LANE + 4, names: markup`${names}`, shade };
}

function placeBands(bands: readonly Band[], x: Scale, left: number, right: number): PlacedBand[] {
  const laneEnds: number[] = [];
  return bands.map((band) => {
    const [from, to] = extentOf(band, x, right);
    const label = fitText(band.name, Math.min(right - left, LABEL_MAX), FONT);
    const length = textWidth(label, FONT);
    const labelX = Math.max(left, Math.min(from, right - length));
    const begin = Math.min(from, labelX);
    const free = laneEnds.findIndex((end) => end + 8 <= begin);
    const lane = free === -1 ? laneEnds.length : free;
    laneEnds[lane] = Math.max(to, labelX + length);
    return { band, from, to, label, labelX, lane };
  });
}

function extentOf(band: Band, x: Scale, right: number): readonly [number, number] {
  const from = Math.min(x(band.fromSeconds), right - WIDTH_MIN);
  return [from, Math.max(x(band.toSeconds), from + WIDTH_MIN)];
}
