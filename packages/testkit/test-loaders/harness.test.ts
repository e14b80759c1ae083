/**
 * The ground under every other loader test: the kernels as they are, booted by the loaders as they are. What fails
 * here is the machine or the harness, not what bzelf wrote.
 */
import {
  bootQemu,
  clockArgument,
  FETCHED_KERNELS,
  judge,
  kernel,
  makeInitrd,
  SMALL_KERNELS,
  testImage,
  testWith,
} from '@bzelf/testkit';

interface Boot {
  id: string;
  bits: 32 | 64;
  machine: string;
  path: string | undefined;
}

const I386 = ['61-32-gzip', 'debian-installer-i386'];
const small = SMALL_KERNELS.map((id) => ({ id, path: testImage(`${id}.bzImage`) }));
const fetched = FETCHED_KERNELS.filter((id) => id.startsWith('debian-')).map((id) => ({ id, path: kernel(id) }));
const boots: Boot[] = [...small, ...fetched].flatMap(({ id, path }) =>
  machinesOf(id).map((machine) => ({ id, path, machine, bits: I386.includes(id) ? 32 : 64 }) satisfies Boot),
);

/** All three machines for one kernel; for the others the one that starts fastest. */
function machinesOf(id: string): string[] {
  return id === '61-64-gzip' ? ['pc', 'q35', 'microvm'] : ['pc'];
}

describe.each(boots)('$id on $machine', ({ id, bits, machine, path }) => {
  const here = judge('qemu-system-x86_64') !== undefined && path !== undefined;
  const title = 'boots to /init with the command line and the initrd it was given';
  (here ? test : test.skip)(
    here ? title : `${title} [skipped: QEMU or the kernel is missing]`,
    async () => {
      const marker = `marker of ${id} on ${machine}`;
      const append = `console=ttyS0 earlyprintk=ttyS0 panic=-1 bzelf.test=${id}${clockArgument(machine)}`;
      const run = await bootQemu({
        kernel: path ?? '',
        machine,
        append,
        initrd: makeInitrd({ bits, marker }),
        until: ['Linux version', `bzelf-init: cmdline=${append}`, `bzelf-init: marker=${marker}`],
        timeoutMs: 180_000,
      });
      expect(run.serial).toMatch(new RegExp(`Kernel command line: .*bzelf\\.test=${id}`));
    },
    200_000,
  );
});

testWith(
  ['qemu-system-x86_64'],
  'a run that never shows what it waits for ends at its time limit and says so',
  async () => {
    await expect(bootQemu({ until: 'never', timeoutMs: 1500 })).rejects.toThrow(/never did not appear/);
  },
);
