import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '@bzelf/testkit';

const TOOL = join(repositoryRoot(), 'packages/cli/bin/bzelf.cjs');
if (!existsSync(join(TOOL, '../../dist/bzelf.cjs'))) throw new Error('there is no bundle; npm run build makes it');

export interface ToolRun {
  readonly exit: number | null;
  readonly out: string;
  readonly bytes: Buffer;
  readonly err: string;
}

interface ToolOptions {
  readonly input?: Uint8Array;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A file that takes stdout. */
  readonly stdout?: number;
}

/** Runs the bundled tool as people do. */
export function bzelf(words: readonly string[], { input, cwd, env, stdout }: ToolOptions = {}): ToolRun {
  const done = spawnSync(process.execPath, [TOOL, ...words], {
    input: input ?? new Uint8Array(0),
    maxBuffer: 2 ** 28,
    timeout: 60_000,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['pipe', stdout ?? 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
  });
  const bytes = done.stdout ?? Buffer.alloc(0);
  return { exit: done.status, bytes, out: bytes.toString(), err: done.stderr.toString() };
}

/** Starts it and leaves it running. */
export const startBzelf = (words: readonly string[]) => spawn(process.execPath, [TOOL, ...words], { stdio: 'ignore' });
export const TOOL_PATH = TOOL;
