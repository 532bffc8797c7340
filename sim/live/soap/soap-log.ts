/** What of a SOAP message a security server logs (facts 7). */
import type { ServerView } from '../configuration.ts';
import type { LoggedContent } from '../client-message.ts';
import { decodeSoap } from './soap-message.ts';
import { replaceBody } from './soap-reply.ts';
import type { SoapMessageTransfer } from './soap-transfer.ts';

export function loggedSoap(
  { parameters }: Pick<ServerView, 'parameters'>,
  { soap, attachments }: SoapMessageTransfer,
): LoggedContent {
  if (parameters.bodyLogging !== true) {
    const message = replaceBody(soap.bytes, '').toString('utf8');
    return { message, body: null, attachments: null };
  }
  const contents = attachments.map(({ content }) => content);
  return { message: decodeSoap(soap.bytes), body: null, attachments: contents };
}

/** The limit of the log is one of each attachment (MessageBodyManipulator, LogManager). */
export const largestAttachment = ({ attachments }: SoapMessageTransfer): number =>
  Math.max(0, ...attachments.map(({ content }) => content.length));
