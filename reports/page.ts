/**
 * The report: one HTML file without a script and without a request, so that it opens from a mail,
 * behind any policy, and in ten years. What a reader needs first comes first; every picture has
 * its numbers beside it.
 */
import { createHash } from 'node:crypto';
import { busiestServers } from './chart/busiest-servers.ts';
import { busiestSystems } from './chart/busiest-systems.ts';
import { classMatrix } from './chart/class-matrix.ts';
import { faultsOverTime } from './chart/faults-over-time.ts';
import { latencyDistribution } from './chart/latency-distribution.ts';
import { latencyOverTime } from './chart/latency-over-time.ts';
import { recoveryBars } from './chart/recovery-bars.ts';
import { stageWaterfall } from './chart/stage-waterfall.ts';
import { throughputOverTime } from './chart/throughput-over-time.ts';
import { figureMarkup } from './chart.ts';
import type { ResultFolder } from './folder.ts';
import { markup, Markup, NOTHING } from './markup.ts';
import { hasTrustLoss } from './pair-survival.ts';
import { scopesOf } from './scope.ts';
import { agreementSection } from './section/agreement.ts';
import { assumptionTable } from './section/assumption-table.ts';
import { availabilitySection } from './section/availability.ts';
import { callerSection } from './section/callers.ts';
import { faultTable } from './section/fault-table.ts';
import { firstScreen } from './section/first-screen.ts';
import { incidentTable } from './section/incident-table.ts';
import { checkTable, confidenceTable, thresholdTable, warmUpPart } from './section/judgement.ts';
import { countTable, reproduction } from './section/reproduction.ts';
import { scopeCards } from './section/scope-cards.ts';
import { serviceTable } from './section/service-table.ts';
import { evidenceSection, trustSection } from './section/trust.ts';
import { STYLE } from './style.ts';
import { buildTimeline } from './timeline.ts';
import type { Timeline } from './timeline.ts';
import { VERDICT_WORDS } from './verdict-text.ts';

interface Section {
  readonly id: string;
  readonly title: string;
  readonly body: Markup;
}

/** A body of null: there is nothing to say. */
interface MaybeSection extends Omit<Section, 'body'> {
  readonly body: Markup | null;
}

export function renderPage(folder: ResultFolder): string {
  const { result } = folder;
  const timeline = buildTimeline(folder);
  const trust = { id: 'trust', title: 'When trust ran out', body: trustSection(folder, timeline) };
  const isAboutTrust = hasTrustLoss(result);
  const [load, ...calls] = loadSections(folder, timeline);
  // A part appears only where the run has something to say about it.
  const sections = [
    load,
    // What has run out explains latencies and faults; that nothing has is said further below.
    ...(isAboutTrust ? [trust] : []),
    ...calls,
    incidentSection(folder, timeline),
    ...(isAboutTrust ? [] : [trust]),
    ...outageSections(folder, timeline),
    ...placeSections(folder, timeline),
    ...judgedSections(folder),
  ].filter((section): section is Section => section.body !== null);
  const name = result.scenario.title === '' ? result.scenario.name : result.scenario.title;
  const links = sections.map(({ id, title }) => markup`<li><a href="#${id}">${title}</a></li>\n`);
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy()}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${VERDICT_WORDS[result.verdict]}: ${name} – Fedlab report</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<main>
${firstScreen(result, timeline)}
<nav aria-label="Contents"><ol>${links}</ol></nav>
${sections.map(
  ({ id, title, body }) => markup`<section class="part" id="${id}"><h2>${title}</h2>
${body}
</section>
`,
)}</main>
<footer>
<p>${result.tool.name} ${result.tool.version} · seed ${String(result.seed)} · calibration
${result.calibration.name} · ${result.run.startedAt}</p>
<p>X-Road® is a registered trademark of the Nordic Institute for Interoperability Solutions (NIIS).
Fedlab is independent of NIIS and of the operators of national data exchange layers.</p>
</footer>
</body>
</html>
`;
  return page.text;
}

/** Nothing may be loaded, sent or run; the one style sheet is known by its hash. */
function policy(): string {
  const hash = createHash('sha256').update(STYLE).digest('base64');
  return `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
}

function loadSections(folder: ResultFolder, timeline: Timeline): MaybeSection[] {
  const { result, histograms } = folder;
  return [
    {
      id: 'load',
      title: 'Load and throughput',
      body: figureMarkup(throughputOverTime(timeline)),
    },
    {
      id: 'latency',
      title: 'Latency',
      body: markup`${figureMarkup(latencyOverTime(timeline))}
${figureMarkup(latencyDistribution(histograms))}`,
    },
    {
      id: 'fault-codes',
      title: 'Faults',
      // Without a fault a figure would only say once more what stands in the place of the table.
      body: markup`${
        result.faults.length === 0 ? NOTHING : figureMarkup(faultsOverTime(timeline))
      }${faultTable(result)}`,
    },
  ];
}

function incidentSection({ result }: ResultFolder, timeline: Timeline): MaybeSection {
  const recovery =
    result.incidents.length === 0 ? NOTHING : figureMarkup(recoveryBars(result, timeline));
  return {
    id: 'incidents',
    title: 'Incidents',
    body: markup`${recovery}${incidentTable(result, timeline)}`,
  };
}

/** What an outage did: to evidence, to callers, and to what the state promises. */
function outageSections(folder: ResultFolder, timeline: Timeline): MaybeSection[] {
  const { result } = folder;
  return [
    { id: 'message-logs', title: 'Evidence', body: evidenceSection(folder, timeline) },
    {
      id: 'retrying',
      // Only journeys are of people; what else calls is an information system.
      title: result.journeys.started > 0 ? 'People and retries' : 'Callers and retries',
      body: callerSection(result, timeline),
    },
    { id: 'availability', title: 'Availability', body: availabilitySection(result) },
  ];
}

function placeSections(folder: ResultFolder, timeline: Timeline): MaybeSection[] {
  const { result } = folder;
  return [
    {
      id: 'time',
      title: 'Where the time goes',
      body: figureMarkup(stageWaterfall(result.stages)),
    },
    {
      id: 'countries',
      title: scopesOf(result).length === 1 ? 'The country' : 'The countries and the border',
      body: scopeCards(result, timeline),
    },
    {
      id: 'busiest',
      title: 'The busiest',
      body: markup`${figureMarkup(busiestServers(result.servers))}
${figureMarkup(busiestSystems(result.systems))}
<h3>The busiest services</h3>
${serviceTable(result.services)}`,
    },
    {
      id: 'member-classes',
      title: 'Member classes',
      body: figureMarkup(classMatrix(result.memberClasses)),
    },
  ];
}

function judgedSections(folder: ResultFolder): MaybeSection[] {
  const { result } = folder;
  return [
    { id: 'engines', title: 'The two engines', body: agreementSection(result) },
    { id: 'thresholds', title: 'Thresholds', body: thresholdTable(result) },
    { id: 'checks', title: 'Checks', body: checkTable(result) },
    {
      id: 'confidence',
      title: 'Statistics',
      body: markup`${confidenceTable(result)}${warmUpPart(result)}`,
    },
    {
      id: 'assumptions',
      title: 'Assumptions',
      body: assumptionTable(result.assumptions),
    },
    { id: 'counts', title: 'What became of everything', body: countTable(result) },
    { id: 'again', title: 'To run it again', body: reproduction(folder) },
  ];
}
