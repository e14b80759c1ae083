/** Records from the instruction table: every form in every mode, with the values at which instructions go wrong. */
import { DF } from '../src/isa/flags';
import { Decoder, HIGH_BYTE, KIND, LANE, LANES, REGISTER, RIP } from '../src/index';
import { FORMS, type Form } from '../src/isa';
import { generator } from '../test/random-code';
import { Builder } from './builder';
import { makeImage } from './image';
import { CODE, CODE_SIZES, LDT_BASE, START, WINDOW, WINDOW_SIZE, type TestRecord } from './record';

type Mode = TestRecord['mode'];
// taken out once: inside jest every look at a global is slow
const big = BigInt;
const { asUintN } = BigInt;
const { imul } = Math;
const decoder = new Decoder();

/** Instructions whose result is not the processor's alone: the kernel emulates them, or the outcome is not ours to know. */
const EXCLUDED = new Set(['SYSRET', 'SYSEXIT', 'INS', 'OUTS', 'STI', 'CLI', 'INT3', 'RDPMC', 'MOVNTI_']);

/** Forms with user-mode semantics, and the privileged ones, of which we know that they raise #GP(0). */
export function isTestable(form: Form): boolean {
  if (form.index === 0 || form.attributes.has('todo') || EXCLUDED.has(form.name)) return false;
  return !form.attributes.has('sys') || form.attributes.has('cpl0') || form.attributes.has('iopl');
}
export const inMode = ({ attributes }: Form, mode: Mode): boolean => !attributes.has(mode === 0 ? 'i64' : 'o64');

export const TESTABLE: readonly { form: Form; mode: Mode }[] = ([0, 1, 2] as const).flatMap((mode) =>
  FORMS.filter((form) => isTestable(form) && inMode(form, mode)).map((form) => ({ form, mode })),
);

/** A seed that depends on the row, not on its place, so that new rows do not change the records of others. */
export function seedOf(form: Form, mode: Mode, number: number): number {
  let hash = imul(number + 1, 0x9e3779b1) ^ (mode + 1);
  for (const char of form.row[0] + form.row[1]) hash = imul(hash ^ char.charCodeAt(0), 0x01000193);
  return hash;
}

const SEGMENT_PREFIXES = [0x26, 0x2e, 0x36, 0x3e];

/** Legacy prefixes, the mandatory one last but for REX, as the assembler writes them. */
function addPrefixes(build: Builder): void {
  const { form, mode, bytes } = build;
  const { encoding, attributes } = form;
  if (encoding.vex) return;
  // AMD honours 66 on near branches in 64-bit mode, Intel and we do not
  // and MOVSXD of 16 bits reads 32 from memory there
  // and where the row has no prefix 66 makes it another one
  const takes66 =
    encoding.prefix < (usesImage(form) ? 0 : 1) && !(mode === 0 && attributes.has('f64')) && form.name !== 'MOVSXD';
  if (takes66 && build.chance(25)) bytes.push(0x66);
  if (build.chance(10) && !form.name.startsWith('MASKMOV')) bytes.push(0x67);
  if (encoding.modrm && build.chance(5))
    bytes.push(build.pick(mode === 0 ? [...SEGMENT_PREFIXES, 0x65] : SEGMENT_PREFIXES));
  // LOCK MOV CR0 is another name of CR8 for AMD
  const locks = attributes.has('lock') ? build.chance(12) : build.chance(1) && !form.row[1].includes('CRn');
  if (locks) bytes.push(0xf0);
  const repeats = attributes.has('rep') || attributes.has('repz');
  if (repeats && build.chance(60)) bytes.push(build.pick([0xf2, 0xf3]));
  if (encoding.prefix > 0) bytes.push([0, 0x66, 0xf3, 0xf2][encoding.prefix] ?? 0);
  if (mode === 0) build.rex = build.chance(60) ? build.next() & 15 : 0;
  if (form.name === 'CALL' || form.name === 'JMP') build.rex &= 7;
  if (mode === 0 && (build.rex !== 0 || build.chance(10))) bytes.push(0x40 | build.rex);
}

function addOpcode(build: Builder): void {
  const { form, mode, bytes } = build;
  const { encoding } = form;
  if (encoding.vex) {
    build.rex = mode === 0 ? build.next() & 15 : build.next() & 8;
    build.vvvv = form.operands.some(({ text }) => text === 'v') ? build.next() & (mode === 0 ? 15 : 7) : 0;
    const pp = encoding.prefix;
    bytes.push(
      0xc4,
      ((~build.rex & 7) << 5) | (encoding.map - 4),
      ((build.rex & 8) << 4) | ((~build.vvvv & 15) << 3) | pp,
    );
  } else if (encoding.map > 0) {
    bytes.push(0x0f);
    if (encoding.map > 1) bytes.push(encoding.map === 2 ? 0x38 : 0x3a);
  }
  bytes.push(encoding.opcode + (encoding.opcodeRegister ? build.next() & 7 : 0));
}

