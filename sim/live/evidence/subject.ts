/**
 * Which member a signing certificate is for. The profile of an authority says where in the subject
 * the codes stand (facts 11; ee.ria.xroad.common.certificateprofile.impl of X-Road 7.8).
 */
import type { MemberId } from '../../protocol/identifier.ts';
import type { Certificate } from './certificate.ts';

const Field = {
  CommonName: '2.5.4.3',
  SerialNumber: '2.5.4.5',
  Country: '2.5.4.6',
  Organization: '2.5.4.10',
  Unit: '2.5.4.11',
  BusinessCategory: '2.5.4.15',
  OrganizationIdentifier: '2.5.4.97',
} as const;

type Fields = Certificate['subjectFields'];

/** Null: the subject is not of the profile. The instance is that of whoever says to have signed. */
type Profile = (fields: Fields, instance: string) => MemberId | null;

/** By the last part of the name of X-Road's class, as the shared parameters give it. */
const PROFILES: Readonly<Record<string, Profile>> = {
  FiVRKCertificateProfileInfoProvider: (fields) => finnish(fields),
  IsCertificateProfileInfoProvider: (fields) => northern(fields, 'IS', false),
  FoCertificateProfileInfoProvider: (fields) => northern(fields, 'FO', true),
  EjbcaCertificateProfileInfoProvider: (fields) => ejbca(fields),
  BasicCertificateProfileInfoProvider: (fields, instance) => basic(fields, instance),
  BasicACMECertificateProfileInfoProvider: (fields, instance) => basic(fields, instance),
  SkKlass3CertificateProfileInfoProvider: (fields, instance) => estonian(fields, instance),
  SkEsteIdCertificateProfileInfoProvider: (fields, instance) =>
    member(instance, 'PERSON', fields.get(Field.SerialNumber)),
};

export function isKnownProfile(className: string): boolean {
  return profileNameOf(className) in PROFILES;
}

/** By one profile, or where that is null by each of them. */
export function membersInSubject(
  { subjectFields }: Certificate,
  className: string | null,
  instance: string,
): MemberId[] {
  const profiles =
    className === null ? Object.values(PROFILES) : [PROFILES[profileNameOf(className)]];
  return profiles
    .map((profile) => profile?.(subjectFields, instance) ?? null)
    .filter((found) => found !== null);
}

function profileNameOf(className: string): string {
  return className.trim().split('.').at(-1) ?? '';
}

function finnish(fields: Fields): MemberId | null {
  const serial = fields.get(Field.SerialNumber);
  if (serial === undefined && !fields.has(Field.Unit)) return ejbca(fields);
  if (fields.get(Field.Country) !== 'FI' || !fields.has(Field.Organization)) return null;
  const code = fields.get(Field.CommonName);
  if (serial === undefined) {
    return member(fields.get(Field.Organization), fields.get(Field.Unit), code);
  }
  const [instance, , memberClass, ...more] = serial.split('/');
  return more.length > 0 ? null : member(instance, memberClass, code);
}

/** Iceland and the Faroe Islands. */
function northern(fields: Fields, country: string, needsSerial: boolean): MemberId | null {
  const hasSerial = fields.has(Field.SerialNumber);
  if (!needsSerial && !hasSerial && !fields.has(Field.Unit)) return ejbca(fields);
  if (fields.get(Field.Country) !== country || !hasSerial) return null;
  return member(
    fields.get(Field.Organization),
    fields.get(Field.Unit),
    fields.get(Field.CommonName),
  );
}

function ejbca(fields: Fields): MemberId | null {
  return member(
    fields.get(Field.Country),
    fields.get(Field.Organization),
    fields.get(Field.CommonName),
  );
}

function basic(fields: Fields, instance: string): MemberId | null {
  return member(instance, fields.get(Field.BusinessCategory), fields.get(Field.SerialNumber));
}

/** The registers of Estonia, by their prefixes; `NEE` are foreign enterprises. */
const REGISTERS: Readonly<Record<string, string>> = {
  'NTREE-': 'COM',
  'GO:EE-': 'GOV',
  'NP:EE-': 'NGO',
};

function estonian(fields: Fields, instance: string): MemberId | null {
  const identifier = fields.get(Field.OrganizationIdentifier) ?? '';
  if (identifier !== '') {
    const memberClass = REGISTERS[identifier.slice(0, 6)];
    return memberClass === undefined
      ? member(instance, 'NEE', identifier)
      : member(instance, memberClass, identifier.slice(6));
  }
  const serial = fields.get(Field.SerialNumber) ?? '';
  if (!/^[1-9]\d{7}$/.test(serial)) return null;
  const first = Number(serial[0]);
  return member(instance, first <= 6 ? 'COM' : first === 7 ? 'GOV' : 'NGO', serial);
}

function member(
  xRoadInstance: string | undefined,
  memberClass: string | undefined,
  memberCode: string | undefined,
): MemberId | null {
  if (!xRoadInstance || !memberClass || !memberCode) return null;
  return { kind: 'member', xRoadInstance, memberClass, memberCode };
}
