/**
 * XAdES signatures as X-Road 7.8 makes them (facts 3.4; PX/signature/SignatureXmlBuilder): two
 * references, to the document and to the signed properties; the signing certificate in KeyInfo, the
 * certificates of the authorities between and the OCSP responses as unsigned properties.
 *
 * Canonical XML 1.0 is what the recorded signatures of 7.8 use (vector wire-7.8), though facts 3.4
 * says exclusive. It keeps every namespace that is in scope: what is digested has the namespaces of
 * the root, and is otherwise the text itself, which is written in canonical form throughout.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { PartName } from '../evidence/signature.ts';
import { DEFAULT_C14N } from '../evidence/c14n.ts';
import { SIGNED_PROPERTIES_TYPE } from '../evidence/xades.ts';
import { escapeText, SHA512_URI } from './message-signature.ts';

/** What is signed: the message, or the result of the hash chain that leads to it. */
export interface SignedDocument {
  readonly name: (typeof PartName)['Message'] | (typeof PartName)['SigChainResult'];
  /** SHA-512. */
  readonly digest: Buffer;
}

export interface ComposedSignature {
  /** The canonical form of SignedInfo: what the value is over. */
  readonly toBeSigned: Buffer;
  /** The whole document; ECDSA's value is two numbers side by side (RFC 9231, 2.3.6). */
  readonly withValue: (value: Buffer) => string;
}

/** Writes the signatures of one signing certificate. */
export class XadesWriter {
  readonly #method: string;
  readonly #signingCertificate: string;
  readonly #keyInfo: string;
  readonly #certificateValues: string;

  /** `intermediates`: DER of the authorities between the certificate and its root. */
  constructor(certificateDer: Buffer, intermediates: readonly Buffer[]) {
    const x509 = new X509Certificate(certificateDer);
    const kind = x509.publicKey.asymmetricKeyType === 'ec' ? 'ecdsa' : 'rsa';
    this.#method = `${MORE}${kind}-sha512`;
    this.#signingCertificate = signingCertificate(x509);
    this.#keyInfo = [
      '<ds:KeyInfo>\n<ds:X509Data>\n<ds:X509Certificate>\n',
      `${certificateDer.toString('base64')}\n`,
      '</ds:X509Certificate>\n</ds:X509Data>\n</ds:KeyInfo>\n',
    ].join('');
    this.#certificateValues = certificateValues(intermediates);
  }

  /** `ocspResponses`: DER, of the certificate and of each authority between. */
  compose(
    { name, digest }: SignedDocument,
    ocspResponses: readonly Buffer[],
    signingTimeMs: number,
  ): ComposedSignature {
    const signed = this.#signedProperties(name, signingTimeMs);
    const info = [
      '<ds:SignedInfo>\n',
      algorithm('CanonicalizationMethod', DEFAULT_C14N),
      `\n${algorithm('SignatureMethod', this.#method)}\n`,
      reference(0, '', name, digest),
      reference(
        1,
        ` Type="${SIGNED_PROPERTIES_TYPE}"`,
        `#${SIGNED_PROPERTIES_ID}`,
        sha512(inScope(signed)),
      ),
      '</ds:SignedInfo>',
    ].join('');
    const unsigned = `${this.#certificateValues}${revocationValues(ocspResponses)}`;
    const withValue = (value: Buffer): string =>
      [
        '<?xml version="1.0" encoding="UTF-8" standalone="no"?>',
        `<asic:XAdESSignatures${NAMESPACES}><ds:Signature Id="signature">\n${info}\n`,
        `<ds:SignatureValue Id="signature-value">\n${value.toString('base64')}\n`,
        `</ds:SignatureValue>\n${this.#keyInfo}`,
        `<ds:Object><xades:QualifyingProperties Target="#signature">${signed}`,
        `<xades:UnsignedProperties><xades:UnsignedSignatureProperties>${unsigned}`,
        '</xades:UnsignedSignatureProperties></xades:UnsignedProperties>',
        '</xades:QualifyingProperties></ds:Object>\n</ds:Signature></asic:XAdESSignatures>',
      ].join('');
    return { toBeSigned: Buffer.from(inScope(info)), withValue };
  }

  #signedProperties(name: SignedDocument['name'], signingTimeMs: number): string {
    const time = new Date(signingTimeMs).toISOString();
    const mimeType =
      name === PartName.SigChainResult ? 'application/hash-chain-result' : 'text/xml';
    return [
      `<xades:SignedProperties Id="${SIGNED_PROPERTIES_ID}"><xades:SignedSignatureProperties>`,
      `<xades:SigningTime>${time}</xades:SigningTime>`,
      `${this.#signingCertificate}${SIGNATURE_POLICY}</xades:SignedSignatureProperties>`,
      '<xades:SignedDataObjectProperties>',
      '<xades:DataObjectFormat ObjectReference="#signature-reference-0">',
      `<xades:MimeType>${mimeType}</xades:MimeType></xades:DataObjectFormat>`,
      '</xades:SignedDataObjectProperties></xades:SignedProperties>',
    ].join('');
  }
}

