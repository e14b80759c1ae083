import { type Cpu } from '../cpu/cpu.js';
import { VECTOR } from '../cpu/exception.js';
import { CR0, SEGMENT, SHADOW, TABLE, WORD } from '../cpu/state.js';
import { SEG } from '../decode/lanes.js';
import { NT, VM } from '../isa/flags.js';
import { commit } from './atomic.js';
import { DR6 } from './control.js';
import {
  type Descriptor,
  isNull,
  loadTable,
  readDescriptor,
  storeType,
  SYSTEM_TYPE,
  tableLimit,
  tableWord,
} from './descriptor.js';
import { loadCode, loadRealSegment, loadSegment, loadStackOf, selectorOf, setSegment } from './segment.js';

/** Where a task-state segment has its fields. Source: Intel SDM vol. 3A, figures 8-2 and 8-10. */
interface TaskLayout {
  readonly size: 2 | 4;
  readonly limit: number;
  /** -1: there is none. */
  readonly cr3: number;
  readonly eip: number;
  readonly eflags: number;
  readonly registers: number;
  /** ES CS SS DS, and FS GS. */
  readonly segments: number;
  readonly segmentCount: 4 | 6;
  readonly ldt: number;
}
// prettier-ignore
const LAYOUT_32: TaskLayout = { size: 4, limit: 0x67, cr3: 0x1c, eip: 0x20, eflags: 0x24, registers: 0x28, segments: 0x48, segmentCount: 6, ldt: 0x60 };
// prettier-ignore
const LAYOUT_16: TaskLayout = { size: 2, limit: 0x2b, cr3: -1, eip: 0x0e, eflags: 0x10, registers: 0x12, segments: 0x22, segmentCount: 4, ldt: 0x2a };
const DEBUG_TRAP = 0x64;
const layoutOf = (type: number): TaskLayout => (type & 8 ? LAYOUT_32 : LAYOUT_16);

const BUSY = 2;

type How = 'jump' | 'call' | 'interrupt' | 'return';

interface Task {
  readonly cr3: number;
  readonly eip: number;
  readonly eflags: number;
  readonly registers: readonly number[];
  readonly segments: readonly number[];
  readonly ldt: number;
  /** T: a debug trap before its first instruction. */
  readonly traps: boolean;
}

const at = (base: number, offset: number): number => (base + offset) | 0;

function readTask(cpu: Cpu, base: number, layout: TaskLayout): Task {
  const load = (offset: number, size: number = layout.size) => cpu.memory.loadSystem(at(base, offset), 0, size, false);
  const { size, cr3, registers, segments, segmentCount } = layout;
  return {
    cr3: cr3 < 0 ? 0 : load(cr3),
    eip: load(layout.eip),
    eflags: load(layout.eflags),
    registers: Array.from({ length: 8 }, (_, i) => load(registers + size * i)),
    segments: Array.from({ length: 6 }, (_, i) => (i < segmentCount ? load(segments + size * i, 2) : 0)),
    ldt: load(layout.ldt, 2),
    traps: size === 4 && (load(DEBUG_TRAP, 2) & 1) !== 0,
  };
}

/** The old task's registers go to its TSS; CR3 and the LDT's selector do not. */
function saveTask(cpu: Cpu, eflags: number): void {
  const tr = tableWord(TABLE.TR);
  const layout = layoutOf(cpu.word(tr + SEGMENT.attributes));
  if (layout.limit > tableLimit(cpu, TABLE.TR)) throw cpu.raise(VECTOR.TS, cpu.word(tr) & 0xfffc);
  const base = cpu.word(tr + SEGMENT.baseLo);
  const { size } = layout;
  const store = (offset: number, value: number, bytes: number = size) =>
    cpu.memory.storeSystem(at(base, offset), 0, bytes, value, 0);
  store(layout.eip, cpu.word(WORD.rip));
  store(layout.eflags, eflags);
  for (let i = 0; i < 8; i++) store(layout.registers + size * i, cpu.register(i, size));
  for (let i = 0; i < layout.segmentCount; i++) store(layout.segments + size * i, selectorOf(cpu, i), 2);
}