/** ModRM and what belongs to it: half registers, half memory; SIB as often as not. */
function addModrm(build: Builder): void {
  const { form, bytes, mode } = build;
  const { encoding, attributes } = form;
  if (!encoding.modrm) return;
  if (encoding.fixedModrm >= 0) return void bytes.push(encoding.fixedModrm + (build.next() % encoding.fixedCount));
  const reg = encoding.extension >= 0 ? encoding.extension : build.next() & 7;
  const isRegister = attributes.has('reg') || (!attributes.has('mem') && build.chance(50));
  const mod = isRegister ? 3 : build.next() % 3;
  const rm = !isRegister && build.chance(25) && mode !== 2 ? 4 : build.next() & 7;
  bytes.push((mod << 6) | (reg << 3) | rm);
  if (isRegister) return;
  const has67 = bytes.indexOf(0x67) >= 0 && bytes.indexOf(0x67) < 4;
  const is16 = (mode === 2) !== has67 && mode !== 0;
  if (is16) {
    if (mod === 1) bytes.push(build.next() & 0xff);
    else if (mod === 2 || rm === 6) bytes.push(build.next() & 0xff, 0);
    return;
  }
  let hasBase = !(mod === 0 && rm === 5);
  if (rm === 4) {
    const sib = build.next() & 0xff;
    bytes.push(sib);
    hasBase = !(mod === 0 && (sib & 7) === 5);
  }
  if (mod === 1) bytes.push(build.next() & 0xff);
  else if (mod === 2 || !hasBase) bytes.push(build.next() & 0xff, build.next() & 3, 0, 0);
}

/** Enough random bytes for any immediate; the decoder says how many there are. */
function finish(build: Builder, lanes: Int32Array): Uint8Array | undefined {
  const { bytes, mode, form, next } = build;
  const padded = Uint8Array.from(
    { length: 16 },
    (_, i) => bytes[i] ?? (build.chance(30) ? build.pick([0, 1, 0x7f, 0x80, 0xff]) : next() & 0xff),
  );
  const length = decoder.decode(padded, 0, 16, CODE_SIZES[mode], lanes, 0);
  if (length > 15) return undefined;
  // an encoding that is invalid is a record too: both sides have to say #UD
  const code = padded.slice(0, length > 0 ? length : Math.min(bytes.length + 1, 15));
  if (length <= 0) return build.chance(10) ? code : undefined;
  // 0F 0D with a register is a NOP for Intel and us, #UD for AMD
  if (form.row[0].startsWith('0F 0D') && (code[code.indexOf(0x0d) + 1] ?? 0) >= 0xc0) return undefined;
  return FORMS[lanes[LANE.form] ?? 0]?.name === form.name ? code : undefined;
}

const setBytes = (code: Uint8Array, at: number, value: number, count: number): void => {
  for (let i = 0; i < count; i++) code[at + i] = value >>> (8 * i);
};

/** Makes the memory operand lie in the window: by its base, or where there is none by its displacement. */
function aim(build: Builder, code: Uint8Array, lanes: Int32Array): bigint | undefined {
  const operand = [0, 1, 2].find((i) => lanes[LANE.kind0 + 3 * i] === KIND.mem);
  if (operand === undefined) return undefined;
  const target = aligned(build, build.target());
  const base = lanes[LANE.base] ?? -1;
  const index = lanes[LANE.index] ?? -1;
  const isGs = build.mode === 0 && lanes[LANE.segment] === 5;
  const offset = isGs ? target - big(WINDOW) : target;
  if (index >= 0 && index !== REGISTER.rsp) build.registers[index] = big(build.next() & 0x3f);
  const scaled = index >= 0 ? (build.registers[index] ?? 0n) << big(lanes[LANE.scale] ?? 0) : 0n;
  if (base === RIP || base < 0) {
    const immediateBytes = code.length - displacementEnd(build, code, lanes);
    const at = code.length - immediateBytes - (lanes[LANE.address] === 2 ? 2 : 4);
    const next = base === RIP ? big(CODE + START + code.length) : 0n;
    setBytes(code, at, Number(asUintN(32, offset - scaled - next)), lanes[LANE.address] === 2 ? 2 : 4);
  } else if (base !== index && build.chance(4) && build.mode !== 1 && !isGs && !isArea(build.form)) {
    // not canonical (with GS AMD wants that of the offset too), or over the limit of the segment: #GP, or #SS behind rSP and rBP
    build.registers[base] =
      build.mode === 0 ? build.pick([1n << 63n, 1n << 47n, 0x7ffffffffffcn, (1n << 64n) - (1n << 47n) - 4n]) : 0xffffn;
    return undefined;
  } else if (base !== index) {
    const displacement = big(lanes[LANE.dispLo] ?? 0);
    build.registers[base] = asUintN(build.mode === 0 ? 64 : 32, offset - scaled - displacement);
    if (lanes[LANE.address] === 2) build.registers[base] = asUintN(16, offset - scaled - displacement);
  }
  return target;
}

