/** boot_params as a kernel gets them, each wrong in one way. */
import { setU32 } from '@bzelf/bytes';
import { openKernel } from '@bzelf/loader';
import { checkParams } from '../../src/execution/params';
import { findProfile } from '../../src/profiles/find';
import { handOver } from '../../src/profiles/hand-over';
import { bytesOf } from '../../src/start';
import { image } from '../checks/edit';

const RAM = 64 << 20;
const kernel = openKernel(image());

/** Memory as the loader leaves it, which is what a good kernel gets. */
function loaded() {
  const initrd = new Uint8Array(5000).fill(7);
  const given = handOver(kernel, findProfile('linux64'), { ram: BigInt(RAM), cmdline: 'console=ttyS0', initrd });
  const ram = new Uint8Array(RAM);
  for (const copy of given.plan.copies) ram.set(bytesOf(copy, { kernel: kernel.source, initrd }), Number(copy.to));
  return { given, ram, params: Number(given.plan.parameterBlock?.address), initrdAt: Number(given.plan.initrd?.start) };
}

type Loaded = ReturnType<typeof loaded>;

/** Offsets of boot_params. Source: zero-page.rst, boot.rst. */
// prettier-ignore
const WRONG: readonly { name: string; code: string; rsi?: bigint; change: (own: Loaded) => void }[] = [
  { name: 'cmd_line_ptr elsewhere',      code: 'params/cmdline', change: ({ ram, params }) => setU32(ram, params + 0x228, 0x3000) },
  { name: 'no command line',             code: 'params/cmdline', change: ({ ram, params }) => setU32(ram, params + 0x228, 0) },
  { name: 'ext_cmd_line_ptr not 0',      code: 'params/cmdline', change: ({ ram, params }) => setU32(ram, params + 0xc8, 1) },
  { name: 'a letter of the line',        code: 'params/cmdline', change: ({ ram, given }) => (ram[Number(given.plan.cmdline?.start) + 3] = 0x21) },
  { name: 'RAM that is said reserved',   code: 'params/e820',    change: ({ ram, params }) => setU32(ram, params + 0x2d0 + 16, 2) },
  { name: 'a row too few',               code: 'params/e820',    change: ({ ram, params }) => (ram[params + 0x1e8] = 3) },
  { name: 'RAM that is longer',          code: 'params/e820',    change: ({ ram, params }) => setU32(ram, params + 0x2d0 + 3 * 20 + 8, RAM) },
  { name: 'reserved that is said ACPI',  code: 'params/e820',    change: ({ ram, params }) => setU32(ram, params + 0x2d0 + 20 + 16, 3) },
  { name: 'an RSDP that nobody gave',    code: 'params/acpi',    change: ({ ram, params }) => setU32(ram, params + 0x70, 0xe_0000) },
  { name: 'data of the subarch',         code: 'params/subarch', change: ({ ram, params }) => setU32(ram, params + 0x240, 1) },
  { name: 'ramdisk_size one more',       code: 'params/initrd',  change: ({ ram, params }) => setU32(ram, params + 0x21c, 5001) },
  { name: 'ramdisk_image a page lower',  code: 'params/initrd',  change: ({ ram, params, initrdAt }) => setU32(ram, params + 0x218, initrdAt - 0x1000) },
  { name: 'a byte of the initrd',        code: 'params/initrd',  change: ({ ram, initrdAt }) => (ram[initrdAt + 4999] = 8) },
  { name: 'hardware_subarch of Xen',     code: 'params/subarch', change: ({ ram, params }) => setU32(ram, params + 0x23c, 2) },
  { name: 'no "HdrS"',                   code: 'params/place',   change: ({ ram, params }) => setU32(ram, params + 0x202, 0) },
  { name: 'rsi outside of memory',       code: 'params/place',   rsi: 1n << 40n, change: () => undefined },
];

test('a command line that is not ASCII is compared as bytes', () => {
  const { given, ram, params } = loaded();
  const at = Number(given.plan.cmdline?.start);
  ram.set(new TextEncoder().encode('hostname=käse\0'), at);
  const other = { ...given, cmdline: 'hostname=käse' };
  const { cmdline, findings } = checkParams({ ram, register: () => BigInt(params) }, kernel, other);
  expect([cmdline, findings]).toEqual(['hostname=käse', []]);
});

test('what a loader gave is what the kernel gets', () => {
  const { given, ram, params } = loaded();
  expect(checkParams({ ram, register: () => BigInt(params) }, kernel, given)).toEqual({
    cmdline: 'console=ttyS0 nokaslr',
    findings: [],
  });
});

test.each(WRONG)('$name: $code', ({ code, rsi, change }) => {
  const own = loaded();
  change(own);
  const { findings } = checkParams({ ram: own.ram, register: () => rsi ?? BigInt(own.params) }, kernel, own.given);
  expect(findings.map((finding) => finding.code)).toEqual([code]);
});
