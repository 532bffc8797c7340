/**
 * Archives of the message log (facts 7; messagelog/archive/LinkingInfoBuilder): a zip of
 * containers, and `linkinginfo`, a chain over them that goes on from archive to archive.
 *
 *    <last digest of the archive before> <its name> <method>       `-` where there is none
 *    <digest> <name of a container>                                one line each, in their order
 *
 *    digest = H( hexadecimal digest before it, then hexadecimal H(container) )
 */
import { digestOf } from './algorithms.ts';
import { EvidenceError } from './evidence-error.ts';
import type { Findings } from './findings.ts';
import type { ZipEntry } from './zip.ts';

export const LINKING_INFO = 'linkinginfo';
const CONTAINER = /\.asice$/;
/** Names of X-Road's DigestAlgorithm. */
const METHODS: Readonly<Record<string, string>> = {
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
};
const NONE = '-';
const WHAT = 'linking info';

/** How an archive is joined to the others. */
export interface Link {
  readonly previousName: string | null;
  /** Hexadecimal; empty: it is the first. */
  readonly previousDigest: string;
  /** From which the next goes on; null: the chain is broken here. */
  readonly lastDigest: string | null;
}

export function isArchive(names: readonly string[]): boolean {
  return names.includes(LINKING_INFO) || names.some((name) => CONTAINER.test(name));
}

const CONTAINER_NAME = /^(.+)-(?:request|response)-[^-]+\.asice$/;

/**
 * Not an archive, but what a security server gave out of one message (`GET /asic`): nothing links
 * its containers, because nothing is said to be complete. It is known by its name, that of the
 * message, so that an archive that has lost its linking info does not become one.
 */
export function isDownload(file: string, names: readonly string[]): boolean {
  const messages = new Set(names.map((name) => CONTAINER_NAME.exec(name)?.[1] ?? null));
  const [message = null] = messages;
  if (messages.size !== 1 || message === null) return false;
  return [`${message}.zip`, `${message}-request.zip`, `${message}-response.zip`].includes(file);
}

export function containersIn(entries: readonly ZipEntry[]): ZipEntry[] {
  return entries.filter(({ name }) => CONTAINER.test(name));
}

/** Null: nothing says how it is joined. */
export function verifyLinks(entries: readonly ZipEntry[], findings: Findings): Link | null {
  return findings.attempt(
    WHAT,
    '',
    () => {
      const entry = entries.find(({ name }) => name === LINKING_INFO);
      if (entry === undefined) {
        throw new EvidenceError(null, `there is no ${LINKING_INFO}: containers may be missing`);
      }
      const info = parse(entry.read().toString('latin1'));
      const containers = containersIn(entries);
      const count = containers.length;
      if (count === 0) throw new EvidenceError(null, 'there is no container in the archive');
      checkNames(info, containers);
      const broken = firstBroken(info, containers);
      if (broken !== null) {
        findings.failed(WHAT, null, `the chain breaks at ${broken}: it was changed, or moved`);
      } else findings.passed(WHAT, `${count} ${count === 1 ? 'container' : 'containers'} in a row`);
      const lastDigest = broken === null ? (info.lines.at(-1)?.digest ?? null) : null;
      return { previousName: info.previousName, previousDigest: info.previousDigest, lastDigest };
    },
    null,
  );
}

/**
 * Joins archives of one folder: each must go on from the one it names. An archive whose predecessor
 * is not here may be whole, but that the log is cannot be known.
 */
export function judgeLink(
  { previousName, previousDigest }: Link,
  linkOf: (name: string) => Link | null,
  findings: Findings,
): void {
  const what = 'archive chain';
  if (previousDigest === '') {
    findings.passed(what, 'the first archive');
    return;
  }
  const before = previousName === null ? null : linkOf(previousName);
  const name = previousName ?? 'an archive without a name';
  if (before === null) {
    findings.unknown(what, `it goes on from ${name}, which is not here`);
  } else if (before.lastDigest === null) {
    findings.failed(what, null, `it goes on from ${name}, whose chain is broken`);
  } else if (before.lastDigest === previousDigest) findings.passed(what, `it goes on from ${name}`);
  else findings.failed(what, null, `it does not go on from ${name}: one of them was changed`);
}

interface LinkingInfo {
  readonly previousName: string | null;
  readonly previousDigest: string;
  readonly method: string;
  readonly lines: readonly { readonly digest: string; readonly name: string }[];
}

function parse(text: string): LinkingInfo {
  const [first, ...rest] = text.replace(/\r?\n$/, '').split(/\r?\n/);
  const [digest, name, methodName, ...more] = first.split(' ');
  const method = METHODS[methodName];
  if (method === undefined || more.length > 0) {
    throw new EvidenceError(null, `the first line of ${LINKING_INFO} is not as it should be`);
  }
  const lines = rest.map((line) => {
    const [value, container, ...others] = line.split(' ');
    if (!value || !container || others.length > 0) {
      throw new EvidenceError(null, `${LINKING_INFO} has a line that is not as it should be`);
    }
    return { digest: value, name: container };
  });
  return {
    previousName: name === NONE ? null : name,
    previousDigest: digest === NONE ? '' : digest,
    method,
    lines,
  };
}

function checkNames({ lines }: LinkingInfo, containers: readonly ZipEntry[]): void {
  const listed = new Set(lines.map(({ name }) => name));
  const here = new Set(containers.map(({ name }) => name));
  const missing = [...listed].filter((name) => !here.has(name));
  const extra = [...here].filter((name) => !listed.has(name));
  if (listed.size < lines.length) {
    throw new EvidenceError(null, `${LINKING_INFO} lists a container twice`);
  }
  if (missing.length > 0) {
    throw new EvidenceError(null, `missing from the archive: ${missing.join(', ')}`);
  }
  if (extra.length > 0) {
    throw new EvidenceError(null, `not in ${LINKING_INFO}: ${extra.join(', ')}`);
  }
}

/** By name: tools that pack again may change the order in the zip, which proves nothing. */
function firstBroken(info: LinkingInfo, containers: readonly ZipEntry[]): string | null {
  const byName = new Map(containers.map((entry) => [entry.name, entry]));
  let before = info.previousDigest;
  for (const { digest, name } of info.lines) {
    const content = byName.get(name)?.read() ?? Buffer.alloc(0);
    const own = digestOf(info.method, content).toString('hex');
    before = digestOf(info.method, Buffer.from(before + own)).toString('hex');
    if (before !== digest) return name;
  }
  return null;
}
