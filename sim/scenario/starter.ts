/** The scenario that `fedlab new` writes: small, complete, and explained line by line. */
import { nameOf } from './extends-path.ts';

/** A file name with its folder will do, too; signs that a name cannot have are replaced. */
export function starterText(name: string): string {
  // A function, since a name may hold what `replace` takes for a pattern.
  return STARTER.replace('@NAME@', () => JSON.stringify(nameOf(name)));
}

const STARTER = `# A scenario of Fedlab. Lines that begin with # are notes for people: change or
# delete them.
#
# All keys are explained in scenarios/README.md. When you have changed something:
#
#   npx fedlab check FILE      says what would run, or what is wrong and where
#   npx fedlab run FILE        runs it and draws a report

name: @NAME@
title: A registry that two countries use
question: What happens to calls across the border while the registry's server is down?

# How much simulated time the run covers. Durations have units: us, ms, s, min, h, d.
duration: 10min

# The whole run is repeated, each time with other chance; from five on there are confidence
# intervals. The same seed always gives the same runs.
replications: 2
seed: 1

# What each step of a security server costs on the machine that it runs on.
calibration: xroad-7.8

# The countries. A profile holds the settings of X-Road; single ones are changed by parameters.
instances:
  EE:
    profile: ee-production
    members:
      # Class, code, and the codes of the subsystems. These organisations are made up.
      - { id: GOV/70000001, name: Registry, subsystems: [registry] }
      - { id: COM/10000002, name: Company, subsystems: [shop] }
    servers:
      # A subsystem is registered at the server through which it calls or answers.
      - id: ee-registry
        owner: GOV/70000001
        subsystems: [GOV/70000001/registry]
      - id: ee-shop
        owner: COM/10000002
        subsystems: [COM/10000002/shop]
  FI:
    profile: fi-production
    parameters:
      # Single settings may differ from the profile: this one signs with another key.
      keyType: ec-p256
    members:
      - { id: GOV/0000001-9, name: Agency, subsystems: [agency] }
    servers:
      - id: fi-agency
        owner: GOV/0000001-9
        subsystems: [GOV/0000001-9/agency]

# Servers of these two countries know each other.
federation:
  - [EE, FI]

# How far apart they are: a message and its answer need 3 ms on the line.
links:
  - { between: [EE, FI], rtt: 3ms, jitter: 300us }

# The information system behind the service, and how long it thinks.
systems:
  - id: registry-system
    capacity: 32
    serviceTime: { lognormal: { median: 30ms, sigma: 0.5 } }

services:
  - id: EE/GOV/70000001/registry/person
    system: registry-system
    timeout: 60s
    responseSize: 4KiB
    # Who may call it. Others get the answer that access is denied.
    access:
      - EE/COM/10000002/shop
      - FI/GOV/0000001-9/agency

# Who calls. An open workload keeps coming, whether it gets answers or not; a closed one has users
# who wait for an answer, think, and call again.
workloads:
  - id: shop-asks
    client: EE/COM/10000002/shop
    services: EE/GOV/70000001/registry/person
    rate: { ramp: { from: 5/s, to: 20/s, at: 1min, over: 4min } }
    # What callers do beside waiting: they leave after 10 s, and try again, twice at most. The
    # pauses grow and are drawn by chance, and all of them together repeat a tenth of their calls.
    callers:
      timeout: 10s
      retries: { max: 2, backOff: exponential, first: 1s, jitter: full, budget: 10% }
  - id: agency-asks
    client: FI/GOV/0000001-9/agency
    services: EE/GOV/70000001/registry/person
    users: 10
    thinkTime: { exponential: 2s }

# What goes wrong: one minute without the registry's security server. Other targets would be all,
# or { share: 10% }, or { mostCentral: 3 }: the three through which most calls go.
incidents:
  - id: registry-down
    kind: server-crash
    target: EE/ee-registry
    at: 6min
    for: 1min

# Trust has clocks of its own: how long a configuration, an OCSP answer or a record without a
# time-stamp may live. They run when the next line is a line of its own without the #:
#
# trust: on
#
# Then Finland's configuration lives for ten minutes after its central server is lost. Put this
# into the list above, write a duration of 40min, and see when Finland stops, and comes back. It is
# lost for so long that the last threshold fails.
#
#   - id: central-server-lost
#     kind: central-server-down
#     target: { instance: FI }
#     at: 10min
#     for: 20min

# What has to hold for the run to pass; otherwise the command ends with exit code 3. Calls fail
# while the server is down, so some faults are accepted here.
thresholds:
  - latencyP99: below 5s
  - faultShare: below 20%
  - goodShare: above 80%
    scope: cross-border

# What has to hold of the whole history. The first says that what the scenario is about was really
# reached, the second that calls are answered again as before, soon after the incident.
checks:
  - { check: sometimes, state: [server-down, faults, retries] }
  - { check: recovery, within: 2min, incident: registry-down }
`;
