/** What a CPU does not advertise it does not have: #UD, or what the bytes are to an older processor; in every tier. */
import { TIERS } from '../src/engine';
import { ALL_FEATURES, DEFAULT_PROFILE, type CpuFeature } from '../src/system/profile';
import { machineWith } from './machine-programs';

const without = (feature: CpuFeature): ReadonlySet<CpuFeature> =>
  new Set([...ALL_FEATURES].filter((own) => own !== feature));

// prettier-ignore
const ABSENT: readonly (readonly [feature: CpuFeature, what: string, code: string])[] = [
  ['cmov',   'cmovne eax, ecx',       '0f45c1'],
  ['cx8',    'cmpxchg8b [rbx]',       '0fc70b'],
  ['cx16',   'cmpxchg16b [rbx]',      '480fc70b'],
  ['cmov',   'fcmovb st0, st1',       'dac1'],
  ['movbe',  'movbe eax, [rbx]',      '0f38f003'],
  ['movbe',  'movbe [rbx], ax',       '660f38f103'],
  ['popcnt', 'popcnt eax, ecx',       'f30fb8c1'],
  ['sse4_2', 'crc32 eax, cl',         'f20f38f0c1'],
  ['bmi1',   'andn eax, ebx, ecx',    'c4e260f2c1'],
  ['bmi1',   'blsr eax, ecx',         'c4e278f3c9'],
  ['bmi1',   'bextr eax, ecx, ebx',   'c4e260f7c1'],
  ['bmi2',   'bzhi eax, ecx, ebx',    'c4e260f5c1'],
  ['bmi2',   'shlx eax, ecx, ebx',    'c4e261f7c1'],
  ['bmi2',   'rorx eax, ecx, 3',      'c4e37bf0c103'],
  ['bmi2',   'mulx eax, ebx, ecx',    'c4e263f6c1'],
  ['adx',    'adcx eax, ecx',         '660f38f6c1'],
  ['adx',    'adox eax, ecx',         'f30f38f6c1'],
];

/** mov ecx, 400; again: …; dec esi; jnz again; hlt */
const looping = (code: string): string => `be90010000 ${code} ffce 75${(256 - code.length / 2 - 4).toString(16)} f4`;

describe.each(TIERS)('tier %s', (tier) => {
  const run = (code: string, features: ReadonlySet<CpuFeature>) => {
    const machine = machineWith(64, looping(code), {
      tier,
      cpu: { features },
      hooks: { fault: (vector) => (vector === 6 ? 'stop' : 'deliver') },
    });
    machine.setRegister('rax', 0x1234_5678n);
    machine.setRegister('rcx', 0x100n);
    machine.setRegister('rbx', 0x8010n);
    const exit = machine.run({ budget: 10_000 });
    return { reason: exit.reason, rip: exit.rip, machine };
  };

  test.each(ABSENT)('without %s, %s is #UD; with it, it is executed', (feature, _what, code) => {
    expect(run(code, without(feature))).toMatchObject({ reason: 'exception', rip: 0x7c05n });
    expect(run(code, ALL_FEATURES)).toMatchObject({ reason: 'halt' });
    expect(run(code, DEFAULT_PROFILE.features).reason).toBe(
      DEFAULT_PROFILE.features.has(feature) ? 'halt' : 'exception',
    );
  });

  test('TZCNT and LZCNT are BSF and BSR', () => {
    const both = (features: ReadonlySet<CpuFeature>, source: bigint, opcode: string) => {
      const { machine, reason } = run(`b8ffff0000 31ff b9${hex(source)} f30f${opcode}c1 0f94c2`.replaceAll(' ', ''), features); // prettier-ignore
      expect(reason).toBe('halt');
      return [machine.register('rax'), machine.register('rdx') & 0xffn];
    };
    expect(both(ALL_FEATURES, 0x0100n, 'bd')).toEqual([23n, 0n]);
    expect(both(without('abm'), 0x0100n, 'bd')).toEqual([8n, 0n]);
    expect(both(without('abm'), 0n, 'bd')).toEqual([0xffffn, 1n]);
    expect(both(ALL_FEATURES, 0n, 'bc')).toEqual([32n, 0n]);
    expect(both(without('bmi1'), 0n, 'bc')).toEqual([0xffffn, 1n]);
    expect(both(without('bmi1'), 0x0100n, 'bc')).toEqual([8n, 0n]);
  });
});

const hex = (value: bigint): string => Buffer.from(Uint32Array.of(Number(value)).buffer).toString('hex');
