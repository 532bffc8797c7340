/**
 * The four records that an accepted exchange owes, exchange by exchange: what is missing is found,
 * at the server whose log has it not, also where the sums are right.
 */
import { describe, expect, test } from 'vitest';
import { ClientStage, ServerStage } from '../protocol/exchange.ts';
import { Cause, faultOf, Prefix } from '../protocol/fault.ts';
import { ringDocument, ringInstance, TrustBench } from '../testing/trust-bench.ts';

const ring = (): TrustBench => new TrustBench(ringDocument([ringInstance({ servers: 2 })]));

/** Of the exchange in slot 0: its consumer is server 0, its provider server 1. */
const SLOT = 0;
const RECORDS = {
  'request at the consumer': [0, ClientStage.Signed],
  'request at the provider': [1, ServerStage.Verified],
  'response at the provider': [1, ServerStage.Signed],
  'response at the consumer': [0, ClientStage.Verified],
} as const;
type RecordName = keyof typeof RECORDS;
const NAMES = Object.keys(RECORDS) as RecordName[];

function log({ state, trust }: TrustBench, names: readonly RecordName[]): void {
  for (const name of names) {
    const [side, stage] = RECORDS[name];
    state.table.stage[2 * SLOT + side] = stage;
    trust.logged(2 * SLOT + side);
  }
}

/** The slot is given back and taken again. */
function reuse({ state }: TrustBench): void {
  state.table.generation[SLOT]++;
}

const found = ({ trust }: TrustBench): number[] =>
  Array.from(trust.outcome().servers.acceptedUnlogged.subarray(0, 2));

test('an exchange with all four records is sound', () => {
  const bench = ring();
  log(bench, NAMES);
  bench.trust.ended(SLOT, 0);
  expect(found(bench)).toEqual([0, 0]);
});

describe.each(NAMES)('without the %s', (missing) => {
  const rest = NAMES.filter((name) => name !== missing);
  const atServer = RECORDS[missing][0];
  const one = [0, 0].with(atServer, 1);

  test('it is found at its server', () => {
    const bench = ring();
    log(bench, rest);
    bench.trust.ended(SLOT, 0);
    expect(found(bench)).toEqual(one);
  });

  test('another record in its place does not make up for it, though the sums are right', () => {
    const bench = ring();
    const other = rest.find((name) => RECORDS[name][0] === atServer);
    if (other === undefined) throw new Error('each side has two');
    log(bench, [...rest, other]);
    bench.trust.ended(SLOT, 0);
    const { acceptedClient, acceptedServer, ...servers } = bench.trust.outcome().servers;
    expect(servers.loggedClient[0]).toBe(2 * acceptedClient[0]);
    expect(servers.loggedServer[1]).toBe(2 * acceptedServer[1]);
    expect(found(bench)).toEqual(one);
  });

  test('what the exchange before had does not count', () => {
    const bench = ring();
    log(bench, NAMES);
    bench.trust.ended(SLOT, 0);
    reuse(bench);
    log(bench, rest);
    bench.trust.ended(SLOT, 0);
    expect(found(bench)).toEqual(one);
  });

  test('an exchange that was refused owes nothing', () => {
    const bench = ring();
    log(bench, rest);
    bench.trust.ended(SLOT, faultOf(Prefix.ClientProxy, Cause.IoErrorUnsent));
    expect(found(bench)).toEqual([0, 0]);
  });
});

test('a slot that was reused until its generation no longer fits its column', () => {
  const bench = ring();
  for (const generation of [2 ** 27 - 1, 2 ** 27, 2 ** 31 - 1]) {
    bench.state.table.generation[SLOT] = generation;
    log(bench, NAMES);
    bench.trust.ended(SLOT, 0);
  }
  expect(found(bench)).toEqual([0, 0]);
});
