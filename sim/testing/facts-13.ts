/**
 * What a simulator of X-Road must get right, line by line: the 25 lines of facts 13, each with the
 * tests that show it here, or with what is left out and why. sim/readme.test.ts prints it as a
 * table of the map; facts-13.test.ts sees that every test exists.
 *
 * "partly" is said wherever any part of a line is missing, however well the rest is shown.
 */

export interface TestName {
  /** Below sim/. */
  readonly file: string;
  /** As it is written there: of a test, of a group, of a row of one, or of a world. */
  readonly title: string;
}

export interface FactRow {
  readonly number: number;
  readonly what: string;
  readonly status: 'shown' | 'partly' | 'left out';
  readonly tests: readonly TestName[];
  /** What is left out, and why; null: nothing is. */
  readonly reason: string | null;
}

const LINES = 'testing/facts-13-lines.test.ts';
const LOSS = 'engine/trust-loss.test.ts';
const TRUST = 'engine/trust.test.ts';
const TRUST_FAULTS = 'engine/trust-faults.test.ts';
const STAMPING = 'engine/trust-stamping.test.ts';
const RESOURCES = 'engine/resources.test.ts';
const TIMEOUTS = 'engine/timeouts.test.ts';
const OUTAGES = 'testing/outages.test.ts';

const inFile = (file: string, ...titles: readonly string[]): TestName[] =>
  titles.map((title) => ({ file, title }));

function shown(number: number, what: string, ...tests: readonly TestName[][]): FactRow {
  return { number, what, status: 'shown', tests: tests.flat(), reason: null };
}

function partly(
  number: number,
  what: string,
  reason: string,
  ...tests: readonly TestName[][]
): FactRow {
  return { number, what, status: 'partly', tests: tests.flat(), reason };
}

const OF_TRUST: readonly FactRow[] = [
  shown(
    1,
    'each country has parameters of its own, and they decide what an outage does',
    inFile('plan/profile.test.ts', 'the clocks of the profiles'),
    inFile(
      LOSS,
      '$name: each server stops and recovers on its own',
      'whatever the parameters, whenever and however long the loss',
    ),
  ),
  shown(
    2,
    'trust clocks belong to servers and have phases: they stop and come back one by one',
    inFile(LOSS, '$name: each server stops and recovers on its own'),
    inFile(OUTAGES, 'the first and the last server to stop, and the last to come back'),
  ),
  shown(
    3,
    'a server without a valid configuration, answer, stamp or log refuses all, each in its own way',
    inFile(
      TRUST_FAULTS,
      'central server away',
      'OCSP responder away',
      'time-stamping authority away, SOAP',
      "the provider's disk is full",
      "the consumer's database is lost",
    ),
  ),
  shown(
    4,
    'an expired foreign configuration closes the border, an expired own one everything',
    inFile(
      TRUST,
      'a foreign configuration that expires closes the border and nothing else',
      'the loss of the own central server closes the border first',
      'who asks for fresher answers than the other fetches',
    ),
  ),
];

const OF_RESOURCES: readonly FactRow[] = [
  partly(
    5,
    '500 threads, held while the other side is waited for: one hung system stops many servers',
    'an information system that calls has no threads of its own that could run out',
    inFile(RESOURCES, '9 a second are more than 500 / 60: the healthy service is dead after 56 s'),
    inFile(LINES, "a hung service takes the consumer's threads, and its other calls with them"),
    inFile(TIMEOUTS, 'an answer after ten minutes is an answer'),
  ),
  shown(
    6,
    'four connections to the log, a commit before each release, on both sides',
    inFile(RESOURCES, 'four commits an exchange, one after the other'),
    inFile(LINES, 'a disk five times as slow is a queue for everybody at its server'),
    inFile('live/network.test.ts', 'is logged four times, and only then let go'),
  ),
  partly(
    7,
    'a new TLS connection for each message, or one that is kept; file handles run short',
    'sockets that TCP keeps after their end (TIME_WAIT) take no ports',
    inFile(
      RESOURCES,
      'a handshake for every message, or one for all',
      'when file handles are short, connections are closed without a word',
    ),
    inFile(TIMEOUTS, 'a restart of the provider is noticed at the next lease'),
  ),
  shown(
    8,
    'the server that accepts first is remembered, and keeps the traffic even if it is slow',
    inFile(
      RESOURCES,
      'a slow server that accepts wins, and keeps all the traffic',
      'it is remembered for 3600 s, whatever becomes of its line',
    ),
    inFile(TIMEOUTS, 'the remembered one is silent: 5 s, then a race among the others'),
    inFile('protocol/routing.test.ts', 'every order of three is as likely as the others'),
  ),
  shown(
    9,
    'a provider checks in a fixed order, which decides the code and what a refusal costs',
    inFile(LINES, '%s comes before all that follow it'),
    inFile('protocol/exchange.test.ts', 'the transition table'),
    inFile(RESOURCES, 'an access that is refused is logged by the consumer alone'),
  ),
  partly(
    10,
    'requests are passed on as they come, responses when they are whole; slow senders hold both',
    'bodies take time, and neither memory nor disk',
    inFile(
      RESOURCES,
      'a large response is stored by the consumer before any of it is passed on',
      'of a slow upload on both servers, for all of it',
    ),
  ),
  shown(
    11,
    'whatever waits is signed together, one operation a token; without batches one after the other',
    inFile(
      RESOURCES,
      'one operation for all that wait: two for ten requests',
      'without batches, an operation for each',
      'one operation at a time for a token, whatever member it is for',
    ),
    inFile(TIMEOUTS, 'in the queue of a token without batches; who has expired is skipped'),
  ),
  partly(
    12,
    'time-outs of connecting, serving, idling and asking; nobody but callers tries again',
    "a peer's port 5577 is silent or answers, but is never slow; a trust service that is down " +
      'refuses at once',
    inFile(
      TIMEOUTS,
      'to a link that is cut: 30 s, io_error, nothing can have been executed',
      'that hangs: 60 s, io_error of the provider, and it may have been executed',
      'an answer after ten minutes is an answer',
      'everybody has their own 30 s',
    ),
    inFile(TRUST, 'a blocked port 5577 shows when the answer that a peer keeps has aged'),
    inFile(LINES, 'no server tries a message again'),
    inFile('engine/callers.test.ts', 'outlives its trigger where everybody tries again at once'),
  ),
];

