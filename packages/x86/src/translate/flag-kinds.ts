import { type Code } from './code.js';
import { type FunctionBody } from './module.js';
import { OP, TYPE } from './opcodes.js';

/**
 * How translated code keeps flags: operands and result of the operation that set them, and a kind that says which operation that was. They are
 * computed only where somebody looks. `A` and `B` are zero-extended (A of SAR is sign-extended), `R` is sign-extended from the operand size.
 *
 * A kind is `main | size << 4 | carry << 8 | carrySize << 12`: ZF, SF, PF, OF and AF are those of `main`, CF is that of `carry`, because INC and
 * DEC leave CF to the operation before them. Sizes are the binary logarithm of bytes. In the tables below, `-` means that the value is in EFLAGS.
 */
// prettier-ignore
export const FLAG = {
  eager: 0, // all in EFLAGS
  logic: 1, // R
  add: 2,   // A + B
  sub: 3,   // A - B
  inc: 4,   // R; no carry
  dec: 5,   // R; no carry
  shl: 7,   // A << B, R
  shr: 8,   // A >> B, R
  sar: 9,   // A >> B, R
  mul: 10,  // A is CF and OF, R the low half
  adc: 11,  // A + B + CF = R; carry is in EFLAGS
  sbb: 12,  // A - B - CF = R; carry is in EFLAGS
} as const;
/** The kinds that can be carries too. */
export const carries = (main: number): boolean => main < FLAG.inc || (main >= FLAG.shl && main <= FLAG.mul);

export const kindOf = (main: number, logSize: number): number =>
  main | (logSize << 4) | (carries(main) ? (main << 8) | (logSize << 12) : 0);
/** Of INC and DEC: what is left of the kind before. */
export const CARRY_KIND = 0xff00;
/** In place of a carry's kind, while translating: some other block has set it. No kind has this number. */
export const CARRY_UNKNOWN = 0xf00;

// parameters and locals of the helper
const KIND = 0;
const A = 1;
const B = 2;
const R = 3;
const EFLAGS = 4;
const BITS = 5;
const OUT = 6;
const SUM = 7;

/**
 * `flags(kind, A, B, R, eflags)`: EFLAGS with all six flags true. The one place where flags are computed from operands; the interpreter gets its
 * flags through it when translated code is left, and translated code calls it where the kind is not known beforehand.
 */
export function flagsFunction(emit: Code): FunctionBody {
  emit.length = 0;
  emit.get(EFLAGS);
  emit.set(OUT);
  bits(emit, 12);
  carryCases(emit);
  bits(emit, 4);
  mainCases(emit);
  emit.get(OUT);
  return {
    type: [[TYPE.i32, TYPE.i64, TYPE.i64, TYPE.i64, TYPE.i32], [TYPE.i32]],
    name: 'flags',
    locals: [
      [1, TYPE.i64],
      [1, TYPE.i32],
      [1, TYPE.i64],
    ],
    code: emit.bytes.slice(0, emit.length),
  };
}

/** BITS ← the width of the operand, from its code in the kind. */
function bits(emit: Code, shift: number): void {
  emit.i64(8, 0);
  emit.get(KIND);
  emit.i32(shift);
  emit.op(OP.i32_shr_u);
  emit.i32(3);
  emit.op(OP.i32_and, OP.i64_extend_i32_u, OP.i64_shl);
  emit.set(BITS);
}

/** `if (field of the kind is one of `kinds`) { body }`. */
function when(emit: Code, shift: number, kinds: readonly number[], body: () => void): void {
  kinds.forEach((kind, i) => {
    emit.get(KIND);
    emit.i32(shift);
    emit.op(OP.i32_shr_u);
    emit.i32(15);
    emit.op(OP.i32_and);
    emit.i32(kind);
    emit.op(OP.i32_eq);
    if (i > 0) emit.op(OP.i32_or);
  });
  emit.block(OP.if);
  body();
  emit.end();
}

