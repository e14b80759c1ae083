import { KIND, LANE, LANES, PREFIX, RIP, SEG } from '../decode/lanes.js';
import { AC } from '../isa/flags.js';
import { type Memory } from '../memory/memory.js';
import { type CpuProfile, DEFAULT_PROFILE } from '../system/profile.js';
import { carryOf } from './carry.js';
import { CpuState } from './cpu-state.js';
import { type CpuHooks, type InterruptLine, NO_INTERRUPTS, NO_PORTS, type Ports } from './environment.js';
import { VECTOR } from './exception.js';
import { ATTRIBUTE, CR0, CR4, EFER, REGISTER, SEGMENT, STATE_SIZE, WORD } from './state.js';

/**
 * What the semantics of instructions are written with: operands, addresses and the stack of one CPU, beside its registers and flags. Values are a
 * low word that is returned and, for 8 bytes, a high word left in `high`; bytes and words are zero-extended.
 */
export class Cpu extends CpuState {
  /** Of the instruction in hand. */
  lanes: Int32Array = new Int32Array(LANES);
  /** Where they begin. */
  lanesAt = 0;
  /** Offset of the memory operand in its segment, as `address` left it. */
  offsetLo = 0;
  offsetHi = 0;
  is64 = false;
  /** Base and limit of CS, as a fetch needs them: 0 and everything in 64-bit mode. */
  codeBase = 0;
  codeLimit = Infinity;
  /** CR0.AM, EFLAGS.AC and CPL 3: addresses that are not multiples of their size are #AC. */
  checksAlignment = false;
  /** DR7 has a breakpoint on execution. */
  hasCodeBreakpoints = false;
  /** Or one on data or ports. */
  hasBreakpoints = false;
  /** The instruction in hand was INT n or the like, behind which a single-step trap does not come. */
  trapInhibited = false;
  /** Set by whatever wants the run to come back behind the instruction in hand. */
  attention = false;
  /** CR8 was written: the local APIC has it as the class of its task priority. */
  onTaskPriority: (priority: number) => void = () => undefined;
  /** The core does not have an instruction that the guest executes: #UD, or the run ends. */
  onUnimplemented: (name: string) => 'ud' | 'stop' = () => 'stop';
  /** Exceptions and software interrupts go to the guest's handlers; else they end the run. */
  delivers = true;
  ports: Ports = NO_PORTS;
  interrupts: InterruptLine = NO_INTERRUPTS;
  hooks: CpuHooks = {};
  profile: CpuProfile = DEFAULT_PROFILE;
  /** Where `atomically` keeps the state of before. */
  readonly saved = new Int32Array(STATE_SIZE / 4);
  /** How many iterations a REP may do before it has to come back. */
  repeatLimit = 0x7fffffff;
  /** Iterations of REP that the instruction in hand has done. */
  iterations = 0;

  constructor(
    readonly memory: Memory,
    buffer?: ArrayBufferLike,
    at?: number,
  ) {
    super(buffer, at);
  }

  lane(index: number): number {
    return this.lanes[this.lanesAt + index] as number;
  }

  // what follows from the state block

  /** Who writes to the state block from outside of an instruction calls this, or lets the next `run` do it. */
  refresh(): void {
    const cs = WORD.segments + SEGMENT.words * SEG.CS;
    this.is64 = this.word(WORD.codeSize) === 64;
    this.codeBase = this.is64 ? 0 : this.word(cs + SEGMENT.baseLo);
    this.codeLimit = this.is64 ? Infinity : this.word(cs + SEGMENT.limit) >>> 0;
    const aligned = (this.word(WORD.cr) & CR0.AM) !== 0 && (this.word(WORD.eflags) & AC) !== 0;
    this.checksAlignment = aligned && this.word(WORD.cpl) === 3;
    this.hasCodeBreakpoints = codeBreakpoints(this.word(WORD.dr + 14));
    const { points } = this.memory;
    points.arm(this.words);
    this.hasBreakpoints = this.hasCodeBreakpoints || points.isOnMemory || points.isOnPorts;
  }

