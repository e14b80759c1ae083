/** x87, MMX and SSE where no user process can look: who may use them, and what real mode stores. The rest is in the recorded results. */
import { ATTRIBUTE, Cpu, FlatMemory, Interpreter, SEG, SEGMENT, VECTOR, WORD } from '../src/index';

const CODE = 0x1000;
const DATA = 0x2000;
const CR0 = { PE: 1, MP: 2, EM: 4, TS: 8, NE: 0x20 };
const CR4 = { OSFXSR: 0x200, OSXMMEXCPT: 0x400 };

function machine(code: readonly number[], cr0: number, cr4: number) {
  const data = new Uint8Array(0x1000);
  const text = new Uint8Array(0x1000).fill(0xcc);
  text.set(code);
  const memory = new FlatMemory([
    { start: CODE, bytes: text, writable: false, executable: true },
    { start: DATA, bytes: data, writable: true, executable: false },
  ]);
  const cpu = new Cpu(memory);
  const flat = ATTRIBUTE.present | ATTRIBUTE.writable | ATTRIBUTE.big;
  for (let segment = 0; segment < 6; segment++) {
    const at = WORD.segments + SEGMENT.words * segment;
    cpu.words[at + SEGMENT.attributes] = segment === SEG.CS ? flat | ATTRIBUTE.code : flat;
    cpu.words[at + SEGMENT.limit] = -1;
  }
  cpu.words[WORD.codeSize] = 32;
  cpu.words[WORD.rip] = CODE;
  cpu.words[WORD.eflags] = 2;
  cpu.words[WORD.fcw] = 0x37f;
  cpu.words[WORD.mxcsr] = 0x1f80;
  cpu.words[WORD.cr] = cr0;
  cpu.words[WORD.cr + 8] = cr4;
  return { cpu, data, interpreter: new Interpreter(cpu, { deliver: false }) };
}

const USABLE = CR0.PE | CR0.NE;
const ADDPS = [0x0f, 0x58, 0xc1];
const DIVPS = [0x0f, 0x5e, 0xc1];
const PADDB = [0x0f, 0xfc, 0xc1];
const FLD1 = [0xd9, 0xe8];
const FNINIT = [0xdb, 0xe3];
const WAIT = [0x9b];
const FXSAVE = [0x0f, 0xae, 0x05, 0x00, 0x20, 0x00, 0x00];
const STMXCSR = [0x0f, 0xae, 0x1d, 0x00, 0x20, 0x00, 0x00];
const SSE = CR4.OSFXSR | CR4.OSXMMEXCPT;

// prettier-ignore
test.each([
  ['SSE with everything in its place',      ADDPS,   USABLE,                   SSE,        undefined],
  ['SSE without OSFXSR',                    ADDPS,   USABLE,                   0,          VECTOR.UD],
  ['SSE with EM',                           ADDPS,   USABLE | CR0.EM,          SSE,        VECTOR.UD],
  ['SSE with TS',                           ADDPS,   USABLE | CR0.TS,          SSE,        VECTOR.NM],
  ['STMXCSR without OSFXSR',                STMXCSR, USABLE,                   0,          VECTOR.UD],
  ['MMX without OSFXSR',                    PADDB,   USABLE,                   0,          undefined],
  ['MMX with EM',                           PADDB,   USABLE | CR0.EM,          SSE,        VECTOR.UD],
  ['MMX with TS',                           PADDB,   USABLE | CR0.TS,          SSE,        VECTOR.NM],
  ['x87 with EM',                           FLD1,    USABLE | CR0.EM,          SSE,        VECTOR.NM],
  ['x87 with TS',                           FLD1,    USABLE | CR0.TS,          SSE,        VECTOR.NM],
  ['FNINIT with TS',                        FNINIT,  USABLE | CR0.TS,          SSE,        VECTOR.NM],
  ['FXSAVE with TS',                        FXSAVE,  USABLE | CR0.TS,          SSE,        VECTOR.NM],
  ['WAIT with TS alone',                    WAIT,    USABLE | CR0.TS,          SSE,        undefined],
  ['WAIT with TS and MP',                   WAIT,    USABLE | CR0.TS | CR0.MP, SSE,        VECTOR.NM],
] as const)('%s', (_, code, cr0, cr4, vector) => {
  const { cpu, interpreter } = machine(code, cr0, cr4);
  const exit = interpreter.run(1);
  expect(exit).toEqual(vector === undefined ? { reason: 'budget' } : { reason: 'exception', vector });
  expect(cpu.word(WORD.rip)).toBe(vector === undefined ? CODE + code.length : CODE);
});

test.each([
  ['#XM where the system handles it', SSE, VECTOR.XM],
  ['#UD where it does not', CR4.OSFXSR, VECTOR.UD],
])('an SSE exception that is not masked is %s', (_, cr4, vector) => {
  const { cpu, interpreter } = machine(DIVPS, USABLE, cr4);
  cpu.words[WORD.mxcsr] = 0x1d80; // division by zero is not masked
  cpu.words[WORD.xmm] = 0x3f800000;
  expect(interpreter.run(1)).toEqual({ reason: 'exception', vector });
  expect(cpu.word(WORD.xmm)).toBe(0x3f800000);
  expect(cpu.word(WORD.mxcsr)).toBe(0x1d85); // 0/0 in the other elements is invalid
});

test('FXSAVE without OSFXSR leaves the XMM registers out', () => {
  const { data, cpu, interpreter } = machine(FXSAVE, USABLE, 0);
  cpu.words.fill(-1, WORD.xmm, WORD.xmm + 64);
  interpreter.run(1);
  expect(new DataView(data.buffer).getUint32(0, true)).toBe(0x037f);
  expect(new DataView(data.buffer).getUint32(28, true)).toBe(0xffff); // MXCSR_MASK
  expect(data.subarray(160).every((byte) => byte === 0)).toBe(true);
});

test('outside protected mode FNSTENV packs addresses and opcode, as figure 8-11 of the manual (vol. 1) has them', () => {
  const { data, cpu, interpreter } = machine([0xd9, 0x35, 0x00, 0x20, 0x00, 0x00], CR0.NE, 0);
  cpu.words[WORD.fip] = 0x12345;
  cpu.words[WORD.fdp] = 0xabcde;
  cpu.words[WORD.fop] = 0x5d9;
  interpreter.run(1);
  const view = new DataView(data.buffer);
  const words = Array.from({ length: 7 }, (_, i) => view.getUint32(4 * i, true).toString(16));
  expect(words).toEqual(['ffff037f', 'ffff0000', 'ffffffff', '2345', '15d9', 'bcde', 'ffffa000']);
});

test('outside protected mode FLDENV puts them together again', () => {
  const { data, cpu, interpreter } = machine([0xd9, 0x25, 0x00, 0x20, 0x00, 0x00], CR0.NE, 0);
  data.set(new Uint8Array(Uint32Array.of(0x37f, 0, 0xffff, 0x2345, 0x15d9, 0xbcde, 0xa000).buffer));
  interpreter.run(1);
  expect([WORD.fip, WORD.fdp, WORD.fop].map((word) => cpu.word(word))).toEqual([0x12345, 0xabcde, 0x5d9]);
});
