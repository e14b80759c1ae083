import { NMI, WORD } from '../src/cpu/state';
import { type Tier, TIERS } from '../src/engine';
import { type Machine } from '../src/machine/machine';
import { type MachineHooks } from '../src/machine/wiring';
import { machineWith } from './machine-programs';

const GDT = 0x5000;
/** Of 64-bit code that was used; its selector is 8. */
const KERNEL_CODE = 0x00af9b00_0000ffffn;
const KERNEL_DATA = 0x00cf9300_0000ffffn;
const CS = { selector: 8, base: 0n, limit: 0xffff_ffff, attributes: 0xa9b };
const DESCRIPTORS = [0n, KERNEL_CODE, KERNEL_DATA, KERNEL_CODE, KERNEL_CODE & ~(1n << 40n)];

interface Return {
  readonly what: string;
  /** Between PUSHFQ and the push of CS, whose selector is in EAX. */
  readonly code?: string;
  /** What is pushed for SS. */
  readonly ss?: string;
  readonly descriptors?: readonly bigint[];
  /** Of the GDT. */
  readonly limit?: number;
  readonly hooks?: MachineHooks;
  readonly prepare?: (machine: Machine) => void;
  /** When it has been translated. */
  readonly later?: (machine: Machine) => void;
  /** Who executes most of them. */
  readonly by: 'translated code' | 'interpreter';
  readonly ends?: 'shutdown';
}

// prettier-ignore
const RETURNS: readonly Return[] = [
  { what: 'to itself', by: 'translated code' },
  { what: 'with other flags of arithmetic, and DF', by: 'translated code', code: '48813424 d50c0000' }, // xor qword [rsp], …
  { what: 'with IF', by: 'interpreter', code: '48813424 00020000' },
  { what: 'with IOPL', by: 'interpreter', code: '48813424 00300000' },
  { what: 'with ID', by: 'interpreter', code: '48813424 00002000' },
  { what: 'with bits of flags that there are not', by: 'translated code', code: '48813424 2a800000' },
  { what: 'with AC, which stays', by: 'interpreter', prepare: (machine) => machine.setRegister('rflags', 0x40002n) },
  { what: 'with TF', by: 'interpreter', code: '48813424 00010000', ends: 'shutdown' },
  { what: 'with NT', by: 'interpreter', prepare: (machine) => machine.setRegister('rflags', 0x4002n), ends: 'shutdown' },
  { what: 'with SS', by: 'interpreter', ss: '10' },
  { what: 'with SS null, but of another level', by: 'interpreter', ss: '01', ends: 'shutdown' },
  { what: 'to another selector in turn', by: 'interpreter', code: '83f010' }, // xor eax, 0x10
  { what: 'to code of level 3', by: 'interpreter', code: '83c803', ends: 'shutdown' }, // or eax, 3
  { what: 'with more than a selector for CS', by: 'translated code', code: '0d00005500' }, // or eax, 0x550000
  { what: 'to a segment that has not been used', by: 'translated code', code: 'b820000000' }, // mov eax, 0x20
  { what: 'to a selector of an LDT that there is not', by: 'interpreter', code: '83c804', ends: 'shutdown' },
  { what: 'with a GDT that ends before', by: 'interpreter', limit: 14, ends: 'shutdown' },
  { what: 'with a GDT that just has it', by: 'translated code', limit: 15 },
  { what: 'to a segment that is data by now', by: 'interpreter', descriptors: [0n, KERNEL_DATA], ends: 'shutdown' },
  { what: 'to a segment with a base by now', by: 'interpreter', descriptors: [0n, KERNEL_CODE | (1n << 16n)] },
  { what: 'to an address that is not canonical', by: 'interpreter', later: (machine) => machine.setRegister('rcx', 1n << 47n), ends: 'shutdown' },
  { what: 'while NMIs are blocked', by: 'translated code', prepare: blockNmis },
  { what: 'with NT from now on', by: 'interpreter', later: (machine) => machine.setRegister('rflags', 0x4002n), ends: 'shutdown' },
  { what: 'with a GDT that ends before from now on', by: 'interpreter', later: (machine) => machine.setTable('gdtr', { base: BigInt(GDT), limit: 14 }), ends: 'shutdown' },
  { what: 'to what becomes data', by: 'interpreter', later: (machine) => machine.write(GDT + 13, Uint8Array.of(0x93)), ends: 'shutdown' },
  { what: 'of code whose selector is that of an LDT', by: 'interpreter', later: (machine) => machine.setSegment('cs', { ...CS, selector: 12 }), ends: 'shutdown' },
  { what: 'of code that has not been used', by: 'translated code', later: (machine) => { machine.setSegment('cs', { ...CS, attributes: 0xa9a }); machine.write(GDT + 13, Uint8Array.of(0x9a)); } },
  { what: 'of code that had a base', by: 'translated code', later: (machine) => machine.setSegment('cs', { ...CS, base: 0x1000n }) },
  { what: 'of code that had a limit', by: 'translated code', later: (machine) => machine.setSegment('cs', { ...CS, limit: 0xf_ffff }) },
  { what: 'of code that becomes 32-bit code', by: 'interpreter', later: (machine) => machine.write(GDT + 14, Uint8Array.of(0xcf)), ends: 'shutdown' },
  { what: 'with a hook for system instructions', by: 'interpreter', hooks: { system: () => undefined } },
  { what: 'with a hook for segments', by: 'interpreter', hooks: { segment: () => undefined } },
];

