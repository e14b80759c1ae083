import { CodeLines } from './code-lines.js';
import { DENIED_SHIFT, LAYOUT, PAGE } from './layout.js';
import { type AccessDenied } from './memory.js';
import { RangeMap, RIGHT } from './ranges.js';
import { TOUCH, type TouchLog } from './touch-log.js';

/** Something that answers at physical addresses. Sizes are 1, 2 or 4; an access of 8 bytes is two. Values are unsigned or signed alike. */
export interface MemoryDevice {
  load(offset: number, size: number): number;
  store(offset: number, size: number, value: number): void;
}

interface Mapping {
  readonly start: number;
  readonly end: number;
  readonly device: MemoryDevice;
}

const A20 = 0x10_0000;

/** Physical memory: RAM, devices, and nothing; who may touch what of it, and where code lies. Nothing here knows linear addresses. */
export class PhysicalMemory {
  readonly bytes: Uint8Array;
  readonly halves: Uint16Array;
  readonly words: Int32Array;
  readonly view: DataView;
  readonly ranges: RangeMap;
  readonly lines: CodeLines;
  private readonly devices: Mapping[] = [];
  /** PAGE of each page of RAM. */
  private readonly notes: Uint8Array;
  /** High word of the 8 bytes that were loaded last. */
  high = 0;
  a20 = true;
  /** A store has hit a line of code in this page; its marks are gone. */
  onCodeWritten: (page: number) => void = () => undefined;

  constructor(
    readonly buffer: ArrayBuffer,
    /** Bytes of RAM. */
    readonly size: number,
    readonly touches: TouchLog,
    private readonly deny: (physical: number, size: number, kind: AccessDenied['kind']) => AccessDenied,
    ones: boolean,
  ) {
    this.bytes = new Uint8Array(buffer);
    this.halves = new Uint16Array(buffer);
    this.words = new Int32Array(buffer);
    this.view = new DataView(buffer);
    this.ranges = new RangeMap(size, ones ? RIGHT.all : 0);
    this.notes = new Uint8Array(buffer, LAYOUT.pages, size / 4096);
    this.lines = new CodeLines(this.notes);
  }

  /** The device answers there, in place of RAM; one that was there before stays. */
  addDevice(start: number, length: number, device: MemoryDevice): void {
    this.devices.push({ start, end: start + length, device });
    this.setRights(start, length, RIGHT.read | RIGHT.write);
  }

  /** What may be done with each byte; and with all of a page, which is noted. */
  setRights(start: number, length: number, rights: number): void {
    if (length > 0) this.ranges.set(start, length, rights);
    const end = Math.min(Math.ceil((start + length) / 4096), this.notes.length);
    for (let page = Math.floor(start / 4096); page < end; page++) {
      const at = 4096 * page;
      const granted = this.hasDevice(at, 4096) ? 0 : Math.max(this.ranges.uniform(at, 4096), 0);
      const denied = (RIGHT.all & ~granted) << DENIED_SHIFT;
      this.notes[page] = ((this.notes[page] as number) & ~PAGE.denied) | denied;
    }
  }

  /** Is all of the page that begins there RAM, and may all of its bytes be touched like this? */
  isUniform(physical: number, needs: number): boolean {
    return physical < this.size && ((this.notes[physical >>> 12] as number) & (needs << DENIED_SHIFT)) === 0;
  }

  /** The address that reaches memory: without bit 20 while A20 is off. */
  gate(physical: number): number {
    return this.a20 || ((physical % 2 ** 32) & A20) === 0 ? physical : physical - A20;
  }

  /** Bytes of one page. */
  isRam(physical: number, length: number): boolean {
    if (physical + length > this.size) return false;
    return ((this.notes[physical >>> 12] as number) & PAGE.denied) === 0 || !this.hasDevice(physical, length);
  }

  private hasDevice(start: number, length: number): boolean {
    return this.devices.some((own) => start < own.end && start + length > own.start);
  }

  // bytes of one page: rights were checked before

