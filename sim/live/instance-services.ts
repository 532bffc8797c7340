/**
 * What stands in the middle of an instance, on addresses of its own: the nodes of its central
 * server, the OCSP responders of its certification authority, its time-stamping authorities. Names
 * and counts are the scenario's. However many authorities a scenario names, one key stands for all
 * of them, and all their responders answer for it, as in virtual time.
 */
import { createHash } from 'node:crypto';
import { assert } from '../base/assert.ts';
import type { InstanceDocument, TrustServiceDocument } from '../plan/document.ts';
import { valuesOf } from '../plan/profile.ts';
import type { ParameterValues } from '../plan/profile.ts';
import { allOf } from './all-of.ts';
import { CentralServer } from './globalconf/central-server.ts';
import type { ConfigurationAnchor } from './globalconf/anchor.ts';
import type { CentralState } from './globalconf/configuration-generator.ts';
import type {
  ApprovedAuthority,
  CostType,
  OcspService,
  SecurityServer as RegisteredServer,
} from './globalconf/shared-parameters.ts';
import { certifySigningKey, SigningKeys } from './globalconf/signing-keys.ts';
import type { Endpoint } from './loopback.ts';
import type { NetworkClock } from './network-clock.ts';
import { answeredAuthoritiesOf } from './pki/instance-pki.ts';
import type { InstancePki } from './pki/instance-pki.ts';
import type { KeyKind, KeyPair } from './pki/keys.ts';
import { startOcspResponder } from './pki/ocsp-responder.ts';
import type { OcspResponder } from './pki/ocsp-responder.ts';
import { PROFILE_CLASSES } from './pki/subject-profile.ts';
import { startTimeStampingAuthority } from './pki/time-stamping-authority.ts';
import type { TrustService } from './pki/trust-service.ts';

export interface InstanceSetUp {
  readonly id: string;
  readonly document: InstanceDocument;
  readonly pki: InstancePki;
  readonly clock: NetworkClock;
  /** A key for one purpose, by its name. */
  readonly keyOf: (name: string, kind: KeyKind) => KeyPair;
  /** A place to listen at for each of them. */
  readonly places: ServicePlaces;
}

export interface ServicePlaces {
  readonly central: readonly Endpoint[];
  readonly responders: readonly Endpoint[];
  readonly timeStampers: readonly Endpoint[];
}

/** A security server as its owner has registered it. */
export interface Registration {
  /** `INSTANCE/CLASS/CODE/SERVER` */
  readonly id: string;
  /** Host, and port where it is not 5500. */
  readonly address: string;
  readonly certificateDer: Buffer;
  /** `INSTANCE/CLASS/CODE/SUBSYSTEM` */
  readonly clients: readonly string[];
  readonly inMaintenance: boolean;
}

/** Keys of a node that sign configurations: as X-Road ships it (facts 11). */
export const CENTRAL_KEY: KeyKind = 'rsa-2048';

/** Of one node, by kind of configuration. */
export const centralKeyNames = (instance: string, node: string): readonly string[] => [
  `${instance} ${node} internal`,
  `${instance} ${node} external`,
];

const US_PER_SECOND = 1e6;
const US_PER_MS = 1000;

/** All responders of an instance, whichever of its authorities they are listed under. */
export const respondersOf = (document: InstanceDocument): readonly TrustServiceDocument[] =>
  document.certificationAuthorities.flatMap(({ ocspResponders }) => ocspResponders);

/** What holds in an instance, before what single servers override. */
export function parametersOfInstance({ profile, parameters }: InstanceDocument): ParameterValues {
  return { ...valuesOf(profile), ...parameters };
}

export class InstanceServices {
  readonly id: string;
  readonly pki: InstancePki;
  /** By the ids of the scenario, in its order. */
  readonly central: ReadonlyMap<string, CentralServer>;
  readonly responders: ReadonlyMap<string, OcspResponder>;
  readonly timeStampers: ReadonlyMap<string, TrustService>;

