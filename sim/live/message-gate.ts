/** The gate in front of a security server's port for messages, by its own view of its partners. */
import { parameterOf, timeoutOf } from './configuration.ts';
import type { SecurityServer } from './security-server.ts';
import { AntiDosGate } from './trouble/anti-dos-gate.ts';

export function gateOf(server: SecurityServer): AntiDosGate {
  const { view } = server;
  const handles = parameterOf(view, 'fileHandles');
  return new AntiDosGate({
    connectionsMax: parameterOf(view, 'antiDosConnections'),
    freeHandlesMin: parameterOf(view, 'fileHandlesFreeMin'),
    freeHandles: (openCount) => handles - openCount - server.outgoingCount,
    idleMs: timeoutOf(view, 'idleTimeout'),
    partnerOf: (address) => {
      for (const { servers } of view.instances.values()) {
        const found = servers.find(({ endpoint }) => endpoint.address === address);
        if (found !== undefined) return found.id;
      }
      return null;
    },
  });
}
