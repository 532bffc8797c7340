/**
 * Downloads the configuration of one instance from the first of its locations that has a good one
 * (CC's ConfigurationDownloader, LocationVersionResolver; facts 6).
 *
 * All parts are fetched and checked before the first is stored, so a bad download leaves what was
 * there untouched. Plain HTTP only: the signature protects what is fetched, and the lab's central
 * servers speak nothing else, so X-Road's first try over HTTPS is left out.
 */
import { requestHttp } from '../loopback.ts';
import type { ConfigurationAnchor } from './anchor.ts';
import { ConfigurationError, ConfigurationFault } from './configuration-error.ts';
import { METADATA_SUFFIX } from './configuration-folder.ts';
import type { ConfigurationFolder, StoredPart } from './configuration-folder.ts';
import type { SourceKind } from './configuration-generator.ts';
import {
  ContentIdentifier,
  isContentOf,
  readSignedDirectory,
  verifyDirectory,
} from './directory.ts';
import type { Directory, DirectoryPart } from './directory.ts';
import { PRIVATE_PARAMETERS_FILE, readPrivateParameters } from './private-parameters.ts';
import { readSharedParameters } from './shared-parameters-reader.ts';
import { SHARED_PARAMETERS_FILE } from './shared-parameters.ts';
import type { SharedParameters } from './shared-parameters.ts';

/** Where a configuration may be had, and whose signatures count there. */
export interface Location {
  readonly url: string;
  readonly certificates: readonly Buffer[];
}

export interface Downloaded {
  readonly directory: Directory;
  readonly parts: readonly StoredPart[];
}

export interface Attempt {
  readonly url: string;
  /** Null: it was a success. */
  readonly error: ConfigurationError | null;
}

export interface Fetching {
  readonly folder: ConfigurationFolder;
  /** Of the network's clock. */
  nowMs(): number;
  /** For one request, in real time: 30 s (READ_TIMEOUT). */
  readonly timeoutMs: number;
  /** Gives everything up. */
  readonly signal: AbortSignal;
}

const VERSION_MIN = 2;
const VERSION_MAX = 6;
const BYTES_MAX = 64 * 2 ** 20;

/**
 * The locations of an instance, in the order in which they are tried: those that its shared
 * parameters name before those of the anchor, each kind shuffled. `random` is uniform in [0, 1).
 */
export function locationsOf(
  anchor: ConfigurationAnchor,
  known: SharedParameters | null,
  random: () => number,
): Location[] {
  const fromAnchor = anchor.sources.map(({ downloadUrl, verificationCertificates }) => ({
    url: downloadUrl,
    certificates: verificationCertificates,
  }));
  const kind = kindOf(anchor);
  const named = known?.sources ?? [];
  const fromParameters = named.map((source): Location => {
    const { address, internalCertificates, externalCertificates } = source;
    const certificates = kind === 'internal' ? internalCertificates : externalCertificates;
    return { url: `http://${address}/${kind}conf`, certificates };
  });
  return [...shuffled(fromParameters, random), ...shuffled(fromAnchor, random)];
}

/** By the last step of its first address (GlobalConfUtils). */
function kindOf({ sources }: ConfigurationAnchor): SourceKind {
  return /\/externalconf(\?|$)/.test(sources[0].downloadUrl) ? 'external' : 'internal';
}

function shuffled<T>(values: readonly T[], random: () => number): T[] {
  const left = [...values];
  const out: T[] = [];
  while (left.length > 0) out.push(...left.splice(Math.floor(random() * left.length), 1));
  return out;
}

/** The location with the highest version that is served there. */
export async function versionedLocation(location: Location, fetching: Fetching): Promise<Location> {
  const url = urlOf(location.url);
  if (url.searchParams.has('version')) return location;
  for (let version = VERSION_MAX; version > VERSION_MIN; version--) {
    url.searchParams.set('version', String(version));
    const { status } = await get(url, fetching);
    if (status !== 404) return { ...location, url: url.href };
  }
  // The lowest is not asked for beforehand: there is nothing below it.
  url.searchParams.set('version', String(VERSION_MIN));
  return { ...location, url: url.href };
}

