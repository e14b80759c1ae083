import { Machine } from '../src/machine/machine';
import { machineWith } from './machine-programs';

const machine = () => new Machine({ ram: 1 << 20 });

test.each([
  {
    name: 'rax',
    value: 0x1122334455667788n,
    expected: { rax: 0x1122334455667788n, eax: 0x55667788n, ax: 0x7788n, al: 0x88n, ah: 0x77n },
  },
  { name: 'ebx', value: -1n, expected: { rbx: 0xffff_ffffn } },
  { name: 'cx', value: 0xabcdn, expected: { rcx: 0x5555_5555_5555_abcdn } },
  { name: 'dh', value: 0xeen, expected: { rdx: 0x5555_5555_5555_ee55n } },
  { name: 'sil', value: 0x7fn, expected: { rsi: 0x5555_5555_5555_557fn } },
  { name: 'r9d', value: 7n, expected: { r9: 7n } },
  { name: 'r15b', value: 0xaan, expected: { r15: 0x5555_5555_5555_55aan } },
])('$name means its part of the register', ({ name, value, expected }) => {
  const own = machine();
  for (const whole of ['rax', 'rbx', 'rcx', 'rdx', 'rsi', 'r9', 'r15']) own.setRegister(whole, 0x5555_5555_5555_5555n);
  own.setRegister(name, value);
  for (const [part, result] of Object.entries(expected)) expect([part, own.register(part)]).toEqual([part, result]);
});

test.each(['rflags', 'cr2', 'cr3', 'cr8', 'dr3', 'efer', 'mxcsr', 'fcw', 'ftw', 'xmm0', 'xmm15', 'st0', 'st7', 'fip'])(
  '%s keeps what it is given and leaves all others alone',
  (name) => {
    const own = machine();
    const before = own.save().cpu;
    const value = name === 'rflags' ? 0x246n : name.startsWith('xmm') ? 0xf_ffffn << 100n : 0xf_ffffn;
    const old = own.register(name);
    own.setRegister(name, value);
    expect(own.register(name)).toBe(value);
    own.setRegister(name, old);
    expect(Buffer.from(own.save().cpu)).toEqual(Buffer.from(before));
  },
);

test('st0 is the top of the stack', () => {
  const own = machine();
  own.setRegister('st2', 0x3fff_8000_0000_0000_0000n);
  own.setRegister('fsw', 2n << 11n);
  expect(own.register('st0')).toBe(0x3fff_8000_0000_0000_0000n);
});

test('code has the bits that CS and EFER say', () => {
  expect([16, 32, 64].map((bits) => machineWith(bits as 16, '90').bits)).toEqual([16, 32, 64]);
});

test('the linear address of the next instruction has the base of CS in it, but for 64-bit code', () => {
  const real = machineWith(16, '90');
  real.setSegment('cs', { selector: 0x700, base: 0x7000n, limit: 0xffff, attributes: 0x9b });
  real.setRegister('rip', 0xc00n);
  expect(real.linearRip).toBe(0x7c00n);
  expect(real.run({ budget: 1 })).toMatchObject({ rip: 0x7c01n, count: 1n });
});

test('segments and tables keep their hidden parts', () => {
  const own = machine();
  const segment = { selector: 0x2b, base: 0xffff_8880_0000_0000n, limit: 0xfffff, attributes: 0xcf3 };
  own.setSegment('gs', segment);
  own.setTable('gdtr', { base: 0xffff_ffff_8000_0000n, limit: 0x7f });
  expect([own.segment('gs'), own.table('gdtr'), own.register('gs')]).toEqual([
    segment,
    { base: 0xffff_ffff_8000_0000n, limit: 0x7f },
    0x2bn,
  ]);
});
