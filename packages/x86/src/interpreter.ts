import { type Cpu } from './cpu/cpu.js';
import { GUEST_EXCEPTION, VECTOR } from './cpu/exception.js';
import { type Exit, type FaultRecord, Stop } from './cpu/exit.js';
import { NMI, SHADOW, WORD } from './cpu/state.js';
import { FORM_TRAITS } from './decode/tables.js';
import { LANE } from './decode/lanes.js';
import { Fetcher } from './fetcher.js';
import { KINDS } from './instructions/index.js';
import { type Handlers } from './handlers/handlers.js';
import { LOOP, NO_EPOCH, NO_HANDLER, SLOT } from './handlers/slot.js';
import { FORM_TRAIT } from './isa/encoding.js';
import { IF, RF, TF } from './isa/flags.js';
import { NO_PAGE } from './memory/layout.js';
import { AccessDenied, MemoryFault } from './memory/memory.js';
import { DR6 } from './system/control.js';
import { checkCodeBreakpoints, markTrap } from './system/debug.js';
import { combine, deliver } from './system/delivery.js';

export { type Exit, type FaultRecord } from './cpu/exit.js';

const BUDGET: Exit = { reason: 'budget' };
const BLOCK: Exit = { reason: 'block' };
const BREAKPOINT: Exit = { reason: 'breakpoint' };
/** Retired instructions are compared as 32-bit words. */
const SLICE = 0x4000_0000;
/** Exceptions without an instruction between them after which a run ends: a guest may fault for ever. */
const PATIENCE = 0x1000;
/** Iterations of a REP. */
const ALL = 0x7fffffff;
const STUCK: Exit = { reason: 'stuck' };

/** Tier 0: decodes and executes one instruction after the other. The reference for everything faster. */
export class Interpreter extends Fetcher {
  /** Asked at the end of each block, with rIP of the next: true ends the run with reason `block`. */
  blockStart: ((lo: number, hi: number) => boolean) | undefined;

  /** Exceptions without an instruction between them after which a run ends as `stuck`. */
  patience = PATIENCE;

  /** Handlers and regions execute what they can. */
  isFast = false;

  private before: ((lo: number, hi: number) => boolean) | undefined;
  private asksIn: ((lo: number, hi: number) => boolean) | undefined;

  /** The page that `asksIn` was asked for last, and what it said. */
  private pageLo = NO_PAGE;
  private pageHi = 0;
  private asksHere = true;
  /** Handlers or regions can go on in the state that the CPU is in. */
  private fits = false;
  /** The count behind the last iteration that was made alone. */
  private triedAt = -1;
  /** Low word of the instruction count at which the slice ends. */
  private end = 0;
  /** Exceptions since the instruction count was this. */
  private stuck = 0;
  private stuckAt = 0;

  /** `deliver: false` ends the run with an exception or software interrupt in place of delivering it. */
  constructor(cpu: Cpu, options: { readonly deliver?: boolean; readonly handlers?: Handlers | undefined } = {}) {
    super(cpu, options.handlers);
    cpu.delivers = options.deliver ?? true;
  }

  /**
   * `before` is asked before each instruction, with rIP: true ends the run with reason `breakpoint`. `pages` says by a linear address in which pages
   * that has to be; without it, in all. Its answers hold until this is called again.
   */
  askBefore(
    before: ((lo: number, hi: number) => boolean) | undefined,
    pages?: (lo: number, hi: number) => boolean,
  ): void {
    if (before !== undefined || this.before !== undefined) this.nextEpoch();
    this.before = before;
    this.asksIn = pages;
    this.pageLo = NO_PAGE;
  }

  private nextEpoch(): void {
    this.epoch = (this.epoch + 1) % NO_EPOCH;
    if (this.epoch === 0) this.forgetDecoded();
  }

  protected isFree(lo: number, hi: number): boolean {
    return this.before === undefined || (this.asksIn !== undefined && !this.asksIn(lo, hi));
  }

  /** Executes until `budget` instructions have retired (iterations of REP count) or something needs attention. */
  run(budget: number): Exit {
    const { cpu } = this;
    this.takeProfile();
    cpu.refresh();
    cpu.words[WORD.vector] = -1;
    this.stuck = 0;
    for (let left = budget; left > 0; left -= SLICE) {
      this.end = (cpu.word(WORD.count) + Math.min(left, SLICE)) | 0;
      const exit = this.slice();
      if (exit !== undefined) return exit;
      if (cpu.attention) return BUDGET;
    }
    return BUDGET;
  }

