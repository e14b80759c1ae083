/** A CPU with RAM and nothing around it, for the tests of the system part. */
import { Cpu, GuestMemory, Interpreter, LAYOUT, SEGMENT, TABLE, WORD, type Exit } from '../src/index';

export const CODE = 0x8000;
export const GDT = 0x1000;
export const IDT = 0x2000;
export const TSS = 0x3000;
export const STACK = 0x7000;
export const HANDLERS = 0x9000;

/** Selectors of the GDT that `protectedMachine` lays down. */
// prettier-ignore
export const GDT_ENTRIES = [
  0n,
  0x00cf9a000000ffffn, // 08 code, 32-bit
  0x00cf92000000ffffn, // 10 data
  0x00cffa000000ffffn, // 18 code, DPL 3
  0x00cff2000000ffffn, // 20 data, DPL 3
  0x0000890030000067n, // 28 TSS at 3000
];

export interface Outcome {
  readonly exit: Exit;
  readonly rip: number;
  readonly count: number;
}

export class SystemMachine {
  readonly memory = new GuestMemory({ ram: 1 << 20, unmapped: 'ones' });
  readonly cpu = new Cpu(this.memory, this.memory.buffer, LAYOUT.state);
  readonly interpreter = new Interpreter(this.cpu);
  readonly view = new DataView(this.memory.ram.buffer, this.memory.ram.byteOffset, this.memory.ram.length);
  output = '';

  constructor() {
    const { cpu } = this;
    for (let segment = 0; segment < 6; segment++) this.setSegment(segment, 0, segment === 1 ? 0x9b : 0x93, 0, 0xffff);
    for (const table of Object.values(TABLE)) this.setTable(table, 0, 0, 0xffff, 0x82);
    cpu.words[WORD.rip] = CODE;
    cpu.words[WORD.eflags] = 2;
    cpu.words[WORD.cr] = 0x10;
    cpu.setRegister(4, 8, STACK, 0);
    cpu.ports = {
      in: () => 0xff,
      out: (port, _size, value) => {
        if (port === 0xe9) this.output += String.fromCharCode(value);
        if (port === 0xf4) cpu.attention = true;
      },
    };
    cpu.modeChanged();
  }

  setSegment(segment: number, selector: number, attributes: number, base: number, limit: number): void {
    this.setCache(WORD.segments + SEGMENT.words * segment, selector, attributes, base, limit);
  }

  setTable(table: number, selector: number, base: number, limit: number, attributes: number): void {
    this.setCache(WORD.tables + SEGMENT.words * table, selector, attributes, base, limit);
  }

  private setCache(at: number, selector: number, attributes: number, base: number, limit: number): void {
    const { words } = this.cpu;
    words[at + SEGMENT.selector] = selector;
    words[at + SEGMENT.attributes] = attributes;
    words[at + SEGMENT.baseLo] = base;
    words[at + SEGMENT.baseHi] = 0;
    words[at + SEGMENT.limit] = limit;
  }

  put(address: number, hex: string): void {
    this.memory.ram.set(Buffer.from(hex.replaceAll(' ', ''), 'hex'), address);
    this.memory.wroteRam(address, 64);
  }

  run(budget: number): Outcome {
    const exit = this.interpreter.run(budget);
    return { exit, rip: this.cpu.word(WORD.rip), count: this.cpu.word(WORD.count) };
  }

  /** The 32-bit words from the top of the stack on. */
  stack(count: number): number[] {
    const top = this.cpu.word(8);
    return Array.from({ length: count }, (_, i) => this.view.getUint32(top + 4 * i, true));
  }
}

/** 32-bit protected mode at CPL 0 or 3, with 64 interrupt gates of DPL 0 to HANDLERS + 16 × vector, where there is a HLT each. */
export function protectedMachine(cpl: 0 | 3 = 0): SystemMachine {
  const machine = new SystemMachine();
  const { cpu, view } = machine;
  GDT_ENTRIES.forEach((entry, i) => view.setBigUint64(GDT + 8 * i, entry, true));
  for (let vector = 0; vector < 64; vector++) {
    view.setUint32(IDT + 8 * vector, 0x0008_0000 | (HANDLERS + 16 * vector), true);
    view.setUint32(IDT + 8 * vector + 4, 0x8e00, true);
    machine.put(HANDLERS + 16 * vector, 'f4');
  }
  view.setUint32(TSS + 4, 0x6000, true);
  view.setUint32(TSS + 8, 0x10, true);
  view.setUint16(TSS + 0x66, 0x68, true); // the map of ports begins behind the end
  machine.setTable(TABLE.GDTR, 0, GDT, 8 * GDT_ENTRIES.length - 1, 0);
  machine.setTable(TABLE.IDTR, 0, IDT, 8 * 64 - 1, 0);
  machine.setTable(TABLE.TR, 0x28, TSS, 0x67, 0x8b);
  cpu.words[WORD.cr] = 0x11;
  cpu.words[WORD.cpl] = cpl;
  const [code, data, access] = cpl === 0 ? [0x08, 0x10, 0xc93] : [0x1b, 0x23, 0xcf3];
  for (let segment = 0; segment < 6; segment++)
    machine.setSegment(segment, segment === 1 ? code : data, segment === 1 ? access | 8 : access, 0, -1);
  cpu.modeChanged();
  return machine;
}
