// Evidence that X-Road itself made or broke: containers, signatures, hash chains, archives, and the
// signed messages that two proxies of 7.8 sent each other. The verdicts are X-Road's.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { describeFidelity, fidelityTest, readVector, vectorPath } from '../../testing/fidelity.ts';
import { NO_ANCHORS, readAnchors } from './anchors.ts';
import type { Anchors } from './anchors.ts';
import { EvidenceError, UnreadableError } from './evidence-error.ts';
import { Findings, verdictOf } from './findings.ts';
import type { Finding } from './findings.ts';
import { verifyHashChain } from './hash-chain.ts';
import type { ChainDigest } from './hash-chain.ts';
import { senderOf } from './sender.ts';
import { checkReferences, verifySignature } from './signature.ts';
import { verifyEvidence } from './verify-evidence.ts';
import { readXades } from './xades.ts';
import { readZip } from './zip.ts';

const VECTORS = 'xroad/vectors';
const file = (name: string): string => vectorPath(`${VECTORS}/${name}`);
const bytes = (name: string): Buffer => readFileSync(file(name));

const failures = (findings: readonly Finding[]): string[] =>
  findings
    .filter(({ verdict }) => verdict === 'failed')
    .map(({ what, code }) => `${what}: ${code}`);

/** The first that X-Road would have stopped at. */
const codeOf = (findings: readonly Finding[]): string | null =>
  findings.find(({ verdict, code }) => verdict === 'failed' && code !== null)?.code ?? null;

describeFidelity('containers', () => {
  fidelityTest('each gets the verdict of X-Road, with its code', () => {
    const rows = readVector(`${VECTORS}/asic/verdicts.tsv`).trim().split('\n').slice(1);
    const judged: string[] = [];
    for (const row of rows) {
      const [name, globalConf, expected] = row.split('\t');
      const anchors = globalConf === '-' ? NO_ANCHORS : readAnchors([file(`asic/${globalConf}`)]);
      const path = file(`asic/${name}`);
      judged.push(name);
      if (name.endsWith('not-asic.asice')) {
        // X-Road's reader finds no entry in it; that it is no zip is said first here.
        expect(() => verifyEvidence(path, anchors)).toThrow(UnreadableError);
        continue;
      }
      const { verdict, findings } = verifyEvidence(path, anchors);
      if (expected === 'ok') {
        expect([name, verdict, failures(findings)]).toEqual([name, 'passed', []]);
      } else if (expected === 'parses') {
        const shape = findings.filter(({ what }) => /entries|signature form/.test(what));
        expect(shape.map((finding) => finding.verdict)).toEqual(['passed', 'passed']);
      } else expect([name, codeOf(findings)]).toEqual([name, expected]);
    }
    expect(judged).toHaveLength(13);
  });

  fidelityTest('the signature of 2014 holds, though its message is of another protocol', () => {
    const { findings } = verifyEvidence(
      file('asic/asic-core__valid-signed-message.asice'),
      NO_ANCHORS,
    );
    expect(failures(findings)).toEqual(['message: null']);
    const passed = findings.filter(({ verdict }) => verdict === 'passed').map(({ what }) => what);
    expect(passed).toEqual(expect.arrayContaining(['time-stamp', 'references', 'signature value']));
  });

  fidelityTest('with a byte changed a good container never passes with other content', () => {
    const anchors = readAnchors([file('asic/globalconf')]);
    const folder = mkdtempSync(join(tmpdir(), 'fedlab-vectors-'));
    const names = readdirSync(file('asic')).filter((name) => name.startsWith('valid-'));
    expect(names).toHaveLength(3);
    const contentOf = (zip: Buffer): string =>
      readZip(zip, { entriesMax: 99, entryBytesMax: 1e6, totalBytesMax: 1e7 })
        .map(({ name, read }) => `${name}:${read().toString('base64')}`)
        .join();
    let harmless = 0;
    let tried = 0;
    for (const name of names) {
      const good = bytes(`asic/${name}`);
      for (let at = tried % 29; at < good.length; at += 29) {
        const changed = Buffer.from(good);
        changed[at] ^= 1 << (at % 8);
        const path = join(folder, 'changed.asice');
        writeFileSync(path, changed);
        tried++;
        if (verdictIn(path, anchors) !== 'passed') continue;
        // Dates, rights and the like of a zip, which say nothing about the evidence.
        expect(contentOf(changed), `${name}, byte ${at}`).toBe(contentOf(good));
        harmless++;
      }
    }
    rmSync(folder, { recursive: true });
    expect(tried).toBeGreaterThan(800);
    expect(harmless).toBeLessThan(tried / 20);
  });
});

