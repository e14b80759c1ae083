import { fstatSync, writeSync } from 'node:fs';
import { OutputClosed } from './exit.js';
import { paintIf, wantsColour, type Paint } from './print/paint.js';

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
/** Device 1:3 of Linux. */
const DEV_NULL = 0x103;

export const stdoutIsTerminal = (): boolean => isTerminal(STDOUT);
export const stderrIsTerminal = (): boolean => isTerminal(STDERR);

/** /dev/null, or closed: nothing will ever come. */
export function stdinIsNull(): boolean {
  try {
    const stats = fstatSync(STDIN);
    return stats.isCharacterDevice() && stats.rdev === DEV_NULL;
  } catch {
    return true;
  }
}

/** node:tty brings sockets and streams with it, 3 ms; a pipe or file can be told without. */
function isTerminal(fd: number): boolean {
  try {
    const stats = fstatSync(fd);
    if (!stats.isCharacterDevice() || stats.rdev === DEV_NULL) return false;
  } catch {
    return false; // closed
  }
  return process.getBuiltinModule('node:tty').isatty(fd);
}
export const stdoutPaint = (): Paint => paintIf(wantsColour(process.env, stdoutIsTerminal()));
export const stderrPaint = (): Paint => paintIf(wantsColour(process.env, stderrIsTerminal()));

/** Data for the reader of stdout, all of it before this returns. Throws OutputClosed when there is no reader left. */
export function writeStdout(data: string | Uint8Array): void {
  writeAll(STDOUT, data);
}

/** Words for people. When nobody reads them, that is no failure. */
export function writeStderr(text: string): void {
  try {
    writeAll(STDERR, text);
  } catch (error) {
    if (!(error instanceof OutputClosed)) throw error;
  }
}

function writeAll(fd: number, data: string | Uint8Array): void {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data;
  for (let done = 0; done < bytes.length;) {
    try {
      done += writeSync(fd, bytes, done, bytes.length - done);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'EPIPE') throw new OutputClosed();
      if (code !== 'EAGAIN') throw Object.assign(error as object, { path: fd === STDOUT ? 'stdout' : 'stderr' });
      pause(5); // a pipe that another process made non-blocking, and that is full
    }
  }
}

function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