  private constructor(
    { id, pki }: InstanceSetUp,
    central: ReadonlyMap<string, CentralServer>,
    responders: ReadonlyMap<string, OcspResponder>,
    timeStampers: ReadonlyMap<string, TrustService>,
  ) {
    this.id = id;
    this.pki = pki;
    this.central = central;
    this.responders = responders;
    this.timeStampers = timeStampers;
  }

  /** All of them listen; what is published has to be told before anybody can be served. */
  static async start(
    setUp: InstanceSetUp,
    registrations: readonly Registration[],
  ): Promise<InstanceServices> {
    const responders = new Map<string, OcspResponder>();
    const timeStampers = new Map<string, TrustService>();
    const central = new Map<string, CentralServer>();
    const services = new InstanceServices(setUp, central, responders, timeStampers);
    try {
      await Promise.all([
        startResponders(setUp, responders),
        startTimeStampers(setUp, timeStampers),
      ]);
      const state = stateOf(setUp, responders, timeStampers, registrations);
      await startCentral(setUp, state, central);
    } catch (error) {
      await services.stop();
      throw error;
    }
    return services;
  }

  /** For a security server of this instance, or for the central server of a federated one. */
  anchor(kind: 'internal' | 'external'): ConfigurationAnchor {
    return this.#first().anchor(kind);
  }

  /** The administrator changes something; all nodes publish it with their next generation. */
  change(change: Partial<CentralState>): void {
    for (const node of this.central.values()) node.state = { ...node.state, ...change };
  }

  /** Publishes now instead of with the next generation. */
  publish(): void {
    for (const node of this.central.values()) {
      const { error } = node.generate();
      assert(error === null, `${this.id} could not publish its configuration: ${error}`);
    }
  }

  get state(): CentralState {
    return this.#first().state;
  }

  async stop(): Promise<void> {
    await Promise.all([
      ...[...this.central.values()].map((node) => node.stop()),
      ...[...this.responders.values()].map(({ service }) => service.close()),
      ...[...this.timeStampers.values()].map((service) => service.close()),
    ]);
  }

  #first(): CentralServer {
    const [first] = this.central.values();
    assert(first !== undefined, `${this.id} has no central server`);
    return first;
  }
}

async function startResponders(
  { document, pki, clock, places }: InstanceSetUp,
  into: Map<string, OcspResponder>,
): Promise<void> {
  const { ocspNextUpdate } = parametersOfInstance(document);
  const nextUpdateUs = Number(ocspNextUpdate);
  const options = {
    authorities: answeredAuthoritiesOf(pki),
    impostor: pki.impostors.ocsp,
    timeliness: { ageMs: 0, nextUpdateMs: nextUpdateUs === 0 ? null : nextUpdateUs / US_PER_MS },
    clock,
  };
  const started = respondersOf(document).map(async ({ id }, index) => {
    into.set(id, await startOcspResponder(places.responders[index], options));
  });
  await allOf(started);
}

async function startTimeStampers(
  { document, pki, clock, places }: InstanceSetUp,
  into: Map<string, TrustService>,
): Promise<void> {
  const started = document.timeStampingAuthorities.map(async ({ id }, index) => {
    const signer = pki.timeStampers[index];
    const options = { signer, impostor: pki.impostors.timeStamper, clock };
    into.set(id, await startTimeStampingAuthority(places.timeStampers[index], options));
  });
  await allOf(started);
}

async function startCentral(
  { document, clock, keyOf, places, id }: InstanceSetUp,
  state: CentralState,
  into: Map<string, CentralServer>,
): Promise<void> {
  const { globalConfGenerationInterval } = parametersOfInstance(document);
  const generationIntervalMs = Number(globalConfGenerationInterval) / US_PER_MS;
  const nodes = document.centralServers.map((one, index) => {
    const [internal, external] = centralKeyNames(id, one.id).map((name) =>
      certifySigningKey(name, keyOf(name, CENTRAL_KEY)),
    );
    const keys = new SigningKeys(internal, external);
    const at = places.central[index];
    const node = new CentralServer({ state, keys, at, clock, generationIntervalMs });
    into.set(one.id, node);
    return node;
  });
  for (const node of nodes) node.shareWith(nodes.filter((other) => other !== node));
  await allOf(nodes.map((node) => node.start()));
}

