import { REGISTER, WORD } from '../cpu/state.js';
import { KIND, LANE, LANES } from '../decode/lanes.js';
import { LAYOUT } from '../memory/layout.js';
import { pushCondition } from './conditions.js';
import { Emitter } from './emitter.js';
import { Flow } from './flow.js';
import { LOCAL, LOCAL_TYPES, SITE_REST_BITS, STATUS } from './locals.js';
import { liveFlags, liveWithin } from './liveness.js';
import { returnToKernel } from './lower-iret.js';
import { moveStack, pushLocal, stackAddress } from './lower-move.js';
import { leaveUnlessCanonical, loadOperand } from './lowering.js';
import { BRANCH, FORM_BRANCH, FORM_CONDITION, FORM_LOWERING } from './lowerings.js';
import { OP } from './opcodes.js';
import { type Block, type Region } from './region.js';
import { REGION_MODULE } from './runtime.js';

export interface Compiled {
  readonly module: Uint8Array<ArrayBuffer>;
  /** The label that enters a block, by its number. */
  readonly labels: ReadonlyMap<number, number>;
}

/** What is known of the flags at some place: Emitter's fields of the same names. */
type FlagState = Pick<Emitter, 'known' | 'inLocals' | 'pending' | 'resultInLocal'>;

const { rcx } = REGISTER;
const ALL_REGISTERS = Array.from({ length: 16 }, (_, register) => register);
const bitOf = (register: number): number => (register >= 0 && register < ALL_REGISTERS.length ? 1 << register : 0);
/** Instructions use them without naming them: all of the first eight but rBX. */
const UNNAMED = 0xff & ~bitOf(REGISTER.rbx);

/** One region to one function. */
export function compile(region: Region): Compiled {
  return new Compiler(region).compile();
}

class Compiler extends Flow {
  /** Flags are live at the start of a block. */
  private readonly live: readonly boolean[];
  /** Where the flags are at the end of blocks that are done, before any of the ways out. */
  private readonly ends: (FlagState | undefined)[];
  /** The block in hand. */
  private node = 0;
  private readonly predecessors: number[][];
  /** Loops' heads and entries, where the budget is looked at. */
  private readonly checked = new Set<number>();
  /** By block, once it is known: the most instructions from its beginning to the next look at the budget. */
  private readonly longest: (number | undefined)[] = [];

  constructor(private readonly region: Region) {
    super(region, new Emitter(region));
    const { blocks, entries } = region;
    this.ends = blocks.map(() => undefined);
    this.predecessors = blocks.map((): number[] => []);
    blocks.forEach(({ successors }, from) => successors.forEach((to) => this.predecessors[to]?.push(from)));
    for (const node of [...entries, ...this.heads]) this.checked.add(node);
    this.live = liveFlags(region, this.checked);
  }

  compile(): Compiled {
    const { emit, structure } = this;
    const used = this.usedRegisters();
    for (const register of used) this.loadRegister(register);
    emit.loadState(OP.i32_load, WORD.left);
    emit.set(LOCAL.left);
    emit.open(OP.block); // exit
    emit.open(OP.block); // fault
    emit.open(OP.block); // fault with flags
    const entered = [...structure.labels.keys()];
    this.sequence(structure.items, entered, -1);
    emit.op(OP.unreachable);
    emit.close();
    emit.storeState(OP.i64_store, WORD.flagA, LOCAL.flagA);
    emit.storeState(OP.i64_store, WORD.flagB, LOCAL.flagB);
    emit.storeState(OP.i64_store, WORD.flagResult, LOCAL.flagR);
    emit.storeState(OP.i32_store, WORD.flagKind, LOCAL.flagKind);
    emit.close();
    this.goToSite();
    emit.close();
    this.epilogue(used);
    const module = REGION_MODULE.build([{ locals: LOCAL_TYPES, code: emit.finish() }]);
    return { module, labels: structure.labels };
  }

