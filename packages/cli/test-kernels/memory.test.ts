/** What verify takes of this computer's memory. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot, testWithKernel, withTempFolder } from '@bzelf/testkit';

const TOOL = join(repositoryRoot(), 'packages/cli/bin/bzelf.cjs');
const MOST_MIB = 400;

/** The peak of this process alone: what getrusage says may be of the one that started it. */
const PEAK = `
const { readFileSync, writeFileSync } = require('node:fs');
process.on('exit', () => writeFileSync('peak', readFileSync('/proc/self/status')));
`;

const title = `verify of a 46 MiB kernel by three profiles, KASLR among them, stays below ${MOST_MIB} MiB`;

// the largest of the kernels that unpack fast; scripts/bench.mjs measures one with an init_size of 56 MiB and more
if (!existsSync('/proc/self/status')) test.skip(`${title} [skipped: no /proc]`, () => undefined);
else
  testWithKernel(
    'debian-6.1-cloud',
    title,
    (kernel) =>
      withTempFolder((folder) => {
        writeFileSync(join(folder, 'peak.cjs'), PEAK);
        const profiles = ['linux64', 'linux64-full', 'linux32'].flatMap((name) => ['--profile', name]);
        const words = ['--require', join(folder, 'peak.cjs'), TOOL, 'verify', kernel, ...profiles];
        const { status, stdout } = spawnSync(process.execPath, words, { cwd: folder, encoding: 'utf8' });
        expect([status, stdout.match(/ pass /g)?.length]).toEqual([0, 3]);
        const [, kib] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(join(folder, 'peak'), 'utf8')) ?? [];
        expect(Number(kib) / 1024).toBeGreaterThan(100); // it did measure it
        expect(Number(kib) / 1024).toBeLessThan(MOST_MIB);
      }),
    120_000,
  );
