// The bytes that two proxies of X-Road 7.8 sent each other, and the messages that X-Road's own
// tests read: read by this lab's reader, and written again by its writer.
import { readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { expect } from 'vitest';
import { makeNetwork, makeOcsp } from '../testing/evidence-maker.ts';
import { describeFidelity, fidelityTest, vectorPath } from '../testing/fidelity.ts';
import { Cause } from '../protocol/fault.ts';
import { readAnchors } from './evidence/anchors.ts';
import { PartName } from './evidence/signature.ts';
import { attributeOf, descendantsOf, parseXml } from './evidence/xml.ts';
import { MessageParts } from './message-parts.ts';
import { contentOf } from './rest-message.ts';
import { writeHashChains } from './signing/hash-chain-writer.ts';
import { judgeSignature } from './signing/message-verifier.ts';
import { XadesWriter } from './signing/xades-writer.ts';
import { boundaryOf, MultipartError, MultipartWriter, PartType } from './transport.ts';

const VECTORS = 'xroad/vectors';
const bytesOf = (name: string): Buffer => readFileSync(vectorPath(`${VECTORS}/${name}`));

interface Outcome {
  readonly parts: MessageParts;
  readonly isEnded: boolean;
  readonly reason: Cause;
}

/** In pieces, so that no part comes whole by luck. */
function read(message: Buffer, boundary: string, pieceBytes = 100): Outcome {
  let isEnded = false;
  const parts = new MessageParts(boundary, {
    headCame: () => undefined,
    messagePartCame: () => undefined,
    ended: () => {
      isEnded = true;
    },
  });
  try {
    for (let at = 0; at < message.length; at += pieceBytes) {
      parts.push(message.subarray(at, at + pieceBytes));
    }
  } catch (error) {
    if (!(error instanceof MultipartError)) throw error;
    return { parts, isEnded, reason: error.reason };
  }
  return { parts, isEnded, reason: Cause.None };
}

describeFidelity('messages of the tests of X-Road', () => {
  const readRecorded = (name: string): Outcome => {
    const message = bytesOf(`proxymessages/${name}`);
    const [, boundary] = /^\s*--(\S+)/.exec(message.toString('latin1')) ?? [];
    return read(message, boundary);
  };

  fidelityTest('each is accepted or refused as X-Road does', () => {
    const verdicts: Readonly<Record<string, Cause>> = {
      'normal.request': Cause.None,
      'normal.response': Cause.None,
      'attachment.request': Cause.None,
      'ocsp.request': Cause.None,
      'normal-soapfault.request': Cause.None,
      'fault-signature.request': Cause.None,
      'extracontent.request': Cause.InvalidMessage,
      'invalid-ocsp.request': Cause.IoError,
      'invalid-soap-contenttype.request': Cause.InvalidContentType,
      'invalid-contenttype-signature.request': Cause.InvalidContentType,
    };
    for (const [name, expected] of Object.entries(verdicts)) {
      const { isEnded, reason } = readRecorded(name);
      expect([name, reason, isEnded]).toEqual([name, expected, expected === Cause.None]);
    }
  });

  fidelityTest('what is in them is found', () => {
    const normal = readRecorded('normal.request').parts;
    expect(normal.head?.toString()).toMatch(/^<\?xml[\s\S]*<\/SOAP-ENV:Envelope>\s*$/);
    expect(normal.signature?.xml).toContain('</asic:XAdESSignatures>');
    expect(normal.fault).toBeNull();
    const { attachments, digests } = readRecorded('attachment.request').parts;
    expect(attachments).toHaveLength(1);
    expect(attachments[0].headers).toContainEqual({ name: 'Content-Type', value: 'text/plain' });
    expect(digests.map(({ name }) => name)).toEqual(['/message.xml', '/attachment1']);
    expect(readRecorded('ocsp.request').parts.ocspResponses).toHaveLength(1);
    for (const name of ['normal-soapfault.request', 'fault-signature.request']) {
      expect(readRecorded(name).parts.fault?.toString()).toContain('<faultcode>CODE</faultcode>');
    }
  });
});

interface Recorded {
  readonly boundary: string;
  readonly body: Buffer;
}

function recordedHttp(name: string): Recorded {
  const recorded = bytesOf(`wire-7.8/${name}.http`);
  const headEnd = recorded.indexOf('\r\n\r\n');
  const head = recorded.toString('latin1', 0, headEnd);
  const body = recorded.subarray(headEnd + 4);
  const [, type] = /^content-type: (.*)$/im.exec(head) ?? [];
  const isChunked = /^transfer-encoding: *chunked/im.test(head);
  return { boundary: boundaryOf(type) ?? '', body: isChunked ? joinChunks(body) : body };
}

function joinChunks(body: Buffer): Buffer {
  const chunks: Buffer[] = [];
  for (let at = 0; ;) {
    const lineEnd = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.toString('latin1', at, lineEnd), 16);
    if (!(size > 0)) return Buffer.concat(chunks);
    chunks.push(body.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}

/** The message again, by this lab's writer, with a hash chain of its own making. */
async function writeAgain({ boundary, body }: Recorded): Promise<Buffer> {
  const { parts } = read(body, boundary, 1000);
  const stream = new PassThrough({ highWaterMark: 1 << 20 });
  const writer = new MultipartWriter(stream, boundary);
  for (const response of parts.ocspResponses) await writer.part(PartType.Ocsp, response);
  await writer.part(parts.contentType, parts.head ?? '');
  if (parts.body !== null) await writer.part(PartType.RestBody, parts.body);
  const made =
    parts.signature?.hashChain === null
      ? null
      : writeHashChains(PartName.SigChain, [parts.digests]);
  await writer.signature({
    xml: parts.signature?.xml ?? '',
    hashChainResult: made?.result ?? null,
    hashChain: made?.chains[0] ?? null,
  });
  await writer.finish();
  stream.end();
  return Buffer.concat(await stream.toArray());
}

/** Elements with their attributes, in order; values that no two signatures share are left out. */
function shapeOf(xml: string): string[] {
  return [...descendantsOf(parseXml(Buffer.from(xml)).root)].map((element) => {
    const names = ['Id', 'URI', 'Type', 'Algorithm', 'Target', 'Qualifier', 'ObjectReference'];
    const values = names.map((name) => attributeOf(element, name));
    return `${element.namespace} ${element.local} ${values.join(' ')}`;
  });
}

describeFidelity('messages between two proxies of 7.8', () => {
  const NAMES = ['1.request', '1.response', '3.request', '3.response'];

  fidelityTest('are read, and their signatures hold', () => {
    const files = ['ca.cert.pem', 'ocsp.cert.pem'];
    const given = readAnchors(files.map((pem) => vectorPath(`${VECTORS}/trust-dev/${pem}`)));
    const anchors = { ...given, ocspFreshnessSeconds: new Map([['DEV', 3600]]) };
    const nowMs = Date.parse('2026-11-21T20:09:00Z');
    for (const name of NAMES) {
      const { boundary, body } = recordedHttp(name);
      const { parts, isEnded } = read(body, boundary);
      expect([name, isEnded, parts.ocspResponses.length]).toEqual([
        name,
        true,
        // The recorded SOAP request carries none.
        name === '1.request' ? 1 : 0,
      ]);
      const { signature, digests, head, body: rest } = parts;
      if (signature === null) throw new Error(`${name} is not signed`);
      const message = { kind: 'request', digests, contentOf: contentOf(head, rest) } as const;
      const context = { member: 'DEV/COM/1234', anchors, nowMs };
      expect(judgeSignature({ ...message, signature }, context)).toBe(Cause.None);
      const other = { ...context, member: 'DEV/COM/4321' };
      expect(judgeSignature({ ...message, signature }, other)).toBe(Cause.IncorrectCertificate);
      const late = { ...context, nowMs: nowMs + 3_600_000 };
      expect(judgeSignature({ ...message, signature }, late)).toBe(Cause.IncorrectValidationInfo);
      const changed = digests.map((part) => ({ ...part, digest: Buffer.alloc(64, 1) }));
      const swapped = { ...message, signature, digests: changed };
      const cause = judgeSignature(swapped, context);
      // Alone, a message is compared itself; in a chain its digest is.
      expect(cause).toBe(signature.hashChain === null ? Cause.None : Cause.InvalidHashChain);
    }
  });

  fidelityTest('are the same, byte by byte, when this lab writes them', async () => {
    for (const name of NAMES) {
      const recorded = recordedHttp(name);
      const again = await writeAgain(recorded);
      expect([name, again.toString('latin1')]).toEqual([name, recorded.body.toString('latin1')]);
    }
  });

  fidelityTest('have signatures of the shape of ours', () => {
    const { authority, responder, signer } = makeNetwork('rsa');
    const shared = { signer: responder, issuer: authority, subject: signer };
    const ocsp = makeOcsp({ status: 'good', ageSeconds: 1, ...shared });
    const writer = new XadesWriter(signer.certificate, []);
    for (const name of NAMES) {
      const { boundary, body } = recordedHttp(name);
      const recorded = read(body, boundary).parts.signature;
      const isAlone = recorded?.hashChain === null;
      const document = isAlone ? PartName.Message : PartName.SigChainResult;
      const signed = { name: document, digest: Buffer.alloc(64) };
      const ours = writer.compose(signed, [ocsp], 0).withValue(Buffer.alloc(256));
      expect([name, shapeOf(ours)]).toEqual([name, shapeOf(recorded?.xml ?? '')]);
    }
  });
});
