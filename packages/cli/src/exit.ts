/** What the exit code says. Documented in docs/cli.md. */
export const EXIT = {
  GOOD: 0,
  /** Verification found errors; two files differ, as with diff(1); a run ended as it should not. */
  FINDINGS: 1,
  USAGE: 2,
  MALFORMED: 3,
  FILE: 4,
  BUG: 70,
} as const;

/** The words on the command line do not make a command. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The reader of our output went away (`| head`): nothing is wrong, and nobody listens. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed';
}

/** What was shown says what is wrong, or how two files differ; there is nothing to add. */
export class FindingsFound extends Error {
  override readonly name = 'FindingsFound';

  /** `exit`: of what went wrong besides and was told already. */
  constructor(readonly exit: number = EXIT.FINDINGS) {
    super('what was shown says what is wrong');
  }
}

/** What went wrong, and with which file; `json` asks for it in JSON. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly file: string | undefined;
  readonly json: boolean;

  constructor(cause: unknown, { file, json = false }: { file?: string | undefined; json?: boolean }) {
    super('failed', { cause });
    this.file = file;
    this.json = json;
  }
}
