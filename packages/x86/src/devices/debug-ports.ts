import { StatefulDevice, type DeviceRange } from './device.js';

/** Codes that are kept: more come from a loop. */
const KEPT = 4096;

/** Port 0x80: progress codes of firmware and tests. */
export class PostPort extends StatefulDevice<{ codes: number[]; written: number }> {
  readonly name = 'post';
  readonly ports: readonly DeviceRange[] = [{ start: 0x80, count: 1 }];
  onCode: (code: number) => void = () => undefined;
  protected state = { codes: [] as number[], written: 0 };

  /** The first codes that were written; `written` counts all. */
  get codes(): readonly number[] {
    return this.state.codes;
  }

  get written(): number {
    return this.state.written;
  }

  in(): number {
    return this.state.codes.at(-1) ?? 0xff;
  }

  out(_port: number, _size: number, value: number): void {
    if (this.state.codes.length < KEPT) this.state.codes.push(value);
    this.state.written++;
    this.onCode(value);
  }
}

/** Port 0xe9: a console of one write a byte, as Bochs and QEMU have it. Reading it gives its number, so that guests can find it. */
export class ConsolePort extends StatefulDevice<Record<string, never>> {
  readonly name = 'console';
  readonly ports: readonly DeviceRange[] = [{ start: 0xe9, count: 1 }];
  onByte: (byte: number) => void = () => undefined;
  protected state = {};

  in(): number {
    return 0xe9;
  }

  out(_port: number, _size: number, value: number): void {
    this.onByte(value);
  }
}

/** Port 0xf4: a write ends the run, as QEMU's isa-debug-exit does. Wider writes count as one value. */
export class ExitPort extends StatefulDevice<Record<string, never>> {
  readonly name = 'exit';
  readonly ports: readonly DeviceRange[] = [{ start: 0xf4, count: 4 }];
  readonly width = 4;
  protected state = {};

  in(): number {
    return 0;
  }

  out(_port: number, _size: number, value: number): void {
    this.bus.end({ reason: 'exit', value: value >>> 0 });
  }
}
