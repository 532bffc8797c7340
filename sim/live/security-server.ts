/**
 * One security server: what it knows, its signer, its message log, its request threads, and the
 * two proxies, which are put on top by client-proxy.ts and server-proxy.ts.
 */
import { assert } from '../base/assert.ts';
import { isTimeStampingInTime, parameterOf, timeoutOf } from './configuration.ts';
import type { ServerView } from './configuration.ts';
import { Connector } from './connector.ts';
import { runLeg } from './driver.ts';
import type { LegHands, LegRules, Mailbox } from './driver.ts';
import type { Identity } from './loopback.ts';
import { MessageLog } from './message-log.ts';
import type { LogRecord } from './log/log-record.ts';
import { OutgoingConnections } from './outgoing-connections.ts';
import type { Dial } from './outgoing-connections.ts';
import { Permits } from './permits.ts';
import type { Sabotage } from './sabotage.ts';
import type { NetworkClock } from './network-clock.ts';
import { Signer } from './signer.ts';
import type { MessageSignature, PartDigest } from './signing/message-signature.ts';
import { answersAbout } from './signing/ocsp-source.ts';
import type { OcspSource } from './signing/ocsp-source.ts';
import type { CertifiedKey } from './pki/keys.ts';
import { ServerTrust } from './server-trust.ts';
import type { ServerTrustSetUp } from './server-trust.ts';
import { derOf } from './trust.ts';
import { Cause } from '../protocol/fault.ts';
import { Input, inputOf } from '../protocol/exchange.ts';
import type { Transcript, Transcripts } from './transcript.ts';
import type { ServerClock } from './trust-jobs/server-clock.ts';

export interface ServerSetUp {
  readonly view: ServerView;
  readonly logPath: string;
  readonly sabotage: Sabotage;
  /** A key of a member that is not at home here, for messages signed by the wrong one. */
  readonly impostor: () => CertifiedKey;
  /** Of all that has to do with trust: what expires, what is fresh, when something was signed. */
  readonly clock: ServerClock;
  readonly trust: Omit<ServerTrustSetUp, 'view' | 'clock' | 'messageLog'>;
  /** Answers about the impostor's certificate. */
  readonly ocsp: OcspSource;
  /** Answers older than any verifier takes, for messages that carry such. */
  readonly staleOcsp: OcspSource;
  /** How it gets to other servers. */
  readonly dial: Dial;
  /** Where the legs of an exchange write. */
  readonly transcripts: Transcripts;
  /** A leg has ended in a mistake of our own. */
  readonly crashed: (error: unknown) => void;
}

const IMPOSTOR = 'impostor';
const LOGGED_OUT = { failure: Cause.CannotSign } as const;

export class SecurityServer {
  readonly view: ServerView;
  readonly sabotage: Sabotage;
  readonly clock: NetworkClock;
  readonly trust: ServerTrust;
  readonly signer: Signer;
  readonly messageLog: MessageLog;
  readonly connector: Connector;
  readonly clientThreads: Permits;
  readonly serverThreads: Permits;
  readonly transcripts: Transcripts;
  readonly #impostor: () => CertifiedKey;
  readonly #ocsp: OcspSource;
  readonly #staleOcsp: OcspSource;
  readonly #members = new Map<string, CertifiedKey>();
  readonly #crashed: ServerSetUp['crashed'];
  readonly #legs = new Set<Promise<void>>();
  readonly #mailboxes = new Set<Mailbox>();
  readonly #outgoing: OutgoingConnections;
  /** It counts its deaths. */
  #life = 0;

