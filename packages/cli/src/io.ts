import { fchmodSync, readFileSync, realpathSync, statSync, unlinkSync, writeFileSync, type Stats } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { concat, memorySource, type ByteSource } from '@bzelf/bytes';
import { openFileSource } from '@bzelf/bytes/file';
import { UsageError } from './exit.js';
import { DASH } from './dash.js';
import { stdoutIsTerminal, writeStdout } from './terminal.js';

const STDIN = 0;

export interface Input extends ByteSource {
  close(): void;
}

/** All bytes of a file or of stdin. */
export function readInput(path: string): Uint8Array {
  try {
    const { buffer, byteOffset, length } = readFileSync(path === DASH ? STDIN : path);
    return new Uint8Array(buffer, byteOffset, length);
  } catch (error) {
    // reading a folder fails without its name
    throw Object.assign(error as object, { path });
  }
}

/** A file that is read only where it is looked at; what cannot seek (stdin, a pipe) is read whole. */
export function openInput(path: string): Input {
  if (path !== DASH && statSync(path).isFile()) return openFileSource(path);
  return { ...memorySource(readInput(path)), close: () => undefined };
}

export interface OutputOptions {
  /** Refused as output, unless `inPlace`. */
  readonly input?: string;
  readonly inPlace?: boolean;
}

/**
 * The bytes, in one run or several, appear under `path` whole or not at all: written beside it, synced, renamed. Its mode stays. Throws UsageError
 * before anything is touched, and the errors of the operating system.
 */
export async function writeOutput(
  path: string,
  content: Uint8Array | readonly Uint8Array[],
  options: OutputOptions = {},
): Promise<void> {
  checkOutput(path, options);
  const parts = content instanceof Uint8Array ? [content] : content;
  if (path === DASH) return parts.forEach(writeStdout);
  const there = statOrUndefined(path);
  // A device or a pipe is written to; there is nothing to replace.
  if (there !== undefined && !there.isFile()) return writeFileSync(path, concat(parts));
  await replaceFile(there === undefined ? path : realpathSync(path), parts, there);
}

/** Worth calling before long work, too. Throws UsageError. */
export function checkOutput(path: string, { input, inPlace = false }: OutputOptions): void {
  if (path === DASH) {
    if (stdoutIsTerminal()) throw new UsageError('the output is binary, and stdout is a terminal; use -o FILE');
    return;
  }
  if (inPlace || input === undefined || input === DASH) return;
  if (isSameFile(input, path)) throw new UsageError(`${path} is the input itself; --in-place allows that`);
}

/** Two names of one file; no file is the same as what is not there, or a device. */
export function isSameFile(a: string, b: string): boolean {
  const [first, second] = [statOrUndefined(a), statOrUndefined(b)];
  if (first === undefined || second === undefined) return false;
  return second.isFile() && first.dev === second.dev && first.ino === second.ino;
}

function statOrUndefined(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

async function replaceFile(path: string, parts: readonly Uint8Array[], old: Stats | undefined): Promise<void> {
  const { open, rename } = await import('node:fs/promises');
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}-${Date.now().toString(36)}.tmp`);
  const file = await open(temporary, 'wx', old === undefined ? 0o666 : old.mode & 0o777);
  const stop = removeOnSignal(temporary);
  try {
    try {
      if (old !== undefined) fchmodSync(file.fd, old.mode & 0o7777);
      for (const part of parts) {
        for (let done = 0; done < part.length;) done += (await file.write(part, done)).bytesWritten;
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    unlinkIfThere(temporary);
    throw Object.assign(error as object, { path });
  } finally {
    stop();
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A signal while the file is being written takes the half-written one with it, then does what it always does. */
function removeOnSignal(path: string): () => void {
  const handlers = SIGNALS.map((signal) => {
    const handler = () => {
      unlinkIfThere(path);
      stop();
      process.kill(process.pid, signal);
    };
    process.on(signal, handler);
    return { signal, handler };
  });
  const stop = () => handlers.forEach(({ signal, handler }) => process.off(signal, handler));
  return stop;
}

function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Gone already: renamed, or never made.
  }
}
