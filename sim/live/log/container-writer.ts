/**
 * The ASiC-E container of one logged message (facts 7; asic-core/AsicHelper, AsicContainer): what
 * X-Road writes, in its order. evidence/container.ts verifies it, and says how the parts hang
 * together.
 */
import { createHash } from 'node:crypto';
import { PartName } from '../evidence/signature.ts';
import { SHA512_URI } from '../signing/message-signature.ts';
import type { StoredMessage } from './log-record.ts';
import { zipOf } from './zip-writer.ts';

export const CONTAINER_TYPE = 'application/vnd.etsi.asic-e+zip';

const TIME_STAMP = 'META-INF/timestamp.tst';
const QUERY_ID_LENGTH_MAX = 226;
const RECORD_RADIX = 32;

/** AsicContainerNameGenerator. */
export function containerNameOf({
  messageId,
  isResponse,
  id,
}: Pick<StoredMessage, 'messageId' | 'isResponse' | 'id'>): string {
  const start = escapeForFile(messageId).slice(0, QUERY_ID_LENGTH_MAX);
  return `${start}-${isResponse ? 'response' : 'request'}-${id.toString(RECORD_RADIX)}.asice`;
}

/** As Java's URLEncoder: the encoding of a form's field. */
export function escapeForFile(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}

export function makeContainer(message: StoredMessage): Buffer {
  return zipOf(filesOf(message), {
    timeMs: message.timeMs,
    packing: 'deflated',
    comment: `mimetype=${CONTAINER_TYPE}`,
  });
}

function filesOf(stored: StoredMessage): [string, Buffer][] {
  const { message, attachments, signature, hashChain, hashChainResult, stamp } = stored;
  const files: [string, Buffer][] = [];
  const add = (name: string, content: string | Buffer | null): void => {
    if (content !== null) files.push([name.replace(/^\//, ''), Buffer.from(content)]);
  };
  const stampResult = stamp?.hashChainResult ?? null;
  const named = attachments.map((content, index) => [`attachment${index + 1}`, content] as const);
  add('mimetype', CONTAINER_TYPE);
  add(PartName.Message, message);
  add(PartName.Signature, signature);
  add(PartName.SigChainResult, hashChainResult);
  add(PartName.SigChain, hashChain);
  add(PartName.TsChainResult, stampResult);
  add(PartName.TsChain, stamp?.hashChain ?? null);
  add('META-INF/manifest.xml', manifestOf([...files.slice(1), ...named]));
  if (stamp !== null && stampResult !== null) {
    add('META-INF/ASiCManifest.xml', stampManifestOf(stampResult));
    add(TIME_STAMP, stamp.token);
  }
  for (const [name, content] of named) add(name, content);
  return files;
}

/** An OpenDocument manifest; what lies in META-INF is not listed. */
function manifestOf(files: readonly (readonly [string, Buffer])[]): string {
  const entry = (name: string, type: string): string =>
    `    <manifest:file-entry manifest:media-type="${type}" manifest:full-path="${name}"/>\n`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>\n',
    '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"',
    ' manifest:version="1.2">\n',
    entry('/', CONTAINER_TYPE),
    ...files
      .filter(([name]) => !name.startsWith('META-INF/'))
      .map(([name]) =>
        entry(name, name.endsWith('.xml') ? 'text/xml' : 'application/octet-stream'),
      ),
    '</manifest:manifest>\n',
  ].join('');
}

/** What the token is of; only a batch has one of its own. */
function stampManifestOf(result: string): string {
  const digest = createHash('sha512').update(result, 'utf8').digest('base64');
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    '<asic:ASiCManifest xmlns:asic="http://uri.etsi.org/2918/v1.2.1#"' +
      ' xmlns:ds="http://www.w3.org/2000/09/xmldsig#">',
    `<asic:SigReference URI="${TIME_STAMP}" MimeType="vnd.etsi.timestamp-token"/>`,
    `<asic:DataObjectReference URI="${PartName.TsChainResult.slice(1)}" MimeType="text/xml">`,
    `<ds:DigestMethod Algorithm="${SHA512_URI}"/>`,
    `<ds:DigestValue>${digest}</ds:DigestValue>`,
    '</asic:DataObjectReference>',
    '</asic:ASiCManifest>',
    '',
  ].join('\n');
}
