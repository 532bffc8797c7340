/**
 * What is wrong from the start, made real: the conditions of protocol/condition.ts as keys taken
 * away, configurations expired, databases closed. What the live network cannot do yet is named
 * here, so that a scenario is refused instead of half run.
 */
import type { Document, InstanceDocument, ServerDocument } from '../plan/document.ts';
import { valuesOf } from '../plan/profile.ts';
import type { ParameterValues } from '../plan/profile.ts';
import { timeoutOf } from './configuration.ts';
import type { SecurityServer } from './security-server.ts';
import { Trust } from './trust.ts';

/** An hour beyond what is acceptable. */
const OVERDUE_MS = 3_600_000;

export interface Disorder {
  readonly server: SecurityServer;
  readonly trust: Trust;
}

const SERVER_CONDITIONS: Readonly<Record<string, (disorder: Disorder) => void>> = {
  'conf-expired': ({ server }) => {
    server.trust.distort(({ instances, instance }) => {
      const own = instances.get(instance);
      if (own !== undefined) own.expiresMs = 0;
    });
  },
  'no-auth-cert': ({ server }) => {
    server.view.authentication = null;
  },
  'no-signing-key': ({ server }) => {
    for (const member of server.members) server.signer.remove(member);
  },
  'no-tsa': ({ server }) => {
    server.view.timeStamping.authorities.length = 0;
  },
  'tsa-overdue': ({ server }) => {
    const acceptableMs = timeoutOf(server.view, 'acceptableTimestampFailure');
    const nowMs = server.clock.nowMs();
    server.view.timeStamping.failingSinceMs = nowMs - acceptableMs - OVERDUE_MS;
  },
  'peer-chain-invalid': distrustAll,
  'untrusted-tls': distrustAll,
  'foreign-conf-missing': ({ server }) => {
    server.trust.distort(({ instances, instance }) => {
      for (const id of instances.keys()) if (id !== instance) instances.delete(id);
    });
  },
  'signer-down': ({ server }) => {
    server.signer.isRunning = false;
  },
  'cannot-sign': ({ server }) => {
    server.signer.isTokenWorking = false;
  },
  'log-database-down': ({ server }) => server.messageLog.close(),
};

/** Defects of messages that the caller, the consumer's server or the provider's can make. */
const MESSAGE_DEFECTS: readonly string[] = [
  'unparsable-path',
  'no-client',
  'unregistered-client',
  'client-not-authenticated',
  'unknown-provider',
  'wrong-target',
  'not-post',
  'provider-not-registered',
  'broken-multipart',
  'no-message-part',
  'no-signature',
  'unknown-service',
  'tampered',
  'stale-ocsp',
  'wrong-signer',
  'response-without-signature',
  'response-without-part',
  'response-tampered',
  'response-inconsistent',
  'missing-header-field',
  'invalid-xml',
  'other-server',
];
/** What only a message in SOAP, or only one in REST, can have wrong with it. */
const OF_SOAP: readonly string[] = ['missing-header-field', 'invalid-xml', 'other-server'];
const OF_REST: readonly string[] = ['unparsable-path', 'no-client'];

export function applyCondition(name: string, disorder: Disorder): void {
  SERVER_CONDITIONS[name](disorder);
}

/** What holds at a server: the profile, what the instance and what the server overrides. */
export function parametersOf(instance: InstanceDocument, server: ServerDocument): ParameterValues {
  return { ...valuesOf(instance.profile), ...instance.parameters, ...server.parameters };
}

/**
 * What of a scenario the live network cannot do, as sentences; none: it can run it. Of incidents it
 * knows nothing by itself: whoever drives them says what can be driven (troubled.ts).
 */
export function whatCannotRun(
  document: Document,
  restToSoap: boolean,
  isDriven: boolean,
): string[] {
  const missing = Object.entries(document.instances).flatMap(([id, instance]) => [
    ...(instance.population === null ? [] : [`${id}: a population is for virtual time`]),
    ...(instance.certificates.length === 0
      ? []
      : [`${id}: certificates that run out are not built`]),
    ...instance.servers.flatMap((server) => missingAtServer(instance, server)),
  ]);
  for (const { id, defects, services } of document.workloads) {
    for (const name of defects) {
      if (!MESSAGE_DEFECTS.includes(name)) missing.push(`${id}: "${name}" is not built`);
    }
    const called = services.map(({ service }) => service);
    const isSoap =
      !restToSoap &&
      document.services.some((one) => called.includes(one.id) && one.type === 'soap');
    const other = isSoap ? OF_REST : OF_SOAP;
    for (const name of defects.filter((one) => other.includes(one))) {
      missing.push(`${id}: "${name}" is of ${isSoap ? 'REST' : 'SOAP'} alone`);
    }
  }
  for (const { id, kind, atUs } of document.incidents) {
    const isKnown = isDriven || (kind === 'server-crash' && atUs === 0);
    if (!isKnown) missing.push(`${id}: only a server that is down from the start is built`);
  }
  return missing;
}

function missingAtServer(instance: InstanceDocument, server: ServerDocument): string[] {
  const parameters = parametersOf(instance, server);
  const missing = server.conditions
    .filter((name) => !(name in SERVER_CONDITIONS))
    .map((name) => `${server.id}: "${name}" is not built`);
  if (parameters.connectionReuse === true) {
    missing.push(`${server.id}: connections are not kept yet, set connectionReuse off`);
  }
  return missing;
}

function distrustAll({ server, trust }: Disorder): void {
  const stranger = trust.authorityOf(Trust.STRANGER);
  server.trust.distort(({ instances }) => {
    for (const instance of instances.values()) {
      instance.authorityPem = stranger.certificatePem;
      instance.trusted = null;
    }
  });
}
