import { KIND, LANE, LANES } from '../decode/lanes.js';
import { FORM_OP, FORM_TRAITS, OPERATIONS } from '../decode/tables.js';
import { FORM_TRAIT } from '../isa/encoding.js';
import { CONDITIONS } from '../isa/conditions.js';
import { ALU_LOWERINGS } from './lower-alu.js';
import { BIT_LOWERINGS } from './lower-bits.js';
import { MOVE_LOWERINGS } from './lower-move.js';
import { MULTIPLY_LOWERINGS } from './lower-multiply.js';
import { SHIFT_LOWERINGS } from './lower-shift.js';
import { SYSTEM_LOWERINGS } from './lower-system.js';
import { type Lowering } from './lowering.js';

const LOWERINGS: Readonly<Record<string, Lowering>> = {
  ...ALU_LOWERINGS,
  ...MOVE_LOWERINGS,
  ...SHIFT_LOWERINGS,
  ...MULTIPLY_LOWERINGS,
  ...BIT_LOWERINGS,
};

/** By form: how it is translated; undefined for branches and for what only the interpreter does. */
export const FORM_LOWERING = byForm<Lowering | undefined>(
  (name) => LOWERINGS[name],
  undefined,
  (name) => SYSTEM_LOWERINGS[name],
);

/** Branches that are translated, as ends of blocks. */
export const BRANCH = {
  none: 0,
  jump: 1,
  condition: 2,
  call: 3,
  return: 4,
  loop: 5,
  countZero: 6,
  interruptReturn: 7,
} as const;

const BRANCHES: Readonly<Record<string, number>> = {
  JMP: BRANCH.jump,
  CALL: BRANCH.call,
  RET: BRANCH.return,
  LOOP: BRANCH.loop,
  JrCXZ: BRANCH.countZero,
  ...Object.fromEntries(CONDITIONS.map((name) => [`J${name}`, BRANCH.condition])),
};

export const FORM_BRANCH = Uint8Array.from(
  byForm(
    (name) => BRANCHES[name] ?? BRANCH.none,
    BRANCH.none,
    (name) => (name === 'IRET' ? BRANCH.interruptReturn : BRANCH.none),
  ),
);
const JUMPS = CONDITIONS.map((condition) => `J${condition}`);
export const FORM_CONDITION = Int8Array.from(byForm((name) => JUMPS.indexOf(name), -1));

const SHIFT_NAMES = new Set(['SHL', 'SHR', 'SAR']);
const IS_SHIFT = byForm((name) => SHIFT_NAMES.has(name), false);

/** What an instruction does to the flags, for liveness: a shift by a constant that is not 0 sets them all. */
export function flagUse(lanes: Int32Array, instruction: number): Lowering['flags'] {
  const at = LANES * instruction;
  const form = lanes[at + LANE.form] as number;
  const branch = FORM_BRANCH[form] as number;
  if (branch !== BRANCH.none) return branch === BRANCH.condition ? 'reads' : 'none';
  const lowering = FORM_LOWERING[form];
  if (lowering === undefined) return 'reads';
  const mask = lanes[at + LANE.size0] === 8 ? 63 : 31;
  const isConstant = lanes[at + LANE.kind1] === KIND.imm && ((lanes[at + LANE.immLo] as number) & mask) !== 0;
  return IS_SHIFT[form] === true && isConstant ? 'sets' : lowering.flags;
}

/** The region may be left before the instruction, so that everything before has to be true there. */
export function canLeave(lanes: Int32Array, instruction: number): boolean {
  const at = LANES * instruction;
  const lane = (number: number): number => lanes[at + number] as number;
  const form = lane(LANE.form);
  const branch = FORM_BRANCH[form] as number;
  if (branch !== BRANCH.none) {
    const isPlain = branch === BRANCH.condition || (branch === BRANCH.jump && lane(LANE.kind0) === KIND.rel);
    return !isPlain || lane(LANE.size) === 2;
  }
  if (FORM_LOWERING[form] === undefined || MAY_LEAVE[form] === true) return true;
  return [LANE.kind0, LANE.kind1, LANE.kind2].some((kind) => ((SAFE_KINDS >> lane(kind)) & 1) === 0);
}

/** Kinds of operands that cannot fail, as bits. LEA has another one and does not touch it, which costs nothing worth saying. */
const SAFE_KINDS = (1 << KIND.none) | (1 << KIND.reg) | (1 << KIND.imm) | (1 << KIND.sreg);

/** Forms that touch memory, or leave, whatever their operands are. */
const LEAVES = new Set(
  'PUSH POP PUSHF LEAVE MOVS STOS LODS DIV IDIV BSF BSR ROL ROR SHLD SHRD ANDN BSWAP MOVBE RDTSC CLI'.split(' '),
);
const MAY_LEAVE = byForm(
  (name) => LEAVES.has(name),
  false,
  (name) => LEAVES.has(name),
);

/** What each form has by the name of its operation; `none` is for what is only decoded, and for the system part's if `ofSystem` has nothing. */
function byForm<T>(of: (name: string) => T, none: T, ofSystem: (name: string) => T = () => none): readonly T[] {
  const own = OPERATIONS.map(of);
  const system = OPERATIONS.map(ofSystem);
  return Array.from(FORM_OP, (operation, form) => {
    const traits = FORM_TRAITS[form] as number;
    if (traits & FORM_TRAIT.todo) return none;
    return (traits & FORM_TRAIT.sys ? system : own)[operation] as T;
  });
}
