import { type Semantics } from '../cpu/cpu.js';
import { WORD } from '../cpu/state.js';
import { KIND, LANE } from '../decode/lanes.js';
import { checkMmx } from '../system/fpu-available.js';
import { A, B, beginVector, C, enterMmx, packed, readVector, writeVector } from './vector.js';
import { checkPending } from './x87-pending.js';

/** Views of elements by their size and sign. */
type View = 'u8' | 'i8' | 'u16' | 'i16' | 'i32';
const WIDTH = { u8: 1, i8: 1, u16: 2, i16: 2, i32: 4 } as const;

/** A[i] ← op(A[i], B[i]), cut to the element. */
function each(view: View, op: (a: number, b: number) => number): Semantics {
  const a = A[view];
  const b = B[view];
  return packed((bytes) => {
    for (let i = 0; i < bytes / WIDTH[view]; i++) a[i] = op(a[i] as number, b[i] as number);
  });
}

const between = (lowest: number, highest: number, value: number): number =>
  value < lowest ? lowest : value > highest ? highest : value;
const RANGES = { u8: [0, 0xff], i8: [-0x80, 0x7f], u16: [0, 0xffff], i16: [-0x8000, 0x7fff] } as const;

const addSaturated = (view: keyof typeof RANGES): Semantics =>
  each(view, (a, b) => between(RANGES[view][0], RANGES[view][1], a + b));
const subtractSaturated = (view: keyof typeof RANGES): Semantics =>
  each(view, (a, b) => between(RANGES[view][0], RANGES[view][1], a - b));

const add = (a: number, b: number): number => a + b;
const subtract = (a: number, b: number): number => a - b;
const average = (a: number, b: number): number => (a + b + 1) >> 1;
const equal = (a: number, b: number): number => (a === b ? -1 : 0);
const greater = (a: number, b: number): number => (a > b ? -1 : 0);
const smallest = (a: number, b: number): number => (a < b ? a : b);
const largest = (a: number, b: number): number => (a > b ? a : b);

const logic = (op: (a: number, b: number) => number): Semantics => each('i32', op);

/** PADDQ, PSUBQ. */
const quad = (sign: 1 | -1): Semantics =>
  packed((bytes) => {
    for (let i = 0; i < bytes / 4; i += 2) {
      const lo = (A.u32[i] as number) + sign * (B.u32[i] as number);
      const carry = lo > 0xffffffff ? 1 : lo < 0 ? -1 : 0;
      A.i32[i] = lo;
      A.i32[i + 1] = A.word(i + 1) + sign * B.word(i + 1) + carry;
    }
  });

/** PUNPCKL…, PUNPCKH…: elements of `unit` bytes from the lower or upper halves, in turn. */
const unpack = (unit: number, upper: boolean): Semantics =>
  packed((bytes) => {
    const from = upper ? bytes / 2 : 0;
    for (let at = 0; at < bytes / 2; at += unit)
      for (let i = 0; i < unit; i++) {
        C.u8[2 * at + i] = A.u8[from + at + i] as number;
        C.u8[2 * at + unit + i] = B.u8[from + at + i] as number;
      }
    copyC();
  });

function copyC(): void {
  A.set(C.word(0), C.word(1), C.word(2), C.word(3));
}

/** PACKSSWB, PACKSSDW, PACKUSWB: narrowed with saturation, A's elements below B's. */
function pack(from: 'i16' | 'i32', to: 'i8' | 'u8' | 'i16'): Semantics {
  const [lowest, highest] = RANGES[to];
  return packed((bytes) => {
    const half = bytes / WIDTH[from];
    for (let i = 0; i < half; i++) {
      C[to][i] = between(lowest, highest, A[from][i] as number);
      C[to][half + i] = between(lowest, highest, B[from][i] as number);
    }
    copyC();
  });
}

// shuffles take two bits of the immediate for each element

const pshufw = (from: number, view: 'u16' | 'i32'): Semantics =>
  packed((_, imm) => {
    A.set(B.word(0), B.word(1), B.word(2), B.word(3));
    for (let i = 0; i < 4; i++) A[view][from + i] = B[view][from + ((imm >> (2 * i)) & 3)] as number;
  });

