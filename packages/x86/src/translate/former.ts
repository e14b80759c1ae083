import { Decoder } from '../decode/decoder.js';
import { type Forms } from '../decode/feature-forms.js';
import { KIND, LANE, LANES, MAX_LENGTH } from '../decode/lanes.js';
import { BRANCH, FORM_BRANCH, FORM_LOWERING } from './lowerings.js';
import { linearAt, NO_BLOCK, type Base, type Block, type Mode, type Region } from './region.js';

/** What the former has to know of a machine. */
export interface CodeSource {
  /** What the processor has of all forms. */
  readonly forms: Forms | undefined;
  /** Copies up to `count` bytes of code at a linear address, returns how many there are; nothing is logged, nothing faults. */
  peek(lo: number, hi: number, bytes: Uint8Array, count: number): number;
  /** Whether the interpreter has been at the beginning of this block often enough for it to be translated with others. */
  seen(lo: number, hi: number): boolean;
  /** Another region is entered there, and stays the one that has this code. */
  taken(lo: number, hi: number): boolean;
}

/** Regions are cut off here: V8 takes longer than it is worth over larger functions. */
const MAX_INSTRUCTIONS = 1500;
/** Offsets of code in a region stay within this distance of its base. */
export const MAX_DISTANCE = 0x4000_0000;

/** A function that is called by a region becomes part of it when it has no more instructions than this, and calls no deeper. */
const MAX_INLINE = 64;
const MAX_DEPTH = 3;

/**
 * A place is an offset in a context: 0 is the region's own code, the others are functions that were taken in, once for each call of them. Places
 * are one number, so that they can be keys.
 */
const CONTEXT = 2 ** 33;
const contextOf = (place: number): number => Math.round(place / CONTEXT);
const offsetOf = (place: number): number => place - CONTEXT * contextOf(place);
const inContext = (context: number, offset: number): number => CONTEXT * context + offset;

/** Follows code from an address: direct jumps, calls of small functions, and what follows them, as far as the interpreter has been there. */
export class Former {
  private readonly decoder = new Decoder();
  private readonly bytes = new Uint8Array(64);
  private lanes = new Int32Array(LANES * 256);
  private offsets: number[] = [];
  /** Number of the instruction at a place. */
  private index = new Map<number, number>();
  private leaders = new Set<number>();
  private entries: number[] = [];
  private todo: number[] = [];
  /** By context: where its RET goes, and how deep it is. */
  private contexts: { readonly returns: number; readonly depth: number }[] = [];
  /** By the number of a CALL: the place of the function that was taken in. */
  private taken = new Map<number, number>();

  constructor(private readonly source: CodeSource) {}

  /**
   * The region of an address that may also be entered at `inside`, and at what there is of `kept`. Undefined when the interpreter has to execute
   * the very first instruction, or code does not lead to `inside`.
   */
  form(baseLo: number, baseHi: number, mode: Mode, inside: number, kept: readonly number[]): Region | undefined {
    this.decoder.forms = this.source.forms;
    this.offsets = [];
    this.index = new Map();
    this.leaders = new Set([0]);
    this.entries = [0];
    this.todo = [0];
    this.contexts = [{ returns: NOWHERE, depth: 0 }];
    this.taken = new Map();
    const base = { baseLo, baseHi, mode };
    while (this.todo.length > 0 && this.offsets.length < MAX_INSTRUCTIONS) this.follow(this.todo.pop() as number, base);
    if (!this.index.has(0) || !this.index.has(inside)) return undefined;
    this.entries.push(inside, ...kept.filter((offset) => this.index.has(offset)));
    for (const offset of this.entries) this.leaders.add(offset);
    const blocks = this.cut();
    const number = new Map(blocks.map(({ place }, i) => [place, i]));
    const wired = blocks.map((block) => ({
      ...block,
      successors: block.successors.map((to) => (to === NOWHERE ? NO_BLOCK : (number.get(to) ?? -1))),
    }));
    const entries = [...new Set(this.entries)].flatMap((offset) => number.get(offset) ?? []);
    const lanes = this.lanes.slice(0, LANES * this.offsets.length);
    return { baseLo, baseHi, mode, blocks: wired, entries, lanes, offsets: this.offsets };
  }

