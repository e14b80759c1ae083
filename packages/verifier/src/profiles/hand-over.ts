import { concat, le, phys } from '@bzelf/bytes';
import { SETUP_HEADER } from '@bzelf/bzimage';
import {
  descriptor,
  pcMemoryMap,
  planLoad,
  type Copy,
  type CpuState,
  type KernelImage,
  type LoadPlan,
  type MemoryRange,
  type SegmentState,
} from '@bzelf/loader';
import type { MappingRange } from '@bzelf/elf';
import { biosMemory } from '../bios/index.js';
import { COREBOOT_TABLE, corebootTable } from './coreboot-table.js';
import type { CpuChange, Profile } from './profile.js';
import { withSetupLayout } from './real-mode.js';

export interface HandOverInput {
  readonly ram: bigint;
  /** Without a file name in front. */
  readonly cmdline: string;
  readonly initrd?: Uint8Array;
}

/** What the profile's loader does with a kernel, and what it tells it. */
export interface HandOver {
  readonly plan: LoadPlan;
  readonly memoryMap: readonly MemoryRange[];
  /** What the kernel is to find. */
  readonly cmdline: string;
  readonly initrd?: Uint8Array;
}

/** Loaders of these protocols have no way to pass an initrd. */
const WITHOUT_INITRD: readonly string[] = ['elfboot'];

/** Throws what planLoad throws. */
export function handOver(kernel: KernelImage, profile: Profile, input: HandOverInput): HandOver {
  const memoryMap = profile.memoryMap?.(input.ram) ?? pcMemoryMap(input.ram);
  const initrd = WITHOUT_INITRD.includes(profile.protocol) ? undefined : input.initrd;
  const cmdline = profile.kaslr === true ? input.cmdline : `${input.cmdline} nokaslr`.trim();
  const plan = planLoad(kernel, {
    ...profile.options,
    protocol: profile.protocol,
    memoryMap,
    cmdline: profile.fileName === undefined ? cmdline : `${profile.fileName} ${cmdline}`,
    ...(initrd === undefined ? {} : { initrd }),
    ...(profile.identity === undefined ? {} : { extraMappings: [identityRange(profile.identity)] }),
  });
  return {
    plan: changePlan(plan, profile, memoryMap),
    memoryMap,
    cmdline,
    ...(initrd === undefined ? {} : { initrd }),
  };
}

const identityRange = (end: bigint): MappingRange => ({
  start: phys(0),
  length: end,
  virtOffset: 0n,
  read: true,
  write: true,
  execute: true,
  purpose: 'runtime',
  required: true,
  placedByLoader: false,
  evidence: 'declared',
});

function changePlan(plan: LoadPlan, profile: Profile, memoryMap: readonly MemoryRange[]): LoadPlan {
  const { cpu, headerFields, firmware, setupLayout } = profile;
  let changed = plan;
  if (cpu !== undefined) changed = withCpu(changed, cpu);
  if (headerFields !== undefined) changed = withHeaderFields(changed, headerFields);
  if (setupLayout !== undefined) changed = withSetupLayout(changed, setupLayout);
  if (firmware === 'bios') changed = { ...changed, copies: [...changed.copies, ...biosMemory(memoryMap)] };
  if (firmware === 'coreboot-table')
    changed = withCopy(changed, { to: COREBOOT_TABLE, from: { bytes: corebootTable(memoryMap) }, purpose: firmware });
  return changed;
}

const withCopy = (plan: LoadPlan, copy: Copy): LoadPlan => ({ ...plan, copies: [...plan.copies, copy] });

function withCpu(plan: LoadPlan, change: CpuChange): LoadPlan {
  const { registers, cr0, cr4, rflags, selectors, noTask, idt } = change;
  const { cpu } = plan;
  const next: CpuState = {
    ...cpu,
    ...(cr0 === undefined ? {} : { cr0 }),
    ...(cr4 === undefined ? {} : { cr4 }),
    ...(rflags === undefined ? {} : { rflags }),
    ...(idt === undefined ? {} : { idt }),
    registers: { ...cpu.registers, ...registers },
    segments: noTask === true ? { ...cpu.segments, tr: { ...cpu.segments.tr, selector: 0 } } : cpu.segments,
  };
  return selectors === undefined ? { ...plan, cpu: next } : withSelectors({ ...plan, cpu: next }, selectors);
}

/** The same flat segments under other selectors, and a GDT that agrees with them. */
function withSelectors(plan: LoadPlan, [code, data]: readonly [number, number]): LoadPlan {
  const { segments, gdt } = plan.cpu;
  if (gdt === undefined) throw new Error('a real-mode plan has no GDT');
  const named = (segment: SegmentState, selector: number): SegmentState => ({ ...segment, selector });
  const { cs, ds, es, fs, gs, ss } = segments;
  const bytes = concat([
    new Uint8Array(code),
    descriptor(cs),
    descriptor(ds),
    new Uint8Array(gdt.bytes.length - code - 16),
  ]);
  return {
    ...plan,
    copies: plan.copies.map((copy) => (copy.to === gdt.address ? { ...copy, from: { bytes } } : copy)),
    cpu: {
      ...plan.cpu,
      gdt: { address: gdt.address, bytes },
      segments: {
        ...segments,
        cs: named(cs, code),
        ds: named(ds, data),
        es: named(es, data),
        fs: named(fs, data),
        gs: named(gs, data),
        ss: named(ss, data),
      },
    },
  };
}

/** boot_params as a VMM makes them that has never seen the setup_header: everything else of the header is zero. */
function withHeaderFields(plan: LoadPlan, fields: readonly string[]): LoadPlan {
  const block = plan.parameterBlock;
  if (block?.kind !== 'boot_params') throw new Error(`${plan.protocol} has no boot_params`);
  const bytes = block.bytes.slice();
  for (const { at, type, name } of SETUP_HEADER.fields)
    if (!fields.includes(name)) bytes.set(new Uint8Array(type.size), at);
  bytes.set(le(0x0100_0000, 4), SETUP_HEADER.field('kernel_alignment').at);
  return {
    ...plan,
    parameterBlock: { ...block, bytes },
    copies: plan.copies.map((copy) => (copy.to === block.address ? { ...copy, from: { bytes } } : copy)),
  };
}
