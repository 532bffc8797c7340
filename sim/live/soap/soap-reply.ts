/**
 * A SOAP response made of its request: the header stays as it was written, the body changes.
 *
 * Source, read at 7.8: SoapUtils.toResponse.
 */
import { decodeSoap, ENVELOPE_NAMESPACE } from './soap-message.ts';
import { localName, tokensOf, writeStartTag } from './xml-tokens.ts';
import type { XmlToken } from './xml-tokens.ts';

interface BodyPlace {
  readonly start: XmlToken;
  readonly end: XmlToken;
  /** Of the element in it; null: there is none. */
  readonly inner: { readonly start: XmlToken; readonly end: XmlToken } | null;
}

/** With other content in the body, which is well-formed and declares its prefixes itself. */
export function replaceBody(request: Uint8Array, content: string): Buffer {
  const text = decodeSoap(request);
  const { start, end } = placeOfBody(text);
  const opened = writeStartTag(start.name, start.attributes);
  const body = `${opened}${content}</${start.name}>`;
  return Buffer.from(text.slice(0, start.start) + body + text.slice(end.end));
}

/** With the element in the body called after the service, and `Response`. */
export function answerInKind(request: Uint8Array, serviceCode: string): Buffer {
  const text = decodeSoap(request);
  const { inner } = placeOfBody(text);
  if (inner === null) return Buffer.from(text);
  const { start, end } = inner;
  const name = start.name.replace(/[^:]+$/, `${serviceCode}Response`);
  const isEmpty = end.start === start.start;
  const content = isEmpty ? '' : text.slice(start.end, end.start);
  const element = `${writeStartTag(name, start.attributes)}${content}</${name}>`;
  return Buffer.from(text.slice(0, start.start) + element + text.slice(end.end));
}

function placeOfBody(text: string): BodyPlace {
  let body: XmlToken | null = null;
  let child: XmlToken | null = null;
  let inner: BodyPlace['inner'] = null;
  for (const token of tokensOf(text)) {
    const isBody =
      token.depth === 1 && token.namespace === ENVELOPE_NAMESPACE && localName(token) === 'Body';
    if (isBody && token.kind === 'start') body = token;
    else if (isBody && token.kind === 'end' && body !== null) {
      return { start: body, end: token, inner };
    } else if (body !== null && token.depth === 2 && inner === null) {
      if (token.kind === 'start') child = token;
      else if (token.kind === 'end' && child !== null) inner = { start: child, end: token };
    }
  }
  throw new Error('a message without a body was not read as one');
}
