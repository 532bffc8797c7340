/**
 * What a trust service is taken to be able to do where a scenario says nothing, with where each
 * figure is from: the language fills it in, and the list of assumptions tells it.
 */
import type { AssumptionDocument } from '../plan/document.ts';
import { TrustKind } from '../plan/plan.ts';

export interface TrustStandard {
  /** A TrustKind. */
  readonly kind: number;
  /** As the list of assumptions calls it. */
  readonly title: string;
  /** Requests at once; no operator publishes it. */
  readonly capacity: number;
  /** Time for an answer, as a scenario would write it. */
  readonly serviceTime: string;
  readonly serviceTimeUs: number;
  readonly confidence: AssumptionDocument['confidence'];
  readonly source: string;
}

export const CENTRAL_SERVER: TrustStandard = {
  kind: TrustKind.CentralServer,
  title: 'central server',
  capacity: 64,
  serviceTime: '5ms',
  serviceTimeUs: 5000,
  confidence: 'estimated',
  source: 'no figure is published; it hands out a small file that does not change',
};

/** Source: realdata.md 4, where both figures of SK are. */
export const OCSP_RESPONDER: TrustStandard = {
  kind: TrustKind.OcspResponder,
  title: 'OCSP responder',
  capacity: 16,
  serviceTime: '6.8ms',
  serviceTimeUs: 6800,
  confidence: 'published',
  source: 'SK ID Solutions of its OCSP service, 7 November 2018',
};

export const TIME_STAMPER: TrustStandard = {
  kind: TrustKind.TimeStampingAuthority,
  title: 'time-stamping authority',
  capacity: 16,
  serviceTime: '39.7ms',
  serviceTimeUs: 39_700,
  confidence: 'published',
  source: 'SK ID Solutions of its time-stamping service, 16 November 2021',
};

export const TRUST_STANDARDS = [CENTRAL_SERVER, OCSP_RESPONDER, TIME_STAMPER];