/** JMP, CALL or an interrupt through a task gate or to a TSS. Returns the size in which an error code is pushed. Source: Intel SDM vol. 3A, 8.3. */
export function switchTask(cpu: Cpu, gate: Descriptor, how: Exclude<How, 'return'>): number {
  const isGate = gate.type === SYSTEM_TYPE.taskGate;
  const selector = isGate ? gate.gateSelector : gate.selector;
  if (isNull(selector) || selector & 4) throw cpu.raise(VECTOR.GP, selector & 0xfffc);
  const descriptor = isGate ? readDescriptor(cpu, selector) : gate;
  const isFree = descriptor.type === SYSTEM_TYPE.tss || descriptor.type === SYSTEM_TYPE.tss16;
  if (!descriptor.isSystem || !isFree) throw cpu.raise(VECTOR.GP, selector & 0xfffc);
  return enterTask(cpu, descriptor, selector, how);
}

/** IRET with NT set: back to the task whose selector is in the TSS. */
export function returnFromTask(cpu: Cpu): void {
  const selector = loadTable(cpu, TABLE.TR, 0, 2);
  if (isNull(selector) || selector & 4) throw cpu.raise(VECTOR.TS, selector & 0xfffc);
  const descriptor = readDescriptor(cpu, selector, VECTOR.TS);
  const isBusy = descriptor.type === SYSTEM_TYPE.busyTss || descriptor.type === SYSTEM_TYPE.busyTss16;
  if (!descriptor.isSystem || !isBusy) throw cpu.raise(VECTOR.TS, selector & 0xfffc);
  enterTask(cpu, descriptor, selector, 'return');
}

function enterTask(cpu: Cpu, descriptor: Descriptor, selector: number, how: How): number {
  if (!descriptor.isPresent) throw cpu.raise(VECTOR.NP, selector & 0xfffc);
  const layout = layoutOf(descriptor.type);
  if (descriptor.limit >>> 0 < layout.limit) throw cpu.raise(VECTOR.TS, selector & 0xfffc);
  const task = readTask(cpu, descriptor.base, layout);
  const old = cpu.word(tableWord(TABLE.TR)) & 0xffff;
  saveTask(cpu, how === 'return' ? cpu.flags() & ~NT : cpu.flags());
  const nests = how === 'call' || how === 'interrupt';
  if (!nests) storeType(cpu, readDescriptor(cpu, old, VECTOR.TS), 0, BUSY);
  if (nests) cpu.memory.storeSystem(descriptor.base, 0, 2, old, 0);
  if (how !== 'return') storeType(cpu, descriptor, BUSY);
  loadTask(cpu, descriptor, task, layout, nests ? NT : 0);
  return layout.size;
}

