/** Guest code as regions, translated by what translates it in a machine, in a memory with all of its RAM tagged. */
import { WORD } from '../../src/cpu/state';
import { LAYOUT, TAG_COUNT } from '../../src/memory/layout';
import { Code } from '../../src/translate/code';
import { compile } from '../../src/translate/compile';
import { Emitter } from '../../src/translate/emitter';
import { flagsFunction } from '../../src/translate/flag-kinds';
import { Former } from '../../src/translate/former';
import { buildModule } from '../../src/translate/module';
import { OP } from '../../src/translate/opcodes';
import { type Mode, type Region } from '../../src/translate/region';
import {
  DISPATCH,
  dispatchFunction,
  dispatchIndex,
  FLAGS_PLACE,
  FLAGS_TYPE_INDEX,
  REGION_TYPES,
} from '../../src/translate/runtime';

export const LONG: Mode = { codeSize: 64, paged: false, segments: [], key: 4 };
export const LONG_PAGED: Mode = { codeSize: 64, paged: true, segments: [], key: 6 };

const RAM = 16 << 20;
/** Where rSI and rDI point to. */
export const FROM = 0x10_0000;
export const TO = 0x40_0000;
const CODE = 0x1000;

/** What a region does with an access: `checked` is what is shipped, the others are what it is measured against. */
export type Access = 'checked' | 'raw' | 'calling';
export type RegionFunction = (label: number) => number;

/** The parts of Emitter that decide what an access looks like. */
type Accesses = Record<'checkTag' | 'leaveUnless', (this: Emitter, ...rest: never[]) => void>;
const SHIPPED = { ...pick(Emitter.prototype as unknown as Accesses) };

function pick({ checkTag, leaveUnless }: Accesses): Accesses {
  return { checkTag, leaveUnless };
}

const VARIANTS: Readonly<Record<Access, Partial<Accesses>>> = {
  checked: {},
  raw: {
    checkTag() {
      this.i32(1);
    },
  },
  // a slow path in place, as a call in a branch that is never taken
  calling: {
    leaveUnless() {
      this.op(OP.i32_eqz);
      this.open(OP.if);
      this.i32(0);
      for (let i = 0; i < 3; i++) this.i64(0, 0);
      this.i32(0);
      this.i32(FLAGS_PLACE);
      this.byte(OP.call_indirect);
      this.unsigned(FLAGS_TYPE_INDEX);
      this.byte(0);
      this.byte(OP.drop);
      this.close();
    },
  },
};

/** A region of guest code at an address; code beyond these bytes is not part of it. */
export function regionOf(code: readonly number[], mode = LONG, at = CODE): Region {
  const isWithin = (lo: number): boolean => lo >= at && lo < at + code.length;
  const former = new Former({
    forms: undefined,
    peek(lo, _hi, bytes, count) {
      const part = code.slice(lo - at, lo - at + count);
      bytes.set(part);
      return part.length;
    },
    seen: isWithin,
    taken: () => false,
  });
  const region = former.form(at, 0, mode, 0, []);
  if (region === undefined) throw new Error('the guest code makes no region');
  return region;
}

/** V8 keeps what it has compiled, by the module's bytes; the number makes them new. */
let serial = 0x1000;

export function moduleOf(region: Region, access: Access = 'checked'): Uint8Array<ArrayBuffer> {
  Object.assign(Emitter.prototype, VARIANTS[access]);
  try {
    return numbered(compile(region).module);
  } finally {
    Object.assign(Emitter.prototype, SHIPPED);
  }
}

/** With a custom section that no other module has. Source: WebAssembly Core Specification 2.0, 5.5.3. */
function numbered(module: Uint8Array): Uint8Array<ArrayBuffer> {
  const section = new Code();
  section.append(module);
  const name = `n${serial++}`;
  section.op(0, name.length + 1);
  section.name(name);
  return section.taken().slice();
}

export class Guest {
  readonly memory = new WebAssembly.Memory({ initial: (LAYOUT.ram + RAM) >>> 16 });
  readonly words = new Int32Array(this.memory.buffer, LAYOUT.state, 0x400);
  readonly ram = new Uint8Array(this.memory.buffer, LAYOUT.ram, RAM);
  readonly table = new WebAssembly.Table({ element: 'anyfunc', initial: 1 << DISPATCH.slotBits });
  readonly imports: WebAssembly.Imports;
  readonly run: (mode: number) => number;

