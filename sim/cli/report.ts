/** `fedlab report DIR`: the report again, from the result folder alone. */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { readResultFolder } from '../../reports/folder.ts';
import { renderPage } from '../../reports/page.ts';
import type { Session } from './session.ts';
import { fileProblem, UserError } from './user-error.ts';

export function addReportCommand(program: Command, session: Session): void {
  program
    .command('report')
    .description('draw report.html again from a result folder')
    .argument('<dir>', 'result folder')
    .action((dir: string) => {
      const path = join(dir, 'report.html');
      replaceFile(path, renderPage(readResultFolder(dir)));
      session.terminal.print(path);
    });
}

/** The old report stays until the new one is whole. */
function replaceFile(path: string, text: string): void {
  const partial = `${path}.partial-${process.pid}`;
  try {
    writeFileSync(partial, text);
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw new UserError(`cannot write ${path}: ${fileProblem(error)}`);
  }
}