  constructor(setUp: ServerSetUp) {
    const { view } = setUp;
    this.view = view;
    this.sabotage = setUp.sabotage;
    this.clock = setUp.clock;
    this.transcripts = setUp.transcripts;
    this.#crashed = setUp.crashed;
    this.messageLog = new MessageLog(setUp.logPath, parameterOf(view, 'logConnections'));
    const { clock } = setUp;
    const { messageLog } = this;
    this.trust = new ServerTrust({ ...setUp.trust, view, clock, messageLog });
    this.signer = new Signer({
      timeoutMs: timeoutOf(view, 'signerTimeout'),
      batchesAllowed: view.parameters.batchSigning === true,
      ocsp: this.trust,
      clock,
    });
    this.trust.token.isSignerRunning = () => this.signer.isRunning;
    this.#ocsp = setUp.ocsp;
    this.#staleOcsp = setUp.staleOcsp;
    this.#impostor = setUp.impostor;
    this.#outgoing = new OutgoingConnections(setUp.dial);
    this.connector = new Connector(view, this.trust, (to) => this.#outgoing.connect(to));
    this.clientThreads = new Permits(parameterOf(view, 'clientThreads'));
    this.serverThreads = new Permits(parameterOf(view, 'serverThreads'));
  }

  /** Connections to other servers that are open now. */
  get outgoingCount(): number {
    return this.#outgoing.openCount;
  }

  /** Members that have a key here. */
  get members(): ReadonlySet<string> {
    return new Set(this.#members.keys());
  }

  /** The key is on the token. */
  addMember(member: string, identity: CertifiedKey): void {
    this.#members.set(member, identity);
    this.signer.add(member, identity, this.trust.token.chainOf(identity.certificateDer));
  }

  /** The signing certificate of a member, in DER. */
  certificateOf(member: string): Buffer {
    const identity = this.#members.get(member);
    assert(identity !== undefined, `${member} has no key here`);
    return identity.certificateDer;
  }

  /** Whether a member has a key here that may sign now. */
  canSign(member: string): boolean {
    const identity = this.#members.get(member);
    if (identity === undefined || !this.signer.has(member)) return false;
    return this.trust.isUsable(identity.certificateDer);
  }

  /** The name under which a key of somebody else signs. */
  impostor(): string {
    if (!this.signer.has(IMPOSTOR)) this.signer.add(IMPOSTOR, this.#impostor(), [], this.#ocsp);
    return IMPOSTOR;
  }

  /** The name under which a member's own key signs with OCSP answers that are too old. */
  staleSigner(member: string): string {
    const name = `stale ${member}`;
    const identity = this.#members.get(member);
    assert(identity !== undefined, `${member} has no key here`);
    if (!this.signer.has(name)) this.signer.add(name, identity, [], this.#staleOcsp);
    return name;
  }

  /** A leg runs; `settled` waits for it. */
  track(leg: Promise<void>): void {
    const tracked = leg.catch(this.#crashed).finally(() => this.#legs.delete(tracked));
    this.#legs.add(tracked);
  }

  /** A leg, from its admission by one of the proxies to its end. */
  async run(
    rules: LegRules,
    leg: LegHands & { readonly mailbox: Mailbox },
    transcript: Transcript,
    admission: { readonly threads: Permits; readonly gaveUp: Promise<number> | null },
  ): Promise<void> {
    const { mailbox } = leg;
    this.#mailboxes.add(mailbox);
    try {
      const first = await this.admit(admission.threads, admission.gaveUp);
      await runLeg(rules, leg, mailbox, transcript, first);
    } finally {
      this.#mailboxes.delete(mailbox);
    }
  }

  /**
   * All its processes die: threads, connections, queues and half-done exchanges with them. What was
   * committed stays in the log. Its two listeners are the network's to close.
   */
  async die(): Promise<void> {
    this.#life++;
    for (const mailbox of this.#mailboxes) mailbox.die();
    this.#outgoing.die();
    this.connector.forget();
    this.clientThreads.reset();
    this.serverThreads.reset();
    this.messageLog.drop();
    this.signer.drop();
    await this.trust.halt();
    await this.settled();
  }

  /** They are back, with what is on disk; `pin` null: the token waits for somebody. */
  async revive(pin: string | null): Promise<void> {
    this.#outgoing.revive();
    await this.trust.restart(pin);
  }

  /** All legs that run now have ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#legs);
  }

  /**
   * A thread of a proxy, or what the leg hears instead. `gaveUp` settles when the peer goes first;
   * null: nobody would notice.
   */
  async admit(threads: Permits, gaveUp: Promise<number> | null): Promise<number> {
    const granted = threads.request(timeoutOf(this.view, 'idleTimeout'));
    const input = granted.then((isGranted) => (isGranted ? Input.ThreadGranted : Input.TimedOut));
    if (gaveUp === null) return input;
    const first = await Promise.race([input, gaveUp]);
    // Whoever has gone gives a thread back that is granted to it later.
    if (first === Input.PeerClosed)
      void granted.then((isGranted) => isGranted && threads.release());
    return first;
  }

  /** OCSP answers about the certificates with which this server shows up to others. */
  authenticationAnswers(): readonly Buffer[] {
    const { authentication } = this.view;
    if (authentication === null) return [];
    const der = derOf(authentication.certificatePem);
    return answersAbout(this.trust, [der, ...this.trust.token.chainOf(der)]) ?? [];
  }

  /** Fact.AuthCertUsable: there is a key to show, and the answers that have to go with it. */
  mayShowUp(): boolean {
    return this.trust.isAuthenticationUsable() && this.authenticationAnswers().length > 0;
  }

  /** The key for TLS; null: there is none that may be used now. */
  shownIdentity(): Identity | null {
    return this.trust.isAuthenticationUsable() ? this.view.authentication : null;
  }

  /** The effect Sign: an input, and the signature where there is one. */
  async sign(
    member: string,
    parts: readonly PartDigest[],
  ): Promise<{ readonly input: number; readonly signature: MessageSignature | null }> {
    const isLoggedOut = this.signer.isRunning && !this.trust.token.isLoggedIn;
    const outcome = isLoggedOut ? LOGGED_OUT : await this.signer.sign(member, parts);
    if ('signature' in outcome) return { input: Input.Done, signature: outcome.signature };
    const { failure } = outcome;
    return {
      input: failure === null ? Input.TimedOut : inputOf(Input.Failed, failure),
      signature: null,
    };
  }

  /** The effect Log: an input. `hold` is called when a connection of the pool was had. */
  async log(record: LogRecord, hold: () => void): Promise<number> {
    const { connections } = this.messageLog;
    const life = this.#life;
    const isGranted = await connections.request(timeoutOf(this.view, 'logPoolTimeout'));
    // Who has died meanwhile writes nothing.
    if (!isGranted || life !== this.#life) return Input.TimedOut;
    hold();
    let id: number;
    try {
      id = await this.messageLog.commit(record);
    } catch {
      return inputOf(Input.Failed, Cause.DatabaseError);
    }
    if (this.view.parameters.timestampImmediately !== true) return Input.Done;
    try {
      await this.trust.timeStamper.stampNow(id);
      return Input.Done;
    } catch {
      return inputOf(Input.Failed, Cause.TimestampingFailed);
    }
  }

  /** Fact.TimestampingInTime. */
  isTimeStampingInTime(): boolean {
    const { trust, view, clock } = this;
    return trust.timeStamper.isInTime && isTimeStampingInTime(view, clock.nowMs());
  }

  async stop(): Promise<void> {
    this.clientThreads.close();
    this.serverThreads.close();
    await this.trust.close();
    this.messageLog.close();
  }
}
