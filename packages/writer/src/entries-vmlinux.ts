import { fromLe, phys, type PhysAddr } from '@bzelf/bytes';
import { bootParamsRanges, declaredRange, loadersRange, type BzImage } from '@bzelf/bzimage';
import { PF_R, PF_W, PF_X, PT_LOAD, type ElfFile, type MappingRange, type Note, type Phdr } from '@bzelf/elf';
import type { DeclaredEntry } from './entries.js';

const PAGE = 0x1000n;

/** How an inner kernel may be entered: its own 64- or 32-bit entry, and what its Xen notes offer. */
export function vmlinuxEntries(bz: BzImage, elf: ElfFile, notes: readonly Note[]): DeclaredEntry[] {
  const loads = elf.segments.filter(({ p_type }) => p_type === PT_LOAD);
  const bp = bootParamsRanges();
  const image = loads.map((segment) => imageRange(bz, segment, 0n));
  const address = physicalEntry(elf.header.e_entry, loads);
  const common = { address, setupRelative: false } as const;
  const entries: DeclaredEntry[] = [
    bz.bits === 64
      ? { ...common, protocol: 'linux64', mode: 'long64', argument: 'rsi', ranges: [...image, ...bp] }
      : { ...common, protocol: 'linux32', mode: 'protected32', argument: 'esi', ranges: [...image, ...bp] },
  ];
  const phys32 = xenNumber(notes, 18);
  if (phys32 !== undefined) {
    const ranges = [
      ...image,
      loadersRange('start-info', PAGE, 'rw'),
      loadersRange('cmdline', PAGE, 'r', { optional: true }),
    ];
    entries.push({ ...common, protocol: 'pvh', mode: 'protected32', address: phys(phys32), argument: 'ebx', ranges });
  }
  const pvEntry = xenNumber(notes, 1);
  if (pvEntry !== undefined) entries.push(xenPvEntry(bz, loads, pvEntry, xenNumber(notes, 3) ?? 0n));
  return entries;
}

/** A PV guest starts on page tables: everything at VIRT_BASE + physical. Source: Xen public/elfnote.h, VIRT_BASE. */
function xenPvEntry(bz: BzImage, loads: readonly Phdr[], entry: bigint, virtBase: bigint): DeclaredEntry {
  return {
    protocol: 'xen-pv',
    mode: bz.bits === 64 ? 'long64' : 'pae32',
    address: phys(entry - virtBase),
    argument: bz.bits === 64 ? 'rsi' : 'esi',
    setupRelative: false,
    ranges: [
      ...loads.map((segment) => imageRange(bz, segment, virtBase)),
      loadersRange('start-info', PAGE, 'rw'),
      loadersRange('page-tables', PAGE, 'r'),
    ],
  };
}

/**
 * Executable where anything of the segment is; the kernel writes to all of itself while it starts. An i386 kernel has
 * .init.text in the segment of its data, whose flags do not say so. Source: arch/x86/kernel/vmlinux.lds.S, PHDRS.
 */
function imageRange({ bits }: BzImage, { p_paddr, p_memsz, p_flags }: Phdr, virtOffset: bigint): MappingRange {
  const isCode = (p_flags & PF_X) !== 0 || (bits === 32 && (p_flags & PF_W) !== 0);
  const access = `${p_flags & PF_R ? 'r' : ''}${isCode || p_flags & PF_W ? 'w' : ''}${isCode ? 'x' : ''}`;
  return declaredRange('image', p_paddr, p_memsz, access, { virtOffset });
}

/** e_entry of a vmlinux is physical; of other kernels it may be virtual and is found through its segment. */
function physicalEntry(entry: bigint, loads: readonly Phdr[]): PhysAddr {
  if (loads.some(({ p_paddr, p_memsz }) => entry >= p_paddr && entry < p_paddr + p_memsz)) return phys(entry);
  const home = loads.find(({ p_vaddr, p_memsz }) => entry >= p_vaddr && entry < p_vaddr + p_memsz);
  return phys(home ? entry - home.p_vaddr + home.p_paddr : entry);
}

function xenNumber(notes: readonly Note[], type: number): bigint | undefined {
  const note = notes.find(({ owner, type: t }) => owner === 'Xen' && t === type);
  return note === undefined || note.desc.length > 8 ? undefined : fromLe(note.desc);
}
