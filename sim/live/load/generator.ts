/** The generator, seen from the servers' thread: started, told when to go, and listened to. */
import { Worker } from 'node:worker_threads';
import { assert } from '../../base/assert.ts';
import type { ThreadFacts } from '../../metrics/result.ts';
import { CallLog } from './call-log.ts';
import type { GeneratorTask, Order, Told } from './generator-task.ts';

export class Generator {
  readonly log = new CallLog();
  readonly #worker: Worker;
  readonly #ready = Promise.withResolvers<void>();
  readonly #warmed = Promise.withResolvers<void>();
  readonly #over = Promise.withResolvers<ThreadFacts>();

  constructor(task: GeneratorTask) {
    this.#worker = new Worker(new URL('./generator-thread.ts', import.meta.url), {
      workerData: task,
    });
    this.#worker.on('message', (told: Told) => this.#hear(told));
    this.#worker.once('error', (error) => this.#fail(error as Error));
    this.#worker.once('exit', () => this.#fail(new Error('the generator ended by itself')));
    // Whoever waits for one of them hears of a failure there; nobody waits for all the time.
    for (const { promise } of [this.#ready, this.#warmed, this.#over]) promise.catch(() => null);
  }

  /** The thread has begun, and can be told something. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Calls each flow some times, uncounted, for no longer than `maxMs`. */
  warm(flows: readonly number[], maxMs: number): Promise<void> {
    this.#order({ kind: 'warm', flows, maxMs });
    return this.#warmed.promise;
  }

  /** Runs from an instant of the shared clock to the end of the plan, or to `stop`. */
  run(startUs: number): Promise<ThreadFacts> {
    this.#order({ kind: 'go', startUs });
    return this.#over.promise;
  }

  stop(): void {
    this.#order({ kind: 'stop' });
  }

  /** Ends the thread, whatever it does. */
  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #order(order: Order): void {
    this.#worker.postMessage(order);
  }

  #hear(told: Told): void {
    switch (told.kind) {
      case 'ready':
        this.#ready.resolve();
        return;
      case 'warmed':
        this.#warmed.resolve();
        return;
      case 'calls':
        this.log.addBatch(told.batch);
        return;
      case 'over':
        this.#over.resolve(told.thread);
        return;
      default:
        assert(false, 'the generator says something else');
    }
  }

  #fail(error: Error): void {
    for (const waited of [this.#ready, this.#warmed, this.#over]) waited.reject(error);
  }
}
