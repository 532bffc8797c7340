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
import { createCalendarQueue } from '../sim/base/calendar-queue.ts';
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
const WARM_UP = 200_000;
const SLICE_EVENTS = 65_536;
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

/** `exchangeCount`: how many may begin; more have to begin than are measured. */
function createReferenceNetwork(exchangeCount: number) {
  const found = { sumUs: 0, answered: 0 };
  const events = createCalendarQueue(65_536);
  const { taken } = events;
  const key = keyOf(1, 0, 80, 0);
  const busy = new Int32Array(STATIONS);
  const head = new Int32Array(STATIONS).fill(-1);
  const tail = new Int32Array(STATIONS).fill(-1);
  const consumerOf = new Int32Array(exchangeCount);
  const providerOf = new Int32Array(exchangeCount);
  const startUs = new Float64Array(exchangeCount);
  const stepOf = new Uint8Array(exchangeCount);
  const nextOf = new Int32Array(exchangeCount);

  /** Runs until so many more exchanges have their answer; the mean of their times in ms. */
  const run = (count: number): number => {
    const until = found.answered + count;
    const beforeUs = found.sumUs;
    while (found.answered < until) runSlice(until);
    return (found.sumUs - beforeUs) / count / 1000;
  };

  /** In slices, as the engine's own loop. */
  const runSlice = (until: number): void => {
    const sinceUs = taken.timeUs;
    for (let count = 0; count < SLICE_EVENTS && found.answered < until; count++) {
      events.next();
      const { timeUs, kind, a: exchange } = taken;
      if (kind !== Step.Arrival) {
        done(exchange, kind, timeUs);
        continue;
      }
      arrive(exchange, timeUs);
      if (exchange + 1 === exchangeCount) continue;
      const gapUs = exponentialUs(exchange, ARRIVAL, 1 / RATE_PER_MS);
      events.schedule(timeUs + gapUs, Step.Arrival, exchange + 1, exchange + 1, 0);
    }
    events.retune(taken.timeUs - sinceUs);
  };

  const arrive = (exchange: number, nowUs: number): void => {
    const u = draw(key[0], key[1], exchange, 0, CONSUMER_AND_PROVIDER);
    const pair = Math.floor(u * SERVERS * SERVERS);
    consumerOf[exchange] = pair % SERVERS;
    providerOf[exchange] = Math.floor(pair / SERVERS);
    startUs[exchange] = nowUs;
    enter(exchange, Step.RequestAtConsumer, nowUs);
  };

  /** A step of an exchange is over: its place goes to the next in the queue. */
  const done = (exchange: number, step: number, nowUs: number): void => {
    if (step !== Step.RequestOnNetwork && step !== Step.ResponseOnNetwork) {
      leave(stationOf(exchange, step), nowUs);
    }
    if (step !== Step.ResponseAtConsumer) {
      enter(exchange, step + 1, nowUs);
      return;
    }
    found.sumUs += nowUs - startUs[exchange];
    found.answered++;
  };

  const enter = (exchange: number, step: number, nowUs: number): void => {
    if (step === Step.RequestOnNetwork || step === Step.ResponseOnNetwork) {
      const flightUs = 5000 + exponentialUs(exchange, step, 2);
      events.schedule(nowUs + flightUs, step, exchange, exchange, 0);
      return;
    }
    stepOf[exchange] = step;
    const station = stationOf(exchange, step);
    if (busy[station] < (station < SERVERS ? 2 : 4)) {
      busy[station]++;
      serve(exchange, step, nowUs);
      return;
    }
    nextOf[exchange] = -1;
    if (head[station] === -1) head[station] = exchange;
    else nextOf[tail[station]] = exchange;
    tail[station] = exchange;
  };

  const leave = (station: number, nowUs: number): void => {
    const waiting = head[station];
    if (waiting === -1) {
      busy[station]--;
      return;
    }
    head[station] = nextOf[waiting];
    serve(waiting, stepOf[waiting], nowUs);
  };

  const serve = (exchange: number, step: number, nowUs: number): void => {
    const meanMs = step === Step.AtSystem ? SYSTEM_MS : SERVER_MS;
    const endUs = nowUs + exponentialUs(exchange, step, meanMs);
    events.schedule(endUs, step, exchange, exchange, 0);
  };

  const stationOf = (exchange: number, step: number): number => {
    if (step === Step.AtSystem) return SERVERS + providerOf[exchange];
    const isConsumers = step === Step.RequestAtConsumer || step === Step.ResponseAtConsumer;
    return isConsumers ? consumerOf[exchange] : providerOf[exchange];
  };

  const exponentialUs = (exchange: number, purpose: number, meanMs: number): number => {
    const u = draw(key[0], key[1], exchange, 0, purpose);
    return Math.round(-1000 * meanMs * Math.log(u));
  };

  events.schedule(0, Step.Arrival, 0, 0, 0);
  return { run };
}

function measureOurs(): Measurement {
  const network = createReferenceNetwork(EXCHANGES + 2 * WARM_UP);
  network.run(WARM_UP);
  const { seconds, result: meanMs } = cpuSecondsOf(() => network.run(EXCHANGES));
  return report(EXCHANGES / seconds, meanMs);
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
      { name: 'calendar and keyed draws', measure: measureOurs },
    ],
  ],
};
