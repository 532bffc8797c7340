/**
 * XML as the central server writes it: a declaration, two prefixes declared at the root, four
 * spaces a level, elements without a namespace inside (the form of the V6 vectors; facts 6).
 */
import { attributeOf, childNamed, childrenNamed, parseXml, textOf } from '../evidence/xml.ts';
import type { XmlElement } from '../evidence/xml.ts';
import { EvidenceError } from '../evidence/evidence-error.ts';
import { ConfigurationError, ConfigurationFault } from './configuration-error.ts';

export const CONFIGURATION_NAMESPACE = 'http://x-road.eu/xsd/xroad.xsd';
export const IDENTIFIER_NAMESPACE = 'http://x-road.eu/xsd/identifiers';

/** An element that is to be written; null: nothing is. */
export interface Written {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly content: string | readonly Written[];
}

export function leaf(name: string, text: string | number | boolean): Written {
  return { name, attributes: {}, content: String(text) };
}

/** A leaf that is left out where there is nothing to say. */
export function optionalLeaf(name: string, text: string | number | null): Written[] {
  return text === null ? [] : [leaf(name, text)];
}

export function bytesLeaf(name: string, bytes: Uint8Array): Written {
  return leaf(name, Buffer.from(bytes).toString('base64'));
}

export function branch(
  name: string,
  content: readonly Written[],
  attributes: Readonly<Record<string, string>> = {},
): Written {
  return { name, attributes, content };
}

/** A document whose root is of X-Road's namespace. */
export function writeDocument(rootName: string, content: readonly Written[]): Buffer {
  const root = branch(`ns3:${rootName}`, content, {
    'xmlns:ns2': IDENTIFIER_NAMESPACE,
    'xmlns:ns3': CONFIGURATION_NAMESPACE,
  });
  const lines = ['<?xml version="1.0" encoding="UTF-8" standalone="yes"?>', ...linesOf(root, '')];
  return Buffer.from(`${lines.join('\n')}\n`, 'utf8');
}

function* linesOf({ name, attributes, content }: Written, indent: string): Generator<string> {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escape(value)}"`);
  const tag = `${name}${written.join('')}`;
  if (typeof content === 'string') {
    yield `${indent}<${tag}>${escape(content)}</${name}>`;
  } else if (content.length === 0) yield `${indent}<${tag}/>`;
  else {
    yield `${indent}<${tag}>`;
    for (const child of content) yield* linesOf(child, `${indent}    `);
    yield `${indent}</${name}>`;
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
};

function escape(text: string): string {
  return text.replace(/[&<>"\r]/g, (character) => ESCAPES[character]);
}

/** The root of a document, where it is of that name; `what` is for the message. */
export function readDocument(bytes: Uint8Array, rootName: string, what: string): XmlElement {
  let root: XmlElement;
  try {
    ({ root } = parseXml(bytes));
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    throw invalid(`${what}: ${error.message}`);
  }
  if (root.local !== rootName || root.namespace !== CONFIGURATION_NAMESPACE) {
    throw invalid(`${what}: the root is ${root.local}, not ${rootName}`);
  }
  return root;
}

export const childrenOf = (element: XmlElement, name: string): XmlElement[] =>
  childrenNamed(element, null, name);

export function textAt(element: XmlElement, name: string): string | null {
  const child = childNamed(element, null, name);
  return child === null ? null : textOf(child).trim();
}

export function demandText(element: XmlElement, name: string): string {
  const text = textAt(element, name);
  if (text === null) throw invalid(`${element.local} has no ${name}`);
  return text;
}

export function demandChild(element: XmlElement, name: string): XmlElement {
  const child = childNamed(element, null, name);
  if (child === null) throw invalid(`${element.local} has no ${name}`);
  return child;
}

export function demandAttribute(element: XmlElement, name: string): string {
  const value = attributeOf(element, name);
  if (value === null) throw invalid(`${element.local} has no ${name}`);
  return value;
}

/** Not negative. */
export function numberOf(text: string, what: string): number {
  if (!/^\d{1,15}$/.test(text)) throw invalid(`${what} is "${text}", and no number`);
  return Number(text);
}

export function bytesOf(element: XmlElement): Buffer {
  const letters = textOf(element).replace(/\s+/g, '');
  const bytes = Buffer.from(letters, 'base64');
  // Node leaves out what is no base64; a padding that is missing is harmless.
  if (bytes.toString('base64').replace(/=+$/, '') !== letters.replace(/=+$/, '')) {
    throw invalid(`${element.local} is not base64`);
  }
  return bytes;
}

export function bytesOfAll(element: XmlElement, name: string): Buffer[] {
  return childrenOf(element, name).map(bytesOf);
}

const PEM = /-----BEGIN CERTIFICATE-----([\s\S]*?)-----END CERTIFICATE-----/;

/** A certificate is base64 of DER; X-Road's own generator also writes base64 of PEM. */
export function certificateOf(element: XmlElement): Buffer {
  const bytes = bytesOf(element);
  const pem = PEM.exec(bytes.toString('latin1'));
  return pem === null ? bytes : Buffer.from(pem[1], 'base64');
}

export function invalid(message: string): ConfigurationError {
  return new ConfigurationError(ConfigurationFault.InvalidXml, message);
}
