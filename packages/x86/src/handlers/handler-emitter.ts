import { SEGMENT, WORD } from '../cpu/state.js';
import { KIND, LANE, SEG } from '../decode/lanes.js';
import { LAYOUT } from '../memory/layout.js';
import { Emitter } from '../translate/emitter.js';
import { LOCAL, stateAt } from '../translate/locals.js';
import { OP } from '../translate/opcodes.js';
import { type Mode } from '../translate/region.js';
import { HANDLED, MISS_NEEDS } from './slot.js';

/** The handler's parameter: where the instruction's lanes are. */
const SLOT_ADDRESS = LOCAL.label;
/** Of no other use here. */
const SCRATCH = LOCAL.rip;

const LOADS: Readonly<Record<number, number>> = {
  1: OP.i64_load8_u,
  2: OP.i64_load16_u,
  4: OP.i64_load32_u,
  8: OP.i64_load,
};
const STORES: Readonly<Record<number, number>> = {
  1: OP.i64_store8,
  2: OP.i64_store16,
  4: OP.i64_store,
  8: OP.i64_store,
};

/** In place of a register's number: that of the operand that names it. */
const registerOf = (operand: number): number => -1 - operand;
const REGISTER_LANES: readonly number[] = [LANE.reg0, LANE.reg1, LANE.reg2];

/**
 * Writes the handler of a form with the lowerings of the translator: registers are in the state block, and which ones they are, immediates and
 * displacements stay in the lanes until the handler runs.
 */
export class HandlerEmitter extends Emitter {
  /** `lanes`: of an instruction like those that the handler is for. */
  constructor(
    mode: Mode,
    lanes: Int32Array,
    /** Number of the function `flags`. */
    private readonly flags: number,
  ) {
    super({ baseLo: 0, baseHi: 0, mode, blocks: [], entries: [], lanes, offsets: [] });
  }

  override lane(lane: number): number {
    const operand = REGISTER_LANES.indexOf(lane);
    return operand >= 0 && super.lane(lane - 1) === KIND.reg ? registerOf(operand) : super.lane(lane);
  }

  protected override callFlags(): void {
    this.call(this.flags);
  }

  /** The handler ends here, and the instruction is not executed. */
  override leave(): void {
    this.i32(HANDLED.leave);
    this.byte(OP.return);
  }

  override leaveIf(): void {
    this.block(OP.if);
    this.leave();
    this.end();
  }

  /** It ends here, and says what is missing. */
  protected override leaveUnless(): void {
    this.byte(OP.i32_eqz);
    this.block(OP.if);
    this.storeState(OP.i64_store, WORD.missed, LOCAL.ea);
    this.i32(this.size | (this.needs << MISS_NEEDS));
    this.byte(OP.return);
    this.end();
  }

  pushLane(opcode: number, lane: number): void {
    this.get(SLOT_ADDRESS);
    this.memory(opcode, 4 * lane);
  }

  // registers

  /** i32: where in the state block a register lies; AH, CH, DH and BH are second bytes. */
  private pushPlace(number: number, size: number): void {
    if (number >= 0) return this.i32(8 * number);
    this.pushLane(OP.i32_load, REGISTER_LANES[registerOf(number)] as number);
    if (size === 1) {
      this.tee(LOCAL.x);
      this.i32(15);
      this.byte(OP.i32_and);
    }
    this.i32(3);
    this.byte(OP.i32_shl);
    if (size > 1) return;
    this.get(LOCAL.x);
    this.i32(4);
    this.op(OP.i32_shr_u, OP.i32_or);
  }

  override getRegister(number: number, size: number): void {
    this.pushPlace(number, size);
    this.memory(LOADS[size] as number, LAYOUT.state);
  }

  override setRegister(number: number, size: number): void {
    this.set(SCRATCH);
    this.pushPlace(number, size);
    this.get(SCRATCH);
    this.memory(STORES[size] as number, LAYOUT.state);
  }

  override pushRegister(number: number): void {
    this.getRegister(number, 8);
  }

  override popRegister(number: number): void {
    this.setRegister(number, 8);
  }

  // immediates and addresses

  override get immediate(): undefined {
    return undefined;
  }

  override pushImmediate(size: number): void {
    this.pushLane(OP.i64_load, LANE.immLo);
    this.cut(size);
  }

  /** rIP, in the state block behind the registers, is that of the next instruction; in front of them is 0, for what there is not. */
  private pushAddressRegister(lane: number): void {
    this.pushLane(OP.i32_load, lane);
    this.i32(3);
    this.byte(OP.i32_shl);
    this.i32(LAYOUT.state);
    this.byte(OP.i32_add);
    this.memory(OP.i64_load, 0);
  }

  override pushOffset(): void {
    this.pushAddressRegister(LANE.base);
    this.pushAddressRegister(LANE.index);
    this.pushLane(OP.i64_load32_u, LANE.scale);
    this.op(OP.i64_shl, OP.i64_add);
    this.pushLane(OP.i64_load, LANE.dispLo);
    this.byte(OP.i64_add);
    this.cut(this.lane(LANE.address));
  }

  /** In 64-bit code only FS and GS have a base; in other code all segments that are used are flat. */
  override pushAddress(): boolean {
    this.pushOffset();
    if (this.region.mode.codeSize === 32) return true;
    this.pushLane(OP.i32_load, LANE.segment);
    this.tee(LOCAL.x);
    this.i32(5);
    this.byte(OP.i32_shl);
    this.memory(OP.i64_load, stateAt(WORD.segments + SEGMENT.baseLo));
    this.i64(0, 0);
    this.get(LOCAL.x);
    this.i32(SEG.FS);
    this.op(OP.i32_ge_u, OP.select, OP.i64_add);
    return true;
  }
}
