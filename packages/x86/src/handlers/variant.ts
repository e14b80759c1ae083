import { KIND, LANE, SEG } from '../decode/lanes.js';

/** Handlers that a form may have: by operand size, with or without a memory operand, in 32-bit and in 64-bit code. */
export const VARIANTS = 12;

export interface Variant {
  readonly form: number;
  readonly codeSize: 32 | 64;
  readonly operandSize: 2 | 4 | 8;
  readonly hasMemory: boolean;
}

/** Where the handlers' table has a variant. */
export const variantIndex = (form: number, codeSize: number, operandSize: number, hasMemory: boolean): number =>
  VARIANTS * form + (operandSize >> 2) + (hasMemory ? 3 : 0) + (codeSize === 64 ? 6 : 0);

/**
 * Where the handlers' table has what executes the instruction whose lanes are there, or -1 when its addresses are not those of the code size, or its segment has to
 * be looked at.
 */
export function placeOf(lanes: Int32Array, at: number, codeSize: number): number {
  if (codeSize === 16) return -1;
  const is64 = codeSize === 64;
  const isString =
    lanes[at + LANE.kind0] === KIND.y || lanes[at + LANE.kind1] === KIND.x || lanes[at + LANE.kind1] === KIND.y;
  const hasMemory =
    lanes[at + LANE.kind0] === KIND.mem || lanes[at + LANE.kind1] === KIND.mem || lanes[at + LANE.kind2] === KIND.mem;
  if (hasMemory || isString) {
    const segment = lanes[at + LANE.segment] as number;
    if (lanes[at + LANE.address] !== (is64 ? 8 : 4)) return -1;
    if (is64 ? isString && segment >= SEG.FS : segment >= SEG.FS || segment === SEG.CS) return -1;
  }
  return variantIndex(lanes[at + LANE.form] as number, codeSize, lanes[at + LANE.size] as number, hasMemory);
}
