import { type IsaRow } from './row.js';

/** Decoded and no more: transcendental functions, whose last bits are each processor's own. */
const TODO = new Set('F2XM1 FYL2X FPTAN FPATAN FYL2XP1 FSINCOS FSIN FCOS'.split(' '));
/** Register forms with one operand, ST(i). */
const ONE_OPERAND = new Set('FLD FST FSTP FSTPNCE FFREE FFREEP'.split(' '));

/** One x87 opcode: its eight memory forms, `-` where there is none, and its register forms by first ModRM byte. */
type X87Opcode = readonly [opcode: string, memory: string, registers: string];

/**
 * The x87 opcodes; `NAME/bytes` is a memory form, `XX:NAME` a single register form, `XX+i:NAME` eight of them. Names
 * that come twice are undocumented aliases. Source: Intel SDM vol. 2D, tables.
 */
// prettier-ignore
const OPCODES: readonly X87Opcode[] = [
  ['D8', 'FADD/4 FMUL/4 FCOM/4 FCOMP/4 FSUB/4 FSUBR/4 FDIV/4 FDIVR/4',
    'C0+i:FADD C8+i:FMUL D0+i:FCOM D8+i:FCOMP E0+i:FSUB E8+i:FSUBR F0+i:FDIV F8+i:FDIVR'],
  ['D9', 'FLD/4 - FST/4 FSTP/4 FLDENV/0 FLDCW/2 FNSTENV/0 FNSTCW/2',
    'C0+i:FLD C8+i:FXCH D0:FNOP D8+i:FSTPNCE E0:FCHS E1:FABS E4:FTST E5:FXAM E8:FLD1 E9:FLDL2T EA:FLDL2E EB:FLDPI EC:FLDLG2 ' +
    'ED:FLDLN2 EE:FLDZ F0:F2XM1 F1:FYL2X F2:FPTAN F3:FPATAN F4:FXTRACT F5:FPREM1 F6:FDECSTP F7:FINCSTP F8:FPREM F9:FYL2XP1 ' +
    'FA:FSQRT FB:FSINCOS FC:FRNDINT FD:FSCALE FE:FSIN FF:FCOS'],
  ['DA', 'FIADD/4 FIMUL/4 FICOM/4 FICOMP/4 FISUB/4 FISUBR/4 FIDIV/4 FIDIVR/4',
    'C0+i:FCMOVB C8+i:FCMOVE D0+i:FCMOVBE D8+i:FCMOVU E9:FUCOMPP'],
  ['DB', 'FILD/4 FISTTP/4 FIST/4 FISTP/4 - FLD/10 - FSTP/10',
    'C0+i:FCMOVNB C8+i:FCMOVNE D0+i:FCMOVNBE D8+i:FCMOVNU E0:FNENI E1:FNDISI E2:FNCLEX E3:FNINIT E4:FNSETPM E8+i:FUCOMI F0+i:FCOMI'],
  ['DC', 'FADD/8 FMUL/8 FCOM/8 FCOMP/8 FSUB/8 FSUBR/8 FDIV/8 FDIVR/8',
    'C0+i:FADD C8+i:FMUL D0+i:FCOM D8+i:FCOMP E0+i:FSUBR E8+i:FSUB F0+i:FDIVR F8+i:FDIV'],
  ['DD', 'FLD/8 FISTTP/8 FST/8 FSTP/8 FRSTOR/0 - FNSAVE/0 FNSTSW/2',
    'C0+i:FFREE C8+i:FXCH D0+i:FST D8+i:FSTP E0+i:FUCOM E8+i:FUCOMP'],
  ['DE', 'FIADD/2 FIMUL/2 FICOM/2 FICOMP/2 FISUB/2 FISUBR/2 FIDIV/2 FIDIVR/2',
    'C0+i:FADDP C8+i:FMULP D0+i:FCOMP D9:FCOMPP E0+i:FSUBRP E8+i:FSUBP F0+i:FDIVRP F8+i:FDIVP'],
  ['DF', 'FILD/2 FISTTP/2 FIST/2 FISTP/2 FBLD/10 FILD/8 FBSTP/10 FISTP/8',
    'C0+i:FFREEP C8+i:FXCH D0+i:FSTP D8+i:FSTP E0:FNSTSW E8+i:FUCOMIP F0+i:FCOMIP'],
];

const flagLine = (name: string): string => {
  if (/^FU?COMIP?$/.test(name)) return ' flags=COMISS';
  return name.startsWith('FCMOV')
    ? ` flags=CMOV${{ U: 'P', NU: 'NP', NB: 'AE', NBE: 'A' }[name.slice(5)] ?? name.slice(5)}`
    : '';
};

const todo = (name: string): string => (TODO.has(name) ? ' todo' : '');

const memoryRows = ([opcode, memory]: X87Opcode): IsaRow[] =>
  memory.split(' ').flatMap((form, n): IsaRow[] => {
    const [name = '', size = ''] = form.split('/');
    return name === '-' ? [] : [[`${opcode} /${n}`, `${name} m${Number(size) * 8}`, `mem${todo(name)}`]];
  });

/** In DC and DE the destination is ST(i), but for comparisons. */
function registerOperands(opcode: string, modrm: string, name: string): string {
  if (!modrm.endsWith('+i') || TODO.has(name)) return '';
  if (ONE_OPERAND.has(name)) return ' ST(i)';
  return (opcode === 'DC' || opcode === 'DE') && !name.startsWith('FCOM') ? ' ST(i), ST' : ' ST, ST(i)';
}

const registerRows = ([opcode, , registers]: X87Opcode): IsaRow[] =>
  registers.split(' ').map((form): IsaRow => {
    const [modrm = '', name = ''] = form.split(':');
    const operands = name === 'FNSTSW' ? ' AX' : registerOperands(opcode, modrm, name);
    return [`${opcode} ${modrm}`, `${name}${operands}`, `${todo(name)}${flagLine(name)}`.trim()];
  });

/** Memory forms first. FLDENV, FRSTOR and their like have operands of a size of their own. */
export const X87_ROWS: readonly IsaRow[] = [
  ...OPCODES.flatMap(memoryRows),
  ...OPCODES.flatMap(registerRows),
  ['9B', 'WAIT'],
];