/** OUT ← OUT with bit `number` taken from the i64 on the stack. */
function setBit(emit: Code, number: number): void {
  emit.op(OP.i32_wrap_i64);
  emit.i32(1);
  emit.op(OP.i32_and);
  emit.i32(number);
  emit.op(OP.i32_shl);
  emit.get(OUT);
  emit.i32(~(1 << number));
  emit.op(OP.i32_and, OP.i32_or);
  emit.set(OUT);
}

/** Shifts the i64 on the stack so that the operand's top bit comes to bit 0. */
function topBit(emit: Code): void {
  emit.get(BITS);
  emit.i64(1, 0);
  emit.op(OP.i64_sub, OP.i64_shr_u);
}

const CF_BIT = 0;
const PF_BIT = 2;
const AF_BIT = 4;
const ZF_BIT = 6;
const SF_BIT = 7;
const OF_BIT = 11;

function sumOf(emit: Code, opcode: number): void {
  emit.get(A);
  emit.get(B);
  emit.op(opcode);
  emit.set(SUM);
}

/** The carries out of every bit of A + B = SUM: (A & B) | ((A | B) & ~SUM). */
function carryVector(emit: Code): void {
  emit.get(A);
  emit.get(B);
  emit.op(OP.i64_and);
  emit.get(A);
  emit.get(B);
  emit.op(OP.i64_or);
  emit.get(SUM);
  emit.i64(-1, -1);
  emit.op(OP.i64_xor, OP.i64_and, OP.i64_or);
}

/** The borrows into A - B = SUM: (~A & B) | (~(A ^ B) & SUM). */
function borrowVector(emit: Code): void {
  emit.get(A);
  emit.i64(-1, -1);
  emit.op(OP.i64_xor);
  emit.get(B);
  emit.op(OP.i64_and);
  emit.get(A);
  emit.get(B);
  emit.op(OP.i64_xor);
  emit.i64(-1, -1);
  emit.op(OP.i64_xor);
  emit.get(SUM);
  emit.op(OP.i64_and, OP.i64_or);
}

function carryCases(emit: Code): void {
  when(emit, 8, [FLAG.logic], () => {
    emit.i64(0, 0);
    setBit(emit, CF_BIT);
  });
  when(emit, 8, [FLAG.add], () => {
    sumOf(emit, OP.i64_add);
    carryVector(emit);
    topBit(emit);
    setBit(emit, CF_BIT);
  });
  when(emit, 8, [FLAG.sub], () => {
    sumOf(emit, OP.i64_sub);
    borrowVector(emit);
    topBit(emit);
    setBit(emit, CF_BIT);
  });
  when(emit, 8, [FLAG.shl], () => {
    shlCarry(emit);
    setBit(emit, CF_BIT);
  });
  when(emit, 8, [FLAG.shr, FLAG.sar], () => {
    // A of SAR is sign-extended, so that one shift does for both
    emit.get(A);
    emit.get(B);
    emit.i64(1, 0);
    emit.op(OP.i64_sub, OP.i64_shr_s);
    setBit(emit, CF_BIT);
  });
  when(emit, 8, [FLAG.mul], () => {
    emit.get(A);
    setBit(emit, CF_BIT);
  });
}

/** The last bit that SHL moved out: bit BITS - B of A, and 0 when B is larger. */
function shlCarry(emit: Code): void {
  emit.get(A);
  emit.get(BITS);
  emit.get(B);
  emit.op(OP.i64_sub, OP.i64_shr_u);
  emit.i64(0, 0);
  emit.get(B);
  emit.get(BITS);
  emit.op(OP.i64_le_u, OP.select);
}

/** ZF, SF and PF of the sign-extended result in SUM; AF and OF are 0 unless a case sets them. */
function resultFlags(emit: Code): void {
  emit.get(OUT);
  emit.i32(~((1 << AF_BIT) | (1 << OF_BIT)));
  emit.op(OP.i32_and);
  emit.set(OUT);
  emit.get(SUM);
  emit.op(OP.i64_eqz, OP.i64_extend_i32_u);
  setBit(emit, ZF_BIT);
  emit.get(SUM);
  emit.i64(63, 0);
  emit.op(OP.i64_shr_u);
  setBit(emit, SF_BIT);
  emit.get(SUM);
  emit.i64(0xff, 0);
  emit.op(OP.i64_and, OP.i64_popcnt);
  emit.i64(-1, -1);
  emit.op(OP.i64_xor);
  setBit(emit, PF_BIT);
}

