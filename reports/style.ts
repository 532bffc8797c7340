/** The style sheet of the page. One, inline, known to the page's policy by its hash. */
import { CHART_STYLE } from './chart-style.ts';

const TEXT = `*{box-sizing:border-box}
html{background:var(--paper);color:var(--ink);-webkit-text-size-adjust:100%}
body{margin:0;font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;
overflow-wrap:anywhere}
main,footer{max-width:1064px;margin:0 auto;padding:0 32px}
h1,h2,h3,p,dl,dd,ol,ul,figure{margin:0}
h1{font-size:27px;line-height:1.2;letter-spacing:-.01em;font-weight:650}
h2{font-size:20px;line-height:1.3;font-weight:650}
h3{font-size:15px;font-weight:650;margin-bottom:8px}
a{color:var(--blue);text-underline-offset:2px}
a:focus-visible,summary:focus-visible,.scroll:focus-visible,pre:focus-visible{
outline:2px solid var(--blue);outline-offset:2px}
code,pre{font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
.note,figcaption{color:var(--soft);font-size:13px;line-height:1.45}
.none{color:var(--soft);font-style:italic;margin:6px 0}
`;

const FIRST_SCREEN = `.masthead{padding:22px 0 14px}
.eyebrow{color:var(--soft);font-size:13px;margin-bottom:4px}
.question{font-size:17px;color:var(--soft);margin-top:5px;max-width:62em}
.verdict{display:flex;gap:16px;align-items:center;padding:12px 18px;border-radius:6px;
border-left:6px solid var(--tone);background:var(--tone-wash)}
.verdict .word{font-size:25px;line-height:1.2;font-weight:700;color:var(--tone)}
.verdict .icon{flex:none;width:50px;height:50px}
.icon circle{fill:var(--tone)}
.icon path{fill:none;stroke:var(--paper);stroke-width:4.5;stroke-linecap:round;
stroke-linejoin:round}
.verdict .expected{font-weight:600}
.verdict-passed{--tone:var(--good);--tone-wash:var(--good-wash)}
.verdict-failed,.verdict-violated{--tone:var(--bad);--tone-wash:var(--bad-wash)}
.verdict-inconclusive,.verdict-invalid,.verdict-regressed{--tone:var(--unsure);
--tone-wash:var(--unsure-wash)}
.keys{display:grid;grid-template-columns:repeat(3,1fr);gap:0 28px;margin:14px 0 10px}
.keys:has(.key:nth-child(4)){gap:14px 24px}
@media screen and (min-width:721px){
.keys:has(.key:nth-child(4)){grid-template-columns:repeat(4,1fr)}
.keys:has(.key:nth-child(5)){grid-template-columns:repeat(5,1fr)}
.keys:has(.key:nth-child(4)) .value{font-size:26px}
}
.key{border-top:2px solid var(--ink);padding-top:6px}
.key h2{font-size:13px;font-weight:500;color:var(--soft)}
.key .value{font-size:30px;line-height:1.2;font-weight:650;font-variant-numeric:tabular-nums}
.key .range{font-size:13px}
.key .detail{font-size:13px;color:var(--soft)}
.strip{margin:0 0 12px}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:28px;align-items:start}
.box h2{font-size:15px;padding-bottom:4px;border-bottom:1px solid var(--rule);margin-bottom:4px}
.box dl>div{display:flex;gap:12px;padding:2px 0;font-size:13.5px}
.box dt{flex:0 0 128px;color:var(--soft)}
.box dd{min-width:0}
.box code{font-size:11.5px}
.bad{color:var(--bad)}
.unsure{color:var(--unsure)}
.estimates{padding-left:17px;font-size:13.5px;line-height:1.4}
.estimates li{margin:2px 0;break-inside:avoid}
.estimates b{font-weight:600;display:inline-block;max-width:100%}
.estimates.many{font-size:12.5px;columns:2;column-gap:26px}
.pair:has(.many){grid-template-columns:2fr 3fr}
.box .note{margin-top:6px}
nav{margin:22px 0 0;padding:9px 0;border-top:1px solid var(--rule);
border-bottom:1px solid var(--rule)}
nav ol{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:3px 20px;font-size:13.5px}
nav a{text-decoration:none}
nav a:hover{text-decoration:underline}
`;

