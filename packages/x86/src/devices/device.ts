/** Consecutive I/O ports, or bytes of physical memory, that a device answers. */
export interface DeviceRange {
  readonly start: number;
  readonly count: number;
}

/** How a device ends the run: by its exit port, or because it resets the machine. */
export type DeviceEnd =
  { readonly reason: 'exit'; readonly value: number } | { readonly reason: 'reset'; readonly by: string };

/** What a device may ask of the machine that it is in. */
export interface Bus {
  /** Virtual nanoseconds since the machine was made. Only instructions, and HLT that waits, make them pass. */
  readonly now: number;
  setIrq(irq: number, level: boolean): void;
  /** `nextDeadline` gives something else than before, or an interrupt controller has changed its mind. */
  changed(): void;
  /** The run ends after the instruction in hand. */
  end(end: DeviceEnd): void;
  setA20(enabled: boolean): void;
  /** A non-maskable interrupt for the CPU. */
  nmi(): void;
}

/**
 * A device on ports or memory. It has no time of its own: it looks at `bus.now` when it is asked, and `advance` is called at its deadlines.
 * Wider accesses than `width` reach it as several, low address first, as an 8-bit device on an ISA bus sees them.
 */
export interface Device {
  readonly name: string;
  readonly ports?: readonly DeviceRange[];
  readonly memory?: DeviceRange;
  /** Bytes of its widest access by port: 1 (the default), 2 or 4. Memory is always accessed with the size of the instruction, up to 4. */
  readonly width?: number;
  attach(bus: Bus): void;
  in?(port: number, size: number): number;
  out?(port: number, size: number, value: number): void;
  load?(offset: number, size: number): number;
  store?(offset: number, size: number, value: number): void;
  /** When `advance` has to be called, in nanoseconds; Infinity when nothing is due. */
  nextDeadline?(): number;
  advance?(): void;
  /** Everything that changes, as plain data. */
  save(): unknown;
  restore(state: unknown): void;
}

/** A device that brings interrupts to the CPU. */
export interface InterruptController extends Device {
  readonly pending: boolean;
  /** The vector, which is now in service. */
  acknowledge(): number;
}

/** Keeps what changes in one plain object, so that saving is one copy. */
export abstract class StatefulDevice<State extends object> {
  protected abstract state: State;
  protected bus: Bus = NO_BUS;

  attach(bus: Bus): void {
    this.bus = bus;
  }

  save(): State {
    return structuredClone(this.state);
  }

  restore(state: unknown): void {
    this.state = structuredClone(state as State);
  }
}

const nothing = (): void => undefined;
const NO_BUS: Bus = { now: 0, setIrq: nothing, changed: nothing, end: nothing, setA20: nothing, nmi: nothing };
