import { isBzelfError } from '@bzelf/bytes';
import { MADE_HEADER_FIELDS, makeBzImage, testWith } from '@bzelf/testkit';
import { existsSync } from 'node:fs';
import {
  BOOT_PARAMS,
  E820_ENTRY,
  EFI_INFO,
  KERNEL_INFO,
  LOADFLAGS,
  SCREEN_INFO,
  SETUP_DATA,
  SETUP_HEADER,
  SETUP_INDIRECT_DATA,
  XLOADFLAGS,
  flagNames,
  readSetupHeader,
  versionText,
} from '../src/index.js';

const codeOf = (call: () => unknown): unknown => {
  try {
    call();
  } catch (error) {
    return isBzelfError(error) ? error.code : error;
  }
  return 'no error';
};

describe('struct tables', () => {
  test.each([
    { table: SETUP_HEADER, size: 0x26c, complete: true }, // boot.rst: 0x1f1 to 0x26c, a table of file offsets
    { table: BOOT_PARAMS, size: 0x1000, complete: false },
    { table: SCREEN_INFO, size: 0x40, complete: false },
    { table: EFI_INFO, size: 0x20, complete: true },
    { table: E820_ENTRY, size: 20, complete: true },
    { table: SETUP_DATA, size: 16, complete: true },
    { table: SETUP_INDIRECT_DATA, size: 24, complete: true },
    { table: KERNEL_INFO, size: 16, complete: true },
  ])('$table.name has $size bytes, ascending fields and no overlap', ({ table, size, complete }) => {
    expect(table.size).toBe(size);
    let end = table.fields[0]?.at ?? 0;
    for (const field of table.fields) {
      expect(field.at).toBeGreaterThanOrEqual(end);
      if (complete) expect(`${field.name} at ${field.at}`).toBe(`${field.name} at ${end}`);
      end = field.at + field.type.size;
    }
  });

  const HEADERS = '/usr/include/linux/screen_info.h';
  testWith(['cc'], 'offsets and sizes are those of the C headers of the kernel', (cc) => {
    if (!existsSync(HEADERS)) throw new Error(`no ${HEADERS}: install linux-libc-dev`);
    const rows = [
      ['struct boot_params', 'hdr.', SETUP_HEADER.fields],
      ['struct boot_params', '', BOOT_PARAMS.fields],
      ['struct screen_info', '', SCREEN_INFO.fields],
      ['struct efi_info', '', EFI_INFO.fields],
      ['struct boot_e820_entry', '', E820_ENTRY.fields],
      ['struct setup_data', '', SETUP_DATA.fields],
    ] as const;
    const checks = rows.flatMap(([type, prefix, fields]) =>
      fields.map(
        ({ name, at, type: { size } }) =>
          `_Static_assert(offsetof(${type}, ${prefix}${name}) == ${at} && sizeof(((${type} *)0)->${prefix}${name}) == ${size}, "${name}");`,
      ),
    );
    const source = ['#include <stddef.h>', '#include <linux/types.h>', '#include <asm/bootparam.h>', ...checks].join(
      '\n',
    );
    const done = cc.run(['-fsyntax-only', '-xc', '-'], { input: Buffer.from(source) });
    expect(done.stderr).toBe('');
    expect(done.status).toBe(0);
  });

  test('fields, offsets and versions agree with the test kit, which lists them on its own', () => {
    const mine = SETUP_HEADER.fields.map((f) => [f.name, [f.at, f.name === 'syssize' ? 4 : f.type.size, f.since]]);
    expect(Object.fromEntries(mine)).toEqual(MADE_HEADER_FIELDS);
  });
});

describe('readSetupHeader', () => {
  test.each([
    { version: 0x0200, has: 'ramdisk_size', hasNot: 'heap_end_ptr' },
    { version: 0x0202, has: 'cmd_line_ptr', hasNot: 'initrd_addr_max' },
    { version: 0x0203, has: 'initrd_addr_max', hasNot: 'syssize' },
    { version: 0x0205, has: 'relocatable_kernel', hasNot: 'cmdline_size' },
    { version: 0x0208, has: 'payload_length', hasNot: 'setup_data' },
    { version: 0x020d, has: 'handover_offset', hasNot: 'kernel_info_offset' },
    { version: 0x020e, has: 'handover_offset', hasNot: 'kernel_info_offset' }, // boot.rst: 2.14 is 2.13
    { version: 0x020f, has: 'kernel_info_offset', hasNot: 'nothing' },
  ])('at version $version knows $has and not $hasNot', ({ version, has, hasNot }) => {
    const header = readSetupHeader(makeBzImage({ version, jump: 0x6aeb }));
    expect(header).toHaveProperty(has);
    expect(header).not.toHaveProperty(hasNot);
  });

  test('leaves out a field that crosses the header end, whatever the version says', () => {
    const header = readSetupHeader(makeBzImage({ version: 0x020f, jump: ((0x262 - 0x202) << 8) | 0xeb }));
    expect(header.pref_address).toBe(0x1000000n);
    expect(header).not.toHaveProperty('init_size');
  });

  test.each([
    { title: 'no 0xaa55', image: makeBzImage({ boot_flag: 0 }), code: 'bzimage/bad-magic' },
    { title: 'no HdrS', image: makeBzImage({ header: 0 }), code: 'bzimage/bad-magic' },
    { title: 'protocol 1.01', image: makeBzImage({ version: 0x0101, header: 0x53726448 }), code: 'bzimage/too-old' },
    { title: 'a zImage', image: makeBzImage({ loadflags: 0 }), code: 'bzimage/zimage' },
    { title: 'a header of 16 bytes', image: makeBzImage({ jump: 0x0eeb }), code: 'bzimage/header-too-short' },
    { title: 'an empty file', image: new Uint8Array(0), code: 'bzimage/too-short' },
  ])('refuses $title as $code', ({ image, code }) => {
    expect(codeOf(() => readSetupHeader(image))).toBe(code);
  });
});

describe('flags', () => {
  test.each([
    {
      value: 0x7f,
      table: XLOADFLAGS,
      names: [
        'XLF_KERNEL_64',
        'XLF_CAN_BE_LOADED_ABOVE_4G',
        'XLF_EFI_HANDOVER_32',
        'XLF_EFI_HANDOVER_64',
        'XLF_EFI_KEXEC',
        'XLF_5LEVEL',
        'XLF_5LEVEL_ENABLED',
      ],
    }, // Debian amd64
    { value: 0x81, table: LOADFLAGS, names: ['LOADED_HIGH', 'CAN_USE_HEAP'] },
    { value: 0x100, table: XLOADFLAGS, names: ['bit 8'] },
  ])('$value reads $names', ({ value, table, names }) => {
    expect(flagNames(value, table)).toEqual(names);
  });

  test('a version is written as boot.rst writes it', () => {
    expect(versionText(0x0204)).toBe('2.04');
    expect(versionText(0x020f)).toBe('2.15');
  });
});
