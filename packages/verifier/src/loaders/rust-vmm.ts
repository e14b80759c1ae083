import { hex, phys } from '@bzelf/bytes';
import { ELF64_EHDR, ELF64_PHDR } from '@bzelf/elf';
import type { ElfSubject, Subject } from '../subject.js';
import {
  BARE_DECOMPRESSOR,
  elfOr,
  enters,
  hasCodeFor,
  misreads,
  refuses,
  type Forecast,
  type Loader,
} from './loader.js';

/** Where guest memory for kernels begins. Source: HIMEM_START of Firecracker and Cloud Hypervisor. */
const HIGHMEM = 0x10_0000n;
/** Source: crosvm x86_64/src/lib.rs, KERNEL_START_OFFSET. */
const CROSVM_LOWEST = 0x20_0000n;
/** Flags of a Multiboot header that crosvm knows: bits 0, 1, 2 and 16. */
const CROSVM_FLAGS = 0x1_0007;
const BZIMAGE_64_SINCE = 0x020c;

/** Why linux-loader refuses an ELF file, in its own words. Source: linux-loader src/loader/elf/mod.rs. */
function linuxLoaderError({ elf, view }: ElfSubject): string | undefined {
  const { e_phentsize, e_phoff, e_entry } = elf.header;
  if (e_phentsize !== ELF64_PHDR.size) return 'Invalid program header size';
  if (e_phoff < ELF64_EHDR.size) return 'Invalid program header offset';
  if (e_entry < HIGHMEM) return 'Invalid entry address';
  const { failure, entry } = view('linux-loader');
  return entry === undefined ? failure : undefined;
}

function firecrackerElf(subject: ElfSubject): Forecast {
  const error = linuxLoaderError(subject);
  if (error !== undefined) return refuses(`"${error}"`);
  const { entry } = subject.view('linux-loader');
  if (entry !== undefined) return enters('pvh', entry, 'the last PT_NOTE has the PVH entry');
  return linux64At(subject, 'there is no PVH note, so it enters e_entry by the 64-bit boot protocol');
}

/** e_entry in long mode with boot_params that the loader made from nothing. */
function linux64At(subject: ElfSubject, because: string): Forecast {
  const e_entry = phys(subject.elf.header.e_entry);
  if (subject.kernel.form === 'inplace') return misreads(BARE_DECOMPRESSOR);
  if (!hasCodeFor(subject, 'long64', e_entry))
    return misreads(`${because}; there is no 64-bit code at ${hex(e_entry)}`);
  return enters('linux64', e_entry, because);
}

const firecrackerBzImage = ({ bz }: Subject): Forecast =>
  bz?.bits === 64 && bz.version >= BZIMAGE_64_SINCE
    ? refuses('"Invalid Elf magic number"; versions after 1.15 enter a bzImage')
    : refuses('"Invalid Elf magic number"');

function cloudHypervisorElf(subject: ElfSubject): Forecast {
  const error = linuxLoaderError(subject);
  if (error !== undefined) return refuses(`tries it as a bzImage after "${error}", and reports an invalid bzImage`);
  const { entry } = subject.view('linux-loader');
  return entry === undefined
    ? refuses('"KernelMissingPvhHeader"')
    : enters('pvh', entry, 'the last PT_NOTE has the PVH entry');
}

const cloudHypervisorBzImage = ({ bz, kernel }: Subject): Forecast =>
  bz === undefined || bz.bits === 16 || BigInt(bz.header.code32_start ?? 0) < HIGHMEM
    ? refuses('"invalid kernel start address"')
    : enters('linux32', kernel.entries.find(({ protocol }) => protocol === 'linux32')?.address, 'it is a bzImage');

/** Source: crosvm x86_64/src/lib.rs, load_kernel; kernel_loader/src/lib.rs. */
function crosvmElf(subject: ElfSubject): Forecast {
  const { elf, loads, kernel } = subject;
  const header = kernel.multiboot;
  if (header?.address !== undefined) {
    if ((header.flags & ~CROSVM_FLAGS) !== 0) return refuses('it knows no other Multiboot flags than 0, 1, 2 and 16');
    return enters('multiboot', phys(header.entry_addr ?? 0), 'a Multiboot header with addresses comes first', [
      'initrd',
    ]);
  }
  const low = loads.find(({ p_paddr }) => p_paddr < CROSVM_LOWEST);
  if (low !== undefined) return refuses('"program header address out of allowed address range"');
  if (loads.some((load, i) => load.p_paddr < (loads[i - 1]?.p_paddr ?? 0n)))
    return refuses('"program headers are not in address order"');
  const [first, last] = [loads[0], loads.at(-1)];
  const { e_entry } = elf.header;
  if (first === undefined || last === undefined || e_entry < first.p_paddr || e_entry > last.p_paddr + last.p_memsz)
    return refuses('"invalid entry point"');
  if (elf.class === 64) return linux64At(subject, 'class 64: it enters e_entry in long mode');
  if (subject.kernel.form === 'inplace') return misreads(BARE_DECOMPRESSOR);
  if (!hasCodeFor(subject, 'protected32', e_entry)) return misreads('class 32: it enters e_entry in 32-bit mode');
  return enters('linux32', phys(e_entry), 'class 32: it enters e_entry in 32-bit mode');
}

const crosvmBzImage = ({ bz, kernel }: Subject): Forecast =>
  bz?.bits === 64
    ? enters('linux64', kernel.entries.find(({ protocol }) => protocol === 'linux64')?.address, 'it is a bzImage')
    : refuses('it wants a bzImage with a 64-bit entry');

export const RUST_VMM: readonly Loader[] = [
  {
    name: 'firecracker',
    doc: 'Firecracker',
    source: 'Firecracker src/vmm/src/arch/x86_64/mod.rs, load_kernel; linux-loader src/loader/elf/mod.rs',
    forecast: elfOr(firecrackerElf, firecrackerBzImage),
  },
  {
    name: 'cloud-hypervisor',
    doc: 'Cloud Hypervisor',
    source: 'cloud-hypervisor vmm/src/vm.rs, load_kernel; linux-loader src/loader/elf/mod.rs',
    forecast: elfOr(cloudHypervisorElf, cloudHypervisorBzImage),
  },
  {
    name: 'crosvm',
    doc: 'crosvm',
    source: 'crosvm x86_64/src/lib.rs, load_kernel; kernel_loader/src/lib.rs, load_elf',
    forecast: elfOr(crosvmElf, crosvmBzImage),
  },
];