/** Where the displacement ends: the immediates are as many bytes as the encoding says. */
function displacementEnd({ form }: Builder, code: Uint8Array, lanes: Int32Array): number {
  const sizes: Readonly<Record<string, number>> = { ib: 1, iw: 2, iz: lanes[LANE.size] === 2 ? 2 : 4 };
  return code.length - form.row[0].split(' ').reduce((sum, word) => sum + (sizes[word] ?? 0), 0);
}

const windowOffset = (build: Builder, address: bigint): number =>
  Number(address) - WINDOW + (build.mode === 2 ? LDT_BASE : 0);

/** Registers that an instruction uses without naming them. */
function setImplied(build: Builder, lanes: Int32Array): void {
  const { form, registers } = build;
  const { rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi } = REGISTER;
  registers[rsp] = build.chance(3) ? build.target() : (build.target() & ~7n) + (build.chance(10) ? 3n : 0n);
  if (build.mode !== 1 && build.chance(2))
    registers[rsp] = build.mode === 0 ? build.pick([1n << 63n, (1n << 47n) + 0x100n]) : build.pick([1n, 0xffffn]);
  if (form.name === 'LEAVE' || form.name === 'ENTER') registers[rbp] = build.target();
  if (form.name === 'XLAT') registers[rbx] = build.target() - ((registers[rax] ?? 0n) & 0xffn);
  if (form.attributes.has('rep') || form.attributes.has('repz')) {
    registers[rsi] = build.target();
    registers[rdi] = build.target();
    registers[rcx] = big(build.next() % 9);
    if (build.chance(40)) build.eflags |= DF;
  }
  if (form.name.startsWith('LOOP') || form.name === 'JrCXZ')
    registers[rcx] = build.chance(60) ? big(build.next() % 3) : build.value(32);
  if ((form.name === 'DIV' || form.name === 'IDIV') && build.chance(70))
    registers[rdx] = build.chance(50) ? 0n : asUintN(build.mode === 0 ? 64 : 32, build.chance(50) ? -1n : 1n);
  if (form.name === 'CMPXCHG' && build.chance(40)) registers[rax] = registers[lanes[LANE.reg0] ?? 0] ?? 0n;
}

/** Bit offsets that reach into the window, and not far from it. */
function setBitOffset(build: Builder, lanes: Int32Array): void {
  if (!/^BT[SRC]?$/.test(build.form.name) || lanes[LANE.kind1] !== KIND.reg || lanes[LANE.kind0] !== KIND.mem) return;
  const register = lanes[LANE.reg1] ?? 0;
  if (register === lanes[LANE.base] || register === lanes[LANE.index] || build.chance(10)) return;
  build.registers[register] = asUintN(build.mode === 0 ? 64 : 32, big((build.next() % 512) - 256));
}

/** Jumps go to int3, and what is popped into flags or rIP makes sense. */
function setTargets(build: Builder, code: Uint8Array, lanes: Int32Array, target: bigint | undefined): boolean {
  const { form, registers } = build;
  const name = form.name;
  const stack = windowOffset(build, registers[REGISTER.rsp] ?? 0n);
  if (name === 'RET') build.addPatch(stack, build.landing);
  if (name === 'POPF') build.addPatch(stack, build.value(32) & ~0x244100n);
  if (lanes[LANE.kind0] === KIND.rel) return aimBranch(build, code, lanes);
  if (name !== 'CALL' && name !== 'JMP') return true;
  if (form.operands[0]?.text !== 'r/m') return false;
  if (target !== undefined) build.addPatch(windowOffset(build, target), build.landing);
  else registers[lanes[LANE.reg0] ?? 0] = build.landing;
  return true;
}

