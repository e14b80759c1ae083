import type { ArgumentsCamelCase, CommandModule } from 'yargs';
import { Failure, UsageError } from '../exit.js';

/** What an error is reported with: the file it is about, and whether JSON was asked for. */
interface Reported {
  readonly file?: string | undefined;
  readonly in?: string | undefined;
  readonly json?: boolean;
}

/** A command whose work is loaded only when it is called, so that every other one starts fast. */
export function defineCommand<A extends Reported>(
  parts: Pick<CommandModule<object, A>, 'command' | 'describe' | 'builder'>,
  load: () => Promise<(args: ArgumentsCamelCase<A>) => Promise<void> | void>,
): CommandModule<object, A> {
  return {
    ...parts,
    handler: async (args) => {
      try {
        checkSingle(args);
        const run = await load();
        await run(args);
      } catch (cause) {
        throw new Failure(cause, { file: args.file ?? args.in, json: args.json ?? false });
      }
    },
  };
}

/** Options that may be given again and again. */
const REPEATABLE: readonly string[] = ['_', 'note', 'map'];

/** yargs makes a list of an option that is given twice. Throws UsageError. */
function checkSingle(args: object): void {
  for (const [name, value] of Object.entries(args)) {
    if (Array.isArray(value) && !REPEATABLE.includes(name)) throw new UsageError(`--${name} is given twice`);
  }
}
