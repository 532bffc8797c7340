/** The clock of a run that the servers' thread and the generator's share: the machine's own. */
import { hrtime } from 'node:process';

const NS_PER_US = 1000;

/** Microseconds on a clock that only goes forward and is the same in every thread. */
export function monotonicUs(): number {
  return Number(hrtime.bigint()) / NS_PER_US;
}
