/**
 * What one security server knows: of itself, and of every instance whose configuration it has.
 * Each server has a copy of its own, because facts are asked of one server's view: what has
 * expired at one may still hold at another.
 */
import { X509Certificate } from 'node:crypto';
import type { ServiceDocument } from '../plan/document.ts';
import type { ParameterName, ParameterValues } from '../plan/profile.ts';
import type { RegisteredServer } from '../protocol/routing.ts';
import { NO_ANCHORS } from './evidence/anchors.ts';
import type { Anchors } from './evidence/anchors.ts';
import { pathTo, readCertificate } from './evidence/certificate.ts';
import type { Certificate } from './evidence/certificate.ts';
import type { Endpoint } from './loopback.ts';
import { PROFILE_CLASSES } from './pki/subject-profile.ts';
import type { Certified } from './trust.ts';

/** A security server as the shared parameters of its instance describe it (facts 6). */
export interface KnownServer extends RegisteredServer {
  endpoint: Endpoint;
  /** SHA-256 of its authentication certificate, hexadecimal. */
  readonly certificateHash: string;
}

/** Whom an instance trusts for certificates and for time-stamps. */
export type TrustedServices = Pick<Anchors, 'authorities' | 'timeStampers'>;

/** The configuration of one instance, as downloaded. */
export interface KnownInstance {
  readonly id: string;
  expiresMs: number;
  /** The approved certification authorities, for TLS: the issuing one first. */
  authorityPem: string;
  /** Whom the shared parameters trust; null: whoever `authorityPem` is, and nobody else. */
  trusted: TrustedServices | null;
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
  version: number;
  parameters: ParameterValues;
  readonly instances: Map<string, KnownInstance>;
  /** How old OCSP answers may be here, as the own instance says; null: as the profile does. */
  ocspFreshnessSeconds: number | null;
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

interface KeptAnchors {
  readonly freshnessSeconds: number;
  readonly anchors: Anchors;
}

const keptAnchors = new WeakMap<TrustedServices, KeptAnchors>();
const trustedByPem = new Map<string, TrustedServices>();
const PEMS_MAX = 1000;
const US_PER_SECOND = 1_000_000;

/**
 * Whom this server trusts for the messages of an instance; null, and nobody: it is not known. How
 * old an answer may be is the verifier's own rule, for foreign instances too (facts 5.2).
 */
export function anchorsOf(view: ServerView, known: KnownInstance | null): Anchors {
  if (known === null) return NO_ANCHORS;
  const trusted = known.trusted ?? trustedOf(known);
  const freshnessSeconds =
    view.ocspFreshnessSeconds ?? parameterOf(view, 'ocspFreshness') / US_PER_SECOND;
  const kept = keptAnchors.get(trusted);
  if (kept?.freshnessSeconds === freshnessSeconds) return kept.anchors;
  const anchors: Anchors = {
    ...NO_ANCHORS,
    ...trusted,
    ocspFreshnessSeconds: new Map([[known.id, freshnessSeconds]]),
  };
  keptAnchors.set(trusted, { freshnessSeconds, anchors });
  return anchors;
}

/** The authorities between a certificate of an instance and its root, in DER. */
export function intermediatesOf(known: KnownInstance, certificateDer: Buffer): readonly Buffer[] {
  const { authorities } = known.trusted ?? trustedOf(known);
  const of = (isTop: boolean): Certificate[] =>
    authorities.filter((one) => one.isTop === isTop).map(({ certificate }) => certificate);
  const certificate = readCertificate(certificateDer);
  // When it is valid is another question.
  const path = pathTo(certificate, of(false), of(true), certificate.validToMs);
  return (path ?? []).slice(1, -1).map(({ raw }) => raw);
}

function trustedOf({ id, authorityPem }: KnownInstance): TrustedServices {
  const name = `${id} ${authorityPem}`;
  const known = trustedByPem.get(name);
  if (known !== undefined) return known;
  const certificate = readCertificate(new X509Certificate(authorityPem).raw);
  const profile = PROFILE_CLASSES.basic;
  const authority = { certificate, instance: id, isTop: true, profile, responders: [] };
  const made = { authorities: [authority], timeStampers: [] };
  if (trustedByPem.size >= PEMS_MAX) trustedByPem.clear();
  trustedByPem.set(name, made);
  return made;
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
