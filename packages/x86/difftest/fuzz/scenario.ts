/** A random machine: code, data, page tables, descriptor tables, TSS and registers, all from a seed. Sane first, then damaged here and there. */
import { GENERAL_REGISTERS, type Machine, type SegmentName } from '../core';
import { generator } from '../../test/random-code';
import { randomProgram } from './program';

export const RAM = 0x40000;
export const MODES = ['real', 'protected', 'paged32', 'pae', 'long', 'compatibility', 'virtual'] as const;
export type Mode = (typeof MODES)[number];

/** Where things begin. They move a little by the seed only through what the tables say. */
const AT = { idt: 0x1000, gdt: 0x2000, tss: 0x3000, task: 0x3400, ldt: 0x3800, tables: 0x4000, code: 0x10000, stack: 0x1f000, data: 0x20000 } as const; // prettier-ignore
const CODE_BYTES = 0x800;
const SELECTOR = {
  code: 0x08,
  data: 0x10,
  userCode: 0x1b,
  userData: 0x23,
  tss: 0x28,
  ldt: 0x38,
  code16: 0x48,
  code32: 0x50,
  task: 0x58,
} as const;
const CR0 = { PE: 1, WP: 0x10000, PG: 0x80000000 } as const;
const CR4 = { PSE: 0x10, PAE: 0x20, PGE: 0x80, OSFXSR: 0x600 } as const;

export type Random = () => number;
const big = BigInt;

export interface Scenario {
  readonly seed: number;
  readonly mode: Mode;
  /** Instructions for each of the runs that follow each other. */
  readonly slices: readonly number[];
}

export function describeScenario(seed: number): Scenario {
  const next = generator(seed);
  const mode = MODES[next() % MODES.length] ?? 'long';
  return { seed, mode, slices: Array.from({ length: 1 + (next() % 4) }, () => 1 + (next() % 400)) };
}

/** Fills RAM and registers of a machine; the same seed gives the same to any machine. */
export function build({ seed, mode }: Scenario, machine: Machine): void {
  const next = generator(seed ^ 0x5bd1e995);
  const { ram } = machine;
  const view = new DataView(ram.buffer, ram.byteOffset, RAM);
  ram.fill(0);
  for (let at = AT.data; at < AT.data + 0x2000; at += 4) view.setUint32(at, next(), true);
  const isUser = mode !== 'real' && next() % 3 === 0;
  const bits = mode === 'real' ? 16 : mode === 'long' ? 64 : 32;
  ram.set(randomProgram(next, mode === 'virtual' ? 16 : bits, CODE_BYTES), AT.code);
  const handlers = Array.from({ length: 4 }, (_, i) => AT.code + CODE_BYTES + 0x200 * i);
  for (const handler of handlers) ram.set(randomProgram(next, bits, 0x100), handler);
  if (mode === 'real') vectorTable(view, next, handlers);
  else descriptorTables(view, next, mode, handlers);
  const isPaged = mode !== 'real' && mode !== 'protected' && (mode !== 'virtual' || next() % 2 === 0);
  const control = isPaged ? pageTables(view, next, mode) : undefined;
  for (let n = next() % 5; n > 0; n--) view.setUint8(next() % RAM, next());
  machine.wrote(0, RAM);
  registers(machine, next, mode, isUser);
  if (control !== undefined) controlRegisters(machine, next, mode);
  if (next() % 8 === 0) breakpoints(machine, next);
}

function vectorTable(view: DataView, next: Random, handlers: readonly number[]): void {
  for (let vector = 0; vector < 256; vector++) {
    const handler = handlers[next() % handlers.length] ?? 0;
    view.setUint16(4 * vector, handler & 0xf, true);
    view.setUint16(4 * vector + 2, handler >> 4, true);
  }
}

function descriptor(view: DataView, at: number, base: number, limit: number, access: number, flags: number): void {
  view.setUint16(at, limit & 0xffff, true);
  view.setUint16(at + 2, base & 0xffff, true);
  view.setUint8(at + 4, base >> 16);
  view.setUint8(at + 5, access);
  view.setUint8(at + 6, ((limit >> 16) & 15) | (flags << 4));
  view.setUint8(at + 7, base >> 24);
}

