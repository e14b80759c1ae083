import { type IsaRow } from './row.js';

/** Operands, in the letters of the opcode maps; the size of memory where it is not that of the register: d 32 bits, q 64. */
// prettier-ignore
const SHAPES: Readonly<Record<string, string>> = {
  VW: 'xmm, xmm/m128', Vq: 'xmm, xmm/m64', Vd: 'xmm, xmm/m32', WV: 'xmm/m128, xmm', qV: 'xmm/m64, xmm', dV: 'xmm/m32, xmm',
  PQ: 'mm, mm/m64', Pd: 'mm, mm/m32', QP: 'mm/m64, mm', Q: 'mm/m64', W: 'xmm/m128',
  VE: 'xmm, r/m32:64', PE: 'mm, r/m32:64', EV: 'r/m32:64, xmm', EP: 'r/m32:64, mm',
  VQ: 'xmm, mm/m64', PW: 'mm, xmm/m128', Pq: 'mm, xmm/m64', Gq: 'r32:64, xmm/m64', Gd: 'r32:64, xmm/m32',
  gW: 'r32, xmm/m128', gQ: 'r32, mm/m64', Vw: 'xmm, r32/m16', Pw: 'mm, r32/m16',
};

/** One opcode: names for NP, 66, F3 and F2 with their operands, `-` where there is none. */
type SseOpcode = readonly [encoding: string, names: string, shapes: string, attributes?: string];

