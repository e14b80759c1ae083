import { alignUp, asciz, hex, phys, viewOf, type PhysAddr } from '@bzelf/bytes';
import { EM_X86_64, type ElfFile, type MappingRange } from '@bzelf/elf';
import { registers, type CpuState, type SegmentState } from '../cpu.js';
import { decodedNotes } from '../decoded-notes.js';
import { imageSpan, valuesOf } from '../elf-facts.js';
import { fail } from '../errors.js';
import type { LoadPlan, PlanRange } from '../load-plan.js';
import { checkedSegments } from '../load-image.js';
import { declaredRange } from '@bzelf/bzimage';
import { draftPageTables, type PageTables } from '../page-tables.js';
import type { PlanBuilder } from '../plan-builder.js';
import { SIF_MOD_START_PFN, XEN_CMDLINE_LIMIT, XEN_START_INFO, XEN_START_MAGIC } from '../xen-start-info.js';
import type { Protocol } from './protocol.js';

const PAGE = 0x1000n;
/** The mapped region ends at a multiple of 4 MiB with 512 KiB to spare. Source: Xen public/xen.h, "Start-of-day memory layout". */
const REGION = 0x400000n;
const SPARE = 0x80000n;
const INTERRUPTS_ON = 1n << 9n;
/** 64 GiB: the p2m list alone has 128 MiB then, and it is made here. */
const MAX_PAGES = 1n << 24n;

/** What the notes of the kernel ask of a domain builder. Source: Xen public/elfnote.h. */
interface PvNotes {
  readonly entry: bigint;
  readonly virtBase: bigint;
  readonly paddrOffset: bigint;
  readonly initP2m?: bigint;
  readonly modStartPfn: boolean;
}

/**
 * The start of day of a 64-bit PV domain, in pseudo-physical addresses: the memory map is the domain's, from 0 on. The
 * domain builder replaces the frames in page tables and p2m list by machine frames, fills the hypercall page, and
 * sets shared_info, store and console.
 */
export const xenPv: Protocol = {
  name: 'xen-pv',
  doc: 'Xen PV (64-bit vmlinux): page tables by the notes, rsi = start_info; for domain builders',
  plan(kernel, _entry, builder) {
    if (kernel.form === 'bzimage')
      throw fail('loader/no-entry', { field: 'protocol', found: 'xen-pv', expected: 'a vmlinux' });
    return planDomain(kernel.elf, builder);
  },
};

function readPvNotes(elf: ElfFile): PvNotes {
  const { notes } = decodedNotes(elf);
  const wrong = (field: string, found: string | bigint, expected: string) =>
    fail('loader/xen-pv-notes', { field, found, expected });
  const os = valuesOf(notes, 'xen-guest-os')[0]?.text ?? '';
  const loader = valuesOf(notes, 'xen-loader')[0]?.text ?? '';
  if (!os.startsWith('linux') && !loader.startsWith('generic'))
    throw wrong('GUEST_OS', os || 'none', 'linux, or LOADER generic');
  const version = valuesOf(notes, 'xen-version')[0]?.text ?? '';
  if (!version.startsWith('xen-3.0')) throw wrong('XEN_VERSION', version || 'none', 'xen-3.0');
  if (elf.header.e_machine !== EM_X86_64)
    throw wrong('e_machine', BigInt(elf.header.e_machine), 'EM_X86_64: 32-bit PV is not planned');
  const entry = valuesOf(notes, 'xen-entry')[0]?.value;
  if (entry === undefined) throw wrong('ENTRY', 'none', 'a virtual address');
  const initP2m = valuesOf(notes, 'xen-init-p2m')[0]?.value;
  return {
    entry,
    virtBase: valuesOf(notes, 'xen-virt-base')[0]?.value ?? 0n,
    paddrOffset: valuesOf(notes, 'xen-paddr-offset')[0]?.value ?? 0n,
    modStartPfn: valuesOf(notes, 'xen-mod-start-pfn')[0]?.value === 1n,
    ...(initP2m === undefined ? {} : { initP2m }),
  };
}

/** Hands out page after page behind the kernel, as libxenguest does. */
class Region {
  constructor(
    readonly builder: PlanBuilder,
    public end: bigint,
  ) {}

