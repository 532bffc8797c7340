/**
 * A real security server under messages that were made of genuine ones: the bytes are those of a
 * real consumer's server, taken by a listener that stands in for the provider for a moment.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { worldDocument, WORLDS } from '../../testing/worlds.ts';
import type { KnownInstance } from '../configuration.ts';
import { listenMutualTls } from '../loopback.ts';
import type { Endpoint, Identity } from '../loopback.ts';
import { startNetwork } from '../network.ts';
import type { LiveNetwork } from '../network.ts';
import { sendBytes, sendHalf } from './attack-acts.ts';
import { startAttack } from './attacks.ts';
import type { AttackAct, AttackCounts } from './attacks.ts';
import { FORGERIES, MALFORMED } from './forgeries.ts';
import type { Forgery } from './forgeries.ts';
import { requestBytes } from './recorded-message.ts';
import type { RecordedMessage } from './recorded-message.ts';

const CONSUMER = 'EE/ss1';
const PROVIDER = 'EE/ss2';

let directory = '';
let network: LiveNetwork | null = null;
const recorded: RecordedMessage[] = [];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'fedlab-attacked-'));
  const world = WORLDS.find(({ name }) => name === 'good');
  if (world === undefined) throw new Error('no world is called good');
  const options = { directory, ports: null, trust: null, allowsRestToSoap: false };
  network = await startNetwork(worldDocument(world), options);
  recorded.push(await record(), await record());
});

afterAll(async () => {
  await network?.stop();
  rmSync(directory, { recursive: true, force: true });
});

function live(): LiveNetwork {
  if (network === null) throw new Error('the network runs before all tests');
  return network;
}

function identityOf(server: string): Identity {
  const { authentication } = live().server(server).view;
  if (authentication === null) throw new Error(`${server} has no certificate`);
  return authentication;
}

/** What the consumer's server knows of the provider's instance. */
function knownInstance(): KnownInstance {
  const known = live().server(CONSUMER).view.instances.get('EE');
  if (known === undefined) throw new Error('the consumer knows no instance');
  return known;
}

/** One message of the consumer's server, as it says it to its peer. */
async function record(): Promise<RecordedMessage> {
  const found: RecordedMessage[] = [];
  const stand = await listenMutualTls(
    { address: '127.0.0.1', port: 0 },
    identityOf(PROVIDER),
    () => true,
    (request, response) => {
      void Array.fromAsync(request as AsyncIterable<Buffer>).then((chunks) => {
        const pairs = request.rawHeaders;
        const headers = pairs
          .flatMap((name, at) => (at % 2 === 0 ? [{ name, value: pairs[at + 1] }] : []))
          .filter(({ name }) => !/^(host|connection|content-length|transfer-)/i.test(name));
        found.push({ headers, body: Buffer.concat(chunks) });
        response.writeHead(500).end();
      });
    },
  );
  const provider = knownInstance().servers.find(({ id }) => id.endsWith('/ss2'));
  if (provider === undefined) throw new Error('the consumer knows no provider');
  const genuine: Endpoint = provider.endpoint;
  try {
    provider.endpoint = stand;
    await live().call(0, { sendsId: true });
  } finally {
    provider.endpoint = genuine;
    await stand.close();
  }
  return found[0];
}

/** Acts once on the provider's port for messages, with the key of the consumer's server. */
async function once(act: AttackAct): Promise<AttackCounts> {
  const attack = startAttack({
    target: {
      endpoint: live().endpointsOf(PROVIDER).messages,
      tls: {
        identity: identityOf(CONSUMER),
        authorities: [live().services('EE').pki.root.key.certificatePem],
      },
    },
    from: ['127.66.3.1'],
    // The first is due at once, and no other while a test lasts.
    ratePerSecond: 0.001,
    socketsMax: 1,
    act,
  });
  while (attack.counts.begun > 0 && attack.openCount > 0) {
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
  const counts = await attack.stop();
  await live().server(PROVIDER).settled();
  return counts;
}

const loggedCount = (): number => live().server(PROVIDER).messageLog.rows().length;
const seenCount = (): number => live().provider('registry-system').seen.length;

test('a replay is accepted as often as it comes, and stands in the log each time', async () => {
  const [genuine] = recorded;
  const before = [loggedCount(), seenCount()];
  for (const time of [1, 2]) {
    const counts = await once(sendBytes(requestBytes(FORGERIES.replayed(genuine))));
    expect([...counts.answered.keys()]).toEqual([200]);
    // Request and response (facts 13.22: nothing remembers messages).
    expect(loggedCount()).toBe(before[0] + 2 * time);
    expect(seenCount()).toBe(before[1] + time);
  }
});

describe('refused: neither logged nor passed on', () => {
  const forged = (Object.keys(FORGERIES) as (keyof typeof FORGERIES)[]).filter(
    (name) => name !== 'replayed',
  );

  test.each(forged)('%s', async (name) => {
    const [genuine, other] = recorded;
    const before = [loggedCount(), seenCount()];
    const forge: Forgery = FORGERIES[name];
    const counts = await once(sendBytes(requestBytes(forge(genuine, other))));
    expect(counts.sent).toBe(1);
    expect([loggedCount(), seenCount()]).toEqual(before);
  });

  test.each(Object.keys(MALFORMED) as (keyof typeof MALFORMED)[])('%s', async (name) => {
    const before = [loggedCount(), seenCount()];
    const counts = await once(sendBytes(requestBytes(MALFORMED[name](recorded[0]))));
    expect(counts.sent).toBe(1);
    expect([loggedCount(), seenCount()]).toEqual(before);
  });

  test('half a message, and nobody there any more', async () => {
    const request = requestBytes(recorded[0]);
    const before = [loggedCount(), seenCount()];
    const counts = await once(sendHalf(request, request.length - 200, true));
    expect(counts.sent).toBe(1);
    expect([loggedCount(), seenCount()]).toEqual(before);
  });
});

test('after all that the server holds nothing and serves its peers', async () => {
  const { status, messageId } = await live().call(0, { sendsId: true });
  await live().transcriptOf(messageId);
  expect(status).toBe(200);
  expect(live().server(PROVIDER).serverThreads.busyCount).toBe(0);
});
