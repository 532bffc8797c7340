/**
 * The faults that a SOAP client sees (facts 2.2, 3.5): always HTTP 200 and `text/xml`, so that the
 * status says nothing. A fault that a server made itself is written here; one that has come, from
 * the peer or from the provider's information system, is passed on byte for byte.
 *
 * Source, read at 7.8: HandlerBase.sendErrorResponse, SoapFault.createFaultXml,
 * CodedException.Fault.
 */
import type { Header } from '../../protocol/message.ts';
import { ENVELOPE_NAMESPACE } from './soap-message.ts';
import { escapeValue } from './xml-tokens.ts';

export interface FaultText {
  readonly code: string;
  readonly text: string;
  /** The number under which both servers' logs know it. */
  readonly detail: string;
}

/** An answer to an information system. */
export interface SoapAnswer {
  readonly status: number;
  readonly headers: readonly Header[];
  readonly body: Buffer;
}

export function writeSoapFault({ code, text, detail }: FaultText): Buffer {
  return Buffer.from(
    '<?xml version="1.0" encoding="UTF-8"?>' +
      `<SOAP-ENV:Envelope xmlns:SOAP-ENV="${ENVELOPE_NAMESPACE}"><SOAP-ENV:Body>` +
      `<SOAP-ENV:Fault><faultcode>${escapeValue(code)}</faultcode>` +
      `<faultstring>${escapeValue(text)}</faultstring>` +
      `<detail><faultDetail xmlns="">${escapeValue(detail)}</faultDetail></detail>` +
      '</SOAP-ENV:Fault></SOAP-ENV:Body></SOAP-ENV:Envelope>',
  );
}

export function answerWithFault(fault: Buffer): SoapAnswer {
  return {
    status: 200,
    headers: [
      { name: 'Content-Type', value: 'text/xml;charset=utf-8' },
      { name: 'SOAPAction', value: '' },
    ],
    body: fault,
  };
}