const shufps: Semantics = packed((_, imm) => {
  for (let i = 0; i < 4; i++) C.i32[i] = (i < 2 ? A : B).word((imm >> (2 * i)) & 3);
  copyC();
});

const shufpd: Semantics = packed((_, imm) => {
  const a = 2 * (imm & 1);
  const b = imm & 2;
  A.set(A.word(a), A.word(a + 1), B.word(b), B.word(b + 1));
});

// shifts: by an immediate, or by the lower 64 bits of a register or memory

type ShiftKernel = (bytes: number, count: number) => void;
const shift =
  (kernel: ShiftKernel): Semantics =>
  (cpu) => {
    const bytes = beginVector(cpu);
    let count = cpu.lane(LANE.immLo);
    if (cpu.lane(LANE.kind1) !== KIND.imm) {
      readVector(cpu, 1, B);
      count = B.word(1) !== 0 || (B.u32[0] as number) > 255 ? 255 : B.word(0);
    }
    readVector(cpu, 0, A);
    if (bytes === 8) enterMmx(cpu);
    kernel(bytes, count);
    writeVector(cpu, 0, A);
  };

const shiftEach = (view: View, op: (a: number, count: number) => number): Semantics =>
  shift((bytes, count) => {
    const bits = 8 * WIDTH[view];
    // an arithmetic shift by too much is one by all but a bit
    const far = count >= bits;
    for (let i = 0; i < bytes / WIDTH[view]; i++) {
      const a = A[view][i] as number;
      A[view][i] = far ? op(op(a, bits - 1), 1) : op(a, count);
    }
  });

const left = (a: number, count: number): number => a << count;
const right = (a: number, count: number): number => a >>> count;
const rightSigned = (a: number, count: number): number => a >> count;

const psllq: ShiftKernel = (bytes, count) => {
  for (let i = 0; i < bytes / 4; i += 2) {
    const lo = A.word(i);
    const hi = A.word(i + 1);
    if (count > 63) A.i32[i] = A.i32[i + 1] = 0;
    else if (count > 31) {
      A.i32[i + 1] = lo << (count - 32);
      A.i32[i] = 0;
    } else if (count > 0) {
      A.i32[i + 1] = (hi << count) | (lo >>> (32 - count));
      A.i32[i] = lo << count;
    }
  }
};
const psrlq: ShiftKernel = (bytes, count) => {
  for (let i = 0; i < bytes / 4; i += 2) {
    const lo = A.word(i);
    const hi = A.word(i + 1);
    if (count > 63) A.i32[i] = A.i32[i + 1] = 0;
    else if (count > 31) {
      A.i32[i] = hi >>> (count - 32);
      A.i32[i + 1] = 0;
    } else if (count > 0) {
      A.i32[i] = (lo >>> count) | (hi << (32 - count));
      A.i32[i + 1] = hi >>> count;
    }
  }
};

/** PSLLDQ, PSRLDQ: by whole bytes. */
const shiftBytes = (direction: 1 | -1): Semantics =>
  shift((_, count) => {
    for (let i = 0; i < 16; i++) {
      const from = i - direction * count;
      C.u8[i] = from >= 0 && from < 16 ? (A.u8[from] as number) : 0;
    }
    copyC();
  });

// multiplication and sums

const pmuludq: Semantics = packed((bytes) => {
  for (let i = 0; i < bytes / 4; i += 2) {
    const a = A.u32[i] as number;
    const b = B.u32[i] as number;
    A.i32[i] = Math.imul(a, b);
    A.i32[i + 1] = highProduct(a, b);
  }
});

/** The upper word of a product of unsigned words. */
function highProduct(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const other = aLow * bHigh + (middle & 0xffff);
  return aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(other / 0x10000);
}

const pmaddwd: Semantics = packed((bytes) => {
  for (let i = 0; i < bytes / 4; i++) {
    const product = (at: number) => (A.i16[at] as number) * (B.i16[at] as number);
    A.i32[i] = product(2 * i) + product(2 * i + 1);
  }
});

