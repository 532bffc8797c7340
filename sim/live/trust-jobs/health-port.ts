/**
 * The port that load balancers look at (facts 9; PX/healthcheck): 200, 500 with a reason, 503 in
 * maintenance. What it finds is kept for a while, longer where it is bad. It looks at the own
 * configuration, the authentication key and its OCSP answer, and not at the message log, at
 * time-stamps or information systems: a server may be healthy here and refuse every message.
 */
import { listenHttp } from '../loopback.ts';
import type { Endpoint, HttpResponse, Listener } from '../loopback.ts';

export interface HealthView {
  readonly isInMaintenance: boolean;
  readonly isConfigurationValid: boolean;
  readonly isAuthenticationUsable: boolean;
}

const GOOD_MS = 2000;
const BAD_MS = 30_000;

export function startHealthPort(at: Endpoint, view: () => HealthView): Promise<Listener> {
  let problem: string | null = null;
  let untilMs = -Infinity;
  return listenHttp(at, (request, response) => {
    request.resume();
    if (view().isInMaintenance) {
      end(response, 503, 'The health check is in maintenance mode');
      return;
    }
    if (performance.now() >= untilMs) {
      problem = problemOf(view());
      untilMs = performance.now() + (problem === null ? GOOD_MS : BAD_MS);
    }
    if (problem === null) end(response, 200, '');
    else end(response, 500, problem);
  });
}

/** Null: it is healthy. */
function problemOf({ isConfigurationValid, isAuthenticationUsable }: HealthView): string | null {
  if (!isConfigurationValid) return 'The global configuration has expired';
  if (!isAuthenticationUsable) return 'No authentication key with a good OCSP response';
  return null;
}

function end(response: HttpResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(text === '' ? '' : `${text}\n`);
}
