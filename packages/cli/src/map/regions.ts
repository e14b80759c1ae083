import { phys, type PhysAddr } from '@bzelf/bytes';
import { PF_R, PF_W, PF_X, PT_LOAD, SHF_ALLOC, type ElfFile, type MappingRange, type Phdr } from '@bzelf/elf';
import type { KernelEntry, KernelImage } from '@bzelf/loader';
import { accessText } from '../print/ranges.js';

/** Who speaks of the memory: what is loaded, what the kernel takes while it starts, what is to be mapped. */
export type Lane = 'loaded' | 'needed' | 'mapped';

export interface Region {
  readonly lane: Lane;
  readonly start: PhysAddr;
  /** Bytes. */
  readonly length: bigint;
  readonly what: string;
  /** `rwx`, where it is told. */
  readonly access: string;
  readonly remark: string;
}

export interface MemoryPicture {
  /** By address, and the wider first. */
  readonly regions: readonly Region[];
  readonly entries: readonly KernelEntry[];
  /** What the loader places where it likes: it is part of the contract, but not of the map. */
  readonly placedByLoader: readonly MappingRange[];
}

export function memoryPicture(kernel: KernelImage): MemoryPicture {
  const ranges = distinctRanges(kernel);
  const regions = [
    ...loadedRegions(kernel),
    ...neededRegions(kernel),
    ...ranges.filter((r) => !r.placedByLoader).map(mappedRegion),
  ];
  return {
    regions: regions.filter((region) => region.length > 0n).sort(byAddress),
    entries: kernel.entries.filter((entry) => !entry.setupRelative),
    placedByLoader: ranges.filter((range) => range.placedByLoader),
  };
}

const LANES: readonly Lane[] = ['loaded', 'needed', 'mapped'];

function byAddress(a: Region, b: Region): number {
  if (a.start !== b.start) return a.start < b.start ? -1 : 1;
  if (a.length !== b.length) return a.length > b.length ? -1 : 1;
  return LANES.indexOf(a.lane) - LANES.indexOf(b.lane);
}

function loadedRegions(kernel: KernelImage): Region[] {
  if ('elf' in kernel) return kernel.elf.segments.flatMap((phdr, index) => segmentRegions(kernel.elf, phdr, index));
  const { bzImage, placement } = kernel;
  const start = placement?.preferred ?? phys(0x100000);
  return [region('loaded', start, BigInt(bzImage.protectedMode.size), 'protected-mode kernel', 'rwx')];
}

function segmentRegions(elf: ElfFile, phdr: Phdr, index: number): Region[] {
  const { p_type, p_paddr, p_filesz, p_memsz, p_flags } = phdr;
  if (p_type !== PT_LOAD) return [];
  const access = accessText({
    read: (p_flags & PF_R) !== 0,
    write: (p_flags & PF_W) !== 0,
    execute: (p_flags & PF_X) !== 0,
  });
  const header = `PT_LOAD ${index}`;
  const section = segmentName(elf, phdr);
  const [name, remark] = section === undefined ? [header, ''] : [section, header];
  const file = region('loaded', phys(p_paddr), p_filesz, name, access, remark);
  if (p_memsz <= p_filesz) return [file];
  const rest = region('loaded', phys(p_paddr + p_filesz), p_memsz - p_filesz, `${name}: zeros`, access, remark);
  return [file, rest];
}

/** A segment has no name, but a section that starts with it may tell. */
function segmentName(elf: ElfFile, { p_offset, p_filesz }: Phdr): string | undefined {
  if (p_filesz === 0n) return undefined;
  const section = elf.sections.find(
    ({ sh_offset, sh_flags }) => sh_offset === p_offset && (sh_flags & BigInt(SHF_ALLOC)) !== 0n,
  );
  return section?.name === '' ? undefined : section?.name;
}

function neededRegions({ placement }: KernelImage): Region[] {
  if (placement === undefined) return [];
  const { preferred, initSize, relocatable } = placement;
  const remark = relocatable ? 'moves with the kernel' : 'at this address only';
  return [region('needed', preferred, initSize, 'runtime window (init_size)', '', remark)];
}

/** The same range is often told for several entries. */
function distinctRanges({ mappings }: KernelImage): MappingRange[] {
  const seen = new Map<string, MappingRange>();
  for (const range of mappings.flatMap((mapping) => mapping.ranges)) {
    const { start, length, purpose, placedByLoader } = range;
    const key = placedByLoader ? purpose : `${start} ${length} ${purpose}`;
    if (!seen.has(key)) seen.set(key, range);
  }
  return [...seen.values()];
}

function mappedRegion(range: MappingRange): Region {
  const { start, length, purpose, required, evidence, virtOffset } = range;
  const remarks = [
    required ? '' : 'optional',
    evidence === 'measured' ? evidence : '',
    virtOffset === 0n ? '' : 'not P==V',
  ];
  return region('mapped', start, length, purpose, accessText(range), remarks.filter(Boolean).join(', '));
}

const region = (lane: Lane, start: PhysAddr, length: bigint, what: string, access: string, remark = ''): Region => ({
  lane,
  start,
  length,
  what,
  access,
  remark,
});
