/** Runs every command of docs/cli.md, in one folder and in order, and compares what it prints with what the page shows. */
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { repositoryRoot, testImage, withTempFolder } from '@bzelf/testkit';
import { TOOL_PATH } from './tool';

const PAGE = join(repositoryRoot(), 'docs/cli.md');
const BLOCK = /```console\n([\s\S]*?)```/g;
const COMMAND = /^\$ (.*)$/;

/** stdout and stderr together, as on a terminal. */
function run(command: string, folder: string): string {
  const path = [join(folder, '.bin'), dirname(process.execPath), process.env['PATH']].join(':');
  const env = { PATH: path, LC_ALL: 'C' };
  return execFileSync('sh', ['-c', `exec 2>&1\n${command}\ntrue`], { cwd: folder, env, encoding: 'utf8' });
}

function asShown(block: string, folder: string): string {
  const commands = block.split('\n').flatMap((line) => COMMAND.exec(line)?.[1] ?? []);
  return commands.map((command) => `$ ${command}\n${run(command, folder)}`).join('');
}

test(
  'docs/cli.md shows what its commands print',
  () =>
    withTempFolder((folder) => {
      mkdirSync(join(folder, '.bin'));
      symlinkSync(TOOL_PATH, join(folder, '.bin', 'bzelf'));
      copyFileSync(testImage('61-64-gzip.bzImage'), join(folder, 'bzImage'));
      const page = readFileSync(PAGE, 'utf8');
      const fresh = page.replaceAll(BLOCK, (_, block: string) => `\`\`\`console\n${asShown(block, folder)}\`\`\``);
      if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(PAGE, fresh);
      else expect(page).toBe(fresh);
    }),
  60_000,
);

test('every command and every exit code has its place on the page', () => {
  const page = readFileSync(PAGE, 'utf8');
  const help = execFileSync(process.execPath, [TOOL_PATH, '--help'], { encoding: 'utf8' });
  for (const [, name] of help.matchAll(/^ {2}bzelf ([\w-]+)/gm)) expect(page).toContain(`\n## ${name}\n`);
  for (const code of [0, 1, 2, 3, 4, 70]) expect(page).toMatch(new RegExp(`^\\| ${code} +\\|`, 'm'));
});
