/**
 * A configuration on disk, as X-Road's configuration client leaves it for the proxy and the signer:
 * a folder for each instance, the parts in it, and beside each part its metadata with the date of
 * expiry; the name of the own instance at the top (CC's FileNameProviderImpl, GC's
 * ConfigurationDirectory). Those who use it read it again every minute (facts 5.1), and parse only
 * what has changed.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigurationError, ConfigurationFault } from './configuration-error.ts';
import { digestOf } from './directory.ts';
import { OCSP_PARTS, readFetchInterval, readNextUpdate } from './ocsp-parameters.ts';
import type { OcspParameters } from './ocsp-parameters.ts';
import { PRIVATE_PARAMETERS_FILE, readPrivateParameters } from './private-parameters.ts';
import type { PrivateParameters } from './private-parameters.ts';
import { readSharedParameters } from './shared-parameters-reader.ts';
import { SHARED_PARAMETERS_FILE } from './shared-parameters.ts';
import type { SharedParameters } from './shared-parameters.ts';

/** What is known of one instance. It is there also when it has expired: look at `expiresMs`. */
export interface GlobalConfiguration {
  readonly instance: string;
  readonly isOwn: boolean;
  readonly version: number;
  /** The first of the dates of its shared and private parameters. */
  readonly expiresMs: number;
  readonly shared: SharedParameters;
  /** Of the own instance only. */
  readonly private: PrivateParameters | null;
  /** Of the own instance only. */
  readonly ocsp: OcspParameters;
}

export interface LoadedFolder {
  /** Null: nothing was ever stored. */
  readonly ownInstance: string | null;
  readonly configurations: ReadonlyMap<string, GlobalConfiguration>;
  /** Instances, by their folder, whose files cannot be used, and why. */
  readonly problems: ReadonlyMap<string, string>;
}

export interface PartMetadata {
  readonly contentIdentifier: string;
  readonly instanceIdentifier: string;
  /** `2035-11-11T03:07:40Z` */
  readonly expirationDate: string;
  readonly contentLocation: string;
  readonly configurationVersion: string;
}

/** A part as it is to be stored; null: its bytes are there already. */
export interface StoredPart {
  readonly file: string;
  readonly content: Buffer | null;
  readonly metadata: PartMetadata;
}

export const METADATA_SUFFIX = '.metadata';
const INSTANCE_FILE = 'instance-identifier';

