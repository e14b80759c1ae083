import { Decoder } from '../decode/decoder.js';
import { KIND, LANE, LANES, MAX_LENGTH } from '../decode/lanes.js';
import { BRANCH, FORM_BRANCH, FORM_LOWERING } from './lowerings.js';
import { NO_BLOCK, type Block, type Mode, type Region } from './region.js';

/** What the former has to know of a machine. */
export interface CodeSource {
  /** Copies up to `count` bytes of code at a linear address, returns how many there are; nothing is logged, nothing faults. */
  peek(lo: number, hi: number, bytes: Uint8Array, count: number): number;
  /** Whether the interpreter has been at the beginning of this block often enough for it to be translated with others. */
  seen(lo: number, hi: number): boolean;
  /** Another region is entered there: it stays the one that has this code. */
  taken(lo: number, hi: number): boolean;
}

/** Regions are cut off here: V8 takes longer than it is worth over larger functions. */
const MAX_INSTRUCTIONS = 1500;
/** Offsets of code in a region stay within this distance of its base. */
export const MAX_DISTANCE = 0x4000_0000;

const NEXT = 0;
const TARGET = 1;

/** Follows code from an address: direct jumps and what follows them, as far as the interpreter has been there. */
export class Former {
  private readonly decoder = new Decoder();
  private readonly bytes = new Uint8Array(64);
  private lanes = new Int32Array(LANES * 256);
  private offsets: number[] = [];
  /** Number of the instruction at an offset. */
  private index = new Map<number, number>();
  private leaders = new Set<number>();
  private entries: number[] = [];
  private todo: number[] = [];

  constructor(private readonly source: CodeSource) {}

  /**
   * The region of an address that may also be entered at `inside`. Undefined when the interpreter has to execute the very first instruction, or
   * code does not lead to `inside`.
   */
  form(baseLo: number, baseHi: number, mode: Mode, inside: readonly number[] = []): Region | undefined {
    this.offsets = [];
    this.index = new Map();
    this.leaders = new Set([0]);
    this.entries = [0];
    this.todo = [0];
    const base = { lo: baseLo, hi: baseHi, mode };
    while (this.todo.length > 0 && this.offsets.length < MAX_INSTRUCTIONS) this.follow(this.todo.pop() as number, base);
    if (!this.index.has(0) || inside.some((offset) => !this.index.has(offset))) return undefined;
    for (const offset of inside) this.leaders.add(offset);
    this.entries.push(...inside);
    const blocks = this.cut();
    const number = new Map(blocks.map(({ start }, i) => [start, i]));
    const wired = blocks.map((block) => ({
      ...block,
      successors: block.successors.map((to) => (to === NOWHERE ? NO_BLOCK : (number.get(to) ?? -1))),
    }));
    const entries = [...new Set(this.entries)].flatMap((offset) => number.get(offset) ?? []);
    const lanes = this.lanes.slice(0, LANES * this.offsets.length);
    return { baseLo, baseHi, mode, blocks: wired, entries, lanes, offsets: this.offsets };
  }

  /** Decodes from an offset to the end of the block, and notes where it goes. */
  private follow(from: number, base: Base): void {
    for (let offset = from; ;) {
      if (this.index.has(offset)) {
        this.leaders.add(offset);
        return;
      }
      const instruction = this.offsets.length;
      const length = instruction < MAX_INSTRUCTIONS ? this.decode(offset, instruction, base) : 0;
      if (length <= 0) return;
      const at = LANES * instruction;
      const form = this.lanes[at + LANE.form] as number;
      const branch = FORM_BRANCH[form] as number;
      const next = offset + length;
      if (branch === BRANCH.none && FORM_LOWERING[form] === undefined) return this.enterAt(next, base);
      this.offsets.push(offset);
      this.index.set(offset, instruction);
      offset = next;
      if (branch !== BRANCH.none) return this.afterBranch(branch, at, next, base);
    }
  }