  /** rIP and the budget are what they are before the instruction that the region is left at. */
  private goToSite(): void {
    const { emit } = this;
    emit.pushRip(0);
    emit.get(LOCAL.site);
    emit.i64(SITE_REST_BITS, 0);
    emit.op(OP.i64_shr_s, OP.i64_add);
    if (this.region.mode.codeSize === 32) emit.cut(4);
    emit.set(LOCAL.rip);
    emit.get(LOCAL.left);
    emit.get(LOCAL.site);
    emit.byte(OP.i32_wrap_i64);
    emit.i32((1 << SITE_REST_BITS) - 1);
    emit.op(OP.i32_and, OP.i32_add);
    emit.set(LOCAL.left);
    emit.i32(STATUS.leave);
    emit.set(LOCAL.status);
  }

  private loadRegister(register: number): void {
    this.emit.i32(0);
    this.emit.memory(OP.i64_load, LAYOUT.state + 8 * register);
    this.emit.set(LOCAL.registers + register);
  }

  private epilogue(used: readonly number[]): void {
    const { emit } = this;
    for (const register of used) {
      emit.i32(0);
      emit.get(LOCAL.registers + register);
      emit.memory(OP.i64_store, LAYOUT.state + 8 * register);
    }
    emit.storeState(OP.i32_store, WORD.left, LOCAL.left);
    emit.storeState(OP.i64_store, WORD.rip, LOCAL.rip);
    emit.get(LOCAL.status);
  }

  /** Registers that the region names, and those that instructions use without naming them. */
  private usedRegisters(): number[] {
    const { lanes, offsets } = this.region;
    let used = UNNAMED;
    // -1 is none of them, as rIP is
    for (let at = 0; at < LANES * offsets.length; at += LANES) {
      used |= bitOf(lanes[at + LANE.base] as number) | bitOf(lanes[at + LANE.index] as number);
      if (lanes[at + LANE.kind0] === KIND.reg) used |= bitOf((lanes[at + LANE.reg0] as number) & 15);
      if (lanes[at + LANE.kind1] === KIND.reg) used |= bitOf((lanes[at + LANE.reg1] as number) & 15);
      if (lanes[at + LANE.kind2] === KIND.reg) used |= bitOf((lanes[at + LANE.reg2] as number) & 15);
    }
    return ALL_REGISTERS.filter((register) => (used & bitOf(register)) !== 0);
  }

  // branches

  /** Goes on at a block of the region, or leaves the region for an address relative to its base. */
  private go(node: number, offset: number): void {
    const { emit } = this;
    if (this.wantsFlags(node)) emit.flushFlags();
    if (node < 0) return this.exit(offset);
    const { depth, needsLabel } = this.find(node);
    if (needsLabel) {
      emit.i32(this.structure.labels.get(node) as number);
      emit.set(LOCAL.label);
    }
    emit.branch(OP.br, depth);
  }

  /** By the i32 on the stack: one way when it is not 0, the other when it is. */
  private goEither(target: number, targetOffset: number, next: number, nextOffset: number): void {
    const { emit } = this;
    if (this.wantsFlags(target) && this.wantsFlags(next)) emit.flushFlags();
    this.endFlags();
    this.goIf(target, targetOffset);
    this.go(next, nextOffset);
  }

  private goIf(node: number, offset: number): void {
    const { emit } = this;
    const { pending } = emit;
    if (node >= 0 && !this.wantsFlags(node)) {
      const { depth, needsLabel } = this.find(node);
      if (!needsLabel) return emit.branch(OP.br_if, depth);
    }
    emit.open(OP.if);
    this.go(node, offset);
    emit.close();
    emit.pending = pending;
  }

  private exit(offset: number): void {
    this.emit.pushRip(offset);
    this.exitToStack();
  }

  /** Leaves the region; rIP is on the stack. */
  private exitToStack(): void {
    this.emit.set(LOCAL.rip);
    this.emit.branch(OP.br, this.emit.depth - 1);
  }

