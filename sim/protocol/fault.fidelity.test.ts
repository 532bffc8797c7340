// X-Road's own message tests name the codes that a client must see (proxy-testcases, spelt as 7.8
// does); two recorded faults of 7.7 show the older spelling.
import { expect } from 'vitest';
import { fidelityTest, readVector } from '../testing/fidelity.ts';
import { FAULTS, spellFault } from './fault.ts';

/** Codes of the tests that the registry leaves out on purpose, and why. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  'soap:Server': 'the fault of the information system itself, relayed; no code of X-Road',
  'server.clientproxy.service_failed.invalid_soap': 'a peer server that sends an empty fault',
  'server.clientproxy.service_failed.invalid_message': 'a peer server that sends SOAP as a fault',
  'server.clientproxy.service_failed.missing_body': 'a peer server that sends SOAP without body',
};

fidelityTest('every code of the message tests is in the registry, or left out on purpose', () => {
  const lines = readVector('xroad/vectors/proxy-testcases/testcases.tsv').trim().split('\n');
  const column = lines[0].split('\t').indexOf('expected');
  const codes = lines.slice(1).flatMap((line) => {
    // A star stands for a longer text, and a condition may follow in brackets.
    const found = /^fault:([\w.:]+)/.exec(line.split('\t')[column]);
    return found === null ? [] : [found[1]];
  });
  expect(codes.length).toBeGreaterThan(30);
  const known = new Set(FAULTS.map(({ code }) => code));
  const missing = [...new Set(codes)].filter((code) => !known.has(code));
  expect(missing.toSorted()).toEqual(Object.keys(LEFT_OUT).toSorted());
});

fidelityTest('recorded faults of 7.7 have the older spelling', () => {
  for (const name of ['client_proxy_ssl_auth', 'server_proxy_access_denied']) {
    const recorded = readVector(`xroad/vectors/opmonitor/metrics_${name}_failed.dat`);
    const code = /<faultcode>([^<]+)<\/faultcode>/.exec(recorded)?.[1] ?? '';
    const row = FAULTS.find(({ code77 }) => code77 === code);
    if (row === undefined) throw new Error(`${code} is not in the registry`);
    expect(spellFault(row.fault, 70702)).toBe(code);
    expect(spellFault(row.fault, 70800)).not.toBe(code);
  }
});
