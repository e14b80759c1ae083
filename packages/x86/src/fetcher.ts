import { carryOf } from './cpu/carry.js';
import { type Cpu, type Semantics } from './cpu/cpu.js';
import { VECTOR } from './cpu/exception.js';
import { Stop } from './cpu/exit.js';
import { WORD } from './cpu/state.js';
import { Decoder, type CodeSize } from './decode/decoder.js';
import { DECODE_INVALID, DECODE_TOO_LONG, LANE, MAX_LENGTH, PREFIX } from './decode/lanes.js';
import { formsOf } from './decode/feature-forms.js';
import { FORM_OP, OPERATIONS } from './decode/tables.js';
import { type Handlers } from './handlers/handlers.js';
import { EPOCH_BITS, NO_EPOCH, NO_HANDLER, PLACES, SLOT, SLOT_WORDS, slotMode } from './handlers/slot.js';
import { FORM_KINDS, FORM_SEMANTICS, KINDS } from './instructions/index.js';
import { type CpuProfile } from './system/profile.js';

const unimplemented: Semantics = (cpu) => {
  const form = cpu.lane(LANE.form);
  const name = OPERATIONS[FORM_OP[form] as number] ?? '';
  if (cpu.onUnimplemented(name) === 'ud') throw cpu.raise(VECTOR.UD);
  throw new Stop({ reason: 'unimplemented', form, name }, false);
};

/** By form, for those that the core does not have too. */
const EXECUTE: readonly Semantics[] = Array.from(FORM_SEMANTICS, (semantics) => semantics ?? unimplemented);

/** Slots that an interpreter without handlers begins with. */
const FEW = 64;

/** Instructions at CS:rIP, decoded once for as long as their code stays what it is. */
export abstract class Fetcher {
  private readonly decoder = new Decoder();
  private readonly code = new Uint8Array(64);
  /** By the low bits of the linear address: the number of the slot that was decoded there, 0 when there is none. */
  private readonly places: Int32Array;
  /** Decoded instructions, SLOT_WORDS each. The first one is nothing: no code has its mode. */
  protected slots: Int32Array;
  private taken = 1;
  /** Whose forms the decoder has. */
  private profile: CpuProfile | undefined;
  /** Bytes that could be fetched for the instruction that was decoded last. */
  private available = 0;
  /** Changes when there is somebody else who wants to be asked before instructions. */
  protected epoch = 0;

  /** `handlers`: have the slots, and execute what they can. */
  constructor(
    readonly cpu: Cpu,
    protected readonly handlers?: Handlers,
  ) {
    this.places = handlers?.places ?? new Int32Array(PLACES);
    this.slots = handlers?.slots ?? new Int32Array(FEW * SLOT_WORDS);
  }

  /** Puts the instruction at CS:rIP into a slot, decoded now or before, gives that to the CPU and returns it; rIP moves behind the instruction. */
  protected fetch(lo: number, hi: number): number {
    const { cpu } = this;
    const { is64, words } = cpu;
    const linear = (lo + cpu.codeBase) | 0;
    const mode = slotMode(cpu);
    const slot = this.slotOf(linear);
    const isKnown =
      this.isDecoded(slot, linear, hi, mode) &&
      (is64 || lo >>> 0 <= cpu.codeLimit - (this.slots[slot + LANE.length] as number) + 1);
    cpu.lanes = this.slots;
    cpu.lanesAt = slot;
    if (!isKnown) this.decode(slot, linear, hi, cpu.codeLimit - (lo >>> 0) + 1, mode);
    if ((this.slots[slot + SLOT.mode] as number) >>> (32 - EPOCH_BITS) !== this.epoch) this.seal(slot);
    const next = (lo + (this.slots[slot + LANE.length] as number)) | 0;
    words[WORD.rip] = next;
    words[WORD.rip + 1] = is64 ? (hi + carryOf(next, lo)) | 0 : 0;
    return slot;
  }

  /**
   * Decodes what follows an instruction that was fetched, too, as far as handlers execute it and it lies in a page that was fetched from: that touches nothing, and each
   * instruction that they miss costs a way here. Code is flat.
   */
  protected fetchAhead(fetched: number): void {
    const { cpu, handlers } = this;
    const mode = slotMode(cpu);
    const hi = cpu.word(WORD.rip + 1);
    let lo = cpu.word(WORD.rip);
    if (handlers?.isFetched(lo, hi) !== true) return;
    const page = lo & -0x1000;
    for (let slot = fetched; this.goesOn(slot);) {
      if (lo - page > 0x1000 - MAX_LENGTH) return;
      slot = this.slotOf(lo);
      if (this.isDecoded(slot, lo, hi, mode) || this.tryToDecode(slot, lo, hi, MAX_LENGTH, mode) <= 0) return;
      this.seal(slot);
      lo = (lo + (this.slots[slot + LANE.length] as number)) | 0;
    }
  }

