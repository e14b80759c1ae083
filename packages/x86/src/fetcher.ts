import { type Cpu, type Semantics } from './cpu/cpu.js';
import { VECTOR } from './cpu/exception.js';
import { Stop } from './cpu/exit.js';
import { WORD } from './cpu/state.js';
import { Decoder, type CodeSize } from './decode/decoder.js';
import { DECODE_INVALID, DECODE_TOO_LONG, LANE, LANES, MAX_LENGTH, PREFIX } from './decode/lanes.js';
import { FORM_OP, OPERATIONS } from './decode/tables.js';
import { type Handlers } from './handlers/handlers.js';
import { NO_HANDLER, PLACES, SLOT, slotMode } from './handlers/slot.js';
import { FORM_KINDS, FORM_SEMANTICS, KINDS } from './instructions/index.js';

/** The lanes of so many share a buffer: one of their own each would cost V8 more than to decode them. */
const SHARED = 0x200;

const unimplemented: Semantics = (cpu) => {
  const form = cpu.lane(LANE.form);
  const name = OPERATIONS[FORM_OP[form] as number] ?? '';
  if (cpu.onUnimplemented(name) === 'ud') throw cpu.raise(VECTOR.UD);
  throw new Stop({ reason: 'unimplemented', form, name }, false);
};

/** An instruction that was decoded before, good while the version of the code is the same. */
export class Decoded {
  lo = 0;
  hi = 0;
  /** Code size and privilege. */
  mode = -1;
  version = -1;
  length = 0;
  kind: number = KINDS.plain;
  semantics: Semantics = unimplemented;
  /** Of its handler: an older one may execute what somebody wants to be asked of by now. */
  epoch = -1;
  hasHandler = false;

  constructor(readonly lanes: Int32Array<ArrayBuffer>) {}
}
/** Stands where nothing was decoded yet; no code has its mode. */
const NOTHING = new Decoded(new Int32Array(LANES));

/** Instructions at CS:rIP, decoded once for as long as their code stays what it is. */
export abstract class Fetcher {
  private readonly decoder = new Decoder();
  private readonly code = new Uint8Array(64);
  /** By the low bits of the linear address: the number of what was decoded there, 0 when that is nothing. */
  private readonly places: Int32Array;
  private readonly decoded: Decoded[] = [NOTHING];
  private lanes = new ArrayBuffer(0);
  private lanesTaken = 0;
  /** Changes when there is somebody else who wants to be asked before instructions. */
  protected epoch = 0;

  /** `handlers`: have the lanes of what is decoded. */
  constructor(
    readonly cpu: Cpu,
    protected readonly handlers?: Handlers,
  ) {
    this.places = handlers?.places ?? new Int32Array(PLACES);
  }

  /** Puts the instruction at CS:rIP into the lanes of the CPU, decoded now or before, and moves rIP behind it. */
  protected fetch(lo: number, hi: number): Decoded {
    const { cpu } = this;
    const { is64, words } = cpu;
    const linear = (lo + cpu.codeBase) | 0;
    const place = linear & (PLACES - 1);
    let decoded = this.decoded[this.places[place] as number] as Decoded;
    cpu.lanes = decoded.lanes;
    const mode = (words[WORD.codeSize] as number) | ((words[WORD.cpl] as number) << 8);
    const isKnown =
      decoded.lo === linear &&
      decoded.hi === hi &&
      decoded.mode === mode &&
      decoded.version === cpu.memory.codeVersion &&
      (lo >>> 0) + decoded.length - 1 <= cpu.codeLimit;
    if (!isKnown) {
      if (decoded === NOTHING) decoded = this.newPlace(place);
      this.decode(decoded, linear, hi, cpu.codeLimit - (lo >>> 0) + 1, mode);
    }
    if (decoded.epoch !== this.epoch) this.seal(decoded);
    const next = (lo >>> 0) + decoded.length;
    words[WORD.rip] = next | 0;
    words[WORD.rip + 1] = is64 ? (hi + (next > 0xffffffff ? 1 : 0)) | 0 : 0;
    return decoded;
  }

  /** Nobody wants to be asked before an instruction at this linear address. */
  protected abstract isFree(lo: number, hi: number): boolean;

  /** Gives the slot of an instruction its handler. */
  private seal(decoded: Decoded): void {
    const { handlers, cpu, epoch } = this;
    decoded.epoch = epoch;
    if (handlers === undefined) return;
    const { lanes, lo, hi, kind } = decoded;
    const isPlain = (kind & ~KINDS.branch) === 0 && this.isFree(lo, hi);
    const handler = isPlain ? handlers.handlerOf(lanes, cpu.word(WORD.codeSize)) : NO_HANDLER;
    decoded.hasHandler = handler !== NO_HANDLER;
    lanes[SLOT.lo] = lo;
    lanes[SLOT.hi] = hi;
    lanes[SLOT.mode] = slotMode(cpu, epoch);
    lanes[SLOT.version] = decoded.version;
    lanes[SLOT.handler] = handler;
  }

  protected forgetDecoded(): void {
    for (const decoded of this.decoded) {
      decoded.version = -1;
      if (this.handlers !== undefined) decoded.lanes[SLOT.mode] = 0;
    }
  }

  private newPlace(place: number): Decoded {
    const number = this.decoded.length;
    const decoded = new Decoded(this.handlers?.lanesOf(number) ?? this.takeLanes());
    this.decoded.push(decoded);
    this.places[place] = number;
    return decoded;
  }

  private takeLanes(): Int32Array<ArrayBuffer> {
    if (this.lanesTaken === this.lanes.byteLength) {
      this.lanes = new ArrayBuffer(SHARED * LANES * Int32Array.BYTES_PER_ELEMENT);
      this.lanesTaken = 0;
    }
    const lanes = new Int32Array(this.lanes, this.lanesTaken, LANES);
    this.lanesTaken += lanes.byteLength;
    return lanes;
  }

  /** `left` bytes remain to the limit of CS. A fetch that faults does so at the first byte that is missing. */
  private decode(decoded: Decoded, linear: number, hi: number, left: number, mode: number): void {
    const { cpu, code } = this;
    const { memory } = cpu;
    cpu.lanes = decoded.lanes;
    decoded.version = -1;
    if (this.handlers !== undefined) decoded.lanes[SLOT.mode] = 0;
    const available = memory.fetch(linear, hi, code, MAX_LENGTH);
    const end = Math.min(available, Math.max(left, 0));
    const length = this.decoder.decode(code, 0, end, cpu.word(WORD.codeSize) as CodeSize, cpu.lanes, 0);
    if (length <= 0) {
      if (length === DECODE_INVALID) throw cpu.raise(VECTOR.UD);
      if (length === DECODE_TOO_LONG || end < available || left <= 0) throw cpu.raise(VECTOR.GP, 0);
      const missing = (linear >>> 0) + available;
      memory.fetchFault(missing | 0, (hi + (missing > 0xffffffff ? 1 : 0)) | 0);
      return;
    }
    memory.fetched(linear, hi, length);
    const form = cpu.lane(LANE.form);
    const isRepeated = (cpu.lane(LANE.prefixes) & (PREFIX.rep | PREFIX.repne)) !== 0;
    decoded.kind = (FORM_KINDS[form] as number) & (isRepeated ? -1 : ~KINDS.repeats);
    decoded.semantics = FORM_SEMANTICS[form] ?? unimplemented;
    decoded.length = length;
    decoded.lo = linear;
    decoded.hi = hi;
    decoded.mode = mode;
    decoded.version = memory.codeVersion;
    decoded.epoch = -1;
  }
}