  private slice(): Exit | undefined {
    for (;;) {
      try {
        return this.burst();
      } catch (thrown) {
        const exit = this.thrown(thrown);
        if (exit !== undefined) return exit;
        if (this.cpu.word(WORD.count) === this.end) return undefined;
      }
    }
  }

  /** Nothing when the slice is over. */
  private burst(): Exit | undefined {
    const { cpu, before, end, blockStart } = this;
    const { words } = cpu;
    let isSame = false;
    // one that comes later brings the run back
    if (words[WORD.nmi] === NMI.waits && words[WORD.shadow] === 0 && cpu.delivers) {
      words[WORD.nmi] = NMI.blocked;
      const exit = this.interrupt(VECTOR.NMI);
      if (exit !== undefined) return exit;
    }
    do {
      const wasSame = isSame;
      isSame = false;
      if (cpu.interrupts.line && (words[WORD.eflags] as number) & IF && words[WORD.shadow] === 0 && cpu.delivers) {
        const exit = this.interrupt(cpu.interrupts.acknowledge());
        if (exit !== undefined) return exit;
        continue;
      }
      const status = this.handle(wasSame);
      if (status === LOOP.budget) return undefined;
      const startLo = words[WORD.rip] as number;
      const startHi = words[WORD.rip + 1] as number;
      cpu.startLo = startLo;
      cpu.startHi = startHi;
      const flags = words[WORD.eflags] as number;
      if (
        ((flags & (TF | RF)) | (words[WORD.shadow] as number)) !== 0 ||
        cpu.hasBreakpoints ||
        (before !== undefined && this.asks(startLo, startHi))
      ) {
        const exit = this.careful(flags);
        if (words[WORD.nmi] === NMI.waits) cpu.attention = true;
        if (exit !== undefined) return exit;
        continue;
      }
      const slot = this.fetch(startLo, startHi);
      const { slots } = this;
      const hasHandler = slots[slot + SLOT.handler] !== NO_HANDLER;
      if (status === LOOP.missing && hasHandler) {
        this.fetchAhead(slot);
        cpu.again();
        isSame = true;
        continue;
      }
      const kind = slots[slot + SLOT.kind] as number;
      if (kind === KINDS.plain) this.execute(slot);
      else this.special(slot, hasHandler && this.isFast ? this.iterations() : ALL);
      isSame = hasHandler;
      const count = ((words[WORD.count] as number) + 1) | 0;
      words[WORD.count] = count;
      if (count === 0) words[WORD.count + 1] = (words[WORD.count + 1] as number) + 1;
      if (
        blockStart !== undefined &&
        kind & KINDS.branch &&
        blockStart(words[WORD.rip] as number, words[WORD.rip + 1] as number)
      )
        return BLOCK;
    } while (words[WORD.count] !== end && !cpu.attention);
    return cpu.attention && words[WORD.count] !== end ? BUDGET : undefined;
  }

  /**
   * Executes from rIP on what is translated or has handlers, and says what is to be done then. `isSame`: nothing has been executed since the last time but what
   * has a handler, and that changes nothing that they depend on.
   */
  private handle(isSame: boolean): number {
    const { handlers } = this;
    if (handlers === undefined || !this.isFast) return LOOP.leave;
    if (!isSame || handlers.isStale) this.fits = handlers.look(this.epoch);
    return this.fits ? handlers.run(this.end) : LOOP.leave;
  }

  /** One iteration of a REP may be enough for the others to be made without the interpreter; when none was made since, it makes them all. */
  private iterations(): number {
    const count = this.cpu.word(WORD.count);
    const isStuck = count === this.triedAt;
    this.triedAt = (count + 1) | 0;
    return isStuck ? ALL : 1;
  }

  /** Is `before` to be asked of this instruction? */
  private asks(lo: number, hi: number): boolean {
    const { asksIn } = this;
    if (asksIn === undefined) return true;
    const linear = (lo + this.cpu.codeBase) | 0;
    const page = linear & -0x1000;
    if (page !== this.pageLo || hi !== this.pageHi) {
      this.pageLo = page;
      this.pageHi = hi;
      this.asksHere = asksIn(linear, hi);
    }
    return this.asksHere;
  }

