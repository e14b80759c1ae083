/** State of one counter of an 8254. Times are ticks of its clock. */
export interface CounterState {
  mode: number;
  bcd: boolean;
  /** How the count is read and written: 1 low byte, 2 high byte, 3 low then high. */
  access: number;
  /** What is counted down from: 1 to 65536. */
  count: number;
  /** The tick at which the count was, or will be, in the counter. */
  start: number;
  /** A count was written, and in modes 1 and 5 triggered. */
  runs: boolean;
  /** Modes 1 and 5: a count is there and waits for its trigger. */
  armed: boolean;
  gate: boolean;
  /** Ticks that were counted before the gate of modes 0 and 4 fell; -1 while it counts. */
  paused: number;
  /** A count that takes over at the end of the period (modes 2, 3) or at the next trigger (1, 5); 0 when there is none. */
  next: number;
  /** When it takes over, and whether in the middle of a period of mode 3. */
  nextAt: number;
  nextIsLow: boolean;
  lowWritten: number;
  readsHigh: boolean;
  latched: number[];
  status: number;
}

/** Mode 3 with the longest period, as after reset and as firmware leaves channel 0. */
export const counterState = (gate: boolean): CounterState => ({
  mode: 3,
  bcd: false,
  access: 3,
  count: 0x10000,
  start: 0,
  runs: true,
  armed: false,
  gate,
  paused: -1,
  next: 0,
  nextAt: Infinity,
  nextIsLow: false,
  lowWritten: -1,
  readsHigh: false,
  latched: [],
  status: -1,
});

const isOneShot = (mode: number): boolean => mode === 1 || mode === 5;
const isPeriodic = (mode: number): boolean => mode === 2 || mode === 3;
const fromBcd = (value: number): number =>
  (value >> 12) * 1000 + ((value >> 8) & 15) * 100 + ((value >> 4) & 15) * 10 + (value & 15);
const toBcd = (value: number): number =>
  (Math.floor(value / 1000) << 12) |
  ((Math.floor(value / 100) % 10) << 8) |
  ((Math.floor(value / 10) % 10) << 4) |
  (value % 10);

/**
 * One counter. Nothing ticks: output and count follow from the time since the count was loaded, which happens one tick after it was
 * written or triggered. Source: Intel 8254 data sheet, "Mode definitions".
 */
export class Counter {
  constructor(readonly state: CounterState) {}

  /** Writes a control word; its channel bits are not looked at. */
  control(now: number, value: number): void {
    const { state } = this;
    const access = (value >> 4) & 3;
    if (access === 0) return this.latch(now);
    const mode = (value >> 1) & 7;
    Object.assign(state, counterState(state.gate), {
      mode: mode > 5 ? mode - 4 : mode,
      bcd: (value & 1) !== 0,
      access,
      count: state.count,
      runs: false,
    });
  }

  latch(now: number): void {
    if (this.state.latched.length === 0) this.state.latched = this.bytes(this.value(now));
  }

  latchStatus(now: number): void {
    const { state } = this;
    if (state.status >= 0) return;
    const isNull = !(state.runs || state.armed) || now < state.start || state.next !== 0;
    state.status =
      (this.output(now) ? 0x80 : 0) |
      (isNull ? 0x40 : 0) |
      (state.access << 4) |
      (state.mode << 1) |
      (state.bcd ? 1 : 0);
  }

  read(now: number): number {
    const { state } = this;
    if (state.status >= 0) {
      const { status } = state;
      state.status = -1;
      return status;
    }
    const latched = state.latched.shift();
    if (latched !== undefined) return latched;
    const value = this.value(now);
    if (state.access !== 3) return state.access === 1 ? value & 0xff : value >> 8;
    state.readsHigh = !state.readsHigh;
    return state.readsHigh ? value & 0xff : value >> 8;
  }

  write(now: number, byte: number): void {
    const { state } = this;
    if (state.access === 1) return this.load(now, byte);
    if (state.access === 2) return this.load(now, byte << 8);
    if (state.lowWritten < 0) {
      state.lowWritten = byte;
      // half a count stops mode 0, with its output low
      if (state.mode === 0) state.runs = false;
      return;
    }
    const low = state.lowWritten;
    state.lowWritten = -1;
    this.load(now, low | (byte << 8));
  }

