/**
 * XML 1.0 with namespaces, as a tree, for canonicalisation: nothing is lost that C14N keeps.
 *
 * Document types are refused, so there are no entities to expand and no files to fetch; so are
 * texts that are not UTF-8. Nesting and the number of nodes are limited.
 */
import { EvidenceError } from './evidence-error.ts';

export interface XmlAttribute {
  readonly prefix: string;
  readonly local: string;
  readonly namespace: string;
  readonly value: string;
}

export interface XmlElement {
  readonly kind: 'element';
  readonly prefix: string;
  readonly local: string;
  readonly namespace: string;
  readonly attributes: readonly XmlAttribute[];
  /** Prefix to namespace, as declared here; the empty prefix is the default. */
  readonly declarations: ReadonlyMap<string, string>;
  readonly parent: XmlElement | null;
  readonly children: XmlNode[];
}

export interface XmlText {
  readonly kind: 'text' | 'comment';
  readonly value: string;
}

export interface XmlInstruction {
  readonly kind: 'instruction';
  readonly target: string;
  readonly value: string;
}

export type XmlNode = XmlElement | XmlText | XmlInstruction;

export interface XmlDocument {
  readonly root: XmlElement;
  /** The root, and comments and instructions beside it. */
  readonly children: readonly XmlNode[];
}

export const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace';
const XMLNS_NAMESPACE = 'http://www.w3.org/2000/xmlns/';

const DEPTH_MAX = 200;
/** A signature has a few hundred; a message of a national register has tens of thousands. */
const NODES_MAX = 300_000;

// XML 1.0, productions 4 and 4a.
const NAME_START = [
  ':A-Z_a-z\\u{C0}-\\u{D6}\\u{D8}-\\u{F6}\\u{F8}-\\u{2FF}\\u{370}-\\u{37D}\\u{37F}-\\u{1FFF}',
  '\\u{200C}-\\u{200D}\\u{2070}-\\u{218F}\\u{2C00}-\\u{2FEF}\\u{3001}-\\u{D7FF}',
  '\\u{F900}-\\u{FDCF}\\u{FDF0}-\\u{FFFD}\\u{10000}-\\u{EFFFF}',
].join('');
const NAME_REST = `${NAME_START}\\-.0-9\\u{B7}\\u{300}-\\u{36F}\\u{203F}-\\u{2040}`;
const NAME = new RegExp(`[${NAME_START}][${NAME_REST}]*`, 'uy');
const SPACE = /[ \t\n]*/y;
const TEXT = /[^<&]+/y;
const VALUE = /"[^"<]*"|'[^'<]*'/y;
const DECLARATION = new RegExp(
  [
    /^<\?xml[ \t\n]+version[ \t\n]*=[ \t\n]*(?:"1\.\d"|'1\.\d')/,
    /(?:[ \t\n]+encoding[ \t\n]*=[ \t\n]*(?:"([\w.-]+)"|'([\w.-]+)'))?/,
    /(?:[ \t\n]+standalone[ \t\n]*=[ \t\n]*(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\n]*\?>/,
  ]
    .map(({ source }) => source)
    .join(''),
);
// XML 1.0, production 2.
const NO_CHARACTER = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;
const REFERENCE = /&(?:#(\d{1,7})|#x([\dA-Fa-f]{1,6})|(amp|lt|gt|quot|apos));|&/g;
const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
};

/** Throws an EvidenceError that says where the text breaks the rules. */
export function parseXml(bytes: Uint8Array): XmlDocument {
  return new Parser(decode(bytes)).parse();
}

function decode(bytes: Uint8Array): string {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new EvidenceError('invalid_xml', 'it is not written in UTF-8');
  }
  // XML 1.0, 2.11: line ends are one character before anything else is looked at.
  return text.replaceAll('\r\n', '\n').replaceAll('\r', '\n');
}

