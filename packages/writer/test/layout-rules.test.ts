import { readFileSync } from 'node:fs';
import { getU32, setU32 } from '@bzelf/bytes';
import {
  findBootHeaders,
  PT_LOAD,
  PT_NOTE,
  readElf,
  readNotes,
  scanNotes,
  viewNotesAs,
  type ElfFile,
} from '@bzelf/elf';
import { makeBzImage, SMALL_KERNELS, testImage } from '@bzelf/testkit';
import { TARGETS, unwrap, wrap } from '../src/index.js';

/** The rules of docs/loaders.md that cost nothing and that some loader insists on. One row, one test. */
const RULES: { rule: string; who: string; holds: (elf: ElfFile, file: Uint8Array) => void }[] = [
  {
    rule: 'program headers lie directly behind the ELF header, in the first 512 bytes',
    who: 'Etherboot reads one block',
    holds: ({ header }) => {
      expect(Number(header.e_phoff)).toBe(header.e_ehsize);
      expect(header.e_ehsize + header.e_phnum * header.e_phentsize).toBeLessThanOrEqual(512);
    },
  },
  {
    rule: 'sizes, versions and flags of the ELF header are exact and the type is ET_EXEC',
    who: 'kexec, GRUB, FILO, U-Boot, QEMU',
    holds: ({ header, class: elfClass }) => {
      expect(header).toMatchObject({
        e_type: 2,
        e_version: 1,
        e_flags: 0,
        e_ehsize: elfClass === 64 ? 64 : 52,
        e_phentsize: elfClass === 64 ? 56 : 32,
        e_shentsize: elfClass === 64 ? 64 : 40,
      });
    },
  },
  {
    rule: 'no "HdrS" stands at 0x202',
    who: 'QEMU would take the file for a bzImage',
    holds: (_, file) => expect(getU32(file, 0x202)).not.toBe(0x53726448),
  },
  {
    rule: 'there is one PT_NOTE with p_align 4 and p_offset above 0, and its notes end exactly at its end',
    who: 'QEMU, linux-loader, Xen, kexec',
    holds: (elf) => {
      const notes = elf.segments.filter((s) => s.p_type === PT_NOTE);
      expect(notes).toEqual([expect.objectContaining({ p_align: 4n, p_vaddr: 0n, p_paddr: 0n })]);
      expect(notes[0]?.p_offset).toBeGreaterThan(0n);
      expect(viewNotesAs(elf, 'kexec').failure).toBeUndefined();
      expect(scanNotes(elf).problems).toEqual([]);
    },
  },
  {
    rule: 'PT_LOADs rise in address and in file offset, share no page, and load at p_vaddr = p_paddr',
    who: 'crosvm, Etherboot, kexec, GRUB, Xen, iPXE',
    holds: (elf) => {
      const loads = elf.segments.filter((s) => s.p_type === PT_LOAD);
      loads.forEach((load, i) => {
        expect(load.p_vaddr).toBe(load.p_paddr);
        expect(load.p_paddr % 0x1000n).toBe(0n);
        expect(load.p_offset % 0x1000n).toBe(0n);
        expect(load.p_filesz).toBeGreaterThan(0n);
        const next = loads[i + 1];
        if (next === undefined) return;
        expect(next.p_offset).toBeGreaterThanOrEqual(load.p_offset + load.p_filesz);
        expect(next.p_paddr).toBeGreaterThanOrEqual((load.p_paddr + load.p_memsz + 0xfffn) & ~0xfffn);
      });
    },
  },
  {
    rule: 'no PT_LOAD has a p_align that is no multiple of 2 MiB',
    who: 'linux-loader after 0.14',
    holds: ({ segments }) => {
      for (const { p_type, p_align } of segments) if (p_type === PT_LOAD) expect(p_align % 0x20_0000n).toBe(0n);
    },
  },
  {
    rule: 'every PT_LOAD lies between 2 MiB and 4 GiB',
    who: 'crosvm, SeaBIOS (wipes low memory), GRUB',
    holds: (elf) => {
      for (const { p_type, p_paddr, p_memsz } of elf.segments) {
        if (p_type !== PT_LOAD) continue;
        expect(p_paddr).toBeGreaterThanOrEqual(0x20_0000n);
        expect(p_paddr + p_memsz).toBeLessThanOrEqual(0x1_0000_0000n);
      }
    },
  },
  {
    rule: 'e_entry lies in the file bytes of an executable PT_LOAD',
    who: 'linux-loader, iPXE, GRUB',
    holds: ({ header, segments }) => {
      const home = segments.find(
        (s) => s.p_type === PT_LOAD && header.e_entry >= s.p_paddr && header.e_entry < s.p_paddr + s.p_filesz,
      );
      expect(home?.p_flags).toBe(7);
    },
  },
  {
    rule: 'p_memsz of the kernel reaches to the end of init_size, which the setup_header in the file tells',
    who: 'QEMU, Xen, iPXE, crosvm, GRUB put modules right behind the highest segment',
    holds: (elf, file) => {
      const kernel = elf.segments.find((s) => s.p_type === PT_LOAD && s.p_paddr === 0x100_0000n);
      const setup = elf.sections.find(({ name }) => name === '.bzimage.setup');
      const init_size = getU32(file, Number(setup?.sh_offset) + 0x260);
      expect(init_size).toBeGreaterThan(0x10_0000);
      expect(kernel?.p_memsz).toBeGreaterThanOrEqual(BigInt(init_size));
    },
  },
  {
    rule: 'section headers exist, and no section of type REL or RELA',
    who: 'GRUB 2.12 refuses e_shoff 0',
    holds: ({ header, sections }) => {
      expect(Number(header.e_shoff)).toBeGreaterThan(0);
      expect(sections.filter(({ sh_type }) => sh_type === 4 || sh_type === 9)).toEqual([]);
    },
  },
  {
    rule: 'only PHYS32_ENTRY has note type 18, and it is the first note',
    who: 'QEMU takes any owner',
    holds: (elf) => {
      const at = readNotes(elf).flatMap((note, i) => (note.type === 18 ? [`${i} ${note.owner}`] : []));
      expect(['', '0 Xen']).toContain(at.join());
    },
  },
];

