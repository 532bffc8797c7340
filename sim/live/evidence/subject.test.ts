// Subjects as the profiles of X-Road 7.8 write them (certificateprofile.impl), one row a profile.
import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { printId } from '../../protocol/identifier.ts';
import { certify, Extension } from '../../testing/evidence-maker.ts';
import { readCertificate } from './certificate.ts';
import { membersInSubject } from './subject.ts';

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

const OIDS: Readonly<Record<string, string>> = {
  CN: '2.5.4.3',
  SN: '2.5.4.5',
  C: '2.5.4.6',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  BC: '2.5.4.15',
  OI: '2.5.4.97',
};

function certificateOf(subject: Readonly<Record<string, string>>) {
  const { certificate } = certify(
    {
      subject: Object.entries(subject).map(([field, value]) => [OIDS[field], value] as const),
      serial: 5,
      issuer: null,
      keyType: 'ec',
      extensions: [Extension.nonRepudiation],
      from: '2020-01-01T00:00:00Z',
      to: '2040-01-01T00:00:00Z',
    },
    publicKey,
    privateKey,
  );
  return readCertificate(certificate);
}

const ROWS: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
  ['FiVRK', { C: 'FI', O: 'Name', SN: 'FI/ss1/GOV', CN: '0123456-7' }, 'FI/GOV/0123456-7'],
  ['FiVRK', { C: 'FI', O: 'FI-TEST', OU: 'GOV', CN: '0123456-7' }, 'FI-TEST/GOV/0123456-7'],
  ['FiVRK', { C: 'SE', O: 'Name', SN: 'FI/ss1/GOV', CN: '0123456-7' }, ''],
  ['FiVRK', { C: 'FI', O: 'Name', SN: 'FI/ss1/GOV/more', CN: '0123456-7' }, ''],
  ['Is', { C: 'IS', O: 'IS', OU: 'GOV', CN: '4701', SN: 'IS/GOV/4701/ss' }, 'IS/GOV/4701'],
  ['Is', { C: 'FO', O: 'IS', OU: 'GOV', CN: '4701', SN: 'IS/GOV/4701/ss' }, ''],
  ['Fo', { C: 'FO', O: 'FO', OU: 'COM', CN: '1', SN: 'FO/COM/1/ss' }, 'FO/COM/1'],
  ['Fo', { C: 'FO', O: 'FO', OU: 'COM', CN: '1' }, ''],
  ['Ejbca', { C: 'XX', O: 'COM', CN: '77' }, 'XX/COM/77'],
  ['Basic', { C: 'EE', O: 'Name', BC: 'GOV', SN: '70000001', CN: 'Name' }, 'LAB/GOV/70000001'],
  ['BasicACME', { C: 'EE', BC: 'GOV', CN: 'Name' }, ''],
  ['SkKlass3', { SN: '10000001', CN: 'Name' }, 'LAB/COM/10000001'],
  ['SkKlass3', { SN: '70000001', CN: 'Name' }, 'LAB/GOV/70000001'],
  ['SkKlass3', { SN: '80000001', CN: 'Name' }, 'LAB/NGO/80000001'],
  ['SkKlass3', { SN: '7000', CN: 'Name' }, ''],
  ['SkKlass3', { OI: 'NTREE-10000001', SN: '80000001' }, 'LAB/COM/10000001'],
  ['SkKlass3', { OI: 'GO:EE-70000001' }, 'LAB/GOV/70000001'],
  ['SkKlass3', { OI: 'NTRFI-0123456-7' }, 'LAB/NEE/NTRFI-0123456-7'],
];

for (const [profile, subject, expected] of ROWS) {
  const name = Object.values(subject).join(' ');
  test(`${profile}: ${name} is ${expected === '' ? 'nobody' : expected}`, () => {
    const className = `ee.ria.xroad.impl.${profile}CertificateProfileInfoProvider`;
    const wanted = expected === '' ? [] : [expected];
    const found = membersInSubject(certificateOf(subject), className, 'LAB').map(printId);
    expect(found.map(decodeURIComponent)).toEqual(wanted);
    // Without a profile it is one of those that all profiles find.
    const all = membersInSubject(certificateOf(subject), null, 'LAB').map(printId);
    expect(all.map(decodeURIComponent)).toEqual(expect.arrayContaining(wanted));
  });
}

test('a profile that nobody knows finds nobody', () => {
  const certificate = certificateOf({ C: 'XX', O: 'COM', CN: '77' });
  expect(membersInSubject(certificate, 'com.example.Other', 'LAB')).toEqual([]);
});
