import { hex, phys, type PhysAddr } from '@bzelf/bytes';
import { EM_X86_64 } from '@bzelf/elf';
import { fail } from '../errors.js';
import type { KernelEntry, KernelImage } from '../kernel.js';
import { loadElf } from '../load-image.js';
import type { LoadPlan } from '../load-plan.js';
import type { AddressFields, MultibootHeader } from '@bzelf/elf';
import {
  encodeMultiboot2Info,
  encodeMultibootInfo,
  MULTIBOOT2_BOOTLOADER_MAGIC,
  MULTIBOOT_BOOTLOADER_MAGIC,
  type MultibootInput,
} from '../multiboot-info.js';
import type { PlanBuilder } from '../plan-builder.js';
import { initrdLimits } from './linux.js';
import type { Protocol } from './protocol.js';

const FOUR_GIB = 1n << 32n;
const CMDLINE_LIMIT = 0xffff;
/** Flags 3 to 15 of the first version are requirements that nobody has defined. */
const UNKNOWN_FLAGS = 0xfff8;

/** Source: Multiboot Specification 0.6.96. */
export const multiboot: Protocol = {
  name: 'multiboot',
  doc: 'Multiboot 1 (GRUB, QEMU, iPXE): flat protected mode, eax = magic, ebx = information',
  plan: (kernel, entry, builder) => planMultiboot(kernel, entry, builder, kernel.multiboot),
};

/** Source: Multiboot2 Specification 2.0. */
export const multiboot2: Protocol = {
  name: 'multiboot2',
  doc: 'Multiboot 2 (GRUB): flat protected mode, eax = magic, ebx = information',
  plan: (kernel, entry, builder) => planMultiboot(kernel, entry, builder, kernel.multiboot2),
};

function planMultiboot(
  kernel: KernelImage,
  kernelEntry: KernelEntry,
  builder: PlanBuilder,
  header: MultibootHeader | undefined,
): LoadPlan {
  const protocol = header?.version === 2 ? 'multiboot2' : 'multiboot';
  if (header === undefined)
    throw fail('loader/bad-multiboot', {
      field: 'header',
      found: 'none in its window',
      expected: `a header of ${protocol}`,
    });
  checkHeader(kernel, header);
  const delta = loadImage(kernel, header, builder);
  const entry = phys(kernelEntry.address + delta);
  const limit = initrdLimits(kernel).max;
  const initrd = builder.placeInitrd(limit < FOUR_GIB ? limit : FOUR_GIB - 1n, FOUR_GIB - 1n);
  const { memoryMap, bootloader, acpiRsdpCopy, cmdline = '' } = builder.options;
  builder.cmdlineBytes(CMDLINE_LIMIT);
  const input: MultibootInput = {
    memoryMap,
    cmdline,
    modules: initrd === undefined ? [] : [{ start: initrd.start, size: initrd.length, string: '' }],
    ...(bootloader === undefined ? {} : { bootloader }),
    ...(acpiRsdpCopy === undefined ? {} : { rsdp: acpiRsdpCopy }),
    ...(header.relocatable === undefined
      ? {}
      : { loadBase: phys((kernel.form === 'bzimage' ? 0n : baseOf(kernel, header)) + delta) }),
  };
  const encode = (at: PhysAddr) =>
    header.version === 2 ? encodeMultiboot2Info(input) : encodeMultibootInfo(input, at);
  const kind = header.version === 2 ? 'multiboot2_info' : 'multiboot_info';
  const at = builder.room(encode(phys(0)).length, kind);
  const magic = header.version === 2 ? MULTIBOOT2_BOOTLOADER_MAGIC : MULTIBOOT_BOOTLOADER_MAGIC;
  const cpu = builder.flatCpu('protected32', entry, { rax: BigInt(magic), rbx: at });
  return builder.finish({ protocol, entry, cpu, parameterBlock: builder.parameterBlock(kind, at, encode(at)) });
}