  /** CS, CR0 or EFER has changed: derives how code decodes. */
  modeChanged(): void {
    const attributes = this.word(WORD.segments + SEGMENT.words * SEG.CS + SEGMENT.attributes);
    const long = (this.word(WORD.efer) & EFER.LMA) !== 0 && (attributes & ATTRIBUTE.long) !== 0;
    this.words[WORD.codeSize] = long ? 64 : attributes & ATTRIBUTE.big ? 32 : 16;
    this.refresh();
  }

  setPrivilege(cpl: number): void {
    if (this.word(WORD.cpl) === cpl) return;
    this.words[WORD.cpl] = cpl;
    this.memory.rightsChanged();
  }

  /** EFLAGS have changed as a whole; `old` is what they were. Only AC has consequences. */
  flagsChanged(old: number): void {
    if (((this.word(WORD.eflags) ^ old) & AC) === 0) return;
    if (this.word(WORD.cr + 8) & CR4.SMAP) this.memory.rightsChanged();
    this.refresh();
  }

  // operands

  get operandSize(): number {
    return this.lane(LANE.size);
  }

  sizeOf(operand: number): number {
    return this.lane(LANE.size0 + 3 * operand);
  }

  isMemory(operand: number): boolean {
    return this.lane(LANE.kind0 + 3 * operand) === KIND.mem;
  }

  read(operand: number): number {
    const lane = LANE.kind0 + 3 * operand;
    const size = this.lane(lane + 2);
    switch (this.lane(lane)) {
      case KIND.reg:
        return this.register(this.lane(lane + 1), size);
      case KIND.mem:
        this.address();
        return this.load(size, false);
      case KIND.sreg:
        this.high = 0;
        return this.word(WORD.segments + SEGMENT.words * this.lane(lane + 1)) & 0xffff;
      default:
        return this.immediate(this.sizeOf(0));
    }
  }

  /** Cut to `size` bytes. */
  immediate(size: number): number {
    const lo = this.lane(LANE.immLo);
    this.high = this.lane(LANE.immHi);
    return size === 1 ? lo & 0xff : size === 2 ? lo & 0xffff : lo;
  }

  /** Reads an operand that will be written by `writeBack`; nothing can fault after it. */
  readToModify(operand: number): number {
    const lane = LANE.kind0 + 3 * operand;
    if (this.lane(lane) !== KIND.mem) return this.register(this.lane(lane + 1), this.lane(lane + 2));
    this.address();
    return this.load(this.lane(lane + 2), true);
  }

  /** Writes an operand whose address `readToModify` or `address` has found. */
  writeBack(operand: number, lo: number, hi: number): void {
    const lane = LANE.kind0 + 3 * operand;
    const size = this.lane(lane + 2);
    if (this.lane(lane) === KIND.mem) this.store(size, lo, hi);
    else this.setRegister(this.lane(lane + 1), size, lo, hi);
  }

  write(operand: number, lo: number, hi: number): void {
    if (this.isMemory(operand)) this.address();
    this.writeBack(operand, lo, hi);
  }

  // addresses

  /** The offset of the memory operand, cut to the address size. */
  address(): void {
    const { lanes, lanesAt } = this;
    const base = lanes[lanesAt + LANE.base] as number;
    const index = lanes[lanesAt + LANE.index] as number;
    let lo = lanes[lanesAt + LANE.dispLo] as number;
    let hi = lanes[lanesAt + LANE.dispHi] as number;
    if (base >= 0) {
      const at = base === RIP ? WORD.rip : 2 * base;
      const baseLo = this.word(at);
      lo = (lo + baseLo) | 0;
      hi = (hi + this.word(at + 1) + carryOf(lo, baseLo)) | 0;
    }
    if (index >= 0) {
      const scale = lanes[lanesAt + LANE.scale] as number;
      const indexLo = this.word(2 * index);
      const indexHi =
        scale === 0 ? this.word(2 * index + 1) : (this.word(2 * index + 1) << scale) | (indexLo >>> (32 - scale));
      lo = (lo + (indexLo << scale)) | 0;
      hi = (hi + indexHi + carryOf(lo, indexLo << scale)) | 0;
    }
    this.setOffset(lo, hi);
  }

