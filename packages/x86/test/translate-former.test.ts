import { LANE, LANES, OPERATIONS } from '../src/index';
import { FORM_OP } from '../src/decode/tables';
import { Former, type CodeSource } from '../src/translate/former';
import { NO_BLOCK, type Mode, type Region } from '../src/translate/region';
import { assemble } from './machine-programs';

const BASE = 0x40_0000;
const LONG: Mode = { codeSize: 64, paged: false, segments: [], key: 4 };
const PROTECTED: Mode = { codeSize: 32, paged: false, segments: [0, 0, 0, 0, 0, 0], key: 1 };

interface Setting {
  readonly code: string;
  /** Offsets that the interpreter has not been at, or nothing else than these. */
  readonly unseen?: readonly number[];
  /** Offsets at which another region is entered. */
  readonly taken?: readonly number[];
  /** Bytes from here on cannot be had: not fetched, barred, or not there. */
  readonly end?: number;
  readonly base?: readonly [lo: number, hi: number];
  readonly mode?: Mode;
  readonly inside?: number;
  readonly kept?: readonly number[];
}

function form({ code, unseen = [], taken = [], end, base = [BASE, 0], mode = LONG, inside = 0, kept = [] }: Setting) {
  const bytes = assemble(code);
  const offset = (lo: number, hi: number): number => {
    const from = BigInt.asUintN(64, (BigInt(hi) << 32n) | BigInt(lo >>> 0));
    const distance = from - ((BigInt(base[1]) << 32n) | BigInt(base[0] >>> 0));
    return Number(mode.codeSize === 64 ? BigInt.asIntN(64, distance) : BigInt.asIntN(32, distance));
  };
  const source: CodeSource = {
    forms: undefined,
    peek: (lo, hi, to, count) => {
      const at = offset(lo, hi);
      if (at < 0) return 0;
      const own = bytes.subarray(at, Math.min(at + count, end ?? bytes.length));
      to.set(own);
      return own.length;
    },
    seen: (lo, hi) => !unseen.includes(offset(lo, hi)),
    taken: (lo, hi) => taken.includes(offset(lo, hi)),
  };
  return new Former(source).form(base[0], base[1], mode, inside, kept);
}

/** A block as its offset, its instructions, and where it goes by offset: `.` where nothing follows, `out` for what is not of the region. */
function textOf({ blocks, lanes }: Region): string[] {
  return blocks.map(({ start, first, count, next, successors, leaves }, i) => {
    const names = Array.from(
      { length: count },
      (_, n) => OPERATIONS[FORM_OP[lanes[LANES * (first + n) + LANE.form] as number] as number],
    );
    const to = successors.map((own) => (own === NO_BLOCK ? '.' : own < 0 ? 'out' : `#${own}`));
    return `#${i} ${start}-${next} ${names.join(' ')} -> ${leaves ? 'interpreter' : to.join(' ') || 'anywhere'}`;
  });
}
const entriesOf = ({ blocks, entries }: Region): (number | undefined)[] => entries.map((own) => blocks[own]?.start);

const LOOP = 'ffc0 ; inc eax\n 39c8 ; cmp eax, ecx\n 75fa ; jne 0\n c3';
const NOPS = (count: number): string => '90'.repeat(count);
/** A CALL over what lies between it and a function. */
const call = (distance: number): string => {
  const bytes = Buffer.alloc(5);
  bytes[0] = 0xe8;
  bytes.writeInt32LE(distance, 1);
  return bytes.toString('hex');
};

