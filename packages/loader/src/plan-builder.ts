import { asciz, phys, type PhysAddr } from '@bzelf/bytes';
import { bootGdt, flatCpu, type CpuState, type Registers } from './cpu.js';
import { fail } from './errors.js';
import {
  PLACED_PURPOSES,
  type Copy,
  type CopySource,
  type LoadPlan,
  type ParameterBlock,
  type ParameterBlockKind,
  type Place,
  type PlacedPurpose,
  type PlanOptions,
  type PlanProtocol,
  type PlanRange,
} from './load-plan.js';
import { FreeMemory, type PlaceRequest } from './memory.js';

/** Parameter blocks go to low memory first: above the first 64 KiB, which firmware uses, and below the EBDA. */
const LOW = 0x10000n;
const LOW_END = 0xa0000n;
const ONE_MIB = 0x10_0000n;
const FOUR_GIB = 1n << 32n;
const PAGE = 0x1000n;

export interface Segment {
  readonly to: PhysAddr;
  readonly from?: CopySource;
  /** Bytes of `from`. */
  readonly fileSize: bigint;
  readonly memorySize: bigint;
  readonly purpose: string;
}

/** A plan while it is made: memory is handed out here, and every object lands in the list where it belongs. */
export class PlanBuilder {
  readonly memory: FreeMemory;
  readonly #copies: Copy[] = [];
  readonly #zeros: PlanRange[] = [];
  readonly #reserve: PlanRange[] = [];
  readonly #warnings: string[] = [];
  #initrd: PlanRange | undefined;
  #cmdline: PlanRange | undefined;

  constructor(readonly options: PlanOptions) {
    this.memory = new FreeMemory(options.memoryMap);
  }

  get initrd(): PlanRange | undefined {
    return this.#initrd;
  }

  warn(text: string): void {
    this.#warnings.push(text);
  }

  /** Takes a range and says in the plan that it is the kernel's. */
  reserve(start: bigint, length: bigint, purpose: string): void {
    this.memory.claim(start, length, purpose);
    this.#reserve.push({ start: phys(start), length, purpose });
  }

  /** Copies into a range that is already taken. */
  copy(to: PhysAddr, from: CopySource, purpose: string): void {
    if ('bytes' in from ? from.bytes.length > 0 : from.length > 0) this.#copies.push({ to, from, purpose });
  }

  /** Copies a segment and zeroes its tail, in a range that is already taken. */
  load({ to, from, fileSize, memorySize, purpose }: Segment): void {
    if (from !== undefined) this.copy(to, from, purpose);
    if (memorySize > fileSize) this.#zeros.push({ start: phys(to + fileSize), length: memorySize - fileSize, purpose });
  }

  /** Finds room for a parameter block: low memory first, then anything below `high`. */
  room(
    size: number,
    purpose: string,
    { align = PAGE, high = FOUR_GIB }: { align?: bigint; high?: bigint } = {},
  ): PhysAddr {
    const request = { size: BigInt(size), align, purpose, from: 'bottom' } as const;
    const own = this.#placeOf(purpose);
    if (own !== undefined) return this.#roomAt(own, request, high);
    const low = this.memory.find({ ...request, low: LOW, high: high < LOW_END ? high : LOW_END });
    if (low !== undefined) return this.memory.claim(low, request.size, purpose);
    return this.memory.place({ ...request, low: LOW, high });
  }

