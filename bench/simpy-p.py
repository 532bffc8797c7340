"""The network of reference-p.ts in SimPy, as its documentation would write it.

Prints exchanges per second of processor time, and the mean of all exchanges in milliseconds.
"""

import random
import sys
import time

import simpy

SERVERS = 300
RATE_PER_MS = 15
SERVER_MS = 5
SYSTEM_MS = 20


def work(env, resource, mean_ms):
    with resource.request() as request:
        yield request
        yield env.timeout(random.expovariate(1 / mean_ms))


def exchange(env, servers, systems, latencies):
    start = env.now
    consumer = random.choice(servers)
    row = random.randrange(SERVERS)
    provider, system = servers[row], systems[row]
    yield from work(env, consumer, SERVER_MS)
    yield env.timeout(5 + random.expovariate(1 / 2))
    yield from work(env, provider, SERVER_MS)
    yield from work(env, system, SYSTEM_MS)
    yield from work(env, provider, SERVER_MS)
    yield env.timeout(5 + random.expovariate(1 / 2))
    yield from work(env, consumer, SERVER_MS)
    latencies.append(env.now - start)


def arrivals(env, count, servers, systems, latencies):
    for _ in range(count):
        env.process(exchange(env, servers, systems, latencies))
        yield env.timeout(random.expovariate(RATE_PER_MS))


def main():
    count = int(sys.argv[1])
    random.seed(1)
    env = simpy.Environment()
    servers = [simpy.Resource(env, capacity=2) for _ in range(SERVERS)]
    systems = [simpy.Resource(env, capacity=4) for _ in range(SERVERS)]
    latencies = []
    env.process(arrivals(env, count, servers, systems, latencies))
    before = time.process_time()
    env.run()
    seconds = time.process_time() - before
    print(count / seconds, sum(latencies) / len(latencies))


main()
