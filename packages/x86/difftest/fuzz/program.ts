/** Random code: instructions of the table one after the other, with jumps that stay near, and now and then bytes that are nothing. */
import { Decoder, FORMS, LANES, type Form } from '../core';
import { type Random } from './scenario';

const decoder = new Decoder();
const lanes = new Int32Array(LANES);
const IMPLEMENTED = FORMS.filter(
  ({ index, attributes, encoding }) => index > 0 && !attributes.has('todo') && encoding.map >= 0,
);
const SYSTEM = IMPLEMENTED.filter(({ attributes }) => attributes.has('sys'));
const GENERAL = IMPLEMENTED.filter(({ attributes, encoding }) => !attributes.has('sys') && !encoding.vex);
const BRANCHES = GENERAL.filter(({ operands }) => operands.some(({ text }) => text.startsWith('rel')));
const PLAIN = GENERAL.filter((form) => form.index < GENERAL.length / 2 || form.encoding.map === 0);

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

function formOf(next: Random): Form {
  const chance = next() % 100;
  if (chance < 8) return pick(next, SYSTEM);
  if (chance < 22) return pick(next, BRANCHES);
  return pick(next, chance < 70 ? PLAIN : GENERAL);
}

/** The bytes of one instruction, as long as the decoder says. */
function instruction(next: Random, bits: 16 | 32 | 64): Uint8Array {
  for (let tries = 0; tries < 20; tries++) {
    const form = formOf(next);
    if (form.attributes.has(bits === 64 ? 'i64' : 'o64')) continue;
    const bytes = start(next, form, bits);
    const at = bytes.length;
    while (bytes.length < 20) bytes.push(next() % 3 ? next() & 0xff : 0);
    if (next() % 4 > 0) makeSmall(bytes, at, (next() % 96) - 32);
    const padded = Uint8Array.from(bytes);
    const length = decoder.decode(padded, 0, 16, bits, lanes, 0);
    if (length > 0) return padded.subarray(0, length);
  }
  return Uint8Array.of(0x90);
}

/** Immediates, displacements and distances: so jumps stay in the code. */
function makeSmall(bytes: number[], at: number, value: number): void {
  bytes[at] = value & 0xff;
  for (let i = at + 1; i < bytes.length; i++) bytes[i] = value < 0 && i < at + 4 ? 0xff : 0;
}

function start(next: Random, { encoding, attributes }: Form, bits: number): number[] {
  const bytes: number[] = [];
  if (next() % 8 === 0 && encoding.prefix < 1) bytes.push(0x66);
  if (next() % 16 === 0) bytes.push(0x67);
  if (next() % 32 === 0) bytes.push(pick(next, [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65]));
  if (attributes.has('lock') && next() % 8 === 0) bytes.push(0xf0);
  if ((attributes.has('rep') || attributes.has('repz')) && next() % 2 === 0) bytes.push(0xf3);
  if (encoding.prefix > 0) bytes.push([0, 0x66, 0xf3, 0xf2][encoding.prefix] ?? 0);
  if (bits === 64 && next() % 2 === 0) bytes.push(0x40 | (next() & 15));
  if (encoding.map > 0) bytes.push(0x0f);
  if (encoding.map > 1) bytes.push(encoding.map === 2 ? 0x38 : 0x3a);
  bytes.push(encoding.opcode + (encoding.opcodeRegister ? next() & 7 : 0));
  if (encoding.modrm) bytes.push(modrm(next, encoding, attributes.has('reg'), attributes.has('mem')));
  return bytes;
}

function modrm(next: Random, encoding: Form['encoding'], isRegister: boolean, isMemory: boolean): number {
  if (encoding.fixedModrm >= 0) return encoding.fixedModrm + (next() % encoding.fixedCount);
  const reg = encoding.extension >= 0 ? encoding.extension : next() & 7;
  const mod = isRegister || (!isMemory && next() % 2 === 0) ? 3 : next() % 2;
  return (mod << 6) | (reg << 3) | (next() & 7);
}
