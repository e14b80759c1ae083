/** iced-x86 as the judge of the decoder: everything it says about an instruction, held against the lanes. */
import * as iced from 'iced-x86';
import {
  Decoder,
  DECODE_INVALID,
  DECODE_TOO_LONG,
  DECODE_TRUNCATED,
  flagMask,
  undefinedByCount,
  HIGH_BYTE,
  KIND,
  LANE,
  LANES,
  PREFIX,
  RIP,
  type CodeSize,
} from '../src/index';
import { FORMS, NO_FLAGS, type FlagEffect, type Form } from '../src/isa';

const IP = 0x1000n;
const decoder = new Decoder();
const lanes = new Int32Array(LANES);

/** Names that iced and the manual spell differently, iced's first. */
const SPELLINGS: Readonly<Record<string, string>> = {
  SAL: 'SHL',
  XLATB: 'XLAT',
  RESERVEDNOP: 'NOP',
  JCXZ: 'JrCXZ',
  JECXZ: 'JrCXZ',
  JRCXZ: 'JrCXZ',
  SYSEXITQ: 'SYSEXITQ',
  INT1: 'INT1',
};
const STRING = /^(MOVS|CMPS|STOS|LODS|SCAS|INS|OUTS)[BWDQ]$/;

const REGISTERS = registerNumbers();

/** iced's registers as our number and size. */
function registerNumbers(): ReadonlyMap<number, { number: number; size: number; kind: number }> {
  const map = new Map<number, { number: number; size: number; kind: number }>();
  const names: [string[], number][] = [
    ['AL CL DL BL SPL BPL SIL DIL R8L R9L R10L R11L R12L R13L R14L R15L'.split(' '), 1],
    ['AX CX DX BX SP BP SI DI R8W R9W R10W R11W R12W R13W R14W R15W'.split(' '), 2],
    ['EAX ECX EDX EBX ESP EBP ESI EDI R8D R9D R10D R11D R12D R13D R14D R15D'.split(' '), 4],
    ['RAX RCX RDX RBX RSP RBP RSI RDI R8 R9 R10 R11 R12 R13 R14 R15'.split(' '), 8],
  ];
  const add = (name: string, number: number, size: number, kind: number) =>
    map.set(iced.Register[name as keyof typeof iced.Register] as unknown as number, { number, size, kind });
  for (const [list, size] of names) list.forEach((name, number) => add(name, number, size, KIND.reg));
  ['AH', 'CH', 'DH', 'BH'].forEach((name, i) => add(name, HIGH_BYTE + i, 1, KIND.reg));
  ['ES', 'CS', 'SS', 'DS', 'FS', 'GS'].forEach((name, i) => add(name, i, 2, KIND.sreg));
  for (let i = 0; i < 16; i++) {
    add(`CR${i}`, i, 0, KIND.cr);
    add(`DR${i}`, i, 0, KIND.dr);
    add(`XMM${i}`, i, 16, KIND.xmm);
    if (i < 8) add(`MM${i}`, i, 8, KIND.mm);
    if (i < 8) add(`ST${i}`, i, 10, KIND.st);
  }
  return map;
}

/** Both numbers of iced's memory operand as we write them. */
const addressRegister = (register: number): number => {
  if (register === iced.Register.None) return -1;
  if (register === iced.Register.RIP || register === iced.Register.EIP) return RIP;
  return REGISTERS.get(register)?.number ?? -2;
};

const value = (lo: number, hi: number): bigint => BigInt.asIntN(64, (BigInt(hi) << 32n) | BigInt(lo >>> 0));

/**
 * What differs between us and iced for the instruction at `bytes[at]`; undefined when nothing does. `explain` may name a difference
 * that is meant. `length` is ours, or 1 when there is none.
 */
