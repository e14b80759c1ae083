import { StatefulDevice, type InterruptController } from './device.js';

/** Registers by offset; source: Intel SDM vol. 3A, table 11-1. */
const REG = {
  id: 0x20, version: 0x30, tpr: 0x80, apr: 0x90, ppr: 0xa0, eoi: 0xb0, ldr: 0xd0, dfr: 0xe0, svr: 0xf0,
  isr: 0x100, tmr: 0x180, irr: 0x200, esr: 0x280, icr: 0x300, icrHigh: 0x310,
  timer: 0x320, thermal: 0x330, counters: 0x340, lint0: 0x350, lint1: 0x360, error: 0x370,
  initial: 0x380, current: 0x390, divide: 0x3e0,
} as const; // prettier-ignore
const LVTS: readonly number[] = [REG.timer, REG.thermal, REG.counters, REG.lint0, REG.lint1, REG.error];
const MASKED = 0x1_0000;
const PERIODIC = 0x2_0000;
const ENABLED = 0x100;
/** Delivery modes. */
const NON_MASKABLE = 4;
const EXT_INT = 7;
/** Version 0x14 with six local vectors. */
const VERSION = 0x0005_0014;

interface ApicState {
  /** Plain registers by offset / 16. */
  registers: Int32Array;
  inService: Int32Array;
  requests: Int32Array;
  /** Nanosecond at which the count began. */
  started: number;
  /** When the timer interrupts next. */
  due: number;
}

/**
 * The local APIC of the one CPU: task priority, timer (one-shot and periodic; a bus clock of 1 GHz), interrupts to itself, and LINT0 through
 * which the 8259s come in. There is no I/O APIC and no other CPU. Source: Intel SDM vol. 3A, chapter 11.
 */
export class LocalApic extends StatefulDevice<ApicState> implements InterruptController {
  readonly name = 'local-apic';
  readonly memory = { start: 0xfee0_0000, count: 0x1000 };
  protected state: ApicState = reset();

  get pending(): boolean {
    return this.deliverable() >= 0;
  }

  /** LINT0 lets the 8259s through: the APIC is off, or it is set to ExtINT and not masked. */
  get passesExternal(): boolean {
    const lint0 = this.register(REG.lint0);
    return !this.isEnabled || ((lint0 & MASKED) === 0 && ((lint0 >> 8) & 7) === EXT_INT);
  }

  acknowledge(): number {
    const vector = this.deliverable();
    if (vector < 0) return this.register(REG.svr) & 0xff;
    setBit(this.state.requests, vector, false);
    setBit(this.state.inService, vector, true);
    this.bus.changed();
    return vector;
  }

  /** CR8 and the class of the task priority are one register: MOV CR8 comes here, and what is stored in memory goes to `onTaskPriority`. */
  set taskPriority(priority: number) {
    this.set(REG.tpr, priority << 4);
    this.bus.changed();
  }

  onTaskPriority: (priority: number) => void = () => undefined;

  load(offset: number): number {
    const at = offset & ~15;
    // only the first 4 of every 16 bytes exist
    if (offset & 12) return 0;
    return this.read(at) >>> (8 * (offset & 3));
  }

  store(offset: number, size: number, value: number): void {
    if (size !== 4 || offset & 15) return;
    this.write(offset, value | 0);
    this.bus.changed();
  }

  nextDeadline(): number {
    return this.state.due;
  }

  advance(): void {
    const { state } = this;
    const { now } = this.bus;
    if (now < state.due) return;
    const timer = this.register(REG.timer);
    const length = this.timerLength;
    const isPeriodic = (timer & PERIODIC) !== 0 && length > 0;
    if (isPeriodic) state.started = now - ((now - state.started) % length);
    state.due = isPeriodic ? state.started + length : Infinity;
    if ((timer & MASKED) === 0) this.request(timer & 0xff);
    this.bus.changed();
  }

  // registers

  private read(at: number): number {
    const { state } = this;
    if (at >= REG.isr && at < REG.tmr) return word(state.inService, at - REG.isr);
    if (at >= REG.irr && at < REG.esr) return word(state.requests, at - REG.irr);
    switch (at) {
      case REG.version:
        return VERSION;
      case REG.ppr:
        return this.processorPriority;
      case REG.current:
        return this.currentCount;
      case REG.eoi:
        return 0;
      default:
        return this.register(at);
    }
  }

  private write(at: number, value: number): void {
    switch (at) {
      case REG.eoi:
        return this.endOfInterrupt();
      case REG.icr:
        return this.command(value);
      case REG.svr:
        return this.spurious(value);
      case REG.initial:
        this.set(at, value);
        return this.startTimer();
      case REG.divide:
        this.set(at, value & 0x0b);
        return this.rescale();
      case REG.tpr:
        this.set(at, value & 0xff);
        return this.onTaskPriority((value & 0xff) >> 4);
      case REG.id:
      case REG.ldr:
      case REG.icrHigh:
        return this.set(at, value & ~0xff_ffff);
      case REG.dfr:
        return this.set(at, value | 0xfff_ffff);
      case REG.esr:
        return this.set(at, 0);
    }
    if (LVTS.includes(at)) this.set(at, this.localVector(at, value));
  }

