import { errorFactory } from '@bzelf/bytes';

export const LOADER_ERRORS = {
  'loader/not-a-kernel': 'This is neither a bzImage nor an ELF file',
  'loader/no-entry': 'The kernel cannot be entered by this protocol',
  'loader/unplanned-protocol': 'This protocol is entered by firmware, not by a load plan',
  'loader/bad-memory-map': 'The memory map has a range that no machine has',
  'loader/bad-option': 'An option has a value that the protocol does not allow',
  'loader/not-ram': 'The kernel needs memory that is not RAM in this memory map',
  'loader/overlap': 'Two objects need the same memory',
  'loader/no-room': 'No free range of RAM is large enough',
  'loader/not-relocatable': 'The kernel runs at one address only',
  'loader/misaligned': 'The kernel cannot run at an address with this alignment',
  'loader/out-of-range': 'The address is outside what the kernel or the protocol allows',
  'loader/cmdline-too-long': 'The command line is longer than the kernel accepts',
  'loader/bad-segment': 'A segment of the file cannot be loaded as its header says',
  'loader/bad-origin': 'The note that tells where the original bzImage lies does not fit the file',
  'loader/bad-multiboot': 'The Multiboot header contradicts itself or the file',
  'loader/bad-mapping': 'A range to map is not one that page tables can express',
  'loader/mapping-conflict': 'One virtual page would have to map two physical pages',
  'loader/page-tables-too-large': 'The page tables would be larger than the limit',
  'loader/no-payload': 'The file carries no compressed kernel',
  'loader/no-relocations': 'The kernel cannot be moved: its relocation table is missing',
  'loader/bad-slide': 'The kernel cannot run with this slide',
  'loader/xen-pv-notes': 'The kernel is not one that a Xen PV domain can run',
} as const;

export const fail = errorFactory(LOADER_ERRORS);