const PARTS = `.part{margin-top:42px;scroll-margin-top:12px}
.part>h2{border-bottom:1px solid var(--rule);padding-bottom:6px;margin-bottom:16px}
.part>h3{margin-top:26px}
.part>p{margin-bottom:10px}
figure+figure{margin-top:32px}
svg.chart{display:block;width:100%;height:auto;overflow:visible}
svg.narrow{display:none}
figcaption{margin-top:8px;max-width:68em}
details{margin:8px 0 0;font-size:13.5px}
summary{cursor:pointer;color:var(--blue);width:fit-content}
details[open] summary{margin-bottom:6px}
.scroll{overflow-x:auto;margin-top:6px;background:
linear-gradient(to right,var(--paper) 30%,transparent) 0 0/48px 100% no-repeat local,
linear-gradient(to left,var(--paper) 30%,transparent) 100% 0/48px 100% no-repeat local,
linear-gradient(to right,var(--rule),transparent) 0 0/16px 100% no-repeat scroll,
linear-gradient(to left,var(--rule),transparent) 100% 0/16px 100% no-repeat scroll}
table{border-collapse:collapse;width:100%;font-size:13.5px;font-variant-numeric:tabular-nums}
th,td{padding:5px 12px 5px 0;text-align:left;vertical-align:top;
border-bottom:1px solid var(--rule)}
th,td{overflow-wrap:break-word;max-width:32em}
th:last-child,td:last-child{padding-right:0}
.number+.words{padding-left:14px}
td code,th code{display:inline-block;width:max-content;max-width:34em}
.scroll+.note{margin-top:8px}
figure+.note{margin-top:14px}
.part>p+figure{margin-top:16px}
.key h3{font-size:13px;font-weight:500;color:var(--soft);margin:0}
.keys+figure{margin-top:20px}
figure+.scroll{margin-top:22px}
thead th{color:var(--soft);font-weight:500;font-size:12.5px;vertical-align:bottom}
tbody th{font-weight:500;min-width:9em}
td.words{min-width:6.5em}
.number{text-align:right;white-space:nowrap}
thead .number{white-space:normal;min-width:5em}
.pill{display:inline-block;white-space:nowrap;padding:0 8px;border-radius:9px;font-size:12.5px;
background:var(--wash);color:var(--soft)}
.pill-passed,.pill-published{background:var(--good-wash);color:var(--good)}
.pill-failed{background:var(--bad-wash);color:var(--bad);font-weight:600}
.pill-inconclusive,.pill-unknown,.pill-estimated{background:var(--unsure-wash);
color:var(--unsure)}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(260px,1fr));gap:18px 28px;
margin-bottom:14px}
.card{border-top:2px solid var(--ink);padding-top:6px;break-inside:avoid}
.card h3{margin:0}
.card dl{display:grid;grid-template-columns:1fr 1fr;gap:12px;margin:8px 0 2px}
.card dt{font-size:12.5px;color:var(--soft)}
.card dd{font-size:18px;font-weight:600;line-height:1.25;font-variant-numeric:tabular-nums}
.spark{display:block;width:100%;height:auto}
.card p+dl{margin-top:8px}
.card .spark+.note{margin-top:8px}
.facts{margin:12px 0}
.facts>div{display:flex;gap:12px;padding:3px 0}
.facts dt{flex:0 0 118px;color:var(--soft)}
.facts dd{min-width:0}
pre{margin:10px 0;padding:12px 14px;background:var(--wash);border-radius:6px;overflow-x:auto;
max-height:34em}
pre.command{white-space:pre-wrap}
footer{margin-top:52px;padding-top:14px;padding-bottom:36px;color:var(--soft);font-size:13px}
footer p+p{margin-top:4px}
`;

const SMALL = `@media (max-width:720px){
main,footer{padding-left:16px;padding-right:16px}
h1{font-size:22px}
.question{font-size:15.5px}
.masthead{padding-top:16px}
.verdict{padding:12px;gap:12px}
.verdict .word{font-size:21px}
.verdict .icon{width:40px;height:40px}
.keys,.pair,.pair:has(.many){grid-template-columns:1fr;gap:16px}
.estimates.many{columns:1}
.key .value{font-size:26px}
svg.wide{display:none}
svg.narrow{display:block;max-width:520px;margin:0 auto}
.box dt,.facts dt{flex-basis:104px}
.part{margin-top:34px}
}
`;

/** Not on paper, which is about as narrow: there a table has room, as its type is smaller. */
const STACKED = `@media screen and (max-width:720px){
.stacked{overflow-x:visible;background:none}
.stacked table,.stacked tbody{display:block}
.stacked thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.stacked tr{display:grid;grid-template-columns:repeat(auto-fill,minmax(80px,1fr));gap:3px 14px;
padding:8px 0;border-bottom:1px solid var(--rule)}
.stacked th,.stacked td{display:block;max-width:none;min-width:0;padding:0;border-bottom:0;
text-align:left;white-space:normal;overflow-wrap:anywhere}
.stacked tbody th{grid-column:1/-1;font-weight:600}
.stacked td code,.stacked th code{display:inline;width:auto}
.stacked td::before{content:attr(data-title);color:var(--soft);font-size:12.5px}
.stacked td.number::before{display:block}
.stacked td.words{grid-column:1/-1;position:relative;padding-left:136px;min-height:1.5em}
.stacked td.words::before{position:absolute;left:0;width:130px}
}
`;

/** Always light on paper; a picture, a card or a row is never cut in two. */
const PAPER = `@media print{
@page{size:A4;margin:14mm 13mm}
body{font-size:10pt;line-height:1.4}
main,footer{max-width:none;padding:0}
nav{display:none}
.masthead{padding-top:0}
.verdict,.band,.cell,.pill,.track,.nest,[class^="fill-"],.icon circle{
-webkit-print-color-adjust:exact;print-color-adjust:exact}
.keys{grid-template-columns:repeat(3,1fr)}
.pair{grid-template-columns:1fr 1fr}
.pair:has(.many){grid-template-columns:2fr 3fr}
.estimates.many{columns:2}
svg.wide{display:block}
svg.narrow{display:none}
figure,svg,.verdict,.key,.card,tr,dl>div{break-inside:avoid}
h2,h3,thead{break-after:avoid}
.part{margin-top:22px}
#load,#again{break-before:page}
#thresholds,#checks,#confidence{break-inside:avoid}
details{display:none}
.cards{grid-template-columns:repeat(3,1fr);gap:14px 18px}
.card dd{font-size:12pt}
.scroll{overflow:visible;background:none}
table{font-size:8.5pt}
th,td{padding:3px 8px 3px 0}
tbody th,td.words,thead .number{min-width:0}
a{color:inherit;text-decoration:none}
footer{margin-top:20px}
}
`;

export const STYLE = `\n${CHART_STYLE}${TEXT}${FIRST_SCREEN}${PARTS}${SMALL}${STACKED}${PAPER}`;
