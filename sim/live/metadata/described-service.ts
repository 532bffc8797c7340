/**
 * What the metadata services tell of a provider's services, and of who may call them, as plain
 * data of one server's view. Rights are judged by protocol/access.ts alone (facts 8).
 *
 * Source, read at 7.8: ServerConfImpl (getServicesByDescriptionType, getRestServices,
 * getServiceEndpoints and their allowed kind), BaseEndpoint.
 */
import type { ServiceDocument } from '../../plan/document.ts';
import { mayAccess } from '../../protocol/access.ts';
import type { AccessRight } from '../../protocol/access.ts';
import type { KnownInstance, ServerView } from '../configuration.ts';

/** What is needed of a server's view. */
export interface OfferView extends Pick<ServerView, 'services'> {
  readonly instances: ReadonlyMap<string, Pick<KnownInstance, 'globalGroups'>>;
}

export interface ServiceEndpoint {
  readonly method: string;
  readonly path: string;
}

export interface DescribedService {
  /** `INSTANCE/CLASS/CODE[/SUBSYSTEM]/SERVICE`. */
  readonly id: string;
  readonly type: 'rest' | 'openapi' | 'soap';
  readonly rights: readonly AccessRight[];
  /** Besides the base endpoint, which is the whole service. */
  readonly endpoints: readonly ServiceEndpoint[];
}

/** Who asks what a provider offers. */
export interface MetadataQuestion {
  /** Services of all providers at this server. */
  readonly services: readonly DescribedService[];
  readonly provider: string;
  /** The calling subsystem, and the global groups it is in. */
  readonly client: string;
  readonly groups: ReadonlySet<string>;
  /** Of this server. */
  readonly version: number;
}

/** Global groups that a client is in, of all instances this server knows, `INSTANCE/GROUP`. */
export function groupsOf({ instances }: OfferView, client: string): ReadonlySet<string> {
  const groups = new Set<string>();
  for (const { globalGroups } of instances.values()) {
    for (const [id, members] of globalGroups) if (members.has(client)) groups.add(id);
  }
  return groups;
}

/** The rights of a service; a group that names no instance is of the service's own. */
export function rightsOf({ instances }: OfferView, service: ServiceDocument): AccessRight[] {
  const own = service.id.split('/')[0];
  return service.access.map((right) => {
    const { globalGroup: name } = right;
    const isFull = name === null || instances.has(name.split('/')[0]);
    return { ...right, globalGroup: isFull ? name : `${own}/${name}` };
  });
}

/**
 * A scenario has no endpoints of services but those that its rights name, and does not say whether
 * a REST service is described: one that has endpoints is taken to be, by OpenAPI.
 */
export function describeServices(view: OfferView): DescribedService[] {
  return [...view.services.values()].map((service) => {
    const rights = rightsOf(view, service);
    const endpoints = endpointsIn(rights);
    const isDescribed = service.type === 'rest' && endpoints.length > 0;
    return { id: service.id, type: isDescribed ? 'openapi' : service.type, rights, endpoints };
  });
}

/** The services of one protocol; with `isAllowed`, those of which the client may call something. */
export function selectServices(
  question: MetadataQuestion,
  protocol: 'rest' | 'soap',
  isAllowed: boolean,
): DescribedService[] {
  return question.services.filter(({ id, type, rights }) => {
    const isOfProvider = id.slice(0, id.lastIndexOf('/')) === question.provider;
    if (!isOfProvider || (type === 'soap') !== (protocol === 'soap')) return false;
    return !isAllowed || hasAnyRight(question, rights);
  });
}

/** Of a service's endpoints those that the client may call, by the patterns as they stand. */
export function allowedEndpoints(
  { client, groups, version }: MetadataQuestion,
  { endpoints, rights }: DescribedService,
): ServiceEndpoint[] {
  return endpoints.filter((endpoint) =>
    mayAccess(rights, { client, groups, ...endpoint }, version),
  );
}

/** Whatever endpoint a right is for: as if each were for the whole service. */
function hasAnyRight(
  { client, groups, version }: MetadataQuestion,
  rights: readonly AccessRight[],
): boolean {
  const whole = rights.map((right) => ({ ...right, ...BASE }));
  return mayAccess(whole, { client, groups, method: 'GET', path: '/' }, version);
}

const BASE = { method: '*', path: '**' };

function endpointsIn(rights: readonly AccessRight[]): ServiceEndpoint[] {
  const found = new Map<string, ServiceEndpoint>();
  for (const { method, path } of rights) {
    const isBase = method === '*' && (path === '**' || path === '/**');
    if (!isBase) found.set(`${method} ${path}`, { method, path });
  }
  return [...found.values()];
}
