import { Cpu } from '../cpu/cpu.js';
import { STATE_SIZE, WORD } from '../cpu/state.js';
import { ConsolePort, PostPort, Uart, type Device } from '../devices/index.js';
import { Engine } from '../engine.js';
import { GuestMemory } from '../memory/guest-memory.js';
import { type PhysicalRange, type Watch } from '../memory/watches.js';
import { LAYOUT } from '../memory/layout.js';
import { type Access } from '../memory/ranges.js';
import { type TouchLog } from '../memory/touch-log.js';
import { makeProfile, profileText, type CpuProfile } from '../system/profile.js';
import { checkAccess, checkOptions, checkRange } from './arguments.js';
import { type Breakpoints } from './breakpoints.js';
import { MachineBus, type PortUse } from './bus.js';
import { type MachineExit } from './exit.js';
import { DebugConsole, SerialPort } from './pc.js';
import { Registers, type Segment, type SegmentName, type SystemSegmentName, type TableName, type TableRegister } from './registers.js'; // prettier-ignore
import { resetCpu } from './reset.js';
import { RunLoop, type RunOptions } from './run-loop.js';
import { Runner } from './runner.js';
import { restorePages, savePages, saveState, type Snapshot } from './snapshot.js';
import { Tracer, type TraceEntry } from './trace.js';
import { devicesOf, wire, type MachineOptions } from './wiring.js';

/**
 * A PC of one CPU. Instruction counts decide of everything it does: the same start gives the same run to the last bit, whatever executes it.
 *
 * ```ts
 * const machine = new Machine({ ram: 1 << 20 });
 * machine.write(0x7c00, Uint8Array.of(0xb0, 0x2a, 0xe6, 0xf4)); // mov al, 42; out 0xf4, al
 * machine.setSegment('cs', { selector: 0, base: 0n, limit: 0xffff, attributes: 0x9b });
 * machine.setRegister('rip', 0x7c00n);
 * machine.run(); // { reason: 'exit', value: 42, rip: 0x7c04n, count: 2n }
 * ```
 *
 * It begins as after a reset, in real mode at FFFFFFF0. What the guest does never throws; what is wrong in a call does.
 */
export class Machine {
  readonly memory: GuestMemory;
  readonly profile: CpuProfile;
  readonly devices: readonly Device[];
  readonly serial: SerialPort;
  /** What was written to port 0xe9. */
  readonly console: DebugConsole;
  /** Instructions that the core does not have, by their names, and how often each was #UD for the guest. */
  readonly unimplemented = new Map<string, number>();

  private readonly cpu: Cpu;
  private readonly registers: Registers;
  private readonly bus: MachineBus;
  private readonly loop: RunLoop;
  private readonly engine: Engine;
  private readonly runner: Runner;

  constructor(options: MachineOptions) {
    checkOptions(options);
    const profile = makeProfile(options.cpu ?? {});
    this.profile = profile;
    this.memory = new GuestMemory({ ram: options.ram, ...(options.unmapped && { unmapped: options.unmapped }) });
    this.memory.physicalBits = profile.physicalBits;
    this.memory.gigabytePages = profile.features.has('pdpe1gb');
    this.cpu = new Cpu(this.memory, this.memory.buffer, LAYOUT.state);
    this.registers = new Registers(this.cpu, this.memory);
    this.devices = devicesOf(options, profile);
    this.bus = new MachineBus(this.cpu.words, this.devices, (profile.tscPerInstruction * 1e6) / profile.tscKhz);
    this.serial = new SerialPort(this.devices.find((own) => own instanceof Uart));
    this.console = new DebugConsole(this.devices.find((own) => own instanceof ConsolePort));
    this.loop = new RunLoop(this.cpu, this.bus, profile.tscPerInstruction, () =>
      this.bytesAt(this.registers.linearRip),
    );
    if (options.unimplemented === 'ud') this.cpu.onUnimplemented = (name) => this.countUnimplemented(name);
    wire({ ...this, cpu: this.cpu, bus: this.bus, loop: this.loop }, options.hooks ?? {});
    resetCpu(this.cpu, profile);
    this.engine = new Engine(this.cpu, this.memory, options.tier);
    if (options.patience !== undefined) this.engine.interpreter.patience = options.patience;
    const { cpu, registers, loop, engine } = this;
    this.runner = new Runner({ cpu, registers, loop, engine }, options.hooks?.block?.bind(options.hooks));
  }

