import { judge, testWithKernel, withTempFolder, type FetchedKernel } from '@bzelf/testkit';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  applyRelocations,
  extractPayload,
  placeVmlinux,
  readBzImage,
  splitVmlinux,
  type BzImage,
} from '../src/index.js';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

interface Row {
  id: FetchedKernel;
  header: Partial<BzImage['header']>;
  end: number;
  bits: BzImage['bits'];
  compressor?: string;
  uncompressed?: number;
  crc: string;
  pe?: string;
  kernelVersion: RegExp;
}

/** Read off the images with a hex dump, not with this library. */
// prettier-ignore
const ROWS: readonly Row[] = [
  { id: 'debian-6.1-amd64',      end: 0x26c, bits: 64, compressor: 'xz',   uncompressed: 65906612, crc: 'signed', pe: 'PE32+', kernelVersion: /^6\.1\.0-56-amd64 /,
    header: { version: 0x20f, setup_sects: 0x27, syssize: 0x7d820, payload_offset: 0x2cc, payload_length: 0x7bf070, init_size: 0x3f98000, handover_offset: 0x7c8db0, kernel_info_offset: 0x7d579c } },
  { id: 'debian-6.1-cloud',      end: 0x26c, bits: 64, compressor: 'lz4',  uncompressed: 53243444, crc: 'signed', pe: 'PE32+', kernelVersion: /^6\.1\.0-56-cloud-amd64 /,
    header: { version: 0x20f, setup_sects: 0x27, syssize: 0xd8220, payload_offset: 0x2cc, payload_length: 0xd696cc, init_size: 0x3378000, handover_offset: 0xd72f10, kernel_info_offset: 0xd7f91c } },
  { id: 'debian-6.12-amd64',     end: 0x26c, bits: 64, compressor: 'zstd', uncompressed: 57647116, crc: 'signed', pe: 'PE32+', kernelVersion: /^6\.12\.117\+deb12-amd64 /,
    header: { version: 0x20f, setup_sects: 0x27, syssize: 0xb8120, payload_offset: 0x2cc, payload_length: 0xb4a230, init_size: 0x37ee000, handover_offset: 0xb6d9b0, kernel_info_offset: 0xb7de9c } },
  { id: 'debian-6.12-cloud',     end: 0x26c, bits: 64, compressor: 'zstd', uncompressed: 57575404, crc: 'signed', pe: 'PE32+', kernelVersion: /^6\.12\.117\+deb12-cloud-amd64 /,
    header: { version: 0x20f, setup_sects: 0x27, syssize: 0xb1820, payload_offset: 0x2cc, payload_length: 0xae1992, init_size: 0x37dc000, handover_offset: 0xb05130, kernel_info_offset: 0xb1561c } },
  { id: 'debian-installer-i386', end: 0x26c, bits: 32, compressor: 'xz',   uncompressed: 16256960, crc: 'signed', pe: 'PE32',  kernelVersion: /^6\.1\.0-50-686 /,
    header: { version: 0x20f, setup_sects: 0x27, syssize: 0x56c20, payload_offset: 0x94, payload_length: 0x560fac, init_size: 0x100c000, handover_offset: 0x567291, kernel_info_offset: 0x56ae84 } },
  { id: 'memtest86plus-x64',     end: 0x268, bits: 64, crc: 'none', kernelVersion: /^Memtest86\+ v6\.10/,
    header: { version: 0x20c, setup_sects: 2, syssize: 0x22dc, payload_length: 0, pref_address: 0x100000n, init_size: 0x6acf8, relocatable_kernel: 0, kernel_alignment: 0x1000, initrd_addr_max: 0xffffffff, cmdline_size: 0xff } },
  { id: 'memtest86plus-ia32',    end: 0x268, bits: 32, crc: 'none', kernelVersion: /^Memtest86\+ v6\.10/, header: { version: 0x20c, setup_sects: 2, syssize: 0x217e } },
  { id: 'ipxe',                  end: 0x267, bits: 16, crc: 'none', kernelVersion: /^1\.0\.0\+git/,       header: { version: 0x207, setup_sects: 5, syssize: 0x4a16, code32_start: 0 } },
  { id: 'memdisk',               end: 0x240, bits: 16, crc: 'none', kernelVersion: /^MEMDISK 6\.04/,      header: { version: 0x203, setup_sects: 3 } },
];

