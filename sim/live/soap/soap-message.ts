/**
 * An X-Road SOAP 1.1 message or fault (facts 2.2, 3.2), read as X-Road's parser reads it: the same
 * checks in the same order with the same codes. The bytes stay as they came, because they are what
 * is signed, hashed and logged.
 *
 * Differences: X-Road's parser streams, so a wrong header is found before broken XML behind it;
 * here broken XML is found first. X-Road has no limit of size, depth or number of elements.
 *
 * Source, read at 7.8: SaxSoapParserImpl, SoapUtils, SoapMessageImpl, SoapFault.
 */
import { Cause } from '../../protocol/fault.ts';
import { EvidenceError } from '../evidence/evidence-error.ts';
import { childrenNamed, elementsOf, parseXml, textOf } from '../evidence/xml.ts';
import type { XmlDocument, XmlElement } from '../evidence/xml.ts';
import { readContentType } from './content-type.ts';
import { SoapError, Unlisted } from './soap-error.ts';
import { completeHeader, noFields, readHeaderFields } from './soap-header.ts';
import type { SoapHeader } from './soap-header.ts';

export const ENVELOPE_NAMESPACE = 'http://schemas.xmlsoap.org/soap/envelope/';
const ENCODING_NAMESPACE = 'http://schemas.xmlsoap.org/soap/encoding/';

export interface SoapMessage {
  readonly kind: 'message';
  readonly bytes: Buffer;
  /** Of the part that holds it. */
  readonly contentType: string;
  readonly header: SoapHeader;
  /** Local name of the one element in the body. */
  readonly serviceName: string;
  /** RPC-encoded; otherwise document/literal. */
  readonly isRpc: boolean;
}

export interface SoapFault {
  readonly kind: 'fault';
  /** Passed on as they are: a fault is neither signed nor changed on its way. */
  readonly bytes: Buffer;
  readonly code: string;
  readonly text: string;
  readonly actor: string | null;
  readonly detail: string | null;
}

/** The part types a SOAP message may come in. */
export const SOAP_TYPES: readonly string[] = ['text/xml', 'application/xop+xml'];

/** Of one message without its attachments. A process holds many servers, each many messages. */
export const SOAP_BYTES_MAX = 16 * 1024 * 1024;
/**
 * Different prefixes in one message. Each element with declarations copies those around it, so
 * that this bounds the work; a message of a national register has about ten.
 */
const PREFIXES_MAX = 100;
/** Each costs microseconds; a message of a national register has tens of thousands. */
const TAGS_MAX = 200_000;

/** Throws SoapError. */
export function parseSoap(bytes: Buffer, contentType: string): SoapMessage | SoapFault {
  const type = readContentType(contentType);
  if (type !== null && !SOAP_TYPES.includes(type.media)) {
    throw new SoapError(Cause.InvalidContentType, `Invalid content type: ${type.media}`);
  }
  checkCharset(type?.charset ?? null);
  const { root } = parseDocument(bytes);
  if (root.namespace !== ENVELOPE_NAMESPACE || root.local !== 'Envelope') {
    throw new SoapError(Cause.InvalidSoap, 'Malformed SOAP message: envelope missing');
  }
  return readEnvelope(root, bytes, contentType);
}

/** The text of a document, for those who write a changed one. */
export function decodeSoap(bytes: Uint8Array): string {
  const declared = declaredEncoding(bytes);
  if (declared === null) return new TextDecoder().decode(bytes);
  return decodeAs(declared, bytes);
}

function readEnvelope(
  root: XmlElement,
  bytes: Buffer,
  contentType: string,
): SoapMessage | SoapFault {
  const fields = noFields();
  let hasHeader = false;
  let body: XmlElement | null = null;
  let found: BodyContent = { serviceName: null, fault: null };
  for (const element of elementsOf(root)) {
    if (element.namespace !== ENVELOPE_NAMESPACE) continue;
    if (element.local === 'Header') {
      readHeaderFields(element, fields);
      hasHeader = true;
    } else if (element.local === 'Body') {
      body = element;
      found = readBody(element);
    }
  }
  if (found.fault !== null) return readFaultElement(found.fault, bytes);
  if (!hasHeader) {
    throw new SoapError(Cause.MissingHeader, 'Malformed SOAP message: header missing');
  }
  const header = completeHeader(fields);
  if (body === null) {
    throw new SoapError(Cause.MissingBody, 'Malformed SOAP message: body missing');
  }
  if (found.serviceName === null) throw invalidBody();
  if (!found.serviceName.startsWith(header.service.serviceCode)) {
    throw new SoapError(
      Cause.InconsistentHeaders,
      'Malformed SOAP message: service code does not match in header and body',
    );
  }
  return {
    kind: 'message',
    bytes,
    contentType,
    header,
    serviceName: found.serviceName,
    isRpc: isRpcEncoded(root),
  };
}

