/**
 * The consumer's leg in the real world: how its facts are found and its effects are done. What
 * follows from them is decided by protocol/exchange.ts; the steps are those of facts 2.1.
 */
import { randomUUID } from 'node:crypto';
import { assert } from '../base/assert.ts';
import { Effect } from '../protocol/effect.ts';
import { Fact, Hold, Input, inputOf } from '../protocol/exchange.ts';
import { Cause } from '../protocol/fault.ts';
import { parseClientId, parseServerId, subsystemOf } from '../protocol/identifier.ts';
import {
  decodeResponseHead,
  defaultMessageId,
  encodeRequestHead,
  HeaderName,
  inconsistencyOf,
  parseRequestPath,
  requestHeadFor,
} from '../protocol/message.ts';
import type { RequestHead, ServicePath } from '../protocol/message.ts';
import { candidatesOf } from '../protocol/routing.ts';
import type { Candidates } from '../protocol/routing.ts';
import { respond } from './client-answer.ts';
import { findInstance, isBodyLoggable, isTimeStampingInTime, memberOf } from './configuration.ts';
import type { KnownInstance } from './configuration.ts';
import type { ConnectTarget } from './connector.ts';
import { Mailbox } from './driver.ts';
import type { LegHands } from './driver.ts';
import type { HttpRequest, HttpResponse } from './loopback.ts';
import { digestOf } from './message-parts.ts';
import { OutgoingMessage } from './outgoing-message.ts';
import { hashRequest, headersOf, plainId } from './rest-message.ts';
import type { SecurityServer } from './security-server.ts';
import { judgeSignature, readSignature } from './signer.ts';
import type { PartDigest } from './signer.ts';

export class ClientLeg implements LegHands {
  readonly mailbox = new Mailbox();
  readonly requestId = randomUUID();
  readonly messageId: string;
  readonly #server: SecurityServer;
  readonly #request: HttpRequest;
  readonly #response: HttpResponse;
  #target: ServicePath | null = null;
  /** The calling subsystem; null: the request does not name it. */
  #client: string | null = null;
  #head: RequestHead;
  #headBytes: Uint8Array;
  #outgoing: OutgoingMessage | null = null;
  #bodyDigest: Buffer | null = null;
  #body: Buffer[] = [];
  #bodyBytes = 0;
  #signature = '';
  #holdsLog = false;

  constructor(server: SecurityServer, request: HttpRequest, response: HttpResponse) {
    this.#server = server;
    this.#request = request;
    this.#response = response;
    const given = request.headers[HeaderName.Id];
    const byDefault = defaultMessageId(server.view.instance, randomUUID());
    this.messageId = typeof given === 'string' ? given : byDefault;
    this.#head = requestHeadFor(headOf(request), this.requestId, this.messageId);
    this.#headBytes = encodeRequestHead(this.#head);
  }

