import { type InterruptLine, type Ports } from '../cpu/environment.js';
import { WORD } from '../cpu/state.js';
import { type Bus, type Device, type DeviceEnd, type InterruptController } from '../devices/device.js';
import { LocalApic } from '../devices/local-apic.js';
import { PicPair } from '../devices/pic.js';

/** How often a port was read and written, and who answered. */
export interface PortUse {
  readonly port: number;
  /** Nobody: reads give ones. */
  readonly device?: string;
  readonly reads: number;
  readonly writes: number;
}

interface PortEntry {
  readonly device: Device | undefined;
  reads: number;
  writes: number;
}

export interface BusState {
  readonly idle: number;
  readonly levels: number;
  readonly ports: readonly (readonly [port: number, reads: number, writes: number])[];
}

const TWO_32 = 2 ** 32;
/** An access that nobody answers is not taken apart. */
const widthOf = ({ device }: PortEntry): number => (device === undefined ? 4 : (device.width ?? 1));
const ones = (size: number): number => (size === 4 ? 0xffff_ffff : 2 ** (8 * size) - 1);

/**
 * What connects CPU and devices: ports, interrupt lines, and time. Time is the count of instructions and of those that would have been
 * executed while the CPU was halted, so it is the same in every run.
 */
export class MachineBus implements Bus, Ports, InterruptLine {
  /** INTR. */
  line = false;
  /** A device has ended the run. */
  ended: DeviceEnd | undefined;
  /** The next deadline of any device, in nanoseconds. */
  deadline = Infinity;
  /** The run has to come back before the next instruction. */
  onAttention: () => void = () => undefined;
  onA20: (enabled: boolean) => void = () => undefined;
  onNmi: () => void = () => undefined;
  /** Every access to a port ends the slice. */
  asksAtPorts = false;
  /** The instruction count (with idle time) up to which the CPU runs undisturbed. */
  until = Infinity;

  private readonly entries = new Map<number, PortEntry>();
  private readonly timed: readonly Device[];
  private readonly pic: PicPair | undefined;
  private readonly apic: LocalApic | undefined;
  private idle = 0;
  private levels = 0;

  constructor(
    private readonly words: Int32Array,
    readonly devices: readonly Device[],
    private readonly nanoseconds: number,
  ) {
    this.timed = devices.filter((device) => device.nextDeadline !== undefined);
    this.pic = devices.find((device) => device instanceof PicPair);
    this.apic = devices.find((device) => device instanceof LocalApic);
    for (const device of devices) {
      device.attach(this);
      for (const { start, count } of device.ports ?? [])
        for (let port = start; port < start + count; port++)
          if (!this.entries.has(port)) this.entries.set(port, { device, reads: 0, writes: 0 });
    }
    this.changed();
  }

  // time

  /** Instructions, and those that idle time would have held. */
  get ticks(): number {
    return (this.words[WORD.count + 1] as number) * TWO_32 + ((this.words[WORD.count] as number) >>> 0) + this.idle;
  }

  get now(): number {
    return Math.floor(this.ticks * this.nanoseconds);
  }

  /** Instructions until the next deadline, at least one. */
  get toDeadline(): number {
    return Math.max(1, Math.ceil(this.deadline / this.nanoseconds - this.ticks));
  }

  /** The CPU does nothing until the next deadline; returns for how many instructions. */
  skipToDeadline(): number {
    const skipped = this.toDeadline;
    this.idle += skipped;
    return skipped;
  }

  /** Lets every device do what is due. Whoever changes a deadline says so with `changed`. */
  advance(): void {
    const { now } = this;
    if (now < this.deadline) return;
    for (const device of this.timed)
      if (device.nextDeadline !== undefined && device.nextDeadline() <= now) device.advance?.();
    this.changed();
  }

  // what devices ask

  setIrq(irq: number, level: boolean): void {
    const bit = 1 << irq;
    if (((this.levels & bit) !== 0) === level) return;
    this.levels ^= bit;
    this.pic?.setLine(irq, level);
  }

  changed(): void {
    this.line = this.controller() !== undefined;
    let deadline = Infinity;
    for (const device of this.timed) deadline = Math.min(deadline, device.nextDeadline?.() ?? Infinity);
    this.deadline = deadline;
    if (Math.ceil(deadline / this.nanoseconds) < this.until) this.onAttention();
  }

  end(end: DeviceEnd): void {
    this.ended ??= end;
    this.onAttention();
  }

  nmi(): void {
    this.onNmi();
  }

  setA20(enabled: boolean): void {
    this.onA20(enabled);
  }

  // what the CPU asks

  acknowledge(): number {
    const vector = (this.controller() ?? this.pic)?.acknowledge() ?? 0xff;
    this.changed();
    return vector;
  }

  in(port: number, size: number): number {
    const entry = this.entry(port);
    entry.reads++;
    if (this.asksAtPorts) this.onAttention();
    if (size > widthOf(entry)) return this.inPieces(port, size);
    return entry.device?.in?.(port, size) ?? ones(size);
  }

  out(port: number, size: number, value: number): void {
    const entry = this.entry(port);
    entry.writes++;
    if (this.asksAtPorts) this.onAttention();
    if (size <= widthOf(entry)) entry.device?.out?.(port, size, value);
    else for (let i = 0; i < size; i++) this.outByte(port + i, (value >>> (8 * i)) & 0xff, i > 0);
  }

  /** Every port that was accessed, those that nobody answers too. */
  get ports(): PortUse[] {
    return [...this.entries]
      .filter(([, { reads, writes }]) => reads + writes > 0)
      .sort(([a], [b]) => a - b)
      .map(([port, { device, reads, writes }]) => ({ port, ...(device && { device: device.name }), reads, writes }));
  }

  save(): BusState {
    const { idle, levels } = this;
    return { idle, levels, ports: this.ports.map(({ port, reads, writes }) => [port, reads, writes] as const) };
  }

  restore({ idle, levels, ports }: BusState): void {
    this.idle = idle;
    this.levels = levels;
    this.ended = undefined;
    for (const entry of this.entries.values()) entry.reads = entry.writes = 0;
    for (const [port, reads, writes] of ports) Object.assign(this.entry(port), { reads, writes });
    this.changed();
  }

  /** Who has an interrupt for the CPU: the local APIC first, and the 8259s where it lets them through. */
  private controller(): InterruptController | undefined {
    const { apic, pic } = this;
    if (apic?.pending === true) return apic;
    return pic?.pending === true && apic?.passesExternal !== false ? pic : undefined;
  }

  private entry(port: number): PortEntry {
    const known = this.entries.get(port);
    if (known !== undefined) return known;
    const entry = { device: undefined, reads: 0, writes: 0 };
    this.entries.set(port, entry);
    return entry;
  }

  private inPieces(port: number, size: number): number {
    let value = 0;
    for (let i = 0; i < size; i++) {
      const own = this.entry((port + i) & 0xffff);
      if (i > 0) own.reads++;
      value += (own.device?.in?.((port + i) & 0xffff, 1) ?? 0xff) * 2 ** (8 * i);
    }
    return value;
  }

  private outByte(port: number, value: number, counts: boolean): void {
    const own = this.entry(port & 0xffff);
    if (counts) own.writes++;
    own.device?.out?.(port & 0xffff, 1, value);
  }
}
