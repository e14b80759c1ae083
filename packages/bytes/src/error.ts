/** What an error says beside its code: where, what was found, what was expected, what to do. */
export interface ErrorDetails {
  /** File offset of the offending field, bytes. */
  readonly offset?: number;
  /** The field, spelled as its specification spells it: `PT_LOAD[0].p_filesz`. */
  readonly field?: string;
  readonly found?: string | number | bigint;
  readonly expected?: string;
  readonly hint?: string;
  readonly cause?: unknown;
}

/**
 * The one error class for input that is not as it must be. `code` is stable (`elf/bad-magic`); the sentence and the
 * details are for people. A bug of ours is a plain `Error`, never this.
 */
export class BzelfError extends Error {
  override readonly name = 'BzelfError';
  readonly code: string;
  readonly offset: number | undefined;
  readonly field: string | undefined;
  readonly found: string | undefined;
  readonly expected: string | undefined;
  readonly hint: string | undefined;

  constructor(code: string, sentence: string, details: ErrorDetails = {}) {
    super(sentence, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.offset = details.offset;
    this.field = details.field;
    this.found = showFound(details.found);
    this.expected = details.expected;
    this.hint = details.hint;
  }
}

/** Numbers in errors are hexadecimal: they are read beside a hex dump. */
function showFound(found: ErrorDetails['found']): string | undefined {
  if (found === undefined || typeof found === 'string') return found;
  return found < 0 ? String(found) : `0x${found.toString(16)}`;
}

/** Every code of a package with its sentence; a package's `errors.ts` is one such table. */
export type ErrorTable = Readonly<Record<string, string>>;

/** `fail('elf/bad-magic', {...})` makes the error; a code that the table does not list does not compile. */
export function errorFactory<T extends ErrorTable>(table: T) {
  return (code: keyof T & string, details: ErrorDetails = {}): BzelfError =>
    new BzelfError(code, table[code] as string, details);
}

export function isBzelfError(error: unknown): error is BzelfError {
  return error instanceof BzelfError;
}
