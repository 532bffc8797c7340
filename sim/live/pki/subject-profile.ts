/**
 * Subjects of certificates as the countries write them (facts 11; certificateprofile.impl of X-Road
 * 7.8). evidence/subject.ts reads the member back by the same profiles.
 *
 *   finnish    C=FI, O=name, CN=member code or server name, serialNumber=INSTANCE/server/CLASS;
 *              X-Road's own development network uses it too
 *   estonian   C=EE, O=name, organizationIdentifier=register and code, CN=name, serialNumber=code
 *   basic      C, O=name, businessCategory=CLASS, serialNumber=code, CN=name
 */
import { assert } from '../../base/assert.ts';
import { oid, printable, sequence, setOf, utf8 } from '../der-writer.ts';

export type SubjectProfile = 'finnish' | 'estonian' | 'basic';

const TYPES = {
  C: '2.5.4.6',
  O: '2.5.4.10',
  OI: '2.5.4.97',
  BC: '2.5.4.15',
  CN: '2.5.4.3',
  SN: '2.5.4.5',
} as const;

export type NameField = readonly [type: keyof typeof TYPES, value: string];

/** A member at one of its servers. */
export interface Holder {
  readonly instance: string;
  readonly memberClass: string;
  readonly memberCode: string;
  readonly serverCode: string;
  readonly memberName: string;
}

const PACKAGE = 'ee.ria.xroad.common.certificateprofile.impl';

/** X-Road's class, as the shared parameters name it for an authority (certificateProfileInfo). */
export const PROFILE_CLASSES: Readonly<Record<SubjectProfile, string>> = {
  finnish: `${PACKAGE}.FiVRKCertificateProfileInfoProvider`,
  estonian: `${PACKAGE}.SkKlass3CertificateProfileInfoProvider`,
  basic: `${PACKAGE}.BasicCertificateProfileInfoProvider`,
};

/** Estonia's registers; NEE, foreign enterprises, write the code with no prefix of ours. */
const REGISTERS: Readonly<Record<string, string>> = {
  COM: 'NTREE-',
  GOV: 'GO:EE-',
  NGO: 'NP:EE-',
  NEE: '',
};

/** Estonia's profile has four member classes and no others; the other two have any. */
export function canExpress(profile: SubjectProfile, memberClass: string): boolean {
  return profile !== 'estonian' || memberClass in REGISTERS;
}

/** Of a signing certificate, which is a member's. */
export function signingSubject(profile: SubjectProfile, holder: Holder): NameField[] {
  const { memberClass, memberCode } = holder;
  const name = short(holder.memberName);
  if (profile === 'finnish') {
    return [
      ['C', 'FI'],
      ['O', name],
      ['CN', memberCode],
      ['SN', finnishSerial(holder)],
    ];
  }
  if (profile === 'estonian') {
    assert(canExpress(profile, memberClass), `Estonia's profile has no class ${memberClass}`);
    return [
      ['C', 'EE'],
      ['O', name],
      ['OI', `${REGISTERS[memberClass]}${memberCode}`],
      ['CN', name],
      ['SN', memberCode],
    ];
  }
  return [
    ['C', NO_COUNTRY],
    ['O', name],
    ['BC', memberClass],
    ['CN', name],
    ['SN', memberCode],
  ];
}

/** Of an authentication certificate, which is a server's. */
export function authenticationSubject(profile: SubjectProfile, holder: Holder): NameField[] {
  const server = dnsNameOf(holder);
  const name = short(holder.memberName);
  if (profile === 'finnish') {
    return [
      ['C', 'FI'],
      ['O', name],
      ['CN', server],
      ['SN', finnishSerial(holder)],
    ];
  }
  return [
    ['C', profile === 'estonian' ? 'EE' : NO_COUNTRY],
    ['O', name],
    ['CN', server],
    ['SN', holder.memberCode],
  ];
}

/** A name for the server that no name server knows (RFC 2606): addresses are all that is used. */
export function dnsNameOf({ instance, memberCode, serverCode }: Holder): string {
  return `${label(serverCode)}.${label(memberCode)}.${label(instance)}.test`;
}

/** A Name in DER; countries are PrintableString, codes and names may hold any letter. */
export function nameDer(fields: readonly NameField[]): Buffer {
  return sequence(
    ...fields.map(([type, value]) =>
      setOf(sequence(oid(TYPES[type]), type === 'C' ? printable(value) : utf8(value))),
    ),
  );
}

/** ISO 3166 leaves it to users. */
const NO_COUNTRY = 'XX';

function finnishSerial({ instance, serverCode, memberClass }: Holder): string {
  const parts = [instance, serverCode, memberClass];
  assert(!parts.some((part) => part.includes('/')), `a code of ${parts.join(' ')} has a slash`);
  return parts.join('/');
}

/** RFC 5280, appendix A: names of organisations and common names have 64 characters. */
function short(name: string): string {
  return Array.from(name).slice(0, 64).join('');
}

/** Three of them and what joins them fit in a common name. */
function label(code: string): string {
  const plain = code.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  return plain.slice(0, 18).replace(/^-+|-+$/g, '') || 'x';
}