/** As behind the delivery of one: the first IRET ends it. */
function blockNmis(machine: Machine): void {
  machine.memory.words[WORD.nmi] = NMI.blocked;
}

/**
 * again: push ss; push rsp; add qword [rsp], 8; pushfq; mov eax, cs; …; push rax; lea rax, [rip + 6]; add rax, rcx; push rax; iretq
 * setc dl; add esi, edx; inc ebx; cmp ebx, 1000; jne again; hlt
 */
function run(
  { code = '', ss = '00', descriptors = DESCRIPTORS, limit = 0x27, hooks, prepare, later }: Return,
  tier: Tier,
) {
  const body = `6a${ss} 54 4883042408 9c 8cc8 ${code} 50 488d0506000000 4801c8 50 48cf
    0f92c2 01d6 ffc3 81fbe8030000`;
  const length = body.replaceAll(/\s/g, '').length / 2 + 6;
  const machine = machineWith(64, `${body} 0f85${Buffer.from(Int32Array.of(-length).buffer).toString('hex')} f4`, {
    tier,
    ...(hooks && { hooks }),
  });
  const view = new DataView(machine.ram.buffer, machine.ram.byteOffset);
  descriptors.forEach((descriptor, i) => view.setBigUint64(GDT + 8 * i, descriptor, true));
  machine.setTable('gdtr', { base: BigInt(GDT), limit });
  // not in the page of the code, whose stores are the interpreter's
  machine.setRegister('rsp', 0xa000n);
  prepare?.(machine);
  const { interpreter } = (machine as unknown as { engine: { interpreter: { execute: (slot: number) => void } } })
    .engine;
  const execute = interpreter.execute.bind(interpreter);
  let steps = 0;
  interpreter.execute = (slot) => (steps++, execute(slot));
  if (later !== undefined) {
    machine.run({ budget: 4500 });
    later(machine);
  }
  const exit = machine.run({ budget: 100_000 });
  return { exit, machine, steps };
}

describe.each(RETURNS)('IRETQ $what', (own) => {
  const reference = run(own, 'interpreter');

  test('ends as it has to', () => {
    expect(reference.exit.reason).toBe(own.ends ?? 'halt');
    if (own.ends === undefined) expect(reference.machine.register('rbx')).toBe(1000n);
  });

  test.each(TIERS.filter((tier) => tier !== 'interpreter'))('tier %s does the same', (tier) => {
    const { exit, machine } = run(own, tier);
    expect(exit).toEqual(reference.exit);
    expect(machine.save()).toEqual(reference.machine.save());
    expect([...machine.touches]).toEqual([...reference.machine.touches]);
  });

  test(`is executed by ${own.by}`, () => {
    const { steps } = run(own, 'translator');
    if (own.ends !== undefined) return;
    if (own.by === 'interpreter') expect(steps).toBeGreaterThan(900);
    else expect(steps).toBeLessThan(20);
  });
});