function descriptorTables(view: DataView, next: Random, mode: Mode, handlers: readonly number[]): void {
  const isLong = mode === 'long' || mode === 'compatibility';
  const codeFlags = mode === 'long' ? 0xa : 0xc;
  const rows: readonly (readonly [selector: number, base: number, limit: number, access: number, flags: number])[] = [
    [SELECTOR.code, 0, 0xfffff, 0x9b, codeFlags],
    [SELECTOR.data, 0, 0xfffff, 0x93, 0xc],
    [SELECTOR.userCode & ~3, 0, 0xfffff, 0xfb, codeFlags],
    [SELECTOR.userData & ~3, 0, 0xfffff, 0xf3, 0xc],
    [SELECTOR.tss, AT.tss, 0x67 + (next() % 3) * 0x100, isLong || next() % 4 > 0 ? 0x89 : 0x81, 0],
    [SELECTOR.ldt, AT.ldt, 0xff, 0x82, 0],
    [SELECTOR.code16, 0, 0xffff, 0x9b, 0],
    [SELECTOR.code32, 0, 0xfffff, 0x9b, 0xc],
    [SELECTOR.task, AT.task, 0x67 + (next() % 8 ? 0 : 0x80), next() % 8 ? 0x89 : 0x81, 0],
  ];
  for (const [selector, ...fields] of rows) descriptor(view, AT.gdt + selector, ...fields);
  const anything = () => [next(), next() & 0xfffff, next() & 0xff, next() & 15] as const;
  for (let at = AT.gdt + 0x60; at < AT.gdt + 0x100; at += 8) descriptor(view, at, ...anything());
  for (let at = AT.ldt; at < AT.ldt + 0x100; at += 8) descriptor(view, at, ...anything());
  for (let n = next() % 4; n > 0; n--) view.setUint8(AT.gdt + 8 + (next() % 0x50), next());
  for (let vector = 0; vector < 256; vector++) gate(view, next, vector, isLong, handlers);
  taskState(view, next, isLong);
  otherTask(view, next, handlers);
}

function gate(view: DataView, next: Random, vector: number, isLong: boolean, handlers: readonly number[]): void {
  const at = AT.idt + (isLong ? 16 : 8) * vector;
  if (at >= AT.gdt) return;
  const handler = handlers[next() % handlers.length] ?? 0;
  const isOdd = next() % 16 === 0;
  if (!isLong && next() % 24 === 0) return taskGate(view, next, at);
  view.setUint16(at, handler & 0xffff, true);
  view.setUint16(at + 2, isOdd ? next() & 0x7f : SELECTOR.code, true);
  view.setUint8(at + 4, isLong ? next() % 3 : 0);
  view.setUint8(at + 5, isOdd ? next() & 0xff : (next() % 2 ? 0xee : 0x8f)); // prettier-ignore
  view.setUint16(at + 6, handler >> 16, true);
}

function taskGate(view: DataView, next: Random, at: number): void {
  view.setUint16(at + 2, next() % 8 ? SELECTOR.task : SELECTOR.tss, true);
  view.setUint8(at + 5, 0xe5);
}

function taskState(view: DataView, next: Random, isLong: boolean): void {
  const stacks = isLong ? [4, 12, 20, 36, 44, 52] : [4, 12, 20];
  for (const offset of stacks) {
    view.setUint32(AT.tss + offset, AT.stack + 0x800 - 0x100 * (next() % 4), true);
    if (!isLong) view.setUint32(AT.tss + offset + 4, SELECTOR.data, true);
  }
  view.setUint16(AT.tss + 102, 0x68, true);
  for (let at = 0x68; at < 0x168; at += 4) view.setUint32(AT.tss + at, next() % 2 ? next() : 0, true);
}

