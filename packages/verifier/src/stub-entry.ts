import { getU16, getU32 } from '@bzelf/bytes';
import { loadAt, type ElfSubject } from './subject.js';

/** Bytes of the first instruction of a stub, up to the end of the jump of 64-bit mode. */
const LENGTH = 15;

/**
 * Where the first instruction of a stub leads to in either mode: `49 bd imm64` is mov r13, imm64 in 64-bit mode, and
 * dec ecx; mov ebp, imm32; jmp rel8 in 32-bit mode. Source: packages/writer/src/stub/stub.S.
 */
export function bimodalTargets(
  { elf, loads }: ElfSubject,
  address: bigint,
): { readonly entry32: bigint; readonly entry64: bigint } | undefined {
  const load = loadAt(loads, address);
  if (load === undefined || address + BigInt(LENGTH) > load.p_paddr + load.p_filesz) return undefined;
  const at = load.p_offset + address - load.p_paddr;
  if (at + BigInt(LENGTH) > BigInt(elf.source.size)) return undefined;
  const code = elf.source.read(Number(at), LENGTH);
  if (getU16(code) !== 0xbd49 || code[6] !== 0xeb || code[10] !== 0xe9) return undefined;
  const rel8 = ((code[7] ?? 0) << 24) >> 24;
  return { entry32: address + 8n + BigInt(rel8), entry64: address + 15n + BigInt(getU32(code, 11) | 0) };
}
