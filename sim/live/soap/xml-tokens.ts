/**
 * The pieces of an XML text that has been parsed before, as they are written: for changing a
 * message in one place without writing the rest of it anew. Names are told by their namespaces.
 */
import { escapeXml } from '../transport.ts';

export interface XmlToken {
  /** `other`: a declaration or an instruction. */
  readonly kind: 'start' | 'end' | 'text' | 'cdata' | 'comment' | 'other';
  /** As written; of an empty element the same tag stands for its start and its end. */
  readonly raw: string;
  /** Where it stands in the text. */
  readonly start: number;
  readonly end: number;
  /** Of a tag, as written, with its prefix; otherwise empty. */
  readonly name: string;
  readonly namespace: string;
  /** Of a start tag, in their order, with the declarations of namespaces. */
  readonly attributes: readonly WrittenAttribute[];
  /** How many elements are open around it. */
  readonly depth: number;
}

interface WrittenAttribute {
  readonly name: string;
  /** With all references resolved. */
  readonly value: string;
}

const TOKEN = new RegExp(
  [/<!--[^]*?-->/, /<!\[CDATA\[[^]*?\]\]>/, /<\?[^]*?\?>/, /<(?:"[^"]*"|'[^']*'|[^"'>])*>/, /[^<]+/]
    .map(({ source }) => source)
    .join('|'),
  'g',
);
const ATTRIBUTE = /([^\s=<>/"']+)\s*=\s*("[^"]*"|'[^']*')/g;
const TAG_NAME = /^<\/?([^\s/>]+)/;

const NO_NAME = { name: '', namespace: '', attributes: [] };

/** Of a well-formed text without a document type. */
export function* tokensOf(text: string): Generator<XmlToken> {
  const scopes: ReadonlyMap<string, string>[] = [new Map()];
  for (const found of text.matchAll(TOKEN)) {
    const [raw] = found;
    const place = { raw, start: found.index, end: found.index + raw.length };
    const depth = scopes.length - 1;
    const kind = kindOf(raw);
    if (kind === 'start') {
      const attributes = attributesOf(raw);
      const scope = scopeOf(scopes[depth], attributes);
      const named = { name: TAG_NAME.exec(raw)?.[1] ?? '', attributes };
      const token = { ...place, ...named, namespace: namespaceOf(named.name, scope), depth };
      yield { kind, ...token };
      if (raw.endsWith('/>')) yield { kind: 'end', ...token };
      else scopes.push(scope);
    } else if (kind === 'end') {
      const scope = scopes.pop() ?? new Map<string, string>();
      const name = TAG_NAME.exec(raw)?.[1] ?? '';
      const namespace = namespaceOf(name, scope);
      yield { kind, ...place, name, namespace, attributes: [], depth: depth - 1 };
    } else {
      yield { kind, ...place, ...NO_NAME, depth };
    }
  }
}

export const localName = ({ name }: XmlToken): string => name.slice(name.indexOf(':') + 1);

/** As X-Road writes a start tag: one space between, double quotes. */
export function writeStartTag(name: string, attributes: readonly WrittenAttribute[]): string {
  const written = attributes.map((one) => ` ${one.name}="${escapeValue(one.value)}"`);
  return `<${name}${written.join('')}>`;
}

/** With apostrophes, as Java's StringEscapeUtils has it. */
export const escapeValue = (text: string): string => escapeXml(text).replaceAll("'", '&apos;');

function kindOf(raw: string): XmlToken['kind'] {
  if (!raw.startsWith('<')) return 'text';
  if (raw.startsWith('<!--')) return 'comment';
  if (raw.startsWith('<![')) return 'cdata';
  if (raw.startsWith('<?') || raw.startsWith('<!')) return 'other';
  return raw.startsWith('</') ? 'end' : 'start';
}

function attributesOf(tag: string): WrittenAttribute[] {
  return [...tag.matchAll(ATTRIBUTE)].map(([, name, quoted]) => {
    const plain = quoted.slice(1, -1).replace(/[\t\n\r]/g, ' ');
    return { name, value: plain.replace(REFERENCE, resolve) };
  });
}

const REFERENCE = /&(?:#(\d+)|#x([\dA-Fa-f]+)|(\w+));/g;
const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
};

function resolve(reference: string, decimal: string, hexadecimal: string, named: string): string {
  if (named !== undefined) return NAMED[named] ?? reference;
  const digits = decimal === undefined ? Number(`0x${hexadecimal}`) : Number(decimal);
  return String.fromCodePoint(digits);
}

function scopeOf(
  outer: ReadonlyMap<string, string>,
  attributes: readonly WrittenAttribute[],
): ReadonlyMap<string, string> {
  const declared = attributes.filter(({ name }) => name === 'xmlns' || name.startsWith('xmlns:'));
  if (declared.length === 0) return outer;
  return new Map([
    ...outer,
    ...declared.map(({ name, value }) => [name.slice('xmlns:'.length), value] as const),
  ]);
}

function namespaceOf(name: string, scope: ReadonlyMap<string, string>): string {
  const colon = name.indexOf(':');
  return scope.get(colon === -1 ? '' : name.slice(0, colon)) ?? '';
}
