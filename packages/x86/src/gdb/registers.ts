import { type Machine } from '../machine/machine.js';

/** How gdb sees the CPU: `i386`, or `i386:x86-64` with registers of 64 bits in every mode. */
export type GdbArchitecture = 'i386' | 'i386:x86-64';

export interface GdbRegister {
  readonly name: string;
  readonly bits: number;
  readonly type: string;
  readonly get: (machine: Machine) => bigint;
  readonly set: (machine: Machine, value: bigint) => void;
}

export interface GdbFeature {
  readonly name: string;
  readonly registers: readonly GdbRegister[];
}

const GENERAL_64 = [
  'rax',
  'rbx',
  'rcx',
  'rdx',
  'rsi',
  'rdi',
  'rbp',
  'rsp',
  'r8',
  'r9',
  'r10',
  'r11',
  'r12',
  'r13',
  'r14',
  'r15',
];
const GENERAL_32 = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'];
const SEGMENTS = ['cs', 'ss', 'ds', 'es', 'fs', 'gs'] as const;
const POINTERS = ['rsp', 'rbp', 'esp', 'ebp'];
const SYSTEM = ['cr0', 'cr2', 'cr3', 'cr4', 'cr8', 'efer'];

const plain = (name: string, bits: number, type: string, own = name): GdbRegister => ({
  name,
  bits,
  type,
  get: (machine) => machine.register(own),
  set: (machine, value) => machine.setRegister(own, value),
});

/** The address of the next instruction is the linear one, so that breakpoints and `x/i $pc` mean it; outside of real mode nobody sees a difference. */
const programCounter = (name: string, bits: number): GdbRegister => ({
  name,
  bits,
  type: 'code_ptr',
  get: (machine) => machine.linearRip,
  set: (machine, value) =>
    machine.setRegister('rip', BigInt.asUintN(64, value - machine.linearRip + machine.register('rip'))),
});

/** gdb may not load a segment: that takes a descriptor. Writing the selector is what can be done. */
const selector = (name: (typeof SEGMENTS)[number]): GdbRegister => ({
  name,
  bits: 32,
  type: 'int32',
  get: (machine) => machine.register(name),
  set: (machine, value) => {
    if (value !== machine.register(name))
      machine.setSegment(name, { ...machine.segment(name), selector: Number(value) & 0xffff });
  },
});

const segmentBase = (name: (typeof SEGMENTS)[number], bits: number): GdbRegister => ({
  name: `${name}_base`,
  bits,
  type: bits === 64 ? 'int64' : 'int32',
  get: (machine) => machine.segment(name).base,
  set: (machine, base) => machine.setSegment(name, { ...machine.segment(name), base }),
});

const isEmpty = (machine: Machine, number: number): boolean =>
  ((machine.register('ftw') >> BigInt(number)) & 1n) === 0n;

/** Two bits a register: valid, zero, special, empty. Source: Intel SDM vol. 1, 8.1.7. */
function tagWord(machine: Machine): bigint {
  const top = Number((machine.register('fsw') >> 11n) & 7n);
  let tags = 0n;
  for (let number = 0; number < 8; number++) {
    const value = machine.register(`st${(number - top) & 7}`);
    const exponent = (value >> 64n) & 0x7fffn;
    const significand = BigInt.asUintN(64, value);
    const isSpecial = exponent === 0n || exponent === 0x7fffn || significand >> 63n === 0n;
    const kind = exponent === 0n && significand === 0n ? 1n : isSpecial ? 2n : 0n;
    tags |= (isEmpty(machine, number) ? 3n : kind) << BigInt(2 * number);
  }
  return tags;
}

function setTagWord(machine: Machine, tags: bigint): void {
  let used = 0n;
  for (let number = 0n; number < 8n; number++) if (((tags >> (2n * number)) & 3n) !== 3n) used |= 1n << number;
  machine.setRegister('ftw', used);
}

const fixed = (name: string): GdbRegister => ({ name, bits: 32, type: 'int', get: () => 0n, set: () => undefined });
const lowHalf = (name: string, own: string): GdbRegister => ({
  ...plain(name, 32, 'int', own),
  get: (machine) => BigInt.asUintN(32, machine.register(own)),
});

const X87: readonly GdbRegister[] = [
  ...Array.from({ length: 8 }, (_, i) => plain(`st${i}`, 80, 'i387_ext')),
  plain('fctrl', 32, 'int', 'fcw'),
  plain('fstat', 32, 'int', 'fsw'),
  { name: 'ftag', bits: 32, type: 'int', get: tagWord, set: setTagWord },
  fixed('fiseg'),
  lowHalf('fioff', 'fip'),
  fixed('foseg'),
  lowHalf('fooff', 'fdp'),
  plain('fop', 32, 'int'),
];

const isPointer = (name: string): boolean => POINTERS.includes(name);

