import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  identifierIssues,
  memberOf,
  parseClientId,
  parseMemberId,
  parseServerId,
  parseServiceId,
  parseSubsystemId,
  printForLog,
  printId,
  subsystemOf,
} from './identifier.ts';

test('the REST form of each kind, there and back', () => {
  const cases = [
    [parseMemberId, 'FI/ORG/1710128-9', 'MEMBER:FI/ORG/1710128-9'],
    [parseSubsystemId, 'EE/GOV/70008440/rr', 'SUBSYSTEM:EE/GOV/70008440/rr'],
    [parseServiceId, 'EE/GOV/70008440/rr/RR437', 'SERVICE:EE/GOV/70008440/rr/RR437'],
    [parseServiceId, 'EE/GOV/70008440/rr/RR437/v1', 'SERVICE:EE/GOV/70008440/rr/RR437/v1'],
    [parseServerId, 'EE/GOV/70008440/ss1', 'SERVER:EE/GOV/70008440/ss1'],
  ] as const;
  for (const [parse, text, log] of cases) {
    const id = parse(text);
    if (id === null) throw new Error(`${text} was not parsed`);
    expect(printId(id)).toBe(text);
    expect(printForLog(id)).toBe(log);
  }
});

test('a client is a subsystem or a member', () => {
  expect(parseClientId('EE/GOV/1/portal')?.kind).toBe('subsystem');
  expect(parseClientId('EE/GOV/1')?.kind).toBe('member');
  expect(parseClientId('EE/GOV')).toBeNull();
  expect(parseClientId('EE/GOV/1/portal/service')).toBeNull();
});

test.each(['', 'EE', 'EE//1', 'EE/GOV/', '/EE/GOV/1', 'EE/G V/1', 'EE/GOV/%4', 'EE/GOV/%ff'])(
  '"%s" is no member',
  (text) => {
    expect(parseMemberId(text)).toBeNull();
  },
);

test('parts of a service', () => {
  const service = parseServiceId('EE/GOV/70008440/rr/RR437');
  if (service === null) throw new Error('not parsed');
  expect(printId(subsystemOf(service))).toBe('EE/GOV/70008440/rr');
  expect(printId(memberOf(service))).toBe('EE/GOV/70008440');
  expect(service.serviceVersion).toBeNull();
});

test('any characters survive printing and parsing', () => {
  const anyCode = fc.string({ minLength: 1, unit: 'grapheme' });
  fc.assert(
    fc.property(anyCode, anyCode, (memberCode, subsystemCode) => {
      const id = {
        kind: 'subsystem',
        xRoadInstance: 'EE',
        memberClass: 'GOV',
        memberCode,
        subsystemCode,
      } as const;
      expect(parseSubsystemId(printId(id))).toEqual(id);
    }),
  );
});

test('the REST form escapes what a path segment may not hold, and nothing else', () => {
  const id = parseMemberId("EE/GOV/a-._~!$&'()*+,;=:@z");
  if (id === null) throw new Error('not parsed');
  expect(printId(id)).toBe("EE/GOV/a-._~!$&'()*+,;=:@z");
  expect(printId({ ...id, memberCode: 'a/b c%?õ' })).toBe('EE/GOV/a%2Fb%20c%25%3F%C3%B5');
});

describe('issues', () => {
  const issuesOf = (memberCode: string): string[] =>
    identifierIssues({ kind: 'member', xRoadInstance: 'EE', memberClass: 'GOV', memberCode }).map(
      ({ field, character, severity }) => `${field} ${JSON.stringify(character)} ${severity}`,
    );

  test('letters, digits and a few signs are allowed', () => {
    expect(issuesOf("Az09'()+,-.=?")).toEqual([]);
  });

  test.each(['/', '\\', ':', ';', '%', '\n', '\u200b', '\ufeff'])(
    '%j is forbidden',
    (character) => {
      const found = issuesOf(`a${character}b${character}`);
      expect(found).toEqual([`memberCode ${JSON.stringify(character)} forbidden`]);
    },
  );

  test.each(['_', ' ', 'õ', '!'])('%j is discouraged', (character) => {
    expect(issuesOf(character)).toEqual([`memberCode ${JSON.stringify(character)} discouraged`]);
  });

  test('every field is looked at', () => {
    const service = parseServiceId('E_/G_/1_/s_/v_/1_');
    if (service === null) throw new Error('not parsed');
    expect(identifierIssues(service).map(({ field }) => field)).toEqual([
      'xRoadInstance',
      'memberClass',
      'memberCode',
      'subsystemCode',
      'serviceCode',
      'serviceVersion',
    ]);
    const server = parseServerId('EE/GOV/1/s_');
    if (server === null) throw new Error('not parsed');
    expect(identifierIssues(server).map(({ field }) => field)).toEqual(['serverCode']);
  });
});
