/**
 * An instance's trust between two starts: evidence of the first must hold in the second, so the
 * authorities, what they issued and what they revoked are the same again. The file holds private
 * keys: it is for its owner only, in a folder of the caller, and no part of a repository.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { X509Certificate } from 'node:crypto';
import { Authority } from './authority.ts';
import type { Books } from './authority.ts';
import { createInstancePki, createPkiOver } from './instance-pki.ts';
import type { InstancePki, PkiMaterial, PkiShape, PkiSources } from './instance-pki.ts';
import { certifiedKeyOf, keyPairFromPem } from './keys.ts';
import type { CertifiedKey } from './keys.ts';

interface StoredKey {
  readonly keyPem: string;
  readonly certificatePem: string;
}

interface StoredAuthority extends StoredKey {
  readonly books: Books;
}

interface StoredPki {
  readonly format: typeof FORMAT;
  readonly shape: PkiShape;
  readonly root: StoredAuthority;
  /** Null: it is the root. */
  readonly issuing: StoredAuthority | null;
  readonly ocspSigner: StoredKey;
  readonly rootOcspSigner: StoredKey;
  readonly timeStampers: readonly StoredKey[];
  readonly impostors: { readonly ocsp: StoredKey; readonly timeStamper: StoredKey };
  readonly issued: readonly (readonly [name: string, key: StoredKey])[];
}

const FORMAT = 'fedlab-pki-1';

/** What the file holds, or a new one where there is no file; `savePki` writes it. */
export function openPki(path: string, shape: PkiShape, sources: PkiSources): InstancePki {
  if (!existsSync(path)) return createInstancePki(shape, sources);
  const stored = JSON.parse(readFileSync(path, 'utf8')) as StoredPki;
  if (stored.format !== FORMAT) throw new Error(`${path} is of another version of fedlab`);
  if (JSON.stringify(stored.shape) !== JSON.stringify(plainShape(shape))) {
    throw new Error(`${path} holds the trust of a network of another shape; use another folder`);
  }
  const material = restore(stored, sources);
  for (const key of keysOf(material)) sources.keys.exclude(key);
  return createPkiOver(material, shape, sources);
}

/** All of it or, when the process dies, what was there before. */
export function savePki(path: string, pki: InstancePki, shape: PkiShape): void {
  const stored: StoredPki = {
    format: FORMAT,
    shape: plainShape(shape),
    root: storeAuthority(pki.root),
    issuing: pki.issuing === pki.root ? null : storeAuthority(pki.issuing),
    ocspSigner: storeKey(pki.ocspSigner),
    rootOcspSigner: storeKey(pki.rootOcspSigner),
    timeStampers: pki.timeStampers.map(storeKey),
    impostors: {
      ocsp: storeKey(pki.impostors.ocsp),
      timeStamper: storeKey(pki.impostors.timeStamper),
    },
    issued: [...pki.issued].map(([name, key]) => [name, storeKey(key)]),
  };
  const part = `${path}.part`;
  writeFileSync(part, `${JSON.stringify(stored)}\n`, { mode: 0o600 });
  renameSync(part, path);
}

/** In one order, so that two shapes can be compared as texts. */
function plainShape(shape: PkiShape): PkiShape {
  const { instance, profile, hasIssuing, kinds, timeStamperCount, ocspUrl } = shape;
  const { authority, service, authentication, signing } = kinds;
  return {
    instance,
    profile,
    hasIssuing,
    kinds: { authority, service, authentication, signing },
    timeStamperCount,
    ocspUrl,
  };
}

function restore(stored: StoredPki, { clock }: PkiSources): PkiMaterial {
  const { ocspUrl } = stored.shape;
  const authorityOf = (one: StoredAuthority): Authority =>
    new Authority(restoreKey(one), ocspUrl, clock, one.books);
  const root = authorityOf(stored.root);
  return {
    root,
    issuing: stored.issuing === null ? root : authorityOf(stored.issuing),
    ocspSigner: restoreKey(stored.ocspSigner),
    rootOcspSigner: restoreKey(stored.rootOcspSigner),
    timeStampers: stored.timeStampers.map(restoreKey),
    impostors: {
      ocsp: restoreKey(stored.impostors.ocsp),
      timeStamper: restoreKey(stored.impostors.timeStamper),
    },
    issued: new Map(stored.issued.map(([name, key]) => [name, restoreKey(key)])),
  };
}

function keysOf({ root, issuing, issued, ...rest }: PkiMaterial): readonly CertifiedKey[] {
  const { ocspSigner, rootOcspSigner, timeStampers, impostors } = rest;
  const services = [ocspSigner, rootOcspSigner, ...timeStampers, ...Object.values(impostors)];
  return [root.key, issuing.key, ...services, ...issued.values()];
}

function storeAuthority(authority: Authority): StoredAuthority {
  return { ...storeKey(authority.key), books: authority.books };
}

function storeKey({ keyPem, certificatePem }: CertifiedKey): StoredKey {
  return { keyPem, certificatePem };
}

function restoreKey({ keyPem, certificatePem }: StoredKey): CertifiedKey {
  return certifiedKeyOf(keyPairFromPem(keyPem), new X509Certificate(certificatePem).raw);
}
