/**
 * One security server: what it knows, its signer, its message log, its request threads, and the
 * two proxies, which are put on top by client-proxy.ts and server-proxy.ts.
 */
import { parameterOf, timeoutOf } from './configuration.ts';
import type { ServerView } from './configuration.ts';
import { Connector } from './connector.ts';
import { MessageLog } from './message-log.ts';
import type { LogRecord } from './message-log.ts';
import { Permits } from './permits.ts';
import type { Sabotage } from './sabotage.ts';
import { Signer } from './signer.ts';
import type { Certified } from './trust.ts';
import { Cause } from '../protocol/fault.ts';
import { Input, inputOf } from '../protocol/exchange.ts';
import type { Transcripts } from './transcript.ts';

export interface ServerSetUp {
  readonly view: ServerView;
  readonly logPath: string;
  readonly sabotage: Sabotage;
  /** A key of a member that is not at home here, for messages signed by the wrong one. */
  readonly impostor: () => Certified;
  /** Where the legs of an exchange write. */
  readonly transcripts: Transcripts;
  /** A leg has ended in a mistake of our own. */
  readonly crashed: (error: unknown) => void;
}

const IMPOSTOR = 'impostor';

export class SecurityServer {
  readonly view: ServerView;
  readonly sabotage: Sabotage;
  readonly signer: Signer;
  readonly messageLog: MessageLog;
  readonly connector: Connector;
  readonly clientThreads: Permits;
  readonly serverThreads: Permits;
  readonly transcripts: Transcripts;
  readonly #impostor: () => Certified;
  readonly #members = new Set<string>();
  readonly #crashed: ServerSetUp['crashed'];
  readonly #legs = new Set<Promise<void>>();

  constructor(setUp: ServerSetUp) {
    const { view } = setUp;
    this.view = view;
    this.sabotage = setUp.sabotage;
    this.transcripts = setUp.transcripts;
    this.#crashed = setUp.crashed;
    this.signer = new Signer({
      timeoutMs: timeoutOf(view, 'signerTimeout'),
      batchesAllowed: view.parameters.batchSigning === true,
    });
    this.#impostor = setUp.impostor;
    this.messageLog = new MessageLog(setUp.logPath, parameterOf(view, 'logConnections'));
    this.connector = new Connector(view);
    this.clientThreads = new Permits(parameterOf(view, 'clientThreads'));
    this.serverThreads = new Permits(parameterOf(view, 'serverThreads'));
  }

  /** Members that have a key here. */
  get members(): ReadonlySet<string> {
    return this.#members;
  }

  addMember(member: string, identity: Certified): void {
    this.#members.add(member);
    this.signer.add(member, identity);
  }

  /** The name under which a key of somebody else signs. */
  impostor(): string {
    if (!this.signer.has(IMPOSTOR)) this.signer.add(IMPOSTOR, this.#impostor());
    return IMPOSTOR;
  }

  /** A leg runs; `settled` waits for it. */
  track(leg: Promise<void>): void {
    const tracked = leg.catch(this.#crashed).finally(() => this.#legs.delete(tracked));
    this.#legs.add(tracked);
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

  /** The effect Sign: an input, and the signature as text where there is one. */
  async sign(
    member: string,
    parts: Parameters<Signer['sign']>[1],
  ): Promise<{ readonly input: number; readonly signature: string }> {
    const outcome = await this.signer.sign(member, parts);
    if ('signature' in outcome) {
      return { input: Input.Done, signature: JSON.stringify(outcome.signature) };
    }
    const { failure } = outcome;
    return {
      input: failure === null ? Input.TimedOut : inputOf(Input.Failed, failure),
      signature: '',
    };
  }

  /** The effect Log: an input. `hold` is called when a connection of the pool was had. */
  async log(record: LogRecord, hold: () => void): Promise<number> {
    const { connections } = this.messageLog;
    const isGranted = await connections.request(timeoutOf(this.view, 'logPoolTimeout'));
    if (!isGranted) return Input.TimedOut;
    hold();
    try {
      this.messageLog.write(record);
      return Input.Done;
    } catch {
      return inputOf(Input.Failed, Cause.DatabaseError);
    }
  }

  stop(): void {
    this.clientThreads.close();
    this.serverThreads.close();
    this.messageLog.close();
  }
}
