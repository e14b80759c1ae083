import { SIZE_NAMES, SPEC } from './spec.js';

export interface OperandSpec {
  /** As the row spells it. */
  readonly text: string;
  readonly spec: number;
  /** Index of a line of SIZE_TABLE; `memorySize` holds when the operand turns out to be memory. */
  readonly size: number;
  readonly memorySize: number;
  /** Register number of a fixed operand. */
  readonly fixed: number;
}

const sizeCode = (name: string, text: string): number => {
  const code = SIZE_NAMES.indexOf(name === '' ? 'v' : name);
  if (code < 0) throw new Error(`no operand size '${name}' in '${text}'`);
  return code;
};

const FIXED: Readonly<Record<string, readonly [number, string]>> = {
  AL: [0, '8'],
  rAX: [0, ''],
  eAX: [0, 's'],
  CL: [1, '8'],
  AX: [0, '16'],
  DX: [2, '16'],
};

/** Operand spellings with the specification they stand for; the capture is the size. */
const SPELLINGS: readonly (readonly [RegExp, number])[] = [
  [/^r\/mN$/, SPEC.rmAlwaysReg],
  [/^r\/m(|8|16|32|64|:16|32:64|16:32|N)$/, SPEC.rm],
  [/^m(|0|8|16|32|64|80|128|2|x|16:z|DT|32:64)$/, SPEC.rm],
  [/^r(|8|16|32|64|32:64)$/, SPEC.reg],
  [/^xmm()$/, SPEC.vectorReg],
  [/^xmm\/m(32|64|128)$/, SPEC.vectorRm],
  [/^mm()$/, SPEC.mmxReg],
  [/^mm\/m(32|64)$/, SPEC.mmxRm],
  [/^v()$/, SPEC.vvvv],
  [/^imm(|8|16)u?$/, SPEC.imm],
  [/^moffs(|8)$/, SPEC.moffs],
  [/^rel8?()$/, SPEC.rel],
  [/^ptr16:z()$/, SPEC.far],
  [/^X(|8|s)$/, SPEC.x],
  [/^Y(|8|s)$/, SPEC.y],
];

const SEGMENTS = ['ES', 'CS', 'SS', 'DS', 'FS', 'GS'];

/** Specifications that rows share, by what they depend on: a start reads each spelling once. */
const known = new Map<string, OperandSpec>();

export function parseOperand(text: string, opcodeRegister: boolean, regTaken: boolean): OperandSpec {
  const key = opcodeRegister ? `+${text}` : regTaken ? `/${text}` : text;
  let spec = known.get(key);
  if (spec === undefined) {
    spec = readOperand(text, { opcodeRegister, regTaken });
    known.set(key, spec);
  }
  return spec;
}

/** `hasOpcodeRegister`: the row's encoding ends in `+r`, so `r` is not ModRM.reg; `regIsRm`: ModRM.reg is taken by `/n`. */
function readOperand(text: string, row: { opcodeRegister: boolean; regTaken: boolean }): OperandSpec {
  const make = (spec: number, size: string, fixed = 0, memory = size): OperandSpec => ({
    text,
    spec,
    size: sizeCode(size, text),
    memorySize: sizeCode(memory, text),
    fixed,
  });
  const fixed = FIXED[text];
  if (fixed) return make(SPEC.fixed, fixed[1], fixed[0]);
  if (text === 'ST') return make(SPEC.stackTop, '80');
  if (text === 'ST(i)') return make(SPEC.stackRm, '80');
  if (text === 'r32/m16') return make(SPEC.rm, '32', 0, '16');
  if (text === '1') return make(SPEC.one, '8');
  if (text === 'rm') return make(SPEC.otherRm, '0');
  if (text === 'Sreg') return make(SPEC.sreg, '16');
  if (text === 'CRn') return make(SPEC.cr, 'N');
  if (text === 'DRn') return make(SPEC.dr, 'N');
  if (text === 'r/mN') return make(SPEC.rmAlwaysReg, 'N');
  if (SEGMENTS.includes(text)) return make(SPEC.sreg, '16', SEGMENTS.indexOf(text));
  for (const [pattern, spec] of SPELLINGS) {
    const size = pattern.exec(text)?.[1];
    if (size === undefined) continue;
    if (size === ':16') return make(spec, '', 0, '16');
    if (spec === SPEC.vectorReg || spec === SPEC.vectorRm) return make(spec, '128', 0, size === '' ? '128' : size);
    if (spec === SPEC.mmxReg || spec === SPEC.mmxRm) return make(spec, '64', 0, size === '' ? '64' : size);
    if (spec === SPEC.reg && row.opcodeRegister) return make(SPEC.opcodeReg, size);
    if (spec === SPEC.reg && row.regTaken) return make(SPEC.rm, size);
    return make(spec, size);
  }
  throw new Error(`no operand is spelled '${text}'`);
}
