/**
 * What one security server knows: of itself, and of every instance whose configuration it has.
 * Each server has a copy of its own, because facts are asked of one server's view: what has
 * expired at one may still hold at another.
 */
import type { ServiceDocument } from '../plan/document.ts';
import type { ParameterName, ParameterValues } from '../plan/profile.ts';
import type { RegisteredServer } from '../protocol/routing.ts';
import type { Endpoint } from './loopback.ts';
import type { Certified } from './trust.ts';

/** A security server as the shared parameters of its instance describe it (facts 6). */
export interface KnownServer extends RegisteredServer {
  endpoint: Endpoint;
  /** SHA-256 of its authentication certificate, hexadecimal. */
  readonly certificateHash: string;
}

/** The configuration of one instance, as downloaded. */
export interface KnownInstance {
  readonly id: string;
  expiresMs: number;
  /** The approved certification authority. */
  authorityPem: string;
  readonly servers: readonly KnownServer[];
  /** `INSTANCE/GROUP` -> subsystems. */
  readonly globalGroups: ReadonlyMap<string, ReadonlySet<string>>;
}

/** How a client must authenticate to its server (facts 2.1 step 7). */
export type ConnectionType = 'NOSSL' | 'SSLAUTH';

export interface ServerView {
  readonly id: string;
  readonly instance: string;
  /** 7.8.0 is 70800. */
  readonly version: number;
  readonly parameters: ParameterValues;
  readonly instances: Map<string, KnownInstance>;
  /** Subsystems registered at this server. */
  readonly registered: Set<string>;
  readonly connectionTypes: Map<string, ConnectionType>;
  /** Services it offers, by id, and the address of the information system of each. */
  readonly services: Map<string, ServiceDocument>;
  readonly serviceUrls: Map<string, string>;
  /** Null: no usable key. */
  authentication: Certified | null;
  readonly timeStamping: {
    readonly authorities: string[];
    /** Null: the last attempt went well. */
    failingSinceMs: number | null;
  };
}

export const parameterOf = (view: ServerView, name: ParameterName): number =>
  Number(view.parameters[name]);

/** A parameter that is a duration, in the milliseconds of timers. */
export const timeoutOf = (view: ServerView, name: ParameterName): number =>
  parameterOf(view, name) / 1000;

/** The configuration of an instance, while it holds; null: absent or expired. */
export function findInstance(view: ServerView, id: string, nowMs: number): KnownInstance | null {
  const known = view.instances.get(id);
  return known !== undefined && known.expiresMs > nowMs ? known : null;
}

/** The server whose authentication certificate has this hash; null: no configuration knows it. */
export function findServerByHash(view: ServerView, hash: string): KnownServer | null {
  for (const { servers } of view.instances.values()) {
    const found = servers.find((server) => server.certificateHash === hash);
    if (found !== undefined) return found;
  }
  return null;
}

export function isTimeStampingInTime(view: ServerView, nowMs: number): boolean {
  const { failingSinceMs } = view.timeStamping;
  const acceptableMs = timeoutOf(view, 'acceptableTimestampFailure');
  // 0 means that it may fail for ever (facts 5.3).
  return failingSinceMs === null || acceptableMs === 0 || nowMs - failingSinceMs <= acceptableMs;
}

export function isBodyLoggable(view: ServerView, bytes: number): boolean {
  if (view.parameters.bodyLogging !== true) return true;
  return bytes <= parameterOf(view, 'loggableBodyMax');
}

/** `INSTANCE/CLASS/CODE` of a subsystem's id. */
export const memberOf = (subsystem: string): string => subsystem.split('/').slice(0, 3).join('/');

/** 70800 as 7.8.0. */
export function formatVersion(version: number): string {
  return `${Math.floor(version / 10_000)}.${Math.floor(version / 100) % 100}.${version % 100}`;
}

/** 0: the text is no version. */
export function parseVersion(text: string): number {
  const found = /^(\d+)\.(\d+)\.(\d+)/.exec(text);
  if (found === null) return 0;
  return Number(found[1]) * 10_000 + Number(found[2]) * 100 + Number(found[3]);
}
