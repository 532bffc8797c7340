/** Whether every tag that is opened is closed, in order: a browser would hide that one is not. */

const VOID = ['!doctype', 'meta', 'br'];

/** What is wrong first; null: nothing. */
export function brokenTag(text: string): string | null {
  const open: string[] = [];
  const body = text.replace(/<style>[^<]*<\/style>/g, '');
  for (const match of body.matchAll(/<(\/?)([a-z!][a-z0-9]*)((?:\s+[^<>"]*|"[^"<]*")*?)(\/?)>/gi)) {
    const [whole, slash, name, , selfClosing] = match;
    if (VOID.includes(name.toLowerCase()) || selfClosing === '/') continue;
    if (slash === '') open.push(name);
    else if (open.pop() !== name) return `${whole} at ${match.index} closes nothing`;
  }
  const tags = body.match(/</g)?.length ?? 0;
  const matched = body.match(/<\/?[a-z!]/gi)?.length ?? 0;
  if (tags !== matched) return 'a bare < in the text';
  return open.length === 0 ? null : `<${open[open.length - 1]}> is not closed`;
}
