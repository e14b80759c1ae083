import {
  GENERAL_REGISTERS,
  VECTOR,
  type Machine,
  type MachineExit,
  type MachineHooks,
  type RunOptions,
} from '@bzelf/x86';
import { instructionAt, type Disassembler } from '../execution/accesses.js';
import { PlaceList, type Place } from '../execution/audit-places.js';
import type { PhaseName, Ring1Report, TrapReason } from '../execution/report.js';
import type { AllowedRange } from '../execution/rights.js';
import { AddressSpace, TABLES_SIZE } from './address-space.js';
import { nextInstruction, type Instruction } from './instruction.js';
import { VirtualProcessor } from './processor.js';
import { isEmulated, reasonOf, showsRing, showsSystem } from './traps.js';

const MOST_ROWS = 1000;
const EFER = 0xc000_0080;
/** Pages that are mapped because they were touched; of each the rights decide. */
const MOST_PAGES = 4096;
const IF = 0x200n;
/** Instructions that are looked at one by one; what comes behind them is the decompressor's C code. */
const TRACED = 200_000;

/**
 * Runs a guest that believes to be the system's in ring 1, with PAE paging on and every declared page at its place: what the Xen, lguest and VMware
 * of 2007 did without help of the processor. Whatever needs ring 0 faults and comes here; it is noted, and done for the guest.
 */
export class Ring1Monitor {
  private readonly space: AddressSpace;
  private readonly processor: VirtualProcessor;
  private readonly trapped = new PlaceList<{ readonly reason: TrapReason }>(MOST_ROWS);
  private pages = 0;
  private isTraced = true;

  /** Takes over a machine that stands where the loader has jumped to. */
  constructor(
    private readonly machine: Machine,
    memory: number,
    ranges: readonly AllowedRange[],
    private readonly text: Disassembler,
    private readonly log: Ring1Log,
  ) {
    this.space = new AddressSpace(machine, memory, ranges);
    this.processor = new VirtualProcessor(machine, this.space);
    log.processor = this.processor;
    machine.map({ start: memory, length: TABLES_SIZE, access: 'rw' });
    this.processor.start();
    machine.trace(({ rip, bytes, bits }) => log.see(rip, bytes, bits));
  }

  /** As the machine's own: traps are no ends of a run. */
  run(options: RunOptions): MachineExit {
    const started = this.machine.count;
    const over = performance.now() + (options.deadline ?? Infinity);
    for (;;) {
      const left = Math.max(0, Number(options.budget ?? Infinity) - Number(this.machine.count - started));
      const traced = this.isTraced ? Math.max(0, TRACED - Number(this.machine.count)) : Infinity;
      const budget = Math.min(left, traced);
      const exit = this.machine.run({
        ...options,
        ...(budget === Infinity ? {} : { budget }),
        ...(over === Infinity ? {} : { deadline: Math.max(0, over - performance.now()) }),
      });
      if (exit.reason === 'budget' && traced < left) this.endTrace();
      else if (exit.reason !== 'exception') return exit;
      if (exit.reason !== 'exception') continue;
      const end = this.trap(exit);
      if (end !== undefined) return end;
    }
  }

  report(phaseOf: (count: bigint) => PhaseName): Ring1Report {
    return {
      trapped: this.trapped.rows(phaseOf),
      sensitive: this.log.sensitive.rows(phaseOf),
      longMode: this.processor.isLong,
    };
  }

  private endTrace(): void {
    this.isTraced = false;
    this.machine.trace(undefined);
  }

  /** Undefined when the guest may go on. */
  private trap(exit: Extract<MachineExit, { reason: 'exception' }>): MachineExit | undefined {
    if (exit.vector === VECTOR.PF) return this.pageFault() ? undefined : exit;
    const instruction = exit.vector === VECTOR.GP ? nextInstruction(this.machine) : undefined;
    if (instruction === undefined || !isEmulated(instruction)) return exit;
    const { linearRip } = this.machine;
    this.trapped.add(placeOf(linearRip), 0, this.look, () => ({ reason: reasonOf(instruction) }));
    return this.emulate(instruction, exit);
  }

  /** Maps the page. If it is not among those that the file declares, the machine denies the access when it is tried again. */
  private pageFault(): boolean {
    const address = this.machine.register('cr2');
    if (++this.pages > MOST_PAGES || !this.space.add(address)) return false;
    this.processor.reload();
    return true;
  }