/** From here on the new task runs: what is wrong with it is its own fault. */
function loadTask(cpu: Cpu, descriptor: Descriptor, task: Task, layout: TaskLayout, nested: number): void {
  const { words } = cpu;
  const tr = tableWord(TABLE.TR);
  words[tr] = descriptor.selector & 0xfff8;
  words[tr + SEGMENT.attributes] = descriptor.attributes | BUSY;
  words[tr + SEGMENT.baseLo] = descriptor.base;
  words[tr + SEGMENT.baseHi] = 0;
  words[tr + SEGMENT.limit] = descriptor.limit;
  words[WORD.cr] = cpu.word(WORD.cr) | CR0.TS;
  words[WORD.dr + 14] = cpu.word(WORD.dr + 14) & ~0x155;
  if (layout.cr3 >= 0 && cpu.word(WORD.cr) & CR0.PG) {
    words[WORD.cr + 6] = task.cr3;
    cpu.memory.flush(false);
  }
  task.registers.forEach((value, i) => cpu.setRegister(i, 4, layout.size === 2 ? value | (0xffff << 16) : value, 0));
  cpu.changeFlags(-1, (layout.size === 2 ? task.eflags & 0xffff : task.eflags & 0x3f7fd7) | 2 | nested);
  const virtual = layout.size === 4 && (task.eflags & VM) !== 0;
  task.segments.forEach((value, i) => setSegment(cpu, i, value, 0, 0, 0));
  words[WORD.rip] = layout.size === 2 ? task.eip & 0xffff : task.eip;
  words[WORD.rip + 1] = 0;
  cpu.startLo = cpu.word(WORD.rip);
  cpu.startHi = 0;
  cpu.setPrivilege(virtual ? 3 : (task.segments[SEG.CS] ?? 0) & 3);
  cpu.memory.rightsChanged();
  commit(cpu);
  loadLocalTable(cpu, task.ldt);
  loadTaskSegments(cpu, task, virtual);
  cpu.checkJump(cpu.word(WORD.rip), 0);
  if (!task.traps) return;
  words[WORD.debugPending] = DR6.BT;
  words[WORD.shadow] = SHADOW.sti;
}

function loadLocalTable(cpu: Cpu, selector: number): void {
  const ldtr = tableWord(TABLE.LDTR);
  const { words } = cpu;
  words[ldtr] = selector;
  words[ldtr + SEGMENT.attributes] = 0;
  if (isNull(selector)) return;
  if (selector & 4) throw cpu.raise(VECTOR.TS, selector & 0xfffc);
  const descriptor = readDescriptor(cpu, selector, VECTOR.TS);
  if (!descriptor.isSystem || descriptor.type !== SYSTEM_TYPE.ldt || !descriptor.isPresent)
    throw cpu.raise(VECTOR.TS, selector & 0xfffc);
  words[ldtr + SEGMENT.attributes] = descriptor.attributes;
  words[ldtr + SEGMENT.baseLo] = descriptor.base;
  words[ldtr + SEGMENT.baseHi] = 0;
  words[ldtr + SEGMENT.limit] = descriptor.limit;
}

function loadTaskSegments(cpu: Cpu, { segments }: Task, virtual: boolean): void {
  if (virtual) {
    segments.forEach((selector, segment) => loadRealSegment(cpu, segment, selector));
    return cpu.modeChanged();
  }
  const cs = segments[SEG.CS] ?? 0;
  const cpl = cs & 3;
  if (isNull(cs)) throw cpu.raise(VECTOR.TS, 0);
  const code = readDescriptor(cpu, cs, VECTOR.TS);
  const allowed = code.isConforming ? code.dpl <= cpl : code.dpl === cpl;
  if (!code.isCode || !allowed) throw cpu.raise(VECTOR.TS, cs & 0xfffc);
  if (!code.isPresent) throw cpu.raise(VECTOR.NP, cs & 0xfffc);
  loadCode(cpu, cs, code, cpl);
  commit(cpu);
  const ss = segments[SEG.SS] ?? 0;
  if (isNull(ss)) throw cpu.raise(VECTOR.TS, 0);
  loadStackOf(cpu, ss, cpl, VECTOR.TS);
  commit(cpu);
  for (const segment of [SEG.ES, SEG.DS, SEG.FS, SEG.GS]) loadTaskData(cpu, segment, segments[segment] ?? 0);
}

/** What a data segment would raise as #GP is #TS in a task switch; the segments before it stay loaded. */
function loadTaskData(cpu: Cpu, segment: number, selector: number): void {
  try {
    loadSegment(cpu, segment, selector);
  } catch (thrown) {
    if (cpu.word(WORD.vector) === VECTOR.GP) cpu.words[WORD.vector] = VECTOR.TS;
    throw thrown;
  }
  commit(cpu);
}
