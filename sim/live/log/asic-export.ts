/**
 * What an information system may download about its messages (PX's
 * AsicContainerClientRequestProcessor): `GET /asic`, the signed containers of a query, and
 * `GET /verificationconf`, the global configuration against which they can be verified.
 *
 * Who asks is for the client proxy to find out, between reading the request and answering it.
 */
import type { ConfigurationFolder } from '../globalconf/configuration-folder.ts';
import { METADATA_SUFFIX } from '../globalconf/configuration-folder.ts';
import { SHARED_PARAMETERS_FILE } from '../globalconf/shared-parameters.ts';
import type { MessageLog } from '../message-log.ts';
import {
  CONTAINER_TYPE,
  containerNameOf,
  escapeForFile,
  makeContainer,
} from './container-writer.ts';
import type { MessageQuery, StoredMessage } from './log-record.ts';
import type { TimeStamper } from './time-stamper.ts';
import { zipOf } from './zip-writer.ts';

export interface AsicRequest extends MessageQuery {
  /** `INSTANCE/CLASS/CODE[/SUBSYSTEM]`: who must be authenticated. */
  readonly client: string;
  /** One container as it is, in place of a zip of them. */
  readonly isUnique: boolean;
  /** What has no time-stamp gets one now. */
  readonly isForced: boolean;
}

export interface Download {
  readonly contentType: string;
  readonly disposition: string;
  readonly body: Buffer;
}

/** The answer is this status and, as plain text, the message. */
export class DownloadError extends Error {
  override name = 'DownloadError';
  readonly status: 400 | 404 | 500;
  /** X-Road's own name of it. */
  readonly code: 'bad_request' | 'not_found' | 'internal_error';

  constructor(status: DownloadError['status'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
    this.code = CODES[status];
  }
}

const CODES = { 400: 'bad_request', 404: 'not_found', 500: 'internal_error' } as const;

const ZIP_TYPE = 'application/zip';
const CONFIGURATION = 'verificationconf';

/** `query`: what follows the question mark. Throws a DownloadError. */
export function readAsicRequest(query: string): AsicRequest {
  const parameters = new URLSearchParams(query);
  const need = (name: string): string => {
    const value = parameters.get(name) ?? '';
    if (value === '') throw new DownloadError(400, `The parameter "${name}" is missing.`);
    return value;
  };
  const instance = need('xRoadInstance');
  const memberClass = need('memberClass');
  const memberCode = need('memberCode');
  const subsystemCode = parameters.get('subsystemCode') || null;
  const messageId = need('queryId');
  const [isRequestOnly, isResponseOnly, isUnique] = ['requestOnly', 'responseOnly', 'unique'].map(
    (name) => parameters.has(name),
  );
  if (isRequestOnly && isResponseOnly) {
    throw new DownloadError(400, '"requestOnly" and "responseOnly" exclude each other.');
  }
  return {
    client: [instance, memberClass, memberCode, subsystemCode].filter(Boolean).join('/'),
    messageId,
    memberClass,
    memberCode,
    subsystemCode,
    isResponse: isRequestOnly || isResponseOnly ? isResponseOnly : null,
    isUnique,
    isForced: parameters.has('force'),
  };
}

/** Rejects with a DownloadError. */
export async function exportContainers(
  request: AsicRequest,
  log: MessageLog,
  stamper: TimeStamper,
): Promise<Download> {
  const ids = log.store.find(request);
  if (ids.length === 0) throw new DownloadError(404, 'No signed documents with this id.');
  for (const id of ids) await demandStamp(id, request, log, stamper);
  // In this order, as X-Road looks at it: only then.
  if (request.isUnique && request.isResponse === null) {
    throw new DownloadError(400, '"unique" needs "requestOnly" or "responseOnly".');
  }
  const messages = ids.flatMap((id) => log.store.get(id) ?? []);
  return request.isUnique ? oneContainer(messages[0]) : allContainers(request, messages);
}

/** The shared parameters of every instance, as the configuration client has them on disk. */
export async function exportVerificationConf(folder: ConfigurationFolder): Promise<Download> {
  const { ownInstance, configurations } = await folder.load();
  const files: [string, Buffer][] = [];
  for (const instance of configurations.keys()) {
    for (const name of [SHARED_PARAMETERS_FILE, SHARED_PARAMETERS_FILE + METADATA_SUFFIX]) {
      const content = await folder.readPart(instance, name);
      if (content !== null) files.push([`${CONFIGURATION}/${instance}/${name}`, content]);
    }
  }
  files.push([`${CONFIGURATION}/instance-identifier`, Buffer.from(ownInstance ?? '')]);
  return {
    contentType: ZIP_TYPE,
    disposition: `filename="${CONFIGURATION}.zip"`,
    body: zipOf(files, { timeMs: Date.now(), packing: 'deflated', comment: '' }),
  };
}

async function demandStamp(
  id: number,
  { isForced }: AsicRequest,
  log: MessageLog,
  stamper: TimeStamper,
): Promise<void> {
  if (log.store.waitingRecord(id) === null) return;
  if (!isForced) throw new DownloadError(500, 'The signature has no time-stamp yet.');
  try {
    await stamper.stampNow(id);
  } catch (error) {
    throw new DownloadError(500, 'The missing time-stamp cannot be had now.', { cause: error });
  }
}

function oneContainer(message: StoredMessage | undefined): Download {
  if (message === undefined) throw new DownloadError(404, 'No signed documents with this id.');
  return {
    contentType: CONTAINER_TYPE,
    disposition: attachment(containerNameOf(message)),
    body: makeContainer(message),
  };
}

function allContainers(
  { messageId, isResponse }: AsicRequest,
  messages: readonly StoredMessage[],
): Download {
  const side = isResponse === null ? '' : isResponse ? '-response' : '-request';
  const files = messages.map(
    (message) => [containerNameOf(message), makeContainer(message)] as const,
  );
  return {
    contentType: ZIP_TYPE,
    disposition: attachment(`${escapeForFile(messageId)}${side}.zip`),
    body: zipOf(files, { timeMs: messages[0]?.timeMs ?? 0, packing: 'stored', comment: '' }),
  };
}

const attachment = (name: string): string => `attachment; filename="${name}"`;