/** A task to switch to, by a task gate or by the odd far jump. Now and then it is one of virtual-8086 mode, or nonsense. */
function otherTask(view: DataView, next: Random, handlers: readonly number[]): void {
  const put = (offset: number, value: number) => {
    view.setUint32(AT.task + offset, value, true);
  };
  const flags = (next() & 0x8d5) | 2 | (next() % 4 ? 0 : 0x20000) | (next() % 8 ? 0 : 0x100);
  put(0x1c, AT.tables);
  put(0x20, (handlers[next() % handlers.length] ?? 0) & (flags & 0x20000 ? 0xffff : -1));
  put(0x24, flags);
  for (let at = 0x28; at < 0x48; at += 4) put(at, AT.data + (next() & 0xfff));
  put(0x38, AT.stack + 0x600);
  for (const [i, selector] of [SELECTOR.data, SELECTOR.code, SELECTOR.data, SELECTOR.data, 0, 0].entries())
    put(0x48 + 4 * i, flags & 0x20000 ? AT.code >> 4 : selector);
  if (next() % 8 === 0) put(0x48 + 4 * (next() % 7), next() & 0xff);
  put(0x64, next() % 4 ? 0x680000 : 0x680001);
}

/** Everything is mapped to itself, then some entries say something else. */
function pageTables(view: DataView, next: Random, mode: Mode): number {
  const isWide = mode !== 'paged32' && mode !== 'virtual';
  const size = isWide ? 8 : 4;
  const levels = !isWide ? 2 : mode === 'pae' ? 3 : 4;
  const put = (at: number, value: number) => {
    view.setUint32(at, value, true);
  };
  for (let level = 0; level < levels - 1; level++)
    put(AT.tables + 0x1000 * level, (AT.tables + 0x1000 * (level + 1)) | (mode === 'pae' && level === 0 ? 1 : 7));
  const last = AT.tables + 0x1000 * (levels - 1);
  for (let page = 0; page < 0x60; page++)
    put(last + size * page, ((page % (RAM >> 12)) << 12) | 7 | (next() % 8 ? 0x60 : 0));
  for (let n = next() % 12; n > 0; n--) {
    const at = last + size * (next() % 0x60);
    put(at, ((next() % 0x50) << 12) | (next() & 0x1ff));
    if (isWide && next() % 4 === 0) put(at + 4, (next() & 0x80000000) | (next() % 4 === 0 ? next() & 0xfffff : 0));
  }
  if (next() % 8 === 0) put(AT.tables + 0x1000 * (next() % levels) + size * (next() % 4), next());
  return AT.tables;
}

function controlRegisters(machine: Machine, next: Random, mode: Mode): void {
  const isLong = mode === 'long' || mode === 'compatibility';
  machine.setRegister('cr3', big(AT.tables));
  machine.setRegister('cr4', big(CR4.OSFXSR | (mode === 'paged32' || mode === 'virtual' ? CR4.PSE : CR4.PAE) | (next() % 2 ? CR4.PGE : 0) | (next() % 4 === 0 ? 0x300000 : 0))); // prettier-ignore
  machine.setRegister('efer', big(isLong ? 0xd01 : 0x800));
  machine.setRegister('cr0', big(CR0.PE | (next() % 2 ? CR0.WP : 0)) | big(CR0.PG) | 0x32n);
}

