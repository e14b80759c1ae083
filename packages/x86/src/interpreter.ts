import { type Cpu } from './cpu/cpu.js';
import { GUEST_EXCEPTION, VECTOR } from './cpu/exception.js';
import { SEGMENT, WORD } from './cpu/state.js';
import { Decoder, type CodeSize } from './decode/decoder.js';
import { DECODE_INVALID, DECODE_TOO_LONG, LANE, LANES, MAX_LENGTH, SEG } from './decode/lanes.js';
import { FORM_GUARD, FORM_SEMANTICS, GUARD } from './instructions/index.js';
import { MemoryFault } from './memory/memory.js';

/** Why `run` came back. */
export type Exit =
  | { readonly reason: 'budget' }
  /** An exception is in the state block; rIP is the instruction's, but for the traps #BP and #OF. */
  | { readonly reason: 'exception'; readonly vector: number; readonly errorCode?: number }
  /** Decoded, but not implemented; rIP is the instruction's. The form is an index of FORMS. */
  | { readonly reason: 'unimplemented'; readonly form: number };

const DECODED = 4096;

/** An instruction that was decoded before, good while the version of the code is the same. */
class Decoded {
  lo = 0;
  hi = 0;
  codeSize = 0;
  version = -1;
  length = 0;
  readonly lanes = new Int32Array(LANES);
}

/** Tier 0: decodes and executes one instruction after the other. The reference for everything faster. */
export class Interpreter {
  private readonly decoder = new Decoder();
  private readonly code = new Uint8Array(64);

  /** By the low bits of the linear address. */
  private readonly decoded = Array.from({ length: DECODED }, () => new Decoded());

  constructor(readonly cpu: Cpu) {}

  /** Executes until `budget` instructions have retired (iterations of REP count) or something needs attention. */
  run(budget: number): Exit {
    const { cpu } = this;
    cpu.is64 = cpu.word(WORD.codeSize) === 64;
    cpu.words[WORD.vector] = -1;
    let left = budget;
    while (left > 0) {
      cpu.iterations = 0;
      cpu.repeatLimit = left;
      const startLo = cpu.word(WORD.rip);
      const startHi = cpu.word(WORD.rip + 1);
      cpu.startLo = startLo;
      cpu.startHi = startHi;
      try {
        const unimplemented = this.instruction(startLo, startHi);
        if (unimplemented !== undefined) return { reason: 'unimplemented', form: unimplemented };
      } catch (fault) {
        this.retire(cpu.iterations);
        return this.fault(fault, startLo, startHi);
      }
      const retired = cpu.iterations > 1 ? cpu.iterations : 1;
      this.retire(retired);
      left -= retired;
    }
    return { reason: 'budget' };
  }

  private retire(count: number): void {
    const { words } = this.cpu;
    const sum = (this.cpu.word(WORD.count) >>> 0) + count;
    words[WORD.count] = sum | 0;
    if (sum > 0xffffffff) words[WORD.count + 1] = this.cpu.word(WORD.count + 1) + 1;
  }

  /** The form when it is not implemented. */
  private instruction(startLo: number, startHi: number): number | undefined {
    const { cpu } = this;
    const length = this.fetch(startLo, startHi);
    const next = (startLo >>> 0) + length;
    cpu.words[WORD.rip] = next | 0;
    cpu.words[WORD.rip + 1] = cpu.is64 ? (startHi + (next > 0xffffffff ? 1 : 0)) | 0 : 0;
    const form = cpu.lane(LANE.form);
    const guard = FORM_GUARD[form] as number;
    if (guard !== GUARD.none) this.checkPrivilege(guard);
    const semantics = FORM_SEMANTICS[form];
    if (semantics === undefined) {
      cpu.words[WORD.rip] = startLo;
      cpu.words[WORD.rip + 1] = startHi;
      return form;
    }
    semantics(cpu);
    return undefined;
  }

  private checkPrivilege(guard: number): void {
    const { cpu } = this;
    const cpl = cpu.word(WORD.cpl);
    const allowed = guard === GUARD.cpl0 ? 0 : (cpu.word(WORD.eflags) >> 12) & 3;
    if (cpl > allowed) throw cpu.raise(VECTOR.GP, 0);
  }

  /** Puts the instruction at CS:rIP into the lanes of the CPU, decoded now or before, and returns its length. */
  private fetch(lo: number, hi: number): number {
    const { cpu } = this;
    const { is64 } = cpu;
    const cs = WORD.segments + SEGMENT.words * SEG.CS;
    const linear = is64 ? lo : (lo + cpu.word(cs + SEGMENT.baseLo)) | 0;
    const decoded = this.decoded[linear & (DECODED - 1)] as Decoded;
    cpu.lanes = decoded.lanes;
    const known =
      decoded.lo === linear &&
      decoded.hi === hi &&
      decoded.codeSize === cpu.word(WORD.codeSize) &&
      decoded.version === cpu.memory.codeVersion;
    const left = is64 ? MAX_LENGTH : (cpu.word(cs + SEGMENT.limit) >>> 0) - (lo >>> 0) + 1;
    if (known && decoded.length <= left) return decoded.length;
    decoded.version = -1;
    decoded.length = this.decode(linear, hi, left);
    decoded.lo = linear;
    decoded.hi = hi;
    decoded.codeSize = cpu.word(WORD.codeSize);
    decoded.version = cpu.memory.codeVersion;
    return decoded.length;
  }

  /** `left` bytes remain to the limit of CS. A fetch that faults does so at the first byte that is missing. */
  private decode(linear: number, hi: number, left: number): number {
    const { cpu, code } = this;
    const available = cpu.memory.fetch(linear, hi, code, MAX_LENGTH);
    const end = Math.min(available, Math.max(left, 0));
    const length = this.decoder.decode(code, 0, end, cpu.word(WORD.codeSize) as CodeSize, cpu.lanes, 0);
    if (length > 0) {
      cpu.memory.fetched(linear, hi, length);
      return length;
    }
    if (length === DECODE_INVALID) throw cpu.raise(VECTOR.UD);
    if (length === DECODE_TOO_LONG || end < available) throw cpu.raise(VECTOR.GP, 0);
    const missing = (linear >>> 0) + available;
    const carry = cpu.is64 && missing > 0xffffffff ? 1 : 0;
    return cpu.memory.fetchFault(missing | 0, (hi + carry) | 0);
  }

  private fault(fault: unknown, startLo: number, startHi: number): Exit {
    const { cpu } = this;
    const { words } = cpu;
    if (fault instanceof MemoryFault) {
      words[WORD.cr + 4] = fault.lo;
      words[WORD.cr + 5] = fault.hi;
      cpu.raise(VECTOR.PF, fault.errorCode);
    } else if (fault !== GUEST_EXCEPTION) throw fault;
    const vector = cpu.word(WORD.vector);
    const errorCode = cpu.word(WORD.errorCode);
    if (vector !== VECTOR.OF && vector !== VECTOR.BP) {
      words[WORD.rip] = startLo;
      words[WORD.rip + 1] = startHi;
    }
    return errorCode < 0 ? { reason: 'exception', vector } : { reason: 'exception', vector, errorCode };
  }
}
