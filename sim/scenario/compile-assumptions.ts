/** What had to be assumed: the author's list, profiles, links and the calibration. */
import type { Calibration } from '../plan/calibration.ts';
import { KEY_TYPES } from '../plan/calibration.ts';
import type { AssumptionDocument, Confidence, Document } from '../plan/document.ts';
import { PARAMETERS } from '../plan/profile.ts';
import type { Links } from './compile-links.ts';
import type { Network } from './compile-network.ts';
import { formatParameter } from './compile-parameters.ts';

export function listAssumptions(
  document: Document,
  network: Network,
  links: Links,
  calibration: Calibration,
): AssumptionDocument[] {
  return [
    ...document.assumptions,
    ...ofJourneys(document),
    ...ofProfiles(document, network),
    ...links.assumptions(),
    ofCalibration(calibration),
  ];
}

/** Figures of the library's journeys; one line where several journeys were made of one. */
function ofJourneys({ journeys }: Document): AssumptionDocument[] {
  const found = new Map<string, AssumptionDocument>();
  for (const row of journeys.flatMap(({ assumptions }) => assumptions)) {
    found.set(`${row.what} ${row.value}`, row);
  }
  return [...found.values()];
}

/** Parameters of the profiles in use that are not published; one line where instances agree. */
function ofProfiles(document: Document, network: Network): AssumptionDocument[] {
  const found: AssumptionDocument[] = [];
  for (const parameter of PARAMETERS) {
    const groups = new Map<string, { instances: string[]; row: AssumptionDocument }>();
    for (const { id } of network.instances) {
      const instance = document.instances[id];
      const { value, confidence, source } = parameter.values[instance.profile];
      // What an author sets is the author's, and stands in the scenario.
      const isOverridden = parameter.name in instance.parameters;
      if (confidence === 'published' || isOverridden) continue;
      const shown = formatParameter(parameter, value);
      const key = `${shown} ${confidence} ${source}`;
      const what = `${parameter.name}: ${parameter.prose}`;
      const group = groups.get(key) ?? {
        instances: [],
        row: { what, value: shown, confidence, source },
      };
      group.instances.push(id);
      groups.set(key, group);
    }
    for (const { instances, row } of groups.values()) {
      found.push({ ...row, what: `${instances.join(', ')}: ${row.what}` });
    }
  }
  return found;
}

const WEAKEST_FIRST: readonly Confidence[] = ['estimated', 'derived', 'published'];

function ofCalibration(calibration: Calibration): AssumptionDocument {
  const confidences = KEY_TYPES.flatMap((keyType) =>
    Object.values(calibration.keyTypes[keyType]).map((cost) => cost.confidence),
  );
  const weakest = WEAKEST_FIRST.find((confidence) => confidences.includes(confidence));
  return {
    what: `service times of security servers: calibration ${calibration.name}`,
    value: calibration.title,
    confidence: weakest ?? 'estimated',
    source: calibration.method.join('; '),
  };
}