export function judge(
  bytes: Uint8Array,
  at: number,
  end: number,
  bits: CodeSize,
): { length: number; difference?: string } {
  const length = decoder.decode(bytes, at, end, bits, lanes, 0);
  const other = new iced.Decoder(bits, bytes.subarray(at, Math.min(end, at + 20)), iced.DecoderOptions.None);
  other.ip = IP;
  const instruction = other.decode();
  const step = length > 0 ? length : 1;
  try {
    const difference = compare(length, instruction, bits);
    return difference === undefined ? { length: step } : { length: step, difference };
  } finally {
    instruction.free();
    other.free();
  }
}

const FAILURES: Readonly<Record<number, string>> = {
  [DECODE_INVALID]: 'invalid',
  [DECODE_TRUNCATED]: 'truncated',
  [DECODE_TOO_LONG]: 'too long',
};

function compare(length: number, theirs: iced.Instruction, bits: CodeSize): string | undefined {
  const form = FORMS[lanes[LANE.form] ?? 0];
  if (form === undefined) return 'no form';
  const shapeOnly =
    (lanes[LANE.prefixes] ?? 0) & (PREFIX.evex | PREFIX.xop) || /^(VEX|VZEROUPPER|3DNOW)$/.test(form.name);
  if (theirs.isInvalid) {
    if (length > 0 && (shapeOnly || form.name === 'PTWRITE')) return undefined; // iced refuses 66 F3 0F AE /4
    if (length > 0) return `valid for us alone: ${form.row.join(' ; ')}`;
    return undefined; // all bytes are fetched before they are judged, so 'truncated' may come first
  }
  const name = iced.Mnemonic[theirs.mnemonic]?.toUpperCase() ?? '';
  if (CENTAUR.test(name)) return undefined;
  if (form.name === 'XCHG' && name === 'PAUSE') return undefined; // F3 REX.B 90: processors exchange
  if (length <= 0) return `${FAILURES[length]} for us alone: ${iced.Code[theirs.code]}`;
  if (length !== theirs.length) return `length ${length} against ${theirs.length}: ${iced.Code[theirs.code]}`;
  if (shapeOnly) return undefined;
  return (
    compareName(form, name, theirs) ??
    (form.attributes.has('todo') ? undefined : compareRest(form, theirs, bits)) ??
    compareFlags(form, theirs)
  );
}

/** VIA PadLock (0F A6, 0F A7), which we do not know. */
const CENTAUR = /^(XSTORE|XSHA|XCRYPT|MONTMUL|CCS_|UNDOC)/;
/** Hints that are NOPs by another name. */
const HINT = /^(PREFETCH|CLDEMOTE)/;

function compareName(form: Form, name: string, theirs: iced.Instruction): string | undefined {
  if (form.name === 'NOP' && HINT.test(name)) return undefined;
  const string = STRING.exec(name)?.[1];
  const ours = form.names[(lanes[LANE.size] ?? 0) >> 2] ?? '';
  const expected =
    theirs.mnemonic === iced.Mnemonic.Movsd && ours !== 'MOVS'
      ? name
      : string !== undefined && ours === string
        ? string
        : (SPELLINGS[name] ?? name);
  return form.attributes.has('todo') && !form.attributes.has('x') && /^F|^V/.test(name)
    ? undefined
    : ours === expected
      ? undefined
      : `name ${ours} against ${name} (${iced.Code[theirs.code]})`;
}

function compareRest(form: Form, theirs: iced.Instruction, bits: CodeSize): string | undefined {
  const count = form.operands.length;
  if (form.name.startsWith('MASKMOV')) return undefined; // iced names the memory at rDI as the first operand, we do not
  for (let i = 0; i < count; i++) {
    const difference = compareOperand(i, form, theirs, bits);
    if (difference !== undefined)
      return `operand ${i} of ${iced.Code[theirs.code]} [${form.row.join(' ; ')}]: ${difference}`;
  }
  const theirCount = form.name === 'NOP' || form.name === 'XLAT' ? count : theirs.opCount;
  return count === theirCount ? undefined : `${count} operands against ${theirs.opCount}: ${iced.Code[theirs.code]}`;
}

/** iced names the register of the operand size; the instruction takes 16 bits of it. */
const READS_16_BITS = /^(ARPL|LLDT|LTR|VERR|VERW|LMSW|MOV Sreg)/;