// prettier-ignore
const ROWS: readonly { what: string; setting: Setting; blocks: readonly string[]; entries: readonly number[] }[] = [
  { what: 'code to a return', setting: { code: 'ffc0 c3 90' }, entries: [0],
    blocks: ['#0 0-3 INC RET -> anywhere'] },
  { what: 'a loop', setting: { code: LOOP }, entries: [0],
    blocks: ['#0 0-6 INC CMP JNE -> #1 #0', '#1 6-7 RET -> anywhere'] },
  { what: 'a loop whose end was not seen', setting: { code: LOOP, unseen: [6] }, entries: [0],
    blocks: ['#0 0-6 INC CMP JNE -> out #0'] },
  { what: 'a jump into what was decoded already cuts it', setting: { code: '90 ffc0 39c8 75fa c3' }, entries: [0, 1],
    blocks: ['#0 0-1 NOP -> #1', '#1 1-7 INC CMP JNE -> #2 #1', '#2 7-8 RET -> anywhere'] },
  { what: 'a diamond', setting: { code: '85c0 7404 ffc0 eb02 ffc8 c3' }, entries: [0],
    blocks: ['#0 0-4 TEST JE -> #1 #2', '#1 4-8 INC JMP -> . #3', '#2 8-10 DEC -> #3', '#3 10-11 RET -> anywhere'] },
  { what: 'a jump to where another region is entered leaves; what comes there by itself goes on', setting: { code: '85c0 7402 ffc0 c3', taken: [6] }, entries: [0],
    blocks: ['#0 0-4 TEST JE -> #1 out', '#1 4-7 INC RET -> anywhere'] },
  { what: 'an instruction of the interpreter ends a block, and what follows is entered', setting: { code: 'ffc0 0fa2 ffc8 c3' }, entries: [0, 4],
    blocks: ['#0 0-2 INC -> interpreter', '#1 4-7 DEC RET -> anywhere'] },
  { what: 'nobody comes back to what follows and was not seen', setting: { code: 'ffc0 0fa2 ffc8 c3', unseen: [4] }, entries: [0],
    blocks: ['#0 0-2 INC -> interpreter'] },
  { what: 'bytes that cannot be had end a block before the instruction that they cut', setting: { code: 'ffc0 b801000000 c3', end: 6 }, entries: [0],
    blocks: ['#0 0-2 INC -> interpreter'] },
  { what: 'bytes that are no instruction', setting: { code: 'ffc0 0fff' }, entries: [0],
    blocks: ['#0 0-2 INC -> interpreter'] },
  { what: 'an indirect jump', setting: { code: 'ffc0 ffe0 90' }, entries: [0],
    blocks: ['#0 0-4 INC JMP -> . out'] },
  { what: 'an indirect call is left, and what follows is entered', setting: { code: 'ffd0 ffc0 c3' }, entries: [0, 2],
    blocks: ['#0 0-2 CALL -> anywhere', '#1 2-5 INC RET -> anywhere'] },
  { what: 'a call of a leaf takes it in: its RET comes back or goes out', setting: { code: `${call(3)} ffc0 c3 ffc8 c3` }, entries: [0],
    blocks: ['#0 0-5 CALL -> . #2', '#1 5-8 INC RET -> anywhere', '#2 8-11 DEC RET -> #1 out'] },
  { what: 'two calls of a leaf take it in twice', setting: { code: `${call(6)} ${call(1)} c3 ffc8 c3` }, entries: [0],
    blocks: ['#0 0-5 CALL -> . #3', '#1 5-10 CALL -> . #4', '#2 10-11 RET -> anywhere', '#3 11-14 DEC RET -> #1 out', '#4 11-14 DEC RET -> #2 out'] },
  { what: 'a call of a function that calls', setting: { code: `${call(1)} c3 ${call(1)} c3 ffc8 c3` }, entries: [0],
    blocks: ['#0 0-5 CALL -> . #2', '#1 5-6 RET -> anywhere', '#2 6-11 CALL -> . #4', '#3 11-12 RET -> #1 out', '#4 12-15 DEC RET -> #3 out'] },
  { what: 'recursion is not taken in', setting: { code: `${call(1)} c3 85c0 7405 ${call(-9)} c3` }, entries: [0, 5],
    blocks: ['#0 0-5 CALL -> anywhere', '#1 5-6 RET -> anywhere'] },
  { what: 'a function that is too large is not taken in', setting: { code: `${call(1)} c3 ${NOPS(64)} c3` }, entries: [0, 5],
    blocks: ['#0 0-5 CALL -> anywhere', '#1 5-6 RET -> anywhere'] },
  { what: 'a function with an instruction of the interpreter is not taken in', setting: { code: `${call(1)} c3 0fa2 c3` }, entries: [0, 5],
    blocks: ['#0 0-5 CALL -> anywhere', '#1 5-6 RET -> anywhere'] },
  { what: 'a call that never came back leaves', setting: { code: `${call(1)} c3 ffc8 c3`, unseen: [5] }, entries: [0],
    blocks: ['#0 0-5 CALL -> anywhere'] },
  { what: 'a block that is hot inside becomes an entry', setting: { code: '85c0 7404 ffc0 eb02 ffc8 c3', inside: 8 }, entries: [0, 8],
    blocks: ['#0 0-4 TEST JE -> #1 #2', '#1 4-8 INC JMP -> . #3', '#2 8-10 DEC -> #3', '#3 10-11 RET -> anywhere'] },
  { what: 'an entry in the middle of a block cuts it; entries that were there before stay, if there is code', setting: { code: 'ffc0 ffc8 90 c3', inside: 2, kept: [4, 50] }, entries: [0, 2, 4],
    blocks: ['#0 0-2 INC -> #1', '#1 2-4 DEC -> #2', '#2 4-6 NOP RET -> anywhere'] },
];

