/** Static 64-bit Linux programs in the core: just enough system calls for tests that compute and print. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { readProgram } from './multiboot';
import { describeExit, type SuiteOptions, type TestOutcome } from './suite';
import { UserMachine } from './user-machine';

const RAM = 64 << 20;
const STACK = RAM - 0x10000;
/** What `mmap` gives out. */
const MAPPINGS = 32 << 20;
const SLICE = 10_000_000;
const [ENOENT, EBADF, ENOMEM, ENOTTY, ENOSYS] = [-2n, -9n, -12n, -25n, -38n];
const [RAX, RCX, RDX, RSP, RSI, RDI, R11] = [0, 1, 2, 4, 6, 7, 11];

export interface ProgramEnd {
  readonly output: string;
  /** Exit status; undefined when it did not come that far. */
  readonly status?: number;
  readonly why?: string;
}

class Process {
  private output: Uint8Array[] = [];
  private status: number | undefined;
  private breakAt: number;
  private mapAt = MAPPINGS;

  constructor(
    readonly machine: UserMachine,
    bytes: Uint8Array,
  ) {
    const program = readProgram(bytes);
    machine.start(program);
    this.breakAt = (Math.max(...program.pieces.map(({ address, size }) => address + size)) + 4095) & -4096;
    this.makeStack(bytes, program.entry);
  }

  /** argc, argv, environment and auxiliary vector, as the ABI has them. */
  private makeStack(bytes: Uint8Array, entry: number): void {
    const view = new DataView(this.machine.ram.buffer, this.machine.ram.byteOffset);
    const file = new DataView(bytes.buffer, bytes.byteOffset);
    const [AT_PHDR, AT_PHENT, AT_PHNUM, AT_PAGESZ, AT_ENTRY, AT_RANDOM] = [3, 4, 5, 6, 9, 25];
    const headers = 0x400000 + Number(file.getBigUint64(32, true));
    const words = [
      ...[1, STACK + 0x800, 0, 0],
      ...[AT_PHDR, headers, AT_PHENT, 56, AT_PHNUM, file.getUint16(56, true)],
      ...[AT_PAGESZ, 4096, AT_ENTRY, entry, AT_RANDOM, STACK + 0x900, 0, 0],
    ];
    words.forEach((word, i) => view.setBigUint64(STACK + 8 * i, BigInt(word), true));
    this.machine.ram.set(new TextEncoder().encode('program\0'), STACK + 0x800);
    this.machine.setRegister(RSP, BigInt(STACK));
  }

  run(budget: number): ProgramEnd {
    const { machine } = this;
    for (let left = budget; left > 0; left -= SLICE) {
      const exit = machine.run(SLICE);
      if (exit.reason === 'budget') continue;
      const rip = Number(exit.rip);
      const isSyscall = machine.ram[rip] === 0x0f && machine.ram[rip + 1] === 0x05;
      if (!isSyscall) return { output: this.text, why: `${describeExit(exit)} at ${rip.toString(16)}` };
      left += SLICE; // a slice that was cut short
      this.systemCall(rip + 2);
      if (this.status !== undefined) return { output: this.text, status: this.status };
    }
    return { output: this.text, why: 'does not end' };
  }

  private get text(): string {
    return Buffer.concat(this.output).toString('latin1');
  }

  private systemCall(next: number): void {
    const { machine } = this;
    const call = SYSTEM_CALLS[Number(machine.register(RAX))];
    const [a, b, c] = [RDI, RSI, RDX].map((register) => machine.register(register));
    const result = call === undefined ? ENOSYS : call.call(this, a ?? 0n, b ?? 0n, c ?? 0n);
    machine.setRegister(RAX, result);
    machine.setRegister(RCX, BigInt(next));
    machine.setRegister(R11, machine.machine.register('rflags'));
    machine.machine.setRegister('rip', BigInt(next));
  }

  write(file: bigint, from: bigint, count: bigint): bigint {
    if (file !== 1n && file !== 2n) return EBADF;
    this.output.push(this.machine.ram.slice(Number(from), Number(from + count)));
    return count;
  }

