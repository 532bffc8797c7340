/**
 * A queueing network known by formula, on the bare parts of the kernel (event queue, keyed draws,
 * columns): no rule of X-Road is in it. Compared with SimPy on the same network.
 *
 *    300 security servers, M/M/2, 5 ms; 300 information systems, M/M/4, 20 ms; a network of
 *    5 ms + Exp(2 ms); 15,000 exchanges a second, consumer and provider at random. An exchange is
 *    eight events: arrival, consumer's server, network, provider's server, information system,
 *    provider's server, network, consumer's server.
 *
 * Every station is loaded to a half (servers) or a quarter (systems), and by Jackson's theorem the
 * mean is that of the stations apart: 4 x 6.667 + 20.136 + 2 x 7 = 60.80 ms.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { EventQueue } from '../sim/base/event-queue.ts';
import { draw, keyOf } from '../sim/base/random.ts';
import { cpuSecondsOf, threeDigits } from './harness.ts';
import type { Bench, Measurement, Unavailable } from './harness.ts';

const SERVERS = 300;
const STATIONS = 2 * SERVERS;
const SERVER_MS = 5;
const SYSTEM_MS = 20;
const RATE_PER_MS = 15;
const JACKSON_MS = 60.803;
const EXCHANGES = 2_000_000;
/** SimPy is slow: fewer will do for a rate, and for a mean within a percent. */
const EXCHANGES_OF_SIMPY = 60_000;

/** Where an exchange is going: the events, in order. */
const Step = {
  Arrival: 0,
  RequestAtConsumer: 1,
  RequestOnNetwork: 2,
  RequestAtProvider: 3,
  AtSystem: 4,
  ResponseAtProvider: 5,
  ResponseOnNetwork: 6,
  ResponseAtConsumer: 7,
} as const;

/** Purposes of this network's draws; its keys are its own. */
const CONSUMER_AND_PROVIDER = 8;
const ARRIVAL = 9;

class ReferenceNetwork {
  sumUs = 0;
  readonly #events = new EventQueue(4096);
  readonly #key = keyOf(1, 0, 80, 0);
  readonly #busy = new Int32Array(STATIONS);
  readonly #head = new Int32Array(STATIONS).fill(-1);
  readonly #tail = new Int32Array(STATIONS).fill(-1);
  readonly #consumer: Int32Array;
  readonly #provider: Int32Array;
  readonly #startUs: Float64Array;
  readonly #step: Uint8Array;
  readonly #next: Int32Array;

  constructor(exchangeCount: number) {
    this.#consumer = new Int32Array(exchangeCount);
    this.#provider = new Int32Array(exchangeCount);
    this.#startUs = new Float64Array(exchangeCount);
    this.#step = new Uint8Array(exchangeCount);
    this.#next = new Int32Array(exchangeCount);
  }

  /** Runs until every exchange has its answer. */
  run(): void {
    const events = this.#events;
    const exchangeCount = this.#step.length;
    events.schedule(0, Step.Arrival, 0, 0, 0);
    while (events.next()) {
      const { timeUs, a: exchange } = events;
      if (events.kind === Step.Arrival) {
        this.#arrive(exchange, timeUs);
        if (exchange + 1 < exchangeCount) {
          const gapUs = this.#exponentialUs(exchange, ARRIVAL, 1 / RATE_PER_MS);
          events.schedule(timeUs + gapUs, Step.Arrival, exchange + 1, exchange + 1, 0);
        }
      } else {
        this.#done(exchange, events.kind, timeUs);
      }
    }
  }

  #arrive(exchange: number, nowUs: number): void {
    const u = draw(this.#key[0], this.#key[1], exchange, 0, CONSUMER_AND_PROVIDER);
    const pair = Math.floor(u * SERVERS * SERVERS);
    this.#consumer[exchange] = pair % SERVERS;
    this.#provider[exchange] = Math.floor(pair / SERVERS);
    this.#startUs[exchange] = nowUs;
    this.#enter(exchange, Step.RequestAtConsumer, nowUs);
  }

