/** Wrong memory: MAPPING ranges that are missing, too short, elsewhere or without rights; segments; init_size. */
import { elf, gone, header, later, ranges, shorter, without } from './edits';
import type { FileMutation } from './mutation';

const PAGE = 0x1000n;
const memsz = (nth: number, by: bigint) =>
  elf((file) => {
    file.load(nth, ({ p_memsz }) => ({ p_memsz: p_memsz - by }));
    if (file.notes.some(({ owner, type }) => owner === 'ELFBoot' && type === 3)) file.checksum();
  });

// prettier-ignore
export const MEMORY: readonly FileMutation[] = [
  { name: 'no image range',                        base: 'container',    change: ranges('image', gone), code: 'mapping/image' },
  { name: 'an image range short by a page',        base: 'container',    change: ranges('image', shorter(PAGE)), code: 'mapping/image' },
  { name: 'an image range a page later',           base: 'container',    change: ranges('image', later(PAGE)), code: 'mapping/image' },
  { name: 'no runtime range',                      base: 'container',    change: ranges('runtime', gone), code: 'run/unmapped' },
  { name: 'a runtime range short by a page',       base: 'container',    change: ranges('runtime', shorter(PAGE)), code: 'mapping/runtime' },
  { name: 'a runtime range without its last half', base: 'container',    change: ranges('runtime', shorter(0x60_0000n)), code: 'run/unmapped' },
  { name: 'a runtime range without write',         base: 'container',    change: ranges('runtime', without(2)), code: 'run/unmapped' },
  { name: 'a runtime range without execute',       base: 'container',    change: ranges('runtime', without(4)), code: 'run/unmapped' },
  { name: 'no stub range',                         base: 'container',    change: ranges('stub', gone), code: 'run/unmapped' },
  { name: 'a stub range short by a page',          base: 'container',    change: ranges('stub', shorter(PAGE)), code: 'run/unmapped' },
  { name: 'a stub range of a page',                base: 'container',    change: ranges('stub', () => ({ length: PAGE })), code: 'run/unmapped' },
  { name: 'a stub range a page later',             base: 'container',    change: ranges('stub', later(PAGE)), code: 'run/unmapped' },
  { name: 'a stub range without write',            base: 'container',    change: ranges('stub', without(2)), code: 'run/unmapped' },
  { name: 'a stub range without execute',          base: 'container',    change: ranges('stub', without(4)), code: 'run/unmapped' },
  { name: 'no start-info range',                   base: 'container',    change: ranges('start-info', gone), code: 'run/unmapped' },
  { name: 'a start-info range without read',       base: 'container',    change: ranges('start-info', without(3)), code: 'run/unmapped' },
  { name: 'no cmdline range',                      base: 'container',    change: ranges('cmdline', gone), code: 'run/unmapped' },
  { name: 'no runtime range',                      base: 'container 32', change: ranges('runtime', gone), code: 'run/unmapped' },
  { name: 'a runtime range without its last half', base: 'container 32', change: ranges('runtime', shorter(0x21_0000n)), code: 'run/unmapped' },
  { name: 'no stub range',                         base: 'container 32', change: ranges('stub', gone), code: 'run/unmapped' },
  { name: 'no cmdline range',                      base: 'container 32', change: ranges('cmdline', gone), code: 'run/unmapped' },
  { name: 'no boot-params range',                  base: 'container',    by: 'linux32', change: ranges('boot-params', gone), code: 'run/unmapped' },
  { name: 'no boot-params range',                  base: 'container',    by: 'linux64', change: ranges('boot-params', gone), code: 'run/fault' },
  { name: 'no runtime range',                      base: 'container',    by: 'linux64', change: ranges('runtime', gone), code: 'run/fault' },
  { name: 'no stub range',                         base: 'container',    by: 'linux64', change: ranges('stub', gone), code: 'run/fault' },
  { name: 'no start-info range',                   base: 'multiboot',    change: ranges('start-info', gone), code: 'run/unmapped' },
  { name: 'no start-info range',                   base: 'multiboot2',   change: ranges('start-info', gone), code: 'run/unmapped' },
  { name: 'no stub range',                   base: 'elfboot32',    change: ranges('stub', gone), code: 'run/unmapped' },
  { name: 'no runtime range',                      base: 'universal',    change: ranges('runtime', gone), code: 'run/unmapped' },
  { name: 'no runtime range',                      base: 'inplace',      change: ranges('runtime', gone), code: 'run/fault' },
  { name: 'a runtime range without its last half', base: 'inplace',      change: ranges('runtime', shorter(0x60_0000n)), code: 'run/fault' },
  { name: 'no boot-params range',                  base: 'inplace',      change: ranges('boot-params', gone), code: 'run/fault' },
  { name: 'no runtime range',                      base: 'inplace 32',   change: ranges('runtime', gone), code: 'run/unmapped' },
  { name: 'no image range',                        base: 'vmlinux',      change: ranges('image', gone), code: 'run/fault' },
  { name: 'an image range without execute',        base: 'vmlinux',      change: ranges('image', without(4)), code: 'run/unmapped' },
  { name: 'an image range short by a page',        base: 'vmlinux 32',   change: ranges('image', shorter(PAGE)), code: 'mapping/segment' },
  { name: 'the rows of another entry',             base: 'container',    change: ranges('runtime', () => ({ start: 0n })), code: 'run/unmapped' },
  { name: 'p_memsz of the kernel short by a page', base: 'container',    change: memsz(0, PAGE), code: 'placement/reserve' },
  { name: 'p_memsz of the stub short by a page',   base: 'container',    change: memsz(1, PAGE), code: 'sections/outside' },
  { name: 'p_memsz of the kernel short by a page', base: 'container 32', change: memsz(0, PAGE), code: 'placement/reserve' },
  { name: 'p_memsz of the kernel short by a page', base: 'universal',    change: memsz(1, PAGE), code: 'placement/reserve' },
  { name: 'p_memsz short by a page',               base: 'inplace',      change: memsz(0, PAGE), code: 'placement/reserve' },
  { name: 'p_memsz short by a page',               base: 'inplace 32',   change: memsz(0, PAGE), code: 'placement/reserve' },
  { name: 'p_memsz of the last segment short by a page', base: 'vmlinux', change: memsz(2, PAGE), code: 'sections/outside' },
  { name: 'p_memsz of the last segment short by a page', base: 'vmlinux 32', change: memsz(1, PAGE), code: 'sections/outside' },
  { name: 'p_align of the kernel to 3',            base: 'multiboot',    change: elf((f) => f.load(0, () => ({ p_align: 3n }))), code: 'segments/congruence' },
  { name: 'init_size of a page',                   base: 'bzImage',      change: header({ init_size: 0x1000 }), code: 'run/fault' },
  { name: 'init_size without what follows bss',    base: 'whole',        change: header({ init_size: 0xa2_0000 }), code: 'run/halt' },
  { name: 'init_size halved',                      base: 'bzImage',      change: header({ init_size: 0x60_0000 }), code: 'run/unmapped' },
  { name: 'init_size halved',                      base: 'bzImage 32',   change: header({ init_size: 0x20_0000 }), code: 'inner/init-size' },
  { name: 'init_size to 0',                        base: 'bzImage 32',   change: header({ init_size: 0 }), code: 'inner/init-size' },
  { name: 'init_size of an inplace file',          base: 'inplace',      change: elf((f) => f.bytes.set([0, 0, 0x60, 0], 0x260)), code: 'placement/header' },
  { name: 'kernel_alignment to 3 MiB',             base: 'bzImage',      change: header({ kernel_alignment: 0x30_0000 }), code: 'run/plan' },
  { name: 'kernel_alignment to 0',                 base: 'bzImage',      change: header({ kernel_alignment: 0 }), code: 'run/fault' },
  { name: 'kernel_alignment to 4 KiB',             base: 'bzImage',      change: header({ kernel_alignment: 0x1000 }), code: 'setup-header/min-alignment' },
  { name: 'kernel_alignment to 3 MiB',             base: 'bzImage 32',   change: header({ kernel_alignment: 0x30_0000 }), code: 'run/plan' },
  { name: 'pref_address by a page',                base: 'bzImage',      change: header({ pref_address: 0x100_1000n }), code: 'run/unmapped' },
  { name: 'pref_address to 0',                     base: 'bzImage',      change: header({ pref_address: 0n }), code: 'run/fault' },
  { name: 'pref_address above memory',             base: 'bzImage',      change: header({ pref_address: 1n << 62n }), code: 'run/plan' },
  { name: 'pref_address of a kernel that stays',   base: 'bzImage',      change: header({ relocatable_kernel: 0, pref_address: 0x200_0000n }), code: 'run/fault' },
];
