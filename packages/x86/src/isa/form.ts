import { IMMEDIATE, MAP, VEX_MAPS } from './encoding.js';
import { FLAG_EFFECTS, NO_FLAGS, type FlagEffect } from './flag-effects.js';
import { GENERAL_ROWS } from './general.js';
import { parseOperand, type OperandSpec } from './operand.js';
import { type IsaRow } from './row.js';
import { SIMD_ROWS } from './simd.js';
import { SSE_ROWS } from './sse.js';
import { SYSTEM_ROWS, UNIMPLEMENTED_SYSTEM_ROWS } from './system.js';
import { VECTOR_PREFIX_ROWS } from './vector.js';
import { X87_ROWS } from './x87.js';

/** One row of the table, parsed. */
export interface Form {
  readonly index: number;
  readonly row: IsaRow;
  /** Of the mnemonic in operand sizes 16, 32 and 64; `name` is the first and names the semantics. */
  readonly names: readonly [string, string, string];
  readonly name: string;
  readonly operands: readonly OperandSpec[];
  readonly attributes: ReadonlySet<string>;
  readonly flags: FlagEffect;
  readonly encoding: Encoding;
}

export interface Encoding {
  readonly map: number;
  /** -1 for `**`: every opcode of the map that no other row claims. */
  readonly opcode: number;
  /** 0 NP, 1 66, 2 F3, 3 F2, or -1: any. */
  readonly prefix: number;
  readonly vex: boolean;
  readonly opcodeRegister: boolean;
  readonly modrm: boolean;
  /** ModRM.reg when it is part of the opcode, else -1. */
  readonly extension: number;
  /** The whole ModRM byte (`D0`) and how many values follow it (8 for `C0+i`), or -1. */
  readonly fixedModrm: number;
  readonly fixedCount: number;
  readonly immediate: number;
  readonly immediate2: number;
}

const PREFIX_WORDS: Readonly<Record<string, number>> = { NP: 0, '66': 1, F3: 2, F2: 3 };

/** Reads the encoding column from left to right. */
export function parseEncoding(text: string, unsignedByte: boolean): Encoding {
  const words = text.split(' ');
  const vex = words[0]?.startsWith('VEX') === true;
  if (vex) words.shift();
  let prefix = vex ? 0 : -1;
  const prefixWord = PREFIX_WORDS[words[0] ?? ''];
  if (prefixWord !== undefined && words.length > 1 && isOpcode(words[1])) {
    prefix = prefixWord;
    words.shift();
  }
  if (vex && words[0] === 'any') {
    prefix = -1;
    words.shift();
  }
  const map = takeMap(words);
  const opcodeWord = words.shift() ?? '';
  const opcode = opcodeWord.startsWith('**') ? -1 : parseInt(opcodeWord, 16);
  const tail = parseTail(words, unsignedByte);
  return { map: vex ? map + VEX_MAPS : map, opcode, prefix, vex, opcodeRegister: opcodeWord.endsWith('+r'), ...tail };
}

const isHex = (code: number): boolean => (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x46);
/** Two upper-case digits, or `**`, and maybe more. */
const isOpcode = (word = ''): boolean =>
  word.startsWith('**') || (isHex(word.charCodeAt(0)) && isHex(word.charCodeAt(1)));

function takeMap(words: string[]): number {
  if (words.at(0) !== '0F' || words.length === 1) return MAP.legacy;
  words.shift();
  const next = words.at(0);
  if (next !== '38' && next !== '3A') return MAP.map0F;
  words.shift();
  return next === '38' ? MAP.map0F38 : MAP.map0F3A;
}

function parseTail(words: readonly string[], unsignedByte: boolean) {
  const tail = { modrm: false, extension: -1, fixedModrm: -1, fixedCount: 0, immediate: 0, immediate2: 0 };
  for (const word of words) {
    if (word.startsWith('/')) {
      tail.modrm = true;
      if (word !== '/r') tail.extension = word.charCodeAt(1) - 0x30;
    } else if (isOpcode(word)) {
      tail.modrm = true;
      tail.fixedModrm = parseInt(word.slice(0, 2), 16);
      tail.fixedCount = word.endsWith('+i') ? 8 : 1;
    } else {
      const kind = IMMEDIATE[(word === 'ib' && unsignedByte ? 'ibu' : word) as keyof typeof IMMEDIATE];
      if (kind === undefined) throw new Error(`no encoding word '${word}'`);
      if (tail.immediate === 0) tail.immediate = kind;
      else tail.immediate2 = kind;
    }
  }
  return tail;
}

/** What the attribute column says; rows with the same text share it. */
interface Attributes {
  readonly words: ReadonlySet<string>;
  readonly flagLine: string | undefined;
}
const knownAttributes = new Map<string, Attributes>();

function parseAttributes(text: string): Attributes {
  let attributes = knownAttributes.get(text);
  if (attributes === undefined) {
    const words = text.split(' ').filter((word) => word !== '');
    const flagLine = words.find((word) => word.startsWith('flags='))?.slice('flags='.length);
    attributes = { words: new Set(words), flagLine };
    knownAttributes.set(text, attributes);
  }
  return attributes;
}

const NO_OPERANDS: readonly string[] = [];

function parseRow(row: IsaRow, index: number): Form {
  const [encodingText, instruction, attributeText = ''] = row;
  const space = instruction.indexOf(' ');
  const mnemonic = space < 0 ? instruction : instruction.slice(0, space);
  const operandTexts = space < 0 ? NO_OPERANDS : instruction.slice(space + 1).split(', ');
  const encoding = parseEncoding(encodingText, operandTexts.includes('imm8u'));
  const [first = '', second = first, third = second] = mnemonic.includes('|') ? mnemonic.split('|') : [mnemonic];
  const { words, flagLine } = parseAttributes(attributeText);
  const regTaken = encoding.extension >= 0 || encoding.fixedModrm >= 0;
  return {
    index,
    row,
    names: [first, second, third],
    name: first,
    operands: operandTexts.map((text) => parseOperand(text, encoding.opcodeRegister, regTaken)),
    attributes: words,
    flags: FLAG_EFFECTS.get(flagLine ?? first) ?? NO_FLAGS,
    encoding,
  };
}

/** Every form that the decoder knows, in table order; its index is the number in the FORM lane. Form 0 is no instruction. */
export const FORMS: readonly Form[] = [
  ['NP 0F 0B', '(bad)', 'todo'] as IsaRow,
  ...GENERAL_ROWS,
  ...SYSTEM_ROWS,
  ...UNIMPLEMENTED_SYSTEM_ROWS,
  ...X87_ROWS,
  ...SSE_ROWS,
  ...SIMD_ROWS,
  ...VECTOR_PREFIX_ROWS,
].map(parseRow);
