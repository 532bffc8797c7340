/**
 * Both ends of a connection in threads of their own, each counting its own processor time: so the
 * share of the client and that of the server are known apart, with the kernel's part of each. This
 * file is the code of both threads, too.
 *
 *   handshake   TCP and a full mutual TLS 1.2 handshake, and the closing
 *   message     a multipart message over such a connection, hashed at both ends; the client's time
 *               is that of the message alone, the server's that of the handshake, too
 *   http        a request in plain HTTP on a connection of its own, and its answer
 *
 * Operations follow one another, so the time between two of them at the server is one operation's.
 */
import { createHash } from 'node:crypto';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { assert } from '../base/assert.ts';
import { parseClientId } from '../protocol/identifier.ts';
import {
  encodeRequestHead,
  HeaderName,
  parseRequestPath,
  requestHeadFor,
} from '../protocol/message.ts';
import { cpuSinceUs, isEnough, napCostUs, threadCpuUs } from './calibrate-samples.ts';
import type { Precision } from './calibrate-samples.ts';
import {
  connectTcp,
  listenHttp,
  listenMutualTls,
  requestHttp,
  requestOver,
  secure,
} from './loopback.ts';
import type {
  Endpoint,
  HttpRequest,
  HttpResponse,
  Identity,
  Listener,
  SecureSocket,
} from './loopback.ts';
import { MessageParts } from './message-parts.ts';
import { headersOf } from './rest-message.ts';
import { boundaryOf, contentTypeOf, makeBoundary, MultipartWriter, PartType } from './transport.ts';

export interface PairTask {
  readonly kind: 'handshake' | 'message' | 'http';
  readonly identity: Identity;
  readonly requestKib: number;
  readonly responseKib: number;
  readonly precision: Precision;
}

/** Microseconds of processor time, an operation each. */
export interface PairSamples {
  readonly client: number[];
  readonly server: number[];
  /** http only: of the server's part, that from the answer on. */
  readonly respond: number[];
}

interface ThreadTask extends PairTask {
  readonly role: 'client' | 'server';
  /** Of the server; null: this is the server. */
  readonly endpoint: Endpoint | null;
}

const CHUNK = Buffer.alloc(16 * 1024, 'c');

export async function measurePair(task: PairTask): Promise<PairSamples> {
  const server = startThread({ ...task, role: 'server', endpoint: null });
  try {
    const endpoint = (await firstMessage(server)) as Endpoint;
    const client = startThread({ ...task, role: 'client', endpoint });
    const clientUs = (await firstMessage(client)) as number[];
    await client.terminate();
    server.postMessage('report');
    const { server: serverUs, respond } = (await firstMessage(server)) as PairSamples;
    return { client: clientUs, server: serverUs, respond };
  } finally {
    await server.terminate();
  }
}

function startThread(task: ThreadTask): Worker {
  return new Worker(new URL(import.meta.url), { workerData: { calibration: task } });
}

