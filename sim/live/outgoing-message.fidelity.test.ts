// What a peer sees of a request: the headers and parts that X-Road 7.8 sends, and in its order.
import { readFileSync } from 'node:fs';
import { afterEach, expect } from 'vitest';
import { describeFidelity, fidelityTest, vectorPath } from '../testing/fidelity.ts';
import { Mailbox } from './driver.ts';
import { connectTcp, listenMutualTls, secure } from './loopback.ts';
import type { HttpRequest, Listener } from './loopback.ts';
import { digestOf } from './message-parts.ts';
import { REAL_TIME } from './network-clock.ts';
import { OutgoingMessage } from './outgoing-message.ts';
import { headersOf } from './rest-message.ts';
import { Sabotage } from './sabotage.ts';
import { Signer } from './signer.ts';
import { attachmentName, MESSAGE_NAME } from './signing/message-signature.ts';
import { derOf, Trust } from './trust.ts';

const MEMBER = 'EE/GOV/70000001';
const SERVER = `${MEMBER}/ss1`;
const HEAD = Buffer.from('POST\r\n/r1/EE/GOV/70000002/registry/x\r\nX-Road-Id:1\r\n');
const BODY = Buffer.from('{}');
const trust = new Trust();
let listener: Listener | null = null;

afterEach(async () => {
  await listener?.close();
  listener = null;
});

/** As it comes in at a peer, read to its end. */
async function sendOne(): Promise<{ readonly request: HttpRequest; readonly body: Buffer }> {
  const identity = trust.authenticationOf(SERVER, 2048);
  let come: (request: HttpRequest) => void = () => undefined;
  const coming = new Promise<HttpRequest>((resolve) => (come = resolve));
  const at = { address: '127.0.0.1', port: 0 };
  listener = await listenMutualTls(at, identity, () => true, come);
  const tcp = await connectTcp(listener).done;
  const socket = await secure(tcp, identity, [trust.authorityOf('EE').certificatePem]).done;
  const answer = trust.ocsp.of(derOf(identity.certificatePem));
  const out = new OutgoingMessage(socket, new Mailbox(), {
    messageId: '1',
    requestId: 'a',
    version: 70801,
    headers: { 'x-road-message-type': 'REST', 'x-original-content-type': 'application/json' },
    canRead: () => true,
    ocspResponses: answer === null ? [] : [answer],
    sabotage: new Sabotage(),
  });
  const signer = new Signer({
    timeoutMs: 5000,
    batchesAllowed: true,
    ocsp: trust.ocsp,
    clock: REAL_TIME,
  });
  signer.add(MEMBER, trust.signingOf(MEMBER, SERVER, 2048));
  await out.sendHead(HEAD);
  await out.beginBody();
  await out.sendBody(BODY);
  const outcome = await signer.sign(MEMBER, [
    { name: MESSAGE_NAME, digest: digestOf(HEAD) },
    { name: attachmentName(1), digest: await out.endBody() },
  ]);
  if (!('signature' in outcome)) throw new Error('not signed');
  await out.sendSignature(outcome.signature);
  const request = await coming;
  const body = Buffer.concat(await request.toArray());
  out.close();
  return { request, body };
}

describeFidelity('a request to a peer', () => {
  fidelityTest('has the headers and the parts of the recorded one', async () => {
    const recorded = readFileSync(vectorPath('xroad/vectors/wire-7.8/1.request.http'), 'latin1');
    const { request, body } = await sendOne();
    const names = headersOf(request.rawHeaders).map(({ name }) => name.toLowerCase());
    const [head] = recorded.split('\r\n\r\n');
    // What Java's client says of itself and of what it can unpack is no part of the protocol.
    const notOurs = ['user-agent', 'accept-encoding'];
    const expected = head
      .split('\r\n')
      .slice(1)
      .map((line) => line.split(':')[0].toLowerCase())
      .filter((name) => !notOurs.includes(name));
    expect(names.toSorted()).toEqual(expected.toSorted());
    expect(request.headers).toMatchObject({
      'x-hash-algorithm': 'SHA-512',
      'x-road-message-type': 'REST',
      'x-original-content-type': 'application/json',
      'x-proxy-version': '7.8.1',
      'transfer-encoding': 'chunked',
    });
    expect([request.method, request.url, request.httpVersion]).toEqual(['POST', '/', '1.1']);
    const typesIn = (text: string): string[] => text.match(/^content-type: .*$/gm) ?? [];
    expect(typesIn(body.toString('latin1'))).toEqual(typesIn(recorded.slice(head.length)));
  });
});
