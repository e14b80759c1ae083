/** What loaders do with what the writer makes: the rules of docs/loaders.md, and the matrix that they come from. */
import { readFileSync } from 'node:fs';
import { testImage } from '@bzelf/testkit';
import { TARGETS, wrap, type WrapOptions } from '@bzelf/writer';
import { FINDINGS, forecastLoaders, LOADERS, TARGET_LOADERS, verifyStructure } from '../../src/index.js';

const read = (name: string): Uint8Array => readFileSync(testImage(`${name}.bzImage`));
const make = async (options: WrapOptions | undefined, name = '61-64-gzip'): Promise<Uint8Array> =>
  options === undefined ? read(name) : (await wrap(read(name), options)).bytes;

/** Protocols as one letter, so that a row is a line; capitals refuse, hang or go wrong. */
// prettier-ignore
const LETTERS: Readonly<Record<string, string>> = {
  linux16: 'r', linux32: 'l', linux64: 'L', pvh: 'p', multiboot: 'm', multiboot2: '2', coreboot: 'c', elfboot: 'e', other: 'o',
  refuses: '-', hangs: 'H', misreads: '!', unknown: '?',
};
// prettier-ignore
const ORDER = [
  'qemu', 'qemu-i386', 'qemu-3.1', 'firecracker', 'cloud-hypervisor', 'crosvm', 'xen-pvh', 'xen-dom0', 'xen-pv',
  'grub-multiboot', 'grub-multiboot2', 'grub-linux', 'ipxe', 'kexec', 'coreboot', 'filo', 'etherboot', 'uboot',
];

// prettier-ignore
const MATRIX = [
  //                                                    QEMU  rust  Xen  GRUB  i k  firmware
  { of: undefined,                               row: 'r-r  -lL  ???  --r  r L  ll--' },
  { of: { target: 'pvh' },                       row: 'p-H  ppL  pp-  ---  - L  c--o' },
  { of: { target: 'pvh-reloc' },                 row: 'p-H  ppL  pp-  ---  - L  c--o' },
  { of: { target: 'linux64' },                   row: '--H  L-L  ---  ---  - L  !--!' },
  { of: { target: 'multiboot' },                 row: 'm-m  --l  pp-  m--  m m  ceeo' },
  { of: { target: 'multiboot2' },                row: 'p-H  ppL  pp-  -2-  - 2  c--o' },
  { of: { target: 'universal' },                 row: 'm-m  ppm  pp-  m--  m L  c--o' },
  { of: { target: 'elfboot32' },                 row: '--H  --l  ---  ---  o l  ceeo' },
  { of: { target: 'uboot' },                     row: '--H  --l  ---  ---  o l  ceeo' },
  { of: { form: 'inplace' },                     row: 'r-r  !-!  ???  --r  r !  !--!' },
  { of: { form: 'vmlinux' },                     row: 'p-H  ppL  pp-  ---  - L  !--!' },
] as const;

test.each(MATRIX)('what loaders do with $of.form $of.target', async ({ of, row }) => {
  const forecasts = forecastLoaders(await make(of));
  const letters = ORDER.map((name) => {
    const forecast = forecasts.find(({ loader }) => loader === name);
    return LETTERS[forecast?.outcome === 'enters' ? (forecast.protocol ?? 'other') : (forecast?.outcome ?? '')];
  });
  expect(letters.join('')).toBe(row.replaceAll(' ', ''));
});

test('a 32-bit kernel of class 32 is for qemu-system-i386, too', async () => {
  const i386 = (bytes: Uint8Array) => forecastLoaders(bytes).find(({ loader }) => loader === 'qemu-i386');
  expect(i386(await make({ class: 32 }, '61-32-gzip'))).toMatchObject({ outcome: 'enters', protocol: 'pvh' });
  expect(i386(await make({}, '61-32-gzip'))).toMatchObject({ outcome: 'refuses' });
});

const CONTAINERS = TARGETS.filter(({ forms }) => forms.includes('container')).map(({ name }) => name);

test.each(CONTAINERS)('a container for %s is entered by every loader that it is for', async (target) => {
  const findings = verifyStructure(await make({ target }), { target });
  expect(findings.filter(({ severity }) => severity !== 'note')).toEqual([]);
  expect(
    findings
      .filter(({ code }) => code === 'target/enters')
      .map(({ field }) => field)
      .sort(),
  ).toEqual([...(TARGET_LOADERS[target] ?? [])].sort());
});

// prettier-ignore
const CASES = [
  { code: 'target/refuses',  severity: 'error', of: { target: 'linux64' },   target: 'qemu',       found: /without PVH ELF Note/ },
  { code: 'target/refuses',  severity: 'error', of: undefined,               target: 'firecracker', found: /Invalid Elf magic number/ },
  { code: 'target/hangs',    severity: 'error', of: { target: 'pvh' },       target: 'qemu-3.1',   found: /no PVH entry/ },
  { code: 'target/misreads', severity: 'error', of: { target: 'linux64' },   target: 'coreboot',   found: /32-bit mode/ },
  { code: 'target/misreads', severity: 'error', of: { form: 'inplace' },     target: 'kexec',      found: /init_size/ },
  { code: 'target/unknown',  severity: 'note',  of: undefined,               target: 'xen-pvh',    found: /unpacks/ },
  { code: 'target/loses',    severity: 'note',  of: { target: 'elfboot32' }, target: 'filo',       found: /^initrd$/ },
  { code: 'target/loses',    severity: 'note',  of: { target: 'pvh' },       target: 'xen-dom0',   found: /^what makes it dom0$/ },
  { code: 'target/enters',   severity: 'note',  of: { target: 'pvh' },       target: 'qemu',       found: /^pvh at 0x1c0900f/ },
] as const;

test.each(CASES)('$code for $target', async ({ code, severity, of, target, found }) => {
  const findings = verifyStructure(await make(of), { target });
  expect(findings).toContainEqual(
    expect.objectContaining({ code, severity, field: target, found: expect.stringMatching(found) }),
  );
});

test('every finding about a loader has such a case, and every loader a column', () => {
  const codes = Object.keys(FINDINGS).filter((code) => code.startsWith('target/'));
  expect(codes.filter((code) => !CASES.some((row) => row.code === code))).toEqual([]);
  expect(LOADERS.map(({ name }) => name)).toEqual(ORDER);
  expect(Object.keys(TARGET_LOADERS)).toEqual(TARGETS.map(({ name }) => name));
});

test('a name that is none is refused', () => {
  expect(() => verifyStructure(read('61-64-gzip'), { target: 'lilo' })).toThrow(
    expect.objectContaining({ code: 'verifier/unknown-target' }),
  );
});
