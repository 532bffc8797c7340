/**
 * Hash chains (facts 3.4; CM/hashchain/HashChainVerifier): a result that is signed or stamped, and
 * the steps that lead from the parts of a message to it.
 *
 *    HashChainResult   URI of the last step, digest of it
 *    HashStep          a list of   HashValue  a digest of something that is not here
 *                                  StepRef    the digest of another step
 *                                  DataRef    the digest of a part
 *
 *    value of a step = DER( SEQUENCE OF SEQUENCE { OCTET STRING digest,
 *                                                  UTF8String URI of its method, SEQUENCE {} } )
 */
import { digestOf, digestOfUri, isSame } from './algorithms.ts';
import { decodeBase64 } from './base64.ts';
import { canonicalise, isC14n } from './c14n.ts';
import { encodeDer, encodeSequence, Tag } from './der.ts';
import { EvidenceError } from './evidence-error.ts';
import { attributeOf, elementsOf, parseXml, textOf } from './xml.ts';
import type { XmlElement } from './xml.ts';

/** A part by its name, such as `/message.xml`; null: it is not here. */
export type Resolve = (uri: string) => Buffer | null;

export interface ChainInputs {
  /** Parts that the chain must lead to; a digest replaces that of the part itself. */
  readonly inputs: ReadonlyMap<string, ChainDigest | null>;
  readonly resolve: Resolve;
}

export interface ChainDigest {
  /** URI of the method. */
  readonly method: string;
  readonly digest: Buffer;
}

export interface ChainOutcome {
  /** Parts whose bytes were compared with the chain. */
  readonly checked: readonly string[];
  /** Parts that the chain names and that are not here: only their digest is known. */
  readonly missing: readonly string[];
}

const HASH_CHAIN = 'http://cyber.ee/hashchain';
const DSIG = 'http://www.w3.org/2000/09/xmldsig#';
const MALFORMED = 'malformed_hash_chain';
/** A chain of a batch of a billion messages has 30. */
const STEPS_MAX = 1000;
const DEPTH_MAX = 100;

/** Throws an EvidenceError with X-Road's own code. */
export function verifyHashChain(result: Buffer, { inputs, resolve }: ChainInputs): ChainOutcome {
  const walk = new Walk(inputs, resolve);
  const root = readRoot(result, 'HashChainResult');
  const [method, value] = readFields(root, ['DigestMethod', 'DigestValue']);
  if (value === null) refuse('the result has no digest');
  const methodUri = method === null ? null : attributeOf(method, 'Algorithm');
  const step = walk.valueOfStep(attributeOf(root, 'URI') ?? '', null, 0);
  if (!isSame(digestOf(digestOfUri(methodUri, MALFORMED), step), readDigest(value))) {
    throw new EvidenceError('invalid_hash_chain', 'the result does not follow from the hash chain');
  }
  const unused = [...inputs.keys()].filter((uri) => !walk.used.has(uri));
  if (unused.length > 0) {
    const text = `the hash chain does not lead to ${unused.join(', ')}`;
    throw new EvidenceError('hashchain_unused_inputs', text);
  }
  return { checked: [...walk.checked], missing: [...walk.missing] };
}

interface Chain {
  readonly steps: ReadonlyMap<string, XmlElement>;
  readonly defaultMethod: string | null;
  readonly values: Map<string, Buffer>;
}

class Walk {
  readonly used = new Set<string>();
  readonly checked = new Set<string>();
  readonly missing = new Set<string>();
  readonly #inputs: ReadonlyMap<string, ChainDigest | null>;
  readonly #resolve: Resolve;
  readonly #chains = new Map<string, Chain>();
  #stepCount = 0;

  constructor(inputs: ReadonlyMap<string, ChainDigest | null>, resolve: Resolve) {
    this.#inputs = inputs;
    this.#resolve = resolve;
  }

  valueOfStep(uri: string, current: Chain | null, depth: number): Buffer {
    const [file, fragment, ...more] = uri.split('#');
    const chain = file === '' ? current : this.#chainOf(file);
    const step = chain?.steps.get(fragment ?? '');
    if (chain === null || !fragment || more.length > 0 || step === undefined) {
      return refuse(`there is no step ${uri}`);
    }
    // Two steps may lead to one; its value is worked out once.
    const known = chain.values.get(fragment);
    if (known !== undefined) return known;
    this.#stepCount++;
    if (depth > DEPTH_MAX || this.#stepCount > STEPS_MAX) refuse('its steps go on for ever');
    const digests = elementsOf(step).map((element) => this.#digestOf(element, chain, depth));
    const value = encodeStep(digests);
    chain.values.set(fragment, value);
    return value;
  }

  #chainOf(uri: string): Chain {
    const known = this.#chains.get(uri);
    if (known !== undefined) return known;
    const bytes = this.#resolve(uri);
    if (bytes === null) throw new EvidenceError('invalid_reference', `there is no ${uri}`);
    const chain = readChain(bytes);
    this.#chains.set(uri, chain);
    return chain;
  }

  #digestOf(element: XmlElement, chain: Chain, depth: number): ChainDigest {
    const isReference = element.local === 'StepRef';
    const names = ['DigestMethod', ...(isReference ? [] : ['Transforms', 'DigestValue'])];
    const [methodElement, transforms, value] = readFields(element, names);
    const method =
      (methodElement === null ? null : attributeOf(methodElement, 'Algorithm')) ??
      chain.defaultMethod ??
      refuse('a digest has no method');
    const name = digestOfUri(method, MALFORMED);
    if (isReference) {
      const uri = attributeOf(element, 'URI') ?? '';
      return { method, digest: digestOf(name, this.valueOfStep(uri, chain, depth + 1)) };
    }
    if (value === null || value === undefined) return refuse('a step has no digest');
    const digest = readDigest(value);
    if (element.local === 'HashValue') return { method, digest };
    const uri = attributeOf(element, 'URI') ?? refuse('a reference has no URI');
    return this.#digestOfPart(uri, transforms, { method, digest }, name);
  }

