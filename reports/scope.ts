/** Scopes of a result: everything, each instance, and the calls across the border. */

export function scopeText(scope: string): string {
  if (scope === 'all') return 'all calls';
  return isBorder(scope) ? 'across the border' : `within ${scope}`;
}

/** Everything first, then the instances as they come, the border last. */
export function scopesInOrder(scopes: readonly string[]): string[] {
  const place = (scope: string): number => (scope === 'all' ? 0 : isBorder(scope) ? 2 : 1);
  return scopes.toSorted((a, b) => place(a) - place(b));
}

/** A threshold writes it `cross-border`, a result `crossBorder`. */
export function isBorder(scope: string): boolean {
  return scope === 'crossBorder' || scope === 'cross-border';
}
