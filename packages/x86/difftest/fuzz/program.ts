/** Random code: instructions of the table one after the other, with jumps that stay near, and now and then bytes that are nothing. */
import { Decoder, FORMS, LANES, type Form } from '../core';
import { type Random } from './scenario';

const decoder = new Decoder();
const lanes = new Int32Array(LANES);
/** A form with what its bytes need to know, looked up once. */
interface Choice {
  readonly encoding: Form['encoding'];
  readonly sys: boolean;
  readonly branch: boolean;
  readonly vector: boolean;
  /** Has no encoding in 64-bit code, or none in other code. */
  readonly not64: boolean;
  readonly only64: boolean;
  readonly lock: boolean;
  readonly rep: boolean;
  readonly reg: boolean;
  readonly mem: boolean;
}
const CHOICES: readonly Choice[] = FORMS.filter(
  ({ index, attributes, encoding }) => index > 0 && !attributes.has('todo') && encoding.map >= 0,
).map(({ encoding, attributes, operands }) => ({
  encoding,
  sys: attributes.has('sys'),
  branch: operands.some(({ text }) => text.startsWith('rel')),
  vector: operands.some(({ text }) => /mm|^st/.test(text)) || (encoding.map === 0 && (encoding.opcode & 0xf8) === 0xd8),
  not64: attributes.has('i64'),
  only64: attributes.has('o64'),
  lock: attributes.has('lock'),
  rep: attributes.has('rep') || attributes.has('repz'),
  reg: attributes.has('reg'),
  mem: attributes.has('mem'),
}));
const SYSTEM = CHOICES.filter(({ sys }) => sys);
const GENERAL = CHOICES.filter(({ sys, encoding }) => !sys && !encoding.vex);
const BRANCHES = GENERAL.filter(({ branch }) => branch);
/** SSE, MMX and x87. */
const VECTORS = GENERAL.filter(({ vector }) => vector);
const PLAIN = GENERAL.filter(({ vector }) => !vector);

export function randomProgram(next: Random, bits: 16 | 32 | 64, size: number): Uint8Array {
  const code = new Uint8Array(size + 16);
  let at = 0;
  while (at < size) {
    const bytes = next() % 200 === 0 ? garbage(next) : instruction(next, bits);
    code.set(bytes.subarray(0, code.length - at), at);
    at += bytes.length;
  }
  return code.subarray(0, size);
}

const garbage = (next: Random): Uint8Array => Uint8Array.from({ length: 1 + (next() % 4) }, next);
const pick = <T>(next: Random, list: readonly T[]): T => list[next() % list.length] as T;

function formOf(next: Random): Choice {
  const chance = next() % 100;
  if (chance < 8) return pick(next, SYSTEM);
  if (chance < 22) return pick(next, BRANCHES);
  return pick(next, chance < 85 ? PLAIN : VECTORS);
}

const SIZE = 20;
const scratch = new Uint8Array(SIZE);

/** The bytes of one instruction, as long as the decoder says; good until the next one. */
function instruction(next: Random, bits: 16 | 32 | 64): Uint8Array {
  for (let tries = 0; tries < 20; tries++) {
    const choice = formOf(next);
    if (bits === 64 ? choice.not64 : choice.only64) continue;
    const at = start(next, choice, bits, scratch);
    if (next() % 4 > 0) fillSmall(scratch, at, (next() % 96) - 32);
    else for (let i = at; i < SIZE; i++) scratch[i] = next() % 3 ? next() : 0;
    const length = decoder.decode(scratch, 0, 16, bits, lanes, 0);
    if (length > 0) return scratch.subarray(0, length);
  }
  return Uint8Array.of(0x90);
}

/** Immediates, displacements and distances: so jumps stay in the code. */
function fillSmall(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  for (let i = at + 1; i < SIZE; i++) bytes[i] = value < 0 && i < at + 4 ? 0xff : 0;
}

const OVERRIDES = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65];
const MANDATORY = [0, 0x66, 0xf3, 0xf2];

/** Prefixes, opcode and ModRM; returns how many bytes they are. */
function start(next: Random, { encoding, lock, rep, reg, mem }: Choice, bits: number, bytes: Uint8Array): number {
  let at = 0;
  if (next() % 8 === 0 && encoding.prefix < 1) bytes[at++] = 0x66;
  if (next() % 16 === 0) bytes[at++] = 0x67;
  if (next() % 32 === 0) bytes[at++] = pick(next, OVERRIDES);
  if (lock && next() % 8 === 0) bytes[at++] = 0xf0;
  if (rep && next() % 2 === 0) bytes[at++] = 0xf3;
  if (encoding.prefix > 0) bytes[at++] = MANDATORY[encoding.prefix] ?? 0;
  if (bits === 64 && next() % 2 === 0) bytes[at++] = 0x40 | (next() & 15);
  if (encoding.map > 0) bytes[at++] = 0x0f;
  if (encoding.map > 1) bytes[at++] = encoding.map === 2 ? 0x38 : 0x3a;
  bytes[at++] = encoding.opcode + (encoding.opcodeRegister ? next() & 7 : 0);
  if (encoding.modrm) bytes[at++] = modrm(next, encoding, reg, mem);
  return at;
}

function modrm(next: Random, encoding: Form['encoding'], isRegister: boolean, isMemory: boolean): number {
  if (encoding.fixedModrm >= 0) return encoding.fixedModrm + (next() % encoding.fixedCount);
  const reg = encoding.extension >= 0 ? encoding.extension : next() & 7;
  const mod = isRegister || (!isMemory && next() % 2 === 0) ? 3 : next() % 2;
  return (mod << 6) | (reg << 3) | (next() & 7);
}