  #digestOfPart(
    uri: string,
    transforms: XmlElement | null,
    said: ChainDigest,
    name: string,
  ): ChainDigest {
    const input = this.#inputs.get(uri);
    if (input !== undefined) this.used.add(uri);
    if (input && input.method === said.method) return input;
    const bytes = this.#resolve(uri);
    if (bytes === null) {
      if (input !== undefined) throw new EvidenceError('invalid_reference', `there is no ${uri}`);
      this.missing.add(uri);
      return said;
    }
    const content = transforms === null ? bytes : transform(bytes, transforms);
    if (!isSame(digestOf(name, content), said.digest)) {
      const text = `${uri} is not what the hash chain was made of`;
      throw new EvidenceError('invalid_hash_chain_ref', text);
    }
    this.checked.add(uri);
    return said;
  }
}

function encodeStep(digests: readonly ChainDigest[]): Buffer {
  const none = encodeSequence([]);
  return encodeSequence(
    digests.map(({ method, digest }) => {
      const uri = encodeDer(Tag.Utf8String, Buffer.from(method, 'utf8'));
      return encodeSequence([encodeDer(Tag.OctetString, digest), uri, none]);
    }),
  );
}

function transform(bytes: Buffer, transforms: XmlElement): Buffer {
  let content = bytes;
  for (const element of elementsOf(transforms)) {
    const algorithm = attributeOf(element, 'Algorithm') ?? '';
    if (element.local !== 'Transform' || elementsOf(element).length > 0 || !isC14n(algorithm)) {
      throw new EvidenceError(MALFORMED, `the transform ${algorithm} is not one known here`);
    }
    content = canonicalise(parseXml(content), algorithm);
  }
  return content;
}

/** hashchain.xsd of X-Road: what is not in it makes a chain malformed. */
function readChain(bytes: Buffer): Chain {
  const root = readRoot(bytes, 'HashChain');
  const [first, ...rest] = elementsOf(root);
  const hasDefault = first?.local === 'DefaultDigestMethod';
  const steps = new Map<string, XmlElement>();
  for (const step of hasDefault ? rest : elementsOf(root)) {
    const id = attributeOf(step, 'id') ?? '';
    if (step.local !== 'HashStep' || step.namespace !== HASH_CHAIN) refuse('a step of no kind');
    if (id !== '' && steps.has(id)) refuse(`there are two steps ${id}`);
    checkText(step);
    for (const value of elementsOf(step)) {
      const isKnown = ['HashValue', 'StepRef', 'DataRef'].includes(value.local);
      if (!isKnown || value.namespace !== HASH_CHAIN) refuse('a value of no kind');
    }
    steps.set(id, step);
  }
  const defaultMethod = hasDefault ? attributeOf(first, 'Algorithm') : null;
  return { steps, defaultMethod, values: new Map() };
}

function readRoot(bytes: Buffer, local: string): XmlElement {
  let root: XmlElement;
  try {
    root = parseXml(bytes).root;
  } catch (error) {
    // X-Road sees a file that does not parse as it sees one that breaks the schema.
    if (error instanceof EvidenceError) refuse(error.message);
    throw error;
  }
  if (root.local !== local || root.namespace !== HASH_CHAIN) refuse(`it is no ${local}`);
  checkText(root);
  return root;
}

/** The children by name, in this order and no others; null: one that is not there. */
function readFields(element: XmlElement, names: readonly string[]): (XmlElement | null)[] {
  checkText(element);
  const children = elementsOf(element);
  let at = 0;
  const fields = names.map((name) => {
    const child = children[at];
    if (child?.local !== name || child.namespace !== DSIG) return null;
    at++;
    return child;
  });
  if (at < children.length) refuse(`${children[at].local} does not belong in ${element.local}`);
  return fields;
}

function checkText(element: XmlElement): void {
  if (textOf(element).trim() !== '') refuse(`text in ${element.local}`);
}

function readDigest(element: XmlElement): Buffer {
  return decodeBase64(textOf(element)) ?? refuse('a digest is not base64');
}

function refuse(reason: string): never {
  throw new EvidenceError(MALFORMED, `the hash chain is malformed: ${reason}`);
}