function firstMessage(worker: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

function threadTask(): ThreadTask | null {
  const data = workerData as { readonly calibration?: ThreadTask } | null;
  return isMainThread ? null : (data?.calibration ?? null);
}

async function runThread(task: ThreadTask, port: MessagePort): Promise<void> {
  if (task.role === 'client') {
    assert(task.endpoint !== null, 'a client needs somebody to call');
    port.postMessage(await runClient(task, task.endpoint));
    return;
  }
  const samples: PairSamples = { client: [], server: [], respond: [] };
  const listener = await serve(task, samples);
  port.postMessage({ address: listener.address, port: listener.port });
  port.once('message', () => {
    port.postMessage({
      client: [],
      server: samples.server.slice(task.precision.warmUpCount),
      respond: samples.respond.slice(task.precision.warmUpCount),
    });
  });
}

async function runClient(task: ThreadTask, endpoint: Endpoint): Promise<number[]> {
  const samples: number[] = [];
  for (let index = 0; index < task.precision.warmUpCount; index++) await callOnce(task, endpoint);
  const sinceMs = performance.now();
  while (!isEnough(samples, sinceMs, task.precision)) {
    samples.push(await callOnce(task, endpoint));
  }
  return samples;
}

/** Processor time of one operation. */
async function callOnce(task: ThreadTask, endpoint: Endpoint): Promise<number> {
  const startUs = threadCpuUs();
  if (task.kind === 'http') {
    await callHttp(task, endpoint);
    return cpuSinceUs(startUs);
  }
  const tcp = await connectTcp(endpoint).done;
  const socket = await secure(tcp, task.identity, [task.identity.certificatePem]).done;
  const fromUs = task.kind === 'message' ? threadCpuUs() : startUs;
  if (task.kind === 'message') await sendMessage(task, socket);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.destroySoon();
  await closed;
  return cpuSinceUs(fromUs);
}

async function sendMessage({ requestKib }: ThreadTask, socket: SecureSocket): Promise<void> {
  const boundary = makeBoundary();
  const headers = { 'content-type': contentTypeOf(boundary) };
  const request = requestOver(socket, { method: 'POST', path: '/', headers });
  const answered = new Promise<HttpRequest>((resolve) => request.once('response', resolve));
  const writer = new MultipartWriter(request, boundary);
  await writer.part(PartType.RestRequest, 'POST\r\n/\r\n');
  await writer.begin(PartType.RestBody);
  const hash = createHash('sha512');
  for (let left = requestKib * 1024; left > 0; left -= CHUNK.length) {
    const chunk = CHUNK.subarray(0, Math.min(left, CHUNK.length));
    hash.update(chunk);
    await writer.write(chunk);
  }
  hash.digest();
  await writer.end();
  await writer.finish();
  request.end();
  (await answered).resume();
}

async function callHttp({ requestKib }: ThreadTask, endpoint: Endpoint): Promise<void> {
  const headers = {
    [HeaderName.Client]: 'EE/GOV/70000001/portal',
    [HeaderName.Id]: 'calibration-1',
    'content-type': 'application/json',
  };
  const { body } = await requestHttp(endpoint, {
    method: 'POST',
    path: '/r1/EE/GOV/70000002/registry/persons/people/search?id=7',
    rawHeaders: Object.entries(headers).flat(),
    body: Buffer.alloc(requestKib * 1024, 'q'),
    signal: null,
  });
  for await (const chunk of body) assert(chunk.length > 0, 'a chunk holds something');
}

function serve(task: ThreadTask, samples: PairSamples): Promise<Listener> {
  const at = { address: '127.0.0.1', port: 0 };
  // Once before the first interval, which must not pay for it.
  napCostUs();
  let lastUs = threadCpuUs();
  const mark = (): void => {
    samples.server.push(cpuSinceUs(lastUs));
    lastUs = threadCpuUs();
  };
  if (task.kind === 'http') {
    return listenHttp(at, (request, response) => {
      mark();
      answerHttp(request, response, task.responseKib, samples.respond);
    });
  }
  const isKnown = (): boolean => {
    mark();
    return true;
  };
  return listenMutualTls(at, task.identity, isKnown, takeMessage);
}

/** What the consumer's server does with a request before any rule is asked, and the answer. */
function answerHttp(
  request: HttpRequest,
  response: HttpResponse,
  responseKib: number,
  respondUs: number[],
): void {
  const [path, query] = (request.url ?? '').split('?');
  const headers = headersOf(request.rawHeaders);
  const head = { verb: request.method ?? '', path, query: query ?? null, headers };
  encodeRequestHead(requestHeadFor(head, 'calibration-request', 'calibration-1'));
  parseRequestPath(path);
  parseClientId(String(request.headers[HeaderName.Client]));
  request.resume();
  request.once('end', () => {
    const fromUs = threadCpuUs();
    response.setHeader('connection', 'close');
    response.once('finish', () => respondUs.push(cpuSinceUs(fromUs)));
    response.end(Buffer.alloc(responseKib * 1024, 'a'));
  });
}

function takeMessage(request: HttpRequest, response: HttpResponse): void {
  const parts = new MessageParts(boundaryOf(request.headers['content-type'] ?? '') ?? '', {
    headCame: () => undefined,
    messagePartCame: () => undefined,
    ended: () => response.end(),
  });
  request.on('data', (chunk: Buffer) => parts.push(chunk));
}

const ownTask = threadTask();
if (ownTask !== null && parentPort !== null) await runThread(ownTask, parentPort);
