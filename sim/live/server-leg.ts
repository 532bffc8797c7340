/**
 * The provider's leg in the real world: how its facts are found and its effects are done. What
 * follows from them is decided by protocol/exchange.ts; the steps are those of facts 2.3.
 */
import { randomUUID } from 'node:crypto';
import { assert } from '../base/assert.ts';
import type { ServiceDocument } from '../plan/document.ts';
import { mayAccess } from '../protocol/access.ts';
import { Effect } from '../protocol/effect.ts';
import { Fact, Hold, Input, inputOf } from '../protocol/exchange.ts';
import { Cause, findFault, spellFault } from '../protocol/fault.ts';
import { parseClientId, subsystemOf } from '../protocol/identifier.ts';
import {
  decodeRequestHead,
  encodeResponseHead,
  findHeader,
  HeaderName,
  parseRequestPath,
  responseHeadFor,
} from '../protocol/message.ts';
import type { RequestHead, ResponseHead, ServicePath } from '../protocol/message.ts';
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
import { digestOf } from './message-parts.ts';
import { contentOf, hashRequest, headersOf, plainId } from './rest-message.ts';
import type { SecurityServer } from './security-server.ts';
import { judgeSignature } from './signing/message-verifier.ts';
import { attachmentName, MESSAGE_NAME } from './signing/message-signature.ts';
import type { MessageSignature, PartDigest } from './signing/message-signature.ts';
import { isPeerTrusted } from './signing/peer-verifier.ts';
import { SystemCall } from './system-call.ts';
import { hashOfCertificate, readCertificate } from './trust.ts';

export class ServerLeg implements LegHands {
  readonly mailbox: Mailbox;
  readonly #server: SecurityServer;
  readonly #message: IncomingMessage;
  readonly #peer: Peer;
  #head: RequestHead | null = null;
  #target: ServicePath | null = null;
  #call: SystemCall | null = null;
  #responseHead: Uint8Array | null = null;
  #responseDigest: Buffer | null = null;
  /** Of the response; null: it is not signed yet. */
  #signature: MessageSignature | null = null;
  #holdsLog = false;

  constructor(server: SecurityServer, message: IncomingMessage, peer: Peer) {
    this.#server = server;
    this.#message = message;
    this.#peer = peer;
    this.mailbox = message.mailbox;
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
        return this.#message.header('x-road-message-type') === 'REST';
      case Fact.TargetIsThisServer:
        // Only a SOAP message names the server it is for.
        return true;
      // Without a request part nobody has asked for anything that these three could refuse; the
      // rules come to the missing part once the message has ended.
      case Fact.ProviderRegistered:
        return this.#target === null || view.registered.has(this.#provider());
      case Fact.SigningKeyUsable:
        return this.#target === null || this.#server.canSign(memberOf(this.#provider()));
      case Fact.ClientChainValid:
        return this.#head === null || this.#isPeerChainValid();
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
        await this.#message.sendEnd(this.#messageId(), this.#signed());
        return null;
      case Effect.SendFault:
        await this.#sendFault(fault);
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
    if ((holds & Hold.Connection) !== 0) this.#call?.abandon();
  }

  #isServiceFact(fact: Fact): boolean {
    const service = this.#service();
    switch (fact) {
      case Fact.ServiceExists:
        return service !== null;
      case Fact.ServiceTypeMatches:
        return service?.type === 'rest';
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
    const { head } = this.#message.parts;
    this.#head = head === null ? null : decodeRequestHead(head);
    this.#target = this.#head === null ? null : parseRequestPath(this.#head.path);
    const isUnreadable = head !== null && this.#target === null;
    return isUnreadable ? inputOf(Input.Failed, Cause.InternalError) : Input.Done;
  }

