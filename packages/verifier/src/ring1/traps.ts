import type { TrapReason } from '../execution/report.js';
import type { Instruction } from './instruction.js';

/** #GP(0) but for CPL 0. Source: Intel SDM vol. 3A, 5.9. */
const PRIVILEGED = new Set(
  'LGDT LIDT LLDT LTR LMSW CLTS HLT INVD WBINVD WBNOINVD INVLPG INVPCID RDMSR WRMSR RDPMC SWAPGS'.split(' '),
);
/** #GP(0) if CPL is above IOPL, which is 0. Source: Intel SDM vol. 1, 19.5. */
const IOPL = new Set('CLI STI IN OUT INS OUTS'.split(' '));

/** Whether a #GP of this instruction is the monitor's business. */
export const isEmulated = ({ name, isFar, isDebug, control }: Instruction): boolean =>
  isFar || isDebug || control !== undefined || IOPL.has(name) || PRIVILEGED.has(name);

/** Why it has faulted. A far transfer or a segment load wants a descriptor of ring 0. */
export function reasonOf({ name, isFar }: Instruction): TrapReason {
  if (IOPL.has(name)) return 'iopl';
  return isFar ? 'ring-0 selector' : 'privileged';
}

const PREFIXES = new Set([0x66, 0x67, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0xf0, 0xf2, 0xf3]);

/** The opcode behind the prefixes, REX among them. */
function opcode(bytes: Uint8Array, bits: number): readonly [number, number, number] {
  let at = 0;
  while (PREFIXES.has(bytes[at] ?? 0)) at++;
  if (bits === 64 && (bytes[at] ?? 0) >> 4 === 4) at++;
  return [bytes[at] ?? 0, bytes[at + 1] ?? 0, bytes[at + 2] ?? 0];
}

const reg = (modrm: number): number => (modrm >> 3) & 7;

/** SGDT, SIDT, SMSW, SLDT, STR, LAR, LSL, VERR, VERW: they do not fault, and show the system that is below. Source: Robin and Irvine, 2000. */
export function showsSystem(bytes: Uint8Array, bits: number): boolean {
  const [first, second, third] = opcode(bytes, bits);
  if (first !== 0x0f) return false;
  if (second === 0x00) return [0, 1, 4, 5].includes(reg(third));
  if (second === 0x01) return reg(third) === 4 || (third < 0xc0 && reg(third) < 2);
  return second === 0x02 || second === 0x03;
}

/** PUSHF and POPF, which leave IF and IOPL as they are, and reads of segment registers, which show RPL 1. */
export function showsRing(bytes: Uint8Array, bits: number): boolean {
  const [first, second] = opcode(bytes, bits);
  const isPush = [0x0e, 0x16].includes(first);
  return first === 0x9c || first === 0x9d || isPush || (first === 0x8c && [1, 2].includes(reg(second)));
}
