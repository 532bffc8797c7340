/**
 * Descriptions of the lab's own services, as their information systems serve them: WSDL 1.1 and
 * OpenAPI 3, with the real address in them, which the provider's server then hides.
 */
import { LAB_NAMESPACE } from '../soap/soap-writer.ts';
import { escapeXml } from '../transport.ts';
import type { DescribedService } from './described-service.ts';

export function writeWsdl({ id }: DescribedService, address: string): Buffer {
  const code = escapeXml(id.slice(id.lastIndexOf('/') + 1));
  const type = (name: string): string =>
    `<xsd:element name="${name}"><xsd:complexType><xsd:sequence>` +
    '<xsd:element name="content" type="xsd:string" form="unqualified"/>' +
    '</xsd:sequence></xsd:complexType></xsd:element>';
  const message = (name: string): string =>
    `<wsdl:message name="${name}"><wsdl:part name="body" element="lab:${name}"/></wsdl:message>`;
  const text = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<wsdl:definitions name="${code}" targetNamespace="${LAB_NAMESPACE}"`,
    '    xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"',
    '    xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"',
    `    xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:lab="${LAB_NAMESPACE}">`,
    `  <wsdl:types><xsd:schema targetNamespace="${LAB_NAMESPACE}">`,
    `    ${type(code)}`,
    `    ${type(`${code}Response`)}`,
    '  </xsd:schema></wsdl:types>',
    `  ${message(code)}`,
    `  ${message(`${code}Response`)}`,
    `  <wsdl:portType name="port"><wsdl:operation name="${code}">`,
    `    <wsdl:input message="lab:${code}"/><wsdl:output message="lab:${code}Response"/>`,
    '  </wsdl:operation></wsdl:portType>',
    '  <wsdl:binding name="binding" type="lab:port">',
    '    <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>',
    `    <wsdl:operation name="${code}"><soap:operation soapAction="" style="document"/>`,
    '      <wsdl:input><soap:body use="literal"/></wsdl:input>',
    '      <wsdl:output><soap:body use="literal"/></wsdl:output>',
    '    </wsdl:operation>',
    '  </wsdl:binding>',
    '  <wsdl:service name="service"><wsdl:port name="port" binding="lab:binding">',
    `    <soap:address location="${escapeXml(address)}"/>`,
    '  </wsdl:port></wsdl:service>',
    '</wsdl:definitions>',
    '',
  ];
  return Buffer.from(text.join('\n'));
}

/** A star in a path of X-Road's stands for what OpenAPI calls a parameter. */
export function writeOpenApi({ id, endpoints }: DescribedService, address: string): Buffer {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const { method, path } of endpoints) {
    const verbs = method === '*' ? VERBS : [method.toLowerCase()];
    const names: string[] = [];
    const templated = path.replace(/\*+/g, () => `{part${names.push('') - 1}}`);
    const parameters = names.map((_, at) => ({
      name: `part${at}`,
      in: 'path',
      required: true,
      schema: { type: 'string' },
    }));
    const operation = { parameters, responses: { 200: { description: 'The answer' } } };
    const operations = (paths[templated] ??= {});
    for (const verb of verbs) operations[verb] = operation;
  }
  const title = id.slice(id.lastIndexOf('/') + 1);
  const info = { title, version: '1' };
  return Buffer.from(
    JSON.stringify({ openapi: '3.0.3', info, servers: [{ url: address }], paths }),
  );
}

const VERBS = ['get', 'post', 'put', 'delete', 'patch', 'head', 'options', 'trace'];