  private emulate(instruction: Instruction, exit: MachineExit): MachineExit | undefined {
    const { control, name, length } = instruction;
    if (control !== undefined) {
      if (!this.moveControl(control)) return exit;
    } else if (name === 'LMSW' || name === 'CLTS') return this.statusWord(exit);
    else if (name === 'CLI' || name === 'STI') this.processor.interrupts = name === 'STI';
    else if (name === 'HLT') return this.halt(exit);
    else return this.step();
    this.skip(length);
    return undefined;
  }

  private moveControl({ number, register, writes }: NonNullable<Instruction['control']>): boolean {
    const name = GENERAL_REGISTERS[register] ?? 'rax';
    if (writes) return this.processor.write(number, this.machine.register(name));
    this.machine.setRegister(name, this.processor.read(number));
    return true;
  }

  /** Done in ring 0 on what CR0 really is, whose low bits are the guest's. */
  private statusWord(exit: MachineExit): MachineExit | undefined {
    const end = this.step();
    if (end !== undefined) return end;
    const low = this.machine.register('cr0') & 0xfn;
    return this.processor.write(0, (this.processor.read(0) & ~0xfn) | low) ? undefined : exit;
  }

  private halt(exit: MachineExit): MachineExit {
    return { reason: 'halt', interrupts: this.processor.interrupts ? 'on' : 'off', rip: exit.rip, count: exit.count };
  }

  /** One instruction in ring 0. What faults there would have done so without us. */
  private step(): MachineExit | undefined {
    this.processor.privilege();
    this.log.isStepping = true;
    const exit = this.machine.step();
    this.log.isStepping = false;
    this.processor.deprivilege();
    this.keepInterruptsOff();
    const isAgain = exit.reason === 'exception' && exit.vector === VECTOR.PF && this.pageFault();
    return exit.reason === 'budget' || isAgain ? undefined : exit;
  }

  /** IRET and POPF in ring 0 could turn them on. */
  private keepInterruptsOff(): void {
    const flags = this.machine.register('rflags');
    if ((flags & IF) === 0n) return;
    this.processor.interrupts = true;
    this.machine.setRegister('rflags', flags & ~IF);
  }

  private skip(length: number): void {
    this.machine.setRegister('rip', this.machine.register('rip') + BigInt(length));
  }

  private readonly look = () => {
    const { linearRip, count } = this.machine;
    return { rip: linearRip, text: instructionAt(this.machine, this.text, linearRip), count };
  };
}

const placeOf = (rip: bigint): Place => ({
  lo: Number(BigInt.asIntN(32, rip)),
  hi: Number(BigInt.asIntN(32, rip >> 32n)),
});

/** What has to be there before the machine is: hooks, and what they hear of. */
export class Ring1Log {
  readonly sensitive = new PlaceList<object>(MOST_ROWS);
  processor: VirtualProcessor | undefined;
  isStepping = false;

  constructor(
    private readonly machine: () => Machine,
    private readonly text: Disassembler,
  ) {}

  /** Exceptions and INT n come to the monitor; EFER is the guest's own. What is tried again in ring 0 is told once. */
  hooks(others: MachineHooks): MachineHooks {
    return {
      ...others,
      fault: () => 'stop',
      interrupt: () => 'stop',
      system: (needs, lo, hi) => {
        if (this.isStepping) return;
        others.system?.(needs, lo, hi);
        if (needs === 'nothing') this.look({ lo, hi });
      },
      readMsr: (index) => {
        const other = others.readMsr?.(index);
        return index >>> 0 === EFER ? this.processor?.readEfer() : other;
      },
      writeMsr: (index, lo, hi) => {
        const taken = others.writeMsr?.(index, lo, hi) ?? false;
        if (index >>> 0 !== EFER) return taken;
        this.processor?.writeEfer((BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0));
        return true;
      },
    };
  }

  /** Instructions of the system that do not fault in ring 1, and say what is not so. */
  private look({ lo, hi }: Place): void {
    const machine = this.machine();
    const rip = (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
    const bytes = machine.ram.subarray(Number(rip), Number(rip) + 15);
    if (showsSystem(bytes, machine.bits)) this.note({ lo, hi }, rip);
  }

  /** The flags and segment registers of code that is traced. */
  see(rip: bigint, bytes: Uint8Array, bits: number): void {
    if (!this.isStepping && showsRing(bytes, bits)) this.note(placeOf(rip), rip);
  }

  private note(place: Place, rip: bigint): void {
    const machine = this.machine();
    const look = () => ({ rip, text: instructionAt(machine, this.text, rip), count: machine.count });
    this.sensitive.add(place, 0, look, () => ({}));
  }
}
