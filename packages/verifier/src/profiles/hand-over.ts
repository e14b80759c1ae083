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
import { acpiCopies, acpiTables, rsdpBytes, xsdtAt, type AcpiPlaces } from './acpi-tables.js';
import { COREBOOT_TABLE, corebootTable } from './coreboot-table.js';
import { withElfHandOver } from './elfboot-hand-over.js';
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
  /** What the kernel is to find; a file may have a line of its own beside it. */
  readonly cmdline: string;
  readonly initrd?: Uint8Array;
  readonly acpi?: AcpiPlaces;
}

/** Loaders of these protocols have no way to pass an initrd. */
const WITHOUT_INITRD: readonly string[] = ['elfboot'];

/** Throws what planLoad throws. */
export function handOver(kernel: KernelImage, profile: Profile, input: HandOverInput): HandOver {
  const memoryMap = profile.memoryMap?.(input.ram) ?? pcMemoryMap(input.ram);
  const { acpi } = profile;
  const cmdline = lineFor(profile, input);
  const initrd = passes(profile, 'initrd') ? input.initrd : undefined;
  const plan = planLoad(kernel, {
    ...profile.options,
    ...(profile.places === undefined ? {} : { places: profile.places(input.ram) }),
    protocol: profile.protocol,
    memoryMap,
    cmdline: profile.fileName === undefined ? cmdline : `${profile.fileName} ${cmdline}`,
    ...(initrd === undefined ? {} : { initrd }),
    ...(acpi?.passed === 'address' ? { acpiRsdp: phys(acpi.rsdp) } : {}),
    ...(acpi?.passed === 'copy' ? { acpiRsdpCopy: rsdpBytes(xsdtAt(acpi)) } : {}),
    ...(profile.identity === undefined ? {} : { extraMappings: [identityRange(profile.identity)] }),
  });
  return {
    plan: atEntryField(changePlan(plan, profile, { cmdline, memoryMap }), kernel, profile),
    memoryMap,
    cmdline,
    ...(initrd === undefined ? {} : { initrd }),
    ...(acpi === undefined ? {} : { acpi }),
  };
}

const passes = ({ protocol, passesNo = [] }: Profile, what: 'cmdline' | 'initrd'): boolean =>
  !passesNo.includes(what) && !(what === 'initrd' && WITHOUT_INITRD.includes(protocol));

function lineFor(profile: Profile, { cmdline }: HandOverInput): string {
  if (!passes(profile, 'cmdline')) return '';
  const line = profile.kaslr === true ? cmdline : `${cmdline} nokaslr`;
  return profile.firstWord === undefined ? line.trim() : `${profile.firstWord} ${line}`.trim();
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

/** e_entry, moved as far as the entry of the protocol is. */
function atEntryField(plan: LoadPlan, kernel: KernelImage, { enters, protocol }: Profile): LoadPlan {
  const entry = kernel.entries.find((own) => own.protocol === protocol);
  if (enters === undefined || entry === undefined || !('elf' in kernel)) return plan;
  return { ...plan, cpu: { ...plan.cpu, rip: kernel.elf.header.e_entry + plan.entry - entry.address } };
}

interface Told {
  readonly cmdline: string;
  readonly memoryMap: readonly MemoryRange[];
}

function changePlan(plan: LoadPlan, profile: Profile, told: Told): LoadPlan {
  const { cpu, headerFields, setupLayout, elfHandOver } = profile;
  let changed = plan;
  if (elfHandOver !== undefined) changed = withElfHandOver(changed, elfHandOver, told, COREBOOT_TABLE);
  if (cpu !== undefined) changed = withCpu(changed, cpu);
  if (headerFields !== undefined) changed = withHeaderFields(changed, headerFields);
  if (setupLayout !== undefined) changed = withSetupLayout(changed, setupLayout);
  return { ...changed, copies: [...changed.copies, ...firmwareCopies(profile, told)] };
}

/** What lies in memory that no plan has brought. */
function firmwareCopies({ firmware, acpi }: Profile, { memoryMap }: Told): Copy[] {
  // a BIOS has its tables in its ROM
  if (firmware === 'bios') return biosMemory(memoryMap, acpi === undefined ? [] : acpiTables(acpi));
  const tables = acpi === undefined ? [] : acpiCopies(acpi);
  if (firmware !== 'coreboot-table') return tables;
  const bytes = corebootTable(memoryMap, acpi?.rsdp);
  return [{ to: COREBOOT_TABLE, from: { bytes }, purpose: firmware }, ...tables];
}

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