test.each(ROWS)('$what', ({ setting, blocks, entries }) => {
  const region = form(setting);
  expect(region && textOf(region)).toEqual(blocks);
  expect(region && entriesOf(region)).toEqual(entries);
});

test.each([
  { what: 'the first instruction is the interpreter`s', setting: { code: '0fa2 c3' } },
  { what: 'there is no code', setting: { code: '90', end: 0 } },
  { what: 'code does not lead to the hot block', setting: { code: 'c3 90 c3', inside: 1 } },
  { what: 'the hot block is the middle of an instruction', setting: { code: 'b890909090 c3', inside: 2 } },
])('no region when $what', ({ setting }) => {
  expect(form(setting)).toBeUndefined();
});

describe('limits', () => {
  test('64 instructions are still taken in, with the RET', () => {
    const region = form({ code: `${call(1)} c3 ${NOPS(63)} c3` });
    expect(region?.blocks.map(({ count }) => count)).toEqual([1, 1, 64]);
  });

  test('calls are taken in three deep', () => {
    // each calls the next one, which is behind its RET
    const region = form({ code: `${`${call(1)} c3`.repeat(5)} c3` });
    // the fourth call is of the interpreter's, so the functions with it are not taken in, nor those that call them
    expect(region && textOf(region)).toEqual(['#0 0-5 CALL -> anywhere', '#1 5-6 RET -> anywhere']);
    const three = form({ code: `${`${call(1)} c3`.repeat(3)} c3` });
    expect(three?.blocks.map(({ start }) => start)).toEqual([0, 5, 6, 11, 12, 17, 18]);
  });

  test('a region ends with 1500 instructions, and goes on in the interpreter', () => {
    const region = form({ code: NOPS(2000) });
    expect(region?.offsets.length).toBe(1500);
    expect(region?.blocks).toMatchObject([{ start: 0, count: 1500, next: 1500, leaves: true }]);
  });

  test('jumps a gigabyte away are not followed', () => {
    const region = form({ code: 'e9fbffff3f' }); // to 0x40000000
    expect(region && textOf(region)).toEqual(['#0 0-5 JMP -> . out']);
    const further = form({ code: 'e9fcffff3f' });
    expect(further && textOf(further)).toEqual(['#0 0-5 JMP -> . out']);
  });
});

test('addresses wrap at 4 GiB in 32-bit code, and carry in 64-bit code', () => {
  // at 0xfffffffe: inc eax (2 bytes); dec eax; ret
  const code = 'ffc0 ffc8 c3';
  const whole = ['#0 0-5 INC DEC RET -> anywhere'];
  for (const mode of [LONG, PROTECTED]) {
    const region = form({ code, base: [-2, 0], mode });
    expect(region && textOf(region)).toEqual(whole);
  }
});

test('the blocks of a region cover its instructions without overlap', () => {
  const region = form({ code: `85c0 7405 ${call(8)} ffc8 75f3 eb01 90 c3 ${LOOP}` });
  const numbers =
    region?.blocks.flatMap(({ first, count }) => Array.from({ length: count }, (_, i) => first + i)) ?? [];
  expect(numbers.sort((x, y) => x - y)).toEqual(region?.offsets.map((_, i) => i));
});

test('a function too far away for an offset is not taken in', () => {
  const far = 0x7fff_ff80;
  const source: CodeSource = {
    forms: undefined,
    peek: (lo, hi, to, count) => {
      const offset = hi * 2 ** 32 + (lo >>> 0) - BASE;
      // call far; ret; …; ret
      const bytes =
        offset < 16 ? assemble('e880ffff7f c3').subarray(offset) : offset === far + 5 ? Uint8Array.of(0xc3) : [];
      to.set(bytes);
      return Math.min(bytes.length, count);
    },
    seen: () => true,
    taken: () => false,
  };
  const region = new Former(source).form(BASE, 0, LONG, 0, []);
  expect(region?.offsets).toEqual([0, 5]);
});
