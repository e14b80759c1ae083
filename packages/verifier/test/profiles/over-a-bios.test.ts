/** A program that has only a 16-bit entry calls the BIOS, also from inside a container: which loaders have one below them. */
import { openKernel } from '@bzelf/loader';
import { makeBzImage } from '@bzelf/testkit';
import { wrap, type WrapOptions } from '@bzelf/writer';
import { findProfile, profilesFor } from '../../src/profiles/find';
import { verify } from '../../src/verify';

/** `jmp` over the header; at 0x270: mov si, 0x280; lodsb; test al, al; jz; mov ah, 0x0e; int 10h; jmp; hlt. */
function saysWhoItIs(): Uint8Array {
  const setup = new Uint8Array(0x400);
  setup.set([0xbe, 0x80, 0x02, 0xac, 0x84, 0xc0, 0x74, 6, 0xb4, 0x0e, 0xcd, 0x10, 0xeb, 0xf5, 0xf4], 0x270);
  setup.set(new TextEncoder().encode('MEMDISK, nearly\0'), 0x280);
  // code32_start 0 is how such programs say that they have no other entry
  return makeBzImage({ version: 0x0207, setup_sects: 1, jump: 0x6eeb, code32_start: 0, setup });
}

// prettier-ignore
const FILES: readonly { readonly options: WrapOptions; readonly profiles: readonly string[] }[] = [
  { options: { target: 'pvh' },        profiles: ['qemu-pvh-seabios', 'kexec-elf64', 'seabios-payload'] },
  { options: { target: 'universal' },  profiles: ['qemu-pvh-seabios', 'kexec-elf64', 'qemu-mb1', 'seabios-payload'] },
  { options: { target: 'multiboot' },  profiles: ['qemu-pvh-seabios', 'kexec-elf32', 'qemu-mb1'] },
  { options: { target: 'multiboot2' }, profiles: ['qemu-pvh-seabios', 'kexec-elf64', 'grub-mb2', 'seabios-payload'] },
  { options: { target: 'elfboot32' },  profiles: ['kexec-elf32'] },
  { options: { target: 'linux64' },    profiles: ['kexec-elf64'] },
  { options: { form: 'inplace' },      profiles: ['linux16'] },
];

test.each(FILES)(
  '$options: the first profile of each entry that has a BIOS shows it',
  async ({ options, profiles }) => {
    const { bytes } = await wrap(saysWhoItIs(), options);
    const { runs, verdict } = await verify(bytes, { ram: 64 << 20 });
    expect(runs.map(({ profile, reached, bios }) => [profile, reached, bios?.map(({ call }) => call)])).toEqual(
      profiles.map((name) => [name, 'milestone', expect.arrayContaining(['int 10h, ah=0e'])]),
    );
    expect(verdict).toBe('pass');
    for (const { firmware } of profilesFor(openKernel(bytes))) expect(firmware).toBe('bios');
  },
);

test('without a BIOS it says why it stops', async () => {
  const { bytes } = await wrap(saysWhoItIs(), {});
  const { runs } = await verify(bytes, { ram: 64 << 20, profiles: ['pvh'] });
  expect(runs.map(({ verdict, findings }) => [verdict, ...findings.map(({ code }) => code)])).toEqual([
    ['fail', 'run/halt'],
  ]);
  expect(runs[0]?.serial).toContain('this kernel needs a BIOS, and there is none');
});

/** Loaders of a machine without a BIOS, and those that are said to the letter, leave none. */
test.each(['pvh', 'qemu-pvh-qboot', 'firecracker-pvh', 'ch-pvh', 'xen-domU', 'multiboot', 'crosvm-mb1', 'coreboot'])(
  '%s has no BIOS',
  (name) => {
    expect(findProfile(name).firmware).not.toBe('bios');
  },
);