  // blocks

  protected block(node: number): void {
    const { emit, region } = this;
    const block = region.blocks[node] as Block;
    if (this.structure.labels.has(node)) {
      emit.i32(0);
      emit.set(LOCAL.label);
    }
    if (this.checked.has(node)) this.checkBudget(node, block);
    if (block.count > 0) {
      emit.get(LOCAL.left);
      emit.i32(block.count);
      emit.op(OP.i32_sub);
      emit.set(LOCAL.left);
    }
    this.node = node;
    Object.assign(emit, this.flagsBefore(node));
    this.instructions(block);
  }

  private checkBudget(node: number, block: Block): void {
    const { emit } = this;
    emit.get(LOCAL.left);
    emit.i32(this.longestFrom(node));
    emit.op(OP.i32_lt_s);
    emit.open(OP.if);
    emit.i32(STATUS.budget);
    emit.set(LOCAL.status);
    this.exit(block.start);
    emit.close();
  }

  /** What is left when a look finds too little is the interpreter's: so this is no more than it has to be. Every cycle has a loop's head in it. */
  private longestFrom(node: number): number {
    const known = this.longest[node];
    if (known !== undefined) return known;
    const { count, successors } = this.region.blocks[node] as Block;
    let most = 0;
    for (const to of successors) if (to >= 0 && !this.checked.has(to)) most = Math.max(most, this.longestFrom(to));
    return (this.longest[node] = count + most);
  }

  /**
   * Flags in locals stay there on the way to a block that is reached from nowhere else. Otherwise they are in the state block; of their kind we
   * know what all ways agree on. Blocks come in topological order, so that only back edges are unknown.
   */
  private flagsBefore(node: number): FlagState {
    const before = (this.predecessors[node] ?? []).map((from) => this.ends[from]);
    const [first] = before;
    if (first !== undefined && this.inherits(node)) return first;
    const isKnown = !this.isEntered(node) && before.every((own) => own?.known === first?.known);
    return { known: isKnown ? (first?.known ?? -1) : -1, inLocals: false, pending: false, resultInLocal: false };
  }

  private isEntered(node: number): boolean {
    return this.checked.has(node) || this.structure.labels.has(node);
  }

  private inherits(node: number): boolean {
    return this.predecessors[node]?.length === 1 && !this.isEntered(node);
  }

  /** The instructions are done; what comes now depends on the way out. */
  private endFlags(): void {
    const { known, inLocals, pending, resultInLocal } = this.emit;
    this.ends[this.node] = { known, inLocals, pending, resultInLocal };
  }

  /** The block, or what is outside, wants the flags in the state block, and they are not. */
  private wantsFlags(to: number): boolean {
    return this.emit.pending && (to < 0 || (this.live[to] === true && !this.inherits(to)));
  }

  private instructions(block: Block): void {
    const { emit, region } = this;
    const after = this.liveAfter(block);
    for (let i = 0; i < block.count; i++) {
      const instruction = block.first + i;
      emit.begin(instruction, { offset: region.offsets[instruction] as number, rest: block.count - i });
      emit.flagsLive = after[i] === true;
      const form = emit.lane(LANE.form);
      const isLast = i === block.count - 1;
      if (isLast && FORM_BRANCH[form] !== BRANCH.none) return this.branch(block, FORM_BRANCH[form] as number);
      if (FORM_LOWERING[form]?.lower(emit) !== true) {
        emit.leave();
        emit.op(OP.unreachable);
        return;
      }
    }
    if (block.leaves) {
      emit.begin(block.first, { offset: block.next, rest: 0 });
      emit.leave();
    } else {
      this.endFlags();
      this.go(block.successors[0] ?? -1, block.next);
    }
  }

  /** Whether flags are live behind each instruction of a block. */
  private liveAfter(block: Block): boolean[] {
    return liveWithin(this.region, block, (to) => this.live[to] === true);
  }

