/**
 * The form of a signature: XML-DSig with the XAdES properties that X-Road writes (facts 3.4).
 *
 *    XAdESSignatures                        may be missing: DSS writes Signature alone
 *      Signature
 *        SignedInfo                         what the value is over: references with digests
 *        SignatureValue                     what a time-stamp of one message is over
 *        KeyInfo                            the signing certificate
 *        Object / QualifyingProperties
 *          SignedProperties                 signing time, digest of the signing certificate
 *          UnsignedProperties               certificates between, OCSP responses, time-stamp
 *
 * Only the form: nothing here says that anything is true.
 */
import { decodeBase64 } from './base64.ts';
import { DEFAULT_C14N, isC14n } from './c14n.ts';
import { readCertificate } from './certificate.ts';
import type { Certificate } from './certificate.ts';
import { EvidenceError } from './evidence-error.ts';
import {
  attributeOf,
  childNamed,
  childrenNamed,
  descendantsOf,
  elementsOf,
  parseXml,
  textOf,
} from './xml.ts';
import type { XmlElement } from './xml.ts';

export interface CanonicalForm {
  readonly algorithm: string;
  readonly inclusivePrefixes: readonly string[];
}

export interface Reference {
  readonly uri: string;
  readonly type: string | null;
  readonly transforms: readonly CanonicalForm[];
  readonly digestMethod: string | null;
  readonly digest: Buffer;
}

export interface CertificateDigest {
  readonly method: string | null;
  readonly digest: Buffer;
}

export interface XadesSignature {
  readonly signedInfo: XmlElement;
  readonly canonicalForm: CanonicalForm;
  readonly signatureMethod: string | null;
  readonly references: readonly Reference[];
  readonly value: Buffer;
  readonly signedProperties: XmlElement;
  /** Every element with an Id, by it. */
  readonly byId: ReadonlyMap<string, XmlElement>;
  readonly signingTimeMs: number;
  readonly certificateDigests: readonly CertificateDigest[];
  /** Null: KeyInfo holds none. */
  readonly certificate: Certificate | null;
  readonly intermediates: readonly Certificate[];
  /** DER. */
  readonly ocspResponses: readonly Buffer[];
  /** DER; null: there is none in the signature. */
  readonly timeStamp: Buffer | null;
  /** The message says more about time than is checked here. */
  readonly hasTimeStampManifests: boolean;
}

export const SIGNED_PROPERTIES_TYPE = 'http://uri.etsi.org/01903#SignedProperties';

const DSIG = 'http://www.w3.org/2000/09/xmldsig#';
const XADES = 'http://uri.etsi.org/01903/v1.3.2#';
const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#';
const MALFORMED = 'malformed_signature';
const ID_NAMES = ['Id', 'ID', 'id'];
/** More than any chain of authorities has, fewer than keep a verifier busy. */
const CERTIFICATES_MAX = 20;
const REFERENCES_MAX = 1000;

/** Throws an EvidenceError: invalid_xml, or malformed_signature. */
export function readXades(xml: Buffer): XadesSignature {
  const { root } = parseXml(xml);
  const signature = signatureIn(root);
  const [signedInfo, valueElement, keyInfo, ...objects] = elementsOf(signature);
  expect(signedInfo, 'SignedInfo', signature);
  expect(valueElement, 'SignatureValue', signature);
  expect(keyInfo, 'KeyInfo', signature);
  checkElementsOnly(signature);
  const properties = qualifyingPropertiesIn(objects, signature);
  const signedProperties = only(properties, XADES, 'SignedProperties');
  const signed = only(signedProperties, XADES, 'SignedSignatureProperties');
  const unsigned = childNamed(properties, XADES, 'UnsignedProperties');
  const unsignedOfSignature =
    unsigned === null ? null : childNamed(unsigned, XADES, 'UnsignedSignatureProperties');
  return {
    ...readSignedInfo(signedInfo),
    value: decode(valueElement),
    signedProperties,
    byId: indexById(root),
    signingTimeMs: readSigningTime(signed),
    certificateDigests: readCertificateDigests(signed),
    certificate: readSigningCertificate(keyInfo),
    ...readUnsigned(unsignedOfSignature),
    hasTimeStampManifests: [...descendantsOf(signature)].some(
      (element) => element.local === 'Manifest' && element.namespace === DSIG,
    ),
  };
}

