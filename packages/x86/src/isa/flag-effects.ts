import { flagMask } from './flags.js';

/** What an instruction does to the flags; the five masks are disjoint but for `reads`. */
export interface FlagEffect {
  readonly reads: number;
  readonly writes: number;
  readonly clears: number;
  readonly sets: number;
  readonly undefines: number;
  /** A masked count or bit count of 0 leaves every flag alone, so that nothing before it is dead. */
  readonly conditional: boolean;
  /** Where the manual says what is undefined or special. */
  readonly source: string;
}

/** `[names, reads, writes, clears, sets, undefined, source]`; letters O S Z A P C, D, I, and V for AC. */
type FlagRow = readonly [string, string, string, string, string, string, string];

/** Names are mnemonics or `flags=` of a row; a name that is not listed touches no flag. Source: Intel SDM vol. 2, "Flags Affected". */
// prettier-ignore
const FLAG_ROWS: readonly FlagRow[] = [
  // names                               reads   writes    clears  sets undefined  source
  ['ADD SUB CMP NEG XADD CMPXCHG',       '',     'OSZAPC', '',     '',  '',        'each: "set according to the result"'],
  ['CMPS SCAS',                          'D',    'OSZAPC', '',     '',  '',        'CMPS, SCAS'],
  ['ADC SBB',                            'C',    'OSZAPC', '',     '',  '',        'ADC, SBB'],
  ['INC DEC',                            '',     'OSZAP',  '',     '',  '',        'INC: "The CF flag is not affected"'],
  ['AND OR XOR TEST',                    '',     'SZP',    'OC',   '',  'A',       'AND, OR, XOR, TEST: "the state of the AF flag is undefined"'],
  ['MUL IMUL',                           '',     'OC',     '',     '',  'SZAP',    'MUL: "The SF, ZF, AF, and PF flags are undefined"; IMUL likewise (SF too since the 4th column of its table)'],
  ['DIV IDIV',                           '',     '',       '',     '',  'OSZAPC',  'DIV, IDIV: "The CF, OF, SF, ZF, AF, and PF flags are undefined"'],
  ['ROL ROR',                            '',     'OC',     '',     '',  '',        'ROL: OF defined for a count of 1, else undefined (see undefinedByCount)'],
  ['RCL RCR',                            'C',    'OC',     '',     '',  '',        'RCL: as ROL'],
  ['SHL SHR SAR',                        '',     'OSZPC',  '',     '',  'A',       'SAL/SAR/SHL/SHR: "the AF flag is undefined"; OF and CF by count (see undefinedByCount)'],
  ['SHLD SHRD',                          '',     'OSZPC',  '',     '',  'A',       'SHLD: "the AF flag is undefined"; OF by count; all and the destination when the count exceeds the size'],
  ['BT BTS BTR BTC',                     '',     'C',      '',     '',  'OSAP',    'BT: "The ZF flag is unaffected. The OF, SF, AF, and PF flags are undefined"'],
  ['BSF BSR',                            '',     'Z',      '',     '',  'OSAPC',   'BSF: "the CF, OF, SF, AF, and PF flags are undefined"'],
  ['TZCNT LZCNT',                        '',     'ZC',     '',     '',  'OSAP',    'TZCNT: "OF, SF, PF, and AF flags are undefined"'],
  ['POPCNT',                             '',     'Z',      'OSAPC', '', '',        'POPCNT: "OF, SF, ZF, AF, CF, PF are all cleared. ZF is set if SRC = 0"'],
  ['ADCX',                               'C',    'C',      '',     '',  '',        'ADCX'],
  ['ADOX',                               'O',    'O',      '',     '',  '',        'ADOX'],
  ['ANDN',                               '',     'SZ',     'OC',   '',  'AP',      'ANDN: "AF and PF flags are undefined"'],
  ['BLSI BLSR',                          '',     'SZC',    'O',    '',  'AP',      'BLSI, BLSR: "AF and PF flags are undefined"'],
  ['BLSMSK',                             '',     'SC',     'OZ',   '',  'AP',      'BLSMSK: "ZF and OF are cleared … AF and PF flags are undefined"'],
  ['BZHI',                               '',     'SZC',    'O',    '',  'AP',      'BZHI: "AF and PF flags are undefined"'],
  ['BEXTR',                              '',     'Z',      'OC',   '',  'SAP',     'BEXTR: "AF, SF, and PF are undefined"'],
  ['DAA DAS',                            'AC',   'SZAPC',  '',     '',  'O',       'DAA: "The OF flag is undefined"'],
  ['AAA AAS',                            'A',    'AC',     '',     '',  'OSZP',    'AAA: "the OF, SF, ZF, and PF flags are undefined"'],
  ['AAM AAD',                            '',     'SZP',    '',     '',  'OAC',     'AAM: "The OF, AF, and CF flags are undefined"'],
  ['SALC SETB JB CMOVB',                 'C',    '',       '',     '',  '',        'SALC: AMD APM vol. 3; the others vol. 1, appendix B'],
  ['SETAE JAE CMOVAE',                   'C',    '',       '',     '',  '',        'vol. 1, appendix B'],
  ['SETO JO CMOVO SETNO JNO CMOVNO INTO', 'O',   '',       '',     '',  '',        'vol. 1, appendix B'],
  ['SETE JE CMOVE SETNE JNE CMOVNE LOOPE LOOPNE', 'Z', '', '',     '',  '',        'vol. 1, appendix B'],
  ['SETBE JBE CMOVBE SETA JA CMOVA',     'ZC',   '',       '',     '',  '',        'vol. 1, appendix B'],
  ['SETS JS CMOVS SETNS JNS CMOVNS',     'S',    '',       '',     '',  '',        'vol. 1, appendix B'],
  ['SETP JP CMOVP SETNP JNP CMOVNP',     'P',    '',       '',     '',  '',        'vol. 1, appendix B'],
  ['SETL JL CMOVL SETGE JGE CMOVGE',     'OS',   '',       '',     '',  '',        'vol. 1, appendix B'],
  ['SETLE JLE CMOVLE SETG JG CMOVG',     'OSZ',  '',       '',     '',  '',        'vol. 1, appendix B'],
  ['CMC',                                'C',    'C',      '',     '',  '',        'CMC'],
  ['CLC',                                '',     '',       'C',    '',  '',        'CLC'],
  ['STC',                                '',     '',       '',     'C', '',        'STC'],
  ['CLD',                                '',     '',       'D',    '',  '',        'CLD'],
  ['STD',                                '',     '',       '',     'D', '',        'STD'],
  ['CLI',                                '',     '',       'I',    '',  '',        'CLI'],
  ['STI',                                '',     '',       '',     'I', '',        'STI'],
  ['LAHF',                               'SZAPC', '',      '',     '',  '',        'LAHF'],
  ['SAHF',                               '',     'SZAPC',  '',     '',  '',        'SAHF'],
  ['PUSHF',                              'OSZAPCDIV', '',  '',     '',  '',        'PUSHF'],
  ['POPF IRET',                          '',     'OSZAPCDIV', '',  '',  '',        'POPF, IRET'],
  ['MOVS STOS LODS INS OUTS',            'D',    '',       '',     '',  '',        'MOVS, STOS, LODS, INS, OUTS'],
  ['INT3 INT INT1',                      '',     '',       'IV',   '',  '',        'INT n: IF cleared by an interrupt gate, TF, NT, RF, VM, AC cleared'],
  ['CMPXCHG8B ARPL LAR LSL VERR VERW',   '',     'Z',      '',     '',  '',        'each: "The ZF flag is set … otherwise cleared"'],
  ['RDRAND RDSEED',                      '',     'C',      'OSZAP', '', '',        'RDRAND: "OF, SF, ZF, AF, PF are set to 0"'],
  ['MOV-CR',                             '',     '',       '',     '',  'OSZAPC',  'MOV—Move to/from Control Registers: "The OF, SF, ZF, AF, PF, and CF flags are undefined"'],
  ['SYSCALL',                            'OSZAPCDIV', 'OSZAPCDIV', '', '', '',    'SYSCALL: R11 = RFLAGS, then RFLAGS AND NOT IA32_FMASK'],
  ['SYSRET',                             '',     'OSZAPCDIV', '',  '',  '',        'SYSRET: from R11'],
  ['SYSENTER',                           '',     '',       'I',    '',  '',        'SYSENTER'],
  ['RSM',                                '',     'OSZAPCDIV', '',  '',  '',        'RSM: "All"'],
  ['CLAC',                               '',     '',       'V',    '',  '',        'CLAC'],
  ['STAC',                               '',     '',       '',     'V', '',        'STAC'],
  ['COMISS',                             '',     'ZPC',    'OSA',  '',  '',        'COMISS, FCOMI: "The OF, SF, and AF flags are set to 0"'],
  ['PTEST',                              '',     'ZC',     'OSAP', '',  '',        'PTEST: "The OF, AF, PF, SF flags are cleared"'],
  ['PCMPSTR',                            '',     'OSZC',   'AP',   '',  '',        'PCMPESTRI, PCMPISTRI and the M forms'],
  ['UMWAIT',                             '',     'C',      'OSZAP', '', '',        'UMWAIT, TPAUSE'],
  ['VMX',                                '',     'ZC',     'OSAP', '',  '',        'vol. 3C, 31.2, "Conventions": VMfail sets CF or ZF, clears the others'],
  ['VMPTRST ENCODEKEY',                  '',     '',       'OSZAPC', '', '',       'VMPTRST: VMsucceed; ENCODEKEY128'],
  ['KEYLOCKER PCONFIG',                  '',     'Z',      'OSAPC', '', '',        'AESENC128KL, LOADIWKEY; PCONFIG'],
  ['ENCLS ENCLU ENCLV VMFUNC',           '',     'OSZAPC', '',     '',  '',        'by leaf'],
  ['RSTORSSP MCOMMIT',                   '',     'C',      'OSZAP', '', '',        'RSTORSSP, CLRSSBSY; AMD APM vol. 3, MCOMMIT'],
  ['RDPRU',                              '',     'C',      'OSZAP', '', '',        'AMD APM vol. 3, RDPRU'],
  ['VMRUN',                              'OSZAPCDIV', '',  '',     '',  '',        'AMD APM vol. 3, VMRUN'],
  ['SKINIT',                             '',     '',       'OSZAPCDIV', '', '',    'AMD APM vol. 3, SKINIT'],
  ['TESTUI',                             '',     'C',      'OSZAP', '', '',        'TESTUI'],
  ['UIRET',                              '',     'OSZAPCDV', '',   '',  '',        'UIRET'],
  ['RMP',                       '',     'OSZAPC', '',     '',  '',        'by result'],
  ['RMPQUERY',                           '',     'OSZAP',  '',     '',  '',        'by result'],
  ['XTEST',                              '',     'Z',      'OSAPC', '', '',        'XTEST'],
  ['ENQCMD',                             '',     'Z',      'OSAPC', '', '',        'ENQCMD'],
];

export const NO_FLAGS: FlagEffect = {
  reads: 0,
  writes: 0,
  clears: 0,
  sets: 0,
  undefines: 0,
  conditional: false,
  source: '',
};

/** These leave the flags alone when nothing is to be done: a masked count of 0, or REP with rCX = 0. */
const CONDITIONAL = new Set('ROL ROR RCL RCR SHL SHR SAR SHLD SHRD CMPS SCAS'.split(' '));

/** By mnemonic, or by the name after `flags=`. */
export const FLAG_EFFECTS: ReadonlyMap<string, FlagEffect> = new Map(
  FLAG_ROWS.flatMap(([names, reads, writes, clears, sets, undefines, source]) =>
    names.split(' ').map((name): [string, FlagEffect] => [
      name,
      {
        reads: flagMask(reads),
        writes: flagMask(writes),
        clears: flagMask(clears),
        sets: flagMask(sets),
        undefines: flagMask(undefines),
        conditional: CONDITIONAL.has(name),
        source,
      },
    ]),
  ),
);
