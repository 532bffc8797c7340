/**
 * Makes evidence for tests, by other means than the verifier reads it: its own DER, an XML text
 * that is canonical as it is written, a zip writer of its own. Every time is fixed; keys are new
 * each time, and die with the test.
 */
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { crc32, deflateRawSync } from 'node:zlib';

export type KeyType = 'ec' | 'rsa';

export interface Identity {
  readonly name: Buffer;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly certificate: Buffer;
  readonly serial: number;
}

export interface CertificateOptions {
  readonly subject: readonly (readonly [string, string])[];
  readonly serial: number;
  readonly issuer: Identity | null;
  readonly keyType: KeyType;
  readonly extensions: readonly Buffer[];
  readonly from: string;
  readonly to: string;
}

export const SIGNED_AT = '2026-03-02T10:00:00.000Z';

export function digest(name: string, bytes: Uint8Array | string): Buffer {
  return createHash(name).update(bytes).digest();
}

// --- DER ---------------------------------------------------------------------------------------

export function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const length = content.length;
  const head =
    length < 128
      ? [tag, length]
      : length < 256
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from(head), content]);
}

const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts);
const set = (...parts: readonly Buffer[]): Buffer => der(0x31, ...parts);
const octets = (bytes: Buffer): Buffer => der(4, bytes);
const bits = (bytes: Buffer): Buffer => der(3, Buffer.from([0]), bytes);
const integer = (value: number): Buffer =>
  value < 128 ? der(2, Buffer.from([value])) : der(2, Buffer.from([0, value >> 8, value & 255]));
const generalizedTime = (iso: string): Buffer =>
  der(0x18, Buffer.from(`${iso.replace(/\.\d+/, '').replace(/[-:T]/g, '')}`));

export function oid(text: string): Buffer {
  const [first, second, ...rest] = text.split('.').map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const septets = [arc & 127];
    for (let left = arc >> 7; left > 0; left >>= 7) septets.unshift((left & 127) | 128);
    return septets;
  });
  return der(6, Buffer.from(bytes));
}

const algorithm = (name: string): Buffer => sequence(oid(name), der(5));
const SHA1 = algorithm('1.3.14.3.2.26');
const SHA512 = algorithm('2.16.840.1.101.3.4.2.3');
const ECDSA_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));
const RSA_SHA256 = algorithm('1.2.840.113549.1.1.11');

const algorithmOf = ({ privateKey }: Identity): Buffer =>
  privateKey.asymmetricKeyType === 'ec' ? ECDSA_SHA256 : RSA_SHA256;

function makeName(fields: CertificateOptions['subject']): Buffer {
  return sequence(
    ...fields.map(([type, value]) => set(sequence(oid(type), der(0x0c, Buffer.from(value))))),
  );
}

// --- certificates ------------------------------------------------------------------------------

const extension = (type: string, value: Buffer): Buffer =>
  sequence(oid(type), der(1, Buffer.from([255])), octets(value));

export const Extension = {
  authority: extension('2.5.29.19', sequence(der(1, Buffer.from([255])))),
  certSign: extension('2.5.29.15', der(3, Buffer.from([1, 0x06]))),
  nonRepudiation: extension('2.5.29.15', der(3, Buffer.from([6, 0x40]))),
  digitalSignature: extension('2.5.29.15', der(3, Buffer.from([7, 0x80]))),
  timeStamping: extension('2.5.29.37', sequence(oid('1.3.6.1.5.5.7.3.8'))),
  ocspSigning: extension('2.5.29.37', sequence(oid('1.3.6.1.5.5.7.3.9'))),
} as const;

export function makeIdentity(options: CertificateOptions): Identity {
  const { publicKey, privateKey } =
    options.keyType === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 });
  return certify(options, publicKey, privateKey);
}

