import { ATTRIBUTE, REGISTER, SEGMENT, TABLE, WORD } from '../cpu/state.js';
import { SEG } from '../decode/lanes.js';
import { AC, DF, ID, IF, IOPL, NT, RF, STATUS_FLAGS, TF, VIF, VIP } from '../isa/flags.js';
import { type Emitter } from './emitter.js';
import { LOCAL } from './locals.js';
import { stackAddress } from './lower-move.js';
import { leaveUnlessCanonical } from './lowering.js';
import { OP } from './opcodes.js';
import { MAY } from './system-rights.js';

const { a, b, c, t, u, v } = LOCAL;
const CS = WORD.segments + SEGMENT.words * SEG.CS;
const SS = WORD.segments + SEGMENT.words * SEG.SS;
const GDTR = WORD.tables + SEGMENT.words * TABLE.GDTR;

/** Of a code segment at level 0 that 64-bit kernels have: these bits of its attributes, of all that say what it is. */
const IS_KERNEL_CODE =
  ATTRIBUTE.present | ATTRIBUTE.notSystem | ATTRIBUTE.code | ATTRIBUTE.accessed | ATTRIBUTE.long | ATTRIBUTE.granular;
const SAYS_WHAT = IS_KERNEL_CODE | ATTRIBUTE.dpl | ATTRIBUTE.big;
/** Flags that stay as they are; the others are taken from the stack. */
const STAY = TF | NT | RF | AC | ID | IF | IOPL | VIF | VIP;
const TAKEN = STATUS_FLAGS | DF;

/**
 * IRETQ of a kernel to itself, by which Linux serializes the processor when it changes its own code, 8,000 times in a boot: to the same flat code
 * segment and no stack segment, with flags that differ in those of arithmetic only. Everything else is the interpreter's. Where it goes is in B then.
 */
export function returnToKernel(emit: Emitter): void {
  const leaveWhen = (opcode: number): void => {
    emit.op(opcode);
    emit.leaveIf();
  };
  emit.loadState(OP.i32_load, WORD.rights);
  emit.i32(MAY.iret);
  emit.op(OP.i32_and, OP.i32_eqz);
  emit.leaveIf();
  for (const [i, local] of [b, c, t, u, v].entries()) {
    stackAddress(emit, 8 * i);
    emit.load(8);
    emit.set(local);
  }
  // SS is null, of level 0
  emit.get(v);
  emit.i64(0xffff, 0);
  emit.op(OP.i64_and, OP.i64_eqz, OP.i32_eqz);
  emit.leaveIf();
  // CS is that of now
  emit.get(c);
  emit.op(OP.i32_wrap_i64);
  emit.i32(0xffff);
  emit.op(OP.i32_and);
  emit.tee(LOCAL.x);
  emit.loadState(OP.i32_load, CS + SEGMENT.selector);
  emit.i32(0xffff);
  emit.op(OP.i32_and);
  leaveWhen(OP.i32_ne);
  // … of the GDT, and in it
  emit.get(LOCAL.x);
  emit.i32(4);
  emit.op(OP.i32_and);
  emit.leaveIf();
  emit.get(LOCAL.x);
  emit.i32(7);
  emit.op(OP.i32_or);
  emit.loadState(OP.i32_load, GDTR + SEGMENT.limit);
  leaveWhen(OP.i32_gt_u);
  // … and what it was when it was loaded
  emit.loadState(OP.i32_load, CS + SEGMENT.attributes);
  emit.tee(LOCAL.y);
  emit.i32(SAYS_WHAT);
  emit.op(OP.i32_and);
  emit.i32(IS_KERNEL_CODE);
  leaveWhen(OP.i32_ne);
  emit.loadState(OP.i64_load, GDTR + SEGMENT.baseLo);
  emit.get(LOCAL.x);
  emit.i32(0xfff8);
  emit.op(OP.i32_and, OP.i64_extend_i32_u, OP.i64_add);
  emit.load(8);
  pushDescriptor(emit);
  leaveWhen(OP.i64_ne);
  emit.loadState(OP.i64_load, CS + SEGMENT.baseLo);
  emit.op(OP.i64_eqz, OP.i32_eqz);
  emit.leaveIf();
  emit.loadState(OP.i32_load, CS + SEGMENT.limit);
  emit.i32(-1);
  leaveWhen(OP.i32_ne);
  leaveUnlessCanonical(emit, b);
  takeFlags(emit);
  emit.i64(0, 0);
  emit.set(a);
  // selector and attributes, base, limit
  emit.storeState(OP.i64_store, SS + SEGMENT.selector, a);
  emit.storeState(OP.i64_store, SS + SEGMENT.baseLo, a);
  emit.i32(0);
  emit.set(LOCAL.word);
  emit.storeState(OP.i32_store, SS + SEGMENT.limit, LOCAL.word);
  emit.get(u);
  emit.popRegister(REGISTER.rsp);
}

/** The descriptor of a flat segment with the attributes in Y. */
function pushDescriptor(emit: Emitter): void {
  for (const [mask, shift] of [
    [0xff, 40],
    [0xf00, 44],
  ] as const) {
    emit.get(LOCAL.y);
    emit.i32(mask);
    emit.op(OP.i32_and, OP.i64_extend_i32_u);
    emit.i64(shift, 0);
    emit.op(OP.i64_shl);
  }
  emit.op(OP.i64_or);
  emit.i64(0xffff, 0xf0000);
  emit.op(OP.i64_or);
}

/** EFLAGS from T, when nothing but arithmetic flags and DF changes, and NT is not set. */
function takeFlags(emit: Emitter): void {
  emit.get(t);
  emit.op(OP.i32_wrap_i64);
  emit.tee(LOCAL.x);
  emit.pushRawEflags();
  emit.op(OP.i32_xor);
  emit.i32(STAY);
  emit.op(OP.i32_and);
  emit.leaveIf();
  emit.pushRawEflags();
  emit.i32(NT);
  emit.op(OP.i32_and);
  emit.leaveIf();
  emit.pushRawEflags();
  emit.i32(~TAKEN);
  emit.op(OP.i32_and);
  emit.get(LOCAL.x);
  emit.i32(TAKEN);
  emit.op(OP.i32_and, OP.i32_or);
  emit.popFlags();
}