  private branch(block: Block, kind: number): void {
    const { emit } = this;
    const [next = -1, target = -1] = block.successors;
    const { codeSize } = this.region.mode;
    const size = emit.lane(LANE.size);
    if (size !== (codeSize === 64 ? 8 : 4)) return this.leaveForGood();
    if (kind === BRANCH.interruptReturn) return this.interruptReturn(block, next);
    const isDirect = emit.lane(LANE.kind0) === KIND.rel;
    const to = block.next + emit.lane(LANE.immLo);
    switch (kind) {
      case BRANCH.condition:
        pushCondition(emit, FORM_CONDITION[emit.lane(LANE.form)] as number);
        return this.goEither(target, to, next, block.next);
      case BRANCH.loop:
      case BRANCH.countZero:
        return this.countBranch(block, kind, to);
      case BRANCH.return:
        return this.return(block);
      default:
        break;
    }
    if (!isDirect && !loadOperand(emit, 0, LOCAL.b)) return this.leaveForGood();
    if (!isDirect) leaveUnlessCanonical(emit, LOCAL.b);
    if (kind === BRANCH.call) {
      emit.pushRip(block.next);
      emit.set(LOCAL.a);
      if (!pushLocal(emit, size, LOCAL.a)) return this.leaveForGood();
    }
    this.endFlags();
    if (isDirect) return this.go(target, to);
    emit.flushFlags();
    emit.get(LOCAL.b);
    this.exitToStack();
  }

  private leaveForGood(): void {
    this.emit.leave();
    this.emit.op(OP.unreachable);
  }

  /** A function that was taken in goes on behind its call, unless the return address is another by now. */
  private return(block: Block): void {
    const { emit } = this;
    const [back = -1] = block.successors;
    const size = emit.lane(LANE.size);
    const taken = size + (emit.lane(LANE.kind0) === KIND.none ? 0 : emit.lane(LANE.immLo));
    if (!stackAddress(emit, 0)) return this.leaveForGood();
    emit.load(size);
    emit.set(LOCAL.b);
    if (back >= 0) {
      emit.get(LOCAL.b);
      emit.pushRip(this.region.blocks[back]?.start ?? 0);
      emit.op(OP.i64_ne);
      emit.open(OP.if);
    }
    leaveUnlessCanonical(emit, LOCAL.b);
    this.endFlags();
    const { pending } = emit;
    emit.flushFlags();
    moveStack(emit, taken);
    emit.get(LOCAL.b);
    this.exitToStack();
    if (back < 0) return;
    emit.close();
    emit.pending = pending;
    moveStack(emit, taken);
    this.go(back, 0);
  }

  /** IRET in 64-bit code, which may go on behind itself. */
  private interruptReturn(block: Block, next: number): void {
    const { emit } = this;
    if (this.region.mode.codeSize !== 64) return this.leaveForGood();
    returnToKernel(emit);
    this.endFlags();
    if (next >= 0) {
      emit.get(LOCAL.b);
      emit.pushRip(block.next);
      emit.op(OP.i64_eq);
      this.goIf(next, block.next);
    }
    emit.get(LOCAL.b);
    this.exitToStack();
  }

  /** LOOP counts rCX down and jumps unless it is 0; JrCXZ jumps when it is. */
  private countBranch(block: Block, kind: number, to: number): void {
    const { emit } = this;
    const [next = -1, target = -1] = block.successors;
    const size = emit.lane(LANE.address);
    if (size === 2) return this.leaveForGood();
    if (kind === BRANCH.loop) {
      emit.getRegister(rcx, size);
      emit.i64(1, 0);
      emit.op(OP.i64_sub);
      emit.cut(size);
      emit.setRegister(rcx, size);
    }
    emit.getRegister(rcx, size);
    emit.op(OP.i64_eqz);
    if (kind === BRANCH.loop) emit.op(OP.i32_eqz);
    this.goEither(target, to, next, block.next);
  }
}
