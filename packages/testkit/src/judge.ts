import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { kernel, type FetchedKernel } from './paths.js';

export interface JudgeRun {
  /** Exit code; -1 when a signal or the time limit ended it. */
  readonly status: number;
  readonly stdout: Uint8Array;
  readonly stderr: string;
}

export interface JudgeOptions {
  readonly input?: Uint8Array;
  readonly cwd?: string;
  readonly timeoutMs?: number;
}

/** A program that we did not write and that has an opinion on our files. */
export interface Judge {
  readonly name: string;
  readonly path: string;
  run(words: readonly string[], options?: JudgeOptions): JudgeRun;
  /** Its standard output; throws what it said when it failed. */
  bytes(words: readonly string[], options?: JudgeOptions): Uint8Array;
  text(words: readonly string[], options?: JudgeOptions): string;
  /** What it says of a file with these bytes; the file's path is the last word. */
  textOf(file: Uint8Array, words: readonly string[], options?: JudgeOptions): string;
}

/** 512 MiB: the largest decompressed kernel is about 70 MB. */
const MOST_OUTPUT = 2 ** 29;

/** The program of that name, or undefined where it is not installed. */
export function judge(name: string): Judge | undefined {
  const path = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable);
  if (path === undefined) return undefined;

  const run: Judge['run'] = (words, { input, cwd, timeoutMs = 60_000 } = {}) => {
    const done = spawnSync(path, words, {
      maxBuffer: MOST_OUTPUT,
      timeout: timeoutMs,
      env: { ...process.env, LC_ALL: 'C' },
      input: input ?? new Uint8Array(0),
      ...(cwd === undefined ? {} : { cwd }),
    });
    if (done.error !== undefined && done.status === null) throw done.error;
    return { status: done.status ?? -1, stdout: done.stdout, stderr: done.stderr.toString() };
  };
  const bytes: Judge['bytes'] = (words, options) => {
    const done = run(words, options);
    if (done.status !== 0) throw new Error(`${name} ${words.join(' ')} gave ${done.status}: ${done.stderr.trim()}`);
    return done.stdout;
  };
  const text: Judge['text'] = (words, options) => Buffer.from(bytes(words, options)).toString();
  const textOf: Judge['textOf'] = (file, words, options) => {
    const folder = mkdtempSync(join(tmpdir(), 'bzelf-judge-'));
    try {
      writeFileSync(join(folder, 'file'), file);
      return text([...words, join(folder, 'file')], options);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
  return { name, path, run, bytes, text, textOf };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

type Judges<N extends readonly string[]> = { -readonly [K in keyof N]: Judge };

/**
 * A jest test that wants judges: `testWith(['readelf'], 'title', (readelf) => …)`. Where one is missing the test is
 * skipped and its title says why.
 */
export function testWith<const N extends readonly string[]>(
  names: N,
  title: string,
  body: (...judges: Judges<N>) => void | Promise<void>,
  timeoutMs?: number,
): void {
  const found = names.map(judge);
  const missing = names.filter((_, i) => found[i] === undefined);
  if (missing.length > 0) return test.skip(`${title} [skipped: no ${missing.join(', no ')} here]`, () => undefined);
  test(title, async () => body(...(found as Judges<N>)), timeoutMs);
}

/** The same for a kernel that scripts/fetch-kernels.mjs gets; the body is given its path. */
export function testWithKernel(
  id: FetchedKernel,
  title: string,
  body: (path: string) => void | Promise<void>,
  timeoutMs?: number,
): void {
  const path = kernel(id);
  if (path === undefined) return test.skip(`${title} [skipped: ${id} not fetched]`, () => undefined);
  test(title, async () => body(path), timeoutMs);
}
