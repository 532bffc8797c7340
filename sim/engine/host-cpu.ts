/**
 * The cores of each host, first in first out, without pre-emption: work that comes now starts on
 * the core that is free first. So its end is known at once (the recursion of Kiefer and Wolfowitz,
 * 1955), and neither a queue nor an event is needed.
 *
 * What that leaves out: real cores are shared by time slices, which gives short work a better and
 * long work a worse time at high load; means over FIFO and sharing agree for exponential work.
 */
import type { HostTable } from '../plan/plan.ts';

export type HostCpu = ReturnType<typeof createHostCpu>;

export function createHostCpu(hosts: HostTable) {
  const taken = {
    /** Of the last `take`. */
    startUs: 0,
  };
  const speed = hosts.speed.slice();
  const cores = hosts.cores;
  const firstCore = new Int32Array(hosts.cores.length);
  let coreCount = 0;
  for (let host = 0; host < hosts.cores.length; host++) {
    firstCore[host] = coreCount;
    coreCount += hosts.cores[host];
  }
  const freeUs = new Float64Array(coreCount);

  /** Occupies a core for `workUs` from now on or later; returns when it is done. */
  const take = (host: number, nowUs: number, workUs: number): number => {
    const from = firstCore[host];
    const end = from + cores[host];
    let best = from;
    let bestUs = freeUs[from];
    for (let core = from + 1; core < end && bestUs > nowUs; core++) {
      if (freeUs[core] < bestUs) {
        best = core;
        bestUs = freeUs[core];
      }
    }
    taken.startUs = bestUs > nowUs ? bestUs : nowUs;
    return (freeUs[best] = taken.startUs + workUs);
  };

  /**
   * All work under way is lost: the process that did it has died. Tells until when each core would
   * have been busy without a pause.
   */
  const reset = (host: number, nowUs: number, lost: (untilUs: number) => void): void => {
    const from = firstCore[host];
    for (let core = from; core < from + cores[host]; core++) {
      if (freeUs[core] <= nowUs) continue;
      lost(freeUs[core]);
      freeUs[core] = nowUs;
    }
  };

  return { speed, taken, take, reset };
}
