/** Calibrations from their files, checked: a run stands on them. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ReportError } from '../../reports/report-error.ts';
import { listOf, objectOf, oneOf, readNumber, readText } from '../../reports/shape.ts';
import type { Reader } from '../../reports/shape.ts';
import { didYouMean } from '../base/nearest.ts';
import type { Calibration, CostDocument } from '../plan/calibration.ts';
import type { DistributionDocument } from '../plan/document.ts';
import type { CostName } from '../protocol/effect.ts';
import { calibrationNames, CALIBRATION_END, CALIBRATIONS, shortPath } from './repository.ts';
import { fileProblem, UserError } from './user-error.ts';

export interface FoundCalibration {
  readonly calibration: Calibration;
  /** Of the file's bytes. */
  readonly sha256: string;
}

/** What is asked for with `--calibration`: a file if it looks like one, else a committed name. */
export function readCalibration(nameOrFile: string): FoundCalibration {
  const isFile = /[/\\]|\.json$/.test(nameOrFile);
  return isFile ? readCalibrationFile(nameOrFile) : readNamedCalibration(nameOrFile);
}

function readNamedCalibration(name: string): FoundCalibration {
  const path = join(CALIBRATIONS, `${name}${CALIBRATION_END}`);
  if (!existsSync(path)) {
    const known = calibrationNames();
    const hint = didYouMean(name, known) ?? `there are ${known.join(', ')}`;
    throw new UserError(`there is no calibration called "${name}": ${hint}`);
  }
  return readCalibrationFile(path);
}

function readCalibrationFile(path: string): FoundCalibration {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new UserError(`cannot read the calibration ${path}: ${fileProblem(error)}`);
  }
  const file = shortPath(path);
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new UserError(`${file}: not JSON`);
  }
  try {
    const calibration = readShape(value, { file, path: '' });
    return { calibration, sha256: createHash('sha256').update(bytes).digest('hex') };
  } catch (error) {
    if (error instanceof ReportError) throw new UserError(error.message);
    throw error;
  }
}

const readDistribution: Reader<DistributionDocument> = (value, place) => {
  const { kind } = objectOf<Pick<DistributionDocument, 'kind'>>({
    kind: oneOf('constant', 'uniform', 'exponential', 'lognormal', 'pareto', 'empirical'),
  })(value, place);
  const parameters: Readonly<Record<DistributionDocument['kind'], Reader<DistributionDocument>>> = {
    constant: objectOf({ kind: oneOf('constant'), value: readNumber }),
    uniform: objectOf({ kind: oneOf('uniform'), from: readNumber, to: readNumber }),
    exponential: objectOf({ kind: oneOf('exponential'), mean: readNumber }),
    lognormal: objectOf({ kind: oneOf('lognormal'), median: readNumber, sigma: readNumber }),
    pareto: objectOf({ kind: oneOf('pareto'), minimum: readNumber, alpha: readNumber }),
    empirical: objectOf({ kind: oneOf('empirical'), values: listOf(readNumber) }),
  };
  return parameters[kind](value, place);
};

const readCost = objectOf<CostDocument>({
  cpu: readDistribution,
  delay: readDistribution,
  cpuUsPerKib: readNumber,
  samples: readNumber,
  confidence: oneOf('published', 'derived', 'estimated'),
});

const readCosts = objectOf<Record<CostName, CostDocument>>({
  parse: readCost,
  handshakeClient: readCost,
  handshakeServer: readCost,
  stream: readCost,
  sign: readCost,
  signItem: readCost,
  logCommit: readCost,
  verify: readCost,
  admit: readCost,
  forward: readCost,
  respond: readCost,
});

const readShape = objectOf<Calibration>({
  name: readText,
  title: readText,
  method: listOf(readText),
  machine: readText,
  date: readText,
  keyTypes: objectOf<Calibration['keyTypes']>({
    'rsa-2048': readCosts,
    'rsa-3072': readCosts,
    'ec-p256': readCosts,
  }),
});