  take(size: bigint, purpose: string): PhysAddr {
    const start = phys(this.end);
    this.builder.reserve(start, alignUp(size, PAGE), purpose);
    this.end = start + alignUp(size, PAGE);
    return start;
  }
}

function planDomain(elf: ElfFile, builder: PlanBuilder): LoadPlan {
  const notes = readPvNotes(elf);
  const pages = (builder.memory.ram.find((r) => r.start === 0n)?.end ?? 0n) / PAGE;
  if (pages === 0n)
    throw fail('loader/bad-memory-map', {
      field: 'memoryMap',
      found: 'no RAM at 0',
      expected: 'the pseudo-physical map of a domain',
    });
  if (pages > MAX_PAGES)
    throw fail('loader/bad-memory-map', {
      field: 'memoryMap',
      found: pages * PAGE,
      expected: `at most ${hex(MAX_PAGES * PAGE)} bytes of domain`,
    });
  loadDomainKernel(elf, notes, builder);
  const region = new Region(builder, alignUp(imageSpan(elf).end - notes.paddrOffset, PAGE));
  const initrd = notes.modStartPfn ? undefined : placeModule(builder, region);
  const p2m = region.take(pages * 8n, 'p2m');
  const startInfo = region.take(BigInt(XEN_START_INFO.size), 'xen start_info');
  const tables = buildTables(notes, region, { start: p2m, length: pages * 8n });
  const stack = region.take(PAGE, 'stack');
  const module = initrd ?? builder.placeInitrd(pages * PAGE - 1n);
  builder.copy(p2m, { bytes: identityP2m(pages) }, 'p2m');
  builder.copy(tables.pageTables.root, { bytes: tables.pageTables.bytes }, 'page-tables');
  const virtual = (address: bigint) => BigInt.asUintN(64, address + notes.virtBase);
  const bytes = encodeStartInfo({ notes, pages, p2m, tables: tables.pageTables, module, virtual, builder });
  const parameterBlock = builder.parameterBlock('xen start_info', startInfo, bytes);
  return builder.finish({
    protocol: 'xen-pv',
    entry: phys(notes.entry - notes.virtBase),
    cpu: domainCpu(notes.entry, virtual(stack + PAGE), virtual(startInfo), tables.pageTables.root),
    parameterBlock,
    ...tables,
  });
}

function loadDomainKernel(elf: ElfFile, { paddrOffset, entry, virtBase }: PvNotes, builder: PlanBuilder): void {
  const span = imageSpan(elf);
  const { relocateTo } = builder.options;
  if (relocateTo !== undefined)
    throw fail('loader/not-relocatable', {
      field: 'relocateTo',
      found: relocateTo,
      expected: 'none: a PV kernel is not moved',
    });
  if (span.start < paddrOffset)
    throw fail('loader/xen-pv-notes', {
      field: 'PADDR_OFFSET',
      found: paddrOffset,
      expected: `at most ${hex(span.start)}`,
    });
  if (entry - virtBase < span.start - paddrOffset || entry - virtBase >= span.end - paddrOffset)
    throw fail('loader/xen-pv-notes', { field: 'ENTRY', found: entry, expected: 'an address inside the image' });
  for (const segment of checkedSegments(elf)) {
    const to = phys(segment.p_paddr - paddrOffset);
    builder.reserve(to, segment.p_memsz, 'kernel');
    const from = { fileOffset: Number(segment.p_offset), length: Number(segment.p_filesz) };
    builder.load({ to, from, fileSize: segment.p_filesz, memorySize: segment.p_memsz, purpose: 'kernel' });
  }
}

function placeModule(builder: PlanBuilder, region: Region): PlanRange | undefined {
  const module = builder.placeInitrdAt(phys(region.end));
  if (module !== undefined) region.end = alignUp(region.end + module.length, PAGE);
  return module;
}

/** Page tables map the region that holds themselves, so their number is found by trying. */
function buildTables(notes: PvNotes, region: Region, p2m: { start: PhysAddr; length: bigint }) {
  const at = phys(region.end);
  for (let count = 4n; ;) {
    const end = alignUp(at + count * PAGE + PAGE + SPARE, REGION);
    const mappings = domainRanges(notes, { at, end, size: count * PAGE }, p2m);
    const draft = draftPageTables({ mode: 'long', ranges: mappings, largePages: false });
    const needed = BigInt(draft.size) / PAGE;
    if (needed > count) {
      count = needed;
      continue;
    }
    region.take(count * PAGE, 'page-tables');
    const pageTables: PageTables = draft.encode(at);
    return { pageTables, mappings };
  }
}

