import { rowText } from '../src/isa';
import { loadDisassembler, type TraceEntry } from '../src/machine/trace';
import { CODE, machineWith } from './machine-programs';

test('a trace tells of every instruction with what it has changed, and of nothing that has not happened', async () => {
  const machine = machineWith(32, 'b805000000 48 75fd 0f0b', { hooks: { fault: () => 'stop' } });
  const entries: TraceEntry[] = [];
  machine.trace((entry) => entries.push(entry));
  expect(machine.run().reason).toBe('exception');
  expect(entries.length).toBe(11);
  expect(entries[0]).toEqual({
    count: 0n,
    rip: BigInt(CODE),
    bytes: Uint8Array.of(0xb8, 5, 0, 0, 0),
    bits: 32,
    changes: { rax: 5n },
  });
  expect(entries[1]?.changes['rax']).toBe(4n);
  expect(entries[2]).toMatchObject({ count: 2n, changes: {} });
  const text = await loadDisassembler();
  expect(entries.slice(0, 3).map(text)).toEqual(['mov eax,5', 'dec eax', 'jne short 00007C05h']);
  expect(entries.slice(0, 3).map(rowText)).toEqual(['MOV r, imm', 'DEC r', 'JNE rel8']);
});

test('an ended trace costs and tells nothing', () => {
  const machine = machineWith(32, '40 ebfd');
  let told = 0;
  machine.trace(() => told++);
  machine.run({ budget: 10 });
  machine.trace(undefined);
  machine.run({ budget: 10 });
  expect([told, machine.count]).toEqual([10, 20n]);
});

test('rounds of REP are told one by one when they are stepped', () => {
  const machine = machineWith(32, 'f3aa'); // rep stosb
  machine.setRegister('rcx', 3n);
  machine.setRegister('rdi', 0x9000n);
  const left: bigint[] = [];
  while (machine.register('rcx') > 0n) {
    machine.step();
    left.push(machine.register('rcx'));
  }
  expect([left, machine.count]).toEqual([[2n, 1n, 0n], 3n]);
});
