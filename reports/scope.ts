/** Scopes of a result: everything, each instance, and the calls across the border. */
import type { RunResult } from '../sim/metrics/result.ts';

export function scopeText(scope: string): string {
  if (scope === 'all') return 'all calls';
  return isBorder(scope) ? 'across the border' : `within ${scope}`;
}

/** Everything first, then the instances as they come, the border last. */
export function scopesInOrder(scopes: readonly string[]): string[] {
  const place = (scope: string): number => (scope === 'all' ? 0 : isBorder(scope) ? 2 : 1);
  return scopes.toSorted((a, b) => place(a) - place(b));
}

/** Those of a result, in order. A country by itself has no border that would be worth a word. */
export function scopesOf({ instances }: RunResult): string[] {
  const scopes = scopesInOrder(Object.keys(instances));
  const hasBorder = scopes.length > 2;
  return scopes.filter((scope) => hasBorder || !isBorder(scope) || instances[scope].calls.due > 0);
}

/** A threshold writes it `cross-border`, a result `crossBorder`. */
export function isBorder(scope: string): boolean {
  return scope === 'crossBorder' || scope === 'cross-border';
}