const MORE = 'http://www.w3.org/2001/04/xmldsig-more#';
const SIGNED_PROPERTIES_ID = 'signed-properties';
/** In the order of canonical XML. */
const NAMESPACES = [
  ' xmlns:asic="http://uri.etsi.org/02918/v1.2.1#"',
  ' xmlns:ds="http://www.w3.org/2000/09/xmldsig#"',
  ' xmlns:xades="http://uri.etsi.org/01903/v1.3.2#"',
  ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"',
].join('');

/** An element of the document as canonical XML has it: with all that is in scope above it. */
function inScope(element: string): string {
  return element.replace(/^<[\w:]+/, (start) => `${start}${NAMESPACES}`);
}

const sha512 = (bytes: Uint8Array | string): Buffer => createHash('sha512').update(bytes).digest();

const algorithm = (name: string, uri: string): string =>
  `<ds:${name} Algorithm="${uri}"></ds:${name}>`;

const digestValue = (digest: Buffer): string =>
  `<ds:DigestValue>${digest.toString('base64')}</ds:DigestValue>`;

function reference(number: number, type: string, uri: string, digest: Buffer): string {
  return [
    `<ds:Reference Id="signature-reference-${number}"${type} URI="${uri}">\n`,
    `${algorithm('DigestMethod', SHA512_URI)}\n${digestValue(digest)}\n</ds:Reference>\n`,
  ].join('');
}

function signingCertificate(x509: X509Certificate): string {
  // The name from its end, as RFC 4514 writes it; Node has one field a line.
  const issuer = x509.issuer.split('\n').toReversed().join(',');
  const serial = BigInt(`0x${x509.serialNumber}`).toString();
  return [
    '<xades:SigningCertificate><xades:Cert><xades:CertDigest>',
    `${algorithm('DigestMethod', SHA512_URI)}${digestValue(sha512(x509.raw))}`,
    `</xades:CertDigest><xades:IssuerSerial>`,
    `<ds:X509IssuerName>${escapeText(issuer)}</ds:X509IssuerName>`,
    `<ds:X509SerialNumber>${serial}</ds:X509SerialNumber></xades:IssuerSerial>`,
    '</xades:Cert></xades:SigningCertificate>',
  ].join('');
}

/** The one policy of X-Road, with its fixed digest (facts 3.4). */
const SIGNATURE_POLICY = [
  '<xades:SignaturePolicyIdentifier><xades:SignaturePolicyId><xades:SigPolicyId>',
  '<xades:Identifier Qualifier="OIDAsURN">urn:oid:1.3.6.1.4.1.3516.16.2</xades:Identifier>',
  '<xades:Description>Profile for High Performance Digital Signatures (version 1.2)',
  '</xades:Description></xades:SigPolicyId><xades:SigPolicyHash>',
  algorithm('DigestMethod', SHA512_URI),
  '<ds:DigestValue>BuO0EDNfkxSVlUbxCzmQPzX1AUF1/xx9ytWHk3/6SAOePxQiniEfDYk+90QeYb3l',
  'WpV3Izhuz9fKaYyE+lTcXw==</ds:DigestValue></xades:SigPolicyHash>',
  '<xades:SigPolicyQualifiers><xades:SigPolicyQualifier>',
  '<xades:SPURI>https://repo.cyber.ee/dsig-profile-1.2.pdf</xades:SPURI>',
  '</xades:SigPolicyQualifier></xades:SigPolicyQualifiers>',
  '</xades:SignaturePolicyId></xades:SignaturePolicyIdentifier>',
].join('');

function certificateValues(intermediates: readonly Buffer[]): string {
  if (intermediates.length === 0) return '';
  const values = intermediates.map((der, index) =>
    encapsulated('X509Certificate', `certificate-${index + 1}`, der),
  );
  return `<xades:CertificateValues>${values.join('')}</xades:CertificateValues>`;
}

function revocationValues(responses: readonly Buffer[]): string {
  if (responses.length === 0) return '';
  const values = responses.map((der, index) =>
    encapsulated('OCSPValue', `ocsp-response-${index + 1}`, der),
  );
  return [
    `<xades:RevocationValues><xades:OCSPValues>${values.join('')}</xades:OCSPValues>`,
    '</xades:RevocationValues>',
  ].join('');
}

const encapsulated = (kind: string, id: string, der: Buffer): string =>
  `<xades:Encapsulated${kind} Id="${id}">${der.toString('base64')}</xades:Encapsulated${kind}>`;
