import { StatefulDevice, type DeviceRange } from './device.js';
import { Counter, counterState, type CounterState } from './pit-counter.js';

/** Clock of the counters; Linux calls it PIT_TICK_RATE. */
export const PIT_HZ = 1193182;
const TIMER = 0;
const SPEAKER = 2;
const IRQ = 0;
/** Bit 4 of port 0x61 flips with every refresh of memory, 15 µs. */
const REFRESH = 15085;

const tickAt = (nanoseconds: number): number => Math.floor((nanoseconds * PIT_HZ) / 1e9);

/** The first nanosecond of a tick. */
function startOf(tick: number): number {
  if (tick === Infinity) return Infinity;
  let nanoseconds = Math.ceil((tick * 1e9) / PIT_HZ);
  while (tickAt(nanoseconds) < tick) nanoseconds++;
  return nanoseconds;
}

/**
 * An 8254 with three counters, and port 0x61 with the gate and the output of the third one. The output of the first is IRQ 0.
 * Source: Intel 8254 data sheet; port 0x61: Intel 82371 (PIIX) data sheet, NMI status and control.
 */
export class Pit extends StatefulDevice<{ counters: CounterState[]; speaker: number; seen: number }> {
  readonly name = 'pit';
  readonly ports: readonly DeviceRange[] = [
    { start: 0x40, count: 4 },
    { start: 0x61, count: 1 },
  ];
  protected state = {
    counters: [counterState(true), counterState(true), counterState(false)],
    /** Bits 0 to 3 of port 0x61. */
    speaker: 0,
    /** The tick up to which the output of counter 0 has been told. */
    seen: 0,
  };

  in(port: number): number {
    const now = tickAt(this.bus.now);
    if (port === 0x61) return this.readSpeaker(now);
    if (port === 0x43) return 0xff;
    return this.counter(port & 3).read(now);
  }

  out(port: number, _size: number, value: number): void {
    const now = tickAt(this.bus.now);
    this.advance();
    if (port === 0x61) this.writeSpeaker(now, value);
    else if (port === 0x43) this.control(now, value);
    else this.counter(port & 3).write(now, value);
    this.tell(now);
    this.bus.changed();
  }

  nextDeadline(): number {
    return startOf(this.counter(TIMER).nextChange(this.state.seen));
  }

  /** Tells of every change of IRQ 0 since the last time; of a long past, of the last ones. */
  advance(): void {
    const { state } = this;
    const now = tickAt(this.bus.now);
    const timer = this.counter(TIMER);
    for (let changes = 0; changes < 4; changes++) {
      const next = timer.nextChange(state.seen);
      if (next > now) break;
      this.tell(next);
    }
    this.tell(now);
  }

  private tell(tick: number): void {
    this.state.seen = tick;
    this.bus.setIrq(IRQ, this.counter(TIMER).output(tick));
  }

  private counter(index: number): Counter {
    const state = this.state.counters[index];
    if (state === undefined) throw new RangeError(`the 8254 has no counter ${index}`);
    return new Counter(state);
  }

  private control(now: number, value: number): void {
    const channel = value >> 6;
    if (channel < 3) return this.counter(channel).control(now, value);
    for (let index = 0; index < 3; index++) {
      if ((value & (2 << index)) === 0) continue;
      if ((value & 0x20) === 0) this.counter(index).latch(now);
      if ((value & 0x10) === 0) this.counter(index).latchStatus(now);
    }
  }

  private readSpeaker(now: number): number {
    const refresh = Math.floor(this.bus.now / REFRESH) & 1;
    return this.state.speaker | (refresh << 4) | (this.counter(SPEAKER).output(now) ? 0x20 : 0);
  }

  private writeSpeaker(now: number, value: number): void {
    this.state.speaker = value & 0x0f;
    this.counter(SPEAKER).setGate(now, (value & 1) !== 0);
  }
}