  /** Has a handler, and what follows is executed next. */
  private goesOn(slot: number): boolean {
    return this.slots[slot + SLOT.kind] !== KINDS.branch && this.slots[slot + SLOT.handler] !== NO_HANDLER;
  }

  private slotOf(linear: number): number {
    const place = linear & (PLACES - 1);
    const slot = SLOT_WORDS * (this.places[place] as number);
    return slot === 0 ? this.newSlot(place) : slot;
  }

  private isDecoded(slot: number, linear: number, hi: number, mode: number): boolean {
    const { slots } = this;
    return (
      slots[slot + SLOT.lo] === linear &&
      slots[slot + SLOT.hi] === hi &&
      ((slots[slot + SLOT.mode] as number) ^ mode) << EPOCH_BITS === 0 &&
      slots[slot + SLOT.version] === this.cpu.memory.codeVersion
    );
  }

  /** Executes what was fetched. */
  protected execute(slot: number): void {
    (EXECUTE[this.slots[slot + LANE.form] as number] as Semantics)(this.cpu);
  }

  /** Nobody wants to be asked before an instruction at this linear address. */
  protected abstract isFree(lo: number, hi: number): boolean;

  /** Gives a slot its handler: an older one may execute what somebody wants to be asked of by now. */
  private seal(slot: number): void {
    const { handlers, slots, cpu } = this;
    slots[slot + SLOT.mode] = slotMode(cpu) | (this.epoch << (32 - EPOCH_BITS));
    slots[slot + SLOT.handler] = NO_HANDLER;
    const kind = slots[slot + SLOT.kind] as number;
    if (handlers === undefined || (kind & ~(KINDS.branch | KINDS.repeats)) !== 0) return;
    if (this.isFree(slots[slot + SLOT.lo] as number, slots[slot + SLOT.hi] as number))
      slots[slot + SLOT.handler] = handlers.handlerOf(slots, slot, cpu.word(WORD.codeSize), kind === KINDS.repeats);
  }

  /** What the CPU has of all forms; to be called before code is executed. */
  protected takeProfile(): void {
    const { profile } = this.cpu;
    if (profile === this.profile) return;
    this.profile = profile;
    this.decoder.forms = formsOf(profile.features);
    this.forgetDecoded();
  }

  protected forgetDecoded(): void {
    for (let slot = 0; slot < SLOT_WORDS * this.taken; slot += SLOT_WORDS) this.slots[slot + SLOT.mode] = 0;
  }

  private newSlot(place: number): number {
    const slot = SLOT_WORDS * this.taken;
    if (slot === this.slots.length) {
      const larger = new Int32Array(2 * slot);
      larger.set(this.slots);
      this.slots = larger;
    }
    this.places[place] = this.taken++;
    return slot;
  }

  /** `left` bytes remain to the limit of CS. A fetch that faults does so at the first byte that is missing. */
  private decode(slot: number, linear: number, hi: number, left: number, mode: number): void {
    const length = this.tryToDecode(slot, linear, hi, left, mode);
    if (length > 0) return;
    const { cpu, available } = this;
    if (length === DECODE_INVALID) throw cpu.raise(VECTOR.UD);
    if (length === DECODE_TOO_LONG || left < available || left <= 0) throw cpu.raise(VECTOR.GP, 0);
    const missing = (linear >>> 0) + available;
    cpu.memory.fetchFault(missing | 0, (hi + (missing > 0xffffffff ? 1 : 0)) | 0);
  }

  /** The length, or what is wrong with the bytes. */
  private tryToDecode(slot: number, linear: number, hi: number, left: number, mode: number): number {
    const { cpu, code, slots } = this;
    const { memory } = cpu;
    slots[slot + SLOT.mode] = 0;
    this.available = memory.fetch(linear, hi, code, MAX_LENGTH);
    const end = Math.min(this.available, Math.max(left, 0));
    const length = this.decoder.decode(code, 0, end, cpu.word(WORD.codeSize) as CodeSize, slots, slot);
    if (length <= 0) return length;
    // the bits may lie in the instruction; they are set by now
    if (memory.fetched(linear, hi, length)) return this.tryToDecode(slot, linear, hi, left, mode);
    const isRepeated = ((slots[slot + LANE.prefixes] as number) & (PREFIX.rep | PREFIX.repne)) !== 0;
    const kinds = FORM_KINDS[slots[slot + LANE.form] as number] as number;
    slots[slot + SLOT.kind] = isRepeated ? kinds : kinds & ~KINDS.repeats;
    slots[slot + SLOT.lo] = linear;
    slots[slot + SLOT.hi] = hi;
    slots[slot + SLOT.version] = memory.codeVersion;
    slots[slot + SLOT.mode] = mode | (NO_EPOCH << (32 - EPOCH_BITS));
    return length;
  }
}
