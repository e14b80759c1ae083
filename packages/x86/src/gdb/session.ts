import { type MachineExit } from '../machine/exit.js';
import { type Machine } from '../machine/machine.js';
import { bytesOfHex, hexOf, packet, PACKET_SIZE, PacketReader } from './packet.js';
import { readMemory, writeMemory } from './memory.js';
import { type GdbArchitecture, gdbFeatures, targetXml, type GdbRegister } from './registers.js';
import { stopReply, stopText } from './stop.js';
import { Points } from './points.js';

export interface GdbOptions {
  /** What gdb is told that the CPU is. Unless given: 64 bits if the CPU has long mode, in whatever mode it is now, as QEMU does. */
  readonly architecture?: GdbArchitecture;
  /** Milliseconds of execution between looks at what gdb says. */
  readonly slice?: number;
}

const OK = 'OK';
const FAILED = 'E01';
const UNKNOWN = '';
/** EFAULT: gdb says that it cannot access memory. */
const NO_MEMORY = 'E0e';

/**
 * One gdb at one machine: takes the bytes that gdb sends, gives those for gdb to `send`. It does not wait and has no sockets; while `isRunning`, its
 * owner calls `work` again and again. Source: "Remote Protocol" in the gdb manual.
 */
export class GdbSession {
  /** The guest runs; gdb waits for it to stop. */
  isRunning = false;
  /** gdb has detached or killed. */
  isOver = false;
  private readonly reader = new PacketReader();
  private readonly registers: readonly GdbRegister[];
  private readonly architecture: GdbArchitecture;
  private readonly points: Points;
  private acknowledges = true;
  private knowsReasons = false;
  private lastStop = 'S05';

  constructor(
    private readonly machine: Machine,
    private readonly send: (text: string) => void,
    private readonly options: GdbOptions = {},
  ) {
    this.architecture = options.architecture ?? (machine.profile.features.has('lm') ? 'i386:x86-64' : 'i386');
    this.registers = gdbFeatures(this.architecture).flatMap((feature) => feature.registers);
    this.points = new Points(machine);
  }

  receive(bytes: Iterable<number>): void {
    for (const input of this.reader.push(bytes)) {
      if (input.kind === 'interrupt') this.interrupt();
      else if (input.kind === 'bad') this.send('-');
      else this.command(input.data);
    }
  }

  /** Executes for a while, and tells gdb when the guest has stopped. */
  work(): void {
    if (!this.isRunning) return;
    const exit = this.machine.run({ deadline: this.options.slice ?? 20 });
    if (exit.reason !== 'deadline') this.stopped(exit);
  }

  /** Nobody listens any more: breakpoints and watches go. */
  close(): void {
    this.isOver = true;
    this.isRunning = false;
    this.points.clear();
  }

  private interrupt(): void {
    if (!this.isRunning) return;
    this.isRunning = false;
    this.lastStop = 'T02thread:1;';
    this.reply(this.lastStop);
  }

  private stopped(exit: MachineExit): void {
    this.isRunning = false;
    const text = stopText(exit);
    if (text !== '') this.reply(`O${hexOf(new TextEncoder().encode(`${text}\n`))}`);
    this.lastStop = stopReply(exit, this.points, this.knowsReasons);
    this.reply(this.lastStop);
  }

  private reply(text: string): void {
    this.send(packet(text));
  }

  private command(data: Uint8Array): void {
    if (this.acknowledges) this.send('+');
    const answer = this.answer(latin1(data), data);
    if (answer !== undefined) this.reply(answer);
  }

  /** Undefined when the answer comes later, or never. */
  private answer(text: string, data: Uint8Array): string | undefined {
    const rest = text.slice(1);
    switch (text[0]) {
      case '?':
        return this.lastStop;
      case 'g':
        return this.registers.map((own) => this.registerHex(own)).join('');
      case 'G':
        return this.setAll(rest);
      case 'p':
        return this.one(rest, (own) => this.registerHex(own));
      case 'P':
        return this.setOne(rest);
      case 'm':
        return this.read(rest);
      case 'M':
        return this.write(rest);
      case 'X':
        return this.writeBinary(text, data);
      case 'Z':
      case 'z':
        return this.point(text[0] === 'Z', rest);
      case 'c':
      case 's':
        return this.resume(text[0], rest);
      case 'C':
      case 'S':
        return this.resume(text[0].toLowerCase(), rest.split(';')[1] ?? '');
      case 'v':
        return this.verbose(text);
      case 'q':
      case 'Q':
        return this.query(text);
      case 'H':
      case 'T':
        return OK;
      case 'D':
        this.close();
        return OK;
      case 'k':
        this.close();
        return undefined;
      default:
        return UNKNOWN;
    }
  }

  private query(text: string): string {
    if (text.startsWith('qSupported')) return this.supported(text);
    if (text.startsWith('qXfer:features:read:target.xml:')) return this.description(text);
    if (text.startsWith('qRcmd,')) return this.monitor(text.slice(6));
    switch (text) {
      case 'QStartNoAckMode':
        this.acknowledges = false;
        return OK;
      case 'qAttached':
        return '1';
      case 'qC':
        return 'QC1';
      case 'qfThreadInfo':
        return 'm1';
      case 'qsThreadInfo':
        return 'l';
      default:
        return UNKNOWN;
    }
  }

