import { type Cpu, type Semantics } from '../cpu/cpu.js';
import { CR0, WORD } from '../cpu/state.js';
import { LANE } from '../decode/lanes.js';
import { VM } from '../isa/flags.js';
import { checkWait, checkX87 } from '../system/fpu-available.js';
import { advance, probe } from './x87-memory.js';
import { checkPending, FSW } from './x87-pending.js';
import { beginX87, free, moveTop, noteAddresses, place, pop, setC1, writeRaw } from './x87-state.js';

/** Bits of the control word that exist; bit 6 reads as 1. */
const FCW_MASK = 0x1f3f;
const FCW_ONE = 0x40;

export const setControl = (cpu: Cpu, value: number): void => {
  cpu.words[WORD.fcw] = (value & FCW_MASK) | FCW_ONE;
  judgePending(cpu);
};

/** ES and B say whether an exception is noted that is not masked, whatever was loaded into them. */
export function judgePending(cpu: Cpu): void {
  const fsw = cpu.word(WORD.fsw);
  const open = (fsw & ~cpu.word(WORD.fcw) & 0x3f) !== 0;
  cpu.words[WORD.fsw] = open ? fsw | FSW.es | FSW.busy : fsw & ~(FSW.es | FSW.busy);
}

/** FNINIT, but for the registers, which stay as they are, all empty. */
export function initialize(cpu: Cpu): void {
  const { words } = cpu;
  words[WORD.fcw] = 0x37f;
  for (const word of [WORD.fsw, WORD.ftw, WORD.fop, WORD.fip, WORD.fip + 1, WORD.fdp, WORD.fdp + 1]) words[word] = 0;
}

const control =
  (action: (cpu: Cpu) => void): Semantics =>
  (cpu) => {
    checkX87(cpu);
    action(cpu);
  };

const clearExceptions = (cpu: Cpu): void => {
  cpu.words[WORD.fsw] = cpu.word(WORD.fsw) & ~(0x7f | FSW.es | FSW.busy);
};

/** FINCSTP, FDECSTP, FFREE, FNOP wait, and touch no register. */
const waiting =
  (action: (cpu: Cpu) => void): Semantics =>
  (cpu) => {
    beginX87(cpu);
    noteAddresses(cpu);
    action(cpu);
  };

const rotate = (by: number): Semantics =>
  waiting((cpu) => {
    setC1(cpu, false);
    moveTop(cpu, by);
  });

const fldcw: Semantics = (cpu) => {
  checkX87(cpu);
  checkPending(cpu);
  setControl(cpu, cpu.read(0));
};

// environments

/** Two bits a register: valid, zero, special, empty. */
function tagWord(cpu: Cpu): number {
  let tags = 0;
  for (let physical = 0; physical < 8; physical++) tags |= tagOf(cpu, physical) << (2 * physical);
  return tags;
}

function tagOf(cpu: Cpu, physical: number): number {
  if (((cpu.word(WORD.ftw) >> physical) & 1) === 0) return 3;
  const at = WORD.x87 + 4 * physical;
  const biased = cpu.word(at + 2) & 0x7fff;
  const integer = cpu.word(at + 1) < 0;
  if (biased === 0 && (cpu.word(at) | cpu.word(at + 1)) === 0) return 1;
  return biased === 0 || biased === 0x7fff || !integer ? 2 : 0;
}

/** Real and virtual 8086 mode have an environment of their own. */
const isReal = (cpu: Cpu): boolean => (cpu.word(WORD.cr) & CR0.PE) === 0 || (cpu.word(WORD.eflags) & VM) !== 0;

/** The seven fields of the environment; in real mode, selectors are part of the addresses. Source: Intel SDM vol. 1, figures 8-9 to 8-12. */
function environment(cpu: Cpu): number[] {
  const fip = cpu.word(WORD.fip);
  const fdp = cpu.word(WORD.fdp);
  const fop = cpu.word(WORD.fop) & 0x7ff;
  const head = [cpu.word(WORD.fcw), cpu.word(WORD.fsw), tagWord(cpu)];
  if (!isReal(cpu)) return [...head, fip, fop << 16, fdp, 0];
  const upper = (address: number) => (address >>> 16) << 12;
  return [...head, fip & 0xffff, upper(fip) | fop, fdp & 0xffff, upper(fdp)];
}

/** Bytes of a field: words of 32 bits, or of 16 with a 16-bit operand size. */
const unit = (cpu: Cpu): 2 | 4 => (cpu.operandSize === 2 ? 2 : 4);

