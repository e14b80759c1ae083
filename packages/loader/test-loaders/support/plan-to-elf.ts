import { alignUp, concat, fromHex, le, setU16, setU32, setU64, type ByteSource } from '@bzelf/bytes';
import {
  copyLength,
  FreeMemory,
  REGISTER_NAMES,
  type Copy,
  type LoadPlan,
  type MemoryRange,
  type PlanRange,
} from '../../src/index.js';
import { TRAMPOLINE_HEX, TRAMPOLINE_SYMBOLS as AT } from './trampoline.generated.js';

export interface PlanImage {
  readonly plan: LoadPlan;
  /** What the plan's file offsets count in. */
  readonly source: ByteSource;
  readonly memoryMap: readonly MemoryRange[];
  /** Fills, before the plan's zeros are written, what must be zero afterwards: a plan that forgets a zero then fails. */
  readonly dirty?: boolean;
}

const MIB = 0x100000n;
const FOUR_GIB = 1n << 32n;
/** Unused bytes at the end of boot_params, where the plan's page tables map the last instructions (zero-page.rst: 0xeec-0xfff). */
const EXIT_AT = 0xfd0n;
const MODES = { protected32: 0, long64: 1, real16: 2 } as const;

interface Piece {
  readonly to: bigint;
  readonly bytes: Uint8Array;
}

/**
 * A plan as an ELF file that QEMU boots by a PVH note: the memory image as PT_LOADs, and a trampoline that brings
 * everything below 1 MiB into place, sets the processor as the plan says, and jumps. Written without @bzelf/elf.
 */
export function planToElf({ plan, source, memoryMap, dirty = false }: PlanImage): Uint8Array {
  if (plan.cpu.mode === 'long64') putExitCode(plan);
  const pieces = plan.copies.map((copy) => ({ to: copy.to as bigint, bytes: bytesOf(copy, source) }));
  const high = pieces.filter((p) => p.to >= MIB);
  const low = pieces.filter((p) => p.to < MIB);
  const stage = concat(low.map((p) => pad(p.bytes)));
  const own = new FreeMemory(memoryMap);
  for (const range of occupied(plan)) claimRam(own, range);
  const place = (size: number, purpose: string) =>
    own.place({ size: BigInt(size), align: 0x1000n, low: MIB, high: FOUR_GIB, from: 'top', purpose });
  const stageAt = place(stage.length + 16, 'stage');
  const tables = identityTables();
  const tablesAt = place(tables.length, 'own page tables');
  const lists = copyLists(low, stageAt, plan.zeros);
  const blobSize = alignUp(AT.end, 16) + lists.length;
  const blobAt = place(blobSize, 'trampoline');
  const lowCode = own.place({
    size: 0x1000n,
    align: 0x1000n,
    low: 0x1000n,
    high: 0xa0000n,
    from: 'bottom',
    purpose: 'real-mode code',
  });
  const blob = trampoline(plan, { base: blobAt, tablesAt, lowCode });
  const dirt = dirty ? plan.zeros.filter((z) => z.start >= MIB && z.start + z.length <= FOUR_GIB).map(dirtOf) : [];
  return writeElf(blobAt, [
    ...high,
    ...dirt,
    { to: stageAt, bytes: stage },
    { to: tablesAt, bytes: relocateTables(tables, tablesAt) },
    { to: blobAt, bytes: concat([pad(blob, 16), lists]) },
  ]);
}

const dirtOf = ({ start, length }: PlanRange): Piece => ({
  to: start,
  bytes: new Uint8Array(Number(length)).fill(0xcc),
});

const pad = (bytes: Uint8Array, align = 16): Uint8Array =>
  concat([bytes, new Uint8Array(alignUp(bytes.length, align) - bytes.length)]);

function bytesOf(copy: Copy, source: ByteSource): Uint8Array {
  const { from } = copy;
  if ('bytes' in from) return from.bytes;
  if ('fileOffset' in from) return source.read(from.fileOffset, from.length);
  throw new Error('the initrd must be given as bytes');
}

function occupied(plan: LoadPlan): PlanRange[] {
  const copies = plan.copies.map((c) => ({ start: c.to, length: BigInt(copyLength(c)), purpose: c.purpose }));
  return [...plan.reserve, ...copies, ...plan.zeros];
}

/** Ranges of a plan touch each other on purpose (a copy lies in its reserve), so only what is still free is taken. */
function claimRam(memory: FreeMemory, { start, length, purpose }: PlanRange): void {
  for (const free of memory.free(start, start + length)) memory.claim(free.start, free.end - free.start, purpose);
}

/** {from, to, length}… 0, then {address, length}… 0: what the trampoline works off. */
function copyLists(low: readonly Piece[], stageAt: bigint, zeros: readonly PlanRange[]): Uint8Array {
  const words: bigint[] = [];
  let at = stageAt;
  for (const { to, bytes } of low) {
    words.push(at, to, BigInt(bytes.length));
    at += BigInt(alignUp(bytes.length, 16));
  }
  words.push(0n, 0n, 0n);
  for (const { start, length } of zeros) if (start + length <= FOUR_GIB && length > 0n) words.push(start, length);
  words.push(0n, 0n);
  return concat(words.map((word) => le(word, 4)));
}

