/** The two functions of node:assert that yargs uses, for the bundle. */
export function strictEqual(actual: unknown, expected: unknown, message?: string | Error): void {
  if (!Object.is(actual, expected)) throw asError(message);
}

export function notStrictEqual(actual: unknown, expected: unknown, message?: string | Error): void {
  if (Object.is(actual, expected)) throw asError(message);
}

const asError = (message: string | Error = 'assertion failed'): Error =>
  message instanceof Error ? message : new Error(message);
