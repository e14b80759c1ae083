import { Decoder, KIND, LANE, LANES, OPERATIONS, type Machine } from '@bzelf/x86';

/** What the monitor has to know of an instruction. */
export interface Instruction {
  /** Of the operation: `MOV`, `LGDT`. */
  readonly name: string;
  /** Bytes. */
  readonly length: number;
  /** The general register of MOV from or to a control register, and which way it goes. */
  readonly control?: { readonly number: number; readonly register: number; readonly writes: boolean };
  /** It has a segment register as an operand, or a far pointer. */
  readonly isFar: boolean;
  /** MOV from or to a debug register. */
  readonly isDebug: boolean;
}

const LONGEST = 15;
const FAR = /^(RETF|IRET[DQ]?|L[DEFGS]S)$/;

/** The instruction that is next, in memory where addresses are physical; undefined for what is none. */
export function nextInstruction(machine: Machine): Instruction | undefined {
  const at = Number(machine.linearRip);
  const bytes = machine.ram.slice(at, at + LONGEST);
  const lanes = new Int32Array(LANES);
  const length = new Decoder().decode(bytes, 0, bytes.length, machine.bits, lanes, 0);
  if (length <= 0) return undefined;
  const lane = (index: number): number => lanes[index] ?? 0;
  const name = OPERATIONS[lane(LANE.op)] ?? '';
  const kinds = [lane(LANE.kind0), lane(LANE.kind1)];
  const isFarPointer =
    (name === 'JMP' || name === 'CALL') && kinds.some((kind) => kind === KIND.far || kind === KIND.mem);
  const control = kinds.includes(KIND.cr)
    ? kinds[0] === KIND.cr
      ? { number: lane(LANE.reg0), register: lane(LANE.reg1), writes: true }
      : { number: lane(LANE.reg1), register: lane(LANE.reg0), writes: false }
    : undefined;
  return {
    name,
    length,
    ...(control === undefined ? {} : { control }),
    isDebug: kinds.includes(KIND.dr),
    isFar: kinds.includes(KIND.sreg) || FAR.test(name) || isFarPointer,
  };
}
