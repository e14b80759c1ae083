/**
 * The state block: everything a guest CPU is, at fixed offsets of a buffer that the interpreter and translated WebAssembly share. JavaScript
 * sees it through typed arrays; 64-bit values are pairs of 32-bit words, low word first, and never bigints on the way.
 */
type StateRow = readonly [offset: number, bytes: number, name: string, meaning: string];

// prettier-ignore
export const STATE_ROWS = [
  [0x000, 128, 'registers',   'rAX rCX rDX rBX rSP rBP rSI rDI r8 … r15, 8 bytes each'],
  [0x080,   8, 'rip',         'of the next instruction, or of the one that faulted'],
  [0x088,   4, 'eflags',      'all flags, but for ZF SF PF while `lazy` is 1'],
  [0x08c,   4, 'lazy',        '1: ZF, SF and PF are those of `result`'],
  [0x090,   8, 'result',      'of the last flag-setting operation, sign-extended to 64 bits'],
  [0x098,   8, 'count',       'instructions retired; every iteration of REP is one'],
  [0x0a0,   4, 'vector',      'of the pending exception, -1 when there is none'],
  [0x0a4,   4, 'errorCode',   'of the pending exception, -1 when it has none'],
  [0x0a8,   4, 'cpl',         'current privilege level'],
  [0x0ac,   4, 'codeSize',    '16, 32 or 64: how CS decodes'],
  [0x0b0,   8, 'efer',        'IA32_EFER'],
  [0x0b8,   4, 'shadow',      '1: no interrupt before the next instruction ends (STI, MOV SS)'],
  [0x0c0,  72, 'cr',          'CR0 to CR8, 8 bytes each'],
  [0x110,  64, 'dr',          'DR0 to DR7, 8 bytes each'],
  [0x180, 192, 'segments',    'ES CS SS DS FS GS, 32 bytes each: SEGMENT'],
  [0x240, 128, 'tables',      'LDTR TR GDTR IDTR, 32 bytes each: SEGMENT'],
  [0x300, 256, 'xmm',         'XMM0 to XMM15'],
] as const satisfies readonly StateRow[];
export const STATE_SIZE = 0x400;

type StateName = (typeof STATE_ROWS)[number][2];
const wordOf = (name: StateName): number => {
  const row = STATE_ROWS.find(([, , own]) => own === name);
  if (row === undefined) throw new Error(`the state block has no ${name}`);
  return row[0] >> 2;
};

/** Indexes of 32-bit words of the state block. */
export const WORD = {
  rip: wordOf('rip'),
  eflags: wordOf('eflags'),
  lazy: wordOf('lazy'),
  result: wordOf('result'),
  count: wordOf('count'),
  vector: wordOf('vector'),
  errorCode: wordOf('errorCode'),
  cpl: wordOf('cpl'),
  codeSize: wordOf('codeSize'),
  efer: wordOf('efer'),
  shadow: wordOf('shadow'),
  cr: wordOf('cr'),
  dr: wordOf('dr'),
  segments: wordOf('segments'),
  tables: wordOf('tables'),
} as const;

/** Words of a segment's descriptor cache. */
export const SEGMENT = { selector: 0, attributes: 1, baseLo: 2, baseHi: 3, limit: 4, words: 8 } as const;
/** Attributes of a cached descriptor: the access byte, and above it the flags of the granularity byte. */
export const ATTRIBUTE = {
  present: 0x80,
  code: 0x08,
  writable: 0x02,
  readable: 0x02,
  expandDown: 0x04,
  long: 0x200,
  big: 0x400,
} as const;

/** Numbers of the general registers. */
export const REGISTER = { rax: 0, rcx: 1, rdx: 2, rbx: 3, rsp: 4, rbp: 5, rsi: 6, rdi: 7 } as const;