  setOffset(lo: number, hi: number): void {
    const size = this.lane(LANE.address);
    this.offsetLo = size === 2 ? lo & 0xffff : lo;
    this.offsetHi = size === 8 ? hi : 0;
  }

  load(size: number, write: boolean): number {
    return this.loadAt(this.lane(LANE.segment), this.offsetLo, this.offsetHi, size, write);
  }

  store(size: number, lo: number, hi: number): void {
    this.storeAt(this.lane(LANE.segment), this.offsetLo, this.offsetHi, size, lo, hi);
  }

  loadAt(segment: number, lo: number, hi: number, size: number, write: boolean): number {
    this.linear(segment, lo, hi, size, write);
    const value = this.memory.load(this.linearLo, this.linearHi, size, write);
    if (size === 8) this.high = this.memory.high;
    return value;
  }

  storeAt(segment: number, lo: number, hi: number, size: number, valueLo: number, valueHi: number): void {
    this.linear(segment, lo, hi, size, true);
    this.memory.store(this.linearLo, this.linearHi, size, valueLo, valueHi);
  }

  linearLo = 0;
  linearHi = 0;

  /** Segmentation: checks the offset against the segment and leaves the linear address in `linearLo`, `linearHi`. */
  linear(segment: number, lo: number, hi: number, size: number, write: boolean): void {
    const at = WORD.segments + SEGMENT.words * segment;
    if (!this.is64) {
      this.checkSegment(segment, at, lo, size, write);
      this.linearLo = (lo + this.word(at + SEGMENT.baseLo)) | 0;
      this.linearHi = 0;
      if (this.checksAlignment) this.checkAlignment(size);
      return;
    }
    this.linearLo = lo;
    this.linearHi = hi;
    if (segment >= SEG.FS) {
      const sum = (lo >>> 0) + (this.word(at + SEGMENT.baseLo) >>> 0);
      this.linearLo = sum | 0;
      this.linearHi = (hi + this.word(at + SEGMENT.baseHi) + (sum > 0xffffffff ? 1 : 0)) | 0;
    }
    // canonical: bits 47 to 63 alike, of the last byte too
    const top = this.linearHi >> 15;
    const straddles = this.linearHi === 0x7fff && this.linearLo >>> 0 > 0x1_0000_0000 - size;
    if ((top !== 0 && top !== -1) || straddles) throw this.raise(segment === SEG.SS ? VECTOR.SS : VECTOR.GP, 0);
    if (this.checksAlignment) this.checkAlignment(size);
  }

  /** Source: Intel SDM vol. 3A, 6.15, "Alignment Check Exception". Operands of 10 and more bytes have alignments of their own. */
  private checkAlignment(size: number): void {
    if (size <= 8 && this.linearLo & (size - 1)) throw this.raise(VECTOR.AC, 0);
  }

  private checkSegment(segment: number, at: number, lo: number, size: number, write: boolean): void {
    const attributes = this.word(at + SEGMENT.attributes);
    const limit = this.word(at + SEGMENT.limit) >>> 0;
    const last = (lo >>> 0) + size - 1;
    const isCode = (attributes & ATTRIBUTE.code) !== 0;
    const isDown = !isCode && (attributes & ATTRIBUTE.expandDown) !== 0;
    const top = attributes & ATTRIBUTE.big ? 0xffffffff : 0xffff;
    const inside = isDown ? lo >>> 0 > limit && last <= top : last <= limit;
    const usable = (attributes & ATTRIBUTE.present) !== 0;
    const allowed = write
      ? !isCode && (attributes & ATTRIBUTE.writable) !== 0
      : !isCode || (attributes & ATTRIBUTE.readable) !== 0;
    if (!inside || !usable || !allowed) throw this.raise(segment === SEG.SS ? VECTOR.SS : VECTOR.GP, 0);
  }