  /** Decodes from a place to the end of the block, and notes where it goes. */
  private follow(from: number, base: Base): void {
    for (let place = from; ;) {
      if (this.index.has(place)) {
        this.leaders.add(place);
        return;
      }
      const instruction = this.offsets.length;
      const offset = offsetOf(place);
      const length = instruction < MAX_INSTRUCTIONS ? this.decode(offset, instruction, base) : 0;
      if (length <= 0) return;
      const form = this.lanes[LANES * instruction + LANE.form] as number;
      const branch = FORM_BRANCH[form] as number;
      const next = place + length;
      if (branch === BRANCH.none && FORM_LOWERING[form] === undefined) return this.enterAt(next, base);
      this.offsets.push(offset);
      this.index.set(place, instruction);
      place = next;
      if (branch !== BRANCH.none) return this.afterBranch(branch, instruction, next, base);
    }
  }

  private afterBranch(branch: number, instruction: number, next: number, base: Base): void {
    const at = LANES * instruction;
    const target = next + (this.lanes[at + LANE.immLo] as number);
    const isDirect = this.lanes[at + LANE.kind0] === KIND.rel;
    if (branch === BRANCH.return) return;
    // where a kernel goes that returns to itself
    if (branch === BRANCH.interruptReturn) return void this.lead(next, base);
    if (branch === BRANCH.call) {
      if (!isDirect || !this.takeIn(instruction, next, target, base)) this.enterAt(next, base);
      return;
    }
    if (branch !== BRANCH.jump) this.lead(next, base);
    if (!isDirect) return;
    this.lead(target, base);
    // a loop's head is an entry: a budget that ends there is renewed there
    if (target < next && contextOf(next) === 0 && this.leaders.has(target)) this.entries.push(target);
  }

  /** Code that is reached through the interpreter, or by a return; contexts are not entered but by their call. */
  private enterAt(place: number, base: Base): void {
    if (contextOf(place) === 0 && this.lead(place, base)) this.entries.push(place);
  }

  private lead(place: number, base: Base): boolean {
    if (this.leaders.has(place)) return true;
    if (!this.isSeen(offsetOf(place), contextOf(place) === 0, base)) return false;
    this.leaders.add(place);
    this.todo.push(place);
    return true;
  }

  private isSeen(offset: number, isOwn: boolean, base: Base): boolean {
    if (Math.abs(offset) > MAX_DISTANCE) return false;
    const [lo, hi] = linearAt(base, offset);
    return this.source.seen(lo, hi) && !(isOwn && this.source.taken(lo, hi));
  }

  // calls

  /** Takes in the function of a call: its RET goes on behind the call as long as the return address is still that. */
  private takeIn(instruction: number, next: number, target: number, base: Base): boolean {
    const parent = this.contexts[contextOf(next)];
    if (parent === undefined || parent.depth >= MAX_DEPTH || !this.isSeen(offsetOf(next), false, base)) return false;
    if (Math.abs(offsetOf(target)) > MAX_DISTANCE) return false;
    if (this.sizeOf(offsetOf(target), MAX_INLINE, parent.depth + 1, base) > MAX_INLINE) return false;
    const context = this.contexts.push({ returns: next, depth: parent.depth + 1 }) - 1;
    const place = inContext(context, offsetOf(target));
    this.taken.set(instruction, place);
    for (const own of [next, place]) {
      if (this.leaders.has(own)) continue;
      this.leaders.add(own);
      this.todo.push(own);
    }
    return true;
  }

