import { carryOf } from './cpu/carry.js';
import { type Cpu, type Semantics } from './cpu/cpu.js';
import { VECTOR } from './cpu/exception.js';
import { Stop } from './cpu/exit.js';
import { WORD } from './cpu/state.js';
import { Decoder, type CodeSize } from './decode/decoder.js';
import { DECODE_INVALID, DECODE_TOO_LONG, LANE, MAX_LENGTH, PREFIX } from './decode/lanes.js';
import { FORM_OP, OPERATIONS } from './decode/tables.js';
import { type Handlers } from './handlers/handlers.js';
import { EPOCH_BITS, NO_EPOCH, NO_HANDLER, PLACES, SLOT, SLOT_WORDS, slotMode } from './handlers/slot.js';
import { FORM_KINDS, FORM_SEMANTICS, KINDS } from './instructions/index.js';

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
    const place = linear & (PLACES - 1);
    let slot = SLOT_WORDS * (this.places[place] as number);
    const { slots } = this;
    const mode = slotMode(cpu);
    const isKnown =
      slots[slot + SLOT.lo] === linear &&
      slots[slot + SLOT.hi] === hi &&
      ((slots[slot + SLOT.mode] as number) ^ mode) << EPOCH_BITS === 0 &&
      slots[slot + SLOT.version] === cpu.memory.codeVersion &&
      (is64 || lo >>> 0 <= cpu.codeLimit - (slots[slot + LANE.length] as number) + 1);
    if (slot === 0) slot = this.newSlot(place);
    cpu.lanes = this.slots;
    cpu.lanesAt = slot;
    if (!isKnown) this.decode(slot, linear, hi, cpu.codeLimit - (lo >>> 0) + 1, mode);
    if ((this.slots[slot + SLOT.mode] as number) >>> (32 - EPOCH_BITS) !== this.epoch) this.seal(slot);
    const next = (lo + (this.slots[slot + LANE.length] as number)) | 0;
    words[WORD.rip] = next;
    words[WORD.rip + 1] = is64 ? (hi + carryOf(next, lo)) | 0 : 0;
    return slot;
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
    const isPlain = ((slots[slot + SLOT.kind] as number) & ~KINDS.branch) === 0;
    if (handlers === undefined || !isPlain) return;
    if (this.isFree(slots[slot + SLOT.lo] as number, slots[slot + SLOT.hi] as number))
      slots[slot + SLOT.handler] = handlers.handlerOf(slots, slot, cpu.word(WORD.codeSize));
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
    const { cpu, code, slots } = this;
    const { memory } = cpu;
    slots[slot + SLOT.mode] = 0;
    const available = memory.fetch(linear, hi, code, MAX_LENGTH);
    const end = Math.min(available, Math.max(left, 0));
    const length = this.decoder.decode(code, 0, end, cpu.word(WORD.codeSize) as CodeSize, slots, slot);
    if (length <= 0) {
      if (length === DECODE_INVALID) throw cpu.raise(VECTOR.UD);
      if (length === DECODE_TOO_LONG || end < available || left <= 0) throw cpu.raise(VECTOR.GP, 0);
      const missing = (linear >>> 0) + available;
      memory.fetchFault(missing | 0, (hi + (missing > 0xffffffff ? 1 : 0)) | 0);
      return;
    }
    memory.fetched(linear, hi, length);
    const isRepeated = (cpu.lane(LANE.prefixes) & (PREFIX.rep | PREFIX.repne)) !== 0;
    slots[slot + SLOT.kind] = (FORM_KINDS[cpu.lane(LANE.form)] as number) & (isRepeated ? -1 : ~KINDS.repeats);
    slots[slot + SLOT.lo] = linear;
    slots[slot + SLOT.hi] = hi;
    slots[slot + SLOT.version] = memory.codeVersion;
    slots[slot + SLOT.mode] = mode | (NO_EPOCH << (32 - EPOCH_BITS));
  }
}
