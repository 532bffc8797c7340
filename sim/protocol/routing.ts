/**
 * Where a request may go: every server of its own view of the configuration at which the provider
 * is registered, less those in maintenance mode; one of them where the client names it.
 *
 * Source: AbstractClientMessageProcessor.getServiceAddresses, hostNamesBySecurityServer and
 * prepareRequest (facts 2.1 step 9). What becomes of the list is connection.ts.
 */
import { assert } from '../base/assert.ts';
import { Cause } from './fault.ts';

/** A server as the global configuration shows it. */
export interface RegisteredServer {
  /** `INSTANCE/CLASS/CODE/SERVER`. */
  readonly id: string;
  /** Subsystems registered there. */
  readonly clients: ReadonlySet<string>;
  readonly inMaintenance: boolean;
}

export interface Candidates {
  /** Rows of the list that was given, in its order. */
  readonly servers: readonly number[];
  /** Cause.None, or why there are none. */
  readonly cause: Cause;
}

/** Candidates for a provider's subsystem; `target` is X-Road-Security-Server, null: not sent. */
export function candidatesOf(
  servers: readonly RegisteredServer[],
  provider: string,
  target: string | null,
): Candidates {
  const serving = [...servers.keys()].filter((row) => servers[row].clients.has(provider));
  // The provider must have an address before the target is even looked at.
  if (serving.length === 0) return refused(Cause.UnknownMember);
  const wanted = target === null ? serving : serving.filter((row) => servers[row].id === target);
  if (wanted.length === 0) return refused(Cause.InvalidSecurityServer);
  const inService = wanted.filter((row) => !servers[row].inMaintenance);
  if (inService.length === 0) return refused(Cause.MaintenanceMode);
  return { servers: inService, cause: Cause.None };
}

/**
 * A random order of `count` rows, from the last place down as Collections.shuffle does it; `draws`
 * are `count - 1` uniform numbers in (0, 1).
 */
export function shuffleOrder(count: number, draws: readonly number[]): number[] {
  assert(draws.length >= count - 1, `${count} rows need ${count - 1} draws`);
  const order = Array.from({ length: count }, (_, row) => row);
  for (let left = count; left > 1; left--) {
    const other = Math.floor(draws[count - left] * left);
    const last = order[left - 1];
    order[left - 1] = order[other];
    order[other] = last;
  }
  return order;
}

function refused(cause: Cause): Candidates {
  return { servers: [], cause };
}
