import { type IsaRow } from './row.js';

/**
 * What came after SSE3, one line an opcode: the names for NP, 66, F3 and F2, `-` where there is none. Decoded for their length and
 * their memory operand; they raise #UD until a later stage. Source: Intel SDM vol. 2D, tables.
 */
// prettier-ignore
const BY_PREFIX: readonly (readonly [encoding: string, names: string, attributes?: string])[] = [
  ['0F 78 /r', 'VMREAD - - -', 'flags=VMX'],
  ['0F 78 /0 ib ib', '- EXTRQ - -', 'reg'],
  ['0F 78 /r ib ib', '- - - INSERTQ', 'reg'],
  ['0F 79 /r', 'VMWRITE - - -', 'flags=VMX'],
  ['0F 79 /r', '- EXTRQ - INSERTQ', 'reg'],

  ...both(0x00, 'PSHUFB PHADDW PHADDD PHADDSW PMADDUBSW PHSUBW PHSUBD PHSUBSW PSIGNB PSIGNW PSIGND PMULHRSW', '0F 38'),
  ...both(0x1c, 'PABSB PABSW PABSD', '0F 38'),
  ['0F 38 10 /r', '- PBLENDVB - -'],
  ['0F 38 14 /r', '- BLENDVPS - -'],
  ['0F 38 15 /r', '- BLENDVPD - -'],
  ['0F 38 17 /r', '- PTEST - -'],
  ...only66(0x20, 'PMOVSXBW PMOVSXBD PMOVSXBQ PMOVSXWD PMOVSXWQ PMOVSXDQ', '0F 38'),
  ...only66(0x28, 'PMULDQ PCMPEQQ', '0F 38'),
  ['0F 38 2A /r', '- MOVNTDQA - -', 'mem'],
  ['0F 38 2B /r', '- PACKUSDW - -'],
  ...only66(0x30, 'PMOVZXBW PMOVZXBD PMOVZXBQ PMOVZXWD PMOVZXWQ PMOVZXDQ', '0F 38'),
  ...only66(0x37, 'PCMPGTQ PMINSB PMINSD PMINUW PMINUD PMAXSB PMAXSD PMAXUW PMAXUD PMULLD PHMINPOSUW', '0F 38'),
  ['0F 38 80 /r', '- INVEPT - -', 'mem flags=VMX'],
  ['0F 38 81 /r', '- INVVPID - -', 'mem flags=VMX'],
  ['0F 38 82 /r', '- INVPCID - -', 'mem'],
  ['0F 38 C8 /r', 'SHA1NEXTE - - -'],
  ['0F 38 C9 /r', 'SHA1MSG1 - - -'],
  ['0F 38 CA /r', 'SHA1MSG2 - - -'],
  ['0F 38 CB /r', 'SHA256RNDS2 - - -'],
  ['0F 38 CC /r', 'SHA256MSG1 - - -'],
  ['0F 38 CD /r', 'SHA256MSG2 - - -'],
  ['0F 38 CF /r', '- GF2P8MULB - -'],
  ['0F 38 D8 /0', '- - AESENCWIDE128KL -', 'mem flags=KEYLOCKER'],
  ['0F 38 D8 /1', '- - AESDECWIDE128KL -', 'mem flags=KEYLOCKER'],
  ['0F 38 D8 /2', '- - AESENCWIDE256KL -', 'mem flags=KEYLOCKER'],
  ['0F 38 D8 /3', '- - AESDECWIDE256KL -', 'mem flags=KEYLOCKER'],
  ...only66(0xdb, 'AESIMC AESENC AESENCLAST AESDEC AESDECLAST', '0F 38'),
  ['0F 38 DC /r', '- - AESENC128KL -', 'mem flags=KEYLOCKER'],
  ['0F 38 DC /r', '- - LOADIWKEY -', 'reg flags=KEYLOCKER'],
  ['0F 38 DD /r', '- - AESDEC128KL -', 'mem flags=KEYLOCKER'],
  ['0F 38 DE /r', '- - AESENC256KL -', 'mem flags=KEYLOCKER'],
  ['0F 38 DF /r', '- - AESDEC256KL -', 'mem flags=KEYLOCKER'],
  ['0F 38 F5 /r', '- WRUSSD|WRUSSD|WRUSSQ - -', 'mem'],
  ['0F 38 F6 /r', 'WRSSD|WRSSD|WRSSQ - - -', 'mem'],
  ['0F 38 F8 /r', '- MOVDIR64B - -', 'mem'],
  ['0F 38 F8 /r', '- - ENQCMDS ENQCMD', 'mem flags=ENQCMD'],
  ['0F 38 F9 /r', 'MOVDIRI - - -', 'mem'],
  ['0F 38 FA /r', '- - ENCODEKEY128 -', 'reg flags=ENCODEKEY'],
  ['0F 38 FB /r', '- - ENCODEKEY256 -', 'reg flags=ENCODEKEY'],
  ['0F 38 FC /r', 'AADD AAND AXOR AOR', 'mem'],

  ...only66(0x08, 'ROUNDPS ROUNDPD ROUNDSS ROUNDSD BLENDPS BLENDPD PBLENDW', '0F 3A'),
  ['0F 3A 0F /r ib', 'PALIGNR PALIGNR - -'],
  ...only66(0x14, 'PEXTRB PEXTRW PEXTRD|PEXTRD|PEXTRQ EXTRACTPS', '0F 3A'),
  ...only66(0x20, 'PINSRB INSERTPS PINSRD|PINSRD|PINSRQ', '0F 3A'),
  ...only66(0x40, 'DPPS DPPD MPSADBW', '0F 3A'),
  ['0F 3A 44 /r ib', '- PCLMULQDQ - -'],
  ['0F 3A 60 /r ib', '- PCMPESTRM|PCMPESTRM|PCMPESTRM64 - -', 'flags=PCMPSTR'],
  ['0F 3A 61 /r ib', '- PCMPESTRI|PCMPESTRI|PCMPESTRI64 - -', 'flags=PCMPSTR'],
  ['0F 3A 62 /r ib', '- PCMPISTRM - -', 'flags=PCMPSTR'],
  ['0F 3A 63 /r ib', '- PCMPISTRI - -', 'flags=PCMPSTR'],
  ['0F 3A CC /r ib', 'SHA1RNDS4 - - -'],
  ['0F 3A CE /r ib', '- GF2P8AFFINEQB - -'],
  ['0F 3A CF /r ib', '- GF2P8AFFINEINVQB - -'],
  ['0F 3A DF /r ib', '- AESKEYGENASSIST - -'],
  ['0F 3A F0 C0 ib', '- - HRESET -'],

  ['0F 01 /5',       '- - RSTORSSP -', 'mem flags=RSTORSSP'],
  ['0F 01 C6',       'WRMSRNS - - -'],
  ['0F 01 C6',       '- - WRMSRLIST RDMSRLIST', 'o64'],
  ['0F 01 FD',       '- - RMPQUERY -', 'o64 flags=RMPQUERY'],
  ['0F 01 CA',       '- - ERETU ERETS', 'o64 flags=POPF'],
  ['0F 01 E8',       '- - SETSSBSY XSUSLDTRK'],
  ['0F 01 E9',       '- - - XRESLDTRK'],
  ['0F 01 EA',       '- - SAVEPREVSSP -', 'flags=SETB'],
  ['0F 01 FA',       '- - MCOMMIT -', 'flags=MCOMMIT'],
  ['0F 01 FE',       'INVLPGB - - -'],
  ['0F 01 FF',       'TLBSYNC - - -'],
  ['0F 01 FF',       '- - - PVALIDATE', 'flags=RMP'],
  ['0F 01 FE',       '- - RMPADJUST RMPUPDATE', 'o64 flags=RMPQUERY'],
  ['0F 01 FF',       '- - PSMASH -', 'o64 flags=RMPQUERY'],
  ['0F 00 /6',       '- - - LKGS', 'o64'],
  ['0F C7 /6',       '- - SENDUIPI -', 'o64 reg'],
  ['0F 1E /1',       '- - RDSSPD|RDSSPD|RDSSPQ -', 'reg'],
  ['0F AE /5',       '- - INCSSPD|INCSSPD|INCSSPQ -', 'reg'],
  ['0F AE /6',       '- - UMONITOR -', 'reg'],
  ['0F AE /6',       '- - - UMWAIT', 'reg flags=UMWAIT'],
  ['0F 01 CC',       '- TDCALL - -'],
  ['0F 01 CD',       '- SEAMRET - -', 'o64 flags=VMX'],
  ['0F 01 CE',       '- SEAMOPS - -', 'o64 flags=KEYLOCKER'],
  ['0F 01 CF',       '- SEAMCALL - -', 'o64 flags=RSTORSSP'],
  ['0F 01 EC',       '- - UIRET -', 'o64 flags=UIRET'],
  ['0F 01 ED',       '- - TESTUI -', 'o64 flags=TESTUI'],
  ['0F 01 EE',       '- - CLUI -', 'o64'],
  ['0F 01 EF',       '- - STUI -', 'o64'],
  ['0F AE /6',       '- - CLRSSBSY -', 'mem flags=RSTORSSP'],
  ['0F AE /4',       '- - PTWRITE -'],
];

