import { type Bus, type Device, type DeviceEnd } from '../src/devices/index';

/** A bus whose time is set by the test, and that notes what the device under test does. */
export class TestBus implements Bus {
  now = 0;
  a20 = true;
  /** Levels of the interrupt lines, and how often each has risen. */
  readonly lines = new Map<number, boolean>();
  readonly edges = new Map<number, number>();
  readonly ends: DeviceEnd[] = [];
  nmis = 0;

  setIrq(irq: number, level: boolean): void {
    if (level && !this.lines.get(irq)) this.edges.set(irq, (this.edges.get(irq) ?? 0) + 1);
    this.lines.set(irq, level);
  }

  changed(): void {
    // nobody waits
  }

  end(end: DeviceEnd): void {
    this.ends.push(end);
  }

  nmi(): void {
    this.nmis++;
  }

  setA20(enabled: boolean): void {
    this.a20 = enabled;
  }

  /** Lets time pass deadline by deadline, as a machine does; returns how many there were. */
  passTo(time: number, device: Device): number {
    let stops = 0;
    for (let due = device.nextDeadline?.() ?? Infinity; due <= time; due = device.nextDeadline?.() ?? Infinity) {
      this.now = Math.max(due, this.now);
      device.advance?.();
      if (++stops > 1_000_000) throw new Error(`${device.name} does not get past ${due}`);
    }
    this.now = time;
    return stops;
  }
}
