import { type PhysAddr } from '@bzelf/bytes';
import {
  buildBootParams,
  CAN_USE_HEAP,
  e820ExtNode,
  e820Overflow,
  HDRS,
  KASLR_FLAG,
  LOADED_HIGH,
  SETUP_HEADER,
  SETUP_HEADER_START,
  setupDataNode,
  XLF_CAN_BE_LOADED_ABOVE_4G,
  XLF_KERNEL_64,
  type BzImage,
} from '@bzelf/bzimage';
import type { ParameterBlock, PlanRange } from './load-plan.js';
import type { PlacedObject } from './mappings.js';
import type { PlanBuilder } from './plan-builder.js';

const SIZE = 4096;

export interface LinuxParamsInput {
  /** Whose setup_header is copied; a vmlinux has none, then the fields that every kernel reads are made up. */
  readonly bzImage?: BzImage;
  readonly is64: boolean;
  readonly code32Start?: PhysAddr;
  readonly kernelAlignment?: number;
  readonly cmdline?: PhysAddr;
  readonly initrd?: PlanRange;
  readonly subarch?: { readonly subarch: number; readonly data: bigint };
  /** The loader has chosen the addresses: the kernel shall know it. */
  readonly kaslr?: boolean;
}

export interface LinuxParams {
  readonly block: ParameterBlock;
  /** What a MAPPING note calls boot-params, cmdline, setup-data and initrd. */
  readonly objects: readonly PlacedObject[];
}

/** What the kernel reads of the command line, whatever its length. Source: setup.h, COMMAND_LINE_SIZE. */
const COMMAND_LINE_SIZE = 0x800n;

/** boot_params, and the setup_data list that hangs on it, put into the plan. */
export function buildLinuxParams(builder: PlanBuilder, input: LinuxParamsInput): LinuxParams {
  const list = putSetupData(builder);
  const at = builder.room(SIZE, 'boot_params');
  const block = builder.parameterBlock('boot_params', at, encode(builder, input, list[0]?.start));
  const objects: PlacedObject[] = [{ purpose: 'boot-params', start: at, length: BigInt(SIZE) }, ...list];
  if (input.cmdline !== undefined)
    objects.push({ purpose: 'cmdline', start: input.cmdline, length: COMMAND_LINE_SIZE });
  if (input.initrd !== undefined) objects.push({ ...input.initrd, purpose: 'initrd' });
  return { block, objects };
}

const e820Of = ({ options }: PlanBuilder) =>
  options.memoryMap.map(({ start, length, type }) => ({ addr: start, size: length, type }));

/** The list is built from its end, because each node holds the address of the next. */
function putSetupData(builder: PlanBuilder): PlacedObject[] {
  const placed: PlacedObject[] = [];
  const put = (node: (next: PhysAddr | 0n) => Uint8Array) => {
    const bytes = node(placed[0]?.start ?? 0n);
    const start = builder.put(bytes, 'setup_data', { align: 8n });
    placed.unshift({ purpose: 'setup-data', start, length: BigInt(bytes.length) });
  };
  const overflow = e820Overflow(e820Of(builder));
  if (overflow.length > 0) put((next) => e820ExtNode(overflow, next));
  for (const { type, data } of [...(builder.options.setupData ?? [])].reverse())
    put((next) => setupDataNode(type, data, next));
  return placed;
}

function encode(builder: PlanBuilder, input: LinuxParamsInput, setupData: PhysAddr | undefined): Uint8Array {
  const { options } = builder;
  const { bzImage, code32Start, kernelAlignment, cmdline, initrd } = input;
  const subarch = options.subarch ?? nonZero(input.subarch);
  // Without setup code nobody uses its heap.
  const loadflags = (bzImage?.header.loadflags ?? LOADED_HIGH) & ~CAN_USE_HEAP;
  return buildBootParams({
    headerBytes: bzImage?.headerBytes ?? madeUpHeader(input.is64),
    e820: e820Of(builder),
    ...(options.loaderId === undefined ? {} : { typeOfLoader: options.loaderId }),
    ...(cmdline === undefined ? {} : { cmdLinePtr: cmdline }),
    ...(initrd === undefined ? {} : { ramdisk: { address: initrd.start, size: initrd.length } }),
    ...(options.acpiRsdp === undefined ? {} : { acpiRsdp: options.acpiRsdp }),
    ...(setupData === undefined ? {} : { setupData }),
    ...(subarch === undefined ? {} : { subarch: { id: subarch.subarch, data: subarch.data } }),
    ...(options.screenInfo === undefined ? {} : { screenInfo: options.screenInfo }),
    header: {
      loadflags: input.kaslr === true ? loadflags | KASLR_FLAG : loadflags,
      ...(code32Start === undefined ? {} : { code32_start: Number(BigInt.asUintN(32, code32Start)) }),
      ...(kernelAlignment === undefined ? {} : { kernel_alignment: kernelAlignment }),
    },
  });
}

/** Old headers have no such fields; a PC is what they are for. */
const nonZero = (subarch: LinuxParamsInput['subarch']) =>
  subarch === undefined || (subarch.subarch === 0 && subarch.data === 0n) ? undefined : subarch;

/** For a kernel without a setup_header: the magics, a version, the limits. It ends where that of 2.15 ends. */
function madeUpHeader(is64: boolean): Uint8Array {
  return SETUP_HEADER.encode({
    boot_flag: 0xaa55,
    jump: ((SETUP_HEADER.size - 0x202) << 8) | 0xeb,
    header: HDRS,
    version: 0x020f,
    loadflags: LOADED_HIGH,
    initrd_addr_max: 0x7fff_ffff,
    kernel_alignment: 0x20_0000,
    relocatable_kernel: 1,
    xloadflags: is64 ? XLF_KERNEL_64 | XLF_CAN_BE_LOADED_ABOVE_4G : 0,
    cmdline_size: 2047,
  }).subarray(SETUP_HEADER_START);
}
