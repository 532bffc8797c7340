// Containers and archives of X-Road itself: what our writers make of the same content.
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { describeFidelity, fidelityTest, vectorPath } from '../../testing/fidelity.ts';
import { readZip } from '../evidence/zip.ts';
import { LinkingInfo } from './archive.ts';
import { containerNameOf, makeContainer } from './container-writer.ts';
import type { StoredMessage } from './log-record.ts';

const LIMITS = { entriesMax: 100, entryBytesMax: 1e7, totalBytesMax: 1e7 };

type Files = ReadonlyMap<string, Buffer>;

const unzip = (bytes: Buffer): Files =>
  new Map(readZip(bytes, LIMITS).map(({ name, read }) => [name, read()]));
const vector = (name: string): Files => unzip(readFileSync(vectorPath(`xroad/vectors/${name}`)));

/** As the log would hold it. */
function storedFrom(files: Files): StoredMessage {
  const text = (name: string): string | null => files.get(name)?.toString('utf8') ?? null;
  const attachments = [...files].filter(([name]) => name.startsWith('attachment'));
  return {
    id: 1,
    timeMs: 0,
    messageId: '3a2a743f-56da-4085-b643-79e335341eb3',
    isResponse: false,
    memberClass: 'COM',
    memberCode: '1234',
    subsystemCode: null,
    message: text('message.xml') ?? '',
    attachments: attachments.map(([, content]) => content),
    signature: text('META-INF/signatures.xml') ?? '',
    hashChainResult: text('sig-hashchainresult.xml'),
    hashChain: text('sig-hashchain.xml'),
    stamp: {
      token: files.get('META-INF/timestamp.tst') ?? Buffer.alloc(0),
      hashChainResult: text('ts-hashchainresult.xml'),
      hashChain: text('ts-hashchain.xml'),
    },
  };
}

/** Of the manifests only what they say counts, not white space and order. */
const wordsOf = (xml: Buffer | undefined): string[] =>
  (xml?.toString('utf8') ?? '')
    .split(/[\s<>/]+/)
    .filter((word) => word !== '')
    .sort();

describeFidelity('containers', () => {
  fidelityTest('the same files in the same order, with the same content', () => {
    for (const theirs of [
      vector('asic/valid-batch-ts.asice'),
      vector('asic/asic-core__valid-signed-message-with-attachments.asice'),
      unzip(vector('messagelog-archives/message-archive-0.zip').values().next().value as Buffer),
    ]) {
      const ours = unzip(makeContainer(storedFrom(theirs)));
      expect([...ours.keys()]).toEqual([...theirs.keys()]);
      for (const [name, content] of theirs) {
        if (/manifest/i.test(name)) expect(wordsOf(ours.get(name))).toEqual(wordsOf(content));
        else expect([name, ours.get(name)?.equals(content)]).toEqual([name, true]);
      }
    }
  });
});

describeFidelity('archives', () => {
  fidelityTest('the chain of a real archive is the one that we make', () => {
    const files = vector('messagelog-archives/message-archive-0.zip');
    const [[name, container]] = files;
    const links = new LinkingInfo(null);
    links.add(name, container);
    expect(links.text.trim()).toBe(files.get('linkinginfo')?.toString('latin1').trim());
    expect(links.text).toContain(links.lastDigest);
    expect(containerNameOf(storedFrom(unzip(container)))).toBe(name);
  });
});