function compareOperand(i: number, form: Form, theirs: iced.Instruction, bits: CodeSize): string | undefined {
  const kind = lanes[LANE.kind0 + 3 * i];
  const number = lanes[LANE.reg0 + 3 * i] ?? 0;
  const size = lanes[LANE.size0 + 3 * i] ?? 0;
  const imm = value(lanes[LANE.immLo] ?? 0, lanes[LANE.immHi] ?? 0);
  const theirKind = theirs.opKind(i);
  if (form.name === 'NOP' && i >= theirs.opCount) return undefined;
  switch (kind) {
    case KIND.reg:
    case KIND.sreg:
    case KIND.cr:
    case KIND.dr:
    case KIND.xmm:
    case KIND.mm:
    case KIND.st: {
      if (theirKind !== iced.OpKind.Register) return `register against kind ${iced.OpKind[theirKind]}`;
      const register = REGISTERS.get(theirs.opRegister(i));
      const sizeMatters = kind === KIND.reg && !READS_16_BITS.test(form.row[1]);
      const same = register?.kind === kind && register.number === number && (!sizeMatters || register.size === size);
      return same ? undefined : `${kind}:${number}/${size} against ${iced.Register[theirs.opRegister(i)]}`;
    }
    case KIND.mem:
      return compareMemory(theirs, theirKind, form.name === 'NOP' ? 0 : size, bits);
    case KIND.imm: {
      const width = Math.min(64, 8 * (lanes[LANE.size0] ?? 0) || 64);
      const mine = BigInt.asUintN(form.operands[i]?.text.endsWith('u') === true ? 8 : width, imm);
      const other = BigInt.asUintN(width, theirs.immediate(i));
      return mine === other ? undefined : `immediate ${mine} against ${other}`;
    }
    case KIND.imm2:
      return (lanes[LANE.imm2] ?? 0) === theirs.immediate8_2nd ? undefined : 'second immediate';
    case KIND.rel: {
      const target = BigInt.asUintN(8 * (lanes[LANE.size] ?? 8), IP + BigInt(theirs.length) + imm);
      return target === theirs.nearBranchTarget ? undefined : `target ${target} against ${theirs.nearBranchTarget}`;
    }
    case KIND.far: {
      const offset = lanes[LANE.size] === 2 ? theirs.farBranch16 : theirs.farBranch32;
      return (lanes[LANE.immLo] ?? 0) >>> 0 === offset && lanes[LANE.imm2] === theirs.farBranchSelector
        ? undefined
        : 'far pointer';
    }
    case KIND.x:
    case KIND.y: {
      const names = { 2: 'SI', 4: 'ESI', 8: 'RSI' }[lanes[LANE.address] ?? 0] ?? '';
      const want = kind === KIND.x ? `MemorySeg${names}` : `MemoryES${names.replace('SI', 'DI')}`;
      if (iced.OpKind[theirKind] !== want) return `${want} against ${iced.OpKind[theirKind]}`;
      return kind === KIND.x && bits !== 64 && REGISTERS.get(theirs.memorySegment)?.number !== lanes[LANE.segment]
        ? 'segment of X'
        : undefined;
    }
    default:
      return `kind ${kind}`;
  }
}

