import { alignUp, hex } from '@bzelf/bytes';
import { isPowerOfTwo } from '@bzelf/bytes';
import { phdrField, type ElfSubject, type Load } from '../subject.js';
import { defineElfCheck, type Report } from './check.js';

const PAGE = 0x1000n;
const TWO_MIB = 0x20_0000n;
const FOUR_GIB = 0x1_0000_0000n;

// prettier-ignore
const FINDINGS = {
  'segments/none': {
    severity: 'error', title: 'There is no PT_LOAD',
    explanation: 'Nothing would be loaded.', remedy: 'this is no kernel; an object file has to be linked',
  },
  'segments/past-eof': {
    severity: 'error', title: 'A PT_LOAD ends behind the end of the file',
    explanation: 'The file was cut short, or its headers are of another file.', remedy: 'get the file again and compare its size',
  },
  'segments/memsz': {
    severity: 'error', title: 'p_memsz is less than p_filesz',
    explanation: 'Loaders refuse it, and QEMU 7.2 hangs.', remedy: 'wrap the bzImage again',
  },
  'segments/empty': {
    severity: 'warning', title: 'A PT_LOAD is empty',
    explanation: 'GRUB reports an overlap when it lies in another segment; linux-loader does not count it.', remedy: 'remove the segment',
  },
  'segments/no-access': {
    severity: 'warning', title: 'A PT_LOAD may not be read, written or executed',
    explanation: 'Xen does not load it.', remedy: 'set p_flags',
  },
  'segments/overlap': {
    severity: 'error', title: 'Two PT_LOADs overlap in memory',
    explanation: 'QEMU says "Some ROM regions are overlapping", GRUB and kexec refuse the file, and others let one write over the other.', remedy: 'wrap the bzImage again',
  },
  'segments/shared-page': {
    severity: 'warning', title: 'Two PT_LOADs share a page',
    explanation: 'kexec rounds both to pages and refuses the overlap.', remedy: 'wrap the bzImage again',
  },
  'segments/page': {
    severity: 'warning', title: 'A PT_LOAD does not begin at a page',
    explanation: 'kexec says "Base address is not page aligned", and Xen "segment boundary isn\'t page aligned".', remedy: 'wrap the bzImage again',
  },
  'segments/order': {
    severity: 'warning', title: 'The PT_LOADs do not rise in address and in file offset',
    explanation: 'crosvm takes the first for the lowest and the last for the highest; Etherboot reads forwards and drops what it has passed.', remedy: 'wrap the bzImage again',
  },
  'segments/virtual': {
    severity: 'warning', title: 'p_vaddr is not p_paddr',
    explanation: 'iPXE loads by one and compares with the other; before paging there is only one of them.', remedy: 'wrap the bzImage again',
  },
  'segments/low': {
    severity: 'warning', title: 'A PT_LOAD is below 2 MiB',
    explanation: 'crosvm refuses it; below 1 MiB SeaBIOS clears what QEMU has loaded.', remedy: 'wrap the bzImage again: the stub moves a kernel that has to run there',
  },
  'segments/high': {
    severity: 'error', title: 'A PT_LOAD reaches above 4 GiB',
    explanation: 'No 32-bit entry reaches it, and GRUB refuses it ("segment crosses 4 GiB border").', remedy: 'wrap the bzImage again',
  },
  'segments/alignment': {
    severity: 'warning', title: 'p_align of a PT_LOAD is no multiple of 2 MiB',
    explanation: 'linux-loader after 0.14 says "Invalid alignment"; 0 asks for nothing and passes.', remedy: 'wrap the bzImage again',
  },
  'segments/congruence': {
    severity: 'error', title: 'p_align of a PT_LOAD is no power of two, or p_offset and p_vaddr differ modulo it',
    explanation: 'The ELF specification asks for it; loaders that map files rely on it.', remedy: 'wrap the bzImage again',
  },
  'segments/file-overlap': {
    severity: 'warning', title: 'Two PT_LOADs take the same bytes of the file',
    explanation: 'A file that was put together by hand, or by a tool that moved one of them.', remedy: 'wrap the bzImage again',
  },
} as const;

