/** What an instance says about trust that cannot be meant: times that contradict each other. */
import { didYouMean } from '../base/nearest.ts';
import type { Document } from '../plan/document.ts';
import type { DocumentPath } from '../plan/path-issue.ts';
import type { ParameterName, ParameterValues } from '../plan/profile.ts';
import { stampPauseUs, strategyOrder } from '../protocol/freshness.ts';
import { checkFederation } from './compile-disagreements.ts';
import type { IssueList } from './compile-issues.ts';
import type { InstanceEntry, Network } from './compile-network.ts';
import { formatDuration, lengthText, numberOf } from './compile-parameters.ts';

export function checkTrust(document: Document, network: Network, issues: IssueList): void {
  for (const instance of network.instances) {
    const path = ['instances', instance.id];
    const all = { path, values: instance.parameters, own: instance.document.parameters, issues };
    checkTimes(all);
    checkStamping(all);
    checkStrategies(all, instance);
    for (const [index, { owner, id, parameters: own }] of instance.document.servers.entries()) {
      const row = network.serverRow(`${instance.id}/${owner}/${id}`);
      if (row === undefined || Object.keys(own).length === 0) continue;
      const values = network.servers[row].parameters;
      const ofServer = { path: [...path, 'servers', index], values, own, issues };
      checkTimes(ofServer);
      checkStamping(ofServer);
      checkStrategies(ofServer, instance);
    }
    checkNames(instance, issues);
    checkCertificates(instance, document, network, issues);
  }
  checkFederation(document, network, issues);
}

interface Times {
  readonly path: DocumentPath;
  readonly values: ParameterValues;
  /** What is written at this place: a contradiction is told where it was made. */
  readonly own: Readonly<Record<string, number | boolean | string>>;
  readonly issues: IssueList;
}

function checkTimes(times: Times): void {
  const { values, issues } = times;
  const us = (name: ParameterName): number => numberOf(values, name);
  const show = (name: ParameterName): string => `${name} is ${formatDuration(us(name))}`;
  // The central server accepts no other (facts 5.3): a stamp proves that the answer was fresh.
  if (us('timeStampingInterval') >= us('ocspFreshness')) {
    const place = placeOf(times, ['timeStampingInterval', 'ocspFreshness']);
    const message = 'time-stamps come later than OCSP answers stay fresh';
    const hint = `${show('timeStampingInterval')}, ${show('ocspFreshness')}; it must be shorter`;
    if (place !== null) issues.error(place, 'conflict', message, hint);
  }
  if (us('ocspFetchInterval') >= us('ocspFreshness')) {
    const place = placeOf(times, ['ocspFetchInterval', 'ocspFreshness']);
    const message = 'OCSP answers are fetched again only when the last ones are too old';
    const hint = `${show('ocspFetchInterval')}, ${show('ocspFreshness')}: servers refuse meanwhile`;
    if (place !== null) issues.warn(place, 'conflict', message, hint);
  }
  // Zero: answers say nothing about when the next one comes (facts 5.2).
  const isNextUpdate = us('ocspNextUpdate') > 0 && values.verifyNextUpdate === true;
  if (isNextUpdate && us('ocspFetchInterval') >= us('ocspNextUpdate')) {
    const place = placeOf(times, ['ocspNextUpdate', 'ocspFetchInterval', 'verifyNextUpdate']);
    const message = 'OCSP answers expire before the next ones are fetched';
    const both = `${show('ocspFetchInterval')}, ${show('ocspNextUpdate')}`;
    const hint = `${both}: servers refuse meanwhile`;
    if (place !== null) issues.warn(place, 'conflict', message, hint);
  }
  const steps = [
    'globalConfGenerationInterval',
    'globalConfDownloadInterval',
    'globalConfReloadInterval',
  ] as const;
  const renewalUs = steps.reduce((sum, name) => sum + us(name), 0);
  if (us('globalConfValidity') < renewalUs) {
    const place = placeOf(times, ['globalConfValidity', ...steps]);
    const message = 'a configuration may expire before the next one is in use';
    const renewal = `to sign, download and reload it takes up to ${formatDuration(renewalUs)}`;
    if (place !== null) {
      issues.warn(place, 'conflict', message, `${show('globalConfValidity')}, and ${renewal}`);
    }
  }
}

/**
 * The clock begins at the first failure (facts 5.3). Zero stops it, and who stamps at once has
 * none.
 */
