import { readInto, type ByteSource } from '@bzelf/bytes';
import { copyLength, type Copy, type LoadPlan, type SegmentName, type SegmentState } from '@bzelf/loader';
import type { Machine, Segment } from '@bzelf/x86';
import { fail } from './errors.js';

/** Where the bytes are that a plan only points to. */
export interface StartSources {
  /** The kernel's file. */
  readonly kernel: ByteSource;
  /** Needed when the plan was made with the size of the initrd only. */
  readonly initrd?: Uint8Array;
}

/**
 * Does what a loader does, and no more: carries out the plan's copies and zero fills and sets the processor, so that the machine's next
 * instruction is the kernel's first. Throws verifier/outside-ram, verifier/no-initrd, and what reading the kernel throws.
 */
export function startPlan(machine: Machine, plan: LoadPlan, sources: StartSources): void {
  for (const { start, length, purpose } of plan.zeros) range(machine, start, Number(length), purpose).fill(0);
  for (const copy of plan.copies) {
    const target = range(machine, copy.to, copyLength(copy), copy.purpose);
    if ('fileOffset' in copy.from) readInto(sources.kernel, copy.from.fileOffset, target);
    else target.set(bytesOf(copy, sources));
  }
  setProcessor(machine, plan.cpu);
}

/** The bytes that a copy brings. Throws verifier/no-initrd. */
export function bytesOf({ from, purpose }: Copy, { kernel, initrd }: StartSources): Uint8Array {
  if ('bytes' in from) return from.bytes;
  if ('fileOffset' in from) return kernel.read(from.fileOffset, from.length);
  if (initrd === undefined) throw fail('verifier/no-initrd', { field: purpose, hint: 'give its bytes to startPlan' });
  return initrd.subarray(from.initrdOffset, from.initrdOffset + from.length);
}

/** Bytes of RAM that are about to be written. */
function range(machine: Machine, start: bigint, length: number, purpose: string): Uint8Array {
  const { ram } = machine;
  if (start + BigInt(length) > BigInt(ram.length))
    throw fail('verifier/outside-ram', {
      field: purpose,
      found: start,
      expected: `${length} bytes below 0x${ram.length.toString(16)}`,
      hint: 'plan with a memory map that the machine has',
    });
  machine.wrote(Number(start), length);
  return ram.subarray(Number(start), Number(start) + length);
}

function setProcessor(machine: Machine, cpu: LoadPlan['cpu']): void {
  const { gdt, idt, segments, registers } = cpu;
  if (gdt !== undefined) machine.setTable('gdtr', { base: gdt.address, limit: gdt.bytes.length - 1 });
  machine.setTable('idtr', idt);
  // The order of a real switch: tables before paging, paging before the 64-bit segments.
  for (const name of ['cr4', 'cr3', 'efer', 'cr0'] as const) machine.setRegister(name, cpu[name]);
  for (const [name, segment] of Object.entries(segments)) machine.setSegment(name as SegmentName, coreSegment(segment));
  for (const [name, value] of Object.entries(registers)) machine.setRegister(name, value);
  machine.setRegister('rflags', cpu.rflags);
  machine.setRegister('rip', cpu.rip);
}

/** A VMCS keeps the four flags of a descriptor in bits 12 to 15 of the access rights; the core right above the access byte. */
const coreSegment = ({ selector, base, limit, access }: SegmentState): Segment => ({
  selector,
  base,
  limit,
  attributes: (access & 0xff) | ((access >> 4) & 0xf00),
});
