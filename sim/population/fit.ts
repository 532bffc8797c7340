/**
 * How often: shares for the chosen calls, so that the figures hold. Iterative proportional fitting
 * (Deming and Stephan 1940): scale to one set of sums, then to the next, and again, until all hold.
 *
 * First services and consumers are drawn towards their rank laws; then, exactly, the matrix by
 * class and the share of each cluster. The last step is on sums of groups alone, so it keeps the
 * proportions within a group.
 */
import type { CountryConsumer } from './country.ts';
import type { ChosenCall } from './calls.ts';
import type { CountryDraft } from './members.ts';
import { generalShare } from './scale.ts';
import type { ScaledFigures } from './scale.ts';

const RANK_ROUNDS = 20;
const GROUP_ROUNDS = 500;
const CLOSE_ENOUGH = 1e-10;

export function fitCalls(
  scaled: ScaledFigures,
  draft: CountryDraft,
  chosen: readonly ChosenCall[],
): CountryConsumer[] {
  const shares = new Float64Array(chosen.length);
  for (const [index, { member, service }] of chosen.entries()) {
    shares[index] = draft.activity[member] * draft.services[service].popularity;
  }
  fitRanks(scaled, draft, chosen, shares);
  fitGroups(scaled, draft, chosen, shares);
  const consumers = draft.members.map((_, member) => ({
    subsystem: draft.consumers[member],
    calls: [] as { service: number; share: number }[],
  }));
  for (const [index, { member, service }] of chosen.entries()) {
    consumers[member].calls.push({ service, share: shares[index] });
  }
  return consumers.filter(({ calls }) => calls.length > 0);
}

/** Consumers by their activity in their class, services by their popularity. */
function fitRanks(
  scaled: ScaledFigures,
  draft: CountryDraft,
  chosen: readonly ChosenCall[],
  shares: Float64Array,
): void {
  const classCount = scaled.classes.length;
  const consumerShares = scaled.classes.map((_, from) =>
    scaled.classes.reduce((sum, _name, to) => sum + scaled.matrix[from * classCount + to], 0),
  );
  const providerShares = scaled.classes.map((_, to) => generalShare(scaled, to));
  const byMember = draft.members.map(
    (_, member) => draft.activity[member] * consumerShares[draft.classOf[member]],
  );
  const byService = draft.services.map(({ cluster, memberClass, popularity }) =>
    cluster === -1
      ? popularity * providerShares[scaled.classes.indexOf(memberClass)]
      : popularity * scaled.clusters[cluster].share,
  );
  const members = Int32Array.from(chosen, ({ member }) => member);
  const services = Int32Array.from(chosen, ({ service }) => service);
  for (let round = 0; round < RANK_ROUNDS; round++) {
    scaleTo(shares, members, byMember);
    scaleTo(shares, services, byService);
  }
}

/** The matrix by class, and the share of each cluster. */
function fitGroups(
  scaled: ScaledFigures,
  draft: CountryDraft,
  chosen: readonly ChosenCall[],
  shares: Float64Array,
): void {
  const classCount = scaled.classes.length;
  const pairs = Int32Array.from(chosen, ({ member, service }) => {
    const to = scaled.classes.indexOf(draft.services[service].memberClass);
    return draft.classOf[member] * classCount + to;
  });
  // Column 0 is everything that belongs to no cluster.
  const columns = Int32Array.from(chosen, ({ service }) => draft.services[service].cluster + 1);
  const clusterShares = scaled.clusters.map(({ share }) => share);
  const rest = 1 - clusterShares.reduce((sum, share) => sum + share, 0);
  const cells = fitTable(pairs, columns, shares, scaled.matrix, [rest, ...clusterShares]);
  const sums = new Float64Array(cells.length);
  const width = clusterShares.length + 1;
  const cellOf = pairs.map((pair, index) => pair * width + columns[index]);
  for (const [index, cell] of cellOf.entries()) sums[cell] += shares[index];
  for (const [index, cell] of cellOf.entries()) shares[index] *= cells[cell] / sums[cell];
  const whole = shares.reduce((sum, share) => sum + share, 0);
  for (let index = 0; index < shares.length; index++) shares[index] /= whole;
}

/** The sums by row and column, fitted to the wanted ones; row-major. */
function fitTable(
  rows: Int32Array,
  columns: Int32Array,
  shares: Float64Array,
  wantedRows: readonly number[],
  wantedColumns: readonly number[],
): Float64Array {
  const width = wantedColumns.length;
  const cells = new Float64Array(wantedRows.length * width);
  for (let index = 0; index < shares.length; index++) {
    cells[rows[index] * width + columns[index]] += shares[index];
  }
  const rowOf = Int32Array.from(cells, (_, cell) => Math.floor(cell / width));
  const columnOf = Int32Array.from(cells, (_, cell) => cell % width);
  for (let round = 0; round < GROUP_ROUNDS; round++) {
    const columnDrift = scaleTo(cells, columnOf, wantedColumns);
    const rowDrift = scaleTo(cells, rowOf, wantedRows);
    if (Math.max(columnDrift, rowDrift) < CLOSE_ENOUGH) break;
  }
  return cells;
}

/** Scales the values so that each group has its wanted sum; gives the largest relative change. */
function scaleTo(values: Float64Array, groups: Int32Array, wanted: readonly number[]): number {
  const sums = new Float64Array(wanted.length);
  for (let index = 0; index < values.length; index++) sums[groups[index]] += values[index];
  let drift = 0;
  const factors = sums.map((sum, group) => (sum === 0 ? 0 : wanted[group] / sum));
  for (const [group, factor] of factors.entries()) {
    if (sums[group] > 0 && wanted[group] > 0) drift = Math.max(drift, Math.abs(factor - 1));
  }
  for (let index = 0; index < values.length; index++) values[index] *= factors[groups[index]];
  return drift;
}
