/** `bzelf run --trace` and `--gdb`: what the file says, and what the real gdb sees. */
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withTempFolder } from '@bzelf/testkit';
import { program } from './run-programs';
import { bzelf, TOOL_PATH } from './tool';

const hasGdb = spawnSync('gdb', ['--version']).status === 0;

test('--trace writes a line for every instruction: count, address, bytes, text and what it changed', () =>
  withTempFolder((folder) => {
    writeFileSync(join(folder, 'program'), program('A', 'exitPort'));
    const { exit, err } = bzelf(['run', 'program', '-m', '4M', '--trace', 'trace'], { cwd: folder });
    expect(exit).toBe(0);
    const lines = readFileSync(join(folder, 'trace'), 'utf8').trimEnd().split('\n');
    const [, count] = /: ([\d,]+) instructions/.exec(err) ?? [];
    expect(lines).toHaveLength(Number(count));
    expect(lines.map((line) => line.split(' ')[0])).toEqual(lines.map((_, i) => String(i)));
    // from the encodings in run-programs.ts: mov edx, 0x3f8; mov esi, text; then one round of the loop
    const told = lines.map((line) => line.split(' ').slice(2).join(' ').replaceAll(/ +/g, ' '));
    expect(told[0]).toMatch(/^baf8030000 mov edx,3F8h .*rdx=3f8$/);
    expect(told[2]).toMatch(/^ac lodsb .*rax=\w*41 .*rsi=/);
    expect(told.at(-2)).toMatch(/^b02a mov al,2Ah rax=\w*2a$/);
    expect(told.at(-1)).toMatch(/^e6f4 out 0F4h,al$/);
  }));

/** A started tool, and the port that it waits at. */
function startWithGdb(folder: string): { ended: Promise<number | null>; port: Promise<string>; said: () => string } {
  const words = ['run', 'program', '-m', '4M', '--gdb', '0'];
  const child = spawn(process.execPath, [TOOL_PATH, ...words], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let [err, out] = ['', ''];
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  child.stdout.on('data', (bytes: Buffer) => (out += bytes.toString()));
  const port = new Promise<string>((resolve, reject) => {
    child.stderr.on('data', (bytes: Buffer) => {
      err += bytes.toString();
      const [, found] = /target remote :(\d+)/.exec(err) ?? [];
      if (found !== undefined) resolve(found);
    });
    void ended.then(() => reject(new Error(err)));
  });
  return { ended, port, said: () => out + err };
}

(hasGdb ? test : test.skip)('--gdb waits for gdb, which steps and leaves; then the run goes on', () =>
  withTempFolder(async (folder) => {
    writeFileSync(join(folder, 'program'), program('Hello', 'exitPort'));
    const { ended, port, said } = startWithGdb(folder);
    const commands = [`target remote 127.0.0.1:${await port}`, 'stepi', 'print $edx', 'print/x $rip', 'detach'];
    const words = ['set confirm off', ...commands].flatMap((command) => ['-ex', command]);
    const gdb = spawn('gdb', ['-nx', '-q', '-batch', ...words], { stdio: ['ignore', 'pipe', 'ignore'] });
    let seen = '';
    gdb.stdout.on('data', (bytes: Buffer) => (seen += bytes.toString()));
    await new Promise((resolve) => gdb.on('close', resolve));
    expect(seen).toMatch(/\$1 = 1016\n\$2 = 0x100011\n/);
    expect(await ended).toBe(0);
    expect(said()).toMatch(/^Hellobzelf: waiting for gdb: .*\nbzelf: exit port, value 42: /);
  }),
  30_000,
); // prettier-ignore