/** Pseudo-physical 0 to the end of the region at VIRT_BASE, page tables read-only; the p2m list, too, where INIT_P2M wants it. */
function domainRanges(
  { virtBase, initP2m }: PvNotes,
  tables: { at: bigint; end: bigint; size: bigint },
  p2m: { start: PhysAddr; length: bigint },
): MappingRange[] {
  const virtOffset = virtBase;
  const below = declaredRange('image', 0n, tables.at, 'rwx', { virtOffset });
  const readOnly = declaredRange('page-tables', tables.at, tables.size, 'r', { virtOffset });
  const above = declaredRange('runtime', tables.at + tables.size, tables.end - tables.at - tables.size, 'rw', {
    virtOffset,
  });
  const list =
    initP2m === undefined
      ? []
      : [declaredRange('runtime', p2m.start, p2m.length, 'rw', { virtOffset: initP2m - p2m.start })];
  return [below, readOnly, above, ...list];
}

/** Frame n is machine frame n, until the domain builder knows better. */
function identityP2m(pages: bigint): Uint8Array {
  const bytes = new Uint8Array(Number(pages) * 8);
  const view = viewOf(bytes);
  for (let i = 0; i < Number(pages); i++) view.setUint32(i * 8, i, true);
  return bytes;
}

interface StartInfoParts {
  readonly notes: PvNotes;
  readonly pages: bigint;
  readonly p2m: PhysAddr;
  readonly tables: PageTables;
  readonly module: PlanRange | undefined;
  readonly virtual: (address: bigint) => bigint;
  readonly builder: PlanBuilder;
}

function encodeStartInfo({ notes, pages, p2m, tables, module, virtual, builder }: StartInfoParts): Uint8Array {
  const magic = new Uint8Array(32);
  magic.set(asciz(XEN_START_MAGIC));
  const cmd_line = new Uint8Array(XEN_CMDLINE_LIMIT + 1);
  cmd_line.set(builder.cmdlineBytes(XEN_CMDLINE_LIMIT) ?? []);
  const atFrame = notes.modStartPfn;
  return XEN_START_INFO.encode({
    magic,
    nr_pages: pages,
    flags: module !== undefined && atFrame ? SIF_MOD_START_PFN : 0,
    pt_base: virtual(tables.root),
    nr_pt_frames: BigInt(tables.bytes.length) / PAGE,
    mfn_list: notes.initP2m ?? virtual(p2m),
    ...(module === undefined
      ? {}
      : { mod_start: atFrame ? module.start / PAGE : virtual(module.start), mod_len: module.length }),
    cmd_line,
    ...(notes.initP2m === undefined
      ? {}
      : { first_p2m_pfn: p2m / PAGE, nr_p2m_frames: alignUp(pages * 8n, PAGE) / PAGE }),
  });
}

/** Flat segments of Xen's own GDT, ring 3. Source: Xen public/arch-x86/xen-x86_64.h, FLAT_RING3_*. */
function domainCpu(rip: bigint, rsp: bigint, rsi: bigint, cr3: bigint): CpuState {
  const code: SegmentState = { selector: 0xe033, base: 0n, limit: 0xffff_ffff, access: 0xa0fb };
  const stack: SegmentState = { selector: 0xe02b, base: 0n, limit: 0xffff_ffff, access: 0xc0f3 };
  const none: SegmentState = { selector: 0, base: 0n, limit: 0, access: 0 };
  return {
    mode: 'long64',
    rip,
    cr0: 0x8000_0011n,
    cr3,
    cr4: 1n << 5n,
    efer: 0x500n,
    rflags: 2n | INTERRUPTS_ON,
    idt: { base: 0n, limit: 0 },
    segments: { cs: code, ss: stack, ds: none, es: none, fs: none, gs: none, tr: none, ldtr: none },
    registers: registers({ rsi, rsp }),
  };
}
