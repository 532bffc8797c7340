/**
 * A calibration: what each effect costs on a known machine, as measured or fitted, with how it was
 * found. Committed under scenarios/calibrations as `<name>.calibration.json`, named by a scenario,
 * and known in a result by name and hash. Service times come from nowhere else.
 */
import type { CostName } from '../protocol/effect.ts';
import type { DistributionDocument } from './document.ts';

export const KEY_TYPES = ['rsa-2048', 'rsa-3072', 'ec-p256'] as const;
export type KeyType = (typeof KEY_TYPES)[number];

export interface Calibration {
  readonly name: string;
  /** What it describes, in one sentence. */
  readonly title: string;
  /** How it was found: measured or fitted, from what, with which error. */
  readonly method: readonly string[];
  readonly machine: string;
  /** ISO date. */
  readonly date: string;
  readonly keyTypes: Readonly<Record<KeyType, Readonly<Record<CostName, CostDocument>>>>;
}

export interface CostDocument {
  /** Microseconds of one core at speed 1. */
  readonly cpu: DistributionDocument;
  /** Microseconds that occupy no core. */
  readonly delay: DistributionDocument;
  /** Microseconds of one core for each KiB of body. */
  readonly cpuUsPerKib: number;
  /** Samples behind it; 0: fitted or derived. */
  readonly samples: number;
  readonly confidence: 'published' | 'derived' | 'estimated';
}
