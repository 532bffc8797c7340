/**
 * getWsdl and getOpenAPI at the provider's server: the description of one service as its
 * information system has it, without the address at which that can be found (facts 3.1).
 *
 * Source, read at 7.8: MetadataServiceHandlerImpl, OverwriteAttributeFilter, WsdlRequestData,
 * RestMetadataServiceHandlerImpl, Openapi3Anonymiser.
 */
import { randomUUID } from 'node:crypto';
import { Cause } from '../../protocol/fault.ts';
import { EvidenceError } from '../evidence/evidence-error.ts';
import { childNamed, elementsOf, parseXml, textOf } from '../evidence/xml.ts';
import { writeMultipart } from '../soap/attachments.ts';
import { SoapError, Unlisted } from '../soap/soap-error.ts';
import { XROAD_NAMESPACE } from '../soap/soap-header.ts';
import { decodeSoap, ENVELOPE_NAMESPACE } from '../soap/soap-message.ts';
import type { SoapMessage } from '../soap/soap-message.ts';
import { localName, tokensOf, writeStartTag } from '../soap/xml-tokens.ts';
import { makeBoundary } from '../transport.ts';
import type { DescribedService, MetadataQuestion } from './described-service.ts';
import type { MetadataAnswer } from './list-clients.ts';
import { answerInKind } from '../soap/soap-reply.ts';

/** What all descriptions say instead of the real address. */
export const WSDL_ADDRESS = 'http://example.org/xroad-endpoint';
const WSDL_SOAP_NAMESPACE = 'http://schemas.xmlsoap.org/wsdl/soap/';

/**
 * The SOAP service whose description is asked for; throws SoapError, whose place is
 * Place.ServerProxy.
 */
export function wantedByWsdlRequest(
  request: SoapMessage,
  { services, provider }: MetadataQuestion,
): DescribedService {
  const { root } = parseXml(Buffer.from(decodeSoap(request.bytes)));
  const body = childNamed(root, ENVELOPE_NAMESPACE, 'Body');
  const question = body === null ? undefined : elementsOf(body)[0];
  const partOf = (name: string): string | null => {
    const element = question === undefined ? null : childNamed(question, XROAD_NAMESPACE, name);
    return element === null ? null : textOf(element);
  };
  const code = partOf('serviceCode') ?? '';
  if (code.trim() === '') throw invalidRequest();
  const version = partOf('serviceVersion');
  const id = [provider, code, ...(version === null ? [] : [version])].join('/');
  const service = services.find((one) => one.id === id);
  if (service === undefined) {
    throw new SoapError(Cause.UnknownService, `Could not find wsdl URL for service ${id}`);
  }
  if (service.type !== 'soap') {
    const text = 'Service is a REST service and does not have a WSDL';
    throw new SoapError(Cause.ServiceType, text);
  }
  return service;
}

/** A SOAP answer with an attachment; the request hash is still to come. */
export function answerWithWsdl(request: SoapMessage, wsdl: Buffer): MetadataAnswer {
  const boundary = makeBoundary().replace(/^xtop/, 'xroad');
  const { serviceCode } = request.header.service;
  const message = {
    contentType: request.contentType,
    headers: [],
    content: answerInKind(request.bytes, serviceCode),
  };
  const attachment = {
    contentType: 'text/xml',
    headers: [
      { name: 'Content-Transfer-Encoding', value: 'binary' },
      { name: 'Content-ID', value: `<wsdl=${randomUUID()}@x-road.eu>` },
    ],
    content: hideAddresses(wsdl),
  };
  return {
    contentType: `multipart/related; type="text/xml"; charset=UTF-8; boundary=${boundary}`,
    body: writeMultipart(boundary, [message, attachment]),
  };
}

/**
 * The REST service whose description is asked for; throws SoapError, whose place is
 * Place.ServerProxy. The query is that of the request, without its question mark.
 */
export function wantedByOpenApiRequest(
  query: string | null,
  { services, provider }: MetadataQuestion,
): DescribedService {
  const named = [...new URLSearchParams(query ?? '')].findLast(
    ([name]) => name.toLowerCase() === 'servicecode',
  );
  const code = named?.[1] ?? '';
  if (code === '') throw invalidRequest();
  const service = services.find(({ id }) => id === `${provider}/${code}`);
  if (service === undefined) throw internal(`Service not found: ${provider}/${code}`);
  if (service.type !== 'openapi') {
    const type = service.type === 'soap' ? 'WSDL' : 'REST';
    throw internal(`Invalid service type: ${type}`);
  }
  return service;
}

