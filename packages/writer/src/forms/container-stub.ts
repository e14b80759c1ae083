import { addBytes, alignUp, phys, type PhysAddr } from '@bzelf/bytes';
import { CAN_USE_HEAP, cmdlineSizeMax, SETUP_HEADER, SETUP_HEADER_START, type BzImage } from '@bzelf/bzimage';
import { fail } from '../errors.js';
import type { WrapOptions } from '../options.js';
import { loadedImage } from '../placement.js';
import { buildStub, type StubKernel } from '../stub/index.js';
import type { FormContext, Offsets } from './context.js';

const PAGE = 0x1000n;
const FOUR_GIB = 0x1_0000_0000n;
const BOOT_PARAMS_SIZE = 0x1000;
/** No loader id was given to us. Source: boot.rst, field type_of_loader. */
const UNDEFINED_LOADER = 0xff;

export interface PlacedStub {
  readonly address: PhysAddr;
  readonly bytes: Uint8Array;
  readonly memsz: bigint;
  /** Bytes at its start that are code; data follows. */
  readonly code: number;
  /** Where a built-in initrd goes. */
  readonly initrd: PhysAddr;
}

/**
 * The stub lies where the decompressor does not write: behind the runtime window; or, where file and memory keep step,
 * as far before the kernel as it is in the file. A built-in initrd follows it.
 */
export function containerStub(ctx: FormContext, offsets: Offsets): PlacedStub {
  const { bz, placement, options, target } = ctx;
  const image = loadedImage(bz);
  const windowEnd = phys(alignUp(addBytes(placement.load, imageMemsz(ctx)), PAGE));
  const stubFirst = target.layout === 'stub-first';
  const inStep = (offset: number) => addBytes(placement.load, offset - (offsets.input + image.offset));
  const address = stubFirst ? inStep(offsets.stub) : windowEnd;

  const kernelOffset = Number(placement.load - address) + (bz.protectedMode.offset - image.offset);
  const build = (initrdOffset: number) =>
    buildStub({
      template: bootParamsTemplate(bz, options),
      kernel: stubKernel(ctx, kernelOffset),
      cmdlineMax: cmdlineSizeMax(bz.header),
      ...(options.cmdline !== undefined && { builtinCmdline: options.cmdline }),
      ...(options.cmdlineMode && { cmdlineMode: options.cmdlineMode }),
      ...(options.multibootCmdline && { multibootCmdline: options.multibootCmdline }),
      ...(options.initrd && { builtinInitrd: { offset: initrdOffset, size: options.initrd.length } }),
    });
  const { memsz: size, bpOffset: code } = build(0);
  const memsz = BigInt(size);
  const initrd = stubFirst ? inStep(offsets.initrd) : phys(alignUp(addBytes(address, memsz), PAGE));
  const end = stubFirst ? windowEnd : addBytes(initrd, options.initrd?.length ?? 0);
  if (end > FOUR_GIB) {
    throw fail('writer/does-not-fit', { field: 'pref_address', found: end, expected: 'an end below 4 GiB' });
  }
  return { address, bytes: build(Number(initrd - address)).bytes, memsz, code, initrd };
}

/**
 * Memory of the kernel's PT_LOAD. It reserves init_size so that no loader puts an initrd into it, and the way to the
 * next aligned address where a loader may move the image by less than the kernel's own alignment (Multiboot 2, tag 10).
 */
export function imageMemsz({ bz, placement, target }: FormContext): bigint {
  if (bz.bits === 16) return BigInt(loadedImage(bz).size);
  const slack = target.multiboot2 && placement.relocatable ? placement.alignment : 0n;
  return placement.reserve + slack;
}

function stubKernel({ bz, placement }: FormContext, offset: number): StubKernel {
  const { protectedMode, bits, setupSize } = bz;
  const { run, initSize, relocatable, alignment, preferred } = placement;
  return {
    offset,
    size: protectedMode.size,
    initSize: Number(initSize),
    alignment: Number(alignment),
    relocatable,
    has64: bits === 64,
    ...(run !== undefined && { run }),
    ...(relocatable && { lowestRun: preferred }),
    ...(bits === 16 && { real16: { offset: offset - setupSize, size: setupSize } }),
  };
}

/** A clean page with the setup_header as the file has it. Source: boot.rst, 32-bit Boot Protocol. */
function bootParamsTemplate(bz: BzImage, { subarch }: WrapOptions): Uint8Array {
  const page = new Uint8Array(BOOT_PARAMS_SIZE);
  page.set(bz.headerBytes, SETUP_HEADER_START);
  SETUP_HEADER.write(page, 0, {
    type_of_loader: UNDEFINED_LOADER,
    loadflags: bz.header.loadflags & ~CAN_USE_HEAP,
    ...(subarch && { hardware_subarch: subarch.subarch, hardware_subarch_data: subarch.data }),
  });
  return page;
}
