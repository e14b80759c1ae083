import yargs, { type Argv } from 'yargs';
import { hideDashes } from './commands/define.js';
import { COMMANDS } from './commands/index.js';
import { EXIT, Failure, FindingsFound, OutputClosed, UsageError } from './exit.js';
import { reportFailure } from './print/error.js';
import { stderrPaint, stdoutIsTerminal, writeStderr, writeStdout } from './terminal.js';

declare const __VERSION__: string;

/** Runs one command line and returns the exit code. */
export async function main(words: readonly string[]): Promise<number> {
  try {
    await parse(words);
    return EXIT.GOOD;
  } catch (error) {
    const cause = error instanceof Failure ? error.cause : error;
    if (cause instanceof OutputClosed) return EXIT.GOOD;
    if (cause instanceof FindingsFound) return cause.exit;
    const { exit, text } = reportFailure(error, stderrPaint(), process.env['BZELF_DEBUG'] !== undefined);
    writeStderr(text);
    return exit;
  }
}

async function parse(words: readonly string[]): Promise<void> {
  const parser = makeParser(words);
  if (words.length === 0) {
    writeStderr(`${await parser.getHelp()}\n`);
    throw new UsageError('a command is wanted');
  }
  let said = '';
  try {
    await parser.parseAsync(hideDashes(words), {}, (_error: unknown, _args: unknown, output: string) => {
      said = output;
    });
  } catch (error) {
    // Whatever does not come out of a command's own work is what yargs has against the words.
    if (error instanceof Failure) throw error;
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  if (said !== '') writeStdout(`${said}\n`);
}

function makeParser(words: readonly string[]): Argv {
  const parser: Argv = yargs()
    .scriptName('bzelf')
    .usage('$0 COMMAND … : an ELF header for the Linux bzImage')
    .command([...commandsFor(words)])
    .completion('completion', 'Print a completion script for bash or zsh (source it)')
    .demandCommand(1, 'a command is wanted')
    .strict()
    .parserConfiguration({ 'duplicate-arguments-array': true, 'boolean-negation': false, 'parse-numbers': false })
    .version(__VERSION__)
    .alias('help', 'h')
    .epilogue(
      'Exit codes: 0 good, 1 the files differ or will not do, 2 wrong usage, 3 malformed input, 4 file not read or written, 70 a bug in bzelf.',
    )
    .exitProcess(false)
    .fail(false);
  skipHelpCache(parser);
  // Opening the terminal takes time, so its width is asked for where it counts.
  return wantsHelp(words) ? parser.wrap(helpWidth()) : parser;
}

const wantsHelp = (words: readonly string[]): boolean =>
  words.length === 0 || words.includes('--help') || words.includes('-h');

interface YargsInternals {
  getInternalMethods?(): { getUsageInstance?(): { cacheHelpMessage?: () => void } };
}

/** After every command yargs renders its help text, in case of a later failure; that takes 5 ms, and nobody reads it. */
function skipHelpCache(parser: Argv): void {
  const usage = (parser as unknown as YargsInternals).getInternalMethods?.().getUsageInstance?.();
  if (usage !== undefined) usage.cacheHelpMessage = () => undefined;
}

/** The command that is named, or all of them where help or completion is wanted: each costs time to register. */
function commandsFor(words: readonly string[]): typeof COMMANDS {
  const named = COMMANDS.filter(({ command }) => String(command).split(' ')[0] === words[0]);
  return named.length === 0 ? COMMANDS : named;
}

const helpWidth = (): number => (stdoutIsTerminal() ? Math.min(120, terminalColumns()) : 100);
// Not spelled process.stdout.columns, which the bundle replaces.
const terminalColumns = (): number => (process.stdout as { columns?: number })['columns'] ?? 80;
