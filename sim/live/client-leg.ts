/**
 * The consumer's leg in the real world: how its facts are found and its effects are done. What
 * follows from them is decided by protocol/exchange.ts; the steps are those of facts 2.1.
 */
import { assert } from '../base/assert.ts';
import { Effect } from '../protocol/effect.ts';
import { Fact, Hold, Input, inputOf } from '../protocol/exchange.ts';
import { Cause } from '../protocol/fault.ts';
import { candidatesOf } from '../protocol/routing.ts';
import type { Candidates } from '../protocol/routing.ts';
import { respond } from './client-answer.ts';
import type { ClientMessage } from './client-message.ts';
import { anchorsOf, findInstance, isBodyLoggable, memberOf } from './configuration.ts';
import type { KnownInstance } from './configuration.ts';
import type { ConnectTarget } from './connector.ts';
import { Mailbox } from './driver.ts';
import type { LegHands } from './driver.ts';
import type { HttpRequest, HttpResponse } from './loopback.ts';
import { OutgoingMessage } from './outgoing-message.ts';
import type { SecurityServer } from './security-server.ts';
import { judgeSignature } from './signing/message-verifier.ts';
import type { MessageSignature } from './signing/message-signature.ts';

/** A call of an information system, and what this server calls it to others. */
export interface ClientCall {
  readonly request: HttpRequest;
  readonly response: HttpResponse;
  readonly requestId: string;
  readonly message: ClientMessage;
}

export class ClientLeg implements LegHands {
  readonly mailbox = new Mailbox();
  readonly requestId: string;
  readonly #server: SecurityServer;
  readonly #request: HttpRequest;
  readonly #response: HttpResponse;
  readonly #message: ClientMessage;
  #outgoing: OutgoingMessage | null = null;
  /** Of the request; null: it is not signed yet. */
  #signature: MessageSignature | null = null;
  #holdsLog = false;

  constructor(server: SecurityServer, call: ClientCall) {
    this.#server = server;
    this.requestId = call.requestId;
    this.#request = call.request;
    this.#response = call.response;
    this.#message = call.message;
  }

  get messageId(): string {
    return this.#message.messageId;
  }

  isTrue(fact: Fact): boolean {
    const { view } = this.#server;
    switch (fact) {
      case Fact.GlobalConfValid:
        return findInstance(view, view.instance, this.#server.clock.nowMs()) !== null;
      case Fact.AuthCertUsable:
        return this.#server.mayShowUp();
      case Fact.PathParses:
        return this.#message.isAddressed;
      case Fact.ClientNamed:
        return this.#message.client !== null;
      case Fact.ClientRegistered:
        return view.registered.has(this.#message.client ?? '');
      case Fact.ClientAuthenticated:
        // This proxy speaks plain HTTP alone: who must show a certificate cannot.
        return view.connectionTypes.get(this.#message.client ?? '') !== 'SSLAUTH';
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
        return this.#message.isRest;
      case Fact.HasMessagePart:
        return this.#incoming().head !== null;
      case Fact.HasSignature:
        return this.#incoming().signature !== null;
      case Fact.ResponseConsistent:
        return this.#message.isConsistent(this.#incoming());
      default:
        assert(false, `fact ${fact} is none of the consumer's side`);
    }
  }

  async perform(effect: Effect, fault: number): Promise<number | null> {
    switch (effect) {
      case Effect.Parse:
        return this.#parse();
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
        await respond(this.#request, this.#response, this.#message, {
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

  async #parse(): Promise<number> {
    const input = await this.#message.parse();
    // The name of a SOAP message is in it.
    this.#server.transcripts.name(this.messageId, this.requestId);
    return input;
  }

  async #connect(): Promise<number> {
    const instance = this.#providerInstance();
    const identity = this.#server.view.authentication;
    assert(instance !== null && identity !== null, 'the rules admit no request without these');
    const target: ConnectTarget = {
      candidates: this.#routing().servers.map((row) => instance.servers[row]),
      provider: this.#message.provider,
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
      headers: this.#message.headers,
      canRead: (response) => this.#message.canRead(response),
      ocspResponses: this.#server.authenticationAnswers(),
      sabotage: this.#server.sabotage,
    });
    return Input.Done;
  }

  async #stream(): Promise<number> {
    const isWell = await this.#message.send(this.#out());
    return isWell ? Input.Done : inputOf(Input.Failed, Cause.IoError);
  }

  async #sign(): Promise<number> {
    const { input, signature } = await this.#server.sign(this.#signer(), this.#message.digests());
    this.#signature = signature;
    return input;
  }

  #log(): Promise<number> {
    const response = this.#outgoing?.incoming ?? null;
    const isResponse = response !== null && response.head !== null;
    const content = isResponse ? this.#message.loggedOf(response) : this.#message.logged();
    const signature = isResponse ? response.signature : this.#signed();
    const record = {
      timeMs: Math.floor(this.#server.clock.nowMs()),
      messageId: this.messageId,
      requestId: this.requestId,
      isResponse,
      sender: isResponse ? this.#message.provider : (this.#message.client ?? ''),
      owner: this.#message.client,
      ...content,
      signature: signature?.xml ?? '',
      hashChainResult: signature?.hashChainResult ?? null,
      hashChain: signature?.hashChain ?? null,
    };
    return this.#server.log(record, () => {
      this.#holdsLog = true;
    });
  }

  #verify(): number {
    const parts = this.#incoming();
    const { signature, digests } = parts;
    assert(signature !== null, 'the rules verify only what is signed');
    const cause = judgeSignature(
      { kind: 'response', signature, digests, contentOf: this.#message.contentOf(parts) },
      {
        member: memberOf(this.#message.provider),
        anchors: anchorsOf(this.#server.view, this.#providerInstance()),
        nowMs: this.#server.clock.nowMs(),
      },
    );
    return cause === Cause.None ? Input.Done : inputOf(Input.Failed, cause);
  }

  #signed(): MessageSignature {
    assert(this.#signature !== null, 'no request is sent before it is signed');
    return this.#signature;
  }

  #bytesToLog(): number {
    const response = this.#outgoing?.incoming ?? null;
    if (response !== null && response.head !== null) {
      return this.#message.responseBytesToLog(response);
    }
    return this.#message.bytesToLog;
  }

  #providerInstance(): KnownInstance | null {
    const id = this.#message.provider.split('/')[0];
    return findInstance(this.#server.view, id, this.#server.clock.nowMs());
  }

  /** Facts 2.1 step 9, from this server's own view. */
  #routing(): Candidates {
    const { provider, targetServer } = this.#message;
    // Sent to a server that it does not name, it is refused there.
    const isMisled = this.#server.sabotage.has(this.messageId, 'other-server');
    const target = isMisled ? null : targetServer;
    return candidatesOf(this.#providerInstance()?.servers ?? [], provider, target);
  }

  #member(): string {
    return memberOf(this.#message.client ?? '');
  }

  /** Under which name the request is signed: the member's own, unless it is to be wrong. */
  #signer(): string {
    const { sabotage } = this.#server;
    if (sabotage.has(this.messageId, 'wrong-signer')) return this.#server.impostor();
    if (sabotage.has(this.messageId, 'stale-ocsp')) return this.#server.staleSigner(this.#member());
    return this.#member();
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