  constructor() {
    for (const tags of [LAYOUT.readTags, LAYOUT.writeTags]) {
      const words = new Uint32Array(this.memory.buffer, tags, 2 * TAG_COUNT);
      for (let page = 0; page < RAM >>> 12; page++) words[2 * page] = page << 12;
    }
    const imports = [
      { module: 'h', name: 'memory', what: 'memory' },
      { module: 'h', name: 'table', what: 'table' },
    ] as const;
    const bodies = [flagsFunction(new Code()), dispatchFunction('run')];
    const runtime = new WebAssembly.Module(buildModule(REGION_TYPES, imports, bodies));
    const { exports } = new WebAssembly.Instance(runtime, { h: { memory: this.memory, table: this.table } });
    const functions = new WebAssembly.Table({ element: 'anyfunc', initial: 1 });
    functions.set(FLAGS_PLACE, exports.flags);
    this.imports = { m: { m: this.memory, t: functions } };
    this.run = exports.run as (mode: number) => number;
  }

  instance(module: Uint8Array<ArrayBuffer>): RegionFunction {
    return new WebAssembly.Instance(new WebAssembly.Module(module), this.imports).exports.r as RegionFunction;
  }

  /** Registers as the loops want them, and the largest budget. */
  prepare(count: number): void {
    const registers = { rcx: 1, rsi: 6, rdi: 7 };
    this.words.fill(0, 0, 32);
    this.words[2 * registers.rcx] = count;
    this.words[2 * registers.rsi] = FROM;
    this.words[2 * registers.rdi] = TO;
    this.words[WORD.left] = 0x7fff_ffff;
  }

  /** Installs a region at an address for the dispatcher. */
  install(region: Region, slot: number): void {
    this.table.set(slot, this.instance(moduleOf(region)));
    const entry = new Int32Array(
      this.memory.buffer,
      LAYOUT.dispatch + DISPATCH.bytes * dispatchIndex(region.baseLo),
      4,
    );
    entry.set([region.baseLo, region.baseHi, region.mode.key, slot]);
  }
}

/** `body`, SUB rCX 1, JNZ back. DEC would bring the carry of the round before along. */
export function loopOf(...body: readonly number[]): number[] {
  const code = [...body, 0x48, 0x83, 0xe9, 0x01];
  return [...code, 0x75, 0x100 - code.length - 2];
}

// prettier-ignore
export const LOOPS = {
  bytes: loopOf(
    0x8a, 0x06,             // mov al, [rsi]
    0x88, 0x07,             // mov [rdi], al
    0x48, 0x83, 0xc6, 0x01, // add rsi, 1
    0x48, 0x83, 0xc7, 0x01, // add rdi, 1
  ),
  words: loopOf(
    0x48, 0x8b, 0x06,       // mov rax, [rsi]
    0x48, 0x89, 0x07,       // mov [rdi], rax
    0x48, 0x83, 0xc6, 0x08, // add rsi, 8
    0x48, 0x83, 0xc7, 0x08, // add rdi, 8
  ),
  registers: loopOf(
    0x48, 0x8b, 0x06,       // mov rax, [rsi]
    0x48, 0x01, 0xc3,       // add rbx, rax
    0x48, 0x31, 0xc2,       // xor rdx, rax
    0x49, 0x01, 0xc0,       // add r8, rax
    0x49, 0x31, 0xc1,       // xor r9, rax
    0x49, 0x01, 0xc2,       // add r10, rax
    0x49, 0x31, 0xc3,       // xor r11, rax
    0x4c, 0x89, 0x1f,       // mov [rdi], r11
    0x48, 0x83, 0xc6, 0x08, // add rsi, 8
    0x48, 0x83, 0xc7, 0x08, // add rdi, 8
  ),
  /** No end of memory on the way. */
  standing: loopOf(
    0x48, 0x8b, 0x06,       // mov rax, [rsi]
    0x48, 0x89, 0x07,       // mov [rdi], rax
  ),
} as const;

/** Loads, additions and stores in a row, `count` of each, and a jump out. */
export function straight(count: number): number[] {
  const code: number[] = [];
  for (let i = 0; i < count; i++) code.push(0x48, 0x8b, 0x46, i & 0x7f, 0x48, 0x01, 0xc3, 0x48, 0x89, 0x5f, i & 0x7f);
  return [...code, 0xff, 0xe3];
}
