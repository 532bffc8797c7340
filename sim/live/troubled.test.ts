/**
 * What incidents change at a real network, one after the other: a call before, during and after.
 * What a server learns by its jobs it is made to learn at once.
 */
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Document } from '../plan/document.ts';
import { PatchColumn, TrustKind } from '../plan/plan.ts';
import type { Plan } from '../plan/plan.ts';
import { ServerState, TrustState } from '../protocol/lifecycle.ts';
import { loadScenario } from '../scenario/load.ts';
import { pairText } from '../testing/pair-text.ts';
import { planOf } from '../testing/small-run.ts';
import { startNetwork } from './network.ts';
import type { LiveNetwork } from './network.ts';
import { PlannedLinks } from './shaper/planned-links.ts';
import { troubledOf } from './troubled.ts';
import type { Change, Troubled } from './trouble/patches.ts';

const [C0, P0] = ['EE/c0', 'EE/p0'];

let directory = '';
let network: LiveNetwork | null = null;
let plan: Plan | null = null;
let troubled: Troubled = new Map();

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'fedlab-troubled-'));
  const document = documentOf();
  plan = planOf(document);
  const links = new PlannedLinks(plan, 0);
  network = await startNetwork(document, {
    directory,
    ports: null,
    trust: null,
    allowsRestToSoap: false,
    links,
    isDriven: true,
  });
  troubled = troubledOf(plan, { network, shaper: links.shaper });
});

afterAll(async () => {
  await network?.stop();
  rmSync(directory, { recursive: true, force: true });
});

function documentOf(): Document {
  const text = pairText({
    duration: '1min',
    load: 'rate: 1/s',
    parameters: 'connectionReuse: false, keyType: ec-p256',
    // A link that names a server gives it a row of its own, which this incident may touch.
    links: '- { between: [EE/c0, EE/p0], rtt: 0s }',
    incidents: '{ id: cut, kind: link-cut, target: "EE/c0->EE/p0", at: 1s, for: 1s }',
  });
  const read = (): Uint8Array => new TextEncoder().encode(text);
  const { document, issues } = loadScenario('test.scenario.yaml', read, []);
  if (document === null) throw new Error(issues.map(({ message }) => message).join('\n'));
  return document;
}

function live(): { readonly net: LiveNetwork; readonly rows: Plan } {
  if (network === null || plan === null) throw new Error('the network runs before all tests');
  return { net: network, rows: plan };
}

const serverRow = (name: string): number =>
  live().rows.servers.id.findIndex((id) => id.endsWith(name.slice('EE'.length)));

async function change(column: number, row: number, value: number): Promise<void> {
  const act: Change | undefined = troubled.get(column);
  if (act === undefined) throw new Error(`nobody drives column ${column}`);
  await act(row, value);
}

/** What the consumer's information system hears; null: its answer. */
async function heard(): Promise<string | null> {
  const { status, faultCode } = await live().net.call(0, { sendsId: true });
  return status === 0 ? 'closed' : faultCode;
}

/** The configuration is generated, downloaded and loaded, here and now. */
async function propagate(): Promise<void> {
  const { net } = live();
  net.services('EE').publish();
  for (const name of [C0, P0]) {
    const { trust } = net.server(name);
    await trust.configurationClient?.run();
    await trust.reload();
  }
}

/** Column, row, value that makes trouble, value without it, what is heard meanwhile. */
interface Case {
  readonly column: keyof typeof PatchColumn;
  readonly row: () => number;
  readonly values: readonly [trouble: number, none: number];
  readonly hears: string | null;
  readonly propagates?: boolean;
}

const SERVER_CASES: readonly Case[] = [
  {
    column: 'ServerPower',
    row: () => serverRow(P0),
    values: [ServerState.Off, ServerState.Ready],
    hears: 'server.clientproxy.network_error',
  },
  {
    column: 'ServerPower',
    row: () => serverRow(C0),
    values: [ServerState.Off, ServerState.Ready],
    hears: 'closed',
  },
  {
    column: 'DatabaseLost',
    row: () => serverRow(P0),
    values: [1, 0],
    hears: 'server.serverproxy.logging_failed.database_error',
  },
  {
    column: 'SignerLost',
    row: () => serverRow(P0),
    values: [1, 0],
    hears: 'server.serverproxy.signer.network_error',
  },
  {
    column: 'TokenLocked',
    row: () => serverRow(P0),
    values: [1, 0],
    hears: 'server.serverproxy.cannot_sign',
  },
  {
    column: 'MinClientVersion',
    row: () => serverRow(P0),
    values: [80_000, 0],
    hears: 'server.serverproxy.client_proxy_version_not_supported',
  },
  {
    column: 'Maintenance',
    row: () => serverRow(P0),
    values: [1, 0],
    hears: 'server.clientproxy.maintenance_mode',
    propagates: true,
  },
  {
    column: 'AccessRevoked',
    row: () => 0,
    values: [1, 0],
    hears: 'server.serverproxy.access_denied',
  },
  { column: 'BatchSigningOff', row: () => serverRow(P0), values: [1, 0], hears: null },
];

test.each(SERVER_CASES)('$column $values.0: $hears', async (one) => {
  const { column, row, values, hears, propagates } = one;
  expect(await heard()).toBe(null);
  await change(PatchColumn[column], row(), values[0]);
  if (propagates) await propagate();
  const meanwhile = await heard();
  await change(PatchColumn[column], row(), values[1]);
  if (propagates) await propagate();
  expect([meanwhile, await heard()]).toEqual([hears, null]);
});

test('a central server with an unknown key is believed by nobody', async () => {
  const { net, rows } = live();
  const row = rows.trustServices.kind.indexOf(TrustKind.CentralServer);
  const runs = async (): Promise<boolean> => {
    const report = await net.server(C0).trust.configurationClient?.run();
    return report?.own.expiresMs !== null;
  };
  expect(await runs()).toBe(true);
  for (const state of [TrustState.Wrong, TrustState.Down]) {
    await change(PatchColumn.TrustServiceState, row, state);
    expect(await runs()).toBe(false);
    await change(PatchColumn.TrustServiceState, row, TrustState.Up);
    expect(await runs()).toBe(true);
  }
  expect(await heard()).toBe(null);
});

test('a revoked certificate is revoked in the answers that come from then on', async () => {
  const { net, rows } = live();
  const { certificates, signers } = rows;
  const server = net.server(P0);
  const row = certificates.signer.findIndex(
    (signer) => signer !== -1 && signers.server[signer] === serverRow(P0),
  );
  const der = server.certificateOf(signers.member[certificates.signer[row]]);
  const { issuing } = net.services('EE').pki;
  const serial = new X509Certificate(der).serialNumber.toLowerCase();
  const now = (): number => net.clock.nowMs();
  await change(PatchColumn.CertificateRevoked, row, 1);
  expect(issuing.statusAt(serial, now()).kind).toBe('revoked');
  await change(PatchColumn.CertificateRevoked, row, 0);
  expect(issuing.statusAt(serial, now()).kind).toBe('good');
});
