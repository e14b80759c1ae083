/** The map and the plan as people see them, against readelf. */
import { readFileSync } from 'node:fs';
import { XMLValidator } from 'fast-xml-parser';
import { phys } from '@bzelf/bytes';
import { openKernel, pcMemoryMap, planLoad } from '@bzelf/loader';
import { wrap } from '@bzelf/writer';
import { expectGolden, testImage, testWith } from '@bzelf/testkit';
import { memoryPicture } from '../src/map/regions';
import { addressScale } from '../src/map/scale';
import { mapSvg } from '../src/map/svg';
import { mapText } from '../src/map/text';
import { planText } from '../src/plan/text';
import { PLAIN } from '../src/print/paint';
import { notesElf } from './support';

const KERNEL = new Uint8Array(readFileSync(testImage('61-64-gzip.bzImage')));
const container = async () => (await wrap(KERNEL)).bytes;

testWith(['readelf'], 'the loaded regions are the PT_LOADs that readelf sees', async (readelf) => {
  const bytes = await container();
  const loads = [...readelf.textOf(bytes, ['-lW']).matchAll(/^ {2}LOAD +\S+ \S+ (\S+) (\S+) (\S+)/gm)].map(
    ([, ...numbers]) => numbers.map(BigInt),
  );
  const { regions } = memoryPicture(openKernel(bytes));
  const loaded = regions.filter(({ lane }) => lane === 'loaded');
  const expected = loads.flatMap(([paddr = 0n, filesz = 0n, memsz = 0n]) => [
    { start: paddr, length: filesz },
    ...(memsz > filesz ? [{ start: paddr + filesz, length: memsz - filesz }] : []),
  ]);
  expect(loads.length).toBeGreaterThan(1);
  expect(loaded.map(({ start, length }) => ({ start, length }))).toEqual(expected);
});

test('the text of a map', () => {
  expectGolden('map.txt', mapText('k.elf', memoryPicture(openKernel(notesElf())), PLAIN));
});

test('the picture is well-formed, self-contained, and shows every region and entry', async () => {
  const picture = memoryPicture(openKernel(await container()));
  const svg = mapSvg('<k & "k">.elf', picture);
  expect(XMLValidator.validate(svg)).toBe(true);
  expect(svg).not.toMatch(/<script|href|url\(|@import/);
  expect(svg).toContain('prefers-color-scheme: dark');
  expect(svg.match(/<rect class="box /g)).toHaveLength(picture.regions.length);
  expect(svg.match(/<circle class="entry"/g)).toHaveLength(picture.entries.length);
});

test('labels of boundaries do not touch, and higher addresses lie above', () => {
  const extents = [
    { start: 0x1000n, length: 0x10n },
    { start: 0x1004n, length: 0x4n },
    { start: 1n << 40n, length: 1n << 30n },
  ];
  const { labels, cuts, y, height } = addressScale(extents, []);
  const places = labels.map(({ labelY }) => labelY);
  for (let i = 1; i < places.length; i++) expect((places[i - 1] ?? 0) - (places[i] ?? 0)).toBeGreaterThanOrEqual(14);
  expect(cuts).toEqual([expect.objectContaining({ start: 0x1010n, end: 1n << 40n })]);
  expect(y(0x1000n)).toBe(height);
  expect(y((1n << 40n) + (1n << 30n))).toBe(0);
});

const OPTIONS = {
  memoryMap: pcMemoryMap(512n << 20n),
  cmdline: 'console=ttyS0',
  initrd: { size: 0x123456 },
  acpiRsdp: phys(0xf5a40),
};

test('the text of a plan', () => {
  const kernel = openKernel(KERNEL);
  const plan = planLoad(kernel, { ...OPTIONS, protocol: 'linux64' });
  expectGolden('plan.txt', planText('kernel', plan, kernel.bzImage?.headerBytes, PLAIN));
});

// prettier-ignore
const BLOCKS = [
  { target: 'pvh',        protocol: 'pvh',        line: /modlist_paddr +0x[0-9a-f]+/,      register: /ebx 0x/ },
  { target: 'pvh',        protocol: 'linux32',    line: /ramdisk_size +0x123456/,          register: /esi 0x/ },
  { target: 'multiboot',  protocol: 'multiboot',  line: /mods_count +0x1/,                 register: /eax 0x2badb002/ },
  { target: 'multiboot2', protocol: 'multiboot2', line: /tag 1 +"console=ttyS0"/,          register: /eax 0x36d76289/ },
] as const;

test.each(BLOCKS)(
  'a plan by $protocol shows its parameter block and registers',
  async ({ target, protocol, line, register }) => {
    const kernel = openKernel((await wrap(KERNEL, { target })).bytes);
    const text = planText('kernel', planLoad(kernel, { ...OPTIONS, protocol }), undefined, PLAIN);
    expect(text).toMatch(line);
    expect(text).toMatch(register);
  },
);
