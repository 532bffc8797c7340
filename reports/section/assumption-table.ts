/** Everything that was put in, with what is known of it: the uncertain first. */
import type { AssumptionResult } from '../../sim/metrics/result.ts';
import { markup } from '../markup.ts';
import type { Content, Markup } from '../markup.ts';
import { columnsOf, tableMarkup } from '../table.ts';

const ORDER = ['estimated', 'derived', 'published'];

/** A scenario writes `us`, which every keyboard has; a report has one spelling for one unit. */
export function microsecondsIn(text: string): string {
  return text.replaceAll(/(?<=\d\s?)us\b/g, 'µs');
}

export function assumptionTable(assumptions: readonly AssumptionResult[]): Markup {
  if (assumptions.length === 0) return markup`<p class="none">The result states none.</p>`;
  const rows = assumptions
    .toSorted((a, b) => ORDER.indexOf(a.confidence) - ORDER.indexOf(b.confidence))
    .map(({ what, value, confidence, source }) => [
      what,
      microsecondsIn(value),
      markup`<span class="pill pill-${confidence}">${confidence}</span>`,
      sourceMarkup(microsecondsIn(source)),
    ]);
  const counts = ORDER.map((confidence) => {
    const count = assumptions.filter((row) => row.confidence === confidence).length;
    return `${count} ${confidence}`;
  });
  const columns = columnsOf('what', 'value', 'confidence', 'source');
  return markup`<p>${counts.join(', ')}. <b>Published</b>: a source states it. <b>Derived</b>:
worked out from published figures. <b>Estimated</b>: nobody publishes it; change it in the scenario
and see what follows.</p>
${tableMarkup({ columns, rows }, 'Assumptions')}`;
}

/** A fit explains itself at length: its first sentence is for everybody. */
const SOURCE_MAX = 320;

function sourceMarkup(source: string): Content {
  const end = /[.!?](?=[;\s])/.exec(source)?.index ?? -1;
  if (source.length <= SOURCE_MAX || end < 0) return source;
  const rest = source.slice(end + 1).replace(/^[;\s]+/, '');
  return markup`${source.slice(0, end + 1)}<details><summary>All of it</summary>${rest}</details>`;
}
