/**
 * Colours and the look of charts. Hues follow Okabe and Ito, Color Universal Design (2008); on a
 * dark ground they are lighter. Golden pictures carry this part, so that they can be looked at.
 */

const LIGHT = `
color-scheme:light;
--paper:#fff;--ink:#17212b;--soft:#57646f;--rule:#d5dce2;--wash:#f4f6f8;
--blue:#0072b2;--green:#4db892;--vermilion:#d55e00;--orange:#e69f00;--purple:#a9609a;
--sky:#56b4e9;--yellow:#cdbb22;--grey:#929da7;
--outage:#e69f00;--attack:#a9609a;--shade:.17;--cell:#0072b2;
--good:#00674c;--bad:#b03a00;--unsure:#7a5600;--good-wash:#e2f3ec;--bad-wash:#fbe9df;
--unsure-wash:#fbf1d5`;

const DARK = `
color-scheme:dark;
--paper:#11171d;--ink:#e4eaef;--soft:#9dabb7;--rule:#2d3843;--wash:#19212a;
--blue:#4fb0ea;--green:#2f9e77;--vermilion:#ff8b45;--orange:#efb23a;--purple:#cf86bf;
--sky:#8accf2;--yellow:#e6d75a;--grey:#7c8994;
--outage:#efb23a;--attack:#cf86bf;--shade:.2;--cell:#2f8fcc;
--good:#5fd6ac;--bad:#ff9a62;--unsure:#f0c25a;--good-wash:#12302a;--bad-wash:#3a2218;
--unsure-wash:#33290f`;

const HUES = ['blue', 'green', 'vermilion', 'orange', 'purple', 'sky', 'yellow', 'grey', 'ink'];

const HUE_RULES = HUES.map(
  (hue) => `.fill-${hue}{fill:var(--${hue})}.line-${hue}{stroke:var(--${hue})}`,
).join('\n');

/** Ten steps of one hue: the attribute `style` would be against the page's own policy. */
const CELL_RULES = Array.from(
  { length: 11 },
  (_, step) => `.cell-${step}{fill-opacity:${(0.03 + step * 0.057).toFixed(2)}}`,
).join('');

export const CHART_STYLE = `:root{${LIGHT}}
@media screen and (prefers-color-scheme:dark){:root{${DARK}}}
svg text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;
fill:var(--ink);font-variant-numeric:tabular-nums}
svg text.tick-label,svg text.soft{fill:var(--soft)}
svg text.tick-label{font-size:11px}
svg text.small{font-size:9px}
svg text.panel-title{fill:var(--soft);font-size:11.5px}
svg text.strong{font-weight:600}
svg .band-name text{font-size:11px}
svg text.cell-text{font-size:11px}
${HUE_RULES}
[class^="line-"]{fill:none;stroke-width:1.6;stroke-linejoin:round}
.dashes{stroke-width:1.1;stroke-dasharray:5 2}
.grid{stroke:var(--rule);fill:none;shape-rendering:crispEdges}
.base,.tick{stroke:var(--soft);fill:none;shape-rendering:crispEdges}
.band{fill-opacity:var(--shade)}
.outage{fill:var(--outage)}
.attack{fill:var(--attack)}
.warm-up{fill:var(--grey)}
.band-name.outage text,.band-name.attack text,.band-name.warm-up text{fill:var(--ink)}
.nest{fill:var(--wash)}
.nest-edge{stroke:var(--rule);stroke-width:3}
.pin{fill:var(--ink)}
.pin.open{fill:var(--paper);stroke:var(--ink)}
.curve{fill-opacity:.22}
.limit{stroke:var(--ink);stroke-width:1.4;fill:none}
.rest{stroke:var(--soft);stroke-dasharray:3 3;fill:none}
.track{fill:var(--wash)}
.cell{fill:var(--cell)}
${CELL_RULES}
.nothing{fill:var(--wash);stroke:var(--rule)}
`;
