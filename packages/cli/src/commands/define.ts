import type { ArgumentsCamelCase, CommandModule } from 'yargs';
import { Failure, UsageError } from '../exit.js';
import { DASH } from '../dash.js';

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
    handler: async (parsed) => {
      const args = restoreDashes(parsed);
      try {
        checkSingle(args);
        const run = await load();
        await run(args);
      } catch (cause) {
        if (cause instanceof Failure) throw cause; // one of several files, named already
        throw new Failure(cause, { file: args.file ?? args.in, json: args.json ?? false });
      }
    },
  };
}

/** Options that may be given again and again. */
const REPEATABLE: readonly string[] = ['_', 'note', 'map', 'files', 'reports', 'profile'];

/** yargs makes a list of an option that is given twice. Throws UsageError. */
function checkSingle(args: object): void {
  for (const [name, value] of Object.entries(args)) {
    if (Array.isArray(value) && !REPEATABLE.includes(name)) throw new UsageError(`--${name} is given twice`);
  }
}

/** yargs takes a lone `-` for an option without a name. No word of a command line can hold a NUL. */
const HIDDEN_DASH = '\0-';

/** The words for yargs. */
export const hideDashes = (words: readonly string[]): string[] =>
  words.map((word) => (word === DASH ? HIDDEN_DASH : word));

function restoreDashes<T extends object>(args: T): T {
  const entries = Object.entries(args).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.map(restoreDash) : restoreDash(value),
  ]);
  return Object.fromEntries(entries) as T;
}

const restoreDash = (value: unknown): unknown => (value === HIDDEN_DASH ? DASH : value);