function verdictIn(path: string, anchors: Anchors): string {
  try {
    return verifyEvidence(path, anchors).verdict;
  } catch (error) {
    if (error instanceof UnreadableError) return 'unreadable';
    throw error;
  }
}

describeFidelity('archives', () => {
  fidelityTest('the linking info is right, or breaks where X-Road says', () => {
    const links = (name: string): string[] =>
      verifyEvidence(file(`messagelog-archives/${name}`), NO_ANCHORS)
        .findings.filter(({ what }) => /linking info|archive chain/.test(what))
        .map(({ what, verdict }) => `${what} ${verdict}`);
    const good = ['linking info passed', 'archive chain passed'];
    expect(links('mlog-WITH_LINKINGINFO.zip')).toEqual(good);
    expect(links('message-archive-0.zip')).toEqual(good);
    expect(links('mlog-WITH_INVALID_LINKINGINFO.zip')[0]).toBe('linking info failed');
  });

  fidelityTest('without trust nothing fails but the link; the containers stay unknown', () => {
    const { verdict, containers, archives, findings } = verifyEvidence(
      file('messagelog-archives'),
      NO_ANCHORS,
    );
    expect([verdict, containers, archives]).toEqual(['failed', 3, 3]);
    expect(failures(findings)).toEqual(['linking info: null']);
    const single = verifyEvidence(file('messagelog-archives/message-archive-0.zip'), NO_ANCHORS);
    expect(verdictOf(single.findings)).toBe('unknown');
  });
});

describeFidelity('hash chains', () => {
  const SHA256 = 'http://www.w3.org/2001/04/xmlenc#sha256';
  const chainFile = (name: string): Buffer => bytes(`hashchain/hc-verifier${name}`);

  function verdict(
    number: number,
    files: Readonly<Record<string, string>>,
    inputs: ReadonlyMap<string, ChainDigest | null>,
  ): string {
    const resolve = (uri: string): Buffer | null =>
      files[uri] === undefined ? null : chainFile(files[uri]);
    try {
      verifyHashChain(chainFile(`${number}-hashchainresult.xml`), { inputs, resolve });
      return 'ok';
    } catch (error) {
      if (error instanceof EvidenceError) return String(error.code);
      throw error;
    }
  }

  const message = new Map([['/message.xml', null]]);
  const given = (values: Readonly<Record<string, number>>): Map<string, ChainDigest> =>
    new Map(
      Object.entries(values).map(([uri, byte]) => [
        uri,
        { method: SHA256, digest: Buffer.from([byte]) },
      ]),
    );

  fidelityTest('1: simple, with an input too many, with a wrong one', () => {
    const files = {
      '/hashchain.xml': '1-hashchain.xml',
      '/message.xml': '1-message.xml',
      '/attachment1': '1-message.xml',
    };
    expect(verdict(1, files, message)).toBe('ok');
    const more = new Map([...message, ['/attachment1', null] as const]);
    expect(verdict(1, files, more)).toBe('hashchain_unused_inputs');
    expect(verdict(1, files, given({ '/message.xml': 1 }))).toBe('invalid_hash_chain');
  });

  fidelityTest('2: attachments by their digests', () => {
    const files = { '/hashchain.xml': '2-hashchain.xml' };
    const parts = {
      '/message.xml': 0x0b,
      '/attachment1': 0x0c,
      '/attachment2': 0x0d,
      '/attachment3': 0x0e,
    };
    expect(verdict(2, files, given(parts))).toBe('ok');
    expect(verdict(2, files, given({ ...parts, '/attachment3': 0x0f }))).toBe('invalid_hash_chain');
  });

  fidelityTest('3: a transform', () => {
    const files = { '/hashchain.xml': '3-hashchain.xml', '/message.xml': '3-message.xml' };
    expect(verdict(3, files, message)).toBe('ok');
    const invalid = { ...files, '/hashchain.xml': '3-hashchain-invalid.xml' };
    expect(verdict(3, invalid, message)).toBe('invalid_hash_chain_ref');
  });

  fidelityTest('4: a chain in two files', () => {
    const files = {
      '/hashchain.xml': '4-hashchain1.xml',
      '/hashchain2.xml': '4-hashchain2.xml',
      '/message.xml': '4-message.xml',
    };
    expect(verdict(4, files, message)).toBe('ok');
  });

  fidelityTest('5: not of the schema', () => {
    const result = chainFile('1-hashchainresult.xml');
    const resolve = (): Buffer => chainFile('5-hashchain-invalid-schema.xml');
    expect(() => verifyHashChain(result, { inputs: message, resolve })).toThrow(
      expect.objectContaining({ code: 'malformed_hash_chain' }),
    );
  });
});

