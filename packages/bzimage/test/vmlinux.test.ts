import { BzelfError, getU32, getU64, setU32, setU64 } from '@bzelf/bytes';
import { SMALL_KERNELS, testImage, testWith } from '@bzelf/testkit';
import { readFileSync } from 'node:fs';
import {
  applyRelocations,
  extractPayload,
  parseRelocations,
  placeVmlinux,
  readBzImage,
  splitVmlinux,
} from '../src/index.js';

const words = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);

describe('parseRelocations', () => {
  // arch/x86/tools/relocs.c, emit_relocs
  // prettier-ignore
  test.each([
    { title: '64-bit',             bits: 64, table: [0, 7, 8, 0, 5, 0, 1, 2, 3], abs64: [7, 8], inverse32: [5], abs32: [1, 2, 3] },
    { title: '64-bit without SMP', bits: 64, table: [0, 7, 8, 0, 0, 1, 2, 3],    abs64: [7, 8], inverse32: [],  abs32: [1, 2, 3] },
    { title: '64-bit, 6.15',       bits: 64, table: [0, 7, 8, 0, 1, 2, 3],       abs64: [7, 8], inverse32: [],  abs32: [1, 2, 3] },
    { title: '32-bit',             bits: 32, table: [0, 1, 2, 3],                abs64: [],     inverse32: [],  abs32: [1, 2, 3] },
  ] as const)('$title', ({ bits, table, abs64, inverse32, abs32 }) => {
    const lists = parseRelocations(words(...table), 0, bits);
    expect({ abs64: [...lists.abs64], inverse32: [...lists.inverse32], abs32: [...lists.abs32] }).toEqual({ abs64, inverse32, abs32 });
  });

  // prettier-ignore
  test.each([
    { title: 'does not start with 0',  bits: 64, table: words(1, 0, 2) },
    { title: 'has a list too many',    bits: 64, table: words(0, 1, 0, 2, 0, 3, 0, 4) },
    { title: 'has two lists on i386',  bits: 32, table: words(0, 1, 0, 2) },
    { title: 'descends',               bits: 32, table: words(0, 2, 1) },
    { title: 'is cut inside a word',   bits: 32, table: words(0, 2).subarray(0, 7) },
  ] as const)('refuses a table that $title', ({ bits, table }) => {
    expect(() => parseRelocations(table, 0, bits)).toThrow(expect.objectContaining({ code: 'bzimage/bad-relocations' }));
  });
});

describe('applyRelocations', () => {
  const lists = (abs32: number[], inverse32: number[] = [], abs64: number[] = []) => ({
    abs32: Uint32Array.from(abs32),
    inverse32: Uint32Array.from(inverse32),
    abs64: Uint32Array.from(abs64),
  });
  const placement64 = { class: 64, linkBase: 0x1000000n, virtualBase: 0xffffffff80000000n } as Parameters<
    typeof applyRelocations
  >[2];
  const placement32 = { class: 32, linkBase: 0x1000000n, virtualBase: 0xc0000000n } as Parameters<
    typeof applyRelocations
  >[2];

  // misc.c, handle_relocations: += delta, -= delta, and += delta on 64 bits
  test('adds, subtracts and adds 64 bits wide by the virtual slide', () => {
    const image = new Uint8Array(32);
    setU32(image, 0, 0x81000000);
    setU32(image, 4, 0x10);
    setU64(image, 8, 0xffffffff81000000n);
    applyRelocations(image, lists([0x81000000], [0x81000004], [0x81000008]), placement64, {
      physical: 0x4000000n,
      virtual: 0x200000n,
    });
    expect(getU32(image, 0)).toBe(0x81200000);
    expect(getU32(image, 4)).toBe(0xffe00010);
    expect(getU64(image, 8)).toBe(0xffffffff81200000n);
  });

  test('a 64-bit kernel moved only physically stays as it is', () => {
    const image = new Uint8Array(8);
    applyRelocations(image, lists([0x81000000]), placement64, { physical: 0x4000000n, virtual: 0n });
    expect(getU32(image, 0)).toBe(0);
  });

  test('an i386 kernel goes by the physical slide', () => {
    const image = new Uint8Array(8);
    setU32(image, 4, 0xc1000000);
    applyRelocations(image, lists([0xc1000004]), placement32, { physical: 0x1000000n, virtual: 0n });
    expect(getU32(image, 4)).toBe(0xc2000000);
  });

  test.each([{ address: 0x80fffffc }, { address: 0x81000005 }])(
    'refuses $address outside the image and changes nothing',
    ({ address }) => {
      const image = new Uint8Array(8);
      const relocations = lists([0x81000000], [], []);
      relocations.abs32.set([address]);
      expect(() => applyRelocations(image, relocations, placement64, { physical: 0n, virtual: 0x200000n })).toThrow(
        expect.objectContaining({ code: 'bzimage/relocation-outside' }),
      );
      expect(image.every((byte) => byte === 0)).toBe(true);
    },
  );
});

describe('small kernels', () => {
  const vmlinuxOf = (name: string) => extractPayload(readBzImage(readFileSync(testImage(`${name}.bzImage`))));

  for (const name of SMALL_KERNELS) {
    testWith(
      ['readelf'],
      `${name}: segments and entry are those that readelf prints, and the ELF file ends where it says`,
      async (readelf) => {
        const { elf, relocations, relocsOffset } = splitVmlinux(await vmlinuxOf(name));
        const text = readelf.textOf(elf, ['-hlW']);
        const loads = [...text.matchAll(/^ +LOAD +(0x\w+) 0x\w+ (0x\w+) (0x\w+) (0x\w+)/gm)];
        const placement = placeVmlinux(elf);
        expect(placement.segments.map((s) => [s.offset, Number(s.paddr), s.filesz, Number(s.memsz)])).toEqual(
          loads.map((row) => row.slice(1, 5).map(Number)),
        );
        expect(placement.entry).toBe(BigInt(/Entry point address: +(0x\w+)/.exec(text)?.[1] ?? 0));
        const [, start, count, size] =
          /Start of section headers: +(\d+)[^]*Size of section headers: +(\d+)[^]*Number of section headers: +(\d+)/.exec(
            text,
          ) ?? [];
        expect(relocsOffset).toBe(Number(start) + Number(count) * Number(size));
        expect(relocations?.abs32.length).toBeGreaterThan(10_000);
      },
    );
  }

  test('cut at any place gives a BzelfError or a shorter table, and nothing else', async () => {
    const bytes = await vmlinuxOf('61-32-gzip');
    for (let length = 0; length < bytes.length; length += length < 0x200 ? 1 : 99_991) {
      try {
        placeVmlinux(splitVmlinux(bytes.subarray(0, length)).elf);
      } catch (error) {
        expect(error).toBeInstanceOf(BzelfError);
      }
    }
  });
});
