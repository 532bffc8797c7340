/**
 * Canonical XML, which turns a part of a document into the bytes that are signed.
 *
 *   inclusive 1.0   w3.org/TR/2001/REC-xml-c14n-20010315: what X-Road writes
 *   inclusive 1.1   the same but for xml:id and xml:base
 *   exclusive       w3.org/2001/10/xml-exc-c14n#: what DSS writes, which X-Road uses for
 *                   signatures without a hash chain
 *
 * The difference is in namespaces alone: inclusive writes all that are in scope at the top of the
 * part, exclusive only those that an element or its attributes use.
 */
import { EvidenceError } from './evidence-error.ts';
import { XML_NAMESPACE } from './xml.ts';
import type { XmlAttribute, XmlDocument, XmlElement, XmlNode } from './xml.ts';

interface Method {
  readonly kind: 'inclusive' | 'inclusive-1.1' | 'exclusive';
  readonly hasComments: boolean;
}

const METHODS: Readonly<Record<string, Method>> = {
  'http://www.w3.org/TR/2001/REC-xml-c14n-20010315': { kind: 'inclusive', hasComments: false },
  'http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments': {
    kind: 'inclusive',
    hasComments: true,
  },
  'http://www.w3.org/2006/12/xml-c14n11': { kind: 'inclusive-1.1', hasComments: false },
  'http://www.w3.org/2006/12/xml-c14n11#WithComments': { kind: 'inclusive-1.1', hasComments: true },
  'http://www.w3.org/2001/10/xml-exc-c14n#': { kind: 'exclusive', hasComments: false },
  'http://www.w3.org/2001/10/xml-exc-c14n#WithComments': { kind: 'exclusive', hasComments: true },
};

/** XML-DSig 4.4.3.2: what counts where a reference names no method. */
export const DEFAULT_C14N = 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315';

export const isC14n = (algorithm: string): boolean => algorithm in METHODS;

/** `inclusivePrefixes`: the PrefixList of an exclusive method; `''` is the default namespace. */
export function canonicalise(
  part: XmlElement | XmlDocument,
  algorithm: string,
  inclusivePrefixes: readonly string[] = [],
): Buffer {
  const method = METHODS[algorithm];
  if (method === undefined) {
    throw new EvidenceError('invalid_signature_value', `${algorithm} is no known form of XML`);
  }
  const writer = new Writer(method, inclusivePrefixes);
  if ('root' in part) writer.writeDocument(part);
  else writer.writeElement(part, new Map(), scopeAbove(part), true);
  return Buffer.from(writer.chunks.join(''), 'utf8');
}

type Scope = ReadonlyMap<string, string>;

class Writer {
  readonly chunks: string[] = [];
  readonly #method: Method;
  readonly #inclusivePrefixes: readonly string[];

  constructor(method: Method, inclusivePrefixes: readonly string[]) {
    this.#method = method;
    this.#inclusivePrefixes = inclusivePrefixes;
  }

