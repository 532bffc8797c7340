/** Identifiers of members and subsystems as the parts of a configuration write them. */
import { assert } from '../../base/assert.ts';
import { childNamed, textOf } from '../evidence/xml.ts';
import type { XmlElement } from '../evidence/xml.ts';
import { branch, IDENTIFIER_NAMESPACE, invalid, leaf } from './xml-text.ts';
import type { Written } from './xml-text.ts';

const FIELDS = ['xRoadInstance', 'memberClass', 'memberCode', 'subsystemCode'] as const;

/** `INSTANCE/CLASS/CODE[/SUBSYSTEM]`. */
export function writtenIdentifier(name: string, identifier: string): Written {
  const codes = identifier.split('/');
  assert(codes.length === 3 || codes.length === 4, `${identifier} is no member or subsystem`);
  const objectType = codes.length === 3 ? 'MEMBER' : 'SUBSYSTEM';
  return branch(
    name,
    codes.map((code, index) => leaf(`ns2:${FIELDS[index]}`, code)),
    { 'ns2:objectType': objectType },
  );
}

export function identifierOf(element: XmlElement): string {
  const type = element.attributes.find(({ local }) => local === 'objectType')?.value;
  const count = type === 'MEMBER' ? 3 : 4;
  const codes = FIELDS.slice(0, count).map((field) => {
    const child = childNamed(element, IDENTIFIER_NAMESPACE, field);
    if (child === null) throw invalid(`${element.local} has no ${field}`);
    return textOf(child).trim();
  });
  if (type !== 'MEMBER' && type !== 'SUBSYSTEM') throw invalid(`an identifier of a ${type}`);
  return codes.join('/');
}