function compareMemory(theirs: iced.Instruction, theirKind: number, size: number, bits: CodeSize): string | undefined {
  if (theirKind !== iced.OpKind.Memory) return `memory against ${iced.OpKind[theirKind]}`;
  const base = lanes[LANE.base] ?? 0;
  const index = lanes[LANE.index] ?? 0;
  if (base !== addressRegister(theirs.memoryBase)) return `base ${base} against ${iced.Register[theirs.memoryBase]}`;
  if (index !== addressRegister(theirs.memoryIndex))
    return `index ${index} against ${iced.Register[theirs.memoryIndex]}`;
  if (index >= 0 && 1 << (lanes[LANE.scale] ?? 0) !== theirs.memoryIndexScale) return 'scale';
  const address = 8 * (lanes[LANE.address] ?? 0);
  let displacement = value(lanes[LANE.dispLo] ?? 0, lanes[LANE.dispHi] ?? 0);
  if (base === RIP) displacement += IP + BigInt(theirs.length);
  const other = theirs.memoryDisplacement;
  if (BigInt.asUintN(address, displacement) !== BigInt.asUintN(address, other))
    return `displacement ${displacement} against ${other}`;
  const segment = REGISTERS.get(theirs.memorySegment)?.number;
  const flat = (n: number | undefined) => (bits === 64 && n !== undefined && n < 4 ? 0 : n);
  if (flat(lanes[LANE.segment]) !== flat(segment)) return `segment ${lanes[LANE.segment]} against ${segment}`;
  const theirSize = iced.MemorySizeExt.size(theirs.memorySize);
  return size === 0 || theirSize === 0 || size === theirSize
    ? undefined
    : `memory of ${size} bytes against ${theirSize}`;
}

/** iced's order of flag bits; those that we do not model (UIF, C0 to C3) are left out. */
const THEIR_FLAGS = 'OSZACPDIV';
const flagsOf = (bits: number): number =>
  [...THEIR_FLAGS].reduce((mask, letter, i) => (bits & (1 << i) ? mask | flagMask(letter) : mask), 0);

const SHIFT = /^(RO[LR]|RC[LR]|SH[LR]D?|SAR)$/;

/** The row's effect, made as particular as iced is: by the count of a shift, for `XOR r, r`, for 16-bit POPF. */
function effectHere(form: Form): FlagEffect {
  const { flags, name, operands } = form;
  const last = operands.at(-1)?.text;
  if (SHIFT.test(name)) {
    const bytes = lanes[LANE.size0] ?? 0;
    const by5or6 = (lanes[LANE.immLo] ?? 0) & (bytes === 8 ? 0x3f : 0x1f);
    const masked = name.startsWith('RC') && bytes < 4 ? by5or6 % (8 * bytes + 1) : by5or6; // through CF, so 9 or 17 bits wide
    const count = last === 'CL' ? 2 : masked;
    if (count === 0) return NO_FLAGS;
    const undefined_ = undefinedByCount(name, count, 64);
    return { ...flags, writes: flags.writes & ~undefined_, undefines: flags.undefines | undefined_ };
  }
  const sameRegister =
    lanes[LANE.kind0] === KIND.reg && lanes[LANE.kind1] === KIND.reg && lanes[LANE.reg0] === lanes[LANE.reg1];
  if (sameRegister && name === 'XOR')
    return { ...NO_FLAGS, clears: flagMask('OSC'), sets: flagMask('ZP'), undefines: flagMask('A') };
  if (sameRegister && name === 'SUB') return { ...NO_FLAGS, clears: flagMask('OSCA'), sets: flagMask('ZP') };
  if (lanes[LANE.size] === 2 && /^(PUSHF|POPF|IRET)$/.test(name))
    return { ...flags, reads: flags.reads & ~flagMask('V'), writes: flags.writes & ~flagMask('V') };
  if (/^INT[13]?$/.test(name)) return NO_FLAGS; // iced leaves out what the delivery does
  return flags;
}

function compareFlags(form: Form, theirs: iced.Instruction): string | undefined {
  const flags = effectHere(form);
  const pairs: [string, number, number][] = [
    ['read', flags.reads, flagsOf(theirs.rflagsRead)],
    ['written', flags.writes, flagsOf(theirs.rflagsWritten)],
    ['cleared', flags.clears, flagsOf(theirs.rflagsCleared)],
    ['set', flags.sets, flagsOf(theirs.rflagsSet)],
    ['undefined', flags.undefines, flagsOf(theirs.rflagsUndefined)],
  ];
  for (const [what, ours, other] of pairs)
    if (ours !== other)
      return `flags ${what} by ${form.name} (${iced.Code[theirs.code]}): ${ours.toString(16)} against ${other.toString(16)}`;
  return undefined;
}