  writeDocument({ root, children }: XmlDocument): void {
    const rootAt = children.indexOf(root);
    for (const [index, node] of children.entries()) {
      if (node === root) this.writeElement(root, new Map(), new Map(), true);
      else {
        const before = this.chunks.length;
        if (index > rootAt) this.chunks.push('\n');
        if (!this.#writeOther(node)) this.chunks.length = before;
        else if (index < rootAt) this.chunks.push('\n');
      }
    }
  }

  /** `rendered`: the namespaces that the output has in force here; `above`: the document. */
  writeElement(element: XmlElement, rendered: Scope, above: Scope, isTop: boolean): void {
    const scope = new Map([...above, ...element.declarations]);
    const written = this.#namespacesOf(element, rendered, scope, isTop);
    const name = qualified(element);
    this.chunks.push('<', name);
    for (const [prefix, uri] of written) {
      this.chunks.push(prefix === '' ? ' xmlns="' : ` xmlns:${prefix}="`, escapeValue(uri), '"');
    }
    for (const attribute of this.#attributesOf(element, isTop)) {
      this.chunks.push(' ', qualified(attribute), '="', escapeValue(attribute.value), '"');
    }
    this.chunks.push('>');
    const inForce = written.length === 0 ? rendered : new Map([...rendered, ...written]);
    for (const child of element.children) {
      if (child.kind === 'element') this.writeElement(child, inForce, scope, false);
      else this.#writeOther(child);
    }
    this.chunks.push('</', name, '>');
  }

  /** Sorted by prefix, the default first. */
  #namespacesOf(
    element: XmlElement,
    rendered: Scope,
    scope: Scope,
    isTop: boolean,
  ): (readonly [string, string])[] {
    const isExclusive = this.#method.kind === 'exclusive';
    const candidates = new Set<string>();
    if (isExclusive) {
      candidates.add(element.prefix);
      for (const { prefix } of element.attributes) if (prefix !== '') candidates.add(prefix);
      for (const prefix of this.#inclusivePrefixes) if (scope.has(prefix)) candidates.add(prefix);
    } else {
      const from = isTop ? scope : element.declarations;
      for (const prefix of from.keys()) candidates.add(prefix);
    }
    candidates.delete('xml');
    return [...candidates]
      .sort(compareText)
      .map((prefix) => [prefix, scope.get(prefix) ?? ''] as const)
      .filter(([prefix, uri]) => (rendered.get(prefix) ?? '') !== uri);
  }

  #attributesOf(element: XmlElement, isTop: boolean): XmlAttribute[] {
    const attributes = [...element.attributes];
    if (isTop && this.#method.kind !== 'exclusive') attributes.push(...this.#inherited(element));
    return attributes.sort(
      (a, b) => compareText(a.namespace, b.namespace) || compareText(a.local, b.local),
    );
  }

  /** The attributes of `xml:` count for all that is inside. */
  #inherited(element: XmlElement): XmlAttribute[] {
    const isNewer = this.#method.kind === 'inclusive-1.1';
    const names = new Set(element.attributes.filter(isXml).map(({ local }) => local));
    const inherited: XmlAttribute[] = [];
    for (let above = element.parent; above !== null; above = above.parent) {
      for (const attribute of above.attributes.filter(isXml)) {
        if (isNewer && attribute.local === 'base') {
          throw new EvidenceError('invalid_signature_value', 'xml:base in what is signed');
        }
        if (names.has(attribute.local) || (isNewer && attribute.local === 'id')) continue;
        names.add(attribute.local);
        inherited.push(attribute);
      }
    }
    return inherited;
  }

  /** Whether there was anything to write. */
  #writeOther(node: XmlNode): boolean {
    if (node.kind === 'text') this.chunks.push(escapeText(node.value));
    else if (node.kind === 'instruction') {
      this.chunks.push(`<?${node.target}${node.value === '' ? '' : ` ${node.value}`}?>`);
    } else if (node.kind === 'comment' && this.#method.hasComments) {
      this.chunks.push(`<!--${node.value}-->`);
    } else return false;
    return true;
  }
}

function scopeAbove({ parent }: XmlElement): Scope {
  return parent === null ? new Map() : new Map([...scopeAbove(parent), ...parent.declarations]);
}

const isXml = ({ namespace }: XmlAttribute): boolean => namespace === XML_NAMESPACE;

function qualified({ prefix, local }: { readonly prefix: string; readonly local: string }): string {
  return prefix === '' ? local : `${prefix}:${local}`;
}

/** By code points, as C14N asks; the order of UTF-16 is another above U+FFFF. */
function compareText(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

const TEXT_ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '\r': '&#xD;',
};
const VALUE_ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '"': '&quot;',
  '\t': '&#x9;',
  '\n': '&#xA;',
  '\r': '&#xD;',
};

function escapeText(text: string): string {
  return text.replace(/[&<>\r]/g, (character) => TEXT_ESCAPES[character]);
}

function escapeValue(value: string): string {
  return value.replace(/[&<"\t\n\r]/g, (character) => VALUE_ESCAPES[character]);
}
