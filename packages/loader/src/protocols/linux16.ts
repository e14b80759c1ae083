import { asciz, concat, phys, setU16, setU32, type PhysAddr } from '@bzelf/bytes';
import { CAN_USE_HEAP, DEFAULT_LOAD, SETUP_HEADER, type BzImage } from '@bzelf/bzimage';
import { realCpu } from '../cpu.js';
import { fail } from '../errors.js';
import { loadProtectedMode } from '../load-image.js';
import type { PlanOptions } from '../load-plan.js';
import type { PlanBuilder } from '../plan-builder.js';
import { cmdlineLimit, initrdLimits } from './linux.js';
import type { Protocol } from './protocol.js';

/** The block: setup, then stack and heap to HEAP_END, then the command line. Source: boot.rst, "Memory Layout", sample. */
const BLOCK_SIZE = 0x10000;
const HEAP_END = 0xe000;
/** Before 2.02 setup may be up to 0x8000 bytes, and the rest must end below 0x9a000. */
const OLD_HEAP_END = 0x9800;
const OLD_SEGMENT = 0x9000;
const LOWEST_SEGMENT = 0x1000;
const HIGHEST_SEGMENT = 0x9000;

/** The mark of a command line before 2.02, and where it and the line's offset go. Source: boot.rst, "The Kernel Command Line". */
const OLD_CMDLINE_MAGIC = 0xa33f;

/** Source: boot.rst, "The Real-Mode Kernel Header", "Running the kernel". */
export const linux16: Protocol = {
  name: 'linux16',
  doc: "Linux boot protocol, real-mode entry: the kernel's own setup code runs first and wants a BIOS",
  plan(kernel, _entry, builder) {
    if (kernel.form !== 'bzimage' && kernel.form !== 'inplace')
      throw fail('loader/no-entry', {
        field: 'protocol',
        found: 'linux16',
        expected: 'a bzImage',
        hint: 'unwrap the file first',
      });
    const { bzImage } = kernel;
    const isOld = bzImage.version < 0x0202;
    const heapEnd = isOld ? OLD_HEAP_END : HEAP_END;
    const block = claimBlock(builder, isOld, bzImage.setupSize);
    const cmdline = builder.cmdlineBytes(cmdlineLimit(kernel));
    const start = bzImage.bits === 16 ? loadFixed(bzImage, builder) : loadProtectedMode(bzImage, builder, false).start;
    const initrd = builder.placeInitrd(initrdLimits(kernel).max);
    const line = cmdline ?? asciz('');
    if (line.length > BLOCK_SIZE - HEAP_END)
      throw fail('loader/cmdline-too-long', { found: line.length, expected: `at most ${BLOCK_SIZE - HEAP_END - 1}` });
    const setup = concat([bzImage.source.read(0, bzImage.setupSize)]); // a copy, whatever kind of array the source gives
    setFields(setup, bzImage, {
      block,
      heapEnd,
      lineAt: phys(block + BigInt(heapEnd)),
      lineLength: cmdline?.length ?? 0,
      start,
      options: builder.options,
      ...(initrd === undefined ? {} : { initrd: { start: initrd.start, size: initrd.length } }),
    });
    builder.copy(block, { bytes: setup }, 'setup');
    if (cmdline !== undefined) {
      builder.copy(phys(block + BigInt(heapEnd)), { bytes: cmdline }, 'cmdline');
      builder.setCmdline(phys(block + BigInt(heapEnd)), cmdline);
    }
    const segment = Number(block >> 4n);
    return builder.finish({
      protocol: 'linux16',
      entry: phys(block + 0x200n),
      cpu: realCpu(segment, segment + 0x20, heapEnd),
    });
  },
};

