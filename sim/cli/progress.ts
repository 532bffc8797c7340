/**
 * How far a run is: one line that is written over on a terminal, a plain line every few seconds
 * elsewhere, such as in the log of a CI job.
 */
import { formatAmount, formatRate, formatSeconds } from '../../reports/format.ts';
import type { Plan } from '../plan/plan.ts';
import { SourceKind } from '../plan/plan.ts';
import type { PoolProgress } from '../pool/pool.ts';
import type { Terminal } from './terminal.ts';

const PLAIN_EVERY_MS = 5000;
const BAR_WIDTH = 24;
/** Before that, the time left is a guess that jumps. */
const ELAPSED_MS_MIN = 1500;
/** The rate is of the last so many milliseconds. */
const RATE_OVER_MS = 4000;

interface Sample {
  readonly atMs: number;
  readonly exchanges: number;
}

export class ProgressLine {
  readonly #terminal: Terminal;
  readonly #plan: Plan;
  readonly #nowMs: () => number;
  readonly #startMs: number;
  #samples: Sample[] = [];
  #lastPlainMs: number;

  constructor(terminal: Terminal, plan: Plan, nowMs: () => number) {
    this.#terminal = terminal;
    this.#plan = plan;
    this.#nowMs = nowMs;
    this.#startMs = nowMs();
    this.#lastPlainMs = this.#startMs;
  }

  update(progress: PoolProgress): void {
    const nowMs = this.#nowMs();
    const sample = { atMs: nowMs, exchanges: progress.exchanges };
    this.#samples = [...this.#samples.filter(({ atMs }) => nowMs - atMs < RATE_OVER_MS), sample];
    if (this.#terminal.isInteractive) {
      this.#terminal.rewrite(this.#text(progress, nowMs).slice(0, this.#terminal.width - 1));
    } else if (nowMs - this.#lastPlainMs >= PLAIN_EVERY_MS) {
      this.#lastPlainMs = nowMs;
      this.#terminal.tell(this.#text(progress, nowMs));
    }
  }

  /** Clears the line of a terminal. */
  end(): void {
    if (this.#terminal.isInteractive) this.#terminal.rewrite('');
  }

  #text(progress: PoolProgress, nowMs: number): string {
    const share = Math.min(1, shareDone(this.#plan, progress));
    const filled = Math.round(share * BAR_WIDTH);
    const bar = `${'━'.repeat(filled)}${'─'.repeat(BAR_WIDTH - filled)}`;
    const parts = [
      `${String(Math.floor(share * 100)).padStart(3)} %`,
      `${formatAmount(progress.exchanges)} exchanges`,
      this.#rate(),
      this.#replications(progress),
    ];
    const elapsedMs = nowMs - this.#startMs;
    const isKnown = !isOpenEnded(this.#plan, progress);
    if (isKnown && share > 0 && share < 1 && elapsedMs >= ELAPSED_MS_MIN) {
      const leftMs = (elapsedMs / share) * (1 - share);
      parts.push(`${formatSeconds(Math.ceil(leftMs / 1000))} left`);
    }
    return this.#terminal.isInteractive ? `${bar} ${parts.join(' · ')}` : parts.join(' · ');
  }

  #replications(progress: PoolProgress): string {
    const most = isOpenEnded(this.#plan, progress) ? 'at most ' : '';
    return `${progress.replicationsDone} of ${most}${progress.replicationsMax} replications`;
  }

  #rate(): string {
    const first = this.#samples[0];
    const last = this.#samples[this.#samples.length - 1];
    const seconds = (last.atMs - first.atMs) / 1000;
    return formatRate(seconds === 0 ? 0 : (last.exchanges - first.exchanges) / seconds);
  }
}

/** By calls where they are known beforehand, since a day's nights go by faster than its hours. */
export function shareDone(plan: Plan, progress: PoolProgress): number {
  const replications = progress.replicationsMax;
  const expected = (plan.expected.calls + plan.expected.attackRequests) * replications;
  const isKnown = expected > 0 && !plan.sources.kind.includes(SourceKind.User);
  if (isKnown) return progress.exchanges / expected;
  return progress.simulatedUs / (plan.durationUs * replications);
}

/** A precision is asked for, and not reached yet. */
function isOpenEnded(plan: Plan, { replicationsMax }: PoolProgress): boolean {
  return plan.precision !== null && replicationsMax === plan.replications;
}
