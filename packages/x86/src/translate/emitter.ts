import { LANE, LANES, RIP, SEG } from '../decode/lanes.js';
import { REGISTER, SEGMENT, WORD } from '../cpu/state.js';
import { LAYOUT } from '../memory/layout.js';
import { RIGHT } from '../memory/ranges.js';
import { FlagEmitter } from './flag-emitter.js';
import { LOCAL, SITE_REST_BITS } from './locals.js';
import { OP, TYPE } from './opcodes.js';
import { QUESTION, snippet } from './tag-checks.js';
import { linearAt, SEGMENT_USE, type Region } from './region.js';

const MASKS: Readonly<Record<number, number>> = { 1: 0xff, 2: 0xffff };
const LOADS: Readonly<Record<number, number>> = {
  1: OP.i32_load8_u,
  2: OP.i32_load16_u,
  4: OP.i32_load,
  8: OP.i64_load,
};
const STORES: Readonly<Record<number, number>> = {
  1: OP.i32_store8,
  2: OP.i32_store16,
  4: OP.i32_store,
  8: OP.i64_store,
};
const HIGH_BYTE = 16;

/** Emitters write here, one after the other. */
let scratch: Uint8Array = new Uint8Array(0x8000);

/** A place where a region may be left before an instruction. */
interface Site {
  /** Of the instruction, relative to the base of the region. */
  readonly offset: number;
  /** Instructions of its block that have been taken from the budget and are not done, it included. */
  readonly rest: number;
}

/**
 * What lowerings are written with. Values on the WebAssembly stack are i64, zero-extended from the operand size. An instruction changes locals of
 * registers and flags only when none of its accesses can fail any more, because a failing access leaves the region before the instruction.
 */
export class Emitter extends FlagEmitter {
  /** First lane of the instruction in hand. */
  at = 0;
  /** The instruction's place and what is left of its block. */
  here: Site = { offset: 0, rest: 0 };
  /** Flags behind the instruction are looked at before they are set again. */
  flagsLive = true;
  /** Labels between here and the region's fault label; branches out of `if`s count on it. */
  depth = 0;

  /** Bytes of the access in hand, and what it needs: RIGHT. */
  protected size = 0;
  protected needs = 0;

  constructor(readonly region: Region) {
    super(scratch);
  }

  /** The code. It is good until the next emitter begins. */
  finish(): Uint8Array {
    scratch = this.bytes;
    return this.taken();
  }

  lane(lane: number): number {
    return this.region.lanes[this.at + lane] as number;
  }

  begin(instruction: number, here: Site): void {
    this.at = LANES * instruction;
    this.here = here;
  }

  // scopes

  open(opcode: number, type: number = TYPE.none): void {
    this.block(opcode, type);
    this.depth++;
  }

  close(): void {
    this.end();
    this.depth--;
  }

  /** `block exit { block fault { block faultWithFlags { … } } }`: the innermost one first brings pending flags to the state block. */
  private branchToFault(opcode: number): void {
    this.branch(opcode, this.depth - (this.pending ? 3 : 2));
  }

  /** Leaves the region before the instruction in hand. */
  leave(): void {
    this.setSite();
    this.branchToFault(OP.br);
  }

  /** Leaves it when the i32 on the stack is not 0. */
  leaveIf(): void {
    this.setSite();
    this.branchToFault(OP.br_if);
  }

  private setSite(): void {
    const { offset, rest } = this.here;
    this.i64((offset << SITE_REST_BITS) | rest, offset >> (32 - SITE_REST_BITS));
    this.set(LOCAL.site);
  }

  // registers

  /** All 8 bytes of a register. */
  pushRegister(number: number): void {
    this.get(LOCAL.registers + number);
  }

  popRegister(number: number): void {
    this.set(LOCAL.registers + number);
  }

  getRegister(number: number, size: number): void {
    const isHigh = number >= HIGH_BYTE;
    this.get(LOCAL.registers + (isHigh ? number - HIGH_BYTE : number));
    if (isHigh) {
      this.i64(8, 0);
      this.byte(OP.i64_shr_u);
    }
    this.cut(size);
  }

  /** Zero-extends from the operand size. */
  cut(size: number): void {
    if (size === 4) this.op(OP.i32_wrap_i64, OP.i64_extend_i32_u);
    else if (size < 4) {
      this.i64(MASKS[size] as number, 0);
      this.byte(OP.i64_and);
    }
  }

  signExtend(size: number): void {
    if (size === 4) this.byte(OP.i64_extend32_s);
    else if (size === 2) this.byte(OP.i64_extend16_s);
    else if (size === 1) this.byte(OP.i64_extend8_s);
  }

  /** The value on the stack has nothing above the operand size. */
  setRegister(number: number, size: number): void {
    if (size >= 4) return this.set(LOCAL.registers + number);
    const isHigh = number >= HIGH_BYTE;
    const local = LOCAL.registers + (isHigh ? number - HIGH_BYTE : number);
    if (isHigh) {
      this.i64(8, 0);
      this.byte(OP.i64_shl);
    }
    this.get(local);
    const mask = isHigh ? 0xff00 : (MASKS[size] as number);
    this.i64(~mask, -1);
    this.op(OP.i64_and, OP.i64_or);
    this.set(local);
  }

  // immediates

  /** The immediate's low word, where it is known by now. */
  get immediate(): number | undefined {
    return this.lane(LANE.immLo);
  }

  /** Cut to `size` bytes. */
  pushImmediate(size: number): void {
    const lo = this.lane(LANE.immLo);
    if (size === 8) this.i64(lo, this.lane(LANE.immHi));
    else this.i64(size === 1 ? lo & 0xff : size === 2 ? lo & 0xffff : lo, 0);
  }

  // addresses

