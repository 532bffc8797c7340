/**
 * The provider's leg in the real world: how its facts are found and its effects are done. What
 * follows from them is decided by protocol/exchange.ts; the steps are those of facts 2.3.
 */
import { assert } from '../base/assert.ts';
import type { ServiceDocument } from '../plan/document.ts';
import { mayAccess } from '../protocol/access.ts';
import { Effect } from '../protocol/effect.ts';
import { Fact, Hold, Input, inputOf } from '../protocol/exchange.ts';
import { Cause } from '../protocol/fault.ts';
import {
  anchorsOf,
  findInstance,
  findServerByHash,
  isBodyLoggable,
  memberOf,
  parameterOf,
  parseVersion,
} from './configuration.ts';
import type { LegHands, Mailbox } from './driver.ts';
import { readCertificate as readEvidence } from './evidence/certificate.ts';
import type { IncomingMessage, Peer } from './incoming-message.ts';
import { groupsOf, rightsOf } from './metadata/described-service.ts';
import { RestServerMessage } from './rest-server-message.ts';
import type { SecurityServer } from './security-server.ts';
import type { ServerMessage } from './server-message.ts';
import { judgeSignature } from './signing/message-verifier.ts';
import type { MessageSignature } from './signing/message-signature.ts';
import { isPeerTrusted } from './signing/peer-verifier.ts';
import { SoapServerMessage } from './soap/soap-server-message.ts';
import { hashOfCertificate, readCertificate } from './trust.ts';

export class ServerLeg implements LegHands {
  readonly mailbox: Mailbox;
  readonly #server: SecurityServer;
  readonly #message: IncomingMessage;
  readonly #peer: Peer;
  readonly #asked: ServerMessage;
  /** Of the response; null: it is not signed yet. */
  #signature: MessageSignature | null = null;
  #holdsLog = false;

  constructor(server: SecurityServer, message: IncomingMessage, peer: Peer) {
    this.#server = server;
    this.#message = message;
    this.#peer = peer;
    this.mailbox = message.mailbox;
    this.#asked = messageOf(server, message);
  }