const CONTAINERS = TARGETS.filter(({ forms }) => forms.includes('container'));

describe.each(CONTAINERS.map(({ name }) => name))('a container for %s', (target) => {
  const files = SMALL_KERNELS.filter((name) => name.endsWith('gzip')).map(async (name) => {
    const { bytes } = await wrap(readFileSync(testImage(`${name}.bzImage`)), { target });
    return bytes;
  });
  test.each(RULES)('$rule ($who)', async ({ holds }) => {
    for (const file of await Promise.all(files)) holds(readElf(file), file);
  });
});

test.each([
  { target: 'pvh', headers: [] },
  { target: 'linux64', headers: [] },
  { target: 'multiboot', headers: ['Multiboot'] },
  { target: 'multiboot2', headers: ['Multiboot 2'] },
  { target: 'universal', headers: ['Multiboot'] },
])('a loader that searches the file for $target finds $headers', async ({ target, headers }) => {
  const { bytes } = await wrap(readFileSync(testImage('61-64-gzip.bzImage')), { target });
  expect(findBootHeaders(bytes).map(({ name }) => name)).toEqual(headers);
  expect(findBootHeaders(bytes).every(({ offset }) => offset < 512)).toBe(true);
});

test.each(
  CONTAINERS.map(({ name, multiboot, multiboot2 }) => ({ name, own: Number(!!multiboot) + Number(!!multiboot2) })),
)('headers that the kernel holds by accident are out of sight in a container for $name', async ({ name, own }) => {
  const protectedMode = new Uint8Array(0x400);
  const header = (at: number, ...words: number[]) =>
    words.forEach((word, i) => setU32(protectedMode, at + 4 * i, word));
  header(0x210, 0x1badb002, 3, -(0x1badb002 + 3) >>> 0);
  header(0x220, 0xe85250d6, 0, 16, -(0xe85250d6 + 16) >>> 0);
  header(0x240, 0x336ec578, 0x10000, -(0x336ec578 + 0x10000) >>> 0);
  const input = makeBzImage({ protectedMode });
  expect(findBootHeaders(input)).toHaveLength(3);
  const { bytes } = await wrap(input, { target: name });
  expect(findBootHeaders(bytes)).toHaveLength(own);
  expect(unwrap(bytes)).toEqual(input);
});
