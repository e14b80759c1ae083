import { phys, type PhysAddr } from '@bzelf/bytes';
import { fail } from '../errors.js';
import { loadElf } from '../load-image.js';
import type { LoadPlan, ParameterBlock, PlanRange } from '../load-plan.js';
import type { PlanBuilder } from '../plan-builder.js';
import { encodeStartInfo, encodeStartInfoParts, startInfoSize, type StartInfoInput } from '../start-info.js';
import { initrdLimits } from './linux.js';
import type { Protocol } from './protocol.js';

const FOUR_GIB = 1n << 32n;
/** The protocol has no limit of its own; Cloud Hypervisor passes up to 64 KiB. */
const CMDLINE_LIMIT = 0xffff;

/** Source: Xen docs/misc/pvh.pandoc; public/arch-x86/hvm/start_info.h. */
export const pvh: Protocol = {
  name: 'pvh',
  doc: 'Xen PVH and direct boot of QEMU and Firecracker: flat protected mode, ebx = hvm_start_info',
  plan(kernel, kernelEntry, builder) {
    if (kernel.form === 'bzimage')
      throw fail('loader/no-entry', { field: 'protocol', found: 'pvh', expected: 'an ELF file' });
    const { delta } = loadElf(kernel, builder, 'pvh');
    const limit = initrdLimits(kernel).max;
    const initrd = builder.placeInitrd(limit < FOUR_GIB ? limit : FOUR_GIB - 1n, FOUR_GIB - 1n);
    const cmdlineLimit = kernel.bzImage?.header.cmdline_size ?? CMDLINE_LIMIT;
    return finishPvh(builder, phys(kernelEntry.address + delta), cmdlineLimit, initrd);
  },
};

/** hvm_start_info and the processor, when the kernel and the initrd are where they belong. */
export function finishPvh(
  builder: PlanBuilder,
  entry: PhysAddr,
  cmdlineLimit: number,
  initrd: PlanRange | undefined,
): LoadPlan {
  const { acpiRsdp, memoryMap, startInfoVersion = 1 } = builder.options;
  const cmdline = builder.putCmdline(cmdlineLimit);
  const modules = initrd === undefined ? [] : [{ start: initrd.start, size: initrd.length }];
  const parameterBlock = putStartInfo(builder, {
    version: startInfoVersion,
    memoryMap,
    modules,
    ...(cmdline === undefined ? {} : { cmdline }),
    ...(acpiRsdp === undefined ? {} : { rsdp: acpiRsdp }),
  });
  const cpu = builder.flatCpu('protected32', entry, { rbx: parameterBlock.address });
  return builder.finish({ protocol: 'pvh', entry, cpu, parameterBlock });
}

/** In one piece, or in three where the loader has places of their own for the lists. */
function putStartInfo(builder: PlanBuilder, input: Omit<StartInfoInput, 'at'>): ParameterBlock {
  const { places } = builder.options;
  if (places?.hvm_modlist_entry === undefined && places?.hvm_memmap_table_entry === undefined) {
    const at = builder.room(startInfoSize(input.modules.length, input.memoryMap), 'hvm_start_info');
    return builder.parameterBlock('hvm_start_info', at, encodeStartInfo({ ...input, at }));
  }
  const sizes = encodeStartInfoParts(input, 0n, 0n);
  const at = builder.room(sizes.startInfo.length, 'hvm_start_info');
  const modlistAt = builder.room(sizes.modlist.length, 'hvm_modlist_entry', { align: 8n });
  const memmapAt = builder.room(sizes.memmap.length, 'hvm_memmap_table_entry', { align: 8n });
  const { startInfo, modlist, memmap } = encodeStartInfoParts(input, modlistAt, memmapAt);
  builder.copy(modlistAt, { bytes: modlist }, 'hvm_modlist_entry');
  builder.copy(memmapAt, { bytes: memmap }, 'hvm_memmap_table_entry');
  return builder.parameterBlock('hvm_start_info', at, startInfo);
}