  /** A disabled APIC keeps its local vectors masked. */
  private localVector(at: number, value: number): number {
    const bits = at === REG.timer ? 0x3_00ff : at === REG.lint0 || at === REG.lint1 ? 0x1_a7ff : 0x1_07ff;
    return (value & bits) | (this.isEnabled ? 0 : MASKED);
  }

  private spurious(value: number): void {
    this.set(REG.svr, value & 0x1ff);
    if (this.isEnabled) return;
    for (const at of LVTS) this.set(at, this.register(at) | MASKED);
  }

  private get isEnabled(): boolean {
    return (this.register(REG.svr) & ENABLED) !== 0;
  }

  private register(at: number): number {
    return this.state.registers[at >> 4] as number;
  }

  private set(at: number, value: number): void {
    this.state.registers[at >> 4] = value;
  }

  // interrupts

  private get processorPriority(): number {
    const tpr = this.register(REG.tpr);
    const inService = highest(this.state.inService);
    return tpr >> 4 >= inService >> 4 ? tpr : inService & 0xf0;
  }

  private deliverable(): number {
    if (!this.isEnabled) return -1;
    const vector = highest(this.state.requests);
    return vector >> 4 > this.processorPriority >> 4 ? vector : -1;
  }

  private request(vector: number): void {
    // vectors below 16 are not legal: receive illegal vector
    if (vector < 16) this.set(REG.esr, this.register(REG.esr) | 0x40);
    else setBit(this.state.requests, vector, true);
  }

  private endOfInterrupt(): void {
    const vector = highest(this.state.inService);
    if (vector >= 0) setBit(this.state.inService, vector, false);
  }

  /** Interrupts between processors: fixed ones and NMIs that reach this one are taken, all else meets nobody. */
  private command(value: number): void {
    this.set(REG.icr, value & ~0x1000);
    const mode = (value >> 8) & 7;
    if (!this.isAddressed(value)) return;
    if (mode <= 1) this.request(value & 0xff);
    else if (mode === NON_MASKABLE) this.bus.nmi();
  }

  private isAddressed(value: number): boolean {
    const shorthand = (value >> 18) & 3;
    if (shorthand !== 0) return shorthand !== 3;
    const destination = this.register(REG.icrHigh) >>> 24;
    const isLogical = (value & 0x800) !== 0;
    if (!isLogical) return destination === 0xff || destination === this.register(REG.id) >>> 24;
    const own = this.register(REG.ldr) >>> 24;
    const isFlat = this.register(REG.dfr) >>> 28 === 15;
    if (isFlat) return (own & destination) !== 0;
    return own >> 4 === destination >> 4 && (own & destination & 15) !== 0;
  }

  // timer

  /** Nanoseconds per count: 1, 2, 4 … 128. */
  private get divisor(): number {
    const bits = this.register(REG.divide);
    const power = ((bits & 8) >> 1) | (bits & 3);
    return power === 7 ? 1 : 2 << power;
  }

  private get timerLength(): number {
    return (this.register(REG.initial) >>> 0) * this.divisor;
  }

  private startTimer(): void {
    const { state } = this;
    state.started = this.bus.now;
    state.due = this.timerLength === 0 ? Infinity : state.started + this.timerLength;
  }

  /** Another divisor: the count goes on from where it is. */
  private rescale(): void {
    if (this.state.due !== Infinity) this.startTimer();
  }

  private get currentCount(): number {
    const { due } = this.state;
    if (due === Infinity) return 0;
    return Math.ceil(Math.max(due - this.bus.now, 0) / this.divisor);
  }
}

function reset(): ApicState {
  const registers = new Int32Array(64);
  for (const at of LVTS) registers[at >> 4] = MASKED;
  registers[REG.dfr >> 4] = -1;
  registers[REG.svr >> 4] = 0xff;
  return { registers, inService: new Int32Array(8), requests: new Int32Array(8), started: 0, due: Infinity };
}

const word = (bits: Int32Array, offset: number): number => bits[offset >> 4] as number;

function setBit(bits: Int32Array, vector: number, on: boolean): void {
  const mask = 1 << (vector & 31);
  const old = bits[vector >> 5] as number;
  bits[vector >> 5] = on ? old | mask : old & ~mask;
}

/** The highest set bit, or -1. */
function highest(bits: Int32Array): number {
  for (let index = 7; index >= 0; index--) {
    const value = bits[index] as number;
    if (value !== 0) return 32 * index + 31 - Math.clz32(value);
  }
  return -1;
}
