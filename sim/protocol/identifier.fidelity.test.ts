// Identifiers of real members, subsystems and services, as public sources name them.
import { expect } from 'vitest';
import { fidelityTest, readVector } from '../testing/fidelity.ts';
import {
  identifierIssues,
  parseClientId,
  parseServiceId,
  printForLog,
  printId,
} from './identifier.ts';

fidelityTest('published identifiers are read and printed', () => {
  const rows = readVector('realdata/identifiers.csv').trim().split('\n').slice(1);
  expect(rows.length).toBeGreaterThan(10);
  for (const row of rows) {
    // The first five columns hold no commas. A service may name its protocol in brackets.
    const [xRoadInstance, memberClass, memberCode, subsystem, service] = row.split(',');
    const serviceCode = service.replace(/ \(.*\)$/, '');
    const parts = [xRoadInstance, memberClass, memberCode, subsystem, serviceCode];
    const text = parts.filter((part) => part !== '').join('/');
    const id = serviceCode === '' ? parseClientId(text) : parseServiceId(text);
    if (id === null) throw new Error(`${text} was not parsed`);
    expect(printId(id)).toBe(text);
    expect(printForLog(id)).toBe(`${id.kind.toUpperCase()}:${text}`);
    expect(id).toMatchObject({ xRoadInstance, memberClass, memberCode });
    expect(identifierIssues(id)).toEqual([]);
  }
});