/** DER of each OCSP response; X-Road refuses a signature without any. */
export function ocspResponsesOf({
  ocspResponses,
}: Pick<XadesSignature, 'ocspResponses'>): readonly Buffer[] {
  if (ocspResponses.length === 0) refuse('there is no OCSP response in it');
  return ocspResponses;
}

function signatureIn(root: XmlElement): XmlElement {
  if (root.local === 'Signature' && root.namespace === DSIG) return root;
  // The namespace of ASiC carries its version, and X-Road has written two.
  const isContainer =
    root.local === 'XAdESSignatures' && root.namespace.startsWith('http://uri.etsi.org/');
  if (!isContainer) refuse('it is neither XAdESSignatures nor a Signature');
  checkElementsOnly(root);
  const [signature, ...more] = elementsOf(root);
  if (signature?.local !== 'Signature' || signature.namespace !== DSIG || more.length > 0) {
    refuse('it does not hold one Signature');
  }
  return signature;
}

function qualifyingPropertiesIn(objects: readonly XmlElement[], signature: XmlElement): XmlElement {
  for (const object of objects) expect(object, 'Object', signature);
  const found = objects.flatMap((object) => childrenNamed(object, XADES, 'QualifyingProperties'));
  if (found.length !== 1) refuse('it does not hold QualifyingProperties once');
  const target = attributeOf(found[0], 'Target');
  if (target !== `#${attributeOf(signature, 'Id')}`) refuse('its properties are of another one');
  return found[0];
}

function readSignedInfo(
  signedInfo: XmlElement,
): Pick<XadesSignature, 'signedInfo' | 'canonicalForm' | 'signatureMethod' | 'references'> {
  const [form, method, ...references] = elementsOf(signedInfo);
  expect(form, 'CanonicalizationMethod', signedInfo);
  expect(method, 'SignatureMethod', signedInfo);
  checkElementsOnly(signedInfo);
  if (references.length === 0 || references.length > REFERENCES_MAX) refuse('it signs nothing');
  return {
    signedInfo,
    canonicalForm: readForm(form),
    signatureMethod: attributeOf(method, 'Algorithm'),
    references: references.map((reference) => readReference(reference, signedInfo)),
  };
}

function readReference(reference: XmlElement, signedInfo: XmlElement): Reference {
  expect(reference, 'Reference', signedInfo);
  checkElementsOnly(reference);
  const children = elementsOf(reference);
  const hasTransforms = children[0]?.local === 'Transforms';
  const [method, value, ...more] = hasTransforms ? children.slice(1) : children;
  expect(method, 'DigestMethod', reference);
  expect(value, 'DigestValue', reference);
  if (more.length > 0) refuse(`${more[0].local} does not belong in a Reference`);
  return {
    uri: attributeOf(reference, 'URI') ?? refuse('a reference has no URI'),
    type: attributeOf(reference, 'Type'),
    transforms: hasTransforms ? elementsOf(children[0]).map(readForm) : [],
    digestMethod: attributeOf(method, 'Algorithm'),
    digest: decode(value),
  };
}

/** Of all transforms only canonicalisation is known here: others could hide what is signed. */
function readForm(element: XmlElement): CanonicalForm {
  const algorithm = attributeOf(element, 'Algorithm') ?? '';
  if (!isC14n(algorithm)) {
    const text = `${algorithm || element.local} is not a transform known here`;
    throw new EvidenceError('invalid_signature_value', text);
  }
  const inclusive = childNamed(element, EXCLUSIVE, 'InclusiveNamespaces');
  const list = inclusive === null ? '' : (attributeOf(inclusive, 'PrefixList') ?? '');
  const prefixes = list.split(/[ \t\r\n]+/).filter((prefix) => prefix !== '');
  const inclusivePrefixes = prefixes.map((prefix) => (prefix === '#default' ? '' : prefix));
  return { algorithm, inclusivePrefixes };
}

export const DEFAULT_FORM: CanonicalForm = { algorithm: DEFAULT_C14N, inclusivePrefixes: [] };