  isTrue(fact: Fact): boolean {
    const { view } = this.#server;
    const { parts } = this.#message;
    switch (fact) {
      case Fact.MethodIsPost:
        return this.#message.method === 'POST';
      case Fact.GlobalConfValid:
        return findInstance(view, view.instance, this.#server.clock.nowMs()) !== null;
      case Fact.ClientVersionSupported:
        return parseVersion(this.#message.header('x-proxy-version')) >= this.#minVersion();
      case Fact.IsRest:
        return this.#asked.isRest;
      case Fact.TargetIsThisServer:
        return (this.#asked.targetServer ?? view.id) === view.id;
      // Without a request part nobody has asked for anything that these three could refuse; the
      // rules come to the missing part once the message has ended.
      case Fact.ProviderRegistered:
        return !this.#asked.isRead || view.registered.has(this.#asked.provider);
      case Fact.SigningKeyUsable:
        return !this.#asked.isRead || this.#server.canSign(memberOf(this.#asked.provider));
      case Fact.ClientChainValid:
        return !this.#asked.isRead || this.#isPeerChainValid();
      case Fact.MessageReadable:
        return this.#message.broken === Cause.None;
      case Fact.HasMessagePart:
        return parts.head !== null;
      case Fact.HasSignature:
        return parts.signature !== null;
      case Fact.TimestampingConfigured:
        return this.#server.trust.timeStamper.isConfigured;
      case Fact.TimestampingInTime:
        return this.#server.isTimeStampingInTime();
      case Fact.BodyLoggable:
        return isBodyLoggable(view, this.#bytesToLog());
      default:
        return this.#isServiceFact(fact);
    }
  }

  async perform(effect: Effect, fault: number): Promise<number | null> {
    switch (effect) {
      case Effect.Admit:
        return this.#admit();
      case Effect.Receive:
        return this.#message.idleTimeout();
      case Effect.Verify:
        return this.#verify();
      case Effect.Log:
        return this.#log();
      case Effect.Forward:
        return this.#forward();
      case Effect.StreamResponse:
        return this.#stream();
      case Effect.Sign:
        return this.#sign();
      case Effect.SendResponseEnd:
        await this.#message.sendEnd(this.#asked.messageId, this.#signed());
        return null;
      case Effect.SendFault:
        await this.#message.sendFault(this.#asked.faultOf(fault));
        return null;
      case Effect.Close:
        this.#message.close();
        return null;
      default:
        return null;
    }
  }

  release(holds: number): void {
    if ((holds & Hold.LogConnection) !== 0 && this.#holdsLog) {
      this.#holdsLog = false;
      this.#server.messageLog.connections.release();
    }
    if ((holds & Hold.Thread) !== 0) this.#server.serverThreads.release();
    // Of the connection the last effect takes leave: what is written must still go out.
    if ((holds & Hold.Connection) !== 0) this.#asked.abandon();
  }

  #isServiceFact(fact: Fact): boolean {
    // What a server answers itself anybody may ask, and nobody else can (facts 2.3).
    if (this.#asked.isMetadata) return true;
    const service = this.#service();
    switch (fact) {
      case Fact.ServiceExists:
        return service !== null;
      case Fact.ServiceTypeMatches:
        return service?.type === (this.#asked.isRest ? 'rest' : 'soap');
      case Fact.AccessAllowed:
        return service !== null && this.#mayCall(service);
      case Fact.ServiceEnabled:
        return service?.enabled === true;
      case Fact.ServiceUrlPresent:
        return this.#url() !== '';
      case Fact.ServiceUrlWellFormed:
        return URL.canParse(this.#url());
      default:
        assert(false, `fact ${fact} is none of the provider's side`);
    }
  }

  /** Facts 2.3 step 6: up to the end of the request part. */
  async #admit(): Promise<number> {
    const found = await this.#message.messagePart();
    if (found === 'broken') return inputOf(Input.Failed, this.#message.broken);
    if (found !== 'came') return found === 'idle' ? Input.TimedOut : Input.PeerClosed;
    return this.#asked.read(this.#message.parts);
  }

  #verify(): number {
    const { parts } = this.#message;
    const { signature, digests } = parts;
    assert(signature !== null, 'the rules verify only what is signed');
    const instance = this.#asked.client.split('/')[0];
    const known = findInstance(this.#server.view, instance, this.#server.clock.nowMs());
    const cause = judgeSignature(
      { kind: 'request', signature, digests, contentOf: this.#asked.contentOf(parts) },
      {
        member: memberOf(this.#asked.client),
        anchors: anchorsOf(this.#server.view, known),
        nowMs: this.#server.clock.nowMs(),
      },
    );
    return cause === Cause.None ? Input.Done : inputOf(Input.Failed, cause);
  }

  #log(): Promise<number> {
    const { parts } = this.#message;
    const response = this.#asked.loggedResponse();
    const isResponse = response !== null;
    const signature = isResponse ? this.#signed() : parts.signature;
    const record = {
      timeMs: Math.floor(this.#server.clock.nowMs()),
      messageId: this.#asked.messageId,
      requestId: this.#message.header('x-road-request-id'),
      isResponse,
      sender: isResponse ? this.#asked.provider : this.#asked.client,
      owner: this.#asked.provider,
      ...(response ?? this.#asked.logged(parts)),
      signature: signature?.xml ?? '',
      hashChainResult: signature?.hashChainResult ?? null,
      hashChain: signature?.hashChain ?? null,
    };
    return this.#server.log(record, () => {
      this.#holdsLog = true;
    });
  }

  async #forward(): Promise<number> {
    const service = this.#service();
    this.#message.isMultipart = true;
    const { parts } = this.#message;
    if (this.#asked.isMetadata) return this.#asked.forward(parts, null);
    assert(service !== null, 'only a known service is called');
    return this.#asked.forward(parts, { service, url: this.#url() });
  }

  async #stream(): Promise<number> {
    return (await this.#asked.send(this.#message)) ? Input.Done : BROKEN_STREAM;
  }

  async #sign(): Promise<number> {
    const member = memberOf(this.#asked.provider);
    const digests = this.#asked.responseDigests();
    const { input, signature } = await this.#server.sign(member, digests);
    this.#signature = signature;
    return input;
  }

  #signed(): MessageSignature {
    assert(this.#signature !== null, 'no response is sent before it is signed');
    return this.#signature;
  }

  /** The peer's certificate may be trusted, and its server is one of the client's. */
  #isPeerChainValid(): boolean {
    const { view } = this.#server;
    const { certificate, pem } = this.#peer;
    const peer = findServerByHash(view, hashOfCertificate(certificate));
    const instance = findInstance(
      view,
      this.#asked.client.split('/')[0],
      this.#server.clock.nowMs(),
    );
    if (peer === null || instance === null || !peer.clients.has(this.#asked.client)) return false;
    if (!readCertificate(pem).mayAuthenticate) return false;
    return isPeerTrusted(readEvidence(certificate), this.#message.parts.ocspResponses, {
      member: memberOf(this.#asked.client),
      anchors: anchorsOf(view, instance),
      nowMs: this.#server.clock.nowMs(),
    });
  }

  /** By the rules of protocol/access.ts, with the groups of all instances known here. */
  #mayCall(service: ServiceDocument): boolean {
    const { view } = this.#server;
    const { client, method, path } = this.#asked;
    const groups = groupsOf(view, client);
    return mayAccess(rightsOf(view, service), { client, groups, method, path }, view.version);
  }

  #service(): ServiceDocument | null {
    return this.#server.view.services.get(this.#asked.service) ?? null;
  }

  #url(): string {
    return this.#server.view.serviceUrls.get(this.#service()?.id ?? '') ?? '';
  }

  #minVersion(): number {
    return parameterOf(this.#server.view, 'minClientVersion');
  }

  #bytesToLog(): number {
    const { parts } = this.#message;
    const ofResponse = this.#asked.responseBytesToLog();
    if (ofResponse !== null) return ofResponse;
    return this.#asked.isRead ? this.#asked.bytesToLog(parts) : 0;
  }
}

const BROKEN_STREAM = inputOf(Input.Failed, Cause.IoError);

function messageOf({ view, sabotage }: SecurityServer, message: IncomingMessage): ServerMessage {
  if (message.header('x-road-message-type') === 'REST')
    return new RestServerMessage(view, sabotage);
  const soapAction = message.findHeader('x-original-soapaction');
  const contentType = message.header('x-original-content-type');
  return new SoapServerMessage(view, sabotage, { contentType, soapAction });
}
