import {
  ConsolePort,
  ExitPort,
  LocalApic,
  PicPair,
  Pit,
  PostPort,
  Rtc,
  SystemControl,
  Uart,
  type Device,
} from '../devices/index.js';
import { TextOutput } from './text-output.js';

export interface PcOptions {
  /** What the clock says in the beginning; always the same unless given. */
  readonly time?: Date;
  /** Bytes of RAM, for the CMOS. */
  readonly ram: number;
  /** The CPU has a local APIC. */
  readonly apic: boolean;
}

/** The devices of a small PC: enough for Linux to reach its first user process, with nothing on PCI, ISA or the keyboard port. */
export function pcDevices({ time, ram, apic }: PcOptions): Device[] {
  return [
    new Uart(),
    new PicPair(),
    new Pit(),
    new Rtc({ ram, ...(time && { time }) }),
    new SystemControl(),
    new PostPort(),
    new ConsolePort(),
    new ExitPort(),
    ...(apic ? [new LocalApic()] : []),
  ];
}

/** The first serial port, from the host's side. */
export class SerialPort extends TextOutput {
  constructor(private readonly uart: Uart | undefined) {
    super();
    if (uart !== undefined) uart.onByte = (byte) => this.write(byte);
  }

  /** Bytes for the guest; they wait until it takes them. Without a UART they go nowhere. */
  receive(bytes: Iterable<number>): void {
    this.uart?.receive(bytes);
  }

  /** Text for the guest. */
  send(text: string): void {
    this.receive(new TextEncoder().encode(text));
  }
}

/** What is written to port 0xe9. */
export class DebugConsole extends TextOutput {
  constructor(port: ConsolePort | undefined) {
    super();
    if (port !== undefined) port.onByte = (byte) => this.write(byte);
  }
}
