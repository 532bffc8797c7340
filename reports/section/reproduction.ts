/** How to get the same result again, what became of every call, and what the run took. */
import type { RunResult, ThreadFacts } from '../../sim/metrics/result.ts';
import type { ResultFolder } from '../folder.ts';
import {
  formatAmount,
  formatBytes,
  formatCount,
  formatDuration,
  formatRate,
  formatSeconds,
  formatShare,
} from '../format.ts';
import { markup } from '../markup.ts';
import type { Content, Markup } from '../markup.ts';
import { columnsOf, tableMarkup } from '../table.ts';

/** A scenario of a country can list thousands of services; the folder has all of it. */
const SCENARIO_LINES_MAX = 400;

export function reproduction({ result, scenarioText }: ResultFolder): Markup {
  const { run, tool, scenario, calibration } = result;
  const { machine, performance } = run;
  const { live } = run;
  const promise =
    live === null
      ? markup`The same scenario, seed, version and calibration give the same result,
whatever the number of workers.`
      : markup`The same scenario and seed make the same calls at the same instants; what becomes of
them is measured, and differs from run to run.`;
  return markup`<p>${promise}</p>
<pre class="command"><code>${run.command}</code></pre>
${facts([
  ['Tool', `${tool.name} ${tool.version}, commit ${tool.commit}`],
  ['Scenario', markup`${scenario.path}<br><code>${scenario.sha256}</code>`],
  ['Calibration', markup`${calibration.name}<br><code>${calibration.sha256}</code>`],
])}
<details><summary>The scenario that ran</summary>
<pre tabindex="0"><code>${firstLines(scenarioText)}</code></pre>
</details>
<h3>What the run took</h3>
${facts([
  ['Started', run.startedAt],
  ['Wall time', formatSeconds(run.wallSeconds)],
  ['Workers', formatCount(run.workers)],
  ['Machine', `${machine.cpu}, ${machine.cores} cores, ${formatBytes(machine.memoryBytes)}`],
  ['Software', `Node ${machine.node.replace(/^v/, '')}, ${machine.os}`],
  ...(live === null ? [eventRow(performance)] : live.threads.map(threadRow)),
  ['Exchanges', `${formatRate(performance.exchangesPerSecond)} a core`],
  ['Peak memory', formatBytes(performance.peakMemoryBytes)],
  ['Time compression', formatAmount(result.timeCompression)],
])}`;
}

type Row = readonly [string, Content];

function eventRow({ events, eventsPerSecond }: RunResult['run']['performance']): Row {
  return ['Events', `${formatAmount(events)}, ${formatRate(eventsPerSecond)}`];
}

/** Of the live engine; all but the time is unknown of threads that are not the lab's own. */
function threadRow(thread: ThreadFacts): Row {
  const { name, cpuSeconds, eventLoopUtilisation, eventLoopDelayP99Ns } = thread;
  const parts = [`${formatSeconds(cpuSeconds)} of processor time`];
  if (eventLoopUtilisation !== null) parts.push(`busy ${formatShare(eventLoopUtilisation)}`);
  if (eventLoopDelayP99Ns !== null) {
    parts.push(`p99 of the event loop's delay ${formatDuration(eventLoopDelayP99Ns)}`);
  }
  return [`Thread: ${name}`, parts.join(', ')];
}

function firstLines(text: string): string {
  const lines = text.split('\n');
  if (lines.length <= SCENARIO_LINES_MAX) return text;
  const left = lines.length - SCENARIO_LINES_MAX;
  const shown = lines.slice(0, SCENARIO_LINES_MAX).join('\n');
  return `${shown}\n# ... ${left} more lines in scenario.yaml`;
}

function facts(rows: readonly (readonly [string, Content])[]): Markup {
  return markup`<dl class="facts">${rows.map(
    ([term, value]) => markup`<div><dt>${term}</dt><dd>${value}</dd></div>\n`,
  )}</dl>`;
}

/** Each block balances; a check says so, and here it can be seen. */
export function countTable(result: RunResult): Markup {
  const { calls, attempts, exchanges, journeys, attack } = result;
  const rows: string[][] = [];
  const add = (what: string, whole: number, parts: Readonly<Record<string, number>>): void => {
    const used = Object.entries(parts).filter(([, count]) => count > 0);
    const text = used.map(([name, count]) => `${formatCount(count)} ${name}`).join(' + ');
    rows.push([what, formatCount(whole), text === '' ? '0' : text]);
  };
  add('calls due', calls.due, {
    answered: calls.answered,
    'with a fault': calls.faulted,
    'given up': calls.gaveUp,
    'not started': calls.notStarted,
    'open at the end': calls.openAtEnd,
  });
  add('attempts started', attempts.started, {
    answered: attempts.answered,
    'with a fault': attempts.faulted,
    'abandoned by the client': attempts.abandonedByClient,
    'open at the end': attempts.openAtEnd,
  });
  add('exchanges offered', exchanges.offered, {
    succeeded: exchanges.succeeded,
    'with a fault': exchanges.faulted,
    'in flight at the end': exchanges.inFlightAtEnd,
  });
  if (journeys.started > 0) {
    add('journeys started', journeys.started, {
      completed: journeys.completed,
      failed: journeys.failed,
      'open at the end': journeys.openAtEnd,
    });
  }
  add('attack requests', attack.requests, {
    refused: attack.refused,
    served: attack.served,
    'open at the end': attack.openAtEnd,
  });
  return tableMarkup(
    { columns: columnsOf('what', 'count#', 'became'), rows },
    'What became of everything',
  );
}
