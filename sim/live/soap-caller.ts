/** The information system of a consumer that speaks SOAP: the request that a workload describes. */
import type { WorkloadDocument } from '../plan/document.ts';
import { findHeader, HeaderName } from '../protocol/message.ts';
import type { Header } from '../protocol/message.ts';
import type { ClientId, ServerId } from '../protocol/identifier.ts';
import type { WholeCall } from './loopback.ts';
import { parseSoap } from './soap/soap-message.ts';
import { SoapError } from './soap/soap-error.ts';
import { writeSoapRequest } from './soap/soap-writer.ts';
import type { AskedHeader } from './soap/soap-writer.ts';

const XML_TYPE = 'text/xml; charset=UTF-8';

/** `bytes`: of the content; the header comes on top. Of SOAP every message needs an id. */
export function soapCallOf(workload: WorkloadDocument, bytes: number, id: string): WholeCall {
  return {
    method: 'POST',
    path: '/',
    // The id of HTTP is the lab's own: for messages whose header cannot be read.
    rawHeaders: ['content-type', XML_TYPE, 'soapaction', '""', HeaderName.Id, id],
    body: soapRequestOf(workload, bytes, id),
    signal: null,
  };
}

export function soapRequestOf(workload: WorkloadDocument, bytes: number, id: string): Buffer {
  const { defects } = workload;
  const whole = writeSoapRequest(headerOf(workload, id), Math.round(bytes));
  if (defects.includes('missing-header-field')) {
    return Buffer.from(whole.toString('utf8').replace(/<xro:protocolVersion>.*\n/, '\n'));
  }
  // What X-Road calls invalid XML is an identifier that does not say of what (facts 4.2).
  if (defects.includes('invalid-xml')) {
    return Buffer.from(whole.toString('utf8').replaceAll(/ iden:objectType="\w+"/g, ''));
  }
  return whole;
}

/** The code of a fault, which comes with HTTP 200 (facts 2.2); null: the answer is none. */
export function soapFaultCode(headers: readonly Header[], body: Buffer): string | null {
  const type = findHeader(headers, 'content-type') ?? '';
  if (!type.startsWith('text/xml') || !body.includes('Fault')) return null;
  try {
    const soap = parseSoap(body, type);
    return soap.kind === 'fault' ? soap.code : null;
  } catch (error) {
    if (error instanceof SoapError) return null;
    throw error;
  }
}

const NOBODY = { memberClass: 'NEE', memberCode: 'nobody' };

function headerOf(workload: WorkloadDocument, id: string): AskedHeader {
  const { client, services, defects } = workload;
  const [xRoadInstance] = client.split('/');
  const nobody = { kind: 'subsystem', xRoadInstance, ...NOBODY, subsystemCode: 'nothing' } as const;
  const parts = services[0].service.split('/');
  const provider = defects.includes('unknown-provider')
    ? { ...nobody, xRoadInstance: parts[0] }
    : clientOf(parts.slice(0, 4));
  return {
    client: defects.includes('unregistered-client') ? nobody : clientOf(client.split('/')),
    service: {
      provider,
      serviceCode: defects.includes('unknown-service') ? 'no-such-service' : parts[4],
      serviceVersion: null,
    },
    securityServer: serverOf(workload, xRoadInstance),
    id,
    userId: null,
    issue: null,
  };
}

function clientOf(parts: readonly string[]): ClientId {
  const [xRoadInstance, memberClass, memberCode, subsystemCode] = parts;
  const member = { xRoadInstance, memberClass, memberCode };
  return subsystemCode === undefined
    ? { kind: 'member', ...member }
    : { kind: 'subsystem', ...member, subsystemCode };
}

function serverOf({ targetServer, defects }: WorkloadDocument, instance: string): ServerId | null {
  const isStrange = defects.includes('wrong-target') || defects.includes('other-server');
  const strange = { xRoadInstance: instance, ...NOBODY, serverCode: 'no-such-server' };
  if (isStrange) return { kind: 'server', ...strange };
  if (targetServer === null) return null;
  const [xRoadInstance, memberClass, memberCode, serverCode] = targetServer.split('/');
  return { kind: 'server', xRoadInstance, memberClass, memberCode, serverCode };
}
