import { type Cpu, type Semantics } from '../cpu/cpu.js';
import { VECTOR } from '../cpu/exception.js';
import { REGISTER } from '../cpu/state.js';
import { LANE } from '../decode/lanes.js';
import { AF, CF, OF, PF, SF, ZF } from '../isa/flags.js';
import { evenParity } from '../cpu/cpu-state.js';

const { rax } = REGISTER;
const AH = 16;

/** SF, ZF and PF of AL, with CF and AF as given; OF, where undefined, is cleared. */
function setAl(cpu: Cpu, value: number, carry: boolean, adjust: boolean): void {
  const al = value & 0xff;
  cpu.setRegister(rax, 1, al, 0);
  const own = (al === 0 ? ZF : 0) | (al & 0x80 ? SF : 0) | (evenParity(al) ? PF : 0);
  cpu.changeFlags(CF | AF | ZF | SF | PF | OF, own | (carry ? CF : 0) | (adjust ? AF : 0));
}

/** DAA, DAS. Source: Intel SDM vol. 2A, "Operation". */
const decimalAdjust =
  (sign: 1 | -1): Semantics =>
  (cpu) => {
    const old = cpu.register(rax, 1);
    const flags = cpu.flags();
    const carry = (flags & CF) !== 0;
    const low = (old & 0xf) > 9 || (flags & AF) !== 0;
    const high = old > 0x99 || carry;
    const lowCarry = low && (sign < 0 ? old < 6 : old + 6 > 0xff);
    setAl(cpu, old + sign * ((low ? 6 : 0) + (high ? 0x60 : 0)), high || (sign < 0 && lowCarry), low);
  };

/** AAA, AAS: AX as a whole is adjusted, then AL cut to four bits. */
const asciiAdjust =
  (sign: 1 | -1): Semantics =>
  (cpu) => {
    const flags = cpu.flags();
    const adjusts = (cpu.register(rax, 1) & 0xf) > 9 || (flags & AF) !== 0;
    const ax = cpu.register(rax, 2) + (adjusts ? sign * 0x106 : 0);
    cpu.setRegister(rax, 2, ax & 0xff0f, 0);
    cpu.changeFlags(CF | AF, adjusts ? CF | AF : 0);
  };

const aam: Semantics = (cpu) => {
  const base = cpu.lane(LANE.immLo) & 0xff;
  if (base === 0) throw cpu.raise(VECTOR.DE);
  const al = cpu.register(rax, 1);
  cpu.setRegister(AH, 1, Math.floor(al / base), 0);
  setAl(cpu, al % base, false, false);
};

const aad: Semantics = (cpu) => {
  const sum = cpu.register(rax, 1) + cpu.register(AH, 1) * (cpu.lane(LANE.immLo) & 0xff);
  cpu.setRegister(AH, 1, 0, 0);
  setAl(cpu, sum, false, false);
};

/** SALC: AL ← CF ? FF : 0. Source: AMD APM vol. 3, appendix. */
const salc: Semantics = (cpu) => cpu.setRegister(rax, 1, cpu.carry ? 0xff : 0, 0);

export const DECIMAL: Readonly<Record<string, Semantics>> = {
  DAA: decimalAdjust(1),
  DAS: decimalAdjust(-1),
  AAA: asciiAdjust(1),
  AAS: asciiAdjust(-1),
  AAM: aam,
  AAD: aad,
  SALC: salc,
};