function core(is64: boolean): GdbFeature {
  const bits = is64 ? 64 : 32;
  const general = (is64 ? GENERAL_64 : GENERAL_32).map((name) =>
    plain(name, bits, isPointer(name) ? 'data_ptr' : is64 ? 'int64' : 'int32'),
  );
  const flags = plain('eflags', 32, 'i386_eflags');
  const registers = [...general, programCounter(is64 ? 'rip' : 'eip', bits), flags, ...SEGMENTS.map(selector), ...X87];
  return { name: 'org.gnu.gdb.i386.core', registers };
}

function sse(is64: boolean): GdbFeature {
  const xmm = Array.from({ length: is64 ? 16 : 8 }, (_, i) => plain(`xmm${i}`, 128, 'vec128'));
  return { name: 'org.gnu.gdb.i386.sse', registers: [...xmm, plain('mxcsr', 32, 'i386_mxcsr')] };
}

/** gdb shows what it does not know by `info registers system`. The bases are there because real mode cannot be understood without them. */
function system(is64: boolean): GdbFeature {
  const bits = is64 ? 64 : 32;
  const own = [...SYSTEM.map((name) => plain(name, bits, is64 ? 'int64' : 'int32')), plain('cpl', 32, 'int32')];
  return { name: 'org.bzelf.x86.system', registers: [...own, ...SEGMENTS.map((name) => segmentBase(name, bits))] };
}

/** In the order of gdb's `g` packet. */
export function gdbFeatures(architecture: GdbArchitecture): readonly GdbFeature[] {
  const is64 = architecture === 'i386:x86-64';
  return [core(is64), sse(is64), system(is64)];
}

/** The target description. Source: "Target Descriptions", i386 features, in the gdb manual. */
export function targetXml(architecture: GdbArchitecture): string {
  const features = gdbFeatures(architecture).map(featureXml).join('\n');
  return `<?xml version="1.0"?>
<!DOCTYPE target SYSTEM "gdb-target.dtd">
<target version="1.0">
<architecture>${architecture}</architecture>
${features}
</target>
`;
}

function featureXml({ name, registers }: GdbFeature): string {
  const rows = registers.map(
    (own) => `<reg name="${own.name}" bitsize="${own.bits}" type="${own.type}"${groupOf(name, own)}/>`,
  );
  return `<feature name="${name}">\n${TYPES[name] ?? ''}${rows.join('\n')}\n</feature>`;
}

const groupOf = (feature: string, { name, type }: GdbRegister): string =>
  feature === 'org.bzelf.x86.system'
    ? ' group="system"'
    : type === 'int' && name.startsWith('f')
      ? ' group="float"'
      : '';

const flagFields = (rows: readonly (readonly [string, number])[]): string =>
  rows.map(([name, bit]) => `<field name="${name}" start="${bit}" end="${bit}"/>`).join('\n');

// prettier-ignore
const EFLAGS = [
  ['CF', 0], ['', 1], ['PF', 2], ['AF', 4], ['ZF', 6], ['SF', 7], ['TF', 8], ['IF', 9], ['DF', 10], ['OF', 11], ['NT', 14], ['RF', 16], ['VM', 17],
  ['AC', 18], ['VIF', 19], ['VIP', 20], ['ID', 21],
] as const;
// prettier-ignore
const MXCSR = [
  ['IE', 0], ['DE', 1], ['ZE', 2], ['OE', 3], ['UE', 4], ['PE', 5], ['DAZ', 6], ['IM', 7], ['DM', 8], ['ZM', 9], ['OM', 10], ['UM', 11], ['PM', 12], ['FZ', 15],
] as const;
// prettier-ignore
const VECTORS = [['v4f', 'ieee_single', 4], ['v2d', 'ieee_double', 2], ['v16i8', 'int8', 16], ['v8i16', 'int16', 8], ['v4i32', 'int32', 4], ['v2i64', 'int64', 2]] as const;

/** Types have to be declared before they are used. */
const TYPES: Readonly<Record<string, string>> = {
  'org.gnu.gdb.i386.core': `<flags id="i386_eflags" size="4">\n${flagFields(EFLAGS)}\n</flags>\n`,
  'org.gnu.gdb.i386.sse': `${VECTORS.map(([id, type, count]) => `<vector id="${id}" type="${type}" count="${count}"/>`).join('\n')}
<union id="vec128">
<field name="v4_float" type="v4f"/><field name="v2_double" type="v2d"/><field name="v16_int8" type="v16i8"/>
<field name="v8_int16" type="v8i16"/><field name="v4_int32" type="v4i32"/><field name="v2_int64" type="v2i64"/><field name="uint128" type="uint128"/>
</union>
<flags id="i386_mxcsr" size="4">\n${flagFields(MXCSR)}\n</flags>\n`,
};
