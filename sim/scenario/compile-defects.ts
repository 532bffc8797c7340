/** Names of conditions as columns: facts that do not hold, and effects that fail, by leg. */
import type { DocumentPath } from '../plan/path-issue.ts';
import { CONDITIONS, findCondition } from '../protocol/condition.ts';
import type { ConditionRow } from '../protocol/condition.ts';
import { Effect } from '../protocol/effect.ts';
import { Fact } from '../protocol/exchange.ts';
import type { IssueList } from './compile-issues.ts';

/** What is wrong on one leg. */
export interface LegDefects {
  factsBroken: number;
  failEffect: number;
  failCause: number;
}

export interface Defects {
  readonly client: LegDefects;
  readonly server: LegDefects;
  /** A server's: it has no configuration of other instances. Its own stays known. */
  isForeignUnknown: boolean;
}

const soundLeg = (): LegDefects => ({ factsBroken: 0, failEffect: Effect.None, failCause: 0 });

export const soundDefects = (): Defects => ({
  client: soundLeg(),
  server: soundLeg(),
  isForeignUnknown: false,
});

export function compileDefects(
  of: ConditionRow['of'],
  names: readonly string[],
  path: DocumentPath,
  issues: IssueList,
): Defects {
  const defects = soundDefects();
  for (const [index, name] of names.entries()) {
    const row = findCondition(name);
    const place = [...path, index];
    if (row === null) {
      const known = CONDITIONS.filter((one) => one.of === of).map((one) => one.name);
      const what = of === 'server' ? 'condition of a server' : 'defect of a message';
      issues.unknown(place, what, name, known);
    } else if (row.of !== of) {
      const message = `"${name}" is something wrong with a ${row.of}, not with a ${of}`;
      issues.error(place, 'unknown-reference', message);
    } else {
      apply(row, defects, place, issues);
    }
  }
  return defects;
}

function apply(row: ConditionRow, defects: Defects, path: DocumentPath, issues: IssueList): void {
  // Without foreign configurations a server still knows its own instance: which flows cross a
  // border is not the server's to say, so it waits here until flows are made.
  if (row.of === 'server' && row.fact === Fact.InstanceKnown) {
    defects.isForeignUnknown = true;
    return;
  }
  const { client, server } = defects;
  const legs = { client: [client], server: [server], both: [client, server] }[row.side];
  for (const leg of legs) {
    leg.factsBroken |= row.fact;
    if (row.effect === Effect.None) continue;
    if (leg.failEffect !== Effect.None) {
      const message = `"${row.name}" is the second that makes an effect of one leg fail`;
      issues.error(path, 'conflict', message, 'one failing effect a leg is enough');
      return;
    }
    leg.failEffect = row.effect;
    leg.failCause = row.cause;
  }
}
