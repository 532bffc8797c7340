/** Waits for all before it throws, so that nothing starts behind the back of who clears up. */
export async function allOf(started: readonly Promise<unknown>[]): Promise<void> {
  const outcomes = await Promise.allSettled(started);
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}
