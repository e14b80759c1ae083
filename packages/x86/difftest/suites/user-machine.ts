/** A machine that runs user code flat at CPL 3, 32-bit without paging or 64-bit with memory mapped to itself, and stops at every exception. */
import { CR0, CR4, ALL_FEATURES, GENERAL_REGISTERS, Machine, WORD, type MachineExit } from '../core';
import { type Program } from './multiboot';
import { type SuiteOptions } from './suite';

/** Those of 32-bit code. */
export const REGISTER_NAMES = GENERAL_REGISTERS.slice(0, 8);
/** Selectors as Linux gives them to processes. */
const CODE = { 32: 0x23, 64: 0x33 } as const;
const DATA = 0x2b;
/** What a process finds in EFLAGS, FCW and MXCSR. */
const EFLAGS = 0x202n;
const FCW = 0x37f;
const MXCSR = 0x1f80n;
const TABLES = 0x3000;

export interface UserMachineOptions {
  /** Of whole 2 MiB; page tables lie behind them. */
  readonly ram: number;
  readonly bits: 32 | 64;
  readonly tier: SuiteOptions['tier'];
}

export class UserMachine {
  readonly machine: Machine;

  constructor(private readonly options: UserMachineOptions) {
    const { ram, tier } = options;
    const cpu = { features: ALL_FEATURES };
    this.machine = new Machine({ ram: ram + TABLES, cpu, tier, devices: [], hooks: { fault: () => 'stop' } });
  }

  get ram(): Uint8Array {
    return this.machine.ram.subarray(0, this.options.ram);
  }

  get words(): Int32Array {
    return this.machine.memory.words;
  }

  /** Fresh memory and registers, and the program in them. */
  start({ entry, pieces }: Program): void {
    const { machine } = this;
    const { bits, ram } = this.options;
    machine.ram.fill(0);
    for (const { address, bytes } of pieces) machine.ram.set(bytes, address);
    if (bits === 64) this.mapToItself();
    machine.wrote(0, ram + TABLES);
    for (const name of REGISTER_NAMES) machine.setRegister(name, 0n);
    for (let i = 8; i < 16; i++) machine.setRegister(`r${i}`, 0n);
    for (let i = 0; i < 16; i++) machine.setRegister(`xmm${i}`, 0n);
    this.setControl();
    machine.setRegister('rflags', EFLAGS);
    machine.setRegister('rip', BigInt(entry));
  }

  private setControl(): void {
    const { machine, words } = this;
    const { bits, ram } = this.options;
    words.fill(0, WORD.x87, WORD.mxcsr);
    words[WORD.fcw] = FCW;
    machine.setRegister('mxcsr', MXCSR);
    const cr0 = CR0.PE | CR0.MP | CR0.ET | CR0.NE;
    const cr4 = CR4.OSFXSR | CR4.OSXMMEXCPT;
    machine.setRegister('cr3', BigInt(ram));
    machine.setRegister('cr4', BigInt(bits === 64 ? cr4 | CR4.PAE : cr4));
    machine.setRegister('efer', bits === 64 ? 0x500n : 0n);
    machine.setRegister('cr0', BigInt((bits === 64 ? cr0 | CR0.PG : cr0) >>> 0));
    const flat = { base: 0n, limit: 0xffffffff };
    machine.setSegment('cs', { ...flat, selector: CODE[bits], attributes: bits === 64 ? 0xafb : 0xcfb });
    for (const name of ['ds', 'es', 'ss'] as const)
      machine.setSegment(name, { ...flat, selector: DATA, attributes: 0xcf3 });
    for (const name of ['fs', 'gs'] as const)
      machine.setSegment(name, { base: 0n, limit: 0, selector: 0, attributes: 0 });
  }

  /** One PML4 entry, one PDPT entry, and 2 MiB pages for the user. */
  private mapToItself(): void {
    const { ram } = this.options;
    const view = new DataView(this.machine.ram.buffer, this.machine.ram.byteOffset);
    view.setUint32(ram, (ram + 0x1000) | 7, true);
    view.setUint32(ram + 0x1000, (ram + 0x2000) | 7, true);
    for (let page = 0; page < ram >> 21; page++) view.setUint32(ram + 0x2000 + 8 * page, (page << 21) | 0x87, true);
  }

  run(budget: number): MachineExit {
    return this.machine.run({ budget });
  }

  register(number: number): bigint {
    return this.machine.register(nameOf(number));
  }

  setRegister(number: number, value: bigint): void {
    this.machine.setRegister(nameOf(number), value);
  }
}

const nameOf = (number: number): string => GENERAL_REGISTERS[number] ?? '';

/** The FXSAVE area (32-bit part) that the state block amounts to. */
export function fxsaveImage(words: Int32Array): Uint8Array {
  const image = new Uint8Array(512);
  const view = new DataView(image.buffer);
  const fsw = words[WORD.fsw] ?? 0;
  view.setUint16(0, words[WORD.fcw] ?? 0, true);
  view.setUint16(2, fsw, true);
  view.setUint8(4, words[WORD.ftw] ?? 0);
  view.setUint32(24, words[WORD.mxcsr] ?? 0, true);
  const bytes = new Uint8Array(words.buffer, words.byteOffset);
  const top = (fsw >> 11) & 7;
  for (let i = 0; i < 8; i++) {
    const at = 4 * WORD.x87 + 16 * ((top + i) & 7);
    image.set(bytes.subarray(at, at + 10), 32 + 16 * i);
  }
  image.set(bytes.subarray(4 * WORD.xmm, 4 * WORD.xmm + 256), 160);
  return image;
}