  /** A step of an exchange is over: its place goes to the next in the queue. */
  #done(exchange: number, step: number, nowUs: number): void {
    if (step !== Step.RequestOnNetwork && step !== Step.ResponseOnNetwork) {
      this.#leave(this.#stationOf(exchange, step), nowUs);
    }
    if (step === Step.ResponseAtConsumer) this.sumUs += nowUs - this.#startUs[exchange];
    else this.#enter(exchange, step + 1, nowUs);
  }

  #enter(exchange: number, step: number, nowUs: number): void {
    if (step === Step.RequestOnNetwork || step === Step.ResponseOnNetwork) {
      const flightUs = 5000 + this.#exponentialUs(exchange, step, 2);
      this.#events.schedule(nowUs + flightUs, step, exchange, exchange, 0);
      return;
    }
    this.#step[exchange] = step;
    const station = this.#stationOf(exchange, step);
    if (this.#busy[station] < (station < SERVERS ? 2 : 4)) {
      this.#busy[station]++;
      this.#serve(exchange, step, nowUs);
      return;
    }
    this.#next[exchange] = -1;
    if (this.#head[station] === -1) this.#head[station] = exchange;
    else this.#next[this.#tail[station]] = exchange;
    this.#tail[station] = exchange;
  }

  #leave(station: number, nowUs: number): void {
    const waiting = this.#head[station];
    if (waiting === -1) {
      this.#busy[station]--;
      return;
    }
    this.#head[station] = this.#next[waiting];
    this.#serve(waiting, this.#step[waiting], nowUs);
  }

  #serve(exchange: number, step: number, nowUs: number): void {
    const meanMs = step === Step.AtSystem ? SYSTEM_MS : SERVER_MS;
    const endUs = nowUs + this.#exponentialUs(exchange, step, meanMs);
    this.#events.schedule(endUs, step, exchange, exchange, 0);
  }

  #stationOf(exchange: number, step: number): number {
    if (step === Step.AtSystem) return SERVERS + this.#provider[exchange];
    const isConsumers = step === Step.RequestAtConsumer || step === Step.ResponseAtConsumer;
    return isConsumers ? this.#consumer[exchange] : this.#provider[exchange];
  }

  #exponentialUs(exchange: number, purpose: number, meanMs: number): number {
    const u = draw(this.#key[0], this.#key[1], exchange, 0, purpose);
    return Math.round(-1000 * meanMs * Math.log(u));
  }
}

function measureOurs(): Measurement {
  const warmUp = new ReferenceNetwork(100_000);
  warmUp.run();
  const network = new ReferenceNetwork(EXCHANGES);
  const { seconds } = cpuSecondsOf(() => network.run());
  return report(EXCHANGES / seconds, network.sumUs / EXCHANGES / 1000);
}

/** SimPy of Debian (python3-simpy3), where it is installed. */
function measureSimPy(): Measurement | Unavailable {
  const script = fileURLToPath(new URL('./simpy-p.py', import.meta.url));
  const { status, stdout } = spawnSync('/usr/bin/python3', [script, String(EXCHANGES_OF_SIMPY)], {
    encoding: 'utf8',
  });
  if (status !== 0) return { unavailable: 'SimPy is not installed (Debian: python3-simpy3)' };
  const [rate, meanMs] = stdout.trim().split(' ').map(Number);
  return report(rate, meanMs);
}

function report(exchangesPerSecond: number, meanMs: number): Measurement {
  const error = ((meanMs / JACKSON_MS - 1) * 100).toFixed(2);
  return {
    value: exchangesPerSecond / 1000,
    notes: [
      `${threeDigits((exchangesPerSecond * 8) / 1e6)} M events/s`,
      `mean ${meanMs.toFixed(2)} ms, ${error} % from ${JACKSON_MS}`,
    ],
  };
}

export const REFERENCE_P: Bench = {
  name: 'reference-p',
  title: 'Reference network of 600 stations, 8 events an exchange',
  unit: 'k exchanges/s a core',
  isMoreBetter: true,
  rounds: 5,
  groups: [
    [
      { name: 'SimPy', measure: measureSimPy },
      { name: 'event queue and keyed draws', measure: measureOurs },
    ],
  ],
};
