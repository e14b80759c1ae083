import type { Machine } from '@bzelf/x86';
import type { SerialMark } from './report.js';

const MOST_MARKS = 1000;
/** A guest may never end its line. */
const LONGEST = 1000;
const LINE_FEED = 0x0a;

/** Notes when each line of the serial port was complete. */
export class SerialLog {
  readonly marks: SerialMark[] = [];
  private bytes: number[] = [];

  constructor(private readonly machine: Machine) {
    machine.serial.onByte = (byte) => this.take(byte);
  }

  private take(byte: number): void {
    if (byte !== LINE_FEED && this.bytes.length < LONGEST) this.bytes.push(byte);
    if (byte !== LINE_FEED || this.marks.length >= MOST_MARKS) return;
    const line = new TextDecoder().decode(Uint8Array.from(this.bytes)).trimEnd();
    this.marks.push({ count: this.machine.count, line });
    this.bytes = [];
  }
}