/** MMX, SSE, SSE2 and SSE3. Source: Intel SDM vol. 2D, tables. */
// prettier-ignore
const OPCODES: readonly SseOpcode[] = [
  ['0F 10 /r', 'MOVUPS MOVUPD MOVSS MOVSD',               'VW VW Vd Vq'],
  ['0F 11 /r', 'MOVUPS MOVUPD MOVSS MOVSD',               'WV WV dV qV'],
  ['0F 12 /r', 'MOVHLPS - - -',                           'VW - - -', 'reg'],
  ['0F 12 /r', 'MOVLPS MOVLPD - -',                       'Vq Vq - -', 'mem'],
  ['0F 12 /r', '- - MOVSLDUP MOVDDUP',                    '- - VW Vq'],
  ['0F 13 /r', 'MOVLPS MOVLPD - -',                       'qV qV - -', 'mem'],
  ['0F 14 /r', 'UNPCKLPS UNPCKLPD - -',                   'VW VW - -'],
  ['0F 15 /r', 'UNPCKHPS UNPCKHPD - -',                   'VW VW - -'],
  ['0F 16 /r', 'MOVLHPS - - -',                           'VW - - -', 'reg'],
  ['0F 16 /r', 'MOVHPS MOVHPD - -',                       'Vq Vq - -', 'mem'],
  ['0F 16 /r', '- - MOVSHDUP -',                          '- - VW -'],
  ['0F 17 /r', 'MOVHPS MOVHPD - -',                       'qV qV - -', 'mem'],
  ['0F 28 /r', 'MOVAPS MOVAPD - -',                       'VW VW - -'],
  ['0F 29 /r', 'MOVAPS MOVAPD - -',                       'WV WV - -'],
  ['0F 2A /r', 'CVTPI2PS CVTPI2PD CVTSI2SS CVTSI2SD',     'VQ VQ VE VE'],
  ['0F 2B /r', 'MOVNTPS MOVNTPD - -',                     'WV WV - -', 'mem'],
  ['0F 2B /r', '- - MOVNTSS MOVNTSD',                     '- - ? ?', 'mem'],
  ['0F 2C /r', 'CVTTPS2PI CVTTPD2PI CVTTSS2SI CVTTSD2SI', 'Pq PW Gd Gq'],
  ['0F 2D /r', 'CVTPS2PI CVTPD2PI CVTSS2SI CVTSD2SI',     'Pq PW Gd Gq'],
  ['0F 2E /r', 'UCOMISS UCOMISD - -',                     'Vd Vq - -', 'flags=COMISS'],
  ['0F 2F /r', 'COMISS COMISD - -',                       'Vd Vq - -', 'flags=COMISS'],
  ['0F 50 /r', 'MOVMSKPS MOVMSKPD - -',                   'gW gW - -', 'reg'],
  ['0F 51 /r', 'SQRTPS SQRTPD SQRTSS SQRTSD',             'VW VW Vd Vq'],
  ['0F 52 /r', 'RSQRTPS - RSQRTSS -',                     '? - ? -'],
  ['0F 53 /r', 'RCPPS - RCPSS -',                         '? - ? -'],
  ['0F 54 /r', 'ANDPS ANDPD - -',                         'VW VW - -'],
  ['0F 55 /r', 'ANDNPS ANDNPD - -',                       'VW VW - -'],
  ['0F 56 /r', 'ORPS ORPD - -',                           'VW VW - -'],
  ['0F 57 /r', 'XORPS XORPD - -',                         'VW VW - -'],
  ['0F 58 /r', 'ADDPS ADDPD ADDSS ADDSD',                 'VW VW Vd Vq'],
  ['0F 59 /r', 'MULPS MULPD MULSS MULSD',                 'VW VW Vd Vq'],
  ['0F 5A /r', 'CVTPS2PD CVTPD2PS CVTSS2SD CVTSD2SS',     'Vq VW Vd Vq'],
  ['0F 5B /r', 'CVTDQ2PS CVTPS2DQ CVTTPS2DQ -',           'VW VW VW -'],
  ['0F 5C /r', 'SUBPS SUBPD SUBSS SUBSD',                 'VW VW Vd Vq'],
  ['0F 5D /r', 'MINPS MINPD MINSS MINSD',                 'VW VW Vd Vq'],
  ['0F 5E /r', 'DIVPS DIVPD DIVSS DIVSD',                 'VW VW Vd Vq'],
  ['0F 5F /r', 'MAXPS MAXPD MAXSS MAXSD',                 'VW VW Vd Vq'],
  ...both(0x60, 'PUNPCKLBW PUNPCKLWD PUNPCKLDQ', 'Pd VW'),
  ...both(0x63, 'PACKSSWB PCMPGTB PCMPGTW PCMPGTD PACKUSWB PUNPCKHBW PUNPCKHWD PUNPCKHDQ PACKSSDW'),
  ['0F 6C /r', '- PUNPCKLQDQ - -',                        '- VW - -'],
  ['0F 6D /r', '- PUNPCKHQDQ - -',                        '- VW - -'],
  ['0F 6E /r', 'MOVD|MOVD|MOVQ MOVD|MOVD|MOVQ - -',       'PE VE - -'],
  ['0F 6F /r', 'MOVQ MOVDQA MOVDQU -',                    'PQ VW VW -'],
  ['0F 70 /r ib', 'PSHUFW PSHUFD PSHUFHW PSHUFLW',        'PQ VW VW VW'],
  ['0F 71 /2 ib', 'PSRLW PSRLW - -',                      'Q W - -', 'reg'],
  ['0F 71 /4 ib', 'PSRAW PSRAW - -',                      'Q W - -', 'reg'],
  ['0F 71 /6 ib', 'PSLLW PSLLW - -',                      'Q W - -', 'reg'],
  ['0F 72 /2 ib', 'PSRLD PSRLD - -',                      'Q W - -', 'reg'],
  ['0F 72 /4 ib', 'PSRAD PSRAD - -',                      'Q W - -', 'reg'],
  ['0F 72 /6 ib', 'PSLLD PSLLD - -',                      'Q W - -', 'reg'],
  ['0F 73 /2 ib', 'PSRLQ PSRLQ - -',                      'Q W - -', 'reg'],
  ['0F 73 /3 ib', '- PSRLDQ - -',                         '- W - -', 'reg'],
  ['0F 73 /6 ib', 'PSLLQ PSLLQ - -',                      'Q W - -', 'reg'],
  ['0F 73 /7 ib', '- PSLLDQ - -',                         '- W - -', 'reg'],
  ...both(0x74, 'PCMPEQB PCMPEQW PCMPEQD'),
  ['0F 77', 'EMMS - - -',                                 'none - - -'],
  ['0F 7C /r', '- HADDPD - HADDPS',                       '- VW - VW'],
  ['0F 7D /r', '- HSUBPD - HSUBPS',                       '- VW - VW'],
  ['0F 7E /r', 'MOVD|MOVD|MOVQ MOVD|MOVD|MOVQ MOVQ -',    'EP EV Vq -'],
  ['0F 7F /r', 'MOVQ MOVDQA MOVDQU -',                    'QP WV WV -'],
  ['0F C2 /r ib', 'CMPPS CMPPD CMPSS CMPSD',              'VW VW Vd Vq'],
  ['0F C4 /r ib', 'PINSRW PINSRW - -',                    'Pw Vw - -'],
  ['0F C5 /r ib', 'PEXTRW PEXTRW - -',                    'gQ gW - -', 'reg'],
  ['0F C6 /r ib', 'SHUFPS SHUFPD - -',                    'VW VW - -'],
  ['0F D0 /r', '- ADDSUBPD - ADDSUBPS',                   '- VW - VW'],
  ...both(0xd1, 'PSRLW PSRLD PSRLQ PADDQ PMULLW'),
  ['0F D6 /r', '- MOVQ - -',                              '- qV - -'],
  ['0F D6 /r', '- - MOVQ2DQ MOVDQ2Q',                     '- - VQ Pq', 'reg'],
  ['0F D7 /r', 'PMOVMSKB PMOVMSKB - -',                   'gQ gW - -', 'reg'],
  ...both(0xd8, 'PSUBUSB PSUBUSW PMINUB PAND PADDUSB PADDUSW PMAXUB PANDN PAVGB PSRAW PSRAD PAVGW PMULHUW PMULHW'),
  ['0F E6 /r', '- CVTTPD2DQ CVTDQ2PD CVTPD2DQ',           '- VW Vq VW'],
  ['0F E7 /r', 'MOVNTQ MOVNTDQ - -',                      'QP WV - -', 'mem'],
  ...both(0xe8, 'PSUBSB PSUBSW PMINSW POR PADDSB PADDSW PMAXSW PXOR'),
  ['0F F0 /r', '- - - LDDQU',                             '- - - VW', 'mem'],
  ...both(0xf1, 'PSLLW PSLLD PSLLQ PMULUDQ PMADDWD PSADBW'),
  ['0F F7 /r', 'MASKMOVQ MASKMOVDQU - -',                 'PQ VW - -', 'reg'],
  ...both(0xf8, 'PSUBB PSUBW PSUBD PSUBQ PADDB PADDW PADDD'),
];

/** Consecutive opcodes with an MMX and an SSE form of one name. */
function both(first: number, names: string, shapes = 'PQ VW'): SseOpcode[] {
  return names
    .split(' ')
    .map((name, i) => [`0F ${(first + i).toString(16).toUpperCase()} /r`, `${name} ${name} - -`, `${shapes} - -`]);
}

const PREFIXES = ['NP', '66', 'F3', 'F2'] as const;

/** `?` marks what is decoded and no more: the reciprocals, whose results are each processor's own, and SSE4a. */
export const SSE_ROWS: readonly IsaRow[] = OPCODES.flatMap(([encoding, names, shapeText, attributes]) => {
  const shapes = shapeText.split(' ');
  const immediate = encoding.endsWith(' ib') ? ', imm8u' : '';
  return names.split(' ').flatMap((name, i): IsaRow[] => {
    if (name === '-') return [];
    const shape = shapes[i] ?? '';
    const row = `${PREFIXES[i]} ${encoding}`;
    if (shape === '?') return [[row, `${name} rm`, `${attributes ?? ''} todo`]];
    const operands = SHAPES[shape];
    return [[row, operands === undefined ? name : `${name} ${operands}${immediate}`, attributes ?? '']];
  });
});