class Parser {
  readonly #text: string;
  readonly #top: XmlNode[] = [];
  readonly #open: { readonly element: XmlElement; readonly name: string }[] = [];
  /** Of the elements that are open, innermost last. */
  readonly #scopes: ReadonlyMap<string, string>[] = [
    new Map([
      ['', ''],
      ['xml', XML_NAMESPACE],
    ]),
  ];
  #at = 0;
  #nodes = 0;
  #root: XmlElement | null = null;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): XmlDocument {
    const text = this.#text;
    const bad = NO_CHARACTER.exec(text);
    if (bad !== null) this.#refuse('a character that XML does not allow', bad.index);
    this.#readDeclaration();
    while (this.#at < text.length) this.#readNode();
    const unclosed = this.#open.at(-1);
    if (unclosed !== undefined) this.#refuse(`<${unclosed.name}> is not closed`);
    if (this.#root === null) this.#refuse('there is no element');
    return { root: this.#root, children: this.#top };
  }

  #readDeclaration(): void {
    if (!/^<\?xml[ \t\n]/.test(this.#text)) return;
    const declaration = DECLARATION.exec(this.#text);
    if (declaration === null) this.#refuse('the declaration of XML is broken');
    const encoding = declaration[1] ?? declaration[2] ?? 'UTF-8';
    if (!/^(utf-8|us-ascii)$/i.test(encoding)) this.#refuse(`it says it is ${encoding}, not UTF-8`);
    this.#at = declaration[0].length;
  }

  #readNode(): void {
    const text = this.#text;
    const at = this.#at;
    if (text[at] !== '<') this.#readText();
    else if (text.startsWith('</', at)) this.#readEndTag();
    else if (text.startsWith('<!--', at)) this.#readComment();
    else if (text.startsWith('<![CDATA[', at)) this.#readCharacterData();
    else if (text.startsWith('<?', at)) this.#readInstruction();
    else if (text.startsWith('<!', at)) this.#refuse('a document type: entities are not allowed');
    else this.#readStartTag();
  }

  #readText(): void {
    const start = this.#at;
    TEXT.lastIndex = start;
    const plain = TEXT.exec(this.#text)?.[0] ?? '';
    let end = start + plain.length;
    // References are looked up until the next tag.
    if (this.#text[end] === '&') {
      const tag = this.#text.indexOf('<', end);
      end = tag === -1 ? this.#text.length : tag;
    }
    const raw = this.#text.slice(start, end);
    if (raw.includes(']]>')) this.#refuse(']]> in a text');
    this.#at = end;
    this.#addText(this.#expand(raw, start));
  }

  #readCharacterData(): void {
    const start = this.#at + '<![CDATA['.length;
    this.#addText(this.#text.slice(start, this.#skipPast(']]>', start)));
  }

  #addText(value: string): void {
    const parent = this.#open.at(-1)?.element;
    if (parent !== undefined) {
      // C14N knows one text, however it was written.
      const before = parent.children.at(-1);
      if (before?.kind === 'text') {
        parent.children[parent.children.length - 1] = { kind: 'text', value: before.value + value };
      } else this.#add({ kind: 'text', value });
    } else if (/[^ \t\n]/.test(value)) this.#refuse('text outside of the elements');
  }

  #readComment(): void {
    const start = this.#at + '<!--'.length;
    const value = this.#text.slice(start, this.#skipPast('-->', start));
    if (value.includes('--') || value.endsWith('-')) this.#refuse('-- in a comment', start);
    this.#add({ kind: 'comment', value });
  }

  #readInstruction(): void {
    const start = this.#at;
    this.#at += 2;
    const target = this.#readName();
    if (/^xml$/i.test(target) || target.includes(':')) this.#refuse('a wrong instruction', start);
    const hasSpace = this.#skipSpace();
    const from = this.#at;
    const value = this.#text.slice(from, this.#skipPast('?>', from));
    if (!hasSpace && value !== '') this.#refuse('a wrong instruction', start);
    this.#add({ kind: 'instruction', target, value });
  }

  /** Where the mark starts; reading goes on after it. */
  #skipPast(mark: string, from: number): number {
    const end = this.#text.indexOf(mark, from);
    if (end === -1) this.#refuse(`${mark} is missing`);
    this.#at = end + mark.length;
    return end;
  }

  #readStartTag(): void {
    const start = this.#at;
    this.#at++;
    const name = this.#readName();
    const written = this.#readAttributes(start);
    const isEmpty = this.#text.startsWith('/>', this.#at);
    if (!isEmpty && this.#text[this.#at] !== '>') this.#refuse(`<${name} is not closed`, start);
    this.#at += isEmpty ? 2 : 1;
    const declarations = this.#readNamespaces(written, start);
    const outer = this.#scopes[this.#scopes.length - 1];
    const scope = declarations.size === 0 ? outer : new Map([...outer, ...declarations]);
    const qualify = (qualified: string): { prefix: string; local: string } => {
      const parts = qualified.split(':');
      if (parts.length > 2 || parts.includes('')) this.#refuse(`the name ${qualified}`, start);
      return parts.length === 2
        ? { prefix: parts[0], local: parts[1] }
        : { prefix: '', local: parts[0] };
    };
    const namespaceOf = (prefix: string): string =>
      scope.get(prefix) ?? this.#refuse(`the prefix ${prefix} means nothing`, start);
    const { prefix, local } = qualify(name);
    const element: XmlElement = {
      kind: 'element',
      prefix,
      local,
      namespace: namespaceOf(prefix),
      attributes: [...written]
        .filter(([key]) => key !== 'xmlns' && !key.startsWith('xmlns:'))
        .map(([key, value]) => {
          const named = qualify(key);
          const namespace = named.prefix === '' ? '' : namespaceOf(named.prefix);
          return { ...named, namespace, value };
        }),
      declarations,
      parent: this.#open.at(-1)?.element ?? null,
      children: [],
    };
    const names = element.attributes.map(
      (attribute) => `${attribute.namespace} ${attribute.local}`,
    );
    if (new Set(names).size < names.length) this.#refuse('an attribute is there twice', start);
    this.#addElement(element, name, isEmpty ? null : scope, start);
  }

  #addElement(
    element: XmlElement,
    name: string,
    scope: ReadonlyMap<string, string> | null,
    start: number,
  ): void {
    if (element.parent === null) {
      if (this.#root !== null) this.#refuse('there is a second root', start);
      this.#root = element;
    }
    this.#add(element);
    if (scope === null) return;
    if (this.#open.length >= DEPTH_MAX) this.#refuse(`nested deeper than ${DEPTH_MAX}`, start);
    this.#open.push({ element, name });
    this.#scopes.push(scope);
  }

  #readEndTag(): void {
    const start = this.#at;
    this.#at += 2;
    const name = this.#readName();
    this.#skipSpace();
    if (this.#text[this.#at] !== '>') this.#refuse(`</${name} is not closed`, start);
    this.#at++;
    const open = this.#open.pop();
    if (open?.name !== name) this.#refuse(`</${name}> closes what is not open`, start);
    this.#scopes.pop();
  }

  #readAttributes(start: number): Map<string, string> {
    const written = new Map<string, string>();
    while (this.#skipSpace() && !/[/>]/.test(this.#text[this.#at] ?? '>')) {
      const name = this.#readName();
      this.#skipSpace();
      if (this.#text[this.#at] !== '=') this.#refuse(`the attribute ${name} has no value`);
      this.#at++;
      this.#skipSpace();
      VALUE.lastIndex = this.#at;
      const quoted = VALUE.exec(this.#text)?.[0];
      if (quoted === undefined) this.#refuse(`the attribute ${name} has no value`);
      if (written.has(name)) this.#refuse('an attribute is there twice', start);
      // XML 1.0, 3.3.3: what is written as a space of any kind is one; a reference stays.
      const raw = quoted.slice(1, -1).replace(/[\t\n]/g, ' ');
      written.set(name, this.#expand(raw, this.#at));
      this.#at += quoted.length;
    }
    return written;
  }

  #readNamespaces(written: ReadonlyMap<string, string>, start: number): Map<string, string> {
    const declarations = new Map<string, string>();
    for (const [name, value] of written) {
      if (name !== 'xmlns' && !name.startsWith('xmlns:')) continue;
      const prefix = name === 'xmlns' ? '' : name.slice('xmlns:'.length);
      const isReserved =
        prefix === 'xmlns' ||
        value === XMLNS_NAMESPACE ||
        (prefix === 'xml') !== (value === XML_NAMESPACE) ||
        (prefix !== '' && value === '') ||
        (name !== 'xmlns' && (prefix === '' || prefix.includes(':')));
      if (isReserved) this.#refuse(`${name}="${value}" is not allowed`, start);
      declarations.set(prefix, value);
    }
    return declarations;
  }

  #readName(): string {
    NAME.lastIndex = this.#at;
    const name = NAME.exec(this.#text)?.[0];
    if (name === undefined) this.#refuse('a name is missing');
    this.#at += name.length;
    return name;
  }

  /** Whether there was any. */
  #skipSpace(): boolean {
    SPACE.lastIndex = this.#at;
    const length = SPACE.exec(this.#text)?.[0].length ?? 0;
    this.#at += length;
    return length > 0;
  }

  #expand(raw: string, at: number): string {
    if (!raw.includes('&')) return raw;
    return raw.replace(REFERENCE, (reference, decimal, hexadecimal, named) => {
      if (typeof named === 'string') return NAMED[named];
      const digits = typeof decimal === 'string' ? Number(decimal) : Number(`0x${hexadecimal}`);
      const isKnown = typeof decimal === 'string' || typeof hexadecimal === 'string';
      if (!isKnown || digits > 0x10ffff) this.#refuse('an entity that is not one of XML', at);
      const character = String.fromCodePoint(digits);
      if (NO_CHARACTER.test(character)) this.#refuse(`${reference} is no character of XML`, at);
      return character;
    });
  }

  #add(node: XmlNode): void {
    this.#nodes++;
    if (this.#nodes > NODES_MAX) this.#refuse(`more than ${NODES_MAX} elements and texts`);
    (this.#open.at(-1)?.element.children ?? this.#top).push(node);
  }

  #refuse(reason: string, at = this.#at): never {
    const before = this.#text.slice(0, at).split('\n');
    const place = `line ${before.length}, column ${before[before.length - 1].length + 1}`;
    throw new EvidenceError('invalid_xml', `broken XML at ${place}: ${reason}`);
  }
}

export function elementsOf({ children }: XmlElement): XmlElement[] {
  return children.filter((node) => node.kind === 'element');
}

/** The children of a name; of any namespace where that is null. */
export function childrenNamed(
  element: XmlElement,
  namespace: string | null,
  local: string,
): XmlElement[] {
  return elementsOf(element).filter(
    (child) => child.local === local && (namespace === null || child.namespace === namespace),
  );
}

export function childNamed(
  element: XmlElement,
  namespace: string | null,
  local: string,
): XmlElement | null {
  return childrenNamed(element, namespace, local)[0] ?? null;
}

/** Of an attribute without a prefix. */
export function attributeOf({ attributes }: XmlElement, local: string): string | null {
  const found = attributes.find((one) => one.local === local && one.namespace === '');
  return found?.value ?? null;
}

/** The texts in an element, without those in elements inside. */
export function textOf({ children }: XmlElement): string {
  return children.map((node) => (node.kind === 'text' ? node.value : '')).join('');
}

/** An element and all below it, in the order of the document. */
export function* descendantsOf(element: XmlElement): Generator<XmlElement> {
  yield element;
  for (const child of elementsOf(element)) yield* descendantsOf(child);
}
