/**
 * Signed evidence, checked without the run that made it and without a network: a container, an
 * archive, a folder of them, or a container that somebody has unpacked.
 *
 * One file is in memory at a time, and one container of an archive. Whatever is in them, they are
 * only read: nothing is unpacked to disk, no name in them becomes a path.
 */
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import type { Anchors } from './anchors.ts';
import { containersIn, isArchive, isDownload, judgeLink, verifyLinks } from './archive.ts';
import type { Link } from './archive.ts';
import { isContainer, verifyContainer } from './container.ts';
import { EvidenceError, UnreadableError } from './evidence-error.ts';
import { Findings, verdictOf } from './findings.ts';
import type { Finding, Verdict } from './findings.ts';
import { readZip } from './zip.ts';
import type { ZipEntry } from './zip.ts';

export interface EvidenceReport {
  readonly verdict: Verdict;
  readonly containers: number;
  readonly archives: number;
  readonly findings: readonly Finding[];
}

const MEBIBYTE = 2 ** 20;
const FILE_BYTES_MAX = 256 * MEBIBYTE;
/** X-Road logs bodies of 10 MiB at most, and an administrator may raise that (facts 7). */
const CONTAINER_LIMITS = {
  entriesMax: 1000,
  entryBytesMax: 128 * MEBIBYTE,
  totalBytesMax: 256 * MEBIBYTE,
};
const ARCHIVE_LIMITS = { ...CONTAINER_LIMITS, entriesMax: 65_000, totalBytesMax: 1024 * MEBIBYTE };
const FOLDER_FILES_MAX = 100_000;
const FOLDER_DEPTH_MAX = 8;
const EVIDENCE = /\.(asice|zip)$/i;
/** An archive that is encrypted as a whole (facts 7). */
const ENCRYPTED = /\.(gpg|pgp)$/i;

/** Throws an UnreadableError where the path holds no evidence. */
export function verifyEvidence(path: string, anchors: Anchors): EvidenceReport {
  const inspection = new Inspection(anchors);
  if (!statSync(path).isDirectory()) inspection.verifyFile(path, basename(path));
  else if (isContainer(filesUnder(path))) inspection.verifyUnpacked(path);
  else inspection.verifyFolder(path);
  inspection.judgeLinks();
  const { findings, containers, archives } = inspection;
  return { verdict: verdictOf(findings), containers, archives, findings };
}

class Inspection {
  readonly findings: Finding[] = [];
  containers = 0;
  archives = 0;
  readonly #anchors: Anchors;
  readonly #links = new Map<string, { readonly where: string; readonly link: Link | null }>();

  constructor(anchors: Anchors) {
    this.#anchors = anchors;
  }

  verifyFolder(folder: string): void {
    const names = filesUnder(folder);
    const evidence = names.filter((name) => EVIDENCE.test(name));
    const encrypted = names.filter((name) => ENCRYPTED.test(name));
    if (evidence.length + encrypted.length === 0) {
      throw new UnreadableError(
        'no evidence in the folder: files ending in .asice or .zip would be',
      );
    }
    for (const name of evidence) {
      try {
        this.verifyFile(join(folder, name), name);
      } catch (error) {
        // One file of many: what can be read still counts.
        if (!(error instanceof UnreadableError)) throw error;
        this.#note(name, (findings) => findings.failed('file', null, error.message));
      }
    }
    for (const name of encrypted) {
      const text = 'it is encrypted: only its owner can say what is in it';
      this.#note(name, (findings) => findings.unknown('file', text));
    }
  }

  verifyFile(path: string, where: string): void {
    const bytes = readWhole(path);
    const entries = readZip(bytes, ARCHIVE_LIMITS);
    const names = entries.map(({ name }) => name);
    // A container that lacks its signature is still meant as one.
    if (isContainer(names) || (/\.asice$/i.test(path) && names.length > 0)) {
      this.#verifyContainer(readZip(bytes, CONTAINER_LIMITS), where);
    } else if (isDownload(basename(path), names)) this.#verifyContainers(entries, where);
    else if (isArchive(names)) this.#verifyArchive(entries, where);
    else throw new UnreadableError('a zip file, but neither a container nor an archive of X-Road');
  }

  verifyUnpacked(folder: string): void {
    const files = new Map(
      filesUnder(folder).map((name) => [name, () => readWhole(join(folder, name))] as const),
    );
    this.containers++;
    this.#note(basename(folder), (findings) => verifyContainer(files, this.#anchors, findings));
  }

  /** Once all archives are known. */
  judgeLinks(): void {
    for (const [, { where, link }] of this.#links) {
      if (link === null) continue;
      const linkOf = (name: string): Link | null => {
        const before = this.#links.get(name);
        // One that is here and has no chain is broken, not absent.
        return before === undefined ? null : (before.link ?? BROKEN_LINK);
      };
      this.#note(where, (findings) => judgeLink(link, linkOf, findings));
    }
  }

  #verifyContainer(entries: readonly ZipEntry[], where: string): void {
    this.containers++;
    const files = new Map(entries.map(({ name, read }) => [name, read] as const));
    this.#note(where, (findings) => verifyContainer(files, this.#anchors, findings));
  }

  #verifyArchive(entries: readonly ZipEntry[], where: string): void {
    this.archives++;
    this.#note(where, (findings) => {
      const link = verifyLinks(entries, findings);
      this.#links.set(basename(where), { where, link });
    });
    this.#verifyContainers(entries, where);
  }

  #verifyContainers(entries: readonly ZipEntry[], where: string): void {
    for (const entry of containersIn(entries)) {
      const inside = `${where}/${entry.name}`;
      try {
        this.#verifyContainer(readZip(entry.read(), CONTAINER_LIMITS), inside);
      } catch (error) {
        const isKnown = error instanceof EvidenceError || error instanceof UnreadableError;
        if (!isKnown) throw error;
        this.#note(inside, (findings) => findings.failed('file', null, error.message));
      }
    }
  }

  #note(where: string, make: (findings: Findings) => void): void {
    const findings = new Findings(where);
    make(findings);
    this.findings.push(...findings.list);
  }
}

const BROKEN_LINK: Link = { previousName: null, previousDigest: '', lastDigest: null };

/** Only files: devices and pipes have no end. */
function readWhole(path: string): Buffer {
  // Opening a pipe would wait for somebody to write into it.
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw new UnreadableError('it is no file');
    if (stat.size > FILE_BYTES_MAX) {
      throw new UnreadableError(`it is larger than ${FILE_BYTES_MAX / MEBIBYTE} MiB`);
    }
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

/** Relative, with slashes, sorted. Links are not followed: they may lead in a circle. */
function filesUnder(folder: string): string[] {
  const found: string[] = [];
  const visit = (below: string, depth: number): void => {
    if (depth > FOLDER_DEPTH_MAX) throw new UnreadableError('its folders are nested too deep');
    for (const entry of readdirSync(join(folder, below), { withFileTypes: true })) {
      const name = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) visit(name, depth + 1);
      else if (entry.isFile()) found.push(name);
      if (found.length > FOLDER_FILES_MAX) throw new UnreadableError('it holds too many files');
    }
  };
  visit('', 0);
  return found.sort();
}