const psadbw: Semantics = packed((bytes) => {
  for (let at = 0; at < bytes; at += 8) {
    let sum = 0;
    for (let i = at; i < at + 8; i++) sum += Math.abs((A.u8[i] as number) - (B.u8[i] as number));
    A.i32[at / 4] = sum;
    A.i32[at / 4 + 1] = 0;
  }
});

const emms: Semantics = (cpu) => {
  checkMmx(cpu);
  checkPending(cpu);
  cpu.words[WORD.ftw] = 0;
  cpu.words[WORD.fsw] = cpu.word(WORD.fsw) & ~0x3800;
};

const and = logic((a, b) => a & b);
const andNot = logic((a, b) => ~a & b);
const or = logic((a, b) => a | b);
const xor = logic((a, b) => a ^ b);

// prettier-ignore
export const SSE_INTEGER: Readonly<Record<string, Semantics>> = {
  PAND: and, ANDPS: and, ANDPD: and, PANDN: andNot, ANDNPS: andNot, ANDNPD: andNot,
  POR: or, ORPS: or, ORPD: or, PXOR: xor, XORPS: xor, XORPD: xor,
  PADDB: each('u8', add), PADDW: each('u16', add), PADDD: each('i32', add), PADDQ: quad(1),
  PSUBB: each('u8', subtract), PSUBW: each('u16', subtract), PSUBD: each('i32', subtract), PSUBQ: quad(-1),
  PADDSB: addSaturated('i8'), PADDSW: addSaturated('i16'), PADDUSB: addSaturated('u8'), PADDUSW: addSaturated('u16'),
  PSUBSB: subtractSaturated('i8'), PSUBSW: subtractSaturated('i16'),
  PSUBUSB: subtractSaturated('u8'), PSUBUSW: subtractSaturated('u16'),
  PAVGB: each('u8', average), PAVGW: each('u16', average),
  PCMPEQB: each('u8', equal), PCMPEQW: each('u16', equal), PCMPEQD: each('i32', equal),
  PCMPGTB: each('i8', greater), PCMPGTW: each('i16', greater), PCMPGTD: each('i32', greater),
  PMINUB: each('u8', smallest), PMINSW: each('i16', smallest), PMAXUB: each('u8', largest), PMAXSW: each('i16', largest),
  PMULLW: each('i16', (a, b) => a * b), PMULHW: each('i16', (a, b) => (a * b) >> 16),
  PMULHUW: each('u16', (a, b) => (a * b) >>> 16), PMULUDQ: pmuludq, PMADDWD: pmaddwd, PSADBW: psadbw,
  PUNPCKLBW: unpack(1, false), PUNPCKLWD: unpack(2, false), PUNPCKLDQ: unpack(4, false), PUNPCKLQDQ: unpack(8, false),
  PUNPCKHBW: unpack(1, true), PUNPCKHWD: unpack(2, true), PUNPCKHDQ: unpack(4, true), PUNPCKHQDQ: unpack(8, true),
  UNPCKLPS: unpack(4, false), UNPCKLPD: unpack(8, false), UNPCKHPS: unpack(4, true), UNPCKHPD: unpack(8, true),
  PACKSSWB: pack('i16', 'i8'), PACKUSWB: pack('i16', 'u8'), PACKSSDW: pack('i32', 'i16'),
  PSHUFW: pshufw(0, 'u16'), PSHUFLW: pshufw(0, 'u16'), PSHUFHW: pshufw(4, 'u16'), PSHUFD: pshufw(0, 'i32'),
  SHUFPS: shufps, SHUFPD: shufpd,
  PSLLW: shiftEach('u16', left), PSRLW: shiftEach('u16', right), PSRAW: shiftEach('i16', rightSigned),
  PSLLD: shiftEach('i32', left), PSRLD: shiftEach('i32', right), PSRAD: shiftEach('i32', rightSigned),
  PSLLQ: shift(psllq), PSRLQ: shift(psrlq), PSLLDQ: shiftBytes(1), PSRLDQ: shiftBytes(-1),
  EMMS: emms,
};