  #placeOf(purpose: string): Place | undefined {
    return PLACED_PURPOSES.includes(purpose as PlacedPurpose)
      ? this.options.places?.[purpose as PlacedPurpose]
      : undefined;
  }

  /** Where this loader puts it. Throws loader/overlap, loader/no-room. */
  #roomAt(place: Place, request: Omit<PlaceRequest, 'low' | 'high' | 'from'>, high: bigint): PhysAddr {
    if ('at' in place) return this.memory.occupy(place.at, request.size, request.purpose);
    if ('below' in place) {
      const top = place.below < high ? place.below : high;
      return this.memory.place({ ...request, low: LOW_END, high: top, from: 'top' });
    }
    const low = 'above' in place ? place.above : this.#kernelEnd();
    return this.memory.place({ ...request, low, high, from: 'bottom' });
  }

  /** Behind everything that was taken at 1 MiB and above, but for what was put at the top. */
  #kernelEnd(): bigint {
    const initrd = this.#initrd?.start;
    const taken = this.memory.taken.filter(({ start }) => start >= ONE_MIB && start !== initrd);
    return taken.reduce((last, { end }) => (end > last ? end : last), ONE_MIB);
  }

  /** Finds room for bytes and copies them there. */
  put(bytes: Uint8Array, purpose: string, where: { align?: bigint; high?: bigint } = {}): PhysAddr {
    const at = this.room(bytes.length, purpose, where);
    this.copy(at, { bytes }, purpose);
    return at;
  }

  /** The command line as a NUL-terminated string, or undefined when there is none. Throws loader/cmdline-too-long. */
  putCmdline(limit: number): PhysAddr | undefined {
    const bytes = this.cmdlineBytes(limit);
    return bytes === undefined ? undefined : this.setCmdline(this.put(bytes, 'cmdline'), bytes);
  }

  /** `limit`: bytes without the NUL. */
  cmdlineBytes(limit: number): Uint8Array | undefined {
    const { cmdline } = this.options;
    if (cmdline === undefined || cmdline === '') return undefined;
    const bytes = asciz(cmdline);
    if (cmdline.includes('\0'))
      throw fail('loader/bad-option', { field: 'cmdline', found: 'a NUL inside', expected: 'text' });
    if (bytes.length - 1 > limit)
      throw fail('loader/cmdline-too-long', {
        field: 'cmdline',
        found: `${bytes.length - 1} bytes`,
        expected: `at most ${limit} bytes (setup_header.cmdline_size)`,
      });
    return bytes;
  }

  setCmdline(at: PhysAddr, bytes: Uint8Array): PhysAddr {
    this.#cmdline = { start: at, length: BigInt(bytes.length), purpose: 'cmdline' };
    return at;
  }

  /**
   * Puts the initrd as high as it goes: page-aligned, the last byte not above `max`.
   * Source: boot.rst, field ramdisk_image ("as high in memory as possible").
   */
  placeInitrd(max: bigint, fallbackMax = max): PlanRange | undefined {
    const { initrd } = this.options;
    if (initrd === undefined) return undefined;
    const length = this.#initrdLength(initrd);
    if (length === 0) return undefined;
    const own = this.#placeOf('initrd');
    if (own !== undefined) {
      const at = this.#roomAt(own, { size: BigInt(length), align: PAGE, purpose: 'initrd' }, fallbackMax + 1n);
      return this.#setInitrd(at, initrd, length);
    }
    const request = { size: BigInt(length), align: PAGE, purpose: 'initrd', low: ONE_MIB, from: 'top' } as const;
    const first = this.memory.find({ ...request, high: max + 1n });
    const start = first ?? this.memory.place({ ...request, high: fallbackMax + 1n });
    if (first !== undefined) this.memory.claim(first, request.size, 'initrd');
    return this.#setInitrd(start, initrd, length);
  }

  /** Puts the initrd at a given place. */
  placeInitrdAt(start: PhysAddr): PlanRange | undefined {
    const { initrd } = this.options;
    if (initrd === undefined) return undefined;
    const length = this.#initrdLength(initrd);
    this.memory.claim(start, BigInt(length), 'initrd');
    return this.#setInitrd(start, initrd, length);
  }

  #initrdLength(initrd: NonNullable<PlanOptions['initrd']>): number {
    const length = initrd instanceof Uint8Array ? initrd.length : initrd.size;
    if (Number.isSafeInteger(length) && length >= 0) return length;
    throw fail('loader/bad-option', { field: 'initrd.size', found: String(length), expected: 'a count of bytes' });
  }

  #setInitrd(start: PhysAddr, initrd: NonNullable<PlanOptions['initrd']>, length: number): PlanRange {
    this.copy(start, initrd instanceof Uint8Array ? { bytes: initrd } : { initrdOffset: 0, length }, 'initrd');
    this.#initrd = { start, length: BigInt(length), purpose: 'initrd' };
    return this.#initrd;
  }

  /** A processor with flat segments whose GDT is part of the plan. */
  flatCpu(mode: 'protected32' | 'long64', rip: bigint, values: Partial<Registers>, cr3?: bigint): CpuState {
    const bytes = bootGdt(mode);
    const address = this.put(bytes, 'gdt', { align: 16n });
    return flatCpu({ mode, rip, gdt: { address, bytes }, registers: values, ...(cr3 === undefined ? {} : { cr3 }) });
  }

  /** A block whose room is already taken. */
  parameterBlock(kind: ParameterBlockKind, address: PhysAddr, bytes: Uint8Array): ParameterBlock {
    this.copy(address, { bytes }, kind);
    return { kind, address, bytes };
  }

  finish(
    plan: { protocol: PlanProtocol; entry: PhysAddr; cpu: CpuState } & Partial<
      Pick<LoadPlan, 'parameterBlock' | 'pageTables' | 'mappings'>
    >,
  ): LoadPlan {
    return {
      ...plan,
      copies: this.#copies,
      zeros: this.#zeros,
      reserve: this.#reserve,
      ...(this.#cmdline === undefined ? {} : { cmdline: this.#cmdline }),
      ...(this.#initrd === undefined ? {} : { initrd: this.#initrd }),
      warnings: this.#warnings,
    };
  }
}
