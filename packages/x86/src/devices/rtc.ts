import { StatefulDevice, type DeviceRange } from './device.js';

const IRQ = 8;
const SECOND = 1e9;
/** An update begins this long after UIP is set. */
const UIP_TIME = 244_000;

// Registers; source: Motorola MC146818 data sheet. The century is where ACPI tables and firmware have it.
const SECONDS = 0x00;
const ALARM = { seconds: 0x01, minutes: 0x03, hours: 0x05 } as const;
const MINUTES = 0x02;
const HOURS = 0x04;
const WEEKDAY = 0x06;
const DAY = 0x07;
const MONTH = 0x08;
const YEAR = 0x09;
const A = 0x0a;
const B = 0x0b;
const C = 0x0c;
const D = 0x0d;
const CENTURY = 0x32;
const CENTURY_PS2 = 0x37;
const TIME = [SECONDS, MINUTES, HOURS, WEEKDAY, DAY, MONTH, YEAR, CENTURY, CENTURY_PS2];

const SET = 0x80;
const BINARY = 0x04;
const IS_24 = 0x02;
const FLAG = { any: 0x80, periodic: 0x40, alarm: 0x20, update: 0x10 } as const;
const ANY_VALUE = 0xc0;

export interface RtcOptions {
  /** What the clock says when the machine is made. Always the same unless given: runs are to be repeatable. */
  readonly time?: Date;
  /** Bytes of RAM, for the sizes that firmware leaves in the CMOS. */
  readonly ram?: number;
}

interface RtcState {
  index: number;
  cmos: Uint8Array;
  /** Milliseconds since 1970 at virtual time 0; the guest moves it by writing the time. */
  epoch: number;
  /** While SET is on, the clock stands here. */
  frozen: number;
  /** Seconds of virtual time that have had their update, and periods their interrupt. */
  seconds: number;
  periods: number;
}

/** The clock and memory of an MC146818. */
export class Rtc extends StatefulDevice<RtcState> {
  readonly name = 'rtc';
  readonly ports: readonly DeviceRange[] = [{ start: 0x70, count: 2 }];
  protected state: RtcState;

  constructor(options: RtcOptions = {}) {
    super();
    const cmos = new Uint8Array(128);
    cmos[A] = 0x26;
    cmos[B] = IS_24;
    cmos[D] = 0x80;
    writeMemorySizes(cmos, options.ram ?? 0);
    const epoch = (options.time ?? new Date('2026-01-01T00:00:00Z')).getTime();
    this.state = { index: 0, cmos, epoch, frozen: 0, seconds: 0, periods: 0 };
  }

  in(port: number): number {
    const { state } = this;
    if ((port & 1) === 0) return 0xff;
    this.advance();
    if (TIME.includes(state.index)) return this.timeField(state.index);
    if (state.index === A) return (this.cell(A) & 0x7f) | (this.updateInProgress ? 0x80 : 0);
    if (state.index !== C) return this.cell(state.index);
    const flags = this.cell(C);
    state.cmos[C] = 0;
    this.bus.setIrq(IRQ, false);
    this.bus.changed();
    return flags;
  }

  out(port: number, _size: number, value: number): void {
    const { state } = this;
    if ((port & 1) === 0) {
      state.index = value & 0x7f;
      return;
    }
    this.advance();
    if (TIME.includes(state.index)) this.setTimeField(state.index, value);
    else if (state.index === B) this.control(value);
    else if (state.index === A) {
      state.cmos[A] = value & 0x7f;
      state.periods = this.periodCount;
    } else if (state.index !== C && state.index !== D) state.cmos[state.index] = value;
    this.bus.changed();
  }

  nextDeadline(): number {
    const enabled = this.cell(B) & ~this.cell(C);
    const update = enabled & (FLAG.update | FLAG.alarm) ? (this.state.seconds + 1) * SECOND : Infinity;
    const periodic = enabled & FLAG.periodic ? Math.ceil((this.state.periods + 1) * this.period) : Infinity;
    return Math.min(update, periodic);
  }

  /** Sets the flags of what has happened since the last time. */
  advance(): void {
    const { state } = this;
    const seconds = Math.floor(this.bus.now / SECOND);
    const periods = this.periodCount;
    let flags = periods > state.periods ? FLAG.periodic : 0;
    if (seconds > state.seconds && !this.isFrozen) {
      flags |= FLAG.update;
      if (this.alarmBetween(state.seconds, seconds)) flags |= FLAG.alarm;
    }
    state.seconds = seconds;
    state.periods = periods;
    if (flags === 0) return;
    state.cmos[C] = this.cell(C) | flags;
    this.interrupt();
  }

  private interrupt(): void {
    if ((this.cell(B) & this.cell(C) & 0x70) === 0) return;
    this.state.cmos[C] = this.cell(C) | FLAG.any;
    this.bus.setIrq(IRQ, true);
  }

  private cell(index: number): number {
    return this.state.cmos[index] as number;
  }

  private get isFrozen(): boolean {
    return (this.cell(B) & SET) !== 0;
  }

  private get updateInProgress(): boolean {
    return !this.isFrozen && SECOND - (this.bus.now % SECOND) <= UIP_TIME;
  }

