/** The machine that a run ran on, for `run.machine` of the result. */
import { availableParallelism, cpus, platform, release, totalmem } from 'node:os';
import type { RunFacts } from '../metrics/result.ts';

export function readMachine(): RunFacts['machine'] {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    node: process.versions.node,
    os: `${platform()} ${release()}`,
  };
}