function baseOf(kernel: Exclude<KernelImage, { form: 'bzimage' }>, header: MultibootHeader): bigint {
  if (header.address !== undefined) return BigInt(header.address.load_addr);
  return kernel.elf.segments.reduce((low, s) => (s.p_memsz > 0n && s.p_paddr < low ? s.p_paddr : low), FOUR_GIB);
}

function checkHeader(kernel: KernelImage, header: MultibootHeader): void {
  const wrong = (field: string, found: number, expected: string) =>
    fail('loader/bad-multiboot', { offset: header.offset, field, found, expected });
  if (header.version === 1 && (header.flags & UNKNOWN_FLAGS) !== 0)
    throw wrong('flags', header.flags, 'only bits 0, 1, 2 and 16 and above');
  if (header.unknownTags[0] !== undefined)
    throw wrong('tag type', header.unknownTags[0], 'a tag that is optional, or one of types 1 to 10');
  const is64 = kernel.form !== 'bzimage' && kernel.elf.header.e_machine === EM_X86_64;
  if (header.version === 1 && header.address === undefined && is64)
    throw wrong(
      'flags',
      header.flags,
      'bit 16 (address fields), because QEMU and kexec refuse a 64-bit ELF file without it',
    );
  if (header.version === 2 && header.address !== undefined && header.entry_addr === undefined)
    throw wrong('entry address tag', 0, 'a tag of type 3 beside the address tag');
}

/** By the ELF segments, or raw by the address fields, which win. Returns how far the image was moved. */
function loadImage(kernel: KernelImage, header: MultibootHeader, builder: PlanBuilder): bigint {
  if (header.address !== undefined) return loadRaw(kernel, header, header.address, builder);
  if (kernel.form === 'bzimage')
    throw fail('loader/bad-multiboot', {
      field: 'flags',
      found: header.flags,
      expected: 'address fields, or an ELF file',
    });
  return loadElf(kernel, builder, header.version === 2 ? 'multiboot2' : 'multiboot').delta;
}

function loadRaw(kernel: KernelImage, header: MultibootHeader, address: AddressFields, builder: PlanBuilder): bigint {
  const { header_addr, load_addr, load_end_addr, bss_end_addr } = address;
  const wrong = (field: string, found: number, expected: string) =>
    fail('loader/bad-multiboot', { offset: header.offset, field, found, expected });
  const fileOffset = header.offset - (header_addr - load_addr);
  if (load_addr > header_addr || fileOffset < 0)
    throw wrong('load_addr', load_addr, `${hex(Math.max(0, header_addr - header.offset))} to header_addr`);
  const length = load_end_addr === 0 ? kernel.source.size - fileOffset : load_end_addr - load_addr;
  if (length < 0 || fileOffset + length > kernel.source.size)
    throw wrong('load_end_addr', load_end_addr, 'an end inside the file, above load_addr');
  const end = Math.max(bss_end_addr, load_addr + length);
  if (bss_end_addr !== 0 && bss_end_addr < load_addr + length)
    throw wrong('bss_end_addr', bss_end_addr, 'at least load_end_addr');
  if (builder.options.relocateTo !== undefined && builder.options.relocateTo !== BigInt(load_addr))
    throw fail('loader/not-relocatable', {
      field: 'relocateTo',
      found: builder.options.relocateTo,
      expected: hex(load_addr),
    });
  const to = phys(load_addr);
  builder.reserve(to, BigInt(end - load_addr), 'kernel');
  builder.load({
    to,
    from: { fileOffset, length },
    fileSize: BigInt(length),
    memorySize: BigInt(end - load_addr),
    purpose: 'kernel',
  });
  reserveInitSize(kernel, builder, { start: BigInt(load_addr), end: BigInt(end) });
  return 0n;
}

/** The header may promise less than the kernel inside needs to unpack itself. */
function reserveInitSize(
  { placement, form }: KernelImage,
  builder: PlanBuilder,
  loaded: { start: bigint; end: bigint },
): void {
  if (placement === undefined || form !== 'container') return;
  const end = placement.preferred + placement.initSize;
  const start = placement.preferred > loaded.end ? placement.preferred : loaded.end;
  if (end > start) builder.reserve(start, end - start, 'runtime');
}