describe.each(ROWS)('$id', ({ id, header, end, bits, compressor, uncompressed, crc, pe, kernelVersion }) => {
  testWithKernel(id, 'is read as a hex dump shows it', (path) => {
    const image = readBzImage(readFileSync(path));
    expect(image.header).toMatchObject(header);
    expect(image.headerBytes.length).toBe(end - 0x1f1);
    expect(image.bits).toBe(bits);
    expect(image.payload?.compressor).toBe(compressor);
    expect(image.payload?.uncompressedSize).toBe(uncompressed);
    expect(image.crc.state).toBe(crc);
    expect(image.pe?.format).toBe(pe);
    expect(image.certificates).toHaveLength(pe === undefined ? 0 : 1);
    expect(image.trailing.size).toBe(pe === undefined ? 0 : 0x5c0);
    expect(image.kernelVersion).toMatch(kernelVersion);
  });
});

/** Counts as arch/x86/tools/relocs wrote them: 32-bit, inverse 32-bit, 64-bit. */
const RELOCATIONS: Partial<Record<FetchedKernel, readonly number[]>> = {
  'debian-6.1-amd64': [76906, 8385, 137699],
  'debian-6.12-cloud': [78012, 13099, 146103],
};
const TOOLS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  xz: ['xz', '-dc'],
  lz4: ['lz4', '-dc'],
  zstd: ['zstd', '-dc', '--long=31'],
};

describe.each(ROWS.filter((row) => row.compressor !== undefined))('payload of $id', ({ id, compressor = '' }) => {
  testWithKernel(
    id,
    'is what the native command makes of it, and is relocated as a second implementation does it',
    async (path) => {
      const image = readBzImage(readFileSync(path));
      const vmlinux = await extractPayload(image);
      const [tool, ...words] = TOOLS[compressor] ?? [''];
      const { offset = 0, length = 0 } = image.payload ?? {};
      const native = judge(tool)?.bytes(words, { input: image.source.read(offset, length - 4) });
      expect(native === undefined ? `${tool} is missing` : sha256(native)).toBe(sha256(vmlinux));
      await expectSameRelocation(vmlinux, RELOCATIONS[id]);
    },
    60_000,
  );
});

async function expectSameRelocation(vmlinux: Uint8Array, counts: readonly number[] | undefined): Promise<void> {
  const { elf, relocations } = splitVmlinux(vmlinux);
  if (relocations === undefined) throw new Error('no relocation table');
  const lists = [relocations.abs32, relocations.inverse32, relocations.abs64].map((list) => list.length);
  if (counts !== undefined) expect(lists).toEqual(counts);
  const placement = placeVmlinux(elf);
  const memory = new Uint8Array(Number(placement.end - placement.linkBase));
  for (const { paddr, offset, filesz } of placement.segments)
    memory.set(elf.subarray(offset, offset + filesz), Number(paddr - placement.linkBase));
  const slide = { physical: 0x7000000n, virtual: 0x13a00000n };
  applyRelocations(memory, relocations, placement, slide);
  const python = judge('python3');
  if (python === undefined) throw new Error('python3 is missing: nothing to compare with');
  const theirs = await withTempFolder((folder) => {
    writeFileSync(join(folder, 'vmlinux'), vmlinux);
    const script = join(__dirname, 'relocate.py');
    return python.text([script, join(folder, 'vmlinux'), String(slide.physical), String(slide.virtual)]);
  });
  const used = placement.class === 64 ? lists : lists.slice(0, 1);
  expect(theirs.trim()).toBe(`${used.join(' ')} ${sha256(memory)}`);
}
