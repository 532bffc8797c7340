/**
 * X-Road-UserId of an exchange by its replication, the row of its source and the ordinal of its
 * call there; null where no person asks. Who they are is workload/journey-citizen.ts's to say.
 */
export type UserIdOf = (replicationIndex: number, source: number, ordinal: number) => string | null;
