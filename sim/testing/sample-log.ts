/** Signed messages to be logged, time-stampers, and the trust by which others judge the result. */
import { createHash, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readAnchors } from '../live/evidence/anchors.ts';
import type { Anchors } from '../live/evidence/anchors.ts';
import { readCertificate } from '../live/evidence/certificate.ts';
import { PartName } from '../live/evidence/signature.ts';
import { SHARED_PARAMETERS_FILE } from '../live/globalconf/shared-parameters.ts';
import { writeSharedParameters } from '../live/globalconf/shared-parameters-writer.ts';
import type { LogRecord } from '../live/log/log-record.ts';
import type { StampingView } from '../live/log/time-stamper.ts';
import type { NetworkClock } from '../live/network-clock.ts';
import { answeredAuthoritiesOf } from '../live/pki/instance-pki.ts';
import type { InstancePki } from '../live/pki/instance-pki.ts';
import { makeOcspRequest } from '../live/pki/ocsp-request.ts';
import { answerOcsp } from '../live/pki/ocsp-responder.ts';
import { PROFILE_CLASSES } from '../live/pki/subject-profile.ts';
import { startTimeStampingAuthority } from '../live/pki/time-stamping-authority.ts';
import type { TrustService } from '../live/pki/trust-service.ts';
import { writeHashChains } from '../live/signing/hash-chain-writer.ts';
import { attachmentName, MESSAGE_NAME } from '../live/signing/message-signature.ts';
import type { MessageSignature, PartDigest } from '../live/signing/message-signature.ts';
import { XadesWriter } from '../live/signing/xades-writer.ts';
import { sampleState } from './sample-central.ts';
import { makeSmallPki } from './small-pki.ts';

export interface SampleLog {
  readonly pki: InstancePki;
  /** A folder that goes with `dispose`. */
  readonly folder: string;
  /** The shared parameters of its instance. */
  readonly parametersPath: string;
  readonly anchors: Anchors;
  /** A request of LAB/GOV/100/portal; `body` null: it has none, and is signed alone. */
  record(messageId: string, change?: SampleMessage): LogRecord;
  timeStamper(): Promise<TrustService>;
  view(change: Partial<StampingView>): StampingView;
  dispose(): void;
}

export interface SampleMessage {
  readonly body?: Buffer | null;
  readonly isResponse?: boolean;
}

const MEMBER = 'LAB/GOV/100';
const CLIENT = `${MEMBER}/portal`;

export function makeSampleLog(clock: NetworkClock): SampleLog {
  const folder = mkdtempSync(join(tmpdir(), 'fedlab-log-'));
  const pki = makeSmallPki({ timeStamperCount: 1 }, { clock });
  const signParts = makeSigner(pki, clock);
  const parametersPath = join(folder, SHARED_PARAMETERS_FILE);
  writeFileSync(parametersPath, parametersOf(pki));
  const [stamper] = pki.timeStampers;
  return {
    pki,
    folder,
    parametersPath,
    anchors: readAnchors([parametersPath]),
    record: (messageId, change = {}) => signedRecord(signParts, clock, messageId, change),
    timeStamper: () =>
      startTimeStampingAuthority(
        { address: '127.0.0.1', port: 0 },
        { signer: stamper, impostor: pki.impostors.timeStamper, clock },
      ),
    view: (change) => ({
      urls: [],
      known: [readCertificate(stamper.certificateDer)],
      intervalUs: 60e6,
      retryDelayUs: 60e6,
      recordsLimit: 10_000,
      acceptableFailureUs: 14_400e6,
      isImmediate: false,
      ...change,
    }),
    dispose: () => rmSync(folder, { recursive: true }),
  };
}

/** Not signed: for what never looks at the signature. */
export function plainRecord(messageId: string, change: Partial<LogRecord> = {}): LogRecord {
  return {
    timeMs: Date.parse('2026-03-02T10:00:00Z'),
    messageId,
    requestId: `request of ${messageId}`,
    isResponse: false,
    sender: CLIENT,
    owner: null,
    message: 'a message',
    body: null,
    attachments: null,
    signature: `signature of ${messageId}`,
    hashChainResult: null,
    hashChain: null,
    ...change,
  };
}

function signedRecord(
  signParts: Sign,
  clock: NetworkClock,
  messageId: string,
  { body = null, isResponse = false }: SampleMessage,
): LogRecord {
  const lines = isResponse
    ? ['200', 'OK', `x-road-service:${CLIENT}/people`, 'x-road-request-hash:AAAA']
    : ['POST', `/r1/${MEMBER}/portal/people`, `x-road-client:${CLIENT}`];
  const message = [...lines, `x-road-id:${messageId}`, ''].join('\r\n');
  const parts: PartDigest[] = [{ name: MESSAGE_NAME, digest: sha512(message) }];
  if (body !== null) parts.push({ name: attachmentName(1), digest: sha512(body) });
  const { xml, hashChain, hashChainResult } = signParts(parts);
  const signed = { signature: xml, hashChain, hashChainResult };
  return plainRecord(messageId, { timeMs: clock.nowMs(), isResponse, message, body, ...signed });
}

type Sign = (parts: readonly PartDigest[]) => MessageSignature;

/** Good answers about the member's certificate and about the authority that issued it. */
function makeSigner(pki: InstancePki, clock: NetworkClock): Sign {
  const signing = pki.signingOf(MEMBER, 'ss1', 'Öko');
  const [own, issuing, root] = [signing, pki.issuing.key, pki.root.key].map(({ certificateDer }) =>
    readCertificate(certificateDer),
  );
  const writer = new XadesWriter(signing.certificateDer, [issuing.raw]);
  const answered = answeredAuthoritiesOf(pki);
  const fresh = { ageMs: 0, nextUpdateMs: null };
  return (parts) => {
    const answers = [makeOcspRequest(own, issuing), makeOcspRequest(issuing, root)].map((request) =>
      answerOcsp(request, answered, fresh, clock.nowMs()),
    );
    const [alone] = parts;
    const isAlone = parts.length === 1;
    const { result, chains } = writeHashChains(PartName.SigChain, [parts]);
    const document = isAlone
      ? { name: MESSAGE_NAME, digest: alone.digest }
      : { name: PartName.SigChainResult, digest: sha512(result) };
    const { toBeSigned, withValue } = writer.compose(document, answers, clock.nowMs());
    const key = { key: signing.privateKey, dsaEncoding: 'ieee-p1363' } as const;
    const xml = withValue(sign('sha512', toBeSigned, key));
    return {
      xml,
      hashChainResult: isAlone ? null : result,
      hashChain: isAlone ? null : chains[0],
    };
  };
}

function parametersOf({ instance, profile, root, issuing, timeStampers }: InstancePki): Buffer {
  const [authority] = sampleState(instance).authorities;
  const infoOf = (certificate: Buffer) => ({ certificate, ocsp: [] });
  return writeSharedParameters({
    ...sampleState(instance),
    sources: [],
    authorities: [
      {
        ...authority,
        top: infoOf(root.key.certificateDer),
        intermediates: [infoOf(issuing.key.certificateDer)],
        certificateProfile: PROFILE_CLASSES[profile],
      },
    ],
    timeStampers: timeStampers.map(({ certificateDer }) => ({
      name: 'Lab TSA',
      url: 'http://127.0.0.1:8899',
      certificate: certificateDer,
      costType: 'FREE' as const,
    })),
  });
}

function sha512(content: Buffer | string): Buffer {
  return createHash('sha512').update(content).digest();
}
