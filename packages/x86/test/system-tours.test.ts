/** Programs that go through the system part and write what they find: the core has to write what QEMU has written. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TIERS } from '../src/engine';
import { Machine } from '../src/machine/machine';

const fixture = (name: string) => readFileSync(join(__dirname, 'fixtures', name));
const CODE = 0x8000;

const TOURS = [
  { name: 'system-tour', through: 'real, protected, virtual-8086 and long mode' },
  { name: 'gates-tour', through: 'gates, tasks and returns, also those that fail' },
];

test.each(TOURS.flatMap((tour) => TIERS.map((tier) => ({ ...tour, tier }))))(
  'a tour through $through writes what it writes in QEMU, tier $tier',
  ({ name, tier }) => {
    const machine = new Machine({ ram: 1 << 20, unmapped: 'ones', tier });
    machine.write(CODE, fixture(`${name}.bin`));
    machine.setRegister('cr0', 0x10n);
    machine.setSegment('cs', { selector: 0, base: 0n, limit: 0xffff, attributes: 0x9b });
    machine.setRegister('rip', BigInt(CODE));
    const exit = machine.run({ budget: 1_000_000 });
    expect(machine.console.output.split('\n')).toEqual(fixture(`${name}.txt`).toString('latin1').split('\n'));
    expect(exit).toMatchObject({ reason: 'exit', value: 0 });
  },
);
