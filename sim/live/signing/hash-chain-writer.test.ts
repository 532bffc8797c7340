// Judged by the verifier, which works from the files alone.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { PartName } from '../evidence/signature.ts';
import { verifyHashChain } from '../evidence/hash-chain.ts';
import { writeHashChains } from './hash-chain-writer.ts';
import { attachmentName } from './message-signature.ts';

/** Of every third message there is an attachment, too. */
const contentsOf = (index: number): Map<string, Buffer> =>
  new Map([
    [PartName.Message as string, Buffer.from(`message ${index}`)],
    ...(index % 3 === 0 ? [[attachmentName(1), Buffer.from(`body ${index}`)] as const] : []),
  ]);

function verify(result: string, chain: string, contents: ReadonlyMap<string, Buffer>): string[] {
  const files = new Map([...contents, [PartName.SigChain, Buffer.from(chain)]]);
  const outcome = verifyHashChain(Buffer.from(result), {
    inputs: new Map([...contents.keys()].map((name) => [name, null])),
    resolve: (name) => files.get(name) ?? null,
  });
  return [...outcome.checked];
}

function chainsOf(size: number): { readonly result: string; readonly chains: readonly string[] } {
  return writeHashChains(
    PartName.SigChain,
    Array.from({ length: size }, (_, index) =>
      [...contentsOf(index)].map(([name, content]) => ({
        name,
        digest: createHash('sha512').update(content).digest(),
      })),
    ),
  );
}

test('in a batch of any size each message leads to the one result', () => {
  for (let size = 1; size <= 20; size++) {
    const { result, chains } = chainsOf(size);
    expect(chains).toHaveLength(size);
    for (const [index, chain] of chains.entries()) {
      const contents = contentsOf(index);
      expect(verify(result, chain, contents)).toEqual([...contents.keys()]);
      expect(() => verify(result, chain, contentsOf(index + 3))).toThrow('is not what');
    }
  }
});

test('a chain holds the way to its own message alone', () => {
  const { chains } = chainsOf(16);
  for (const [index, chain] of chains.entries()) {
    expect(chain.match(/<ns2:HashValue>/g)).toHaveLength(4);
    // Two parts have a step of their own.
    expect(chain.match(/<ns2:HashStep /g)).toHaveLength(index % 3 === 0 ? 5 : 4);
  }
});

test('the chain of one message leads to no other result', () => {
  const { chains } = chainsOf(4);
  expect(() => verify(chainsOf(5).result, chains[1], contentsOf(1))).toThrow('does not follow');
});
