/**
 * The text of a small scenario for tests of one rule at a time: a provider on one server or on two
 * (`p0`, `p1`), two consumers (`c0`, `c1`), no distance between them, and nothing that costs
 * anything. A test writes only what is different, in the words of a scenario file.
 */
export interface PairText {
  readonly duration: string;
  /** Keys at the top, such as `kind: steady`; whole lines. */
  readonly top?: string;
  /** Parameters of the instance, of the provider's servers, of the first consumer's. */
  readonly parameters?: string;
  readonly provider?: string;
  readonly consumer?: string;
  /** The provider stands on two servers. */
  readonly isCluster?: boolean;
  /** Further keys of the servers `p0`, such as `host: slow`. */
  readonly server?: string;
  /** Further links, as items of a list. */
  readonly links?: string;
  readonly system?: string;
  readonly service?: string;
  /** Keys of the first consumer's workload, on one line. */
  readonly load: string;
  /** Further workloads, as items of a list. */
  readonly loads?: string;
  readonly incidents?: string;
}

const ACCESS = 'access: [EE/GOV/2/office, EE/GOV/3/desk]';
/** What a workload calls, where the rest of it is only about how often. */
export const PERSON = 'services: EE/GOV/1/registry/person';
export const HEALTHY = 'services: EE/GOV/1/registry/healthy';

export function pairText(pair: PairText): string {
  const { parameters = '', provider = '', consumer = '', server = '' } = pair;
  const secondServer = pair.isCluster
    ? `- { id: p1, owner: GOV/1, subsystems: [GOV/1/registry], parameters: { ${provider} } }`
    : '';
  return `
duration: ${pair.duration}
calibration: zero
limits: { exchangesMax: 20000 }
${pair.top ?? ''}
instances:
  EE:
    parameters: { localRtt: 0s, ${parameters} }
    members:
      - { id: GOV/1, subsystems: [registry] }
      - { id: GOV/2, subsystems: [office] }
      - { id: GOV/3, subsystems: [desk] }
    servers:
      - id: p0
        owner: GOV/1
        subsystems: [GOV/1/registry]
        parameters: { ${provider} }
        ${server}
      ${secondServer}
      - id: c0
        owner: GOV/2
        subsystems: [GOV/2/office, GOV/3/desk]
        parameters: { ${consumer} }
      - { id: c1, owner: GOV/3, subsystems: [GOV/3/desk] }
links:
  - { between: [EE, EE], rtt: 0s }
  ${pair.links ?? ''}
systems:
  - { id: registry, ${pair.system ?? 'serviceTime: 0s'} }
  - { id: healthy, serviceTime: 0s, capacity: 100000 }
services:
  - { id: EE/GOV/1/registry/person, system: registry, ${ACCESS}, ${pair.service ?? ''} }
  - { id: EE/GOV/1/registry/healthy, system: healthy, ${ACCESS} }
workloads:
  - { id: office, client: EE/GOV/2/office, ${PERSON}, ${pair.load} }
  ${pair.loads ?? ''}
incidents: [${pair.incidents ?? ''}]
`;
}