function checkStamping(times: Times): void {
  const { values, issues } = times;
  const failureUs = numberOf(values, 'acceptableTimestampFailure');
  const [intervalUs, delayUs] = [
    numberOf(values, 'timeStampingInterval'),
    numberOf(values, 'timeStampRetryDelay'),
  ];
  const retryUs = stampPauseUs(true, intervalUs, delayUs);
  if (failureUs === 0 || failureUs >= retryUs || values.timestampImmediately === true) return;
  const place = placeOf(times, [
    'acceptableTimestampFailure',
    'timeStampRetryDelay',
    'timeStampingInterval',
  ]);
  const message = 'one failed time-stamp stops a server before it is tried again';
  const failure = `acceptableTimestampFailure is ${formatDuration(failureUs)}`;
  const hint = `${failure}, and the next try comes after ${formatDuration(retryUs)}`;
  if (place !== null) issues.warn(place, 'conflict', message, hint);
}

/** Where the first of the parameters was written; null: nowhere here. */
function placeOf({ path, own }: Times, names: readonly ParameterName[]): DocumentPath | null {
  const name = names.find((one) => one in own);
  return name === undefined ? null : [...path, 'parameters', name];
}

/** A strategy may leave nobody to ask; X-Road accepts that, and servers soon refuse everything. */
function checkStrategies(times: Times, { id, document }: InstanceEntry): void {
  const { certificationAuthorities, timeStampingAuthorities } = document;
  const responders = certificationAuthorities.flatMap(({ ocspResponders }) => ocspResponders);
  const rows = [
    ['ocspStrategy', 'OCSP responder', responders],
    ['timeStampingStrategy', 'time-stamping authority', timeStampingAuthorities],
  ] as const;
  for (const [name, what, services] of rows) {
    const strategy = String(times.values[name]);
    const place = placeOf(times, [name]);
    const isPaid = services.map((service) => service.isPaid);
    if (place === null || isPaid.length === 0) continue;
    if (strategyOrder(strategy, isPaid).length > 0) continue;
    const wanted = strategy === 'only-paid' ? 'paid' : 'free';
    const hint = `${name} is ${strategy}, and ${id} has none with cost: ${wanted}`;
    times.issues.warn(place, 'conflict', `there is no ${what} left to ask`, hint);
  }
}

/** Trust services are rows by their names, also those of different authorities. */
function checkNames({ id, document }: InstanceEntry, issues: IssueList): void {
  const path = ['instances', id];
  const responders = document.certificationAuthorities.flatMap(({ ocspResponders }, authority) =>
    ocspResponders.map((one, index) => ({
      name: one.id,
      path: [
        ...path,
        'certificationAuthorities',
        authority,
        'ocspResponders',
        index,
      ] as DocumentPath,
    })),
  );
  const listed = (key: 'centralServers' | 'timeStampingAuthorities') =>
    document[key].map((one, index) => ({
      name: one.id,
      path: [...path, key, index] as DocumentPath,
    }));
  const lists = [
    [`central server of ${id}`, listed('centralServers')],
    [`OCSP responder of ${id}`, responders],
    [`time-stamping authority of ${id}`, listed('timeStampingAuthorities')],
  ] as const;
  for (const [what, list] of lists) {
    for (const [index, one] of list.entries()) {
      const first = list.findIndex(({ name }) => name === one.name);
      if (first !== index) issues.duplicate(one.path, what, one.name, list[first].path);
    }
  }
}

function checkCertificates(
  { id, document: { certificates } }: InstanceEntry,
  { durationUs }: Document,
  network: Network,
  issues: IssueList,
): void {
  for (const [index, { servers, share, expiresAfterUs }] of certificates.entries()) {
    const path = ['instances', id, 'certificates', index];
    for (const [at, name] of servers.entries()) {
      const row = network.findServer(name, [...path, 'servers', at], issues);
      if (row === -1 || network.instances[network.servers[row].instance].id === id) continue;
      const known = network.serverNames().filter((one) => one.startsWith(`${id}/`));
      const message = `"${name}" is not a security server of ${id}`;
      issues.error([...path, 'servers', at], 'unknown-reference', message, didYouMean(name, known));
    }
    if (share === 0) {
      issues.error([...path, 'share'], 'no-target', 'this concerns no server');
    }
    if (durationUs > 0 && expiresAfterUs >= durationUs) {
      const message = 'these certificates expire after the run';
      const hint = `in ${formatDuration(expiresAfterUs)}; ${lengthText(durationUs)}`;
      issues.warn([...path, 'expiresAfterUs'], 'after-the-end', message, hint);
    }
  }
}
