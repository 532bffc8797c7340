/** `fedlab new NAME`: a starter scenario, explained line by line. */
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { starterText } from '../scenario/starter.ts';
import { SCENARIO_END } from './repository.ts';
import type { Session } from './session.ts';
import { fileProblem, UserError } from './user-error.ts';

export function addNewCommand(program: Command, session: Session): void {
  program
    .command('new')
    .description('write a commented starter scenario')
    .argument('<name>', 'its name; NAME.scenario.yaml is written')
    .action((name: string) => {
      refuseImpossible(name);
      const path = name.endsWith(SCENARIO_END) ? name : `${name}${SCENARIO_END}`;
      const short = path.slice(0, -SCENARIO_END.length);
      writeNew(path, starterText(short));
      session.terminal.print(`wrote ${path}; now try`);
      session.terminal.print(`  npx fedlab check ${path}`);
      session.terminal.print(`  npx fedlab run ${path}`);
    });
}

/** A name needs a letter or a digit, in front of the end of the file's name and behind folders. */
function refuseImpossible(name: string): void {
  const file = name.split(/[/\\]/).at(-1) ?? '';
  const short = file.replace(/(\.scenario)?\.ya?ml$/, '');
  if (/[\p{L}\p{N}]/u.test(short) && !/\p{Cc}/u.test(name)) return;
  const hint = 'write a name of letters, digits and hyphens, such as my-question';
  throw new UserError(`${JSON.stringify(name)} cannot be the name of a scenario\n${hint}`);
}

/** What is there already is somebody's work. */
function writeNew(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx' });
  } catch (error) {
    throw new UserError(`cannot write ${path}: ${fileProblem(error)}`);
  }
}