interface BodyContent {
  readonly serviceName: string | null;
  readonly fault: XmlElement | null;
}

function readBody(body: XmlElement): BodyContent {
  let serviceName: string | null = null;
  let fault: XmlElement | null = null;
  for (const element of elementsOf(body)) {
    if (element.namespace === ENVELOPE_NAMESPACE && element.local === 'Fault') fault = element;
    else if (serviceName === null) serviceName = element.local;
    else throw invalidBody();
  }
  return { serviceName, fault };
}

/** Its parts are known by their local names alone, as SaxSoapParserImpl.SoapFaultHandler does. */
function readFaultElement(fault: XmlElement, bytes: Buffer): SoapFault {
  const last = (element: XmlElement, local: string): XmlElement | null =>
    childrenNamed(element, null, local).at(-1) ?? null;
  const partOf = (local: string): string | null => {
    const element = last(fault, local);
    return element === null ? null : textOf(element);
  };
  const detail = last(fault, 'detail');
  const inner = detail === null ? null : last(detail, 'faultDetail');
  return {
    kind: 'fault',
    bytes,
    code: partOf('faultcode') ?? '',
    text: partOf('faultstring') ?? '',
    actor: partOf('faultactor'),
    detail: detail === null ? null : textOf(inner ?? detail),
  };
}

function isRpcEncoded({ attributes }: XmlElement): boolean {
  return attributes.some(
    ({ namespace, local, value }) =>
      namespace === ENVELOPE_NAMESPACE && local === 'encodingStyle' && value === ENCODING_NAMESPACE,
  );
}

/** Everything an XML parser refuses is a SOAPException to X-Road, so invalid_soap (facts 4.1). */
function parseDocument(bytes: Buffer): XmlDocument {
  if (bytes.length > SOAP_BYTES_MAX) {
    throw new SoapError(Cause.InvalidSoap, `a SOAP message longer than ${SOAP_BYTES_MAX} bytes`);
  }
  const declared = declaredEncoding(bytes);
  const unified = declared === null ? bytes : Buffer.from(decodeAs(declared, bytes));
  checkTags(unified);
  checkPrefixes(unified);
  try {
    return parseXml(unified);
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    throw new SoapError(Cause.InvalidSoap, error.message);
  }
}

function checkTags(bytes: Buffer): void {
  let count = 0;
  for (let at = bytes.indexOf('<'); at !== -1; at = bytes.indexOf('<', at + 1)) {
    count++;
    if (count > TAGS_MAX) throw new SoapError(Cause.InvalidSoap, `more than ${TAGS_MAX} tags`);
  }
}

function checkPrefixes(bytes: Buffer): void {
  const prefixes = new Set<string>();
  for (let at = bytes.indexOf('xmlns:'); at !== -1; at = bytes.indexOf('xmlns:', at + 1)) {
    prefixes.add(bytes.toString('latin1', at + 6, at + 40).split(/[\s=]/, 1)[0]);
    if (prefixes.size > PREFIXES_MAX) {
      throw new SoapError(Cause.InvalidSoap, `more than ${PREFIXES_MAX} namespace prefixes`);
    }
  }
}

/** Java's parser reads what a document declares; ours reads UTF-8, so others are turned into it. */
function declaredEncoding(bytes: Uint8Array): string | null {
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  const start = Buffer.from(bytes.subarray(0, 200)).toString('latin1');
  const found = /^(?:\xef\xbb\xbf)?<\?xml[^>]*?\sencoding\s*=\s*["']([\w.-]+)["']/.exec(start);
  const encoding = found?.[1].toLowerCase() ?? 'utf-8';
  return ['utf-8', 'us-ascii'].includes(encoding) ? null : encoding;
}

const ENCODING_IN_DECLARATION = /^(<\?xml[^>]*?)\s+encoding\s*=\s*["'][\w.-]+["']/;

/** As text that no longer says what it was written in. */
function decodeAs(encoding: string, bytes: Uint8Array): string {
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
    return text.replace(ENCODING_IN_DECLARATION, '$1');
  } catch {
    throw new SoapError(Cause.InvalidSoap, `the text is not readable as ${encoding}`);
  }
}

/** The charset is that of what X-Road would write, whatever the document declares. */
function checkCharset(charset: string | null): void {
  if (charset === null) return;
  try {
    new TextDecoder(charset);
  } catch {
    // UnsupportedEncodingException is an IOException (facts 4.1).
    throw new SoapError(Cause.IoError, `unknown charset ${charset}`);
  }
}

function invalidBody(): SoapError {
  const text = 'Malformed SOAP message: body must have exactly one child element';
  return new SoapError(Cause.InvalidSoap, text, Unlisted.InvalidBody);
}