function registers(machine: Machine, next: Random, mode: Mode, isUser: boolean): void {
  const is64 = mode === 'long';
  for (const [i, name] of GENERAL_REGISTERS.filter((own) => own !== 'rsp').entries()) {
    // prettier-ignore
    if (i > 6 && !is64) break;
    machine.setRegister(name, registerValue(next, mode));
  }
  machine.setRegister('rsp', big(mode === 'real' ? 0xf000 : AT.stack + 0x400));
  machine.setRegister(
    'rflags',
    big((next() & 0xcd5) | (next() % 2 ? 0x202 : 2) | (next() % 16 ? 0 : 0x100) | (next() % 16 ? 0 : 0x3000)),
  );
  machine.setRegister('cr0', mode === 'real' ? 0x30n : 0x31n);
  machine.setRegister('cr4', big(CR4.OSFXSR));
  const flags = is64 ? 0xa00 : 0xc00;
  const real = { limit: 0xffff, attributes: 0x93 };
  const names: readonly SegmentName[] = ['ds', 'es', 'ss', 'fs', 'gs'];
  if (mode === 'real') {
    machine.setSegment('cs', { ...real, selector: AT.code >> 4, base: big(AT.code), attributes: 0x9b });
    for (const name of names) machine.setSegment(name, { ...real, selector: AT.data >> 4, base: big(AT.data) });
    machine.setSegment('ss', { ...real, selector: 0x1000, base: 0x10000n });
    machine.setTable('idtr', { base: 0n, limit: 0x3ff });
    machine.setRegister('rip', 0n);
    return;
  }
  const flat = { base: 0n, limit: 0xffffffff };
  machine.setSegment('cs', {
    ...flat,
    selector: isUser ? SELECTOR.userCode : SELECTOR.code,
    attributes: flags | (isUser ? 0xfb : 0x9b),
  });
  for (const name of names)
    machine.setSegment(name, {
      ...flat,
      selector: isUser ? SELECTOR.userData : SELECTOR.data,
      attributes: 0xc00 | (isUser ? 0xf3 : 0x93),
    });
  if (mode === 'virtual') virtualSegments(machine, next, names);
  machine.setSegment('tr', { selector: SELECTOR.tss, base: big(AT.tss), limit: 0x167, attributes: 0x8b });
  machine.setSegment('ldtr', { selector: SELECTOR.ldt, base: big(AT.ldt), limit: 0xff, attributes: 0x82 });
  machine.setTable('gdtr', { base: big(AT.gdt), limit: 0xff });
  machine.setTable('idtr', { base: big(AT.idt), limit: 0xfff });
  machine.setRegister('rip', mode === 'virtual' ? 0n : big(AT.code));
}

/** The guest's own: on code, data, the stack or ports. General detect is left off, or every MOV DR would be #DB. */
function breakpoints(machine: Machine, next: Random): void {
  const pointer = machine.register(GENERAL_REGISTERS[next() & 7] ?? 'rax') & 0xffffffffn;
  const places = [AT.code + (next() % 48), AT.stack + 0x400 - 4 * (next() % 8), AT.data + (next() & 0xff8)].map(big);
  for (const [number, place] of [...places, pointer].entries()) machine.setRegister(`dr${number}`, place);
  machine.setRegister('dr7', big(((next() & 0xffff_00ff) | 0x400) >>> 0));
  if (next() % 2) machine.setRegister('cr4', machine.register('cr4') | 8n);
}

/** Virtual-8086 mode: CPL 3, segments of 64 KiB, and IOPL 3 or not. */
function virtualSegments(machine: Machine, next: Random, names: readonly SegmentName[]): void {
  const segment = { limit: 0xffff, attributes: 0xf3 };
  machine.setSegment('cs', { ...segment, selector: AT.code >> 4, base: big(AT.code) });
  for (const name of names) machine.setSegment(name, { ...segment, selector: AT.data >> 4, base: big(AT.data) });
  machine.setSegment('ss', { ...segment, selector: 0x1000, base: 0x10000n });
  machine.setRegister('rsp', 0xf000n);
  machine.setRegister('cpl', 3n);
  machine.setRegister('rflags', big((next() & 0xcd5) | (next() % 2 ? 0x23202 : 0x20202)));
}

/** Into the data, into the code, small, or anything. */
function registerValue(next: Random, mode: Mode): bigint {
  const base = mode === 'real' || mode === 'virtual' ? 0 : AT.data;
  switch (next() % 10) {
    case 0:
      return big(AT.code + (next() % CODE_BYTES));
    case 1:
      return mode === 'long' ? (big(next()) << 32n) | big(next()) : big(next());
    case 2:
      return big(next() % 64);
    case 3:
      return big(base + 0x1000 * (next() % 4) - (next() % 9));
    default:
      return big(base + (next() % 0x2000));
  }
}
