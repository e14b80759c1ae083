/** What an access to memory that is not mapped was after. */
import { openKernel, pcMemoryMap, planLoad } from '@bzelf/loader';
import { toSource } from '@bzelf/bytes';
import { allowedRanges } from '../../src/execution/rights';
import { whatIsAt } from '../../src/execution/well-known';
import { image } from '../checks/edit';

const RAM = 64 << 20;
const kernel = openKernel(toSource(image('61-64-gzip')));
const plan = planLoad(kernel, { protocol: 'linux64', memoryMap: pcMemoryMap(BigInt(RAM)), cmdline: 'x' });
const { ranges } = allowedRanges(kernel, plan);
const runtime = ranges.find(({ purpose }) => purpose === 'runtime');
const end = runtime?.end ?? 0;
const shorter = ranges.map((range) => (range === runtime ? { ...range, end: end - 0x1000 } : range));
const cmdline = Number(plan.copies.find(({ purpose }) => purpose === 'cmdline')?.to);

test.each([
  { address: 0x10, what: 'the interrupt vectors of real mode' },
  { address: 0x40e, what: 'BIOS data area: segment of the EBDA, where the search for the ACPI RSDP begins' },
  { address: 0x4ff, what: 'BIOS data area' },
  { address: 0xe0000, what: 'BIOS area, which is searched for ACPI RSDP, SMBIOS and MP tables' },
  { address: 0xb8000, what: 'colour text screen' },
  { address: 0xfee00020, what: 'local APIC' },
  { address: cmdline, what: "the loader's cmdline" },
  { address: end, what: 'right behind the range runtime' },
  { address: end + 0x100, what: '0x100 bytes behind the range runtime' },
  { address: RAM + 0x1000_0000, what: 'beyond the 64 MiB of RAM' },
])('$address is $what', ({ address, what }) => expect(whatIsAt(address, plan, ranges, RAM)).toBe(what));

test('a range that is too short is told of beside what it is for', () => {
  expect(whatIsAt(end - 0x1000, plan, shorter, RAM)).toBe('kept free as runtime, right behind the range runtime');
});