  setGate(now: number, gate: boolean): void {
    const { state } = this;
    if (gate === state.gate) return;
    this.settle(now);
    state.gate = gate;
    if (isPeriodic(state.mode)) {
      if (gate && state.runs) this.trigger(now);
      state.nextAt = Infinity;
    } else if (isOneShot(state.mode)) {
      if (gate && (state.runs || state.armed)) this.trigger(now);
    } else if (gate) {
      if (state.paused >= 0) state.start = now - state.paused;
      state.paused = -1;
    } else state.paused = Math.max(now - state.start, 0);
  }

  output(now: number): boolean {
    this.settle(now);
    const { state } = this;
    const { mode, count } = state;
    if (!state.runs) return mode !== 0;
    const elapsed = this.elapsed(now);
    switch (mode) {
      case 0:
        return elapsed >= count;
      case 1:
        return elapsed < 0 || elapsed >= count;
      case 2:
        return !state.gate || elapsed < 0 || elapsed % count !== count - 1;
      case 3:
        return !state.gate || elapsed < 0 || elapsed % count < Math.ceil(count / 2);
      default:
        return elapsed !== count;
    }
  }

  /** The next tick at which the output may be another; Infinity when it stays. */
  nextChange(now: number): number {
    this.settle(now);
    const { state } = this;
    const { mode, count, start } = state;
    if (!state.runs || (!state.gate && !isOneShot(mode))) return Infinity;
    const elapsed = now - start;
    if (elapsed < 0) return start;
    if (isPeriodic(mode)) {
      const low = mode === 2 ? count - 1 : Math.ceil(count / 2);
      const phase = elapsed % count;
      return now - phase + (phase < low ? low : count);
    }
    if (elapsed < count) return start + count;
    return mode >= 4 && elapsed === count ? now + 1 : Infinity;
  }

  /** The count as the guest reads it. */
  private value(now: number): number {
    this.settle(now);
    const { state } = this;
    const { mode, count } = state;
    const wrap = state.bcd ? 10000 : 0x10000;
    const elapsed = state.runs && (state.gate || !isPeriodic(mode)) ? Math.max(this.elapsed(now), 0) : 0;
    const value = mode === 3 ? squareValue(count, elapsed) : count - (mode === 2 ? elapsed % count : elapsed);
    const wrapped = ((value % wrap) + wrap) % wrap;
    return state.bcd ? toBcd(wrapped) : wrapped;
  }

  private bytes(value: number): number[] {
    const { access } = this.state;
    return access === 1 ? [value & 0xff] : access === 2 ? [value >> 8] : [value & 0xff, value >> 8];
  }

  private load(now: number, written: number): void {
    const { state } = this;
    this.settle(now);
    const decimal = state.bcd ? fromBcd(written) : written;
    const count = decimal === 0 ? (state.bcd ? 10000 : 0x10000) : decimal;
    if (isOneShot(state.mode)) {
      state.next = count;
      state.armed = true;
      return;
    }
    if (isPeriodic(state.mode) && state.runs && state.gate && now >= state.start) {
      this.loadLater(now, count);
      return;
    }
    state.count = count;
    state.next = 0;
    this.begin(now);
    if (!state.gate && !isPeriodic(state.mode)) state.paused = 0;
  }

  private trigger(now: number): void {
    const { state } = this;
    if (state.next !== 0) state.count = state.next;
    state.next = 0;
    state.armed = false;
    this.begin(now);
  }

  private begin(now: number): void {
    const { state } = this;
    state.start = now + 1;
    state.runs = true;
    state.paused = -1;
  }

  /** A new count of a running mode 2 or 3 takes over at the end of the period, of mode 3 also in its middle. */
  private loadLater(now: number, count: number): void {
    const { state } = this;
    const phase = (now - state.start) % state.count;
    const middle = Math.ceil(state.count / 2);
    state.nextIsLow = state.mode === 3 && phase < middle;
    state.nextAt = now - phase + (state.nextIsLow ? middle : state.count);
    state.next = count;
  }

  private elapsed(now: number): number {
    return this.state.paused >= 0 ? this.state.paused : now - this.state.start;
  }

  private settle(now: number): void {
    const { state } = this;
    if (state.next === 0 || now < state.nextAt || !isPeriodic(state.mode)) return;
    state.start = state.nextAt - (state.nextIsLow ? Math.ceil(state.next / 2) : 0);
    state.count = state.next;
    state.next = 0;
    state.nextAt = Infinity;
  }
}

/** Mode 3 counts down by two, twice a period; an odd count gives its extra tick to the high half. */
function squareValue(count: number, elapsed: number): number {
  const high = Math.ceil(count / 2);
  const phase = elapsed % count;
  const even = count & 1 ? count - 1 : count;
  return even - 2 * (phase < high ? phase : phase - high);
}
