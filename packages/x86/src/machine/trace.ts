import { type Cpu } from '../cpu/cpu.js';
import { GENERAL_REGISTERS, WORD } from '../cpu/state.js';
import { LANES } from '../decode/lanes.js';
import { Decoder, type CodeSize } from '../decode/decoder.js';
import { linear } from './breakpoints.js';

/** One executed instruction (or one round of REP). */
export interface TraceEntry {
  /** Instructions that had retired before it. */
  readonly count: bigint;
  /** Linear address. */
  readonly rip: bigint;
  readonly bytes: Uint8Array;
  readonly bits: 16 | 32 | 64;
  /** What it did to general registers and flags, by name: the new values. */
  readonly changes: Readonly<Record<string, bigint>>;
}

/** Follows the instructions of a run. `before` is called ahead of each one, `finish` behind the last. */
export class Tracer {
  private readonly registers = new BigInt64Array(16);
  private flags = 0;
  private pending: Omit<TraceEntry, 'changes'> | undefined;

  constructor(
    private readonly cpu: Cpu,
    private readonly bytesAt: (address: bigint) => Uint8Array,
    private readonly tell: (entry: TraceEntry) => void,
  ) {}

  before(address: bigint): void {
    this.finish();
    const { cpu } = this;
    const bits = cpu.word(WORD.codeSize) as 16 | 32 | 64;
    this.remember();
    this.pending = { count: this.count, rip: address, bytes: oneOf(this.bytesAt(address), bits), bits };
  }

  /** Tells of the instruction in hand, if it has retired. */
  finish(): void {
    const { pending } = this;
    this.pending = undefined;
    if (pending === undefined || pending.count === this.count) return;
    this.tell({ ...pending, changes: this.changes() });
  }

  private get count(): bigint {
    return linear(this.cpu.word(WORD.count), this.cpu.word(WORD.count + 1));
  }

  private register(number: number): bigint {
    return linear(this.cpu.word(2 * number), this.cpu.word(2 * number + 1));
  }

  private remember(): void {
    for (let number = 0; number < 16; number++) this.registers[number] = this.register(number);
    this.flags = this.cpu.flags();
  }

  private changes(): Record<string, bigint> {
    const changes: Record<string, bigint> = {};
    GENERAL_REGISTERS.forEach((name, number) => {
      const value = this.register(number);
      if (value !== BigInt.asUintN(64, this.registers[number] as bigint)) changes[name] = value;
    });
    if (this.cpu.flags() !== this.flags) changes['rflags'] = BigInt(this.cpu.flags() >>> 0);
    return changes;
  }
}

const decoder = new Decoder();
const lanes = new Int32Array(LANES);

/** The bytes of the first instruction; all, if they are none. */
function oneOf(bytes: Uint8Array, bits: CodeSize): Uint8Array {
  const length = decoder.decode(bytes, 0, bytes.length, bits, lanes, 0);
  return length > 0 ? bytes.slice(0, length) : bytes;
}

/** iced-x86, loaded when it is first asked for: instructions as GNU tools of the Intel persuasion print them. Rejects when it is not installed. */
export async function loadDisassembler(): Promise<(entry: Pick<TraceEntry, 'bytes' | 'bits' | 'rip'>) => string> {
  const { Decoder: Iced, DecoderOptions, Formatter, FormatterSyntax } = await import('iced-x86');
  const formatter = new Formatter(FormatterSyntax.Nasm);
  return ({ bytes, bits, rip }) => {
    const iced = new Iced(bits, bytes, DecoderOptions.None);
    iced.ip = rip;
    const instruction = iced.decode();
    const text = formatter.format(instruction);
    instruction.free();
    iced.free();
    return text;
  };
}
