import { type Cpu, type Semantics } from '../cpu/cpu.js';
import { REGISTER, WORD } from '../cpu/state.js';
import { KIND, LANE } from '../decode/lanes.js';
import { A, B, beginVector, enterMmx, readVector, storeVector, writeVector } from './vector.js';

/** Writes B to operand 0: memory, a general register, or a whole vector register. */
function writeAnywhere(cpu: Cpu, aligned: boolean): void {
  switch (cpu.lane(LANE.kind0)) {
    case KIND.mem:
      cpu.address();
      storeVector(cpu, B, cpu.sizeOf(0), aligned);
      return;
    case KIND.reg:
      cpu.writeBack(0, B.word(0), B.word(1));
      return;
    default:
      writeVector(cpu, 0, B);
  }
}

/** MOVAPS and its like, MOVD, MOVQ: what does not fill a register clears the rest. */
const move =
  (aligned: boolean): Semantics =>
  (cpu) => {
    const bytes = beginVector(cpu);
    readVector(cpu, 1, B, aligned);
    if (cpu.lane(LANE.kind0) !== KIND.mem) {
      if (bytes === 8) enterMmx(cpu);
      return writeAnywhere(cpu, aligned);
    }
    writeAnywhere(cpu, aligned);
    if (bytes === 8) enterMmx(cpu);
  };

/** MOVQ: the upper half of an XMM register is cleared. */
const movq: Semantics = (cpu) => {
  const bytes = beginVector(cpu);
  readVector(cpu, 1, B);
  B.set(B.word(0), B.word(1), 0, 0);
  writeAnywhere(cpu, false);
  if (bytes === 8) enterMmx(cpu);
};

/** MOVSS, MOVSD: from memory the rest is cleared, between registers it stays. */
const moveScalar =
  (words: number): Semantics =>
  (cpu) => {
    beginVector(cpu);
    readVector(cpu, 1, B);
    if (cpu.isMemory(0)) {
      cpu.address();
      cpu.store(4 * words, B.word(0), B.word(1));
    } else writeVector(cpu, 0, B, cpu.isMemory(1) ? 4 : words);
  };

/** MOVLPS, MOVHPS, MOVLHPS, MOVHLPS: halves `from` of the source and `to` of the destination; memory is a half of its own. */
const moveHalf =
  (from: number, to: number): Semantics =>
  (cpu) => {
    beginVector(cpu);
    readVector(cpu, 1, B);
    if (cpu.isMemory(0)) {
      cpu.address();
      cpu.store(8, B.word(2 * to), B.word(2 * to + 1));
      return;
    }
    const at = WORD.xmm + 4 * cpu.lane(LANE.reg0) + 2 * to;
    const half = cpu.isMemory(1) ? 0 : from;
    cpu.words[at] = B.word(2 * half);
    cpu.words[at + 1] = B.word(2 * half + 1);
  };

/** MOVMSKPS, MOVMSKPD, PMOVMSKB: the signs of the elements as bits of a general register. */
const moveMask =
  (unit: number): Semantics =>
  (cpu) => {
    const bytes = beginVector(cpu);
    readVector(cpu, 1, B);
    let mask = 0;
    for (let i = 0; i < bytes / unit; i++) mask |= ((B.u8[unit * i + unit - 1] as number) >> 7) << i;
    if (bytes === 8) enterMmx(cpu);
    cpu.writeBack(0, mask, 0);
  };

const pinsrw: Semantics = (cpu) => {
  const bytes = beginVector(cpu);
  const value = cpu.read(1);
  readVector(cpu, 0, A);
  if (bytes === 8) enterMmx(cpu);
  A.u16[cpu.lane(LANE.immLo) & (bytes / 2 - 1)] = value;
  writeVector(cpu, 0, A);
};

const pextrw: Semantics = (cpu) => {
  const bytes = beginVector(cpu);
  readVector(cpu, 1, B);
  if (bytes === 8) enterMmx(cpu);
  cpu.writeBack(0, B.u16[cpu.lane(LANE.immLo) & (bytes / 2 - 1)] as number, 0);
};

/**
 * MASKMOVQ, MASKMOVDQU: bytes whose mask has its sign go to DS:rDI. A page with no such byte is not touched, which
 * is the processor's choice; what faults is the first byte in the page, whether or not it is written itself (measured, AMD).
 */
const maskMove: Semantics = (cpu) => {
  const bytes = beginVector(cpu);
  readVector(cpu, 0, A);
  readVector(cpu, 1, B);
  if (bytes === 8) enterMmx(cpu);
  const segment = cpu.lane(LANE.segment);
  cpu.setOffset(cpu.word(2 * REGISTER.rdi), cpu.word(2 * REGISTER.rdi + 1));
  const { offsetLo, offsetHi } = cpu;
  cpu.linear(segment, offsetLo, offsetHi, bytes, true);
  const edge = Math.min(bytes, 0x1000 - (cpu.linearLo & 0xfff));
  const place = (i: number) => (offsetHi + ((offsetLo >>> 0) + i > 0xffffffff ? 1 : 0)) | 0;
  const isWritten = (i: number) => (B.u8[i] as number) > 0x7f;
  const anyWritten = (from: number, to: number): boolean => {
    for (let i = from; i < to; i++) if (isWritten(i)) return true;
    return false;
  };
  const checkFrom = (at: number) => cpu.loadAt(segment, (offsetLo + at) | 0, place(at), 1, true);
  if (anyWritten(0, edge)) checkFrom(0);
  if (anyWritten(edge, bytes)) checkFrom(edge);
  for (let i = 0; i < bytes; i++)
    if (isWritten(i)) cpu.storeAt(segment, (offsetLo + i) | 0, place(i), 1, A.u8[i] as number, 0);
};

const moveAligned = move(true);
const moveUnaligned = move(false);

export const SSE_MOVES: Readonly<Record<string, Semantics>> = {
  MOVAPS: moveAligned,
  MOVAPD: moveAligned,
  MOVDQA: moveAligned,
  MOVNTPS: moveAligned,
  MOVNTPD: moveAligned,
  MOVNTDQ: moveAligned,
  MOVUPS: moveUnaligned,
  MOVUPD: moveUnaligned,
  MOVDQU: moveUnaligned,
  MOVD: moveUnaligned,
  MOVNTQ: moveUnaligned,
  MOVQ: movq,
  MOVQ2DQ: movq,
  MOVDQ2Q: movq,
  MOVSS: moveScalar(1),
  MOVSD: moveScalar(2),
  MOVLPS: moveHalf(0, 0),
  MOVLPD: moveHalf(0, 0),
  MOVHPS: moveHalf(0, 1),
  MOVHPD: moveHalf(0, 1),
  MOVLHPS: moveHalf(0, 1),
  MOVHLPS: moveHalf(1, 0),
  MOVMSKPS: moveMask(4),
  MOVMSKPD: moveMask(8),
  PMOVMSKB: moveMask(1),
  PINSRW: pinsrw,
  PEXTRW: pextrw,
  MASKMOVQ: maskMove,
  MASKMOVDQU: maskMove,
};
