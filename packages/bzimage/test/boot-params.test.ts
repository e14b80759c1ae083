import { fromHex, phys, toHex } from '@bzelf/bytes';
import { makeBzImage } from '@bzelf/testkit';
import {
  E820_TYPE_RAM,
  SETUP_RNG_SEED,
  buildBootParams,
  decodeBootParams,
  e820ExtNode,
  e820Overflow,
  readBzImage,
  readSetupDataNode,
  setupDataNode,
  setupIndirectNode,
} from '../src/index.js';

const headerOf = (options: Parameters<typeof makeBzImage>[0] = {}) => readBzImage(makeBzImage(options)).headerBytes;
const ram = (addr: bigint) => ({ addr, size: 0x1000n, type: E820_TYPE_RAM });

describe('buildBootParams', () => {
  const page = buildBootParams({
    headerBytes: headerOf(),
    typeOfLoader: 0xb0,
    cmdLinePtr: phys(0x1_0002_0000),
    ramdisk: { address: phys(0x2_3000_0000), size: 0x1_0000_0001n },
    e820: [ram(0n), ram(0x100000n)],
    acpiRsdp: phys(0xe0000),
    setupData: phys(0x9000),
    subarch: { id: 2, data: 5n },
    header: { loadflags: 0x81 },
  });

  // zero-page.rst
  // prettier-ignore
  test.each([
    { field: 'sentinel',              at: 0x1ef, bytes: '00' },
    { field: 'filler before hdr',     at: 0x1f0, bytes: '00' },
    { field: 'header',                at: 0x202, bytes: '48 64 72 53' },
    { field: 'type_of_loader',        at: 0x210, bytes: 'b0 81' },
    { field: 'ramdisk_image, size',   at: 0x218, bytes: '00 00 00 30 01 00 00 00' },
    { field: 'cmd_line_ptr',          at: 0x228, bytes: '00 00 02 00' },
    { field: 'ext_ramdisk_*, ext_cmd_line_ptr', at: 0x0c0, bytes: '02 00 00 00 01 00 00 00 01 00 00 00' },
    { field: 'acpi_rsdp_addr',        at: 0x070, bytes: '00 00 0e 00 00 00 00 00' },
    { field: 'hardware_subarch',      at: 0x23c, bytes: '02 00 00 00 05 00 00 00 00 00 00 00' },
    { field: 'setup_data',            at: 0x250, bytes: '00 90 00 00 00 00 00 00' },
    { field: 'after the header end',  at: 0x26c, bytes: '00 00 00 00' },
    { field: 'e820_entries',          at: 0x1e8, bytes: '02' },
    { field: 'e820_table[1]',         at: 0x2e4, bytes: '00 00 10 00 00 00 00 00 00 10 00 00 00 00 00 00 01 00 00 00' },
  ])('$field is at $at', ({ at, bytes }) => {
    const expected = fromHex(bytes);
    expect(toHex(page.subarray(at, at + expected.length))).toBe(toHex(expected));
  });

  test('is one page, and reads back', () => {
    expect(page.length).toBe(4096);
    const back = decodeBootParams(page);
    expect(back.cmdLinePtr).toBe(0x1_0002_0000n);
    expect(back.ramdisk).toEqual({ address: 0x2_3000_0000n, size: 0x1_0000_0001n });
    expect(back.e820).toEqual([ram(0n), ram(0x100000n)]);
  });

  test('copies the header to its end and no further', () => {
    const long = new Uint8Array(0x400).fill(0xcc);
    long.set(headerOf({ version: 0x0207, jump: 0x46eb }));
    const copied = buildBootParams({ headerBytes: long.subarray(0, 0x248 - 0x1f1) });
    expect(toHex(copied.subarray(0x248, 0x24c))).toBe('00000000');
  });

  // prettier-ignore
  test.each([
    { title: 'an initrd above 4 GiB for a 32-bit kernel', options: { headerBytes: headerOf({ bits: 32 }), ramdisk: { address: phys(0x1_0000_0000), size: 1n } }, field: 'ext_ramdisk_image' },
    { title: 'a command line for protocol 2.01',          options: { headerBytes: headerOf({ version: 0x0201 }), cmdLinePtr: phys(1) }, field: 'cmd_line_ptr' },
    { title: 'setup_data for protocol 2.08',              options: { headerBytes: headerOf({ version: 0x0208 }), setupData: phys(1) },  field: 'setup_data' },
  ])('refuses $title', ({ options, field }) => {
    expect(() => buildBootParams(options)).toThrow(expect.objectContaining({ code: 'bzimage/bad-boot-params', field }));
  });

  test('keeps 128 rows of the memory map and hands back the rest', () => {
    const e820 = Array.from({ length: 130 }, (_, i) => ram(BigInt(i) << 20n));
    expect(decodeBootParams(buildBootParams({ headerBytes: headerOf(), e820 })).e820).toHaveLength(128);
    expect(e820Overflow(e820)).toEqual(e820.slice(128));
  });
});

describe('setup_data', () => {
  // asm/setup_data.h: u64 next, u32 type, u32 len
  test.each([
    {
      title: 'a seed',
      node: setupDataNode(SETUP_RNG_SEED, Uint8Array.of(7, 8), phys(0x5000)),
      bytes: '0050000000000000 09000000 02000000 0708',
    },
    {
      title: 'a pointer',
      node: setupIndirectNode(SETUP_RNG_SEED, { addr: phys(0x6000), len: 2n }),
      bytes: '0000000000000000 00000080 18000000 09000080 00000000 0200000000000000 0060000000000000',
    },
    {
      title: 'one more memory range',
      node: e820ExtNode([ram(0x100000n)]),
      bytes: '0000000000000000 01000000 14000000 0000100000000000 0010000000000000 01000000',
    },
  ])('encodes $title', ({ node, bytes }) => {
    expect(toHex(node)).toBe(toHex(fromHex(bytes)));
  });

  test('reads back, and refuses a length past the end', () => {
    expect(readSetupDataNode(setupDataNode(9, Uint8Array.of(1)))).toEqual({
      next: 0n,
      type: 9,
      data: Uint8Array.of(1),
    });
    expect(() => readSetupDataNode(setupDataNode(9, Uint8Array.of(1)).subarray(0, 16))).toThrow(
      expect.objectContaining({ code: 'bzimage/bad-setup-data', field: 'setup_data.len' }),
    );
  });
});