  /** An instruction that is of the system, repeats, branches or is missing. */
  private special(slot: number, limit: number): void {
    const { cpu } = this;
    const kind = this.slots[slot + SLOT.kind] as number;
    if (kind & KINDS.system && cpu.hooks.system !== undefined) this.tellSystem();
    if (kind & (KINDS.cpl0 | KINDS.iopl)) this.checkPrivilege(kind);
    if ((kind & KINDS.repeats) === 0) return this.execute(slot);
    cpu.iterations = 0;
    cpu.repeatLimit = Math.min((this.end - cpu.word(WORD.count)) >>> 0, limit);
    this.execute(slot);
    if (cpu.iterations > 1) this.retire(cpu.iterations - 1);
    cpu.iterations = 0;
  }

  private tellSystem(): void {
    const { cpu } = this;
    const traits = FORM_TRAITS[cpu.lane(LANE.form)] as number;
    const needs = traits & FORM_TRAIT.cpl0 ? 'cpl0' : traits & FORM_TRAIT.iopl ? 'iopl' : 'nothing';
    cpu.hooks.system?.(needs, (cpu.startLo + cpu.codeBase) | 0, cpu.startHi);
  }

  private checkPrivilege(kind: number): void {
    const { cpu } = this;
    const allowed = kind & KINDS.cpl0 ? 0 : (cpu.word(WORD.eflags) >> 12) & 3;
    if (cpu.word(WORD.cpl) > allowed) throw cpu.raise(VECTOR.GP, 0);
  }

  /** One instruction with all that may be around it: breakpoints, the shadow of STI and MOV SS, RF, and the single-step trap. */
  private careful(flags: number): Exit | undefined {
    const { cpu } = this;
    const { words, startLo, startHi } = cpu;
    const { points } = cpu.memory;
    const isBehindMovSs = words[WORD.shadow] === SHADOW.movSs;
    if (!isBehindMovSs && words[WORD.debugPending] !== 0) return this.debugTrap(0, false);
    if (this.before?.(startLo, startHi) === true) return BREAKPOINT;
    if (cpu.hasCodeBreakpoints && (flags & RF) === 0 && !isBehindMovSs) checkCodeBreakpoints(cpu);
    const steps = (flags & TF) !== 0;
    points.hits = 0;
    words[WORD.shadow] = 0;
    // not `flags`: who was asked may have settled or changed them
    words[WORD.eflags] = cpu.word(WORD.eflags) & ~RF;
    cpu.trapInhibited = false;
    const slot = this.fetch(startLo, startHi);
    try {
      this.special(slot, steps || cpu.hasBreakpoints ? 1 : ALL);
    } catch (thrown) {
      if (thrown instanceof Stop && thrown.retires && (steps || words[WORD.debugPending] !== 0)) {
        this.retire(1);
        return this.debugTrap(steps ? DR6.BS : 0, false);
      }
      if (thrown instanceof Stop || thrown instanceof AccessDenied)
        words[WORD.eflags] = cpu.word(WORD.eflags) | (flags & RF);
      else words[WORD.debugPending] = 0;
      throw thrown;
    }
    const isBack = words[WORD.rip] === startLo && words[WORD.rip + 1] === startHi;
    const kind = this.slots[slot + SLOT.kind] as number;
    const isAgain = isBack && (kind & KINDS.repeats) !== 0;
    if (isAgain) words[WORD.eflags] = cpu.word(WORD.eflags) | (flags & RF);
    this.retire(1);
    const causes = points.hits | (steps && !cpu.trapInhibited ? DR6.BS : 0);
    if (words[WORD.shadow] === SHADOW.movSs) words[WORD.debugPending] = cpu.word(WORD.debugPending) | points.hits;
    else if ((causes | cpu.word(WORD.debugPending)) !== 0) return this.debugTrap(causes, isAgain);
    const { blockStart } = this;
    const ends = blockStart !== undefined && (kind & KINDS.branch) !== 0;
    return ends && blockStart(cpu.word(WORD.rip), cpu.word(WORD.rip + 1)) ? BLOCK : undefined;
  }

  /**
   * #DB behind the instruction, for bits of DR6 and for those that have waited, or between two rounds of REP, when RF of the flags that are pushed is
   * set. Source: Intel SDM vol. 3B, 17.3.1.1.
   */
  private debugTrap(causes: number, isAgain: boolean): Exit | undefined {
    const { cpu } = this;
    markTrap(cpu, causes | cpu.word(WORD.debugPending));
    cpu.words[WORD.debugPending] = 0;
    cpu.words[WORD.shadow] = 0;
    cpu.raise(VECTOR.DB);
    if (isAgain) cpu.words[WORD.eflags] = cpu.word(WORD.eflags) | RF;
    return this.dispatch(VECTOR.DB, -1);
  }

