import { phys } from '@bzelf/bytes';
import { BIOS_PURPOSES } from '../bios/index.js';
import type { MappingPurpose, MappingRange } from '@bzelf/elf';
import { copyLength, resolveRanges, type KernelImage, type LoadPlan, type PlacedObject } from '@bzelf/loader';
import type { Access } from '@bzelf/x86';

/** A range that may be used until the kernel runs. */
export interface AllowedRange {
  readonly start: number;
  readonly end: number;
  readonly access: Access;
  readonly purpose: string;
  /** Somebody is to touch it. */
  readonly required: boolean;
  /** Which range of the entry's MAPPING it is; one that the loader places may stand for several objects. */
  readonly row?: number;
}

export interface Allowed {
  readonly ranges: readonly AllowedRange[];
  /** Where they are from: the notes or headers of the file; or only from what the plan loads and reserves. */
  readonly evidence: 'declared' | 'plan';
}

/** What a processor needs by itself, and a loader's own stack: nobody declares them. */
const LOADERS_OWN = ['gdt', 'page-tables', 'stack', 'coreboot-table', 'acpi', ...BIOS_PURPOSES];
const isBios = (purpose: string): boolean => BIOS_PURPOSES.some((own) => own === purpose);
const MIB = 0x10_0000n;
/** Bytes above 1 MiB that FFFF:FFFF reaches. */
const HIGH_MEMORY_AREA = 0xfff0n;
/** Purposes of copies, as MAPPING notes call them. */
const PURPOSES: Readonly<Record<string, MappingPurpose>> = {
  boot_params: 'boot-params',
  setup_data: 'setup-data',
  hvm_start_info: 'start-info',
  hvm_modlist_entry: 'start-info',
  hvm_memmap_table_entry: 'start-info',
  multiboot_info: 'start-info',
  multiboot2_info: 'start-info',
  elfboot: 'start-info',
  cmdline: 'cmdline',
  initrd: 'initrd',
};

/** What the file asks to be mapped for this plan, with the plan's addresses. */
export function allowedRanges(kernel: KernelImage, plan: LoadPlan): Allowed {
  const own = plan.copies
    .filter(({ purpose }) => LOADERS_OWN.includes(purpose))
    .map((copy) =>
      copy.purpose === 'stack'
        ? stackPage(copy.to)
        : allowed(copy.to, BigInt(copyLength(copy)), isBios(copy.purpose) ? 'rwx' : 'rw', copy.purpose, false),
    );
  // the test of A20 reads there; programs in real mode reach it, and nothing can take it away
  if (plan.cpu.mode === 'real16') own.push(allowed(MIB, HIGH_MEMORY_AREA, 'r', 'high-memory-area', false));
  const entry = kernel.entries.find(({ protocol }) => protocol === plan.protocol);
  const note = kernel.mappings.find(({ entryId }) => entryId === entry?.id) ?? sisterNote(kernel, plan);
  if (entry === undefined || note === undefined) return { ranges: [...planRanges(plan), ...own], evidence: 'plan' };
  const moved = entry.setupRelative ? movedBy(plan, note.ranges) : { delta: plan.entry - entry.address };
  const options = { ...moved, objects: objectsOf(plan), optional: true };
  // what a loader places is wanted; whether the kernel needs it is for the note to say
  const resolved = note.ranges.flatMap((range, row) =>
    resolveRanges([range], options).map((own) => ({ ...fromMapping({ ...own, required: range.required }), row })),
  );
  return { ranges: [...resolved, ...own], evidence: 'declared' };
}

/** Where setup is says nothing of the image: the plan does. */
function movedBy({ copies, reserve }: LoadPlan, ranges: readonly MappingRange[]) {
  const declared = (wanted: string): bigint => ranges.find(({ purpose }) => purpose === wanted)?.start ?? 0n;
  const image = copies.find(({ purpose }) => purpose === 'image');
  const taken = reserve.find(({ purpose }) => purpose === 'image');
  const runtime = reserve.find(({ purpose }) => purpose === 'runtime');
  return {
    delta: (image?.to ?? 0n) - declared('image'),
    ...(runtime === undefined ? {} : { runtimeDelta: runtime.start - declared('runtime') }),
    ...(taken === undefined ? {} : { imageLength: taken.length }),
  };
}

/** boot.rst declares for the 64-bit entry what both entries of a bzImage use. */
const sisterNote = ({ form, mappings, entries }: KernelImage, { protocol }: LoadPlan) =>
  form === 'bzimage' && protocol === 'linux32'
    ? mappings.find(({ entryId }) => entries.find(({ id }) => id === entryId)?.protocol === 'linux64')
    : undefined;

/** A stack has room below what was pushed. */
const stackPage = (top: bigint): AllowedRange => allowed(top - (top % 0x1000n), 0x1000n, 'rw', 'stack', false);

const allowed = (start: bigint, length: bigint, access: Access, purpose: string, required: boolean): AllowedRange => ({
  start: Number(start),
  end: Number(start + length),
  access,
  purpose,
  required,
});

function fromMapping({ start, length, read, write, execute, purpose, required }: MappingRange): AllowedRange {
  const access = `${read ? 'r' : ''}${write ? 'w' : ''}${execute ? 'x' : ''}` as Access;
  return allowed(start, length, access, purpose, required);
}

/** Everything that the plan brings for the kernel or keeps free; what is brought to a place that is kept free for it is not told again. */
function planRanges({ copies, zeros, reserve }: LoadPlan): AllowedRange[] {
  const taken = [...zeros, ...reserve].map(({ start, length, purpose }) =>
    allowed(start, length, 'rwx', purpose, false),
  );
  const brought = copies
    .filter(({ purpose }) => !LOADERS_OWN.includes(purpose))
    .map((copy) => allowed(copy.to, BigInt(copyLength(copy)), 'rwx', copy.purpose, false));
  const isTaken = ({ purpose, start, end }: AllowedRange): boolean =>
    taken.some((own) => own.purpose === purpose && own.start <= start && own.end >= end);
  return [...taken, ...brought.filter((range) => !isTaken(range))];
}

/** What the loader has placed. A command line has room behind it: it is copied in one piece. */
function objectsOf(plan: LoadPlan): PlacedObject[] {
  return plan.copies.flatMap((copy): PlacedObject[] => {
    const purpose = PURPOSES[copy.purpose];
    if (purpose === undefined) return [];
    const length = purpose === 'cmdline' ? Math.max(copyLength(copy), COMMAND_LINE_SIZE) : copyLength(copy);
    return [{ purpose, start: phys(copy.to), length: BigInt(length) }];
  });
}

/** Bytes that a kernel takes, whatever the line's length. Source: asm/setup.h. */
const COMMAND_LINE_SIZE = 2048;

/** The union of the rights of ranges that overlap: disjoint pieces, ascending. */
export function disjoint(ranges: readonly AllowedRange[]): { start: number; length: number; access: Access }[] {
  const edges = [...new Set(ranges.flatMap(({ start, end }) => [start, end]))].sort((a, b) => a - b);
  return edges.slice(0, -1).flatMap((start, i) => {
    const end = edges[i + 1] ?? start;
    const over = ranges.filter((r) => r.start <= start && r.end >= end);
    const access = [...'rwx'].filter((right) => over.some((r) => r.access.includes(right))).join('') as Access;
    return access === '' ? [] : [{ start, length: end - start, access }];
  });
}