  load(physical: number, size: number): number {
    if (!this.isRam(physical, size)) return this.loadOutside(physical, size);
    const at = LAYOUT.ram + physical;
    switch (size) {
      case 1:
        return this.bytes[at] as number;
      case 2:
        return this.view.getUint16(at, true);
      case 4:
        return this.view.getInt32(at, true);
      default:
        this.high = this.view.getInt32(at + 4, true);
        return this.view.getInt32(at, true);
    }
  }

  store(physical: number, size: number, lo: number, hi: number): void {
    if (!this.isRam(physical, size)) {
      this.storeOutside(physical, size, lo, hi);
      return;
    }
    const at = LAYOUT.ram + physical;
    switch (size) {
      case 1:
        this.bytes[at] = lo;
        break;
      case 2:
        this.view.setUint16(at, lo, true);
        break;
      case 4:
        this.view.setInt32(at, lo, true);
        break;
      default:
        this.view.setInt32(at, lo, true);
        this.view.setInt32(at + 4, hi, true);
    }
    this.wrote(physical, size);
  }

  /** Bytes of RAM, in one page or more, are other ones now. */
  wrote(physical: number, length: number): void {
    if (this.lines.isClear) return;
    for (let at = physical; at < physical + length; at = (Math.floor(at / 4096) + 1) * 4096) {
      const page = Math.floor(at / 4096);
      const end = Math.min((page + 1) * 4096, physical + length);
      if (!this.lines.hits(page, at % 4096, end - at)) continue;
      this.lines.clear(page);
      this.onCodeWritten(page);
    }
  }

  private loadOutside(physical: number, size: number): number {
    const device = this.deviceOf(physical, size);
    if (device !== undefined && size <= 4) return cut(device.device.load(physical - device.start, size), size);
    if (device !== undefined || size === 8) {
      const lo = this.load(physical, 4);
      this.high = this.load(physical + 4, 4);
      return lo;
    }
    if (size === 1) return 0xff;
    const half = size / 2;
    return cut((this.load(physical, half) & mask(half)) | (this.load(physical + half, half) << (8 * half)), size);
  }

  private storeOutside(physical: number, size: number, lo: number, hi: number): void {
    const device = this.deviceOf(physical, size);
    if (device !== undefined && size <= 4) device.device.store(physical - device.start, size, cut(lo, size) >>> 0);
    else if (device !== undefined || size === 8) {
      this.store(physical, 4, lo, 0);
      this.store(physical + 4, 4, hi, 0);
    } else if (size > 1) {
      const half = size / 2;
      this.store(physical, half, lo, 0);
      this.store(physical + half, half, lo >>> (8 * half), 0);
    }
  }

  /** A byte without asking a device: -1 where one is. */
  peekByte(physical: number): number {
    if (this.isRam(physical, 1)) return this.bytes[LAYOUT.ram + physical] as number;
    return this.deviceOf(physical, 1) === undefined ? 0xff : -1;
  }

  private deviceOf(physical: number, size: number): Mapping | undefined {
    return this.devices.find((own) => physical >= own.start && physical + size <= own.end);
  }

  // page tables

  /** A page table entry of 4 or 8 bytes, logged and checked as such; `high` has the upper half. `physical` has passed the gate. */
  entry(physical: number, size: number): number {
    this.checkEntry(physical, size, RIGHT.read);
    this.touches.touch(Math.floor(physical / 4096), TOUCH.walk);
    return this.load(physical, size);
  }

  checkEntry(physical: number, size: number, right: number): void {
    const at = this.ranges.firstWithout(physical, size, right);
    if (at >= 0) throw this.deny(at, size, 'walk');
  }

  /** What `entry` would give, without anybody noticing; devices are not asked. */
  peekEntry(physical: number, size: number): number {
    if (this.isRam(physical, size)) return this.load(physical, size);
    this.high = -1;
    return -1;
  }
}

const mask = (size: number): number => (size >= 4 ? -1 : (1 << (8 * size)) - 1);
const cut = (value: number, size: number): number => value & mask(size);