/** 64 KiB of low memory; before 2.02 it must be at 0x90000, and less of it is RAM. */
function claimBlock(builder: PlanBuilder, isOld: boolean, setupSize: number): PhysAddr {
  const { realModeSegment } = builder.options;
  if (setupSize > (isOld ? OLD_HEAP_END : HEAP_END))
    throw fail('loader/out-of-range', {
      field: 'setup_sects',
      found: setupSize,
      expected: 'a setup that leaves room for a stack',
    });
  if (
    realModeSegment !== undefined &&
    (realModeSegment < LOWEST_SEGMENT || realModeSegment > HIGHEST_SEGMENT || !Number.isInteger(realModeSegment))
  )
    throw fail('loader/bad-option', { field: 'realModeSegment', found: realModeSegment, expected: '0x1000 to 0x9000' });
  if (isOld && realModeSegment !== undefined && realModeSegment !== OLD_SEGMENT)
    throw fail('loader/bad-option', {
      field: 'realModeSegment',
      found: realModeSegment,
      expected: '0x9000 before protocol 2.02',
    });
  const size = isOld ? 0xa000n : BigInt(BLOCK_SIZE);
  const at = isOld ? phys(OLD_SEGMENT << 4) : realModeSegment === undefined ? undefined : phys(realModeSegment << 4);
  const start =
    at ??
    builder.memory.find({ size, align: 16n, purpose: 'setup', low: 0x10000n, high: 0xa0000n, from: 'bottom' }) ??
    phys(LOWEST_SEGMENT << 4);
  builder.reserve(start, trimToEbda(builder, start, size), 'setup');
  return start;
}

/** At 0x90000 the block ends where the EBDA begins, usually 0x9fc00: the top of the block is only command line. */
function trimToEbda(builder: PlanBuilder, start: bigint, size: bigint): bigint {
  const ram = builder.memory.ram.find((r) => r.start <= start && start < r.end);
  const least = BigInt(HEAP_END) + 0x800n;
  if (ram === undefined || ram.end >= start + size || ram.end < start + least) return size;
  return ram.end - start;
}

/** A kernel with nothing but a 16-bit entry is loaded at 1 MiB and does not unpack itself there by the header's rules. */
function loadFixed({ protectedMode }: BzImage, builder: PlanBuilder): PhysAddr {
  const { relocateTo } = builder.options;
  if (relocateTo !== undefined && relocateTo !== DEFAULT_LOAD)
    throw fail('loader/not-relocatable', { field: 'relocateTo', found: relocateTo, expected: '0x100000' });
  builder.reserve(DEFAULT_LOAD, BigInt(protectedMode.size), 'image');
  builder.copy(DEFAULT_LOAD, { fileOffset: protectedMode.offset, length: protectedMode.size }, 'image');
  return DEFAULT_LOAD;
}

interface Fields {
  readonly block: PhysAddr;
  readonly heapEnd: number;
  readonly lineAt: PhysAddr;
  /** Bytes with the NUL; 0 = no command line. */
  readonly lineLength: number;
  readonly start: PhysAddr;
  readonly initrd?: { readonly start: PhysAddr; readonly size: bigint };
  readonly options: PlanOptions;
}

/** The fields that a loader writes, each from the version on that has it. */
function setFields(setup: Uint8Array, { version, header }: BzImage, fields: Fields): void {
  const { heapEnd, lineAt, lineLength, start, initrd, options } = fields;
  const set = (values: Parameters<typeof SETUP_HEADER.write>[2]) => SETUP_HEADER.write(setup, 0, values);
  set({ type_of_loader: options.loaderId ?? 0xff });
  if (initrd !== undefined) set({ ramdisk_image: Number(initrd.start), ramdisk_size: Number(initrd.size) });
  if (version >= 0x0201) set({ heap_end_ptr: heapEnd - 0x200, loadflags: (header.loadflags ?? 0) | CAN_USE_HEAP });
  if (version >= 0x0202) set({ cmd_line_ptr: lineLength === 0 ? 0 : Number(lineAt) });
  else if (lineLength > 0) {
    setU16(setup, 0x20, OLD_CMDLINE_MAGIC);
    setU16(setup, 0x22, heapEnd);
    set({ setup_move_size: heapEnd + lineLength });
  }
  if (header.code32_start !== undefined && header.code32_start !== 0) setU32(setup, 0x214, Number(start));
  const subarch = options.subarch;
  if (subarch !== undefined && version >= 0x0207)
    set({ hardware_subarch: subarch.subarch, hardware_subarch_data: subarch.data });
}