  /** Nanoseconds between two periodic interrupts; Infinity when the rate is 0. Rates 1 and 2 are those of 8 and 9. */
  private get period(): number {
    const rate = this.cell(A) & 15;
    if (rate === 0) return Infinity;
    return 2 ** ((rate < 3 ? rate + 7 : rate) - 1) * (SECOND / 32768);
  }

  private get periodCount(): number {
    return Math.floor(this.bus.now / this.period);
  }

  private control(value: number): void {
    const wasFrozen = this.isFrozen;
    const time = this.milliseconds;
    this.state.cmos[B] = value;
    if (wasFrozen && !this.isFrozen) this.state.epoch = this.state.frozen - this.elapsed;
    if (!wasFrozen && this.isFrozen) this.state.frozen = time;
    this.interrupt();
  }

  // the time

  private get elapsed(): number {
    return Math.floor(this.bus.now / SECOND) * 1000;
  }

  private get milliseconds(): number {
    return this.isFrozen ? this.state.frozen : this.state.epoch + this.elapsed;
  }

  private timeField(index: number): number {
    const date = new Date(this.milliseconds);
    switch (index) {
      case SECONDS:
        return this.encode(date.getUTCSeconds());
      case MINUTES:
        return this.encode(date.getUTCMinutes());
      case HOURS:
        return this.encodeHour(date.getUTCHours());
      case WEEKDAY:
        return this.encode(date.getUTCDay() + 1);
      case DAY:
        return this.encode(date.getUTCDate());
      case MONTH:
        return this.encode(date.getUTCMonth() + 1);
      case YEAR:
        return this.encode(date.getUTCFullYear() % 100);
      default:
        return this.encode(Math.floor(date.getUTCFullYear() / 100));
    }
  }

  private setTimeField(index: number, value: number): void {
    const { state } = this;
    const date = new Date(this.milliseconds);
    const number = this.decode(value);
    const year = date.getUTCFullYear();
    if (index === SECONDS) date.setUTCSeconds(number);
    else if (index === MINUTES) date.setUTCMinutes(number);
    else if (index === HOURS) date.setUTCHours(this.decodeHour(value));
    else if (index === DAY) date.setUTCDate(number);
    else if (index === MONTH) date.setUTCMonth(number - 1);
    else if (index === YEAR) date.setUTCFullYear(year - (year % 100) + number);
    else if (index !== WEEKDAY) date.setUTCFullYear(number * 100 + (year % 100));
    if (this.isFrozen) state.frozen = date.getTime();
    else state.epoch = date.getTime() - this.elapsed;
  }

  private encode(number: number): number {
    return this.cell(B) & BINARY ? number : (Math.floor(number / 10) << 4) | (number % 10);
  }

  private decode(value: number): number {
    return this.cell(B) & BINARY ? value : (value >> 4) * 10 + (value & 15);
  }

  private encodeHour(hour: number): number {
    if (this.cell(B) & IS_24) return this.encode(hour);
    return this.encode(hour % 12 === 0 ? 12 : hour % 12) | (hour >= 12 ? 0x80 : 0);
  }

  private decodeHour(value: number): number {
    if (this.cell(B) & IS_24) return this.decode(value);
    return (this.decode(value & 0x7f) % 12) + (value & 0x80 ? 12 : 0);
  }

  /** An alarm time of 0xc0 or more matches every value. A day holds every alarm, so more is not looked at. */
  private alarmBetween(from: number, to: number): boolean {
    const { seconds, minutes, hours } = ALARM;
    for (let second = Math.max(from, to - 86400) + 1; second <= to; second++) {
      const date = new Date(this.state.epoch + second * 1000);
      const matches =
        this.matches(seconds, this.encode(date.getUTCSeconds())) &&
        this.matches(minutes, this.encode(date.getUTCMinutes())) &&
        this.matches(hours, this.encodeHour(date.getUTCHours()));
      if (matches) return true;
    }
    return false;
  }

  private matches(index: number, value: number): boolean {
    const alarm = this.cell(index);
    return alarm >= ANY_VALUE || alarm === value;
  }
}

/** Base memory, memory above 1 MiB, above 16 MiB and above 4 GiB, as firmware leaves them; and that no drive is there. */
function writeMemorySizes(cmos: Uint8Array, ram: number): void {
  const view = new DataView(cmos.buffer);
  const below4G = Math.min(ram, 0xc000_0000);
  const extended = Math.min(Math.max(below4G - 0x10_0000, 0) >>> 10, 0xffff);
  view.setUint16(0x15, 640, true);
  view.setUint16(0x17, extended, true);
  view.setUint16(0x30, extended, true);
  view.setUint16(0x34, Math.max(below4G - 0x100_0000, 0) >>> 16, true);
  const above4G = Math.floor(Math.max(ram - 0x1_0000_0000, 0) / 0x10000);
  view.setUint16(0x5b, above4G & 0xffff, true);
  cmos[0x5d] = above4G >>> 16;
  cmos[0x14] = 0x02; // equipment: a coprocessor
  const sum = cmos.subarray(0x10, 0x2e).reduce((total, byte) => total + byte, 0);
  view.setUint16(0x2e, sum & 0xffff, false);
}
