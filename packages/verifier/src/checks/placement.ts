import { hex, isPowerOfTwo } from '@bzelf/bytes';
import { BZELF_PLACEMENT, type PlacementNote } from '@bzelf/elf';
import { placeKernel } from '@bzelf/writer';
import { kernelLoad, notesOf, phdrField, type ElfSubject } from '../subject.js';
import { defineElfCheck, type Report } from './check.js';

// prettier-ignore
const FINDINGS = {
  'placement/bounds': {
    severity: 'error', title: 'PLACEMENT contradicts itself',
    explanation: 'The alignment is a power of two, and a relocatable kernel\'s preferred address is an aligned one between the lowest and the highest.', remedy: 'wrap the bzImage again',
  },
  'placement/header': {
    severity: 'error', title: 'PLACEMENT says other than the setup_header',
    explanation: 'Loaders read the one or the other; the kernel itself reads the setup_header.', remedy: 'wrap the bzImage again',
  },
  'placement/reserve': {
    severity: 'error', title: 'p_memsz of the kernel\'s PT_LOAD does not reserve init_size',
    explanation: 'QEMU, Xen, iPXE, crosvm and GRUB put initrd and tables right behind the highest segment, and the decompressor would write over them.', remedy: 'wrap the bzImage again',
  },
  'placement/address': {
    severity: 'error', title: 'The kernel is loaded where it cannot run',
    explanation: 'A kernel that cannot be relocated runs at its preferred address only, another one at multiples of its alignment only.', remedy: 'wrap the bzImage again',
  },
} as const;
type Reporter = Report<typeof FINDINGS>;

export const placementCheck = defineElfCheck({
  name: 'placement',
  doc: 'PLACEMENT, setup_header and the PT_LOAD of the kernel agree, and init_size is reserved.',
  findings: FINDINGS,
  run(subject, report) {
    for (const { note, value } of notesOf(subject, 'bzelf-placement')) {
      checkBounds(value, note.descOffset, report);
      checkHeader(subject, value, note.descOffset, report);
    }
    checkLoad(subject, report);
  },
});

const at = (offset: number, field: 'alignment' | 'preferred' | 'lowest' | 'init_size' | 'flags') => ({
  offset: offset + BZELF_PLACEMENT.field(field).at,
  field: `PLACEMENT.${field}`,
});

function checkBounds(
  { relocatable, alignment, preferred, lowest, highest }: PlacementNote,
  offset: number,
  report: Reporter,
) {
  if (!isPowerOfTwo(alignment))
    report('placement/bounds', { ...at(offset, 'alignment'), found: alignment, expected: 'a power of two' });
  else if (lowest > highest)
    report('placement/bounds', { ...at(offset, 'lowest'), found: lowest, expected: `at most ${hex(highest)}` });
  else if (relocatable && (preferred < lowest || preferred > highest))
    report('placement/bounds', {
      ...at(offset, 'preferred'),
      found: preferred,
      expected: `from ${hex(lowest)} to ${hex(highest)}`,
    });
}

function checkHeader({ bz }: ElfSubject, value: PlacementNote, offset: number, report: Reporter): void {
  if (bz === undefined) return;
  const { relocatable, alignment, preferred, initSize } = placeKernel(bz);
  const rows = [
    { field: 'flags', found: Number(value.relocatable), expected: Number(relocatable) },
    { field: 'alignment', found: value.alignment, expected: alignment },
    { field: 'preferred', found: value.preferred, expected: preferred },
    { field: 'init_size', found: value.initSize, expected: initSize },
  ] as const;
  for (const { field, found, expected } of rows)
    if (found !== expected) report('placement/header', { ...at(offset, field), found, expected });
}

function checkLoad(subject: ElfSubject, report: Reporter): void {
  const { bz, elf, form } = subject;
  const loaded = kernelLoad(subject);
  if (bz === undefined || loaded === undefined || bz.bits === 16) return;
  const { load, start } = loaded;
  const placement = placeKernel(bz);
  const { relocatable, alignment, run, reserve } = placement;
  // A stub moves a kernel that is loaded elsewhere; in place there is none.
  const needed = form === 'container' ? reserve : placement.initSize;
  const reserved = load.p_paddr + load.p_memsz - start;
  if (reserved < needed)
    report('placement/reserve', phdrField(elf, load.index, 'p_memsz', needed + (start - load.p_paddr)));
  const isRight = relocatable
    ? start % alignment === 0n
    : start === (form === 'container' ? placement.load : (run ?? placement.load));
  if (!isRight)
    report(
      'placement/address',
      phdrField(elf, load.index, 'p_paddr', relocatable ? `a multiple of ${hex(alignment)}` : placement.load),
    );
}
