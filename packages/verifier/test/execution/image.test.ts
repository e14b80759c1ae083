/** The kernel in memory against the one in the file; here memory is filled by hand. */
import { applyRelocations, placeVmlinux } from '@bzelf/bzimage';
import { openKernel } from '@bzelf/loader';
import { checkImage } from '../../src/execution/image';
import { prepare } from '../../src/execution/prepare';
import { image } from '../checks/edit';

const SIZE = 48 << 20;

/** Memory as a decompressor leaves it, by placing and relocating without the loader's code. */
async function memory(name: string, physical: bigint, virtual: bigint) {
  const { kernel, inner } = await prepare(openKernel(image(name)));
  if (inner?.relocations === undefined) throw new Error('no relocations');
  const elf = inner.elf.source.read(0, inner.elf.source.size);
  const placement = placeVmlinux(elf);
  const base = Number(placement.linkBase + physical);
  const ram = new Uint8Array(SIZE);
  for (const { paddr, offset, filesz } of placement.segments)
    ram.set(elf.subarray(offset, offset + filesz), Number(paddr + physical));
  applyRelocations(ram.subarray(base, Number(placement.end + physical)), inner.relocations, placement, {
    physical,
    virtual,
  });
  const check = (entry = placement.entry + physical) => checkImage(ram, kernel, inner, entry);
  return { ram, check, entry: placement.entry + physical };
}

test.each([
  { name: '61-64-gzip', physical: 0n, virtual: 0n },
  { name: '61-64-gzip', physical: 0x40_0000n, virtual: 0n },
  { name: '61-64-gzip', physical: 0x20_0000n, virtual: 0x1e0_0000n },
  { name: '61-32-gzip', physical: 0x100_0000n, virtual: 0x100_0000n },
])('$name moved by $physical, virtually by $virtual: the slides are found, and explain every byte', async (row) => {
  const { check } = await memory(row.name, row.physical, row.virtual);
  expect(check()).toMatchObject({ slides: { physical: row.physical, virtual: row.virtual }, findings: [] });
});

test('one wrong byte is found at its place', async () => {
  const { ram, check } = await memory('61-64-gzip', 0n, 0n);
  ram[0x123_4567] = (ram[0x123_4567] ?? 0) ^ 1;
  const { findings } = check();
  expect(findings.map(({ code, field, found }) => [code, field, found?.replace(/^0x\w+/, '')])).toEqual([
    ['image/differs', 'memory at 0x1234567', '; 1 of 6,820,432 bytes differs'],
  ]);
});

test('a kernel at no multiple of its alignment is told', async () => {
  const { check, entry } = await memory('61-64-gzip', 0n, 0n);
  expect(check(entry + 0x1000n).findings.map(({ code }) => code)).toEqual(['image/slide']);
});