  private afterBranch(branch: number, at: number, next: number, base: Base): void {
    if (branch === BRANCH.return) return;
    if (branch === BRANCH.call) return this.enterAt(next, base);
    if (branch !== BRANCH.jump) this.lead(next, base);
    if (this.lanes[at + LANE.kind0] !== KIND.rel) return;
    const target = next + (this.lanes[at + LANE.immLo] as number);
    this.lead(target, base);
    // a loop's head is an entry: a budget that ends there is renewed there
    if (target < next && this.leaders.has(target)) this.entries.push(target);
  }

  /** Code that is reached through the interpreter, or by a return. */
  private enterAt(offset: number, base: Base): void {
    if (this.lead(offset, base)) this.entries.push(offset);
  }

  private lead(offset: number, base: Base): boolean {
    if (Math.abs(offset) > MAX_DISTANCE) return false;
    if (this.leaders.has(offset)) return true;
    const [lo, hi] = addressOf(base, offset);
    if (!this.source.seen(lo, hi) || this.source.taken(lo, hi)) return false;
    this.leaders.add(offset);
    this.todo.push(offset);
    return true;
  }

  /** The length, or what the decoder says of bytes that are no instruction. */
  private decode(offset: number, instruction: number, base: Base): number {
    if (LANES * (instruction + 1) > this.lanes.length) {
      const larger = new Int32Array(2 * this.lanes.length);
      larger.set(this.lanes);
      this.lanes = larger;
    }
    const [lo, hi] = addressOf(base, offset);
    const count = this.source.peek(lo, hi, this.bytes, MAX_LENGTH);
    return this.decoder.decode(this.bytes, 0, count, base.mode.codeSize, this.lanes, LANES * instruction);
  }

  /** Blocks from leaders; successors are offsets still. */
  private cut(): Block[] {
    const starts = [...this.leaders].filter((offset) => this.index.has(offset)).sort((x, y) => x - y);
    return starts.map((start) => this.blockAt(start));
  }

  private blockAt(start: number): Block {
    const first = this.index.get(start) as number;
    let count = 0;
    let offset = start;
    for (;;) {
      const instruction = this.index.get(offset);
      // decoded in another run: the order of instructions is that of blocks only within a run
      if (instruction === undefined || instruction !== first + count) break;
      const at = LANES * instruction;
      count++;
      offset += this.lanes[at + LANE.length] as number;
      const branch = FORM_BRANCH[this.lanes[at + LANE.form] as number] as number;
      if (branch !== BRANCH.none) return { start, first, count, next: offset, ...this.successors(branch, at, offset) };
      if (this.leaders.has(offset)) break;
    }
    const known = this.index.has(offset);
    return { start, first, count, next: offset, successors: known ? [offset] : [], leaves: !known };
  }

  private successors(branch: number, at: number, next: number): Pick<Block, 'successors' | 'leaves'> {
    const isDirect = this.lanes[at + LANE.kind0] === KIND.rel;
    const target = next + (this.lanes[at + LANE.immLo] as number);
    const successors: number[] = [];
    if (branch === BRANCH.jump) {
      if (isDirect) successors[TARGET] = target;
      successors[NEXT] = NOWHERE;
    } else if (branch !== BRANCH.return && branch !== BRANCH.call) {
      successors[NEXT] = next;
      successors[TARGET] = target;
    }
    return { successors, leaves: false };
  }
}

/** Offset of what is not there: behind a jump. */
const NOWHERE = Infinity;

interface Base {
  readonly lo: number;
  readonly hi: number;
  readonly mode: Mode;
}

/** A linear address; outside 64-bit mode addresses wrap at 4 GiB. */
function addressOf({ lo, hi, mode }: Base, offset: number): [number, number] {
  const sum = (lo >>> 0) + offset;
  const carry = Math.floor(sum / 0x1_0000_0000);
  return [sum | 0, mode.codeSize === 64 ? (hi + carry) | 0 : 0];
}