  private supported(text: string): string {
    this.knowsReasons = text.includes('swbreak+') && text.includes('hwbreak+');
    const size = PACKET_SIZE.toString(16);
    return `PacketSize=${size};qXfer:features:read+;QStartNoAckMode+;vContSupported+;swbreak+;hwbreak+`;
  }

  private description(text: string): string {
    const [offset, length] = numbers(text.slice(text.lastIndexOf(':') + 1));
    if (offset === undefined || length === undefined) return FAILED;
    const xml = targetXml(this.architecture);
    const end = offset + Math.min(length, PACKET_SIZE / 2);
    return `${end < xml.length ? 'm' : 'l'}${xml.slice(offset, end)}`;
  }

  /** `monitor` says in one line what no register does. */
  private monitor(hex: string): string {
    const words = latin1(bytesOfHex(hex) ?? new Uint8Array()).trim();
    const { machine } = this;
    const { base, selector } = machine.segment('cs');
    const state = `${machine.bits}-bit code, CPL ${machine.register('cpl')}, CS ${selector.toString(16)} at ${base.toString(16)}, ${machine.count} instructions`;
    const answer = words === 'state' ? state : 'monitor state: mode of the CPU, base of CS, instructions executed';
    return hexOf(new TextEncoder().encode(`${answer}\n`));
  }

  private verbose(text: string): string | undefined {
    if (text === 'vCont?') return 'vCont;c;C;s;S';
    if (text.startsWith('vKill')) {
      this.close();
      return OK;
    }
    const action = /^vCont;([csCS])/.exec(text)?.[1];
    return action === undefined ? UNKNOWN : this.resume(action.toLowerCase(), '');
  }

  private resume(action: string, address: string): string | undefined {
    if (address !== '') {
      const at = addressOf(address);
      if (at === undefined) return FAILED;
      const { machine } = this;
      machine.setRegister('rip', BigInt.asUintN(64, at - machine.linearRip + machine.register('rip')));
    }
    if (action === 's') this.stopped(this.machine.step());
    else this.isRunning = true;
    return undefined;
  }

  // registers

  private registerHex({ bits, get }: GdbRegister): string {
    const value = get(this.machine);
    return hexOf(Array.from({ length: bits / 8 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn)));
  }

  private one(number: string, use: (register: GdbRegister) => string): string {
    const register = this.registers[Number.parseInt(number, 16)];
    return register === undefined ? FAILED : use(register);
  }

  private setOne(text: string): string {
    const [number = '', hex = ''] = text.split('=');
    return this.one(number, (own) => this.setHex(own, hex));
  }

  private setAll(hex: string): string {
    let at = 0;
    for (const own of this.registers) {
      const digits = own.bits / 4;
      // what has not changed is not written: CS would forget how it was loaded
      if (hex.slice(at, at + digits) !== this.registerHex(own) && this.setHex(own, hex.slice(at, at + digits)) !== OK)
        return FAILED;
      at += digits;
    }
    return OK;
  }

  private setHex({ bits, set }: GdbRegister, hex: string): string {
    const bytes = bytesOfHex(hex);
    if (bytes?.length !== bits / 8) return FAILED;
    set(
      this.machine,
      bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n),
    );
    return OK;
  }

  // memory

  private read(text: string): string {
    const [address, length] = text.split(',');
    const count = Math.min(Number.parseInt(length ?? '', 16), PACKET_SIZE / 2);
    const at = addressOf(address);
    if (at === undefined || !(count >= 0)) return FAILED;
    const bytes = readMemory(this.machine, at, count);
    return bytes.length === 0 && count > 0 ? NO_MEMORY : hexOf(bytes);
  }

  private write(text: string): string {
    const [place = '', hex = ''] = text.split(':');
    return this.writeBytes(place, bytesOfHex(hex));
  }

  private writeBinary(text: string, data: Uint8Array): string {
    const colon = text.indexOf(':');
    return colon < 0 ? FAILED : this.writeBytes(text.slice(1, colon), data.subarray(colon + 1));
  }

  private writeBytes(place: string, bytes: Uint8Array | undefined): string {
    const [address, length = ''] = place.split(',');
    const at = addressOf(address);
    if (at === undefined || bytes === undefined || bytes.length !== Number.parseInt(length, 16)) return FAILED;
    return writeMemory(this.machine, at, bytes) ? OK : NO_MEMORY;
  }

  private point(on: boolean, text: string): string {
    const [kind = '', address, size] = text.split(',');
    const at = addressOf(address);
    if (at === undefined) return FAILED;
    const length = Number.parseInt(size ?? '1', 16);
    const done = on ? this.points.add(kind, at, length) : this.points.remove(kind, at, length);
    return done === undefined ? UNKNOWN : done ? OK : 'E0e';
  }
}

const latin1 = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
const numbers = (text: string): number[] => text.split(',').map((part) => Number.parseInt(part, 16));
const addressOf = (hex = ''): bigint | undefined => (/^[0-9a-f]{1,16}$/i.test(hex) ? BigInt(`0x${hex}`) : undefined);