/** The last instructions: mov cr3, rax; mov rax, imm64; jmp [rip]; .quad entry. */
function exitCode(plan: LoadPlan): Uint8Array {
  const jump = [
    0x0f,
    0x22,
    0xd8,
    0x48,
    0xb8,
    ...le(plan.cpu.registers.rax, 8),
    0xff,
    0x25,
    0,
    0,
    0,
    0,
    ...le(plan.cpu.rip, 8),
  ];
  return Uint8Array.from(jump);
}

function exitAddress(plan: LoadPlan): bigint {
  if (plan.parameterBlock?.kind !== 'boot_params') throw new Error('a 64-bit plan has boot_params');
  return plan.parameterBlock.address + EXIT_AT;
}

/** Written into the bytes of the plan itself, which are among its copies. */
function putExitCode(plan: LoadPlan): void {
  plan.parameterBlock?.bytes.set(exitCode(plan), Number(EXIT_AT));
}

function trampoline(
  plan: LoadPlan,
  { base, tablesAt, lowCode }: { base: bigint; tablesAt: bigint; lowCode: bigint },
): Uint8Array {
  const blob = fromHex(TRAMPOLINE_HEX);
  const { cpu } = plan;
  const word = (at: number, value: bigint | number) => setU32(blob, at, Number(value));
  const quad = (at: number, value: bigint) => setU64(blob, at, value);
  word(AT.patch_base, base);
  word(AT.patch_entry, base + BigInt(AT.entry));
  setU16(blob, AT.patch_low, Number(lowCode >> 4n));
  word(AT.copies, base + BigInt(alignUp(AT.end, 16)));
  word(AT.mode, MODES[cpu.mode]);
  setU16(blob, AT.gdtr, (cpu.gdt?.bytes.length ?? 1) - 1);
  word(AT.gdtr + 2, cpu.gdt?.address ?? 0n);
  setU16(blob, AT.idtr, cpu.idt.limit);
  word(AT.idtr + 2, cpu.idt.base);
  quad(AT.own_cr3, tablesAt);
  word(AT.low, lowCode);
  word(AT.real_data, cpu.segments.ds.selector);
  word(AT.real_entry, (BigInt(cpu.segments.cs.selector) << 16n) | cpu.rip);
  word(AT.real_sp, cpu.registers.rsp);
  quad(AT.cr0, cpu.cr0);
  quad(AT.cr3, cpu.cr3);
  quad(AT.cr4, cpu.cr4);
  quad(AT.rflags, cpu.rflags);
  quad(AT.entry, cpu.rip);
  quad(AT.exit, cpu.mode === 'long64' ? exitAddress(plan) : 0n);
  REGISTER_NAMES.forEach((name, i) => quad(AT.regs + i * 8, cpu.registers[name]));
  return blob;
}

/** PML4, PDPT and four page directories: 4 GiB, P==V. */
function identityTables(): Uint8Array {
  const tables = new Uint8Array(6 * 4096);
  for (let i = 0; i < 2048; i++) setU64(tables, 8192 + i * 8, (BigInt(i) << 21n) | 0x83n);
  return tables;
}

function relocateTables(tables: Uint8Array, at: bigint): Uint8Array {
  setU64(tables, 0, (at + 0x1000n) | 3n);
  for (let i = 0n; i < 4n; i++) setU64(tables, 4096 + Number(i) * 8, (at + 0x2000n + i * 0x1000n) | 3n);
  return tables;
}

/** Behind the 8 KiB in which QEMU would find a Multiboot header of the kernel inside. */
const BODY_AT = 0x4000;

/** An ELF64 file of PT_LOADs and one PT_NOTE with the PVH entry. */
function writeElf(entry: bigint, pieces: readonly Piece[]): Uint8Array {
  const loads = pieces.filter((p) => p.bytes.length > 0);
  const note = concat([le(4, 4), le(8, 4), le(18, 4), new TextEncoder().encode('Xen\0'), le(entry, 8)]);
  const phnum = loads.length + 1;
  const noteAt = 64 + 56 * phnum;
  let at = Math.max(alignUp(noteAt + note.length, 4096), BODY_AT);
  const phdr = (type: number, offset: number, addr: bigint, size: number, align: number) =>
    concat([le(type, 4), le(7, 4), le(offset, 8), le(addr, 8), le(addr, 8), le(size, 8), le(size, 8), le(align, 8)]);
  const phdrs = [phdr(4, noteAt, 0n, note.length, 4)];
  const body: Uint8Array[] = [];
  for (const { to, bytes } of loads) {
    phdrs.push(phdr(1, at, to, bytes.length, 1));
    body.push(pad(bytes));
    at += alignUp(bytes.length, 16);
  }
  const ident = Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  const ehdr = concat([
    ident,
    le(2, 2),
    le(62, 2),
    le(1, 4),
    le(entry, 8),
    le(64, 8),
    le(0, 8),
    le(0, 4),
    le(64, 2),
    le(56, 2),
    le(phnum, 2),
    le(0, 6),
  ]);
  const head = concat([ehdr, ...phdrs, note]);
  return concat([head, new Uint8Array(Math.max(alignUp(head.length, 4096), BODY_AT) - head.length), ...body]);
}
