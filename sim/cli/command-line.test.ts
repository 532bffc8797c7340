import { expect, test } from 'vitest';
import { commandLine } from './command-line.ts';

test('what changes a result is part of the command that makes it again', () => {
  const options = {
    engine: 'virtual',
    seed: 7,
    replications: 5,
    workers: 3,
    exchanges: { sample: 100 },
    out: 'out/mine',
    set: ['duration=30s', "title=it's mine"],
    report: false,
    quiet: true,
  } as const;
  expect(commandLine('small', options)).toBe(
    'npx fedlab run small --seed 7 --replications 5 --exchanges sample:100 --out out/mine ' +
      `--set duration=30s --set 'title=it'\\''s mine' --no-report`,
  );
});

test('nothing else is', () => {
  expect(commandLine('my file.yaml', { engine: 'virtual', exchanges: 'none' })).toBe(
    "npx fedlab run 'my file.yaml'",
  );
});
