import { CR4, MSR_SLOTS, REGISTER, WORD } from '../cpu/state.js';
import { IF } from '../isa/flags.js';
import { type Emitter } from './emitter.js';
import { LOCAL } from './locals.js';
import { type Lowering } from './lowering.js';
import { OP } from './opcodes.js';
import { MAY } from './system-rights.js';

const { rax, rdx } = REGISTER;
const { a } = LOCAL;

/**
 * RDTSC: kernels wait with it, 13 million times in a boot. The count of now is the one at which the budget ends, less what is left of it and of the
 * block. With CR4.TSD the interpreter looks who asks.
 */
const rdtsc: Lowering['lower'] = (emit: Emitter) => {
  emit.loadState(OP.i32_load, WORD.cr + 8);
  emit.i32(CR4.TSD);
  emit.op(OP.i32_and);
  emit.leaveIf();
  emit.loadState(OP.i64_load, WORD.horizon);
  emit.get(LOCAL.left);
  emit.i32(emit.here.rest);
  emit.op(OP.i32_add, OP.i64_extend_i32_s, OP.i64_sub);
  emit.loadState(OP.i64_load, WORD.tscFactor);
  emit.op(OP.i64_mul);
  emit.loadState(OP.i64_load, WORD.msrs + 2 * MSR_SLOTS.tscOffset);
  emit.op(OP.i64_add);
  emit.set(a);
  emit.get(a);
  emit.cut(4);
  emit.setRegister(rax, 4);
  emit.get(a);
  emit.i64(32, 0);
  emit.op(OP.i64_shr_u);
  emit.setRegister(rdx, 4);
  return true;
};

/** CLI: kernels change their own code behind it, 8,000 times in a boot. */
const cli: Lowering['lower'] = (emit: Emitter) => {
  emit.loadState(OP.i32_load, WORD.rights);
  emit.i32(MAY.cli);
  emit.op(OP.i32_and, OP.i32_eqz);
  emit.leaveIf();
  emit.changeEflags(OP.i32_and, ~IF);
  return true;
};

/** Instructions of the system part that are translated. */
export const SYSTEM_LOWERINGS: Readonly<Record<string, Lowering>> = {
  RDTSC: { flags: 'none', lower: rdtsc },
  CLI: { flags: 'none', lower: cli },
};