function code(n: number): string {
  return n.toString(16).toUpperCase().padStart(2, '0');
}

/** Consecutive opcodes with an MMX and an SSE form of one name. */
function both(first: number, names: string, map = '0F'): [string, string][] {
  return names.split(' ').map((name, i) => [`${map} ${code(first + i)} /r`, `${name} ${name} - -`]);
}

/** Consecutive opcodes that exist with 66 alone; all of map 0F 3A take an immediate. */
function only66(first: number, names: string, map: string): [string, string][] {
  const immediate = map === '0F 3A' ? ' ib' : '';
  return names.split(' ').map((name, i) => [`${map} ${code(first + i)} /r${immediate}`, `- ${name} - -`]);
}

const PREFIXES = ['NP', '66', 'F3', 'F2'] as const;

export const SIMD_ROWS: readonly IsaRow[] = BY_PREFIX.flatMap(([encoding, names, attributes]) =>
  names.split(' ').flatMap((name, i): IsaRow[] => {
    const operands = encoding.includes('/') ? ' rm' : '';
    const immediates = encoding.endsWith('ib ib') ? ', imm8u, imm8u' : encoding.endsWith('ib') ? ', imm8u' : '';
    const text = `${name}${operands}${operands === '' ? immediates.replace(',', '') : immediates}`;
    return name === '-' ? [] : [[`${PREFIXES[i]} ${encoding}`, text, `${attributes ?? ''} todo`]];
  }),
);