  /** The linear address of the memory operand goes to the stack. False: the interpreter has to make this access. */
  pushAddress(): boolean {
    const segment = this.lane(LANE.segment);
    if (this.lane(LANE.address) === 2) return false;
    // code segments cannot be written, and need not be readable
    if (segment === SEG.CS && this.region.mode.codeSize === 32) return false;
    this.pushOffset();
    return this.addSegment(segment);
  }

  /** The offset in its segment, cut to the address size. */
  pushOffset(): void {
    const base = this.lane(LANE.base);
    const index = this.lane(LANE.index);
    const size = this.lane(LANE.address);
    let lo = this.lane(LANE.dispLo);
    let hi = this.lane(LANE.dispHi);
    // a displacement from rIP has 32 bits, and so is an offset of the region, too
    if (base === RIP) [lo, hi] = linearAt(this.region, this.here.offset + this.lane(LANE.length) + lo);
    const scale = this.lane(LANE.scale);
    let pushed = false;
    if (base >= 0 && base !== RIP) {
      this.get(LOCAL.registers + base);
      pushed = true;
    }
    if (index >= 0) {
      this.get(LOCAL.registers + index);
      if (scale > 0) {
        this.i64(scale, 0);
        this.byte(OP.i64_shl);
      }
      if (pushed) this.byte(OP.i64_add);
      pushed = true;
    }
    if (!pushed || lo !== 0 || hi !== 0) {
      this.i64(lo, hi);
      if (pushed) this.byte(OP.i64_add);
    }
    if (size === 4) this.cut(4);
    else if (size === 2) this.cut(2);
  }

  /** Adds what the segment's base is; in 64-bit code only FS and GS have one. */
  addSegment(segment: number): boolean {
    const { codeSize, segments } = this.region.mode;
    const use = codeSize === 64 ? (segment >= SEG.FS ? SEGMENT_USE.based : SEGMENT_USE.flat) : segments[segment];
    if (use === SEGMENT_USE.other) return false;
    if (use === SEGMENT_USE.based) {
      this.loadState(OP.i64_load, WORD.segments + SEGMENT.words * segment + SEGMENT.baseLo);
      this.byte(OP.i64_add);
      if (codeSize === 32) this.cut(4);
    }
    return true;
  }

  /** rIP of an offset from the base. */
  pushRip(offset: number): void {
    const [lo, hi] = linearAt(this.region, offset);
    this.i64(lo, hi);
  }

  // memory: the one place where translated code touches it

  /** i32: `size` bytes at EA have a tag, so that a plain access is good. */
  private checkTag(tags: number, size: number): void {
    this.append(snippet(QUESTION.tag, tags, size, 0));
  }

  /** The place of EA in the RAM of the WebAssembly memory, less LAYOUT.ram. */
  private pushHostAddress(addends: number): void {
    this.get(LOCAL.ea);
    this.byte(OP.i32_wrap_i64);
    if (!this.region.mode.paged) return;
    this.append(snippet(QUESTION.addend, addends, 0, 0));
    this.byte(OP.i32_add);
  }

  /**
   * Leaves the region when the i32 on the stack is 0: the access misses a tag. No slow path is called from here: V8 keeps nothing in registers across a call, so that every
   * access would cost a reload of what is live, whether it misses or not (xz: 5.7 s against 4.3).
   */
  protected leaveUnless(): void {
    this.byte(OP.i32_eqz);
    this.leaveIf();
  }

  /**
   * Like it, but an access over the end of a page is good, too, when both pages have tags and lie side by side: what copies 8 bytes at a time does
   * that on most pages. Smaller ones leave the region there: they are rare, and the code for them would be in the way of all others (xz: 3 %).
   */
  private leaveUnlessStraddling(tags: number, addends: number, size: number): void {
    if (!this.mayStraddle(size)) return this.leaveUnless();
    this.byte(OP.i32_eqz);
    this.open(OP.if);
    this.append(snippet(QUESTION.straddle, tags, size, this.region.mode.paged ? addends : 0));
    this.leaveUnless();
    this.close();
  }

  /** Not on the stack, and not at a fixed place: those are aligned. */
  private mayStraddle(size: number): boolean {
    const base = this.lane(LANE.base);
    return size === 8 && base !== RIP && base !== REGISTER.rsp && (base >= 0 || this.lane(LANE.index) >= 0);
  }

  /** Takes the address from the stack (it stays in EA) and leaves the value. `write`: a store to the same place follows. */
  load(size: number, write = false): void {
    this.set(LOCAL.ea);
    this.size = size;
    this.needs = write ? RIGHT.read | RIGHT.write : RIGHT.read;
    this.checkTag(LAYOUT.readTags, size);
    if (write) {
      this.checkTag(LAYOUT.writeTags, size);
      this.byte(OP.i32_and);
      this.leaveUnless();
    } else this.leaveUnlessStraddling(LAYOUT.readTags, LAYOUT.readAddends, size);
    this.pushHostAddress(LAYOUT.readAddends);
    this.memory(LOADS[size] as number, LAYOUT.ram);
    if (size < 8) this.byte(OP.i64_extend_i32_u);
  }

  /** Stores a local (i64) at EA; `checked` when `load` has found that it may. */
  store(size: number, value: number, checked = false): void {
    if (!checked) {
      this.size = size;
      this.needs = RIGHT.write;
      this.checkTag(LAYOUT.writeTags, size);
      this.leaveUnlessStraddling(LAYOUT.writeTags, LAYOUT.writeAddends, size);
    }
    this.pushHostAddress(LAYOUT.writeAddends);
    this.get(value);
    if (size < 8) this.byte(OP.i32_wrap_i64);
    this.memory(STORES[size] as number, LAYOUT.ram);
  }
}
