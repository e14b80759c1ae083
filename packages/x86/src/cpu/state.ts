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
  [0x0b8,   4, 'shadow',      'no interrupt before the next instruction ends: 1 after STI, 3 after MOV SS, when no single-step trap comes either'],
  [0x0bc,   4, 'debugPending', 'bits of DR6 that wait for their #DB behind a shadow: of MOV SS, or at the start of a task'],
  [0x0c0,  72, 'cr',          'CR0 to CR8, 8 bytes each'],
  [0x108,   4, 'nmi',         'NMI: one waits, and they are blocked until IRET'],
  [0x110,  64, 'dr',          'DR0 to DR7, 8 bytes each'],
  [0x180, 192, 'segments',    'ES CS SS DS FS GS, 32 bytes each: SEGMENT'],
  [0x240, 128, 'tables',      'LDTR TR GDTR IDTR, 32 bytes each: SEGMENT'],
  [0x300, 256, 'xmm',         'XMM0 to XMM15'],
  [0x400, 128, 'x87',         'R0 to R7, 16 bytes each: 64 bits of significand, 16 of sign and exponent'],
  [0x480,   4, 'fcw',         'x87 control word'],
  [0x484,   4, 'fsw',         'x87 status word, TOP in it'],
  [0x488,   4, 'ftw',         'x87 tags, one bit a register as FXSAVE has them: 1 is not empty'],
  [0x48c,   4, 'fop',         'opcode of the last x87 instruction, 11 bits'],
  [0x490,   8, 'fip',         'its address'],
  [0x498,   8, 'fdp',         'and that of its operand'],
  [0x4a0,   4, 'mxcsr',       'SSE control and status'],
  [0x500,   4, 'flagKind',    'translated code: how the flags follow from the next three, 0: they are in `eflags` and `result`'],
  [0x508,   8, 'flagA',       'first operand'],
  [0x510,   8, 'flagB',       'second operand'],
  [0x518,   8, 'flagResult',  'result'],
  [0x520,   4, 'left',        'instructions left of the budget'],
  [0x52c,   4, 'rights',      'what translated code may do of the system part: MAY'],
  [0x530,   8, 'horizon',     'the instruction count at which the budget of translated code ends'],
  [0x538,   8, 'tscFactor',   'what one instruction adds to the time-stamp counter'],
  [0x540,   8, 'called',      'where the last near CALL went: most likely the function that is running'],
  [0x548,   8, 'missed',      'where the access was that a handler has missed a tag for'],
  [0x600, 512, 'msrs',        'model-specific registers that live nowhere else, 8 bytes each: MSR_SLOTS'],
] as const satisfies readonly StateRow[];
export const STATE_SIZE = 0x1000;

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
  debugPending: wordOf('debugPending'),
  nmi: wordOf('nmi'),
  cr: wordOf('cr'),
  dr: wordOf('dr'),
  segments: wordOf('segments'),
  tables: wordOf('tables'),
  xmm: wordOf('xmm'),
  x87: wordOf('x87'),
  fcw: wordOf('fcw'),
  fsw: wordOf('fsw'),
  ftw: wordOf('ftw'),
  fop: wordOf('fop'),
  fip: wordOf('fip'),
  fdp: wordOf('fdp'),
  mxcsr: wordOf('mxcsr'),
  flagKind: wordOf('flagKind'),
  flagA: wordOf('flagA'),
  flagB: wordOf('flagB'),
  flagResult: wordOf('flagResult'),
  left: wordOf('left'),
  rights: wordOf('rights'),
  horizon: wordOf('horizon'),
  tscFactor: wordOf('tscFactor'),
  called: wordOf('called'),
  missed: wordOf('missed'),
  msrs: wordOf('msrs'),
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
  dpl: 0x60,
  /** Code or data; 0 is a system segment. */
  notSystem: 0x10,
  accessed: 0x01,
  conforming: 0x04,
  long: 0x200,
  big: 0x400,
  granular: 0x800,
} as const;

/** Places of the table registers behind WORD.tables, in SEGMENT.words. */
export const TABLE = { LDTR: 0, TR: 1, GDTR: 2, IDTR: 3 } as const;

/** Bits of CR0, CR4 and EFER. Source: Intel SDM vol. 3A, 2.5 and 2.2.1. */
// prettier-ignore
export const CR0 = {
  PE: 1, MP: 2, EM: 4, TS: 8, ET: 0x10, NE: 0x20, WP: 0x1_0000, AM: 0x4_0000, NW: 0x2000_0000, CD: 0x4000_0000, PG: 1 << 31,
} as const;
// prettier-ignore
export const CR4 = {
  VME: 1, PVI: 2, TSD: 4, DE: 8, PSE: 0x10, PAE: 0x20, MCE: 0x40, PGE: 0x80, PCE: 0x100, OSFXSR: 0x200, OSXMMEXCPT: 0x400, UMIP: 0x800,
  LA57: 0x1000, FSGSBASE: 0x1_0000, PCIDE: 0x2_0000, OSXSAVE: 0x4_0000, SMEP: 0x10_0000, SMAP: 0x20_0000, PKE: 0x40_0000,
} as const;
export const EFER = { SCE: 1, LME: 0x100, LMA: 0x400, NXE: 0x800 } as const;

/** What a model-specific register keeps at `WORD.msrs + 2 * slot`. FS and GS have their base in the segment, EFER its own place. */
// prettier-ignore
export const MSR_SLOTS = {
  kernelGsBase: 0, star: 1, lstar: 2, cstar: 3, sfmask: 4, sysenterCs: 5, sysenterEsp: 6, sysenterEip: 7, pat: 8, apicBase: 9,
  miscEnable: 10, tscOffset: 11, tscAux: 12, biosSignId: 13, mtrrDefType: 14, mtrr: 16 /* 16 variable ones, then 11 fixed ones */, randomState: 48,
  mcgStatus: 49, mcBank: 50 /* CTL, STATUS, ADDR, MISC */,
} as const;

/** Values of `shadow`. */
export const SHADOW = { sti: 1, movSs: 3 } as const;
/** Bits of `nmi`. */
export const NMI = { waits: 1, blocked: 2 } as const;

/** General registers, in the order of their numbers. */
// prettier-ignore
export const GENERAL_REGISTERS = ['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'] as const;
/** Numbers of those that have uses of their own. */
export const REGISTER = { rax: 0, rcx: 1, rdx: 2, rbx: 3, rsp: 4, rbp: 5, rsi: 6, rdi: 7 } as const;