  #verify(): number {
    const { signature, digests, head, body } = this.#message.parts;
    assert(signature !== null, 'the rules verify only what is signed');
    const instance = this.#client().split('/')[0];
    const known = findInstance(this.#server.view, instance, this.#server.clock.nowMs());
    const cause = judgeSignature(
      { kind: 'request', signature, digests, contentOf: contentOf(head, body) },
      {
        member: memberOf(this.#client()),
        anchors: anchorsOf(this.#server.view, known),
        nowMs: this.#server.clock.nowMs(),
      },
    );
    return cause === Cause.None ? Input.Done : inputOf(Input.Failed, cause);
  }

  #log(): Promise<number> {
    const { parts } = this.#message;
    const isResponse = this.#responseHead !== null;
    const body = isResponse ? (this.#call?.body ?? null) : parts.body;
    const message = this.#responseHead ?? parts.head ?? new Uint8Array(0);
    const signature = isResponse ? this.#signed() : parts.signature;
    const record = {
      timeMs: Math.floor(this.#server.clock.nowMs()),
      messageId: this.#messageId(),
      requestId: this.#message.header('x-road-request-id'),
      isResponse,
      sender: isResponse ? this.#provider() : this.#client(),
      owner: this.#provider(),
      message: Buffer.from(message).toString('utf8'),
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

  /** The call of the information system, up to the head of its answer. */
  async #forward(): Promise<number> {
    const service = this.#service();
    assert(this.#head !== null && service !== null, 'only a known service is called');
    this.#message.isMultipart = true;
    this.#call = new SystemCall(this.#url(), {
      head: this.#head,
      path: this.#target?.path ?? '',
      body: this.#message.parts.body,
      timeoutMs: service.timeoutUs / 1000,
      keepBytesMax: parameterOf(this.#server.view, 'loggableBodyMax'),
    });
    return this.#call.answered();
  }

  /** Head and body of the response, while the information system still writes. */
  async #stream(): Promise<number> {
    const call = this.#call;
    assert(call !== null && call.answer !== null && this.#head !== null, 'nothing to stream');
    const { status, reason, rawHeaders } = call.answer;
    const { head, digests } = this.#message.parts;
    const bodyDigest = digests.find(({ name }) => name === attachmentName(1))?.digest ?? null;
    const hash = hashRequest(head ?? new Uint8Array(0), bodyDigest);
    const plain = { status, reason, headers: headersOf(rawHeaders) };
    const made = responseHeadFor(plain, this.#head, hash);
    const isInconsistent = this.#server.sabotage.has(this.#messageId(), 'response-inconsistent');
    const sent = isInconsistent ? ofAnotherRequest(made) : made;
    this.#responseHead = encodeResponseHead(sent);
    const out = this.#message;
    if (!(await out.sendHead(this.#messageId(), this.#responseHead))) return BROKEN_STREAM;
    const isWhole = await call.pipe((chunk) => out.sendBody(this.#messageId(), chunk));
    this.#responseDigest = call.bodyDigest;
    return isWhole ? Input.Done : BROKEN_STREAM;
  }

  async #sign(): Promise<number> {
    const parts: PartDigest[] = [];
    if (this.#responseHead !== null) {
      parts.push({ name: MESSAGE_NAME, digest: digestOf(this.#responseHead) });
    }
    if (this.#responseDigest !== null) {
      parts.push({ name: attachmentName(1), digest: this.#responseDigest });
    }
    const member = memberOf(this.#provider());
    const { input, signature } = await this.#server.sign(member, parts);
    this.#signature = signature;
    return input;
  }

  #signed(): MessageSignature {
    assert(this.#signature !== null, 'no response is sent before it is signed');
    return this.#signature;
  }

  #sendFault(fault: number): Promise<void> {
    const code = spellFault(fault, this.#server.view.version);
    const text = findFault(fault)?.prose ?? code;
    return this.#message.sendFault({ code, text, detail: randomUUID() });
  }

  /** The peer's certificate may be trusted, and its server is one of the client's. */
  #isPeerChainValid(): boolean {
    const { view } = this.#server;
    const { certificate, pem } = this.#peer;
    const peer = findServerByHash(view, hashOfCertificate(certificate));
    const instance = findInstance(view, this.#client().split('/')[0], this.#server.clock.nowMs());
    if (peer === null || instance === null || !peer.clients.has(this.#client())) return false;
    if (!readCertificate(pem).mayAuthenticate) return false;
    return isPeerTrusted(readEvidence(certificate), this.#message.parts.ocspResponses, {
      member: memberOf(this.#client()),
      anchors: anchorsOf(view, instance),
      nowMs: this.#server.clock.nowMs(),
    });
  }

  /** By the rules of protocol/access.ts, with the groups of all instances known here. */
  #mayCall(service: ServiceDocument): boolean {
    const { view } = this.#server;
    const client = this.#client();
    const groups = new Set<string>();
    for (const { globalGroups } of view.instances.values()) {
      for (const [id, members] of globalGroups) if (members.has(client)) groups.add(id);
    }
    const own = `${service.id.split('/')[0]}/`;
    const rights = service.access.map((right) => {
      const { globalGroup: name } = right;
      const isFull =
        name !== null && [...view.instances.keys()].some((id) => name.startsWith(`${id}/`));
      return { ...right, globalGroup: name === null || isFull ? name : own + name };
    });
    const request = {
      client,
      groups,
      method: this.#head?.verb ?? '',
      path: this.#target?.path ?? '',
    };
    return mayAccess(rights, request, view.version);
  }

  #service(): ServiceDocument | null {
    const id = this.#target === null ? '' : plainId(this.#target.service);
    return this.#server.view.services.get(id) ?? null;
  }

  #url(): string {
    return this.#server.view.serviceUrls.get(this.#service()?.id ?? '') ?? '';
  }

  #minVersion(): number {
    return parameterOf(this.#server.view, 'minClientVersion');
  }

  #bytesToLog(): number {
    return this.#responseHead === null
      ? (this.#message.parts.body?.length ?? 0)
      : (this.#call?.bodyBytes ?? 0);
  }

  #messageId(): string {
    return findHeader(this.#head?.headers ?? [], HeaderName.Id) ?? '';
  }

  #client(): string {
    const text = findHeader(this.#head?.headers ?? [], HeaderName.Client) ?? '';
    const id = parseClientId(text);
    return id === null ? '' : plainId(id);
  }

  #provider(): string {
    return this.#target === null ? '' : plainId(subsystemOf(this.#target.service));
  }
}

const BROKEN_STREAM = inputOf(Input.Failed, Cause.IoError);

function ofAnotherRequest(head: ResponseHead): ResponseHead {
  const headers = head.headers.map(({ name, value }) =>
    name === HeaderName.Id ? { name, value: `${value}-of-another` } : { name, value },
  );
  return { ...head, headers };
}
