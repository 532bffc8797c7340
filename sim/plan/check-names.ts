/**
 * The checks over a run's whole history that a scenario may name, and the states of which it may
 * ask that they were reached. What they mean is said in metrics/check-history.ts and in
 * metrics/coverage.ts; the names are here because the scenario's language knows them, too.
 */

export interface CheckNameRow {
  readonly name: string;
  /** What `within` bounds; null: the check has no bound. */
  readonly bound: string | null;
  /** It asks whether states were reached. */
  readonly hasState: boolean;
  /** It may speak of one incident alone. */
  readonly hasIncident: boolean;
  /** Which runs are held to it although their scenario does not name it; null: none. */
  readonly unaskedOf: string | null;
  /** It can fail by what a scenario does, so that a scenario may expect it to. */
  readonly canFail: boolean;
  readonly prose: string;
}

export const CHECK_NAMES = [
  'trust-window',
  'evidence-logged',
  'evidence-stamped',
  'recovery',
  'no-collapse',
  'incidents-seen',
  'sometimes',
] as const;
export type CheckName = (typeof CHECK_NAMES)[number];

export const CHECK_ROWS: Readonly<Record<CheckName, Omit<CheckNameRow, 'name'>>> = {
  'trust-window': {
    bound: null,
    hasState: false,
    hasIncident: false,
    unaskedOf: 'every run with trust clocks',
    canFail: false,
    prose: 'nothing was accepted outside a trust window',
  },
  'evidence-logged': {
    bound: null,
    hasState: false,
    hasIncident: false,
    unaskedOf: 'every run with trust clocks',
    canFail: true,
    prose: 'every accepted exchange was logged on both sides',
  },
  'evidence-stamped': {
    bound: 'age of the oldest record without a time-stamp at the end of the run',
    hasState: false,
    hasIncident: false,
    unaskedOf: 'every run with trust clocks',
    canFail: true,
    prose: 'every record was time-stamped in the end, but for those of the last interval',
  },
  recovery: {
    bound: 'time from the end of an incident until calls are answered as before it',
    hasState: false,
    hasIncident: true,
    unaskedOf: null,
    canFail: true,
    prose: 'after an incident ends, calls are answered again as before it, within a bound',
  },
  'no-collapse': {
    bound: 'time from the end of an incident after which a collapse is not its own any more',
    hasState: false,
    hasIncident: true,
    unaskedOf: 'runs that go on for 10 min after an incident',
    canFail: true,
    prose: 'no collapse outlives its trigger',
  },
  'incidents-seen': {
    bound: null,
    hasState: false,
    hasIncident: false,
    unaskedOf: 'every run with incidents',
    canFail: false,
    prose: 'each incident began within the run, and calls were due while it lasted',
  },
  sometimes: {
    bound: null,
    hasState: true,
    hasIncident: false,
    unaskedOf: null,
    canFail: false,
    prose: 'the state that the scenario is about was really reached',
  },
};

/** States for `sometimes`, and what shows them. */
export const STATES = {
  faults: 'a call ended with a fault',
  queueing: 'something waited in a queue of a server',
  'server-down': 'a server was down',
  'attack-refused': 'an attack was refused',
  refusing: 'a server refused everything at the end of some bucket',
  'clock-ran-out': 'a trust clock ran out at some server',
  'configuration-expired': "a server's own configuration expired",
  'foreign-configuration-expired': 'a configuration of a federated instance expired',
  'ocsp-expired': 'an OCSP answer became too old',
  'peer-ocsp-ran-out': 'an OCSP answer became too old for a stricter federated instance',
  'time-stamping-overdue': 'time-stamping had failed for too long',
  'certificate-expired': 'a certificate expired or was revoked',
  'token-locked': 'a token waited for its PIN',
  backlog: 'more records waited for time-stamps than one batch holds',
  retries: 'a caller tried again',
  abandoned: 'a caller stopped waiting for an attempt, and its exchange lived on',
  'gave-up': 'a caller gave up',
  'journeys-lost': 'a journey failed',
} as const;
export type StateName = keyof typeof STATES;
export const STATE_NAMES = Object.keys(STATES) as StateName[];
