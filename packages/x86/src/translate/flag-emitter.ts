import { WORD } from '../cpu/state.js';
import { Code } from './code.js';
import { CARRY_KIND, CARRY_UNKNOWN, FLAG, kindOf } from './flag-kinds.js';
import { LOCAL, log2, stateAt } from './locals.js';
import { OP } from './opcodes.js';
import { FLAGS_PLACE, FLAGS_TYPE_INDEX } from './runtime.js';

/** The half of the emitter that knows where the flags are: in locals, in the state block, or both. */
export class FlagEmitter extends Code {
  /** The kind of the flags where it is known, else -1; behind INC and DEC the carry's may be CARRY_UNKNOWN. */
  known = -1;
  /** The flags are in locals too, not in the state block only; `pending`: not yet in the state block. Between blocks they are always there. */
  inLocals = false;
  pending = false;
  /** The result is in its local, whatever the rest is. */
  resultInLocal = false;

  loadState(opcode: number, word: number): void {
    this.i32(0);
    this.memory(opcode, stateAt(word));
  }

  /** Stores a local to the state block. */
  storeState(opcode: number, word: number, local: number): void {
    this.i32(0);
    this.get(local);
    this.memory(opcode, stateAt(word));
  }

  private storeKind(): void {
    this.i32(0);
    if (this.isConstant) this.i32(this.known);
    else this.get(LOCAL.flagKind);
    this.memory(OP.i32_store, stateAt(WORD.flagKind));
  }

  pushFlagA(): void {
    if (this.inLocals) this.get(LOCAL.flagA);
    else this.loadState(OP.i64_load, WORD.flagA);
  }

  pushFlagB(): void {
    if (this.inLocals) this.get(LOCAL.flagB);
    else this.loadState(OP.i64_load, WORD.flagB);
  }

  pushFlagResult(): void {
    if (this.inLocals || this.resultInLocal) this.get(LOCAL.flagR);
    else this.loadState(OP.i64_load, WORD.flagResult);
  }

  private pushKind(): void {
    if (this.isConstant) this.i32(this.known);
    else if (this.inLocals) this.get(LOCAL.flagKind);
    else this.loadState(OP.i32_load, WORD.flagKind);
  }

  /** EFLAGS as the state block has it, with what the kind leaves there. */
  pushRawEflags(): void {
    this.loadState(OP.i32_load, WORD.eflags);
  }

  /** The i32 on the stack becomes EFLAGS of the state block. */
  private storeEflags(): void {
    this.set(LOCAL.word);
    this.storeState(OP.i32_store, WORD.eflags, LOCAL.word);
  }

  /** DF and the like: bits that no kind is about. */
  changeEflags(opcode: number, bits: number): void {
    this.pushRawEflags();
    this.i32(bits);
    this.byte(opcode);
    this.storeEflags();
  }

  /** Operands and result are in their locals. */
  setKind(main: number, size: number): void {
    this.known = kindOf(main, log2(size));
    this.i32(this.known);
    this.set(LOCAL.flagKind);
    this.inLocals = true;
    this.pending = true;
  }

  /** INC and DEC, whose result is in R: the carry stays what it was, and with it the operands. */
  setStepKind(main: number, size: number): void {
    const kind = kindOf(main, log2(size));
    if (this.isConstant) {
      this.known = (this.known & CARRY_KIND) | kind;
      this.i32(this.known);
    } else {
      this.pushKind();
      this.i32(CARRY_KIND);
      this.byte(OP.i32_and);
      this.i32(kind);
      this.byte(OP.i32_or);
      this.known = CARRY_UNKNOWN | kind;
    }
    this.set(LOCAL.flagKind);
    if (this.inLocals) {
      this.pending = true;
      return;
    }
    // the carry finds its operands in the state block, and there they stay
    this.storeKind();
    this.storeState(OP.i64_store, WORD.flagResult, LOCAL.flagR);
    this.resultInLocal = true;
  }

  /** The whole kind is known, that of the carry too. */
  private get isConstant(): boolean {
    return this.known >= 0 && (this.known & CARRY_UNKNOWN) !== CARRY_UNKNOWN;
  }

  /** CF of the i32 on the stack goes to EFLAGS, and the kind says so. */
  setCarry(): void {
    this.set(LOCAL.word);
    this.pushRawEflags();
    this.i32(~1);
    this.byte(OP.i32_and);
    this.get(LOCAL.word);
    this.byte(OP.i32_or);
    this.storeEflags();
    this.pushKind();
    this.i32(0xff);
    this.byte(OP.i32_and);
    this.set(LOCAL.flagKind);
    if (this.known >= 0) this.known &= 0xff;
    if (!this.pending) this.storeState(OP.i32_store, WORD.flagKind, LOCAL.flagKind);
  }

  /** EFLAGS with everything in it, on the stack. */
  pushFlags(): void {
    if (this.known === FLAG.eager) return this.pushRawEflags();
    this.pushKind();
    this.pushFlagA();
    this.pushFlagB();
    this.pushFlagResult();
    this.pushRawEflags();
    this.callFlags();
  }

  /** `flags` takes what is on the stack. */
  protected callFlags(): void {
    this.i32(FLAGS_PLACE);
    this.byte(OP.call_indirect);
    this.unsigned(FLAGS_TYPE_INDEX);
    this.byte(0);
  }

  /** EFLAGS from the stack, with everything in it. */
  popFlags(): void {
    this.storeEflags();
    this.known = FLAG.eager;
    this.storeKind();
    this.inLocals = false;
    this.pending = false;
    this.resultInLocal = false;
  }

  /** The flags go to the state block; they stay in the locals too. */
  flushFlags(): void {
    if (!this.pending) return;
    this.pending = false;
    const main = this.known < 0 ? -1 : this.known & 15;
    if (main === FLAG.eager) return this.storeKind();
    const carry = this.known < 0 ? -1 : (this.known >> 8) & 15;
    const needsOperands = main !== FLAG.logic && (!isStep(main) || carry !== FLAG.eager);
    if (needsOperands) {
      this.storeState(OP.i64_store, WORD.flagA, LOCAL.flagA);
      this.storeState(OP.i64_store, WORD.flagB, LOCAL.flagB);
    }
    if (main !== FLAG.add && main !== FLAG.sub) this.storeState(OP.i64_store, WORD.flagResult, LOCAL.flagR);
    this.storeKind();
  }

  /** The flags are in the locals, all of them: one of two ways to here may set them anew. */
  takeFlags(): void {
    if (this.inLocals) return;
    this.pushFlagA();
    this.set(LOCAL.flagA);
    this.pushFlagB();
    this.set(LOCAL.flagB);
    this.pushFlagResult();
    this.set(LOCAL.flagR);
    this.pushKind();
    this.set(LOCAL.flagKind);
    this.inLocals = true;
  }
}

const isStep = (main: number): boolean => main === FLAG.inc || main === FLAG.dec;
