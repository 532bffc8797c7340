/**
 * Hash chains: how one signature, or one time-stamp, stands for several messages (facts 3.4;
 * CM/hashchain/HashChainBuilder). The digests of a batch are the leaves of a binary tree:
 *
 *    leaf    the digest of a message's only part, or of the step over all its parts
 *    node    the digest of the step over left and right
 *    step    SEQUENCE OF SEQUENCE { OCTET STRING digest, UTF8String method, SEQUENCE {} }
 *
 * The file of a message holds its path alone, from the root down: STEP0 is the root, each step has
 * the neighbour's digest and a reference to the step below, the last the message's own parts. The
 * result, which is what is signed or stamped, holds the root and is the same for the whole batch.
 */
import { createHash } from 'node:crypto';
import { assert } from '../../base/assert.ts';
import { octets, sequence, utf8 } from '../der-writer.ts';
import { SHA512_URI } from './message-signature.ts';
import type { PartDigest } from './message-signature.ts';

export interface HashChains {
  readonly result: string;
  /** One for each message, in order. */
  readonly chains: readonly string[];
}

/** `file`: how the result calls the file of the chain, such as `/sig-hashchain.xml`. */
export function writeHashChains(
  file: string,
  messages: readonly (readonly PartDigest[])[],
): HashChains {
  assert(messages.length > 0, 'a batch of nothing has no root');
  // Alone, a message has a step of its own even for its only part.
  const { root, paths } =
    messages.length === 1
      ? { root: digestOfStep(messages[0].map(({ digest }) => digest)), paths: [[]] }
      : treeOver(messages.map(leafOf));
  return {
    result: print('HashChainResult', ` URI="${file}#STEP0"`, [
      `    <DigestMethod Algorithm="${SHA512_URI}"/>`,
      `    ${digestValue(root)}`,
    ]),
    chains: messages.map((parts, index) => chainOf(parts, paths[index])),
  };
}

/** The neighbour on the way up from a leaf. */
interface Neighbour {
  readonly side: 'left' | 'right';
  readonly digest: Buffer;
}

function leafOf(parts: readonly PartDigest[]): Buffer {
  assert(parts.length > 0, 'a message has at least one part');
  return parts.length === 1 ? parts[0].digest : digestOfStep(parts.map(({ digest }) => digest));
}

/** From each leaf up. A node without a neighbour moves up as it is. */
function treeOver(leaves: readonly Buffer[]): {
  readonly root: Buffer;
  readonly paths: readonly (readonly Neighbour[])[];
} {
  const paths = leaves.map((): Neighbour[] => []);
  let level = leaves.map((digest, index) => ({ digest, members: [index] }));
  while (level.length > 1) {
    const above: typeof level = [];
    for (let at = 0; at < level.length; at += 2) {
      const [left, right] = [level[at], level[at + 1]];
      if (right === undefined) {
        above.push(left);
        continue;
      }
      for (const member of left.members) {
        paths[member].push({ side: 'right', digest: right.digest });
      }
      for (const member of right.members) {
        paths[member].push({ side: 'left', digest: left.digest });
      }
      above.push({
        digest: digestOfStep([left.digest, right.digest]),
        members: [...left.members, ...right.members],
      });
    }
    level = above;
  }
  return { root: level[0].digest, paths };
}

/** From the root down: the steps of the path, then that of the message's parts. */
function chainOf(parts: readonly PartDigest[], path: readonly Neighbour[]): string {
  const steps = path.toReversed();
  const references = parts.map(
    ({ name, digest }) =>
      `        <ns2:DataRef URI="${name}">\n` +
      `            ${digestValue(digest)}\n        </ns2:DataRef>`,
  );
  // A part that is alone is itself the leaf, in the step of its neighbour.
  const isInPath = parts.length === 1 && steps.length > 0;
  const lines = [`    <ns2:DefaultDigestMethod Algorithm="${SHA512_URI}"/>`];
  for (const [index, { side, digest }] of steps.entries()) {
    const isLeaf = isInPath && index === steps.length - 1;
    const below = isLeaf ? references[0] : `        <ns2:StepRef URI="#STEP${index + 1}"/>`;
    const value = `            ${digestValue(digest)}`;
    const beside = `        <ns2:HashValue>\n${value}\n        </ns2:HashValue>`;
    lines.push(...step(index, side === 'left' ? [beside, below] : [below, beside]));
  }
  if (!isInPath) lines.push(...step(steps.length, references));
  return print('HashChain', '', lines);
}

const step = (number: number, values: readonly string[]): string[] => [
  `    <ns2:HashStep id="STEP${number}">`,
  ...values,
  '    </ns2:HashStep>',
];

/** As X-Road's own writer lays it out (vector wire-7.8). */
function print(root: string, attributes: string, lines: readonly string[]): string {
  return [
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>',
    `<ns2:${root}${attributes} ${NAMESPACES}>`,
    ...lines,
    `</ns2:${root}>`,
    '',
  ].join('\n');
}

const NAMESPACES =
  'xmlns="http://www.w3.org/2000/09/xmldsig#" xmlns:ns2="http://cyber.ee/hashchain"';

const digestValue = (digest: Buffer): string =>
  `<DigestValue>${digest.toString('base64')}</DigestValue>`;

const METHOD = utf8(SHA512_URI);
const NO_TRANSFORMS = sequence();

function digestOfStep(digests: readonly Buffer[]): Buffer {
  const der = sequence(...digests.map((one) => sequence(octets(one), METHOD, NO_TRANSFORMS)));
  return createHash('sha512').update(der).digest();
}
