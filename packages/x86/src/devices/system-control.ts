import { StatefulDevice, type DeviceRange } from './device.js';

const KBC = { writeOutput: 0xd1, disableA20: 0xdd, enableA20: 0xdf, pulse: 0xf0 } as const;

/**
 * A20 gate and reset: port 0x92, and of the keyboard controller only these two. There is no keyboard; its ports read all ones, which Linux takes
 * for an absent controller.
 */
export class SystemControl extends StatefulDevice<{ a20: boolean; command: number }> {
  readonly name = 'system-control';
  readonly ports: readonly DeviceRange[] = [
    { start: 0x60, count: 1 },
    { start: 0x64, count: 1 },
    { start: 0x92, count: 1 },
  ];
  protected state = { a20: true, command: 0 };

  in(port: number): number {
    return port === 0x92 ? (this.state.a20 ? 2 : 0) : 0xff;
  }

  out(port: number, _size: number, value: number): void {
    if (port === 0x92) this.outputs('port 0x92', (value & 2) !== 0, (value & 1) !== 0);
    else if (port === 0x64) this.command(value);
    else if (this.state.command === KBC.writeOutput) {
      this.state.command = 0;
      this.outputs('the keyboard controller', (value & 2) !== 0, (value & 1) === 0);
    }
  }

  override restore(state: unknown): void {
    super.restore(state);
    this.bus.setA20(this.state.a20);
  }

  private command(value: number): void {
    this.state.command = value;
    if (value === KBC.enableA20 || value === KBC.disableA20) this.setA20(value === KBC.enableA20);
    // pulses the output bits that are 0 in the command; bit 0 is the reset line
    if (value >= KBC.pulse && (value & 1) === 0) this.bus.end({ reason: 'reset', by: 'the keyboard controller' });
  }

  private outputs(by: string, a20: boolean, reset: boolean): void {
    this.setA20(a20);
    if (reset) this.bus.end({ reason: 'reset', by });
  }

  private setA20(enabled: boolean): void {
    this.state.a20 = enabled;
    this.bus.setA20(enabled);
  }
}
