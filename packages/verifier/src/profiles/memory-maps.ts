import { phys } from '@bzelf/bytes';
import { MEMORY_RAM, MEMORY_RESERVED, MEMORY_NVS, type MemoryRange } from '@bzelf/loader';

const MIB = 0x10_0000n;
const row = (start: bigint, end: bigint, type: number): MemoryRange => ({
  start: phys(start),
  length: end - start,
  type,
});

/** RAM below 3 GiB; no profile has more. */
const high = (ram: bigint): MemoryRange => row(MIB, ram, MEMORY_RAM);

/** Source: Firecracker src/vmm/src/arch/x86_64/{mod,layout}.rs. */
export const firecrackerMap = (ram: bigint): MemoryRange[] => [
  row(0n, 0x9fc00n, MEMORY_RAM),
  row(0x9fc00n, 0xe0000n, MEMORY_RESERVED),
  high(ram),
];

/** Source: cloud-hypervisor arch/src/x86_64/layout.rs. */
export const cloudHypervisorMap = (ram: bigint): MemoryRange[] => [row(0n, 0xa0000n, MEMORY_RAM), high(ram)];

/** qboot has a row of NVS below the BIOS, and an empty one at the end. Source: qboot fw_cfg.c, measured with QEMU's microvm. */
export const qbootMap = (ram: bigint): MemoryRange[] => [
  row(0n, 0x9fc00n, MEMORY_RAM),
  row(0x9fc00n, 0xa0000n, MEMORY_RESERVED),
  row(0xd0000n, 0xf0000n, MEMORY_NVS),
  row(0xf0000n, MIB, MEMORY_RESERVED),
  high(ram),
  row(0n, 0n, 0),
];

/** Source: Xen tools/libs/light/libxl_x86.c, domain_construct_memmap: RAM from 0, and the last pages are special. */
export const xenMap = (ram: bigint): MemoryRange[] => [row(0n, 0xa0000n, MEMORY_RAM), high(ram)];
