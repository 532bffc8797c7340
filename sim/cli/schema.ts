/** `fedlab schema scenario|result`: the JSON Schema, for editors and for other tools. */
import { Argument } from 'commander';
import type { Command } from 'commander';
import { RESULT_SCHEMA } from '../metrics/result-schema.ts';
import { scenarioJsonSchema } from '../scenario/schema.ts';
import type { Session } from './session.ts';

export function addSchemaCommand(program: Command, session: Session): void {
  program
    .command('schema')
    .description('print the JSON Schema of scenario files or of result.json')
    .addArgument(new Argument('<of>', 'what it describes').choices(['scenario', 'result']))
    .action((of: string) => {
      const schema = of === 'result' ? RESULT_SCHEMA : scenarioJsonSchema();
      session.terminal.print(JSON.stringify(schema, null, 2));
    });
}