/** Another certificate for a key. */
export function certify(
  { subject, serial, issuer, extensions, from, to }: CertificateOptions,
  publicKey: KeyObject,
  privateKey: KeyObject,
): Identity {
  const name = makeName(subject);
  const unsigned = { name, privateKey, publicKey, certificate: Buffer.alloc(0), serial };
  const signer = issuer ?? unsigned;
  const signed = sequence(
    der(0xa0, integer(2)),
    integer(serial),
    algorithmOf(signer),
    signer.name,
    sequence(generalizedTime(from), generalizedTime(to)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  );
  const value = sign('sha256', signed, signer.privateKey);
  return { ...unsigned, certificate: sequence(signed, algorithmOf(signer), bits(value)) };
}

export function pemOf({ certificate }: Identity): string {
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

export interface Network {
  readonly authority: Identity;
  readonly responder: Identity;
  readonly timeStamper: Identity;
  readonly signer: Identity;
  readonly sharedParameters: string;
}

const Field = { Name: '2.5.4.3', Serial: '2.5.4.5', Country: '2.5.4.6', Organization: '2.5.4.10' };
const ALWAYS = { from: '2020-01-01T00:00:00Z', to: '2040-01-01T00:00:00Z', keyType: 'ec' } as const;

/** The Finnish profile: the member of the signing certificate is LAB/GOV/100. */
export const signerOptions = (issuer: Identity, keyType: KeyType): CertificateOptions => ({
  ...ALWAYS,
  keyType,
  issuer,
  serial: 40,
  subject: [
    [Field.Country, 'FI'],
    [Field.Organization, 'A member'],
    [Field.Name, '100'],
    [Field.Serial, 'LAB/ss1/GOV'],
  ],
  extensions: [Extension.nonRepudiation],
});

export function makeNetwork(keyType: KeyType): Network {
  const authority = makeIdentity({
    ...ALWAYS,
    issuer: null,
    serial: 1,
    subject: [[Field.Name, 'Lab CA']],
    extensions: [Extension.authority, Extension.certSign],
  });
  const service = (name: string, serial: number, usage: Buffer): Identity =>
    makeIdentity({
      ...ALWAYS,
      issuer: authority,
      serial,
      subject: [[Field.Name, name]],
      extensions: [usage, Extension.digitalSignature],
    });
  const responder = service('Lab OCSP', 2, Extension.ocspSigning);
  const timeStamper = service('Lab TSA', 3, Extension.timeStamping);
  const signer = makeIdentity(signerOptions(authority, keyType));
  const sharedParameters = sharedParametersOf(authority, responder, timeStamper);
  return { authority, responder, timeStamper, signer, sharedParameters };
}

function sharedParametersOf(authority: Identity, responder: Identity, tsa: Identity): string {
  const certificate = ({ certificate: raw }: Identity): string =>
    `<cert>${raw.toString('base64')}</cert>`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<conf:conf xmlns:conf="http://x-road.eu/xsd/xroad.xsd"><instanceIdentifier>LAB</instanceIdentifier>
<approvedCA><name>Lab CA</name><authenticationOnly>false</authenticationOnly>
<topCA>${certificate(authority)}<ocsp><url>http://ocsp</url>${certificate(responder)}</ocsp></topCA>
<certificateProfileInfo>ee.example.FiVRKCertificateProfileInfoProvider</certificateProfileInfo>
</approvedCA><approvedTSA><name>TSA</name><url>http://tsa</url>${certificate(tsa)}</approvedTSA>
<globalSettings><ocspFreshnessSeconds>1800</ocspFreshnessSeconds></globalSettings></conf:conf>`;
}

// --- OCSP and time-stamps ----------------------------------------------------------------------

export interface OcspOptions {
  readonly status: 'good' | 'revoked' | 'unknown';
  readonly ageSeconds: number;
  readonly signer: Identity;
  readonly issuer: Identity;
  readonly subject: Identity;
}

export function makeOcsp({ status, ageSeconds, signer, issuer, subject }: OcspOptions): Buffer {
  const at = generalizedTime(before(ageSeconds));
  const statuses = { good: der(0x80), revoked: der(0xa1, at), unknown: der(0x82) };
  const keyInfo = issuer.publicKey.export({ type: 'spki', format: 'der' });
  const certificateId = sequence(
    SHA1,
    octets(digest('sha1', issuer.name)),
    octets(digest('sha1', keyBitsOf(keyInfo))),
    integer(subject.serial),
  );
  const data = sequence(
    der(0xa1, signer.name),
    at,
    sequence(sequence(certificateId, statuses[status], at)),
  );
  const value = sign('sha256', data, signer.privateKey);
  const basic = sequence(
    data,
    algorithmOf(signer),
    bits(value),
    der(0xa0, sequence(signer.certificate)),
  );
  const typed = sequence(oid('1.3.6.1.5.5.7.48.1.1'), octets(basic));
  return sequence(der(10, Buffer.from([0])), der(0xa0, typed));
}

/** The content of the bit string that ends a SubjectPublicKeyInfo of P-256 (RFC 5480). */
function keyBitsOf(spki: Buffer): Buffer {
  return spki.subarray(spki.length - 65);
}

function before(seconds: number): string {
  return new Date(Date.parse(SIGNED_AT) - seconds * 1000).toISOString();
}

/** Thirty seconds after the signature. */
export function makeTimeStamp(stamped: Buffer, { certificate, ...tsa }: Identity): Buffer {
  const issuer = issuerOf(certificate);
  const info = sequence(
    integer(1),
    oid('1.2.3.4.1'),
    sequence(SHA512, octets(digest('sha512', stamped))),
    integer(7),
    generalizedTime(before(-30)),
  );
  const contentType = oid('1.2.840.113549.1.9.16.1.4');
  const attribute = (type: string, value: Buffer): Buffer => sequence(oid(type), set(value));
  const certificateId = sequence(SHA512, octets(digest('sha512', certificate)));
  const attributes = [
    attribute('1.2.840.113549.1.9.3', contentType),
    attribute('1.2.840.113549.1.9.4', octets(digest('sha512', info))),
    attribute('1.2.840.113549.1.9.16.2.47', sequence(sequence(certificateId))),
  ].sort((a, b) => Buffer.compare(a, b));
  const value = sign('sha512', set(...attributes), tsa.privateKey);
  const signerInfo = sequence(
    integer(1),
    sequence(issuer, integer(tsa.serial)),
    SHA512,
    der(0xa0, ...attributes),
    sequence(oid('1.2.840.10045.4.3.4')),
    octets(value),
  );
  const signedData = sequence(
    integer(3),
    set(SHA512),
    sequence(contentType, der(0xa0, octets(info))),
    der(0xa0, certificate),
    set(signerInfo),
  );
  return sequence(oid('1.2.840.113549.1.7.2'), der(0xa0, signedData));
}

const LAB_CA_NAME = makeName([[Field.Name, 'Lab CA']]);

function issuerOf(certificate: Buffer): Buffer {
  if (!certificate.includes(LAB_CA_NAME)) throw new Error('not of the lab');
  return LAB_CA_NAME;
}

// --- signatures --------------------------------------------------------------------------------

const SHA512_URI = 'http://www.w3.org/2001/04/xmlenc#sha512';
const C14N = 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315';
/** In the order of canonical XML; in scope everywhere in the signature. */
const NAMESPACES = [
  ' xmlns:asic="http://uri.etsi.org/02918/v1.2.1#"',
  ' xmlns:ds="http://www.w3.org/2000/09/xmldsig#"',
  ' xmlns:xades="http://uri.etsi.org/01903/v1.3.2#"',
].join('');

const method = (name: string, uri: string): string =>
  `<ds:${name} Algorithm="${uri}"></ds:${name}>`;

function reference(uri: string, type: string, value: Buffer): string {
  const attributes = `${type === '' ? '' : ` Type="${type}"`} URI="${uri}"`;
  const how = method('DigestMethod', SHA512_URI);
  const what = `<ds:DigestValue>${value.toString('base64')}</ds:DigestValue>`;
  return `<ds:Reference${attributes}>${how}${what}</ds:Reference>`;
}

const SIGNED_PROPERTIES = 'http://uri.etsi.org/01903#SignedProperties';

export interface SignatureOptions {
  readonly signer: Identity;
  readonly ocsp: readonly Buffer[];
  /** What is signed, by its name. */
  readonly parts: readonly (readonly [string, Buffer])[];
  readonly timeStamper: Identity | null;
  /** Left out of SignedInfo. */
  readonly signsProperties: boolean;
}

export function makeSignature(options: SignatureOptions): string {
  const { signer, ocsp, parts, timeStamper, signsProperties } = options;
  const certificateDigest = digest('sha512', signer.certificate).toString('base64');
  const properties = [
    '<xades:SignedProperties Id="signed-properties"><xades:SignedSignatureProperties>',
    `<xades:SigningTime>${SIGNED_AT}</xades:SigningTime>`,
    '<xades:SigningCertificate><xades:Cert><xades:CertDigest>',
    method('DigestMethod', SHA512_URI),
    `<ds:DigestValue>${certificateDigest}</ds:DigestValue>`,
    '</xades:CertDigest></xades:Cert></xades:SigningCertificate>',
    '</xades:SignedSignatureProperties></xades:SignedProperties>',
  ].join('');
  const isEc = signer.privateKey.asymmetricKeyType === 'ec';
  const kind = `http://www.w3.org/2001/04/xmldsig-more#${isEc ? 'ecdsa' : 'rsa'}-sha512`;
  const propertiesDigest = digest('sha512', withNamespaces(properties));
  const info = [
    '<ds:SignedInfo>',
    method('CanonicalizationMethod', C14N),
    method('SignatureMethod', kind),
    ...parts.map(([uri, bytes]) => reference(uri, '', digest('sha512', bytes))),
    signsProperties ? reference('#signed-properties', SIGNED_PROPERTIES, propertiesDigest) : '',
    '</ds:SignedInfo>',
  ].join('');
  const key = { key: signer.privateKey, dsaEncoding: 'ieee-p1363' } as const;
  const value = sign('sha512', Buffer.from(withNamespaces(info)), key);
  const stamp = timeStamper === null ? '' : singleStamp(makeTimeStamp(value, timeStamper));
  return [
    `<?xml version="1.0" encoding="UTF-8"?><asic:XAdESSignatures${NAMESPACES}>`,
    `<ds:Signature Id="signature">${info}`,
    `<ds:SignatureValue>${value.toString('base64')}</ds:SignatureValue>`,
    '<ds:KeyInfo><ds:X509Data>',
    `<ds:X509Certificate>${signer.certificate.toString('base64')}</ds:X509Certificate>`,
    '</ds:X509Data></ds:KeyInfo>',
    `<ds:Object><xades:QualifyingProperties Target="#signature">${properties}`,
    `<xades:UnsignedProperties><xades:UnsignedSignatureProperties>${stamp}`,
    '<xades:RevocationValues><xades:OCSPValues>',
    ...ocsp.map((one) => encapsulated('OCSPValue', one)),
    '</xades:OCSPValues></xades:RevocationValues></xades:UnsignedSignatureProperties>',
    '</xades:UnsignedProperties></xades:QualifyingProperties></ds:Object>',
    '</ds:Signature></asic:XAdESSignatures>',
  ].join('');
}

const encapsulated = (name: string, bytes: Buffer): string =>
  `<xades:Encapsulated${name}>${bytes.toString('base64')}</xades:Encapsulated${name}>`;

const singleStamp = (token: Buffer): string =>
  `<xades:SignatureTimeStamp>${encapsulated('TimeStamp', token)}</xades:SignatureTimeStamp>`;

/** The canonical form of an element inside of the signature: with what is in scope above it. */
function withNamespaces(element: string): string {
  return element.replace(/^<[\w:]+/, (start) => `${start}${NAMESPACES}`);
}

// --- hash chains -------------------------------------------------------------------------------

export interface Chain {
  readonly result: string;
  readonly chain: string;
}

/** One step over the parts, and one of a neighbour's in the same batch. */
export function makeChain(file: string, parts: readonly (readonly [string, Buffer])[]): Chain {
  const neighbour = digest('sha512', 'a neighbour');
  const inner = parts.map(([, bytes]) => digest('sha512', bytes));
  const outer = [digest('sha512', step(inner)), neighbour];
  const references = parts.map(
    ([uri], index) => `<h:DataRef URI="${uri}">${digestValue(inner[index])}</h:DataRef>`,
  );
  const open = 'xmlns="http://www.w3.org/2000/09/xmldsig#" xmlns:h="http://cyber.ee/hashchain"';
  return {
    result: [
      `<h:HashChainResult ${open} URI="/${file}#STEP0"><DigestMethod Algorithm="${SHA512_URI}"/>`,
      `${digestValue(digest('sha512', step(outer)))}</h:HashChainResult>`,
    ].join(''),
    chain: [
      `<h:HashChain ${open}><h:DefaultDigestMethod Algorithm="${SHA512_URI}"/>`,
      '<h:HashStep id="STEP0"><h:StepRef URI="#STEP1"/>',
      `<h:HashValue>${digestValue(neighbour)}</h:HashValue></h:HashStep>`,
      `<h:HashStep id="STEP1">${references.join('')}</h:HashStep></h:HashChain>`,
    ].join(''),
  };
}

function step(digests: readonly Buffer[]): Buffer {
  const uri = der(0x0c, Buffer.from(SHA512_URI));
  return sequence(...digests.map((value) => sequence(octets(value), uri, sequence())));
}

const digestValue = (bytes: Buffer): string =>
  `<DigestValue>${bytes.toString('base64')}</DigestValue>`;

// --- containers and archives -------------------------------------------------------------------

export interface ContainerOptions extends Partial<SignatureOptions> {
  readonly message?: string;
  /** Several parts are signed by way of a hash chain, as X-Road does. */
  readonly attachments?: readonly Buffer[];
  readonly usesChain?: boolean;
  /** By way of a hash chain over the signature; else in the signature. */
  readonly isStampedInBatch?: boolean;
  readonly stampedBy?: Identity;
  readonly ocspOptions?: Partial<OcspOptions>;
}

export const REST_REQUEST = [
  'POST',
  '/r1/LAB/GOV/200/registry/people',
  'x-road-client:LAB/GOV/100/portal',
  'x-road-id:made-for-a-test',
  '',
].join('\n');

export type Files = Map<string, Buffer>;

export function makeContainer(network: Network, options: ContainerOptions = {}): Files {
  const { authority, responder } = network;
  const signer = options.signer ?? network.signer;
  const stampedBy = options.stampedBy ?? network.timeStamper;
  const attachments = options.attachments ?? [];
  const message = Buffer.from(options.message ?? REST_REQUEST);
  const isBatch = options.isStampedInBatch ?? true;
  const files: Files = new Map();
  const text = (name: string, content: string): void => {
    files.set(name, Buffer.from(content));
  };
  text('mimetype', 'application/vnd.etsi.asic-e+zip');
  files.set('message.xml', message);
  for (const [index, bytes] of attachments.entries()) files.set(`attachment${index + 1}`, bytes);
  let parts: (readonly [string, Buffer])[] = [...files]
    .filter(([name]) => name !== 'mimetype')
    .map(([name, bytes]) => [`/${name}`, bytes] as const);
  if (options.usesChain ?? attachments.length > 0) {
    const { result, chain } = makeChain('sig-hashchain.xml', parts);
    text('sig-hashchainresult.xml', result);
    text('sig-hashchain.xml', chain);
    parts = [['/sig-hashchainresult.xml', Buffer.from(result)]];
  }
  const answer = {
    status: 'good',
    ageSeconds: 600,
    signer: responder,
    issuer: authority,
    subject: signer,
    ...options.ocspOptions,
  } as const;
  const signature = makeSignature({
    signer,
    ocsp: options.ocsp ?? [makeOcsp(answer)],
    parts: options.parts ?? parts,
    timeStamper: isBatch ? null : stampedBy,
    signsProperties: options.signsProperties ?? true,
  });
  text('META-INF/signatures.xml', signature);
  if (isBatch) stampInBatch(files, stampedBy);
  return files;
}

/** Again, after the signature was changed: what an attacker with a time-stamp could do. */
export function stampInBatch(files: Files, timeStamper: Identity): void {
  const signature = files.get('META-INF/signatures.xml') ?? Buffer.alloc(0);
  const { result, chain } = makeChain('ts-hashchain.xml', [
    ['/META-INF/signatures.xml', signature],
  ]);
  files.set('ts-hashchainresult.xml', Buffer.from(result));
  files.set('ts-hashchain.xml', Buffer.from(chain));
  files.set('META-INF/timestamp.tst', makeTimeStamp(Buffer.from(result), timeStamper));
}

/** As LinkingInfoBuilder writes it. */
export function makeArchive(
  containers: Files,
  previous: { readonly digest: string; readonly name: string } | null,
): { readonly zip: Buffer; readonly lastDigest: string } {
  const hex = (bytes: Uint8Array | string): string => digest('sha512', bytes).toString('hex');
  let last = previous?.digest ?? '';
  const lines = [`${previous?.digest ?? '-'} ${previous?.name ?? '-'} SHA-512`];
  for (const [name, bytes] of containers) {
    last = hex(`${last}${hex(bytes)}`);
    lines.push(`${last} ${name}`);
  }
  const info: Files = new Map([['linkinginfo', Buffer.from(`${lines.join('\n')}\n`)]]);
  return { zip: makeZip(new Map([...containers, ...info])), lastDigest: last };
}

// --- zip ---------------------------------------------------------------------------------------

export interface ZipOptions {
  readonly isDeflated?: boolean;
  /** As Java streams: sizes after the data. */
  readonly hasDescriptors?: boolean;
  /** What the headers say of an entry's size, in place of the truth. */
  readonly sizeSaid?: number;
}

export function makeZip(files: Files, options: ZipOptions = {}): Buffer {
  const { isDeflated = true, hasDescriptors = false, sizeSaid = null } = options;
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of files) {
    const packed = isDeflated ? deflateRawSync(content) : content;
    const rawName = Buffer.from(name);
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt16LE(hasDescriptors ? 8 : 0, 2);
    shared.writeUInt16LE(isDeflated ? 8 : 0, 4);
    shared.writeUInt32LE(0x5c620000, 6);
    const sums = Buffer.alloc(12);
    sums.writeUInt32LE(crc32(content), 0);
    sums.writeUInt32LE(packed.length, 4);
    sums.writeUInt32LE(sizeSaid ?? content.length, 8);
    sums.copy(shared, 10);
    shared.writeUInt16LE(rawName.length, 22);
    const localHead = Buffer.from(shared);
    if (hasDescriptors) localHead.fill(0, 10, 22);
    const mark = Buffer.from('PK\x07\x08', 'latin1');
    const tail = hasDescriptors ? [mark, sums] : [];
    const local = [Buffer.from('PK\x03\x04', 'latin1'), localHead, rawName, packed, ...tail];
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    const start = Buffer.from('PK\x01\x02\x14\x00', 'latin1');
    centrals.push(Buffer.concat([start, shared, rest, rawName]));
    locals.push(Buffer.concat(local));
    offset += locals[locals.length - 1].length;
  }
  const directory = Buffer.concat(centrals);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(files.size, 8);
  end.writeUInt16LE(files.size, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}