export class ConfigurationFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  async load(): Promise<LoadedFolder> {
    const ownInstance = await readIfThere(join(this.path, INSTANCE_FILE));
    const own = ownInstance === null ? null : ownInstance.toString('utf8').trim();
    const configurations = new Map<string, GlobalConfiguration>();
    const problems = new Map<string, string>();
    for (const folder of await foldersIn(this.path)) {
      try {
        const configuration = await this.#loadInstance(folder, own);
        configurations.set(configuration.instance, configuration);
      } catch (error) {
        if (!(error instanceof ConfigurationError)) throw error;
        problems.set(folder, error.message);
      }
    }
    return { ownInstance: own, configurations, problems };
  }

  /** Of one part as it is on disk; null: it is not there. */
  async readPart(instance: string, file: string): Promise<Buffer | null> {
    return readIfThere(join(this.path, folderOf(instance), file));
  }

  async storeInstanceName(instance: string): Promise<void> {
    await mkdir(this.path, { recursive: true });
    await replace(join(this.path, INSTANCE_FILE), instance);
  }

  /** Stores the parts of one instance, and clears away what is no longer among them. */
  async store(instance: string, parts: readonly StoredPart[]): Promise<void> {
    const folder = join(this.path, folderOf(instance));
    await mkdir(folder, { recursive: true });
    const needed = new Set<string>();
    for (const { file, content, metadata } of parts) {
      const path = join(folder, file);
      if (content !== null) await replace(path, content);
      await replace(path + METADATA_SUFFIX, JSON.stringify(metadata));
      needed.add(file).add(file + METADATA_SUFFIX);
    }
    for (const name of await readdir(folder)) {
      if (!needed.has(name)) await rm(join(folder, name), { recursive: true });
    }
  }

  /** Removes the folders of all instances but these. */
  async keepOnly(instances: readonly string[]): Promise<void> {
    const kept = new Set(instances.map(folderOf));
    for (const folder of await foldersIn(this.path)) {
      if (!kept.has(folder)) await rm(join(this.path, folder), { recursive: true });
    }
  }

  async #loadInstance(folder: string, own: string | null): Promise<GlobalConfiguration> {
    const part = async <T>(file: string, read: (bytes: Buffer) => T) => {
      const path = join(this.path, folder, file);
      const bytes = await readIfThere(path);
      if (bytes === null) return null;
      const metadata = await readMetadata(path + METADATA_SUFFIX);
      return { ...metadata, value: parseOnce(file, bytes, read) };
    };
    const shared = await part(SHARED_PARAMETERS_FILE, readSharedParameters);
    if (shared === null) throw unusable('there are no shared parameters');
    const { instance } = shared.value;
    if (folderOf(instance) !== folder) throw unusable(`they are of ${instance}`);
    const isOwn = instance === own;
    const secret = isOwn ? await part(PRIVATE_PARAMETERS_FILE, readPrivateParameters) : null;
    const { fetchInterval, nextUpdate } = OCSP_PARTS;
    const interval = isOwn ? await part(fetchInterval.file, readFetchInterval) : null;
    const next = isOwn ? await part(nextUpdate.file, readNextUpdate) : null;
    return {
      instance,
      isOwn,
      version: shared.version,
      expiresMs: Math.min(shared.expiresMs, secret?.expiresMs ?? Infinity),
      shared: shared.value,
      private: secret?.value ?? null,
      ocsp: {
        fetchIntervalSeconds: interval?.value ?? null,
        verifiesNextUpdate: next?.value ?? null,
      },
    };
  }
}

const PARSED_MAX = 64;
const parsed = new Map<string, unknown>();

/**
 * Parses the same bytes once for all folders: the thousand servers of an instance have the same
 * parameters, and share what was read of them, which nobody may therefore change.
 */
function parseOnce<T>(file: string, bytes: Buffer, read: (bytes: Buffer) => T): T {
  const key = `${file} ${digestOf('sha256', bytes).toString('hex')}`;
  // What is kept under the name of a part was made by the reader of that part.
  const value = parsed.has(key) ? (parsed.get(key) as T) : read(bytes);
  // The one that was asked for last is the last to go.
  parsed.delete(key);
  parsed.set(key, value);
  for (const oldest of parsed.keys()) {
    if (parsed.size <= PARSED_MAX) break;
    parsed.delete(oldest);
  }
  return value;
}

/** A name for a folder that no instance can leave with: `../EE` is as good a name as any. */
function folderOf(instance: string): string {
  if (instance === '') throw unusable('an instance without a name');
  return instance.replace(/[^A-Za-z0-9_-]/gu, (character) =>
    encodeURIComponent(character).replace(/^[^%]$/, (one) => {
      return `%${one.charCodeAt(0).toString(16).toUpperCase()}`;
    }),
  );
}

async function foldersIn(path: string): Promise<string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function readMetadata(
  path: string,
): Promise<{ readonly expiresMs: number; readonly version: number }> {
  const bytes = await readIfThere(path);
  if (bytes === null) throw unusable('a part has no metadata');
  let read: unknown;
  try {
    read = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw unusable('broken metadata');
  }
  const { expirationDate, configurationVersion } = read as Partial<PartMetadata>;
  const expiresMs = Date.parse(String(expirationDate));
  if (Number.isNaN(expiresMs)) throw unusable(`they expire on "${expirationDate}"`);
  return { expiresMs, version: Number(configurationVersion ?? '2') };
}

async function readIfThere(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** In one step: whoever reads sees the old file or the new one. */
async function replace(path: string, content: Buffer | string): Promise<void> {
  await writeFile(`${path}.part`, content);
  await rename(`${path}.part`, path);
}

function unusable(reason: string): ConfigurationError {
  return new ConfigurationError(ConfigurationFault.InvalidXml, reason);
}
