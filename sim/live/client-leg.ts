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
import { anchorsOf, findInstance, isBodyLoggable, memberOf } from './configuration.ts';
import type { KnownInstance } from './configuration.ts';
import type { ConnectTarget } from './connector.ts';
import { Mailbox } from './driver.ts';
import type { LegHands } from './driver.ts';
import type { HttpRequest, HttpResponse } from './loopback.ts';
import { digestOf } from './message-parts.ts';
import { OutgoingMessage } from './outgoing-message.ts';
import { contentOf, hashRequest, headersOf, plainId } from './rest-message.ts';
import type { SecurityServer } from './security-server.ts';
import { judgeSignature } from './signing/message-verifier.ts';
import { attachmentName, MESSAGE_NAME } from './signing/message-signature.ts';
import type { MessageSignature, PartDigest } from './signing/message-signature.ts';

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
  /** Of the request; null: it is not signed yet. */
  #signature: MessageSignature | null = null;
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
    const { view } = this.#server;
    switch (fact) {
      case Fact.GlobalConfValid:
        return findInstance(view, view.instance, this.#server.clock.nowMs()) !== null;
      case Fact.AuthCertUsable:
        return this.#server.authenticationAnswers().length > 0;
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
        return this.#server.canSign(this.#member());
      case Fact.TimestampingConfigured:
        return this.#server.trust.timeStamper.isConfigured;
      case Fact.TimestampingInTime:
        return this.#server.isTimeStampingInTime();
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
        await this.#out().sendSignature(this.#signed());
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
      instance,
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
      ocspResponses: this.#server.authenticationAnswers(),
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
    const { input, signature } = await this.#server.sign(this.#signer(), this.#digests());
    this.#signature = signature;
    return input;
  }

  #log(): Promise<number> {
    const response = this.#outgoing?.incoming ?? null;
    const isResponse = response !== null && response.head !== null;
    const body = isResponse ? response.body : Buffer.concat(this.#body);
    const signature = isResponse ? response.signature : this.#signed();
    const record = {
      timeMs: Math.floor(this.#server.clock.nowMs()),
      messageId: this.messageId,
      requestId: this.requestId,
      isResponse,
      sender: isResponse ? this.#provider() : (this.#client ?? ''),
      owner: this.#client,
      message: Buffer.from(response?.head ?? this.#headBytes).toString('utf8'),
      body: this.#server.view.parameters.bodyLogging === true ? body : null,
      attachments: null,
      signature: signature?.xml ?? '',
      hashChainResult: signature?.hashChainResult ?? null,
      hashChain: signature?.hashChain ?? null,
    };
    return this.#server.log(record, () => {
      this.#holdsLog = true;
    });
  }

  #verify(): number {
    const { signature, digests, head, body } = this.#incoming();
    assert(signature !== null, 'the rules verify only what is signed');
    const cause = judgeSignature(
      { kind: 'response', signature, digests, contentOf: contentOf(head, body) },
      {
        member: memberOf(this.#provider()),
        anchors: anchorsOf(this.#server.view, this.#providerInstance()),
        nowMs: this.#server.clock.nowMs(),
      },
    );
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
    const parts: PartDigest[] = [{ name: MESSAGE_NAME, digest: digestOf(this.#headBytes) }];
    if (this.#bodyDigest !== null) {
      parts.push({ name: attachmentName(1), digest: this.#bodyDigest });
    }
    return parts;
  }

  #signed(): MessageSignature {
    assert(this.#signature !== null, 'no request is sent before it is signed');
    return this.#signature;
  }

  #bytesToLog(): number {
    const response = this.#outgoing?.incoming ?? null;
    if (response !== null && response.head !== null) return response.body?.length ?? 0;
    return this.#bodyBytes;
  }

  #providerInstance(): KnownInstance | null {
    const id = this.#target?.service.xRoadInstance ?? '';
    return findInstance(this.#server.view, id, this.#server.clock.nowMs());
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

  /** Under which name the request is signed: the member's own, unless it is to be wrong. */
  #signer(): string {
    const { sabotage } = this.#server;
    if (sabotage.has(this.messageId, 'wrong-signer')) return this.#server.impostor();
    if (sabotage.has(this.messageId, 'stale-ocsp')) return this.#server.staleSigner(this.#member());
    return this.#member();
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
