import { concat, le, type PhysAddr } from '@bzelf/bytes';

/** The control register bits that the boot protocols speak of. Source: Intel SDM vol. 3A, ch. 2. */
export const CR0_PE = 1n << 0n;
export const CR0_ET = 1n << 4n;
export const CR0_PG = 1n << 31n;
export const CR4_PAE = 1n << 5n;
export const EFER_LME = 1n << 8n;
export const EFER_LMA = 1n << 10n;
/** Bit 1 of the flags is always set; the rest is clear: no interrupts, string operations go upwards. */
export const RFLAGS_RESET = 2n;

/** Selectors of the GDT that a plan brings. Source: boot.rst, "32-bit boot protocol": __BOOT_CS 0x10, __BOOT_DS 0x18. */
export const BOOT_CS = 0x10;
export const BOOT_DS = 0x18;
export const BOOT_TSS = 0x20;

// prettier-ignore
export const REGISTER_NAMES = ['rax','rcx','rdx','rbx','rsp','rbp','rsi','rdi','r8','r9','r10','r11','r12','r13','r14','r15'] as const;
export type RegisterName = (typeof REGISTER_NAMES)[number];
export type Registers = Readonly<Record<RegisterName, bigint>>;

/** A segment register with its hidden part. */
export interface SegmentState {
  readonly selector: number;
  readonly base: bigint;
  /** The last byte, in bytes (4 GiB - 1 for a flat segment). */
  readonly limit: number;
  /** Bits 8-15 and 20-23 of the descriptor as a VMCS has them: type 0-3, S 4, DPL 5-6, P 7, AVL 12, L 13, D/B 14, G 15; 0 = unusable. */
  readonly access: number;
}

export type SegmentName = 'cs' | 'ds' | 'es' | 'fs' | 'gs' | 'ss' | 'tr' | 'ldtr';

/** All that a processor must hold when it executes the first instruction of the kernel. */
export interface CpuState {
  readonly mode: 'real16' | 'protected32' | 'long64';
  /** What the instruction pointer holds: the offset in cs in real mode, else a linear address. */
  readonly rip: bigint;
  readonly cr0: bigint;
  readonly cr3: bigint;
  readonly cr4: bigint;
  readonly efer: bigint;
  readonly rflags: bigint;
  /** The limit of the GDT is `bytes.length - 1`. The bytes are among the plan's copies, too. */
  readonly gdt?: { readonly address: PhysAddr; readonly bytes: Uint8Array };
  readonly idt: { readonly base: bigint; readonly limit: number };
  readonly segments: Readonly<Record<SegmentName, SegmentState>>;
  readonly registers: Registers;
}

const FLAT = 0xffff_ffff;
const CODE32: SegmentState = { selector: BOOT_CS, base: 0n, limit: FLAT, access: 0xc09b };
const CODE64: SegmentState = { selector: BOOT_CS, base: 0n, limit: FLAT, access: 0xa09b };
const DATA: SegmentState = { selector: BOOT_DS, base: 0n, limit: FLAT, access: 0xc093 };
/** A busy 32-bit (64-bit in long mode) TSS of the smallest size. Source: pvh.pandoc, initial state of tr. */
const TSS: SegmentState = { selector: BOOT_TSS, base: 0n, limit: 0x67, access: 0x008b };
const UNUSABLE: SegmentState = { selector: 0, base: 0n, limit: 0, access: 0 };

export function registers(values: Partial<Registers> = {}): Registers {
  const zero = Object.fromEntries(REGISTER_NAMES.map((name) => [name, 0n])) as Record<RegisterName, bigint>;
  return { ...zero, ...values };
}

/** The 8 bytes of a segment descriptor. Source: Intel SDM vol. 3A, "Segment Descriptors". */
export function descriptor({ base, limit, access }: SegmentState): Uint8Array {
  const units = (access & 0x8000) === 0 ? limit : limit >>> 12;
  const value =
    BigInt(units & 0xffff) |
    ((base & 0xff_ffffn) << 16n) |
    (BigInt(access & 0xff) << 40n) |
    (BigInt((units >>> 16) & 0xf) << 48n) |
    (BigInt((access >>> 12) & 0xf) << 52n) |
    (((base >> 24n) & 0xffn) << 56n);
  return le(value, 8);
}

/** Null, null, code at 0x10, data at 0x18, TSS at 0x20 (16 bytes, as long mode wants it; not busy, so that `ltr` takes it). */
export function bootGdt(mode: 'protected32' | 'long64'): Uint8Array {
  const tss = descriptor({ ...TSS, access: 0x0089 });
  return concat([
    new Uint8Array(16),
    descriptor(mode === 'long64' ? CODE64 : CODE32),
    descriptor(DATA),
    tss,
    new Uint8Array(8),
  ]);
}

export interface FlatCpu {
  readonly mode: 'protected32' | 'long64';
  readonly rip: bigint;
  readonly gdt: { readonly address: PhysAddr; readonly bytes: Uint8Array };
  readonly registers?: Partial<Registers>;
  /** The root of the page tables; without it paging is off. */
  readonly cr3?: bigint;
}

/** Flat segments, interrupts off, null IDT: the state of every 32-bit and 64-bit boot protocol. */
export function flatCpu({ mode, rip, gdt, registers: values, cr3 }: FlatCpu): CpuState {
  const paging = cr3 !== undefined;
  const long = mode === 'long64';
  return {
    mode,
    rip,
    cr0: CR0_PE | CR0_ET | (paging ? CR0_PG : 0n),
    cr3: cr3 ?? 0n,
    cr4: paging ? CR4_PAE : 0n,
    efer: long ? EFER_LME | EFER_LMA : 0n,
    rflags: RFLAGS_RESET,
    gdt,
    idt: { base: 0n, limit: 0 },
    segments: { cs: long ? CODE64 : CODE32, ds: DATA, es: DATA, fs: DATA, gs: DATA, ss: DATA, tr: TSS, ldtr: UNUSABLE },
    registers: registers(values),
  };
}

/** Real mode with the BIOS's interrupt table; every data segment is `segment`. Source: boot.rst, "Running the kernel". */
export function realCpu(segment: number, codeSegment: number, sp: number): CpuState {
  const real = (selector: number, access: number): SegmentState => ({
    selector,
    base: BigInt(selector) << 4n,
    limit: 0xffff,
    access,
  });
  const data = real(segment, 0x0093);
  return {
    mode: 'real16',
    rip: 0n,
    cr0: CR0_ET,
    cr3: 0n,
    cr4: 0n,
    efer: 0n,
    rflags: RFLAGS_RESET,
    idt: { base: 0n, limit: 0x3ff },
    segments: {
      cs: real(codeSegment, 0x009b),
      ds: data,
      es: data,
      fs: data,
      gs: data,
      ss: data,
      tr: { ...TSS, selector: 0 },
      ldtr: UNUSABLE,
    },
    registers: registers({ rsp: BigInt(sp) }),
  };
}
