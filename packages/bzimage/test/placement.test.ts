import { phys } from '@bzelf/bytes';
import { makeBzImage } from '@bzelf/testkit';
import {
  cmdlineSizeMax,
  initrdAddrMax,
  isAllowedLoad,
  placementRules,
  readSetupHeader,
  runtimeStart,
} from '../src/index.js';

const header = (options: Parameters<typeof makeBzImage>[0]) => readSetupHeader(makeBzImage(options));

describe('runtimeStart', () => {
  // boot.rst, field init_size: align_up(max(load, pref_address), kernel_alignment) when relocatable
  // prettier-ignore
  test.each([
    { title: 'QEMU loads at 1 MiB',  load: 0x100000,  start: 0x1000000, options: {} },
    { title: 'at pref_address',      load: 0x1000000, start: 0x1000000, options: {} },
    { title: 'above, not aligned',   load: 0x1000001, start: 0x1200000, options: {} },
    { title: 'not relocatable',      load: 0x3000000, start: 0x1000000, options: { relocatable_kernel: 0 } },
    { title: 'older than 2.10',      load: 0x100000,  start: 0x200000,  options: { version: 0x0205 } },
    { title: 'older than 2.05',      load: 0x100000,  start: 0x100000,  options: { version: 0x0204 } },
  ])('$title: loaded at $load, runs at $start', ({ load, start, options }) => {
    expect(runtimeStart(header(options), phys(load))).toBe(BigInt(start));
  });
});

describe('placementRules', () => {
  // Debian 6.1 amd64: init_size 0x3f98000; the decompressor refuses a heap above 0x3fffffffffff
  test('of a 64-bit kernel reach far above 4 GiB', () => {
    const rules = placementRules(header({ init_size: 0x3f98000 }), 0);
    expect(rules).toMatchObject({
      relocatable: true,
      alignment: 0x200000n,
      preferred: 0x1000000n,
      initSize: 0x3f98000n,
    });
    expect(rules.lowest).toBe(0x100000n);
    expect(rules.highest).toBe(0x3ffffc000000n);
  });

  test('of a 32-bit kernel end below the 896 MiB of low memory', () => {
    const rules = placementRules(header({ bits: 32, init_size: 0x1000000 }), 0);
    expect(rules.highest).toBe(0x37000000n);
    expect(isAllowedLoad(rules, phys(0x38000000))).toBe(false);
  });

  test('of a fixed kernel allow one place', () => {
    const rules = placementRules(header({ relocatable_kernel: 0, pref_address: 0x100000n }), 0);
    expect([rules.lowest, rules.highest]).toEqual([0x100000n, 0x100000n]);
  });

  test('guess init_size before 2.10 as GRUB does', () => {
    expect(placementRules(header({ version: 0x0209 }), 0x1001).initSize).toBe(0x6000n);
  });
});

describe('limits', () => {
  test('initrd_addr_max is 0x37ffffff before 2.03', () => {
    expect(initrdAddrMax(header({ version: 0x0202 }))).toBe(0x37ffffffn);
    expect(initrdAddrMax(header({}))).toBe(0x7fffffffn);
  });
  test('cmdline_size is 255 before 2.06', () => {
    expect(cmdlineSizeMax(header({ version: 0x0205 }))).toBe(255);
    expect(cmdlineSizeMax(header({}))).toBe(0x7ff);
  });
});