function stateOf(
  { id, document, pki }: InstanceSetUp,
  responders: ReadonlyMap<string, OcspResponder>,
  timeStampers: ReadonlyMap<string, TrustService>,
  registrations: readonly Registration[],
): CentralState {
  const parameters = parametersOfInstance(document);
  const secondsOf = (us: number | boolean | string): number =>
    Math.max(1, Math.round(Number(us) / US_PER_SECOND));
  const { members } = document;
  const classes = [...new Set(members.map((member) => member.id.split('/')[0]))];
  const classOf = (code: string) => ({ code, description: code });
  return {
    instance: id,
    authorities: [authorityOf(document, pki, responders)],
    timeStampers: document.timeStampingAuthorities.map((one, index) => ({
      name: one.id,
      url: timeStampers.get(one.id)?.url ?? '',
      certificate: pki.timeStampers[index].certificateDer,
      costType: costTypeOf(one),
    })),
    members: members.map((member) => {
      const [memberClass, code] = member.id.split('/');
      const subsystems = member.subsystems.map((name) => ({ code: name, name: null }));
      return { memberClass: classOf(memberClass), code, name: member.name, subsystems };
    }),
    servers: registrations.map(registeredServer),
    globalGroups: Object.entries(document.globalGroups).map(([code, group]) => ({
      code,
      description: code,
      members: group,
    })),
    memberClasses: classes.map(classOf),
    ocspFreshnessSeconds: secondsOf(parameters.ocspFreshness),
    anchors: [],
    managementService: {
      registrationAddress: 'https://127.0.0.1:4001/managementservice/',
      registrationCertificate: null,
      provider: `${id}/${members[0]?.id ?? 'GOV/0'}/management`,
    },
    timeStampingIntervalSeconds: secondsOf(parameters.timeStampingInterval),
    ocsp: {
      fetchIntervalSeconds: secondsOf(parameters.ocspFetchInterval),
      verifiesNextUpdate: parameters.verifyNextUpdate === true,
    },
    validitySeconds: secondsOf(parameters.globalConfValidity),
  };
}

function authorityOf(
  document: InstanceDocument,
  { root, issuing, profile, ocspSigner, rootOcspSigner }: InstancePki,
  responders: ReadonlyMap<string, OcspResponder>,
): ApprovedAuthority {
  const servicesOf = (certificate: Buffer): OcspService[] =>
    respondersOf(document).map((one) => ({
      url: responders.get(one.id)?.service.url ?? '',
      certificate,
      costType: costTypeOf(one),
    }));
  const below = {
    certificate: issuing.key.certificateDer,
    ocsp: servicesOf(ocspSigner.certificateDer),
  };
  const above = {
    certificate: root.key.certificateDer,
    ocsp: servicesOf(rootOcspSigner.certificateDer),
  };
  return {
    name: document.certificationAuthorities[0]?.id ?? 'ca',
    authenticationOnly: false,
    top: above,
    intermediates: issuing === root ? [] : [below],
    certificateProfile: PROFILE_CLASSES[profile],
  };
}

function registeredServer(one: Registration): RegisteredServer {
  const [instance, memberClass, memberCode, code] = one.id.split('/');
  return {
    owner: `${instance}/${memberClass}/${memberCode}`,
    code,
    address: one.address,
    certificateHashes: [createHash('sha256').update(one.certificateDer).digest()],
    clients: one.clients,
    maintenance: one.inMaintenance ? '' : null,
  };
}

const costTypeOf = ({ isPaid }: TrustServiceDocument): CostType => (isPaid ? 'PAID' : 'FREE');