  /** Instructions of a function, with those that it calls; Infinity when there are more than `limit`, or some that are not translated. */
  private sizeOf(start: number, limit: number, depth: number, base: Base): number {
    const seen = new Set<number>();
    const todo = [start];
    let size = 0;
    const lead = (offset: number): void => void (this.isSeen(offset, false, base) && todo.push(offset));
    while (todo.length > 0)
      for (let offset = todo.pop() as number; !seen.has(offset);) {
        seen.add(offset);
        const instruction = this.offsets.length;
        const length = this.decode(offset, instruction, base);
        const at = LANES * instruction;
        const form = this.lanes[at + LANE.form] as number;
        const branch = length > 0 ? (FORM_BRANCH[form] as number) : BRANCH.none;
        if (++size > limit || length <= 0 || (branch === BRANCH.none && FORM_LOWERING[form] === undefined))
          return Infinity;
        offset += length;
        if (branch === BRANCH.none) continue;
        if (branch === BRANCH.return) break;
        if (this.lanes[at + LANE.kind0] !== KIND.rel) return Infinity;
        const target = offset + (this.lanes[at + LANE.immLo] as number);
        if (branch === BRANCH.call) {
          if (depth >= MAX_DEPTH) return Infinity;
          size += this.sizeOf(target, limit - size, depth + 1, base);
          if (size > limit) return Infinity;
          continue;
        }
        lead(target);
        if (branch === BRANCH.jump) break;
        lead(offset);
        break;
      }
    return size;
  }

  /** The length, or what the decoder says of bytes that are no instruction. */
  private decode(offset: number, instruction: number, base: Base): number {
    if (LANES * (instruction + 1) > this.lanes.length) {
      const larger = new Int32Array(2 * this.lanes.length);
      larger.set(this.lanes);
      this.lanes = larger;
    }
    const [lo, hi] = linearAt(base, offset);
    const count = this.source.peek(lo, hi, this.bytes, MAX_LENGTH);
    return this.decoder.decode(this.bytes, 0, count, base.mode.codeSize, this.lanes, LANES * instruction);
  }

  /** Blocks from leaders; successors are places still. */
  private cut(): Placed[] {
    const starts = [...this.leaders].filter((place) => this.index.has(place)).sort((x, y) => x - y);
    return starts.map((place) => this.blockAt(place));
  }

  private blockAt(start: number): Placed {
    const first = this.index.get(start) as number;
    let count = 0;
    let place = start;
    const block = (ends: Pick<Block, 'successors' | 'leaves'>): Placed => {
      return { place: start, start: offsetOf(start), first, count, next: offsetOf(place), ...ends };
    };
    for (;;) {
      const instruction = this.index.get(place);
      // decoded in another run: the order of instructions is that of blocks only within a run
      if (instruction === undefined || instruction !== first + count) break;
      const at = LANES * instruction;
      count++;
      place += this.lanes[at + LANE.length] as number;
      const branch = FORM_BRANCH[this.lanes[at + LANE.form] as number] as number;
      if (branch !== BRANCH.none)
        return block({ successors: this.successors(branch, instruction, place), leaves: false });
      if (this.leaders.has(place)) break;
    }
    const known = this.index.has(place);
    return block({ successors: known ? [place] : [], leaves: !known });
  }

  private successors(branch: number, instruction: number, next: number): number[] {
    const at = LANES * instruction;
    const isDirect = this.lanes[at + LANE.kind0] === KIND.rel;
    const target = next + (this.lanes[at + LANE.immLo] as number);
    switch (branch) {
      case BRANCH.return: {
        const { returns } = this.contexts[contextOf(next)] ?? { returns: NOWHERE };
        return returns === NOWHERE ? [] : [returns, OUTSIDE];
      }
      case BRANCH.interruptReturn:
        return [next, OUTSIDE];
      case BRANCH.call: {
        const place = this.taken.get(instruction);
        return place === undefined ? [] : [NOWHERE, place];
      }
      case BRANCH.jump:
        return [NOWHERE, isDirect ? target : OUTSIDE];
      default:
        return [next, target];
    }
  }
}

/** A block with the key of its beginning. */
interface Placed extends Block {
  readonly place: number;
}

/** No place is here. */
const OUTSIDE = NaN;
/** Offset of what is not there: behind a jump. */
const NOWHERE = Infinity;