/** Not into the instruction itself: it would run again, or something else would. */
function aimBranch(build: Builder, code: Uint8Array, lanes: Int32Array): boolean {
  const size = build.form.operands[0]?.text === 'rel8' ? 1 : lanes[LANE.size] === 2 ? 2 : 4;
  const distance = build.chance(50) ? 20 + (build.next() % 100) : -20 - (build.next() % 100);
  // past the limit of 16-bit CS; not for CALL, which AMD lets push before it checks, and the manual after
  const isFar = build.chance(5) && size === 4 && !(build.mode === 2 && build.form.name === 'CALL');
  setBytes(code, code.length - size, isFar ? 0x1000000 : distance, size);
  return true;
}

/** Record `number` of a form in a mode; undefined where chance made something that is not the form. */
export function generate(form: Form, mode: Mode, number: number): TestRecord | undefined {
  const next = generator(seedOf(form, mode, number));
  const build = new Builder(form, mode, next);
  addPrefixes(build);
  addOpcode(build);
  addModrm(build);
  const lanes = new Int32Array(LANES);
  const code = finish(build, lanes);
  if (code === undefined) return undefined;
  setImplied(build, lanes);
  setBitOffset(build, lanes);
  const target = aim(build, code, lanes);
  if (!setTargets(build, code, lanes, target)) return undefined;
  if (lanes[LANE.kind0] === KIND.mem && form.operands[0]?.text.startsWith('moffs')) setMoffs(build, code, lanes);
  if (lanes[LANE.kind1] === KIND.mem && form.operands[1]?.text.startsWith('moffs')) setMoffs(build, code, lanes);
  if (build.registers.some((_, i) => i >= HIGH_BYTE)) return undefined;
  const withImage = usesImage(form);
  if (withImage) setVectorMemory(build, lanes, target);
  return {
    mode,
    code,
    seed: next() % (65536 - WINDOW_SIZE),
    eflags: build.eflags | 2,
    registers: build.registers.map((value, i) => (mode === 0 ? value : i < 8 ? asUintN(32, value) : 0n)),
    patches: build.patches,
    ...(withImage ? { image: makeImage(build) } : {}),
  };
}

const isArea = (form: Form): boolean =>
  form.name === 'FXSAVE' || form.name === 'FXRSTOR' || (usesImage(form) && form.row[1].endsWith(' m0'));

/** 16 bytes of memory have to be aligned, for most instructions. */
function aligned(build: Builder, target: bigint): bigint {
  const wide = build.form.operands.some(({ text }) => text.endsWith('m128')) || build.form.name.startsWith('FX');
  // areas of many bytes inside the window: where they begin to fault is the processor's choice
  const inside = isArea(build.form)
    ? (target & 0x7ffn) + big(WINDOW + 256 - (build.mode === 2 ? LDT_BASE : 0))
    : target;
  return wide && build.chance(90) ? inside & ~15n : inside;
}

/** Whether a form has to do with x87, MMX or SSE state. */
const usesImage = ({ row, operands, name }: Form): boolean =>
  /^D[89A-F] /.test(row[0]) ||
  operands.some(({ text }) => /^x?mm/.test(text)) ||
  /^(WAIT|EMMS|FX|LDMXCSR|STMXCSR)/.test(name);

/** Memory operands: mostly aligned when they have to be, with values like those of registers. */
function setVectorMemory(build: Builder, lanes: Int32Array, target: bigint | undefined): void {
  // inside the window: whether a page faults whose bytes are all masked out is the processor's choice
  if (build.form.name.startsWith('MASKMOV'))
    build.registers[REGISTER.rdi] = big(WINDOW + 64 + (build.next() % 3000) - (build.mode === 2 ? LDT_BASE : 0));
  if (target === undefined) return;
  const at = windowOffset(build, target);
  if (build.form.name === 'FXRSTOR')
    return build.addPatch(at + 24, big(build.next() & (build.chance(80) ? 0xffff : -1)));
  const size = Math.max(lanes[LANE.size0] ?? 0, lanes[LANE.size1] ?? 0);
  const values = makeImage(build);
  const from = lanes[LANE.kind1] === KIND.xmm || size === 16 ? 160 : 32;
  const view = new DataView(values.buffer);
  const second = size === 10 ? big(view.getUint16(from + 8, true)) : view.getBigUint64(from + 8, true);
  build.addPatch(at, view.getBigUint64(from, true));
  if (size > 8) build.addPatch(at + 8, second);
}

function setMoffs(build: Builder, code: Uint8Array, lanes: Int32Array): void {
  const size = lanes[LANE.address] ?? 4;
  const target = build.target();
  for (let i = 0; i < size; i++) code[code.length - size + i] = Number((target >> big(8 * i)) & 0xffn);
}
