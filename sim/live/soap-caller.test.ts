// What a SOAP caller sends, and how it knows a fault.
import { expect, test } from 'vitest';
import type { WorkloadDocument } from '../plan/document.ts';
import { worldDocument, WORLDS } from '../testing/worlds.ts';
import { soapCallOf, soapFaultCode, soapRequestOf } from './soap-caller.ts';
import { writeSoapFault } from './soap/soap-fault.ts';

const good = WORLDS.find(({ name }) => name === 'soap-good');

function workload(changes: Partial<WorkloadDocument> = {}): WorkloadDocument {
  if (good === undefined) throw new Error('there is no such world');
  return { ...worldDocument(good).workloads[0], ...changes };
}

const textOf = (changes: Partial<WorkloadDocument>): string =>
  soapRequestOf(workload(changes), 3, 'a<b').toString('utf8');

test('what an identifier is made of is escaped', () => {
  const text = textOf({ client: 'EE/GOV/70000001/por&tal' });
  expect(text).toContain('<xro:id>a&lt;b</xro:id>');
  expect(text).toContain('<iden:subsystemCode>por&amp;tal</iden:subsystemCode>');
});

test('it names the server it is for only where the workload does', () => {
  expect(textOf({})).not.toContain('securityServer');
  const named = textOf({ targetServer: 'EE/GOV/70000002/ss2' });
  expect(named).toContain('<iden:serverCode>ss2</iden:serverCode>');
});

test('a defect is made, and nothing else', () => {
  expect(textOf({ defects: ['missing-header-field'] })).not.toContain('protocolVersion');
  expect(textOf({ defects: ['invalid-xml'] })).not.toContain('objectType');
  expect(textOf({ defects: ['unknown-service'] })).toContain('>no-such-service<');
  expect(textOf({ defects: ['unregistered-client'] })).toContain('>nothing<');
});

test('the call is a POST of text/xml to the root, with its content as long as asked', () => {
  const { method, path, rawHeaders, body } = soapCallOf(workload(), 1234, 'x');
  expect([method, path]).toEqual(['POST', '/']);
  expect(rawHeaders).toContain('text/xml; charset=UTF-8');
  expect(/<content>(a*)<\/content>/.exec(String(body))?.[1]).toHaveLength(1234);
});

test('a fault is known by its place, not by its words', () => {
  const headers = [{ name: 'Content-Type', value: 'text/xml;charset=utf-8' }];
  const fault = writeSoapFault({ code: 'server.x', text: '<', detail: 'd' });
  expect(soapFaultCode(headers, fault)).toBe('server.x');
  const quoted = Buffer.from(textOf({}).replace('aaa', '&lt;Fault>&lt;faultcode>x'));
  expect(soapFaultCode(headers, quoted)).toBeNull();
  expect(soapFaultCode(headers, fault.subarray(0, 40))).toBeNull();
  expect(soapFaultCode([{ name: 'content-type', value: 'application/json' }], fault)).toBeNull();
});
