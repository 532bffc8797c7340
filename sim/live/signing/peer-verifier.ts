/**
 * Whether the certificate with which a peer shows up may be trusted now: a way to an authority of
 * its instance, and for each certificate on it a good and fresh answer among the OCSP responses
 * that came in its message (facts 2.3 step 6; without any the peer is not trusted).
 */
import { authoritiesOf } from '../evidence/anchors.ts';
import type { Anchors } from '../evidence/anchors.ts';
import { pathTo } from '../evidence/certificate.ts';
import type { Certificate } from '../evidence/certificate.ts';
import { Findings, verdictOf } from '../evidence/findings.ts';
import { judgeOcsp } from '../evidence/ocsp-judgement.ts';

export interface PeerContext {
  /** `INSTANCE/CLASS/CODE` of whoever the peer speaks for. */
  readonly member: string;
  readonly anchors: Anchors;
  readonly nowMs: number;
}

export function isPeerTrusted(
  certificate: Certificate,
  ocspResponses: readonly Buffer[],
  { member, anchors, nowMs }: PeerContext,
): boolean {
  const [xRoadInstance, memberClass, memberCode] = member.split('/');
  const authorities = authoritiesOf(anchors, xRoadInstance);
  const certificatesOf = (isTop: boolean): Certificate[] =>
    authorities.filter((one) => one.isTop === isTop).map((one) => one.certificate);
  const path = pathTo(certificate, certificatesOf(false), certificatesOf(true), nowMs);
  if (path === null) return false;
  const findings = new Findings('peer');
  const sender = {
    member: { kind: 'member', xRoadInstance, memberClass, memberCode },
    id: null,
    kind: 'request',
    protocol: 'REST',
  } as const;
  judgeOcsp({ certificate, ocspResponses }, path, { anchors, sender, atMs: nowMs }, findings);
  return verdictOf(findings.list) === 'passed';
}
