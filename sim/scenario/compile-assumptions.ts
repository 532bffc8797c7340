/** What had to be assumed: the author's list, profiles, trust services, links, the calibration. */
import type { Calibration } from '../plan/calibration.ts';
import { KEY_TYPES } from '../plan/calibration.ts';
import type { AssumptionDocument, Confidence, Document, ProfileName } from '../plan/document.ts';
import { PARAMETERS } from '../plan/profile.ts';
import type { Links } from './compile-links.ts';
import type { Network } from './compile-network.ts';
import { formatParameter } from './compile-parameters.ts';
import { trustServicesOf } from './compile-trust.ts';
import { TRUST_STANDARDS } from './trust-standards.ts';
import type { TrustStandard } from './trust-standards.ts';

export function listAssumptions(
  document: Document,
  network: Network,
  links: Links,
  calibration: Calibration,
  hasTrust: boolean,
): AssumptionDocument[] {
  return [
    ...document.assumptions,
    ...ofJourneys(document),
    ...ofProfiles(document, network),
    ...(hasTrust ? ofTrustServices(network) : []),
    ...(hasTrust ? ofForeignConfigurations(network) : []),
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

/** What trust services are taken to be able to do; one line where instances agree. */
function ofTrustServices(network: Network): AssumptionDocument[] {
  const found = new Map<string, { instances: string[]; row: AssumptionDocument }>();
  for (const { instance, kind, document } of trustServicesOf(network)) {
    const standard = TRUST_STANDARDS.find((one) => one.kind === kind);
    if (standard === undefined) continue;
    const { id, document: country } = network.instances[instance];
    const { capacity, serviceTime } = document;
    // Whoever writes the very same number is told it, too: it is as good as before.
    const isUsual = serviceTime.kind === 'constant' && serviceTime.value === standard.serviceTimeUs;
    const rows = [
      ...(isUsual ? [serviceTimeRow(standard, country.profile)] : []),
      ...(capacity === standard.capacity ? [capacityRow(standard)] : []),
    ];
    for (const row of rows) {
      const key = `${row.what} ${row.confidence}`;
      const group = found.get(key) ?? { instances: [], row };
      if (!group.instances.includes(id)) group.instances.push(id);
      found.set(key, group);
    }
  }
  return [...found.values()].map(({ instances, row }) => {
    return { ...row, what: `${instances.join(', ')}: ${row.what}` };
  });
}

/** It closes a border long before the country stops that has lost its central server. */
function ofForeignConfigurations(network: Network): AssumptionDocument[] {
  const rows = [...network.instances.keys()];
  const federated = rows.filter((one) =>
    rows.some((other) => other !== one && network.areFederated(one, other)),
  );
  if (federated.length === 0) return [];
  const ids = federated.map((row) => network.instances[row].id);
  return [
    {
      what: `${ids.join(', ')}: foreign configurations after the own download has failed`,
      value: 'are not fetched either',
      confidence: 'derived',
      source: 'ConfigurationClient.execute, X-Road 7.8',
    },
  ];
}

/** What an operator of Estonia publishes is only derived for another country. */
function serviceTimeRow(standard: TrustStandard, profile: ProfileName): AssumptionDocument {
  const { title, serviceTimeUs, confidence, source } = standard;
  const isOwn = confidence !== 'published' || profile === 'ee-production';
  return {
    what: `time that one ${title} needs for an answer`,
    value: `${serviceTimeUs / 1000} ms`,
    confidence: isOwn ? confidence : 'derived',
    source: isOwn ? source : `${source}; taken over from Estonia`,
  };
}

function capacityRow({ title, capacity }: TrustStandard): AssumptionDocument {
  return {
    what: `requests that one ${title} works on at once`,
    value: String(capacity),
    confidence: 'estimated',
    source: 'no figure is published',
  };
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
