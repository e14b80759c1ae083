/** The 16-bit entry over our BIOS, beside QEMU with SeaBIOS: the setup code of the same kernel makes boot_params of the answers. */
import { readFileSync } from 'node:fs';
import { phys } from '@bzelf/bytes';
import { BOOT_PARAMS, E820_ENTRY, SCREEN_INFO, SETUP_HEADER } from '@bzelf/bzimage';
import { openKernel, type MemoryRange } from '@bzelf/loader';
import { judge, kernel, testImage, withPausedQemu } from '@bzelf/testkit';
import { Machine, TIERS, type MachineHooks, type Tier } from '@bzelf/x86';
import { Bios } from '../src/bios';
import { verify } from '../src/verify';
import { findProfile } from '../src/profiles/find';
import { handOver } from '../src/profiles/hand-over';
import { startPlan } from '../src/start';

const RAM = 256 << 20;
const CMDLINE = 'console=ttyS0 nokaslr';
/** Where QEMU loads every bzImage, and where its setup code jumps to. */
const PROTECTED_MODE = 0x10_0000n;
const hasQemu = judge('qemu-system-x86_64') !== undefined;

// prettier-ignore
const IMAGES = [
  { id: '61-64-lzo',        path: testImage('61-64-lzo.bzImage') },
  { id: '61-32-gzip',       path: testImage('61-32-gzip.bzImage') },
  { id: 'debian-6.1-cloud', path: kernel('debian-6.1-cloud') },
  { id: 'debian-installer', path: kernel('debian-installer-i386') },
].flatMap((image) => (image.path === undefined ? [] : [{ id: image.id, path: image.path }]));

const paramsAt = (ram: Uint8Array, at: bigint): Uint8Array => ram.slice(Number(at), Number(at) + BOOT_PARAMS.size);

/** boot_params at the 32-bit entry, as QEMU -kernel and SeaBIOS with its VGA BIOS have led there. */
const fromQemu = (path: string): Promise<Uint8Array> =>
  withPausedQemu({ memory: RAM >> 20, extra: ['-vga', 'std', '-kernel', path, '-append', CMDLINE] }, async (qemu) => {
    await qemu.runTo(PROTECTED_MODE);
    const { values } = await qemu.registers();
    return qemu.memory(Number(values['RSI']), BOOT_PARAMS.size);
  });

/** The same in the core. */
function fromCore(path: string, memoryMap: readonly MemoryRange[], tier: Tier = 'both') {
  const opened = openKernel(new Uint8Array(readFileSync(path)));
  const profile = { ...findProfile('qemu-linux16'), memoryMap: () => memoryMap };
  const { plan } = handOver(opened, profile, { ram: BigInt(RAM), cmdline: 'console=ttyS0' });
  const hooks: MachineHooks = { interrupt: (vector) => bios.interrupt(vector) };
  const machine: Machine = new Machine({ ram: RAM, tier, hooks });
  const bios: Bios = new Bios(machine, memoryMap);
  startPlan(machine, plan, { kernel: opened.source });
  const exit = machine.run({ until: PROTECTED_MODE, budget: 1_000_000 });
  return { exit, calls: bios.calls, page: paramsAt(machine.ram, machine.register('rsi')) };
}

const mapOf = (page: Uint8Array): MemoryRange[] => {
  const { e820_entries, e820_table } = BOOT_PARAMS.read(page);
  return Array.from({ length: e820_entries }, (_, i) => E820_ENTRY.read(e820_table, i * E820_ENTRY.size)).map(
    ({ addr, size, type }) => ({ start: phys(addr), length: size, type }),
  );
};

/** Every field by name; what the two machines do not share is made the same. */
function fieldsOf(page: Uint8Array) {
  const { screen_info, edid_info, apm_bios_info, ...params } = BOOT_PARAMS.read(page);
  const { orig_x, orig_y, ...screen } = SCREEN_INFO.read(screen_info);
  void [orig_x, orig_y]; // SeaBIOS has written on the screen
  void [edid_info, apm_bios_info]; // QEMU's display has an EDID, SeaBIOS has APM
  return { params, screen, header: SETUP_HEADER.read(page) };
}

describe.each(IMAGES)('$id', ({ path }) => {
  (hasQemu ? test : test.skip)(
    hasQemu
      ? 'makes the same boot_params over SeaBIOS and over ours'
      : 'makes the same boot_params over SeaBIOS and over ours [skipped: no qemu-system-x86_64]',
    async () => {
      const theirs = await fromQemu(path);
      const { exit, calls, page } = fromCore(path, mapOf(theirs));
      expect(exit.reason).toBe('until');
      expect(calls.filter(({ answer }) => answer === 'unknown')).toEqual([]);
      expect(fieldsOf(page)).toEqual(fieldsOf(theirs));
    },
    120_000,
  );
});

test('the setup code goes the same way in every tier', () => {
  const map = [
    { start: phys(0), length: 0x9fc00n, type: 1 },
    { start: phys(0x10_0000), length: BigInt(RAM) - 0x10_0000n, type: 1 },
  ];
  const runs = TIERS.map((tier) => fromCore(testImage('61-64-lzo.bzImage'), map, tier));
  expect(new Set(runs.map(({ exit, page }) => `${exit.count} ${Buffer.from(page).toString('hex')}`)).size).toBe(1);
});

const VERIFY = { ram: RAM, deadline: 120_000, profiles: ['linux16'] } as const;

test('a kernel goes from its 16-bit entry to its banner', async () => {
  const { runs } = await verify(readFileSync(testImage('61-32-gzip.bzImage')), { ...VERIFY, until: 'banner' });
  expect(runs.map(({ reached, verdict, phases }) => [reached, verdict, phases[0]?.name])).toEqual([
    ['banner', 'pass', 'setup'],
  ]);
}, 120_000);

/** What is no Linux, and has nothing but a 16-bit entry. */
describe('memdisk', () => {
  const path = kernel('memdisk');
  (path === undefined ? test.skip : test)(
    path === undefined ? 'says who it is [skipped: not fetched]' : 'says who it is',
    async () => {
      const { runs, verdict } = await verify(readFileSync(path ?? ''), { ...VERIFY, profiles: [] });
      expect(runs.map(({ profile, reached }) => [profile, reached])).toEqual([['linux16', 'milestone']]);
      expect(runs[0]?.bios?.map(({ call }) => call)).toContain('int 10h, ah=0e');
      expect(verdict).toBe('pass');
    },
    120_000,
  );
});