  writeVector(file: bigint, from: bigint, count: bigint): bigint {
    const view = new DataView(this.machine.ram.buffer, this.machine.ram.byteOffset);
    let sum = 0n;
    for (let at = Number(from); at < Number(from + 16n * count); at += 16)
      sum += this.write(file, view.getBigUint64(at, true), view.getBigUint64(at + 8, true));
    return sum;
  }

  moveBreak(to: bigint): bigint {
    if (to > BigInt(this.breakAt) && to < BigInt(MAPPINGS)) this.breakAt = Number(to);
    return BigInt(this.breakAt);
  }

  map(_at: bigint, length: bigint): bigint {
    const at = this.mapAt;
    if (length > BigInt(STACK - 0x100000 - at)) return ENOMEM;
    this.mapAt += (Number(length) + 4095) & -4096;
    return BigInt(at);
  }

  setFsBase(what: bigint, base: bigint): bigint {
    const ARCH_SET_FS = 0x1002n;
    if (what !== ARCH_SET_FS) return ENOSYS;
    const { machine } = this.machine;
    machine.setSegment('fs', { ...machine.segment('fs'), base });
    return 0n;
  }

  /** A character device, so that output is not buffered less or more than in a pipe: st_mode of a FIFO. */
  fileStatus(_file: bigint, to: bigint): bigint {
    const S_IFIFO = 0x1180;
    this.machine.ram.fill(0, Number(to), Number(to) + 144);
    new DataView(this.machine.ram.buffer, this.machine.ram.byteOffset).setUint32(Number(to) + 24, S_IFIFO, true);
    return 0n;
  }

  exit(status: bigint): bigint {
    this.status = Number(status & 0xffn);
    return 0n;
  }
}

type SystemCall = (this: Process, a: bigint, b: bigint, c: bigint) => bigint;
const nothing: SystemCall = () => 0n;

/** By the numbers of x86-64; others are answered with ENOSYS. */
const SYSTEM_CALLS: Readonly<Record<number, SystemCall>> = {
  1: Process.prototype.write,
  5: Process.prototype.fileStatus,
  9: Process.prototype.map,
  10: nothing, // mprotect
  11: nothing, // munmap
  12: Process.prototype.moveBreak,
  13: nothing, // rt_sigaction
  14: nothing, // rt_sigprocmask
  16: () => ENOTTY,
  20: Process.prototype.writeVector,
  60: Process.prototype.exit,
  89: () => ENOENT,
  158: Process.prototype.setFsBase,
  218: () => 1n, // set_tid_address
  231: Process.prototype.exit,
  262: function (_folder, _path, to) {
    return this.fileStatus(0n, to);
  },
  273: nothing, // set_robust_list
};

export function runProgram(bytes: Uint8Array, tier: SuiteOptions['tier'], budget: number): ProgramEnd {
  return new Process(new UserMachine({ ram: RAM, bits: 64, tier }), bytes).run(budget);
}

const BUDGET = 2_000_000_000;

/** What a program prints here and in the core, line by line. */
export function* runLinuxProgram(path: string, { tier, verbose }: SuiteOptions): Generator<TestOutcome> {
  const native = spawnSync(path, { stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 2 ** 28 });
  const theirs = native.stdout.toString('latin1').split('\n');
  const { output, status, why } = runProgram(readFileSync(path), tier, BUDGET);
  const ours = output.split('\n');
  const different = theirs.flatMap((line, i) => (line === ours[i] ? [] : [i]));
  const shown = different.slice(0, verbose ? 100 : 5);
  const lines = shown.map((i) => `\n    ${i + 1}: ${ours[i] ?? '(nothing)'}\n    natively: ${theirs[i]}`);
  yield {
    name: basename(path),
    verdict: different.length === 0 && status === native.status ? 'pass' : 'fail',
    detail: `${theirs.length - different.length} of ${theirs.length} lines equal, exit ${status ?? why}, natively ${native.status}${lines.join('')}`,
  };
}