/**
 * Of every server but those with variables only the path stays. JSON is read and written again, as
 * X-Road does; YAML keeps its form, because only its addresses change.
 */
export function answerWithOpenApi(description: Buffer, contentType: string | null): MetadataAnswer {
  const isJson = contentType !== null && contentType.includes('application/json');
  const text = description.toString('utf8');
  const hidden = isJson ? hideInJson(text) : hideInYaml(text);
  return { contentType: contentType ?? 'text/plain', body: Buffer.from(hidden) };
}

type Tree = Readonly<Record<string, unknown>>;

const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function hideInJson(text: string): string {
  let tree: unknown;
  try {
    tree = JSON.parse(text);
  } catch {
    throw internal('the description of the service cannot be read');
  }
  if (!isTree(tree)) throw internal('the description of the service is none');
  const { openapi, servers } = tree;
  if (typeof openapi === 'string') checkVersion(openapi);
  if (!Array.isArray(servers)) return JSON.stringify(tree);
  return JSON.stringify({ ...tree, servers: servers.map(hideServer) });
}

function hideServer(server: unknown): unknown {
  if (!isTree(server)) return server;
  const { url } = server;
  if (typeof url !== 'string' || hasVariables(url)) return server;
  return { ...server, url: pathOf(url) };
}

/** From `servers:` to the next line that begins a key of the same level. */
const YAML_SERVERS = /^servers:[^]*?(?=^[^\s#-]|(?![^]))/m;
const YAML_URL = /^(\s*(?:-\s+)?url:\s*)(?:"([^"\n]*)"|'([^'\n]*)'|([^\s"'#][^\n]*?))[ \t]*$/gm;

function hideInYaml(text: string): string {
  const version = /^openapi:\s*["']?([\w.]+)/m.exec(text)?.[1] ?? null;
  if (version !== null) checkVersion(version);
  return text.replaceAll('\r\n', '\n').replace(YAML_SERVERS, (servers) => {
    const hidden = servers.replace(
      YAML_URL,
      (line: string, key: string, double?: string, single?: string, bare?: string) => {
        const url = double ?? single ?? bare ?? '';
        return hasVariables(url) ? line : `${key}"${pathOf(url)}"`;
      },
    );
    // What is written in a way that is not understood here is kept back, not let out.
    const isOpen = hidden.split('\n').some((line) => line.includes('://') && !hasVariables(line));
    if (isOpen) throw internal('the servers of the description cannot be read');
    return hidden;
  });
}

function checkVersion(openapi: string): void {
  if (!openapi.startsWith('3.')) throw internal(`Incompatible openapi version ${openapi}`);
}

const hasVariables = (url: string): boolean => url.includes('{') && url.includes('}');

function pathOf(url: string): string {
  // A relative one is a path already.
  if (!/^[a-z][\w+.-]*:/i.test(url)) return url.split(/[?#]/)[0];
  if (!URL.canParse(url)) throw internal(`Can't parse url string: ${url}`);
  const path = new URL(url).pathname;
  // Java's URI knows an address without a path; WHATWG's URL gives it a slash.
  return path === '/' && !/^[^/]*\/\/[^/]*\//.test(url) ? '' : path;
}

function hideAddresses(wsdl: Buffer): Buffer {
  const text = decodeSoap(wsdl);
  try {
    parseXml(Buffer.from(text));
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    throw internal(`the WSDL of the service cannot be read: ${error.message}`);
  }
  let written = '';
  for (const token of tokensOf(text)) {
    const isEmpty = token.raw.endsWith('/>');
    // An empty element is written with its start.
    if (token.kind === 'end' && isEmpty) continue;
    const isAddress = token.namespace === WSDL_SOAP_NAMESPACE && localName(token) === 'address';
    if (token.kind === 'start' && isAddress) {
      const attributes = token.attributes.map((attribute) =>
        attribute.name === 'location' ? { ...attribute, value: WSDL_ADDRESS } : attribute,
      );
      const tag = writeStartTag(token.name, attributes);
      written += isEmpty ? `${tag.slice(0, -1)}/>` : tag;
    } else written += token.raw;
  }
  return Buffer.from(written);
}

const internal = (text: string): SoapError => new SoapError(Cause.InternalError, text);

function invalidRequest(): SoapError {
  const text = 'Missing serviceCode in message body';
  return new SoapError(Cause.InvalidMessage, text, Unlisted.InvalidRequest);
}