/** A second element of one Id could be shown in place of the one that is signed. */
function indexById(root: XmlElement): Map<string, XmlElement> {
  const byId = new Map<string, XmlElement>();
  for (const element of descendantsOf(root)) {
    for (const name of ID_NAMES) {
      const id = attributeOf(element, name);
      if (id === null) continue;
      if (byId.has(id)) refuse(`two elements are named ${id}`);
      byId.set(id, element);
    }
  }
  return byId;
}

function readSigningTime(signed: XmlElement): number {
  const text = textOf(only(signed, XADES, 'SigningTime')).trim();
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text);
  const timeMs = isTime ? Date.parse(text) : Number.NaN;
  return Number.isNaN(timeMs) ? refuse('its signing time is no time') : timeMs;
}

function readCertificateDigests(signed: XmlElement): CertificateDigest[] {
  const holder =
    childNamed(signed, XADES, 'SigningCertificate') ??
    childNamed(signed, XADES, 'SigningCertificateV2');
  if (holder === null) return [];
  return childrenNamed(holder, XADES, 'Cert').map((certificate) => {
    const digest = only(certificate, XADES, 'CertDigest');
    const method = only(digest, DSIG, 'DigestMethod');
    const value = only(digest, DSIG, 'DigestValue');
    return { method: attributeOf(method, 'Algorithm'), digest: decode(value) };
  });
}

/** The first, as X-Road takes it. */
function readSigningCertificate(keyInfo: XmlElement): Certificate | null {
  const data = childNamed(keyInfo, DSIG, 'X509Data');
  const element = data === null ? null : childNamed(data, DSIG, 'X509Certificate');
  return element === null ? null : readCertificateIn(element);
}

function readCertificateIn(element: XmlElement): Certificate {
  try {
    return readCertificate(decode(element));
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    return refuse(`a certificate in it cannot be read: ${error.message}`);
  }
}

function readUnsigned(
  properties: XmlElement | null,
): Pick<XadesSignature, 'intermediates' | 'ocspResponses' | 'timeStamp'> {
  if (properties === null) return { intermediates: [], ocspResponses: [], timeStamp: null };
  const within = (holder: string, ...path: readonly string[]): XmlElement[] =>
    path.reduce(
      (elements, local) => elements.flatMap((element) => childrenNamed(element, XADES, local)),
      childrenNamed(properties, XADES, holder),
    );
  const certificates = within('CertificateValues', 'EncapsulatedX509Certificate');
  const responses = within('RevocationValues', 'OCSPValues', 'EncapsulatedOCSPValue');
  const stamps = within('SignatureTimeStamp');
  if (certificates.length > CERTIFICATES_MAX || responses.length > CERTIFICATES_MAX) {
    refuse(`more than ${CERTIFICATES_MAX} certificates or OCSP responses`);
  }
  if (stamps.length > 1) refuse('it holds two time-stamps');
  return {
    intermediates: certificates.map(readCertificateIn),
    ocspResponses: responses.map(decode),
    // Before 7 X-Road wrote the token without an element of its own.
    timeStamp:
      stamps.length === 0
        ? null
        : decode(childNamed(stamps[0], XADES, 'EncapsulatedTimeStamp') ?? stamps[0]),
  };
}

function only(element: XmlElement, namespace: string, local: string): XmlElement {
  const found = childrenNamed(element, namespace, local);
  return found.length === 1 ? found[0] : refuse(`${element.local} does not hold one ${local}`);
}

function expect(element: XmlElement | undefined, local: string, parent: XmlElement): void {
  if (element?.local !== local || element.namespace !== DSIG) {
    refuse(`${element?.local ?? 'nothing'} where ${local} belongs in ${parent.local}`);
  }
}

function checkElementsOnly(element: XmlElement): void {
  if (textOf(element).trim() !== '') refuse(`text in ${element.local}`);
}

function decode(element: XmlElement): Buffer {
  return decodeBase64(textOf(element)) ?? refuse(`${element.local} is not base64`);
}

function refuse(reason: string): never {
  throw new EvidenceError(MALFORMED, `the signature is malformed: ${reason}`);
}