  isTrue(fact: Fact): boolean {
    const { view, signer } = this.#server;
    switch (fact) {
      case Fact.GlobalConfValid:
        return findInstance(view, view.instance, Date.now()) !== null;
      case Fact.AuthCertUsable:
        return view.authentication !== null;
      case Fact.PathParses:
        return this.#target !== null;
      case Fact.ClientNamed:
        return this.#client !== null;
      case Fact.ClientRegistered:
        return this.#client !== null && view.registered.has(this.#client);
      case Fact.ClientAuthenticated:
        // This proxy speaks plain HTTP alone: who must show a certificate cannot.
        return view.connectionTypes.get(this.#client ?? '') !== 'SSLAUTH';
      case Fact.InstanceKnown:
        return this.#providerInstance() !== null;
      case Fact.ProviderKnown:
        return this.#routing().cause !== Cause.UnknownMember;
      case Fact.TargetServesProvider:
        return this.#routing().cause !== Cause.InvalidSecurityServer;
      case Fact.SomeServerInService:
        return this.#routing().cause !== Cause.MaintenanceMode;
      case Fact.SigningKeyUsable:
        return signer.has(this.#member());
      case Fact.TimestampingConfigured:
        return view.timeStamping.authorities.length > 0;
      case Fact.TimestampingInTime:
        return isTimeStampingInTime(view, Date.now());
      case Fact.BodyLoggable:
        return isBodyLoggable(view, this.#bytesToLog());
      case Fact.IsRest:
        return true;
      case Fact.HasMessagePart:
        return this.#incoming().head !== null;
      case Fact.HasSignature:
        return this.#incoming().signature !== null;
      case Fact.ResponseConsistent:
        return this.#isConsistent();
      default:
        assert(false, `fact ${fact} is none of the consumer's side`);
    }
  }

  async perform(effect: Effect, fault: number): Promise<number | null> {
    switch (effect) {
      case Effect.Parse:
        this.#parse();
        return Input.Done;
      case Effect.Connect:
        return this.#connect();
      case Effect.StreamRequest:
        return this.#stream();
      case Effect.Sign:
        return this.#sign();
      case Effect.Log:
        return this.#log();
      case Effect.SendSignature:
        await this.#out().sendSignature(this.#signature);
        return null;
      case Effect.Verify:
        return this.#verify();
      case Effect.Respond:
        await respond(this.#server.view, this.#request, this.#response, {
          fault,
          relayed: this.#outgoing?.peerFault ?? null,
          parts: this.#outgoing?.incoming ?? null,
        });
        return null;
      default:
        return null;
    }
  }

  release(holds: number): void {
    if ((holds & Hold.Connection) !== 0) this.#outgoing?.close();
    if ((holds & Hold.LogConnection) !== 0 && this.#holdsLog) {
      this.#holdsLog = false;
      this.#server.messageLog.connections.release();
    }
    if ((holds & Hold.Thread) !== 0) this.#server.clientThreads.release();
  }

  /** Facts 2.1 steps 4 and 6. */
  #parse(): void {
    const client = this.#request.headers[HeaderName.Client];
    const id = typeof client === 'string' ? parseClientId(client) : null;
    this.#target = parseRequestPath(this.#head.path);
    this.#client = id === null ? null : plainId(id);
  }

  async #connect(): Promise<number> {
    const instance = this.#providerInstance();
    const identity = this.#server.view.authentication;
    assert(instance !== null && identity !== null, 'the rules admit no request without these');
    const target: ConnectTarget = {
      candidates: this.#routing().servers.map((row) => instance.servers[row]),
      provider: this.#provider(),
      authorityPem: instance.authorityPem,
      identity,
    };
    const outcome = await this.#server.connector.connect(target);
    if (outcome.kind === 'timed-out') return Input.TimedOut;
    if (outcome.kind === 'failed') return inputOf(Input.Failed, outcome.cause);
    this.#outgoing = new OutgoingMessage(outcome.socket, this.mailbox, {
      messageId: this.messageId,
      requestId: this.requestId,
      version: this.#server.view.version,
      contentType: this.#request.headers['content-type'] ?? '',
      sabotage: this.#server.sabotage,
    });
    return Input.Done;
  }

  /** Head and body, while the information system is still uploading. */
  async #stream(): Promise<number> {
    const out = this.#out();
    let isWell = await out.sendHead(this.#headBytes);
    const { headers } = this.#request;
    const length = headers['content-length'];
    const hasBody = headers['transfer-encoding'] !== undefined || Number(length ?? 0) > 0;
    if (!hasBody) return isWell ? Input.Done : inputOf(Input.Failed, Cause.IoError);
    try {
      await out.beginBody();
      for await (const chunk of this.#request as AsyncIterable<Buffer>) {
        this.#bodyBytes += chunk.length;
        // What is too large to be logged is refused later, and need not be kept until then.
        if (isBodyLoggable(this.#server.view, this.#bodyBytes)) this.#body.push(chunk);
        isWell = await out.sendBody(chunk);
        if (!isWell) break;
      }
      this.#bodyDigest = await out.endBody();
    } catch {
      // The information system has gone in the middle of its request.
      isWell = false;
    }
    return isWell ? Input.Done : inputOf(Input.Failed, Cause.IoError);
  }

  async #sign(): Promise<number> {
    const isWrong = this.#server.sabotage.has(this.messageId, 'wrong-signer');
    const member = isWrong ? this.#server.impostor() : this.#member();
    const { input, signature } = await this.#server.sign(member, this.#digests());
    this.#signature = signature;
    return input;
  }

  #log(): Promise<number> {
    const response = this.#outgoing?.incoming ?? null;
    const isResponse = response !== null && response.head !== null;
    const body = isResponse ? response.body : Buffer.concat(this.#body);
    const record = {
      timeMs: Date.now(),
      messageId: this.messageId,
      requestId: this.requestId,
      isResponse,
      sender: isResponse ? this.#provider() : (this.#client ?? ''),
      message: Buffer.from(response?.head ?? this.#headBytes).toString('utf8'),
      body: this.#server.view.parameters.bodyLogging === true ? body : null,
      signature: isResponse ? (response.signature ?? '') : this.#signature,
    };
    return this.#server.log(record, () => {
      this.#holdsLog = true;
    });
  }

  async #verify(): Promise<number> {
    const parts = this.#incoming();
    const signature = readSignature(parts.signature ?? '');
    if (signature === null) return inputOf(Input.Failed, Cause.MalformedSignature);
    const cause = await judgeSignature(signature, parts.digests, {
      member: memberOf(this.#provider()),
      authorityPem: this.#providerInstance()?.authorityPem ?? null,
      nowMs: Date.now(),
    });
    return cause === Cause.None ? Input.Done : inputOf(Input.Failed, cause);
  }

  /** Facts 2.1 step 19. */
  #isConsistent(): boolean {
    const response = decodeResponseHead(this.#incoming().head ?? NO_BYTES);
    if (response === null) return false;
    const hash = hashRequest(this.#headBytes, this.#bodyDigest);
    return inconsistencyOf(this.#head, hash, response) === null;
  }

  #digests(): PartDigest[] {
    const parts: PartDigest[] = [{ name: 'message', digest: digestOf(this.#headBytes) }];
    if (this.#bodyDigest !== null) parts.push({ name: 'body', digest: this.#bodyDigest });
    return parts;
  }

  #bytesToLog(): number {
    const response = this.#outgoing?.incoming ?? null;
    if (response !== null && response.head !== null) return response.body?.length ?? 0;
    return this.#bodyBytes;
  }

  #providerInstance(): KnownInstance | null {
    const id = this.#target?.service.xRoadInstance ?? '';
    return findInstance(this.#server.view, id, Date.now());
  }

  /** Facts 2.1 step 9, from this server's own view. */
  #routing(): Candidates {
    const named = this.#request.headers[HeaderName.SecurityServer];
    const id = typeof named === 'string' ? parseServerId(named) : null;
    // A name that cannot be read is the name of no server.
    const target = named === undefined ? null : id === null ? '' : plainId(id);
    return candidatesOf(this.#providerInstance()?.servers ?? [], this.#provider(), target);
  }

  #member(): string {
    return memberOf(this.#client ?? '');
  }

  #provider(): string {
    return this.#target === null ? '' : plainId(subsystemOf(this.#target.service));
  }

  #out(): OutgoingMessage {
    assert(this.#outgoing !== null, 'nothing is sent before a connection stands');
    return this.#outgoing;
  }

  #incoming(): NonNullable<OutgoingMessage['incoming']> {
    const parts = this.#outgoing?.incoming ?? null;
    assert(parts !== null, 'a response is looked at only when one has come');
    return parts;
  }
}

const NO_BYTES = new Uint8Array(0);

function headOf(request: HttpRequest): RequestHead {
  const [path, ...query] = (request.url ?? '').split('?');
  return {
    verb: request.method ?? 'GET',
    path,
    query: query.length === 0 ? null : query.join('?'),
    headers: headersOf(request.rawHeaders),
  };
}
