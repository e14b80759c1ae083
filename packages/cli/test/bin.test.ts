/** The first lines of the command, which the shell executes. */
import { spawnSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withTempFolder } from '@bzelf/testkit';
import { EXIT } from '../src/exit.js';
import { TOOL_PATH } from './tool.js';

/** What the command starts when `nproc` says so, or is not there. The folder has all that it finds. */
function started(folder: string, processors: number | undefined, words: readonly string[]): readonly string[] {
  const program = (name: string, line: string) => {
    writeFileSync(join(folder, name), `#!/bin/sh\n${line}\n`, { mode: 0o755 });
  };
  program('node', `printf '%s\\n' "$@"`);
  if (processors !== undefined) program('nproc', `echo ${processors}`);
  const { stdout, stderr } = spawnSync(TOOL_PATH, words, { env: { PATH: folder }, encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout.trimEnd().split('\n');
}

test.each([
  { processors: 1, pool: 1 },
  { processors: 2, pool: 1 },
  { processors: 4, pool: 3 },
])('with $processors processors V8 gets $pool threads', ({ processors, pool }) =>
  withTempFolder((folder) => {
    for (const command of ['run', 'verify'])
      expect(started(folder, processors, [command, 'a kernel'])).toEqual([
        `--v8-pool-size=${pool}`,
        TOOL_PATH,
        command,
        'a kernel',
      ]);
  }),
);

test('with many, or nobody to ask, or nothing to execute, V8 does as it likes', () =>
  withTempFolder((folder) => {
    expect(started(folder, undefined, ['run', 'x'])).toEqual([TOOL_PATH, 'run', 'x']);
    expect(started(folder, 16, ['run', 'x'])).toEqual([TOOL_PATH, 'run', 'x']);
    expect(started(folder, 2, ['notes', 'x'])).toEqual([TOOL_PATH, 'notes', 'x']);
  }));

test('runs through a link, and says how it ended', () =>
  withTempFolder((folder) => {
    const link = join(folder, 'bzelf');
    symlinkSync(TOOL_PATH, link);
    const version = spawnSync(link, ['--version'], { encoding: 'utf8' });
    expect([version.status, version.stdout]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)]);
    const missing = spawnSync(link, ['run', join(folder, 'no kernel here')], { encoding: 'utf8' });
    expect(missing.status).toBe(EXIT.FILE);
    expect(missing.stderr).toContain('no kernel here');
  }));
