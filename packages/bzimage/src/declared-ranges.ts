import { phys } from '@bzelf/bytes';
import type { MappingPurpose, MappingRange } from '@bzelf/elf';

const PAGE = 0x1000n;
/** A start that only the loader knows is 0 in the note. */
const UNKNOWN = 0n;

interface RangeDetails {
  readonly optional?: boolean;
  readonly placedByLoader?: boolean;
  readonly virtOffset?: bigint;
}

/** A range that headers declare; `access` is spelled as in `rwx`. */
export function declaredRange(
  purpose: MappingPurpose,
  start: bigint,
  length: bigint,
  access: string,
  { optional = false, placedByLoader = false, virtOffset = 0n }: RangeDetails = {},
): MappingRange {
  return {
    start: phys(start),
    length,
    virtOffset,
    read: access.includes('r'),
    write: access.includes('w'),
    execute: access.includes('x'),
    purpose,
    required: !optional,
    placedByLoader,
    evidence: 'declared',
  };
}

/** A range whose start the loader chooses. */
export const loadersRange = (
  purpose: MappingPurpose,
  length: bigint,
  access: string,
  { optional = false } = {},
): MappingRange => declaredRange(purpose, UNKNOWN, length, access, { placedByLoader: true, optional });

/** boot_params, and what they point to if the loader gives it. */
export const bootParamsRanges = (cmdlineSize: bigint = PAGE): MappingRange[] => [
  loadersRange('boot-params', PAGE, 'rw'),
  loadersRange('cmdline', cmdlineSize, 'r', { optional: true }),
  loadersRange('setup-data', PAGE, 'r', { optional: true }),
];

interface Extent {
  readonly start: bigint;
  readonly length: bigint;
}

/**
 * What the 64-bit boot protocol wants mapped: what the decompressor touches on the loader's page tables, from its entry
 * to its own CR3. Source: boot.rst, 64-bit Boot Protocol; head_64.S of 6.1 and 6.12 (low memory only when it has to
 * switch between 4- and 5-level paging).
 */
export function linux64Ranges(image: Extent, runtime: Extent, cmdlineSize?: bigint): MappingRange[] {
  return [
    declaredRange('image', image.start, image.length, 'rwx'),
    declaredRange('runtime', runtime.start, runtime.length, 'rwx'),
    ...bootParamsRanges(cmdlineSize),
    declaredRange('low-memory', 0n, 0x10_0000n, 'rw', { optional: true }),
  ];
}

/**
 * What startup_64 of a vmlinux reads and writes before it has page tables of its own: the image, boot_params, and with
 * memory encryption the command line and the setup_data list. Source: arch/x86/kernel/head_64.S, head64.c.
 */
export const vmlinuxRanges = ({ start, end }: { readonly start: bigint; readonly end: bigint }): MappingRange[] => [
  declaredRange('image', start, end - start, 'rwx'),
  ...bootParamsRanges(),
];
