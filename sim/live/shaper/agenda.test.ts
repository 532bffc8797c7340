import { expect, test } from 'vitest';
import { Agenda, nowUs } from './agenda.ts';

const timerCount = (): number =>
  process.getActiveResourcesInfo().filter((name) => /Timeout|Immediate/.test(name)).length;

test('many things are done in their order, and none before its time', async () => {
  const agenda = new Agenda();
  const sinceUs = nowUs();
  const done: { readonly dueUs: number; readonly atUs: number }[] = [];
  const count = 2000;
  await new Promise<void>((resolve) => {
    for (let index = 0; index < count; index++) {
      // Spread over 80 ms, in no order.
      const dueUs = sinceUs + ((index * 7919) % count) * 40;
      agenda.at(dueUs, () => {
        done.push({ dueUs, atUs: nowUs() });
        if (done.length === count) resolve();
      });
    }
  });
  const dues = done.map(({ dueUs }) => dueUs);
  expect(dues).toEqual(dues.toSorted((one, other) => one - other));
  for (const { dueUs, atUs } of done) expect(atUs).toBeGreaterThanOrEqual(dueUs - 500);
  const late = done.map(({ dueUs, atUs }) => atUs - dueUs).toSorted((a, b) => a - b);
  // The median: a busy machine may hold the event loop for longer now and then.
  expect(late[count / 2]).toBeLessThan(5000);
});

test('what is cancelled is not done, and keeps no timer', async () => {
  const before = timerCount();
  const agenda = new Agenda();
  const done: string[] = [];
  const cancel = agenda.at(nowUs() + 1000, () => done.push('cancelled'));
  const cancelFar = agenda.at(nowUs() + 3_600_000_000, () => done.push('far'));
  expect(agenda.count).toBe(2);
  cancel();
  cancel();
  await new Promise<void>((resolve) => {
    agenda.at(nowUs() + 5000, resolve);
  });
  expect(done).toEqual([]);
  expect(agenda.count).toBe(1);
  cancelFar();
  expect(agenda.count).toBe(0);
  expect(timerCount()).toBe(before);
});

test('what is done may add to it and take from it', async () => {
  const agenda = new Agenda();
  const done: string[] = [];
  await new Promise<void>((resolve) => {
    const dueUs = nowUs() + 2000;
    let cancelSecond = (): void => undefined;
    agenda.at(dueUs, () => {
      done.push('first');
      cancelSecond();
      agenda.at(0, () => done.push('overdue'));
      agenda.at(dueUs + 3000, resolve);
    });
    cancelSecond = agenda.at(dueUs, () => done.push('second'));
  });
  expect(done).toEqual(['first', 'overdue']);
  expect(agenda.count).toBe(0);
});