export const segmentsCheck = defineElfCheck({
  name: 'segments',
  doc: 'PT_LOADs: inside the file, in order, apart from each other, at addresses that loaders can reach.',
  findings: FINDINGS,
  run(subject, report) {
    if (subject.loads.length === 0) report('segments/none');
    for (const load of subject.loads) {
      checkOne(subject, load, report);
      checkPlace(subject, load, report);
    }
    const byAddress = [...subject.loads].sort((a, b) => (a.p_paddr < b.p_paddr ? -1 : 1));
    byAddress.forEach((load, i) => checkNext(subject, load, byAddress[i + 1], report));
    checkOrder(subject, report);
    checkFileOverlap(subject, report);
  },
});

type Reporter = Report<typeof FINDINGS>;

function checkOne({ elf, source }: ElfSubject, load: Load, report: Reporter): void {
  const { index, p_offset, p_filesz, p_memsz, p_flags, p_align, p_vaddr } = load;
  if (p_offset + p_filesz > BigInt(source.size))
    report('segments/past-eof', phdrField(elf, index, 'p_filesz', `at most ${hex(BigInt(source.size) - p_offset)}`));
  if (p_memsz < p_filesz) report('segments/memsz', phdrField(elf, index, 'p_memsz', p_filesz));
  if (p_memsz === 0n) report('segments/empty', phdrField(elf, index, 'p_memsz'));
  if ((p_flags & 7) === 0) report('segments/no-access', phdrField(elf, index, 'p_flags'));
  if (p_align > 1n && (!isPowerOfTwo(p_align) || (p_vaddr - p_offset) % p_align !== 0n))
    report('segments/congruence', phdrField(elf, index, 'p_align'));
}

/** Rules for addresses that the writer chooses; an inner kernel and a bzImage in place are where they were linked. */
function checkPlace({ elf, form }: ElfSubject, { index, p_paddr, p_vaddr, p_memsz, p_align }: Load, report: Reporter) {
  if (p_paddr % PAGE !== 0n) report('segments/page', phdrField(elf, index, 'p_paddr', 'a multiple of 0x1000'));
  if (p_paddr + p_memsz > FOUR_GIB) report('segments/high', phdrField(elf, index, 'p_paddr', 'an end below 4 GiB'));
  if (form !== 'container' && form !== 'inplace') return;
  if (p_vaddr !== p_paddr) report('segments/virtual', phdrField(elf, index, 'p_vaddr', p_paddr));
  if (isPowerOfTwo(p_align) && p_align > 1n && p_align % TWO_MIB !== 0n)
    report('segments/alignment', phdrField(elf, index, 'p_align', 0));
  if (form === 'container' && p_paddr < TWO_MIB)
    report('segments/low', phdrField(elf, index, 'p_paddr', `${hex(TWO_MIB)} or more`));
}

function checkNext({ elf }: ElfSubject, load: Load, next: Load | undefined, report: Reporter): void {
  if (next === undefined || load.p_memsz === 0n || next.p_memsz === 0n) return;
  const end = load.p_paddr + load.p_memsz;
  const expected = `${hex(end)}, the end of segment ${load.index}, or more`;
  if (next.p_paddr < end) report('segments/overlap', phdrField(elf, next.index, 'p_paddr', expected));
  else if (next.p_paddr < alignUp(end, PAGE))
    report('segments/shared-page', phdrField(elf, next.index, 'p_paddr', hex(alignUp(end, PAGE))));
}

function checkOrder({ elf, loads }: ElfSubject, report: Reporter): void {
  loads.forEach((load, i) => {
    const before = loads[i - 1];
    if (before === undefined) return;
    if (load.p_paddr < before.p_paddr) report('segments/order', phdrField(elf, load.index, 'p_paddr'));
    else if (load.p_offset < before.p_offset) report('segments/order', phdrField(elf, load.index, 'p_offset'));
  });
}

function checkFileOverlap({ elf, loads }: ElfSubject, report: Reporter): void {
  const byOffset = loads.filter(({ p_filesz }) => p_filesz > 0n).sort((a, b) => (a.p_offset < b.p_offset ? -1 : 1));
  byOffset.forEach((load, i) => {
    const before = byOffset[i - 1];
    if (before !== undefined && load.p_offset < before.p_offset + before.p_filesz)
      report('segments/file-overlap', phdrField(elf, load.index, 'p_offset', hex(before.p_offset + before.p_filesz)));
  });
}