interface SignedParts {
  readonly signature: Buffer;
  readonly parts: Readonly<Record<string, Buffer>>;
  readonly anchors: Anchors;
}

/** As on the wire: a signature and parts, without a container. */
function verifyParts({ signature, parts, anchors }: SignedParts): readonly Finding[] {
  const findings = new Findings('parts');
  const read = findings.attempt(
    'signature form',
    '',
    () => {
      const found = readXades(signature);
      checkReferences(found);
      return found;
    },
    null,
  );
  if (read === null) return findings.list;
  const isPart = (name: string): boolean => /^\/(message\.xml|attachment\d+)$/.test(name);
  verifySignature(
    read,
    {
      resolve: (uri) => parts[uri] ?? null,
      parts: new Map(
        Object.keys(parts)
          .filter(isPart)
          .map((name) => [name, null]),
      ),
      anchors,
      sender: findings.attempt('message', '', () => senderOf(parts['/message.xml']), null),
      atMs: read.signingTimeMs,
    },
    findings,
  );
  return findings.list;
}

describeFidelity('signatures', () => {
  const judge = (name: string, parts: Readonly<Record<string, Buffer>>): readonly Finding[] =>
    verifyParts({ signature: bytes(`signatures/${name}`), parts, anchors: NO_ANCHORS });
  const message0 = (): Record<string, Buffer> => ({
    '/message.xml': bytes('signatures/message-0.xml'),
  });

  fidelityTest('what holds, holds, as far as it can be known without the authority', () => {
    const single = judge('sign-0.xml', message0());
    expect(failures(single)).toEqual([]);
    const batch = judge('batch-sig.xml', {
      '/message.xml': bytes('signatures/message-1.xml'),
      '/sig-hashchain.xml': bytes('signatures/hash-chain-1.xml'),
      '/sig-hashchainresult.xml': bytes('signatures/hash-chain-result.xml'),
    });
    expect(failures(batch)).toEqual([]);
    for (const findings of [single, batch]) {
      const passed = findings.filter(({ verdict }) => verdict === 'passed').map(({ what }) => what);
      expect(passed).toEqual(expect.arrayContaining(['references', 'signature value']));
    }
  });

  for (const [name, code] of [
    ['sign-0-malformed-xml', 'invalid_xml'],
    ['sign-0-no-signature', 'malformed_signature'],
    ['sign-0-schema-fail', 'malformed_signature'],
    ['sign-0-no-signing-cert', 'malformed_signature'],
    ['sign-0-ocsp-no-responses', 'malformed_signature'],
    ['sign-0-invalid-signature-value', 'invalid_signature_value'],
  ]) {
    fidelityTest(`${name}: ${code}`, () => {
      expect(codeOf(judge(`${name}.xml`, message0()))).toBe(code);
    });
  }

  fidelityTest('another message, another step of the chain', () => {
    const other = judge('sign-0.xml', { '/message.xml': bytes('signatures/message-1.xml') });
    expect(codeOf(other)).toBe('invalid_signature_value');
    const chain = judge('batch-sig.xml', {
      '/message.xml': bytes('signatures/message-0.xml'),
      '/sig-hashchain.xml': bytes('signatures/hash-chain-1.xml'),
      '/sig-hashchainresult.xml': bytes('signatures/hash-chain-result.xml'),
    });
    expect(codeOf(chain)).toBe('malformed_signature.invalid_hash_chain_ref');
  });
});

