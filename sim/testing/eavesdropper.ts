/**
 * Takes genuine messages off the wire, before they reach anybody: for a moment the provider's place
 * is taken by a listener with its key.
 */
import { listenMutualTls } from '../live/loopback.ts';
import type { Endpoint, Identity } from '../live/loopback.ts';
import type { LiveNetwork } from '../live/network.ts';
import type { RecordedMessage } from '../live/trouble/recorded-message.ts';

export interface Line {
  readonly network: LiveNetwork;
  /** `INSTANCE/CLASS/CODE/SERVER`. */
  readonly consumer: string;
  readonly provider: string;
}

/** With what a server shows up. */
export function identityOf({ network }: Pick<Line, 'network'>, server: string): Identity {
  const { authentication } = network.server(server).view;
  if (authentication === null) throw new Error(`${server} has no certificate`);
  return authentication;
}

/** The message of one call, as the consumer's server says it to its peer; it is not delivered. */
export async function takeMessage(line: Line, workload = 0): Promise<RecordedMessage> {
  const { network, consumer, provider } = line;
  const found: RecordedMessage[] = [];
  const stand = await listenMutualTls(
    { address: '127.0.0.1', port: 0 },
    identityOf(line, provider),
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
  const instance = network.server(consumer).view.instances.get(provider.split('/')[0]);
  const peer = instance?.servers.find(({ id }) => id === provider);
  if (peer === undefined) throw new Error(`${consumer} does not know ${provider}`);
  const genuine: Endpoint = peer.endpoint;
  try {
    peer.endpoint = stand;
    await network.call(workload, { sendsId: true });
  } finally {
    peer.endpoint = genuine;
    await stand.close();
  }
  if (found.length !== 1) throw new Error(`${found.length} messages were taken, not one`);
  return found[0];
}
