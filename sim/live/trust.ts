/**
 * Who may speak for whom: a certification authority for each instance, an authentication
 * certificate for each security server, a signing certificate for each member at a server.
 *
 * Everything lives in memory and dies with the process: the lab must never leave a key behind.
 * Keys are RSA, made by node:crypto; node-forge only puts the certificates together, because Node
 * cannot.
 *
 *  - authentication: keyUsage digitalSignature and keyEncipherment, for clients and servers
 *  - signing: keyUsage nonRepudiation alone (facts 7; CO/util/CertUtils)
 *
 * A member's names in a subject are this lab's own profile: C is unused, O the instance, OU the
 * member class, CN the member code.
 */
import { createHash, generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto';
import forge from 'node-forge';
import type { KeyObject } from 'node:crypto';
import { assert } from '../base/assert.ts';

export interface Certified {
  readonly keyPem: string;
  readonly certificatePem: string;
}

export interface Authority extends Certified {
  readonly name: string;
}

const DAY_MS = 86_400_000;
const VALID_DAYS = 30;
const AUTHORITY_BITS = 2048;

export function createAuthority(name: string): Authority {
  const keys = makeKeys(AUTHORITY_BITS);
  const subject = [
    { shortName: 'O', value: name, valueTagClass: UTF8 },
    { shortName: 'CN', value: `${name} test CA`, valueTagClass: UTF8 },
  ];
  const certificatePem = makeCertificate(keys.publicPem, subject, subject, keys.privatePem, [
    { name: 'basicConstraints', cA: true, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    { name: 'subjectKeyIdentifier' },
  ]);
  return { name, keyPem: keys.privatePem, certificatePem };
}

/** For TLS between security servers; `server` is `INSTANCE/CLASS/CODE/SERVER`. */
export function issueAuthentication(authority: Authority, server: string, bits: number): Certified {
  return issue(
    authority,
    bits,
    [
      { shortName: 'O', value: server.split('/')[0], valueTagClass: UTF8 },
      { shortName: 'CN', value: server, valueTagClass: UTF8 },
    ],
    [
      { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
      { name: 'extKeyUsage', clientAuth: true, serverAuth: true },
    ],
  );
}

/** For the messages of a member, `INSTANCE/CLASS/CODE`. */
export function issueSigning(authority: Authority, member: string, bits: number): Certified {
  const [instance, memberClass, code] = member.split('/');
  return issue(
    authority,
    bits,
    [
      { shortName: 'O', value: instance, valueTagClass: UTF8 },
      { shortName: 'OU', value: memberClass, valueTagClass: UTF8 },
      { shortName: 'CN', value: code, valueTagClass: UTF8 },
    ],
    [{ name: 'keyUsage', nonRepudiation: true, critical: true }],
  );
}

/**
 * The keys of a network, made when they are first asked for. Making a key takes a tenth of a
 * second, so networks that follow one another may share a trust; it is never written down.
 */
export class Trust {
  /** Vouches for nobody in the network. */
  static readonly STRANGER = 'stranger';
  readonly #authorities = new Map<string, Authority>();
  readonly #certified = new Map<string, Certified>();

  authorityOf(instance: string): Authority {
    const known = this.#authorities.get(instance);
    if (known !== undefined) return known;
    const made = createAuthority(instance);
    this.#authorities.set(instance, made);
    return made;
  }

  /** `bits`: length of the key, 2048 as X-Road ships it or 3072 as Estonia and Finland do. */
  authenticationOf(server: string, bits: number): Certified {
    const authority = this.authorityOf(server.split('/')[0]);
    const name = `auth ${server} ${bits}`;
    return this.#once(name, () => issueAuthentication(authority, server, bits));
  }

  /** A member has a key of its own at each of its servers. */
  signingOf(member: string, server: string, bits: number): Certified {
    const authority = this.authorityOf(member.split('/')[0]);
    const name = `sign ${member} ${server} ${bits}`;
    return this.#once(name, () => issueSigning(authority, member, bits));
  }

  #once(name: string, make: () => Certified): Certified {
    const known = this.#certified.get(name);
    if (known !== undefined) return known;
    const made = make();
    this.#certified.set(name, made);
    return made;
  }
}

/** What a verifier asks of a certificate; read once, because forge parses slowly. */
export interface ReadCertificate {
  readonly x509: X509Certificate;
  readonly publicKey: KeyObject;
  readonly mayAuthenticate: boolean;
  readonly maySign: boolean;
  /** `INSTANCE/CLASS/CODE` of a signing certificate; null: of none. */
  readonly member: string | null;
}

const CACHE_MAX = 10_000;
const readCertificates = new Map<string, ReadCertificate>();

/** Throws where the text is no certificate. */
export function readCertificate(pem: string): ReadCertificate {
  const known = readCertificates.get(pem);
  if (known !== undefined) return known;
  const x509 = new X509Certificate(pem);
  const parsed = forge.pki.certificateFromPem(pem);
  const usage = (parsed.getExtension('keyUsage') ?? {}) as Readonly<Record<string, unknown>>;
  const name = (short: string): string | null =>
    (parsed.subject.getField(short) as { value: string } | null)?.value ?? null;
  const [instance, memberClass, code] = [name('O'), name('OU'), name('CN')];
  const read: ReadCertificate = {
    x509,
    publicKey: x509.publicKey,
    mayAuthenticate: usage['digitalSignature'] === true,
    maySign: usage['nonRepudiation'] === true,
    member: memberClass === null ? null : `${instance}/${memberClass}/${code}`,
  };
  // Only what was issued here is ever asked about; the limit is there for what a test makes up.
  if (readCertificates.size >= CACHE_MAX) readCertificates.clear();
  readCertificates.set(pem, read);
  return read;
}

const authorities = new Map<string, X509Certificate>();

function readAuthority(pem: string): X509Certificate {
  const known = authorities.get(pem);
  if (known !== undefined) return known;
  const read = new X509Certificate(pem);
  if (authorities.size >= CACHE_MAX) authorities.clear();
  authorities.set(pem, read);
  return read;
}

/** Whether a certificate was issued by an authority, and holds at an instant. */
export function isIssuedBy(
  certificate: X509Certificate,
  authorityPem: string,
  nowMs: number,
): boolean {
  const authority = readAuthority(authorityPem);
  const from = Date.parse(certificate.validFrom);
  const to = Date.parse(certificate.validTo);
  return (
    certificate.checkIssued(authority) &&
    certificate.verify(authority.publicKey) &&
    from <= nowMs &&
    nowMs <= to
  );
}

/** By which shared parameters know an authentication certificate: SHA-256 (facts 6). */
export function hashOfCertificate(der: Buffer): string {
  return createHash('sha256').update(der).digest('hex');
}

export function derOf(pem: string): Buffer {
  return readCertificate(pem).x509.raw;
}

// Codes and names may hold any letter, which ASN.1's PrintableString may not. The typings say
// `Class`, but the field takes a type.
const UTF8 = forge.asn1.Type.UTF8 as unknown as forge.asn1.Class;

function issue(
  authority: Authority,
  bits: number,
  subject: forge.pki.CertificateField[],
  extensions: readonly Readonly<Record<string, unknown>>[],
): Certified {
  const keys = makeKeys(bits);
  const issuer = forge.pki.certificateFromPem(authority.certificatePem);
  const keyIdentifier = issuer.generateSubjectKeyIdentifier().getBytes();
  const issuerName = issuer.subject.attributes;
  const certificatePem = makeCertificate(keys.publicPem, subject, issuerName, authority.keyPem, [
    { name: 'basicConstraints', cA: false, critical: true },
    ...extensions,
    { name: 'subjectKeyIdentifier' },
    { name: 'authorityKeyIdentifier', keyIdentifier },
  ]);
  return { keyPem: keys.privatePem, certificatePem };
}

function makeKeys(bits: number): { readonly publicPem: string; readonly privatePem: string } {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: bits });
  return {
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }) as string,
    // The form that forge reads.
    privatePem: privateKey.export({ type: 'pkcs1', format: 'pem' }) as string,
  };
}

function makeCertificate(
  publicPem: string,
  subject: forge.pki.CertificateField[],
  issuer: forge.pki.CertificateField[],
  signingKeyPem: string,
  extensions: readonly Readonly<Record<string, unknown>>[],
): string {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(publicPem);
  // A serial number is positive, and 16 octets are plenty (RFC 5280, 4.1.2.2).
  const serial = randomBytes(16);
  serial[0] = (serial[0] & 0x7f) | 0x01;
  certificate.serialNumber = serial.toString('hex');
  const nowMs = Date.now();
  certificate.validity.notBefore = new Date(nowMs - DAY_MS);
  certificate.validity.notAfter = new Date(nowMs + VALID_DAYS * DAY_MS);
  certificate.setSubject(subject);
  certificate.setIssuer(issuer);
  certificate.setExtensions([...extensions]);
  certificate.sign(forge.pki.privateKeyFromPem(signingKeyPem), forge.md.sha512.create());
  const pem = forge.pki.certificateToPem(certificate);
  assert(pem.startsWith('-----BEGIN CERTIFICATE-----'), 'forge made no certificate');
  return pem;
}