/** The parts of a recorded message in order, as type and bytes. Latin-1 keeps every byte. */
function partsOnWire(name: string): (readonly [string, Buffer])[] {
  const recorded = bytes(`wire-7.8/${name}`).toString('latin1');
  const headEnd = recorded.indexOf('\r\n\r\n');
  const isChunked = /^transfer-encoding: *chunked/im.test(recorded.slice(0, headEnd));
  const body = recorded.slice(headEnd + 4);
  const boundary = /boundary="?(xtop\w+)/i.exec(recorded)?.[1] ?? '';
  return (isChunked ? joinChunks(body) : body)
    .split(`--${boundary}`)
    .slice(1, -1)
    .map((section) => {
      const end = section.indexOf('\r\n\r\n');
      const type = /content-type: *([^\r;]+)/i.exec(section.slice(0, end))?.[1] ?? '';
      return [type, Buffer.from(section.slice(end + 4, -2), 'latin1')] as const;
    });
}

function joinChunks(body: string): string {
  let joined = '';
  let at = 0;
  for (;;) {
    const lineEnd = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.slice(at, lineEnd), 16);
    if (!(size > 0)) return joined;
    joined += body.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 2 + size + 2;
  }
}

const WIRE_NAMES: Readonly<Record<string, string>> = {
  'application/x-road-rest-request': '/message.xml',
  'application/x-road-rest-response': '/message.xml',
  'text/xml': '/message.xml',
  'application/x-road-rest-body': '/attachment1',
  'application/hash-chain-result': '/sig-hashchainresult.xml',
  'application/hash-chain': '/sig-hashchain.xml',
  'signature/bdoc-1.0/ts': 'signature',
};

describeFidelity('messages between two proxies of 7.8', () => {
  for (const name of ['1.request', '1.response', '3.request', '3.response']) {
    fidelityTest(`${name}: its signature passes whole, and not with one byte changed`, () => {
      const anchors = readAnchors(
        ['ca.cert.pem', 'ocsp.cert.pem'].map((pem) => join(file('trust-dev'), pem)),
      );
      const named = partsOnWire(`${name}.http`)
        .filter(([type]) => WIRE_NAMES[type] !== undefined)
        .map(([type, content]) => [WIRE_NAMES[type], content] as const);
      const { signature, ...parts } = Object.fromEntries(named);
      const findings = verifyParts({ signature, parts, anchors });
      expect(failures(findings)).toEqual([]);
      expect(verdictOf(findings)).toBe('passed');
      for (const part of Object.keys(parts)) {
        const changed = Buffer.from(parts[part]);
        changed[changed.length >> 1] ^= 1;
        const broken = verifyParts({ signature, parts: { ...parts, [part]: changed }, anchors });
        expect([part, verdictOf(broken)]).toEqual([part, 'failed']);
      }
    });
  }
});
