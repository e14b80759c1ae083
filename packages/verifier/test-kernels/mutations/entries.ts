/** Wrong entries: addresses of notes and headers, by far and by one byte; seen by what is there, or by where it leads. */
import { elf, entry, header } from './edits';
import type { FileMutation } from './mutation';

const e_entry = (by: bigint) => elf((f) => f.ehdr({ e_entry: f.elf.header.e_entry + by }));
const phys32 = (by: number) => elf((f) => {
  const { descOffset, desc } = f.note('Xen', 18);
  f.u32(descOffset, new DataView(desc.buffer, desc.byteOffset).getUint32(0, true) + by);
}); // prettier-ignore

// prettier-ignore
export const ENTRIES: readonly FileMutation[] = [
  { name: 'e_entry by one byte',               base: 'container',    change: e_entry(1n), code: 'entry/undeclared' },
  { name: 'e_entry to the kernel',             base: 'container',    change: elf((f) => f.ehdr({ e_entry: 0x100_0000n })), code: 'entry/undeclared' },
  { name: 'e_entry by one byte',               base: 'container 32', change: e_entry(1n), code: 'entry/undeclared' },
  { name: 'e_entry by one byte',               base: 'multiboot',    change: e_entry(1n), code: 'entry/undeclared' },
  { name: 'e_entry by one byte',               base: 'multiboot2',   change: e_entry(1n), code: 'entry/undeclared' },
  { name: 'e_entry by one byte',               base: 'elfboot32',    change: e_entry(1n), code: 'entry/undeclared' },
  { name: 'e_entry by one byte',               base: 'linux64',      change: e_entry(1n), code: 'entry/undeclared' },
  { name: 'e_entry by one byte',               base: 'vmlinux',      change: e_entry(1n), code: 'entry/undeclared' },
  { name: 'e_entry by one byte',               base: 'vmlinux 32',   change: e_entry(1n), code: 'entry/undeclared' },
  { name: 'e_entry by one byte',               base: 'inplace 32',   change: e_entry(1n), code: 'entry/undeclared' },
  { name: 'ENTRY of pvh by one byte',          base: 'container',    change: entry(0, 1n), code: 'entry/undeclared' },
  { name: 'ENTRY of pvh by four bytes',        base: 'container',    change: entry(0, 4n), code: 'entry/undeclared' },
  { name: 'ENTRY of pvh by one byte back',     base: 'container',    change: entry(0, -1n), code: 'entry/undeclared' },
  { name: 'ENTRY of pvh by a page',            base: 'container',    change: entry(0, 0x1000n), code: 'entry/undeclared' },
  { name: 'ENTRY of pvh by 1 GiB',             base: 'container',    change: entry(0, 1n << 30n), code: 'entry/undeclared' },
  { name: 'ENTRY of linux32 by one byte',      base: 'container',    by: 'linux32', change: entry(1, 1n), code: 'entry/disagree' },
  { name: 'ENTRY of linux32 to the kernel',    base: 'container',    by: 'linux32', change: entry(1, -0xc0900fn), code: 'entry/disagree' },
  { name: 'ENTRY of linux64 by one byte',      base: 'container',    by: 'linux64', change: entry(4, 1n), code: 'entry/undeclared' },
  { name: 'ENTRY of linux64 to 32-bit code',   base: 'container',    by: 'linux64', change: entry(4, -0xc0n), code: 'entry/undeclared' },
  { name: 'ENTRY of linux64 by a page',        base: 'container',    by: 'linux64', change: entry(4, 0x1000n), code: 'entry/undeclared' },
  { name: 'ENTRY of elfboot by one byte',      base: 'container',    by: 'filo', change: entry(2, 1n), code: 'entry/disagree' },
  { name: 'ENTRY of pvh by one byte',          base: 'container 32', change: entry(0, 1n), code: 'entry/undeclared' },
  { name: 'ENTRY of linux32 by one byte',      base: 'container 32', by: 'linux32', change: entry(1, 1n), code: 'entry/disagree' },
  { name: 'ENTRY of multiboot by one byte',    base: 'universal',    change: entry(1, 1n), code: 'entry/disagree' },
  { name: 'ENTRY of multiboot by a page',      base: 'multiboot',    change: entry(1, 0x1000n), code: 'entry/disagree' },
  { name: 'ENTRY of multiboot2 by one byte',   base: 'multiboot2',   change: entry(1, 1n), code: 'entry/disagree' },
  { name: 'ENTRY of linux64 by one byte',      base: 'inplace',      change: entry(2, 1n), code: 'entry/undeclared' },
  { name: 'ENTRY of linux64 by 0x200',         base: 'inplace',      change: entry(2, 0x200n), code: 'entry/undeclared' },
  { name: 'ENTRY of linux64 to 32-bit code',   base: 'inplace',      change: entry(2, -0x200n), code: 'entry/undeclared' },
  { name: 'ENTRY of linux32 by one byte',      base: 'inplace',      by: 'linux32', change: entry(1, 1n), code: 'entry/inplace' },
  { name: 'ENTRY of linux32 to 64-bit code',   base: 'inplace',      by: 'linux32', change: entry(1, 0x200n), code: 'entry/inplace' },
  { name: 'ENTRY of linux32 by one byte',      base: 'inplace 32',   change: entry(1, 1n), code: 'entry/undeclared' },
  { name: 'ENTRY of linux64 by one byte',      base: 'vmlinux',      change: entry(0, 1n), code: 'entry/undeclared' },
  { name: 'ENTRY of linux64 by 16 bytes',      base: 'vmlinux',      change: entry(0, 16n), code: 'entry/undeclared' },
  { name: 'ENTRY of linux32 by one byte',      base: 'vmlinux 32',   change: entry(0, 1n), code: 'entry/undeclared' },
  { name: 'PHYS32_ENTRY by one byte',          base: 'container',    change: phys32(1), code: 'entry/pvh' },
  { name: 'PHYS32_ENTRY by a page',            base: 'container 32', change: phys32(0x1000), code: 'entry/pvh' },
  { name: 'PHYS32_ENTRY by one byte',          base: 'multiboot',    change: phys32(1), code: 'entry/pvh' },
  { name: 'entry_addr of Multiboot by one',    base: 'universal',    change: elf((f) => f.u32(0xe8 + 0x1c, 0xfef010)), code: 'boot-headers/entry' },
  { name: 'entry_addr of Multiboot by a page', base: 'universal',    change: elf((f) => f.u32(0xe8 + 0x1c, 0xff000f)), code: 'boot-headers/entry' },
  { name: 'XLF_KERNEL_64',                     base: 'bzImage',      change: header({ xloadflags: 0 }), code: 'run/plan' },
];
