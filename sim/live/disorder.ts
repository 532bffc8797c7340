/**
 * What is wrong from the start, made real: the conditions of protocol/condition.ts as keys taken
 * away, configurations expired, databases closed. What the live network cannot do yet is named
 * here, so that a scenario is refused instead of half run.
 */
import type { Document } from '../plan/document.ts';
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
    const own = server.view.instances.get(server.view.instance);
    if (own !== undefined) own.expiresMs = 0;
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
    server.view.timeStamping.failingSinceMs = Date.now() - acceptableMs - OVERDUE_MS;
  },
  'peer-chain-invalid': distrustAll,
  'untrusted-tls': distrustAll,
  'foreign-conf-missing': ({ server }) => {
    for (const id of server.view.instances.keys()) {
      if (id !== server.view.instance) server.view.instances.delete(id);
    }
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
  'wrong-signer',
  'response-without-signature',
  'response-without-part',
  'response-tampered',
  'response-inconsistent',
];

export function applyCondition(name: string, disorder: Disorder): void {
  SERVER_CONDITIONS[name](disorder);
}

/** What of a scenario the live network cannot do, as sentences; none: it can run it. */
export function whatCannotRun(document: Document): string[] {
  const missing: string[] = [];
  for (const [id, instance] of Object.entries(document.instances)) {
    if (instance.population !== null) missing.push(`${id}: a population is for virtual time`);
    for (const server of instance.servers) {
      for (const name of server.conditions) {
        if (!(name in SERVER_CONDITIONS)) missing.push(`${server.id}: "${name}" is not built`);
      }
    }
  }
  for (const workload of document.workloads) {
    for (const name of workload.defects) {
      if (!MESSAGE_DEFECTS.includes(name)) missing.push(`${workload.id}: "${name}" is not built`);
    }
  }
  for (const incident of document.incidents) {
    const isKnown = incident.kind === 'server-crash' && incident.atUs === 0;
    if (!isKnown)
      missing.push(`${incident.id}: only a server that is down from the start is built`);
  }
  return missing;
}

function distrustAll({ server, trust }: Disorder): void {
  const stranger = trust.authorityOf(Trust.STRANGER);
  for (const instance of server.view.instances.values()) {
    instance.authorityPem = stranger.certificatePem;
  }
}
