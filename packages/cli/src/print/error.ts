import { hex, isBzelfError, type BzelfError } from '@bzelf/bytes';
import { EXIT, Failure, UsageError } from '../exit.js';
import { jsonText } from './json.js';
import type { Paint } from './paint.js';

/** Codes of the libraries that speak of options, not of the file: a wrong use of the command. */
const USAGE_CODES: readonly string[] = [
  'writer/unknown-target',
  'writer/target-form',
  'writer/efi-loss',
  'writer/note-type',
  'loader/bad-option',
  'verifier/unknown-profile',
  'verifier/unknown-target',
  'bytes/bad-hex',
];

export interface Report {
  readonly exit: number;
  readonly text: string;
}

/** How a failure is told: to people in at most four lines, to programs as one JSON object. */
export function reportFailure(thrown: unknown, paint: Paint, debug: boolean): Report {
  const { cause, file, json } = thrown instanceof Failure ? thrown : new Failure(thrown, {});
  const facts = errorFacts(cause);
  const stack = debug && !json && cause instanceof Error ? `${cause.stack ?? ''}\n` : '';
  return { exit: facts.exit, text: `${errorText(facts, { file, json }, paint)}${stack}` };
}

/** For people, or as bzelf.error/1. */
export function errorText(
  facts: ErrorFacts,
  { file, json }: { readonly file?: string | undefined; readonly json: boolean },
  paint: Paint,
): string {
  if (json) return jsonText({ schema: 'bzelf.error/1', file, ...facts });
  const where = file === undefined || facts.exit === EXIT.USAGE || facts.exit === EXIT.FILE ? '' : `${file}: `;
  return `${paint.bold('bzelf:')} ${where}${textOf(facts, paint)}\n`;
}

/** What is known of an error, in values that another thread or program can be told. */
export interface ErrorFacts {
  readonly exit: number;
  readonly code: string;
  readonly message: string;
  readonly offset?: number | undefined;
  readonly field?: string | undefined;
  readonly found?: string | undefined;
  readonly expected?: string | undefined;
  readonly hint?: string | undefined;
}

export function errorFacts(error: unknown): ErrorFacts {
  if (isBzelfError(error)) return bzelfFacts(error);
  if (error instanceof UsageError) {
    return { exit: EXIT.USAGE, code: 'cli/usage', message: error.message, hint: 'bzelf --help lists the commands' };
  }
  if (isSystemError(error)) {
    return { exit: EXIT.FILE, code: `io/${error.code}`, message: systemMessage(error) };
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return {
    exit: EXIT.BUG,
    code: 'cli/bug',
    message: `this is a bug in bzelf: ${message}`,
    hint: 'please report it with the command and, if you can, the file; BZELF_DEBUG=1 shows where it happened',
  };
}

function bzelfFacts({ code, message, offset, field, found, expected, hint }: BzelfError): ErrorFacts {
  const exit = USAGE_CODES.includes(code) ? EXIT.USAGE : EXIT.MALFORMED;
  return { exit, code, message, offset, field, found, expected, hint };
}

/** Lines without content are left out. */
function textOf({ exit, code, message, offset, field, found, expected, hint }: ErrorFacts, paint: Paint): string {
  const isOurs = exit === EXIT.USAGE || exit === EXIT.FILE || exit === EXIT.BUG;
  const first = isOurs && code.split('/')[0] !== 'writer' ? paint.red(message) : `${paint.red(code)}: ${message}`;
  const place = offset === undefined ? undefined : `at ${hex(offset)}`;
  const named = field === undefined ? undefined : place === undefined ? `in ${field}` : `(${field})`;
  const where = [place, named].filter((part) => part !== undefined).join(' ');
  const values = [found && `found ${found}`, expected && `expected ${expected}`].filter(Boolean).join(', ');
  return [first, where, values, hint && `${paint.dim('hint:')} ${hint}`].filter(Boolean).join('\n  ');
}

interface SystemError extends Error {
  readonly code: string;
  readonly syscall?: string;
  readonly path?: string;
  readonly dest?: string;
}

/** Errors of the operating system have a code and a system call; `ERR_FS_…` is Node's own word for a file too large. */
function isSystemError(error: unknown): error is SystemError {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return false;
  return 'syscall' in error || error.code.startsWith('ERR_FS_');
}

/** "ENOENT: no such file or directory, open 'x'" as a person would say it. */
function systemMessage({ message, code, syscall, path, dest }: SystemError): string {
  const reason = /^[A-Z0-9_]+: (.*?)(?:, [a-z]+(?: '.*)?)?$/.exec(message)?.[1] ?? message;
  return `${dest ?? path ?? syscall ?? 'a file'}: ${reason} (${code})`;
}