function storeEnvironment(cpu: Cpu): void {
  const size = unit(cpu);
  for (const [i, field] of environment(cpu).entries()) {
    // reserved upper halves are ones
    const value = i < 3 || i === 6 ? field | 0xffff0000 : field;
    cpu.store(size, value, 0);
    advance(cpu, size);
  }
}

function loadEnvironment(cpu: Cpu): void {
  const size = unit(cpu);
  const fields: number[] = [];
  for (let i = 0; i < 7; i++) {
    fields.push(cpu.load(size, false));
    advance(cpu, size);
  }
  const [fcw = 0, fsw = 0, tags = 0, fip = 0, selector = 0, fdp = 0, last = 0] = fields;
  const { words } = cpu;
  words[WORD.fsw] = fsw & 0xffff;
  let held = 0;
  for (let i = 0; i < 8; i++) if (((tags >> (2 * i)) & 3) !== 3) held |= 1 << i;
  words[WORD.ftw] = held;
  const real = isReal(cpu);
  const whole = (low: number, upper: number): number => (real ? (low & 0xffff) | ((upper >>> 12) << 16) : low);
  words[WORD.fip] = whole(fip, selector);
  words[WORD.fip + 1] = 0;
  words[WORD.fdp] = whole(fdp, last);
  words[WORD.fdp + 1] = 0;
  if (real) words[WORD.fop] = selector & 0x7ff;
  else if (size === 4) words[WORD.fop] = (selector >> 16) & 0x7ff;
  setControl(cpu, fcw);
}

const fnstenv: Semantics = (cpu) => {
  checkX87(cpu);
  cpu.address();
  probe(cpu, 7 * unit(cpu), true);
  storeEnvironment(cpu);
  cpu.words[WORD.fcw] = cpu.word(WORD.fcw) | 0x3f;
  judgePending(cpu);
};

const fldenv: Semantics = (cpu) => {
  checkX87(cpu);
  checkPending(cpu);
  cpu.address();
  probe(cpu, 7 * unit(cpu), false);
  loadEnvironment(cpu);
};

const fnsave: Semantics = (cpu) => {
  checkX87(cpu);
  cpu.address();
  probe(cpu, 7 * unit(cpu) + 80, true);
  storeEnvironment(cpu);
  for (let i = 0; i < 8; i++) {
    const at = place(cpu, i);
    cpu.store(8, cpu.word(at), cpu.word(at + 1));
    advance(cpu, 8);
    cpu.store(2, cpu.word(at + 2), 0);
    advance(cpu, 2);
  }
  initialize(cpu);
};

const frstor: Semantics = (cpu) => {
  checkX87(cpu);
  checkPending(cpu);
  cpu.address();
  probe(cpu, 7 * unit(cpu) + 80, false);
  loadEnvironment(cpu);
  const tags = cpu.word(WORD.ftw);
  for (let i = 0; i < 8; i++) {
    const lo = cpu.load(8, false);
    const hi = cpu.high;
    advance(cpu, 8);
    writeRaw(cpu, i, lo, hi, cpu.load(2, false));
    advance(cpu, 2);
  }
  cpu.words[WORD.ftw] = tags;
};

export const X87_CONTROL: Readonly<Record<string, Semantics>> = {
  FNINIT: control(initialize),
  FNCLEX: control(clearExceptions),
  FNENI: control(() => undefined),
  FNDISI: control(() => undefined),
  FNSETPM: control(() => undefined),
  FNSTCW: control((cpu) => cpu.write(0, cpu.word(WORD.fcw), 0)),
  FNSTSW: control((cpu) => cpu.write(0, cpu.word(WORD.fsw) & 0xffff, 0)),
  FLDCW: fldcw,
  FNSTENV: fnstenv,
  FLDENV: fldenv,
  FNSAVE: fnsave,
  FRSTOR: frstor,
  FNOP: waiting(() => undefined),
  FINCSTP: rotate(1),
  FDECSTP: rotate(-1),
  FFREE: waiting((cpu) => {
    setC1(cpu, false);
    free(cpu, cpu.lane(LANE.reg0));
  }),
  FFREEP: waiting((cpu) => {
    setC1(cpu, false);
    free(cpu, cpu.lane(LANE.reg0));
    pop(cpu);
  }),
  WAIT: (cpu) => {
    checkWait(cpu);
    checkPending(cpu);
  },
};