  // memory

  /** RAM for the host: nothing is checked or logged. Say `wrote` after changing code in it; `write` does. */
  get ram(): Uint8Array {
    return this.memory.ram;
  }

  /** Copies bytes to physical memory. Throws RangeError outside of RAM. */
  write(physical: bigint | number, bytes: Uint8Array): void {
    const start = this.inRam(physical, bytes.length);
    this.ram.set(bytes, start);
    this.memory.wroteRam(start, bytes.length);
  }

  /** A copy of physical memory. Throws RangeError outside of RAM. */
  read(physical: bigint | number, length: number): Uint8Array {
    const start = this.inRam(physical, length);
    return this.ram.slice(start, start + length);
  }

  /** RAM was changed by the host: code from there is decoded anew. Throws RangeError outside of RAM. */
  wrote(physical: number, length: number): void {
    this.memory.wroteRam(this.inRam(physical, length), length);
  }

  /** What may be done with a physical range, to the byte: `machine.map({ start: 0, length: 0x1000, access: '' })`. RAM starts as `rwx`. Throws RangeError, TypeError. */
  map(range: PhysicalRange & { readonly access: Access }): void {
    checkRange(range);
    checkAccess(range.access, 'rwx');
    this.memory.map(range);
  }

  /** An instruction that touches this physical range is the last of its run, which ends with reason `watch`. Throws RangeError, TypeError. */
  watch(watch: Watch): void {
    checkRange(watch);
    checkAccess(watch.access, 'rw');
    this.memory.watch(watch);
  }

  unwatch(watch: Watch): void {
    this.memory.unwatch(watch);
  }

  /** Which pages were touched, how, when first, and by which instruction. */
  get touches(): TouchLog {
    return this.memory.touches;
  }

  /** Where a linear address leads by the page tables of now, undefined when nowhere. Nothing is logged. */
  physicalOf(address: bigint): number | undefined {
    const physical = this.memory.physicalOf(
      Number(BigInt.asIntN(32, address)),
      Number(BigInt.asIntN(32, address >> 32n)),
    );
    return physical < 0 ? undefined : physical;
  }

  // registers

  /** By the names of the manual: `rax`, `eax`, `ax`, `al`, `r8d`, `rip`, `rflags`, `cr3`, `efer`, `cs` (its selector), `xmm0`, `cpl`… Throws TypeError. */
  register(name: string): bigint {
    return this.registers.get(name);
  }

  setRegister(name: string, value: bigint): void {
    this.registers.set(name, value);
    if (name.endsWith('ip')) this.loop.halted = false;
  }

  segment(name: SegmentName | SystemSegmentName): Segment {
    return this.registers.segment(name);
  }

  /** With the hidden part: selector, base, limit in bytes, attributes. CS decides whether code has 16, 32 or 64 bits. */
  setSegment(name: SegmentName | SystemSegmentName, segment: Segment): void {
    this.registers.setSegment(name, segment);
  }

  table(name: TableName): TableRegister {
    return this.registers.table(name);
  }

  setTable(name: TableName, table: TableRegister): void {
    this.registers.setTable(name, table);
  }

  /** Of the code that runs. */
  get bits(): 16 | 32 | 64 {
    return this.cpu.word(WORD.codeSize) as 16 | 32 | 64;
  }

  /** Linear address of the next instruction: rIP, and outside of 64-bit code the base of CS. */
  get linearRip(): bigint {
    return this.registers.linearRip;
  }

  /** Instructions retired; every iteration of REP is one. */
  get count(): bigint {
    return this.runner.count;
  }

  // running

  /** Linear addresses, or ranges of them, before which every run stops. */
  get breakpoints(): Breakpoints {
    return this.runner.stops.breakpoints;
  }