  private retire(count: number): void {
    const { words } = this.cpu;
    const sum = (this.cpu.word(WORD.count) >>> 0) + count;
    words[WORD.count] = sum | 0;
    if (sum > 0xffffffff) words[WORD.count + 1] = this.cpu.word(WORD.count + 1) + 1;
  }

  /** An interrupt of the controller, or an NMI, before the next instruction. */
  private interrupt(vector: number): Exit | undefined {
    const { cpu } = this;
    cpu.words[WORD.vector] = vector;
    cpu.startLo = cpu.word(WORD.rip);
    cpu.startHi = cpu.word(WORD.rip + 1);
    try {
      deliver(cpu, { vector, errorCode: -1, software: false, resume: false });
    } catch (thrown) {
      return this.thrown(thrown);
    }
    return this.delivered();
  }

  /** What the semantics of an instruction, or the fetch of it, have thrown. Nothing when the guest goes on. */
  private thrown(thrown: unknown): Exit | undefined {
    const { cpu } = this;
    if (cpu.iterations > 0) this.retire(cpu.iterations);
    cpu.iterations = 0;
    if (thrown instanceof Stop && thrown.retires) {
      this.retire(1);
      const wakes = cpu.interrupts.line && (cpu.word(WORD.eflags) & IF) !== 0 && cpu.delivers;
      return wakes ? undefined : thrown.exit;
    }
    const rip = this.ripOf(thrown);
    if (rip === 'instruction') cpu.again();
    if (thrown instanceof Stop) return thrown.exit;
    if (thrown instanceof AccessDenied) return { reason: 'denied', denied: thrown };
    this.take(thrown);
    return this.dispatch(cpu.word(WORD.vector), cpu.word(WORD.errorCode));
  }

  /** Traps that nobody delivers leave rIP behind their instruction. */
  private ripOf(thrown: unknown): 'instruction' | 'next' {
    const vector = thrown === GUEST_EXCEPTION ? this.cpu.word(WORD.vector) : -1;
    const isTrap = vector === VECTOR.BP || vector === VECTOR.OF;
    return isTrap && !this.cpu.delivers ? 'next' : 'instruction';
  }

  /** Makes a fault of the memory the exception that it is. */
  private take(thrown: unknown): void {
    const { cpu } = this;
    if (thrown instanceof MemoryFault) {
      cpu.words[WORD.cr + 4] = thrown.lo;
      cpu.words[WORD.cr + 5] = thrown.hi;
      cpu.raise(VECTOR.PF, thrown.errorCode);
    } else if (thrown !== GUEST_EXCEPTION) throw thrown;
  }

  /** Delivers an exception, and what comes of it when that faults. Source: Intel SDM vol. 3A, 6.15, "Double Fault Exception". */
  private dispatch(first: number, firstCode: number): Exit | undefined {
    const { cpu } = this;
    if (!cpu.delivers || cpu.hooks.fault?.(first, firstCode) === 'stop')
      return { reason: 'exception', ...record(first, firstCode) };
    const faults: FaultRecord[] = [];
    for (let vector = first, errorCode = firstCode; ;) {
      faults.push(record(vector, errorCode));
      try {
        deliver(cpu, { vector, errorCode, software: false, resume: vector !== VECTOR.DB && vector !== VECTOR.DF });
        return this.delivered();
      } catch (thrown) {
        if (thrown instanceof AccessDenied) return { reason: 'denied', denied: thrown };
        this.take(thrown);
      }
      const second = cpu.word(WORD.vector);
      const secondCode = cpu.word(WORD.errorCode);
      const outcome = combine(vector, second);
      if (outcome === 'shutdown') return { reason: 'shutdown', faults: [...faults, record(second, secondCode)] };
      if (outcome === 'double') faults.push(record(second, secondCode));
      vector = outcome === 'double' ? VECTOR.DF : second;
      errorCode = outcome === 'double' ? 0 : secondCode;
    }
  }

  private delivered(): Exit | undefined {
    const count = this.cpu.word(WORD.count);
    if (count !== this.stuckAt) this.stuck = 0;
    this.stuckAt = count;
    return ++this.stuck >= this.patience ? STUCK : undefined;
  }
}

const record = (vector: number, errorCode: number): FaultRecord => (errorCode < 0 ? { vector } : { vector, errorCode });