/** Everything of one location, checked; `only` names the content that counts, null: all does. */
export async function downloadFrom(
  location: Location,
  instance: string,
  only: readonly string[] | null,
  fetching: Fetching,
): Promise<Downloaded> {
  const url = urlOf(location.url);
  const signed = readSignedDirectory(await getWhole(url, fetching));
  const directory = verifyDirectory(signed, location.certificates, fetching.nowMs());
  const files = new Set<string>();
  const parts: StoredPart[] = [];
  for (const part of directory.parts) {
    if (only !== null && !only.includes(part.identifier)) continue;
    const file = fileOf(part);
    const lower = file.toLowerCase();
    if (files.has(lower)) {
      throw new ConfigurationError(ConfigurationFault.DuplicateTarget, `${file} is there twice`);
    }
    files.add(lower);
    if (part.instance !== instance) {
      // A federated central server could else write into the folder of another instance.
      const message = `${part.identifier} of ${part.instance} from ${instance}`;
      throw new ConfigurationError(ConfigurationFault.ForeignPart, message);
    }
    parts.push({
      file,
      content: await contentOf(part, file, url, fetching),
      metadata: {
        contentIdentifier: part.identifier,
        instanceIdentifier: part.instance,
        expirationDate: `${new Date(directory.expiresMs).toISOString().slice(0, 19)}Z`,
        contentLocation: part.location,
        configurationVersion: String(directory.version),
      },
    });
  }
  return { directory, parts };
}

/** Null: the bytes on disk are those already. */
async function contentOf(
  part: DirectoryPart,
  file: string,
  url: URL,
  fetching: Fetching,
): Promise<Buffer | null> {
  const stored = await fetching.folder.readPart(part.instance, file);
  if (stored !== null && isContentOf(part, stored)) return null;
  const content = await getWhole(contentUrl(part, url), fetching);
  if (!isContentOf(part, content)) {
    const message = `${part.location} is not what was signed`;
    throw new ConfigurationError(ConfigurationFault.Integrity, message);
  }
  demandReadable(part, content);
  return content;
}

function demandReadable({ identifier, instance }: DirectoryPart, content: Buffer): void {
  const read = READERS[identifier];
  if (read === undefined) return;
  const named = read(content).instance;
  if (named !== instance) {
    const message = `${identifier} of ${instance} says it is of ${named}`;
    throw new ConfigurationError(ConfigurationFault.ForeignPart, message);
  }
}

const READERS: Readonly<Record<string, (bytes: Buffer) => { readonly instance: string }>> = {
  [ContentIdentifier.Shared]: readSharedParameters,
  [ContentIdentifier.Private]: readPrivateParameters,
};

const FILES: Readonly<Record<string, string>> = {
  [ContentIdentifier.Shared]: SHARED_PARAMETERS_FILE,
  [ContentIdentifier.Private]: PRIVATE_PARAMETERS_FILE,
};

/** Known parts have their own names, others the last step of their location. */
function fileOf({ identifier, location }: DirectoryPart): string {
  const known = FILES[identifier];
  if (known !== undefined) return known;
  const file = location.slice(location.lastIndexOf('/') + 1);
  const isTaken = Object.values(FILES).includes(file.toLowerCase());
  if (!/^\w[\w.-]{0,99}$/.test(file) || file.endsWith(METADATA_SUFFIX) || isTaken) {
    throw misplaced(location);
  }
  return file;
}

/** A part comes from where its directory came from, and nowhere else. */
function contentUrl({ location }: DirectoryPart, directory: URL): URL {
  let url: URL;
  try {
    url = new URL(location, directory);
  } catch {
    throw misplaced(location);
  }
  if (url.origin !== directory.origin) throw misplaced(location);
  return url;
}

function misplaced(location: string): ConfigurationError {
  const message = `a part may not be at "${location}"`;
  return new ConfigurationError(ConfigurationFault.ContentLocation, message);
}

function urlOf(text: string): URL {
  try {
    const url = new URL(text);
    if (url.protocol === 'http:') return url;
  } catch {
    // Told below.
  }
  throw unreachable(`${text} is no address of plain HTTP`);
}

async function getWhole(url: URL, fetching: Fetching): Promise<Buffer> {
  const { status, body } = await get(url, fetching);
  if (status !== 200) throw unreachable(`${url.href} answers ${status}`);
  return body;
}

async function get(
  url: URL,
  { timeoutMs, signal }: Fetching,
): Promise<{ readonly status: number; readonly body: Buffer }> {
  const to = {
    address: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 80 : Number(url.port),
  };
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), timeoutMs);
  try {
    const answer = await requestHttp(to, {
      method: 'GET',
      path: url.pathname + url.search,
      rawHeaders: ['Host', url.host],
      body: null,
      signal: AbortSignal.any([signal, deadline.signal]),
    });
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of answer.body) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > BYTES_MAX) throw new Error('it is too large');
    }
    return { status: answer.status, body: Buffer.concat(chunks) };
  } catch (error) {
    const reason = deadline.signal.aborted ? `no answer in ${timeoutMs} ms` : String(error);
    throw unreachable(`${url.href}: ${reason}`);
  } finally {
    clearTimeout(timer);
  }
}

function unreachable(message: string): ConfigurationError {
  return new ConfigurationError(ConfigurationFault.Connection, message);
}
