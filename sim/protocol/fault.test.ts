import { expect, test } from 'vitest';
import { matchesGolden } from '../testing/golden.ts';
import {
  Cause,
  causeOf,
  faultOf,
  FAULTS,
  findFault,
  Prefix,
  prefixOf,
  spellFault,
  statusOfFault,
} from './fault.ts';

const DENIED = faultOf(Prefix.ServerProxy, Cause.AccessDenied);
const STALE = faultOf(Prefix.ClientProxy, Cause.GlobalConfOutdated);

// The table that sim/README.md prints: a new code is a new line, a renumbered one a changed line.
test('the registry', () => {
  const lines = FAULTS.map(({ fault, code, code77, side, definite, prose }) =>
    [fault, code, code77, side, definite ? 'definite' : 'open', prose].join(' | '),
  );
  const head = 'number | code from 7.8 on | code until 7.7 | side | not executed? | meaning';
  matchesGolden(new URL('./fault.golden.txt', import.meta.url), `${[head, ...lines].join('\n')}\n`);
});

test('a fault is its prefix and its cause', () => {
  for (const { fault } of FAULTS) {
    expect(faultOf(prefixOf(fault), causeOf(fault))).toBe(fault);
    expect(fault).toBeGreaterThan(0);
    expect(fault).toBeLessThan(256);
    expect(findFault(fault)?.fault).toBe(fault);
  }
  expect(new Set(FAULTS.map(({ fault }) => fault)).size).toBe(FAULTS.length);
});

test('every cause is somewhere, and fits its six bits', () => {
  const known = new Set(FAULTS.map(({ fault }) => causeOf(fault)));
  for (const [name, cause] of Object.entries(Cause)) {
    expect(cause, `${name} is too large`).toBeLessThan(64);
    expect(known.has(cause), `${name} is registered`).toBe(cause !== Cause.None);
  }
  expect(findFault(0)).toBeNull();
});

test('the spelling is the version of whoever spells', () => {
  expect(spellFault(DENIED, 70800)).toBe('server.serverproxy.access_denied');
  expect(spellFault(DENIED, 70702)).toBe('Server.ServerProxy.AccessDenied');
  expect(spellFault(faultOf(Prefix.Client, Cause.AccessDenied), 70800)).toMatch(/^unregistered/);
});

// Facts 0.2: the consumer's server looks for its own spelling of "server." in the code it got.
test('the status depends on both versions', () => {
  const cases: [number, boolean, number, number, number][] = [
    [DENIED, true, 70800, 70800, 500],
    [DENIED, true, 70700, 70700, 500],
    // A peer of the other spelling: its fault looks like the client's own mistake.
    [DENIED, true, 70800, 70700, 400],
    [DENIED, true, 70700, 70800, 400],
    // A fault of the consumer's server is its own spelling, whoever the provider is.
    [STALE, true, 70800, 70700, 500],
    [STALE, true, 70700, 70800, 500],
    // SOAP faults are always 200.
    [DENIED, false, 70800, 70700, 200],
    [faultOf(Prefix.Client, Cause.InvalidXml), false, 70800, 70800, 200],
    // Nobody answered.
    [faultOf(Prefix.ClientProxy, Cause.NoAnswer), true, 70800, 70800, 0],
  ];
  for (const [fault, isRest, consumer, provider, status] of cases) {
    expect(statusOfFault(fault, isRest, consumer, provider)).toBe(status);
  }
});

test('a fault raised after the request may have been executed is not definite', () => {
  const open = [
    faultOf(Prefix.ClientProxy, Cause.IoError),
    faultOf(Prefix.ClientProxy, Cause.InconsistentResponse),
    faultOf(Prefix.ClientProxy, Cause.InvalidSignatureValue),
    faultOf(Prefix.ServerProxy, Cause.IoError),
    faultOf(Prefix.ServerProxy, Cause.CannotSign),
    faultOf(Prefix.ServerProxy, Cause.CannotCreateSignature),
  ];
  for (const fault of open) expect(findFault(fault)?.definite).toBe(false);
  const definite = [
    DENIED,
    STALE,
    faultOf(Prefix.ClientProxy, Cause.IoErrorUnsent),
    faultOf(Prefix.ClientProxy, Cause.CannotCreateSignature),
    faultOf(Prefix.ServerProxy, Cause.InvalidSignatureValue),
  ];
  for (const fault of definite) expect(findFault(fault)?.definite).toBe(true);
});
