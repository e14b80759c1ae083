/** One instruction after the other in QEMU and in the core, all registers compared after each. */
import { type PausedQemu } from '@bzelf/testkit';
import { Decoder, FORMS, GENERAL_REGISTERS, LANE, LANES, undefinedByCount, type Form, type Machine } from '../core';
import { different, littleHex, NUMBER, ownRegisters, readPacket, type StubRegisters } from './stub-registers';

export interface StepOptions {
  readonly steps: number;
  /** Report no more differences than this. */
  readonly most: number;
  readonly onDifference: (text: string) => void;
}

export interface StepResult {
  readonly steps: number;
  readonly differences: number;
  /** Instructions whose results come from outside (ports, clocks, CPU model), which were copied. */
  readonly copied: number;
  readonly end: string;
}

/** What gives other values on another machine; QEMU's are taken. */
const FROM_OUTSIDE = new Set(['IN', 'INSB', 'INSW', 'INSD', 'RDTSC', 'RDTSCP', 'RDRAND', 'RDSEED', 'RDMSR', 'RDPMC']);
const LAST_VECTOR_PAGE = 0xfec00000n;

interface Next {
  readonly form: Form | undefined;
  readonly lanes: Int32Array;
  readonly bytes: Uint8Array;
}

class LockStep {
  private readonly decoder = new Decoder();
  private readonly lanes = new Int32Array(LANES);
  steps = 0;
  differences = 0;
  copied = 0;

  constructor(
    private readonly qemu: PausedQemu,
    private readonly machine: Machine,
    private readonly options: StepOptions,
  ) {}

  async run(): Promise<string> {
    const { machine, options } = this;
    while (this.steps < options.steps && this.differences < options.most) {
      const next = this.decode();
      const before = ownRegisters(machine);
      const exit = machine.step();
      if (exit.reason !== 'budget')
        return `${exit.reason} ${JSON.stringify(exit, bigints)} at ${machine.linearRip.toString(16)}`;
      const theirs = await this.stepTheirs();
      this.steps++;
      await this.compare(next, before, theirs);
    }
    return 'all steps made';
  }

  private decode(): Next {
    const { machine, lanes } = this;
    const bytes = new Uint8Array(16);
    const at = machine.linearRip;
    for (let i = 0; i < 15; i++) {
      const physical = machine.physicalOf(at + BigInt(i));
      if (physical !== undefined && physical < machine.ram.length) bytes[i] = machine.ram[physical] ?? 0;
    }
    const length = this.decoder.decode(bytes, 0, 15, machine.bits, lanes, 0);
    return {
      form: length > 0 ? FORMS[lanes[LANE.form] ?? 0] : undefined,
      lanes,
      bytes: bytes.subarray(0, Math.max(length, 1)),
    };
  }

  private async stepTheirs(): Promise<StubRegisters> {
    const stop = await this.qemu.ask('s');
    if (!stop.startsWith('T05')) throw new Error(`QEMU stopped with ${stop}`);
    return readPacket(await this.qemu.ask('g'));
  }

  private async compare(next: Next, before: StubRegisters, first: StubRegisters): Promise<void> {
    const { machine } = this;
    let ours = ownRegisters(machine);
    // now and then QEMU stops again before it has done a round of REP
    const hasStood = different(before, first).length === 0 && different(before, ours).length > 0;
    let theirs = hasStood ? await this.stepTheirs() : first;
    let names = this.meaningful(different(ours, theirs), next, ours, theirs);
    // QEMU takes an exception, or the end of a REP, as a step of its own; we take it with the instruction
    if (names.includes('rip')) {
      const again = await this.stepTheirs();
      const after = this.meaningful(different(ours, again), next, ours, again);
      if (!after.includes('rip')) [theirs, names] = [again, after];
      else {
        machine.step();
        ours = ownRegisters(machine);
        [theirs, names] = [again, this.meaningful(different(ours, again), next, ours, again)];
      }
    }
    const name = next.form?.name ?? '';
    if (names.length > 0 && (FROM_OUTSIDE.has(name) || this.isDevice(next, before))) this.copied++;
    else if (names.length > 0 && !names.every((own) => isPushedFlag(ours[own], theirs[own])))
      this.tell(next, before, ours, theirs, names);
    await this.align(ours, theirs, name === 'CPUID');
  }

  /** Without flags that the manual leaves undefined here. */
  private meaningful(names: string[], { form, lanes }: Next, ours: StubRegisters, theirs: StubRegisters): string[] {
    if (form?.name === 'CPUID') return names.filter((name) => !['rax', 'rbx', 'rcx', 'rdx'].includes(name));
    const size = lanes[LANE.size0] ?? 0;
    const count = form?.flags.conditional ? undefinedByCount(form.name, 2, 8 * size) : 0;
    const undefinedFlags = BigInt((form?.flags.undefines ?? 0) | count | 0x10000);
    const isSame = ((ours['rflags'] ?? 0n) | undefinedFlags) === ((theirs['rflags'] ?? 0n) | undefinedFlags);
    return names.filter((name) => name !== 'rflags' || !isSame);
  }

  /** A load from where devices are. */
  private isDevice({ lanes }: Next, before: StubRegisters): boolean {
    const base = lanes[LANE.base] ?? -1;
    const from = base < 0 ? 0n : (before[GENERAL_REGISTERS[base] ?? ''] ?? 0n);
    const address = BigInt.asUintN(32, from + BigInt(lanes[LANE.dispLo] ?? 0));
    return address >= LAST_VECTOR_PAGE;
  }

  private tell(next: Next, before: StubRegisters, ours: StubRegisters, theirs: StubRegisters, names: string[]): void {
    this.differences++;
    const code = Buffer.from(next.bytes).toString('hex');
    const lines = names.map(
      (name) => `\n    ${name}: ${hex(before[name])} → ${hex(ours[name])}, QEMU ${hex(theirs[name])}`,
    );
    this.options.onDifference(
      `step ${this.steps}, ${this.machine.bits}-bit, ${hex(before['cs'])}:${hex(before['rip'])} ${code} ${next.form?.row[1] ?? ''}${lines.join('')}`,
    );
  }

  /** Both go on from the same registers: QEMU's, but for what CPUID said. */
  private async align(ours: StubRegisters, theirs: StubRegisters, toOurs: boolean): Promise<void> {
    for (const name of different(ours, theirs)) {
      const isGeneral = /^r([abcd]x|[sb]p|[sd]i|\d+)$/.test(name);
      if (isGeneral && toOurs)
        await this.qemu.ask(`P${(NUMBER.get(name) ?? 0).toString(16)}=${littleHex(ours[name] ?? 0n, 8)}`);
      else if (isGeneral || ['rip', 'rflags', 'cr2'].includes(name)) this.machine.setRegister(name, theirs[name] ?? 0n);
    }
  }
}

/** RF in flags that a fault has pushed: QEMU leaves it 0. Source: Intel SDM vol. 3B, 17.3.1.1. */
const isPushedFlag = (ours = 0n, theirs = 0n): boolean => (ours ^ theirs) === 0x10000n;

const hex = (value: bigint | undefined): string => (value ?? 0n).toString(16);
const bigints = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? value.toString(16) : value);

export async function stepTogether(qemu: PausedQemu, machine: Machine, options: StepOptions): Promise<StepResult> {
  const lockStep = new LockStep(qemu, machine, options);
  const end = await lockStep.run();
  const { steps, differences, copied } = lockStep;
  return { steps, differences, copied, end };
}