const OF_FAULTS_AND_CHANGE: readonly FactRow[] = [
  shown(
    13,
    'codes and statuses by version, by protocol, and flattened where REST hides the reason',
    inFile(
      'protocol/fault.test.ts',
      'the spelling is the version of whoever spells',
      'the status depends on both versions',
    ),
    inFile(TRUST_FAULTS, 'in the spelling of 7.7', 'time-stamping authority away, REST'),
    inFile('testing/worlds.ts', 'no-tsa-at-consumer', 'provider-of-7.7', 'soap-no-tsa'),
  ),
  shown(
    14,
    'a change takes up to three minutes through the configuration, and then come the caches',
    inFile(
      TRUST,
      'maintenance is known to each peer in its own time, within three minutes',
      'a right that was just used works for as long as the cache keeps it',
      'a membership must come through the configuration first',
    ),
  ),
  shown(
    15,
    'a revoked certificate works until answers that say so have arrived',
    inFile(TRUST, 'a revoked certificate works until its owner asks again, and its proxy too'),
  ),
  shown(
    16,
    'peers get OCSP answers in messages and from port 5577; without it they refuse a good server',
    inFile(TRUST, 'a blocked port 5577 shows when the answer that a peer keeps has aged'),
    inFile(TRUST_FAULTS, "the provider's port 5577 is blocked"),
  ),
  partly(
    17,
    'after a failure one record is stamped, then all in batches; a restart winds the clock anew',
    'nothing is archived, so the database of a log has no size',
    inFile(
      STAMPING,
      'after a failure one record, then all the rest at once',
      'a full batch is followed by the next at once',
      'a restart winds the clock anew',
      'what waits, and since when',
    ),
  ),
  shown(
    18,
    'the gate of port 5500 takes turns by known partner, and bounds how many are in, not how often',
    inFile(
      RESOURCES,
      '5,000 connections are let in, and the next one waits for one to end',
      'a known partner has its turn, however many unknown addresses wait',
      'all unknown addresses are one partner, a known server is one of its own',
      'port 8080 has no gate: a stranger takes threads there',
    ),
  ),
  partly(
    19,
    'bodies are kept on disk on their way, and those that are too large to log are refused',
    'disks of servers have no size, and no speed but that of a commit',
    inFile(
      'testing/worlds.ts',
      'request-too-large-for-consumer',
      'request-too-large-for-provider',
      'response-too-large-for-consumer',
      'response-too-large-for-provider',
    ),
  ),
];

const OF_OPERATION: readonly FactRow[] = [
  shown(
    20,
    'a restart needs a PIN and lives on what the disk has; during an outage it makes things worse',
    inFile(
      TRUST,
      'a restart without a PIN',
      'a restart while the responder is away lives on the answers of the disk',
      'a restart while the central server is away is worse than the loss alone',
    ),
  ),
  partly(
    21,
    'a hung downloader, a wrong clock or a logged-out token shows only when something runs out',
    'no health check is modelled, so none can be mistaken',
    inFile(
      TRUST,
      'a hung downloader is silent until expiry, and a restart mends it',
      'a central server that cannot sign runs out like one that is away',
      'a clock that is ahead by more than the validity',
    ),
  ),
  shown(
    22,
    'ids and hashes pair a response with its request; a message that comes twice is not noticed',
    inFile('protocol/message.test.ts', 'it fits its request, and no other'),
    inFile(
      'metrics/exchange-log.test.ts',
      'each exchange that was answered has a record of both servers, joined by xRequestId',
    ),
    inFile(LINES, 'a message that comes twice is answered twice, and stands in both logs twice'),
  ),
  partly(
    23,
    'rights belong to subsystems and groups of any instance, and only the provider looks at them',
    'the X-Road-UserId, which nobody verifies, is not modelled',
    inFile(
      'protocol/access.test.ts',
      'a subsystem, whatever its instance, and no other',
      'a global group by its full name: two instances may have groups of one name',
    ),
    inFile('testing/worlds.ts', 'allowed-by-group', 'path-not-allowed'),
    inFile(RESOURCES, 'an access that is refused is logged by the consumer alone'),
  ),
  shown(
    24,
    'the load of trust services goes by servers and intervals; what starts together comes together',
    inFile(
      LINES,
      '%i servers, a record every %i us: the load goes by servers',
      'servers that are restarted together come to the central server together',
    ),
    inFile(STAMPING, 'jobs of one moment queue up, spread ones hardly'),
  ),
  partly(
    25,
    "operational monitoring's four instants, its records and what counts as a success",
    'the monitoring daemon is not modelled: no buffer overflows, nothing is withheld for 60 s',
    inFile(LINES, 'the four instants of both records, for a response of %s'),
    inFile('metrics/exchange-log.test.ts', 'identifiers are spelled out'),
  ),
];

export const FACTS_13: readonly FactRow[] = [
  ...OF_TRUST,
  ...OF_RESOURCES,
  ...OF_FAULTS_AND_CHANGE,
  ...OF_OPERATION,
];