/** SUM ← SUM cut to the operand and sign-extended. */
function extendSum(emit: Code): void {
  for (const [value, opcode] of [
    [SUM, OP.i64_shl],
    [-1, OP.i64_shr_s],
  ] as const) {
    if (value >= 0) emit.get(value);
    emit.i64(64, 0);
    emit.get(BITS);
    emit.op(OP.i64_sub, opcode);
  }
  emit.set(SUM);
}

function auxiliary(emit: Code): void {
  emit.get(A);
  emit.get(B);
  emit.op(OP.i64_xor);
  emit.get(SUM);
  emit.op(OP.i64_xor);
  emit.i64(4, 0);
  emit.op(OP.i64_shr_u);
  setBit(emit, AF_BIT);
}

/** OF of an addition: both operands differ in sign from the sum; of a subtraction: A differs from B and from the difference. */
function overflow(emit: Code, isSum: boolean): void {
  emit.get(A);
  emit.get(isSum ? SUM : B);
  emit.op(OP.i64_xor);
  emit.get(isSum ? B : A);
  emit.get(SUM);
  emit.op(OP.i64_xor, OP.i64_and);
  topBit(emit);
  setBit(emit, OF_BIT);
}

function fromResult(emit: Code): void {
  emit.get(R);
  emit.set(SUM);
  resultFlags(emit);
}

/** INC: OF when the result is the smallest number, AF when its low digit is 0. DEC: the largest, 15. */
function stepFlags(emit: Code, isInc: boolean): void {
  fromResult(emit);
  emit.i64(-1, -1);
  emit.get(BITS);
  emit.i64(1, 0);
  emit.op(OP.i64_sub, OP.i64_shl);
  if (!isInc) {
    emit.i64(-1, -1);
    emit.op(OP.i64_xor);
  }
  emit.get(R);
  emit.op(OP.i64_eq, OP.i64_extend_i32_u);
  setBit(emit, OF_BIT);
  emit.get(R);
  emit.i64(15, 0);
  emit.op(OP.i64_and);
  emit.i64(isInc ? 0 : 15, 0);
  emit.op(OP.i64_eq, OP.i64_extend_i32_u);
  setBit(emit, AF_BIT);
}

function mainCases(emit: Code): void {
  const kinds = (list: readonly number[], body: () => void) => when(emit, 0, list, body);
  kinds([FLAG.logic, FLAG.sar], () => fromResult(emit));
  kinds([FLAG.add, FLAG.adc], () => {
    sumOrResult(emit, FLAG.add, OP.i64_add);
    resultFlags(emit);
    auxiliary(emit);
    overflow(emit, true);
  });
  kinds([FLAG.sub, FLAG.sbb], () => {
    sumOrResult(emit, FLAG.sub, OP.i64_sub);
    resultFlags(emit);
    auxiliary(emit);
    overflow(emit, false);
  });
  kinds([FLAG.inc], () => stepFlags(emit, true));
  kinds([FLAG.dec], () => stepFlags(emit, false));
  kinds([FLAG.shl], () => {
    fromResult(emit);
    shlCarry(emit);
    emit.get(R);
    emit.i64(63, 0);
    emit.op(OP.i64_shr_u, OP.i64_xor);
    setBit(emit, OF_BIT);
  });
  kinds([FLAG.shr], () => {
    fromResult(emit);
    emit.get(A);
    topBit(emit);
    setBit(emit, OF_BIT);
  });
  kinds([FLAG.mul], () => {
    fromResult(emit);
    emit.get(A);
    setBit(emit, OF_BIT);
  });
}

/** SUM ← A ± B sign-extended, or R for the kinds that had a carry in. */
function sumOrResult(emit: Code, main: number, opcode: number): void {
  emit.get(R);
  emit.set(SUM);
  when(emit, 0, [main], () => {
    sumOf(emit, opcode);
    extendSum(emit);
  });
}
