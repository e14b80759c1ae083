/** Runs a record in the core, and says in what the result differs from the processor's. */
import { ATTRIBUTE, SEG, SEGMENT, undefinedByCount, WORD, type Cpu } from '../src/index';
import { FORMS, type Form } from '../src/isa';
import { compareImage, loadImage } from './image';
import { FlatPlayer, type Player } from './player';
import {
  CODE,
  CODE_SIZES,
  LDT_BASE,
  PATTERN,
  SELECTORS,
  START,
  WINDOW,
  WINDOW_SIZE,
  type Patch,
  type TestRecord,
  type TestResult,
} from './record';

const before = new Uint8Array(WINDOW_SIZE);
const beforeWords = new Int32Array(before.buffer);
const beforeView = new DataView(before.buffer);
const flat = new FlatPlayer();
/** As Linux has them: PE MP ET NE WP AM PG; PAE, OSFXSR, OSXMMEXCPT. */
const CR0 = 0x80050033 | 0;
const CR4 = 0x620;

const lowWord = (value: bigint): number => Number(BigInt.asIntN(32, value));
const highWord = (value: bigint): number => Number(BigInt.asIntN(32, value >> 32n));
const pair = (cpu: Cpu, word: number): bigint =>
  (BigInt(cpu.word(word + 1) >>> 0) << 32n) | BigInt(cpu.word(word) >>> 0);

function setSegments(cpu: Cpu, mode: number): void {
  for (let segment = 0; segment < 6; segment++) {
    const at = WORD.segments + SEGMENT.words * segment;
    const selector = SELECTORS[mode]?.[segment] ?? 0;
    const isCode = segment === SEG.CS;
    const size = mode === 2 ? 0 : isCode && mode === 0 ? ATTRIBUTE.long : ATTRIBUTE.big;
    const type = isCode ? 0x7a : 0x72;
    cpu.words[at] = selector;
    cpu.words[at + SEGMENT.attributes] = selector === 0 ? 0 : ATTRIBUTE.present | type | size;
    cpu.words[at + SEGMENT.baseLo] =
      mode === 2 ? (isCode ? CODE : LDT_BASE) : segment === SEG.GS && mode === 0 ? WINDOW : 0;
    cpu.words[at + SEGMENT.limit] = mode === 2 ? 0xffff : -1;
  }
}

function setState({ cpu, window }: Player, record: TestRecord): void {
  before.set(PATTERN.subarray(record.seed, record.seed + WINDOW_SIZE));
  for (const { offset, value } of record.patches) beforeView.setBigUint64(offset, value, true);
  window.set(before);
  record.registers.forEach((value, i) => {
    cpu.words[2 * i] = lowWord(value);
    cpu.words[2 * i + 1] = highWord(value);
  });
  cpu.words[WORD.rip] = record.mode === 2 ? START : CODE + START;
  cpu.words[WORD.rip + 1] = 0;
  cpu.words[WORD.eflags] = record.eflags | 0x202;
  cpu.words[WORD.lazy] = 0;
  cpu.words[WORD.cpl] = 3;
  cpu.words[WORD.codeSize] = CODE_SIZES[record.mode];
  cpu.words[WORD.cr] = CR0;
  cpu.words[WORD.cr + 8] = CR4;
  if (record.image !== undefined) loadImage(cpu, record.image);
  setSegments(cpu, record.mode);
}

/** What a player makes of a record; the form is that of its instruction. */
export function play(
  record: TestRecord,
  player: Player = flat,
): { result: TestResult; form: Form | undefined; size: number } | string {
  const { cpu, window } = player;
  player.setCode(record.code);
  const { exit, form, size } = player.play(() => {
    setState(player, record);
  });
  if (exit.reason === 'unimplemented') return `not implemented: ${FORMS[exit.form]?.row.join(' ; ')}`;
  if (exit.reason !== 'exception') return `ended with ${exit.reason}`;
  const changes: Patch[] = [];
  const words = new Int32Array(window.buffer, window.byteOffset, WINDOW_SIZE / 4);
  const view = new DataView(window.buffer, window.byteOffset);
  for (let i = 0; i < words.length; i += 2)
    if (words[i] !== beforeWords[i] || words[i + 1] !== beforeWords[i + 1])
      changes.push({ offset: 4 * i, value: view.getBigUint64(4 * i, true) });
  const result = {
    registers: Array.from({ length: 16 }, (_, i) => pair(cpu, 2 * i)),
    rip: pair(cpu, WORD.rip),
    eflags: cpu.flags(),
    vector: exit.vector,
    errorCode: exit.errorCode ?? 0,
    cr2: pair(cpu, WORD.cr + 4),
    changes,
  };
  return { result, form, size };
}

/** DF and the status flags, TF, NT, AC and ID; without those that the manual leaves undefined here. */
function flagMask(form: Form, size: number, record: TestRecord): number {
  const all = 0x40dd5; // not NT and ID, which sigreturn does not restore
  const lastOperand = form.operands.at(-1)?.text;
  const raw =
    lastOperand === 'CL'
      ? Number((record.registers[1] ?? 0n) & 0xffn)
      : lastOperand === '1'
        ? 1
        : (record.code.at(-1) ?? 0);
  return (
    all &
    ~form.flags.undefines &
    ~(form.flags.conditional ? undefinedByCount(form.name, raw & (size === 8 ? 63 : 31), 8 * size) : 0)
  );
}

const hex = (value: bigint | number): string => value.toString(16);

/** The first differences between the processor's result and ours; empty when they agree. */
export function compare(record: TestRecord, theirs: TestResult, player: Player = flat): string {
  const own = play(record, player);
  if (typeof own === 'string') return own;
  const { result, form, size } = own;
  if (form === undefined) return 'no form';
  const differences: string[] = [];
  const differ = (what: string, a: bigint | number, b: bigint | number) => {
    if (a !== b) differences.push(`${what} ${hex(a)}, processor ${hex(b)}`);
  };
  differ('vector', result.vector, theirs.vector);
  if (result.vector === theirs.vector && result.vector !== 3) {
    // what is behind the last page of the user's half is the kernel's business
    const present = result.vector === 14 && theirs.cr2 >= 0x7ffffffff000n ? ~1 : ~0;
    differ('error code', result.errorCode & present, theirs.errorCode & present);
    if (result.vector === 14) differ('cr2', result.cr2, theirs.cr2);
  }
  differ('rip', result.rip, theirs.rip);
  const mask = flagMask(form, size, record);
  differ('eflags', result.eflags & mask, theirs.eflags & mask);
  const registers = record.mode === 0 ? 16 : 8;
  const width = record.mode === 0 ? 64 : 32;
  for (let i = 0; i < registers; i++)
    differ(`r${i}`, BigInt.asUintN(width, result.registers[i] ?? 0n), BigInt.asUintN(width, theirs.registers[i] ?? 0n));
  if (record.image !== undefined && theirs.image !== undefined)
    differences.push(...compareImage(player.cpu, record.image, theirs.image, registers));
  // this processor's MXCSR has one bit more than ours, and FXSAVE says so
  const isMask = (value: bigint) => form.name === 'FXSAVE' && value >> 32n === 0x2ffffn;
  const show = (changes: readonly Patch[]) =>
    changes.map(({ offset, value }) => `${hex(offset)}=${hex(isMask(value) ? value ^ (1n << 49n) : value)}`).join(' ');
  if (show(result.changes) !== show(theirs.changes))
    differences.push(`memory ${show(result.changes)}, processor ${show(theirs.changes)}`);
  return differences.join('; ');
}
