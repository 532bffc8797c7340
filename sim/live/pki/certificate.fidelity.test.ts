// Our certificates beside those of X-Road's own development network (facts 11).
import { X509Certificate } from 'node:crypto';
import { expect } from 'vitest';
import { fidelityTest, readVector } from '../../testing/fidelity.ts';
import { makeSmallPki } from '../../testing/small-pki.ts';
import { readCertificate } from '../evidence/certificate.ts';
import { childrenOf, constructed, membersOf, oidOf, readDer, Tag } from '../evidence/der.ts';

const pki = makeSmallPki({
  hasIssuing: false,
  kinds: {
    authority: 'rsa-2048',
    service: 'rsa-2048',
    authentication: 'rsa-2048',
    signing: 'rsa-2048',
  },
});

const ROWS = [
  ['ca.cert.pem', pki.root.key.certificateDer],
  ['auth.pem', pki.issueAuthentication('LAB/COM/1234/SS0', 'Test member').certificateDer],
  ['sign1234.pem', pki.issueSigning('LAB/COM/1234', 'SS0', 'Test member').certificateDer],
  ['ocsp.cert.pem', pki.ocspSigner.certificateDer],
  ['tsa.cert.pem', pki.timeStampers[0].certificateDer],
] as const;

/** What we have and they have not: names of servers, and a word for OCSP clients. */
const OURS = ['2.5.29.17', '1.3.6.1.5.5.7.48.1.5'];

/** The signature's algorithm, then the extensions and whether each is critical. */
function extensionsOf(der: Buffer): string[] {
  const [signed, algorithm] = membersOf(readDer(der), Tag.Sequence);
  const wrapped = membersOf(signed, Tag.Sequence).find(({ tag }) => tag === constructed(3));
  const extensions = wrapped === undefined ? [] : childrenOf(childrenOf(wrapped)[0]);
  const names = extensions.map((extension) => {
    const parts = childrenOf(extension);
    return `${oidOf(parts[0])}${parts.length > 2 ? ' critical' : ''}`;
  });
  return [oidOf(childrenOf(algorithm)[0]), ...names.filter((name) => !OURS.includes(name)).sort()];
}

for (const [vector, ours] of ROWS) {
  fidelityTest(`${vector}: the same extensions, usages and signature`, () => {
    const theirs = new X509Certificate(readVector(`xroad/vectors/trust-dev/${vector}`)).raw;
    expect(extensionsOf(ours)).toEqual(extensionsOf(theirs));
    const [mine, other] = [ours, theirs].map(readCertificate);
    expect(mine.keyUsage).toEqual(other.keyUsage);
    expect(mine.extendedKeyUsages).toEqual(other.extendedKeyUsages);
    expect(mine.isAuthority).toBe(other.isAuthority);
  });
}