  // stack

  get stackSize(): number {
    if (this.is64) return 8;
    return this.word(WORD.segments + SEGMENT.words * SEG.SS + SEGMENT.attributes) & ATTRIBUTE.big ? 4 : 2;
  }

  push(size: number, lo: number, hi: number): void {
    this.moveStack(-size);
    this.storeAt(SEG.SS, this.stackLo, this.stackHi, size, lo, hi);
    this.setRegister(REGISTER.rsp, this.stackSize, this.stackLo, this.stackHi);
  }

  /** The value at rSP; the caller moves rSP with `dropStack` once nothing can fault any more. */
  peekStack(size: number, skip = 0): number {
    this.moveStack(skip);
    return this.loadAt(SEG.SS, this.stackLo, this.stackHi, size, false);
  }

  dropStack(count: number): void {
    this.moveStack(count);
    this.setRegister(REGISTER.rsp, this.stackSize, this.stackLo, this.stackHi);
  }

  stackLo = 0;
  stackHi = 0;

  /** rSP + count in `stackLo` and `stackHi`, cut to the size of the stack pointer. */
  moveStack(count: number): void {
    const size = this.stackSize;
    const lo = this.word(2 * REGISTER.rsp);
    const sum = (lo >>> 0) + (count >>> 0);
    this.stackLo = size === 2 ? sum & 0xffff : sum | 0;
    this.stackHi = size === 8 ? (this.word(2 * REGISTER.rsp + 1) + (count >> 31) + (sum > 0xffffffff ? 1 : 0)) | 0 : 0;
  }

  // control flow

  /** Continues at an offset of `size` bytes. #GP(0) when it is not canonical, or past the limit of CS. */
  jump(lo: number, hi: number, size: number): void {
    const offsetLo = size === 2 ? lo & 0xffff : lo;
    const offsetHi = size === 8 ? hi : 0;
    this.checkJump(offsetLo, offsetHi);
    this.words[WORD.rip] = offsetLo;
    this.words[WORD.rip + 1] = offsetHi;
  }

  checkJump(lo: number, hi: number): void {
    if (!this.isCode(lo, hi)) throw this.raise(VECTOR.GP, 0);
  }

  /** CS has this offset. */
  isCode(lo: number, hi: number): boolean {
    const top = hi >> 15;
    if (this.is64) return top === 0 || top === -1;
    return lo >>> 0 <= this.word(WORD.segments + SEGMENT.words * SEG.CS + SEGMENT.limit) >>> 0;
  }

  /** rIP plus the immediate; the high word in `high`. */
  relativeTarget(): number {
    const imm = this.lane(LANE.immLo);
    const lo = (this.word(WORD.rip) + imm) | 0;
    this.high = (this.word(WORD.rip + 1) + this.lane(LANE.immHi) + carryOf(lo, imm)) | 0;
    return lo;
  }

  jumpRelative(): void {
    const lo = this.relativeTarget();
    this.jump(lo, this.high, this.operandSize);
  }

  startLo = 0;
  startHi = 0;

  /** Makes the instruction in hand the next one again. */
  again(): void {
    this.words[WORD.rip] = this.startLo;
    this.words[WORD.rip + 1] = this.startHi;
  }

  get repeats(): boolean {
    return (this.lane(LANE.prefixes) & (PREFIX.rep | PREFIX.repne)) !== 0;
  }
}

/** What an instruction does. Operands are in the lanes, rIP is already that of the next instruction. */
export type Semantics = (cpu: Cpu) => void;

/** Whether one of the four breakpoints is enabled (L or G) and of the kind 'execution'. Source: Intel SDM vol. 3B, 17.2.4. */
function codeBreakpoints(dr7: number): boolean {
  for (let i = 0; i < 4; i++) if ((dr7 >> (2 * i)) & 3 && ((dr7 >> (16 + 4 * i)) & 3) === 0) return true;
  return false;
}