  /** Executes until something ends it; call it again to go on. */
  run(options: RunOptions = {}): MachineExit {
    return this.runner.run(options);
  }

  /** Executes one instruction, or one round of REP. An interrupt that waits is taken before it. */
  step(): MachineExit {
    return this.runner.step();
  }

  /** To be called while a run is on, by a hook or an output: it ends behind the instruction in hand, with reason `until`. */
  stop(): void {
    this.loop.stop();
  }

  /** A non-maskable interrupt: taken before the next instruction, or behind the IRET of the one that is being served. */
  nmi(): void {
    this.loop.nmi();
  }

  /**
   * Tells of every instruction that is executed from now on, all of them interpreted; undefined ends it.
   *
   * ```ts
   * const text = await loadDisassembler();
   * machine.trace((entry) => console.log(entry.rip.toString(16), text(entry), entry.changes));
   * ```
   */
  trace(tell: ((entry: TraceEntry) => void) | undefined): void {
    this.runner.tracer = tell && new Tracer(this.cpu, (address) => this.bytesAt(address), tell);
  }

  /** Every port that was accessed, how often, and who answered. */
  get ports(): PortUse[] {
    return this.bus.ports;
  }

  /** Progress codes, from port 0x80. */
  get postCodes(): readonly number[] {
    return this.devices.find((own) => own instanceof PostPort)?.codes ?? [];
  }

  // the whole state

  /** Everything that decides how the machine goes on, as plain data. Breakpoints, watches and hooks are not in it. */
  save(): Snapshot {
    this.cpu.flags();
    return {
      format: 1,
      ram: this.ram.length,
      profile: profileText(this.profile),
      devices: this.devices.map((device) => [device.name, device.save()] as const),
      cpu: saveState(this.memory.words),
      halted: this.loop.halted,
      ...savePages(this.ram),
      memory: this.memory.save(),
      bus: this.bus.save(),
      serial: this.serial.save(),
      console: this.console.save(),
    };
  }

  /** Makes this machine what the other one was. Throws TypeError when it has other RAM, another CPU or other devices. */
  restore(snapshot: Snapshot): void {
    if ((snapshot.format as number) !== 1) throw new TypeError(`no snapshot is of format ${String(snapshot.format)}`);
    const names = this.devices.map(({ name }) => name).join();
    const hasDevices = snapshot.devices.map(([name]) => name).join() === names;
    if (snapshot.ram !== this.ram.length || snapshot.profile !== profileText(this.profile) || !hasDevices)
      throw new TypeError('the snapshot is of a machine with other RAM, another CPU or other devices');
    new Uint8Array(this.memory.buffer, LAYOUT.state, STATE_SIZE).set(snapshot.cpu);
    restorePages(this.ram, snapshot.pages, snapshot.bytes);
    this.memory.restore(snapshot.memory);
    snapshot.devices.forEach(([, state], index) => this.devices[index]?.restore(state));
    this.bus.restore(snapshot.bus);
    this.serial.restore(snapshot.serial);
    this.console.restore(snapshot.console);
    this.loop.halted = snapshot.halted;
    this.runner.forgetStop();
    this.cpu.modeChanged();
    this.engine.forget();
  }

  private countUnimplemented(name: string): 'ud' {
    this.unimplemented.set(name, (this.unimplemented.get(name) ?? 0) + 1);
    return 'ud';
  }

  private inRam(physical: bigint | number, length: number): number {
    const start = Number(physical);
    const isRange = Number.isInteger(start) && Number.isInteger(length) && start >= 0 && length >= 0;
    if (!isRange || start + length > this.ram.length)
      throw new RangeError(`${length} bytes at ${physical} are not in the ${this.ram.length} bytes of RAM`);
    return start;
  }

  /** Up to 15 bytes at a linear address. */
  private bytesAt(address: bigint): Uint8Array {
    const bytes: number[] = [];
    for (let at = address; at < address + 15n; at++) {
      const physical = this.physicalOf(at);
      const byte = physical === undefined ? undefined : this.ram[physical];
      if (byte === undefined) break;
      bytes.push(byte);
    }
    return Uint8Array.from(bytes);
  }
}
