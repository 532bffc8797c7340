/** Figures that contradict each other: found before a country is made of them. */
import { didYouMean } from '../base/nearest.ts';
import type { PopulationDocument } from '../plan/document.ts';
import type { DocumentPath, PathIssue } from '../plan/path-issue.ts';
import { arrivalsPerDay } from './rate-integral.ts';
import { providerShare, scaleFigures } from './scale.ts';

/** Sums of shares that are printed with one decimal may miss 1 by this much. */
const ROUNDING = 0.01;

/** Paths are relative to the population. */
export function checkFigures(figures: PopulationDocument): PathIssue[] {
  const issues: PathIssue[] = [];
  const report = (
    path: DocumentPath,
    code: string,
    message: string,
    hint: string | null = null,
  ): void => {
    issues.push({ code, message, hint, path, isWarning: false });
  };
  checkClasses(figures, report);
  if (issues.length === 0) checkSums(figures, report);
  if (arrivalsPerDay(figures.profile) <= 0 && figures.callsPerDay > 0) {
    report(['profile'], 'infeasible-figures', 'the profile is 0 all day, but there are calls');
  }
  return issues;
}

type Report = (path: DocumentPath, code: string, message: string, hint?: string | null) => void;

function checkClasses(figures: PopulationDocument, report: Report): void {
  const classes = Object.keys(figures.memberClasses);
  const unknown = (path: DocumentPath, name: string): void => {
    const message = `the population has no member class "${name}"`;
    report(path, 'unknown-reference', message, didYouMean(name, classes));
  };
  if (classes.length === 0) {
    report(['memberClasses'], 'missing-value', 'the population has no member classes');
  }
  for (const [from, row] of Object.entries(figures.callMatrix)) {
    if (!classes.includes(from)) unknown(['callMatrix', from], from);
    for (const to of Object.keys(row)) {
      if (!classes.includes(to)) unknown(['callMatrix', from, to], to);
    }
  }
  const names = new Set<string>();
  for (const [index, cluster] of figures.clusters.entries()) {
    const path = ['clusters', index];
    if (!classes.includes(cluster.memberClass)) {
      unknown([...path, 'memberClass'], cluster.memberClass);
    }
    if (cluster.services < 1 || cluster.consumers < 1) {
      const message = `cluster "${cluster.name}" needs at least one service and one consumer`;
      report(path, 'out-of-range', message);
    }
    if (names.has(cluster.name)) {
      report([...path, 'name'], 'duplicate-id', `a second cluster is called "${cluster.name}"`);
    }
    names.add(cluster.name);
  }
}

function checkSums(figures: PopulationDocument, report: Report): void {
  const add = (values: readonly number[]): number =>
    values.reduce((partial, value) => partial + value, 0);
  const classSum = add(Object.values(figures.memberClasses));
  if (Math.abs(classSum - 1) > ROUNDING) {
    const message = `the shares of the member classes add up to ${percent(classSum)}`;
    report(['memberClasses'], 'infeasible-figures', message, 'they should add up to 100 %');
  }
  if (add(Object.values(figures.callMatrix).flatMap((row) => Object.values(row))) <= 0) {
    report(['callMatrix'], 'infeasible-figures', 'nobody calls anybody in the call matrix');
    return;
  }
  if (add(Object.values(figures.crossBorder)) > 1) {
    report(['crossBorder'], 'infeasible-figures', 'more than all calls go to other instances');
  }
  const scaled = scaleFigures(figures);
  for (const [classIndex, memberClass] of scaled.classes.entries()) {
    const ofClusters = add(
      scaled.clusters.filter((one) => one.classIndex === classIndex).map(({ share }) => share),
    );
    const ofClass = providerShare(scaled, classIndex);
    if (ofClusters <= ofClass + 1e-9) continue;
    const message =
      `clusters of class ${memberClass} get ${percent(ofClusters)} of the calls, ` +
      `but the call matrix gives the whole class ${percent(ofClass)}`;
    report(['clusters'], 'infeasible-figures', message, 'make the clusters smaller');
  }
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
