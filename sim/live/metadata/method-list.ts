/**
 * listMethods and allowedMethods at the provider's server (facts 3.1): SOAP services for whoever
 * asks by SOAP, REST services for whoever asks by REST. The metadata services themselves are not
 * in the lists.
 *
 * Source, read at 7.8: MetadataServiceHandlerImpl, RestMetadataServiceHandlerImpl; the forms are
 * those of PR-META, annex C, and PR-MREST, annex B.
 */
import { IDENTIFIER_NAMESPACE, XROAD_NAMESPACE } from '../soap/soap-header.ts';
import type { SoapMessage } from '../soap/soap-message.ts';
import { escapeXml } from '../transport.ts';
import { allowedEndpoints, selectServices } from './described-service.ts';
import type { DescribedService, MetadataQuestion } from './described-service.ts';
import type { MetadataAnswer } from './list-clients.ts';
import { replaceBody } from '../soap/soap-reply.ts';

export type MethodList = 'listMethods' | 'allowedMethods';

/** A SOAP answer like that of an information system: the request hash is still to come. */
export function listSoapMethods(
  request: SoapMessage,
  question: MetadataQuestion,
  list: MethodList,
): MetadataAnswer {
  const services = selectServices(question, 'soap', list === 'allowedMethods');
  const name = `xroad:${list}Response`;
  const spaces = `xmlns:xroad="${XROAD_NAMESPACE}" xmlns:id="${IDENTIFIER_NAMESPACE}"`;
  const content = services.map(({ id }) => serviceElement(id)).join('');
  const body = replaceBody(request.bytes, `<${name} ${spaces}>${content}</${name}>`);
  return { contentType: 'text/xml; charset=UTF-8', body };
}

export function listRestMethods(question: MetadataQuestion, list: MethodList): MetadataAnswer {
  const isAllowed = list === 'allowedMethods';
  const service = selectServices(question, 'rest', isAllowed).map((one) => {
    const endpoints = isAllowed ? allowedEndpoints(question, one) : one.endpoints;
    return { ...restService(one), endpoint_list: endpoints };
  });
  return { contentType: 'application/json', body: Buffer.from(JSON.stringify({ service })) };
}

const PARTS = ['xRoadInstance', 'memberClass', 'memberCode', 'subsystemCode', 'serviceCode'];

function serviceElement(id: string): string {
  const codes = id.split('/');
  // A bare member has no subsystem.
  const names = codes.length < PARTS.length ? PARTS.toSpliced(3, 1) : PARTS;
  const parts = names.map((name, at) => `<id:${name}>${escapeXml(codes[at])}</id:${name}>`);
  return `<xroad:service id:objectType="SERVICE">${parts.join('')}</xroad:service>`;
}

function restService({ id, type }: DescribedService): Readonly<Record<string, string>> {
  const [instance, memberClass, memberCode, subsystem, service] = id.split('/');
  return {
    member_class: memberClass,
    member_code: memberCode,
    object_type: 'SERVICE',
    service_code: service,
    service_type: type === 'openapi' ? 'OPENAPI' : 'REST',
    subsystem_code: subsystem,
    xroad_instance: instance,
  };
}
