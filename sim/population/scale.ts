/** The figures of a country, shrunk together and made whole. */
import type { DistributionDocument, PopulationDocument } from '../plan/document.ts';
import { apportion } from './apportion.ts';

export interface ScaledFigures {
  readonly figures: PopulationDocument;
  readonly classes: readonly string[];
  /** Members by class. */
  readonly members: readonly number[];
  readonly subsystemCount: number;
  readonly serverCount: number;
  /** Services that belong to no cluster, all classes together. */
  readonly generalServiceCount: number;
  /** Share of calls, consumer's class * classes + provider's class; they add up to 1. */
  readonly matrix: readonly number[];
  readonly clusters: readonly ScaledCluster[];
}

export interface ScaledCluster {
  readonly name: string;
  readonly classIndex: number;
  readonly share: number;
  readonly services: number;
  readonly consumers: number;
  readonly serviceTime: DistributionDocument;
}

/** A count of the real network at this scale: at least one of whatever exists. */
const shrink = (count: number, scale: number): number =>
  count === 0 ? 0 : Math.max(1, Math.round(count * scale));

export function scaleFigures(figures: PopulationDocument): ScaledFigures {
  const { scale } = figures;
  const classes = Object.keys(figures.memberClasses);
  const clusters = figures.clusters.map((cluster) => ({
    name: cluster.name,
    classIndex: classes.indexOf(cluster.memberClass),
    share: cluster.share,
    services: shrink(cluster.services, scale),
    consumers: shrink(cluster.consumers, scale),
    serviceTime: cluster.serviceTime ?? figures.serviceTime,
  }));
  const matrix = matrixOf(figures, classes);
  const members = apportion(shrink(figures.members, scale), Object.values(figures.memberClasses));
  for (let index = 0; index < classes.length; index++) {
    members[index] = Math.max(members[index], membersNeeded(index, matrix, clusters, classes));
  }
  const memberCount = members.reduce((sum, count) => sum + count, 0);
  const clusterServices = clusters.reduce((sum, cluster) => sum + cluster.services, 0);
  return {
    figures,
    classes,
    members,
    // A subsystem of its own for each member to call from, and one for each cluster to answer from.
    subsystemCount: Math.max(shrink(figures.subsystems, scale), memberCount + clusters.length),
    serverCount: shrink(figures.servers, scale),
    generalServiceCount: Math.max(0, shrink(figures.services, scale) - clusterServices),
    matrix,
    clusters,
  };
}

function matrixOf(figures: PopulationDocument, classes: readonly string[]): number[] {
  const cells = classes.flatMap((from) => classes.map((to) => figures.callMatrix[from]?.[to] ?? 0));
  const sum = cells.reduce((partial, cell) => partial + cell, 0);
  return cells.map((cell) => cell / sum);
}

/** However small the scale: a class that calls or answers has a member, each cluster one more. */
function membersNeeded(
  classIndex: number,
  matrix: readonly number[],
  clusters: readonly ScaledCluster[],
  classes: readonly string[],
): number {
  const isInMatrix = classes.some(
    (_, other) =>
      matrix[classIndex * classes.length + other] > 0 ||
      matrix[other * classes.length + classIndex] > 0,
  );
  const clusterCount = clusters.filter((cluster) => cluster.classIndex === classIndex).length;
  return clusterCount + (isInMatrix ? 1 : 0);
}

/** Share of calls that goes to a class, clusters and all. */
export function providerShare(scaled: ScaledFigures, classIndex: number): number {
  const { classes, matrix } = scaled;
  return classes.reduce((sum, _, from) => sum + matrix[from * classes.length + classIndex], 0);
}

/** Share of calls that goes to services of a class that belong to no cluster. */
export function generalShare(scaled: ScaledFigures, classIndex: number): number {
  const ofClusters = scaled.clusters
    .filter((cluster) => cluster.classIndex === classIndex)
    .reduce((sum, cluster) => sum + cluster.share, 0);
  return Math.max(0, providerShare(scaled, classIndex) - ofClusters);
}
