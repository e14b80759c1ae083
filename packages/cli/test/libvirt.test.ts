/** `bzelf libvirt` over domains of every machine type. That its forecasts come true is tested in test-loaders/. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { testImage, testWith, withTempFolder } from '@bzelf/testkit';
import { unwrap } from '@bzelf/writer';
import { readDomain } from '../src/libvirt/domain';
import { machineOf } from '../src/libvirt/machine';
import { optionsFor } from '../src/libvirt/rewrite';
import { parseXml, replaceText } from '../src/libvirt/xml';
import { DOMAINS, domainXml, forecastFor, kernelAs } from './libvirt-support';
import { bzelf } from './tool';

const KERNEL = testImage('61-64-gzip.bzImage');

// prettier-ignore
const MACHINES = [
  { domain: 'pc',           says: { loader: 'qemu',    firmware: 'bios', pvh: 'yes' } },
  { domain: 'pc-3.1',       says: { loader: 'qemu',    firmware: 'bios', pvh: 'no' } },
  { domain: 'q35',          says: { loader: 'qemu',    firmware: 'bios', pvh: 'yes' } },
  { domain: 'q35-efi',      says: { loader: 'qemu',    firmware: 'efi' } },
  { domain: 'q35-firmware', says: { loader: 'qemu',    firmware: 'efi' } },
  { domain: 'microvm',      says: { loader: 'qemu',    firmware: 'bios', pvh: 'yes', text: 'QEMU microvm with qboot firmware' } },
  { domain: 'rhel',         says: { loader: 'qemu',    pvh: 'unknown' } },
  { domain: 'i686',         says: { loader: 'qemu',    is32: true, wantsElf386: true } },
  { domain: 'xen-pv',       says: { loader: 'xen-pv' } },
  { domain: 'xen-pvh',      says: { loader: 'xen-pvh' } },
  { domain: 'xen-hvm',      says: { loader: 'qemu',    pvh: 'no' } },
];

test.each(MACHINES)('the machine of $domain is known', ({ domain, says }) => {
  expect(machineOf(readDomain(domainXml(domain)))).toMatchObject(says);
});

// prettier-ignore
const MACHINE_NAMES = [
  { machine: 'pc-q35-4.0', pvh: 'yes' }, { machine: 'pc-i440fx-10.1', pvh: 'yes' }, { machine: 'pc-q35-2.12', pvh: 'no' },
  { machine: 'pc-1.3',     pvh: 'no' },  { machine: 'xenfv-4.2',      pvh: 'no' },  { machine: 'pc-i440fx-bionic', pvh: 'unknown' },
];

test.each(MACHINE_NAMES)('does $machine look for a PVH entry? $pvh', ({ machine, pvh }) => {
  const xml = domainXml('pc').replace('pc-i440fx-7.2', machine);
  expect(machineOf(readDomain(xml)).pvh).toBe(pvh);
});

// prettier-ignore
const FORECASTS = [
  { domain: 'pc',      kernel: 'bzImage',         by: 'linux16',   says: [] },
  { domain: 'pc',      kernel: 'inplace',         by: 'linux16',   says: [] },
  { domain: 'pc',      kernel: 'pvh',             by: 'pvh',       says: [] },
  { domain: 'pc',      kernel: 'universal',       by: 'multiboot', says: [] },
  { domain: 'pc',      kernel: 'linux64',         by: undefined,   says: [/error: QEMU will say "Error loading uncompressed kernel without PVH ELF Note".*wrap --target pvh/] },
  { domain: 'pc-3.1',  kernel: 'pvh',             by: undefined,   says: [/error: machine type pc-i440fx-3.1 does not look for a PVH entry.*--target multiboot/] },
  { domain: 'pc-3.1',  kernel: 'multiboot',       by: 'multiboot', says: [] },
  { domain: 'q35',     kernel: 'vmlinux',         by: 'pvh',       says: [] },
  { domain: 'microvm', kernel: 'pvh',             by: 'pvh',       says: [] },
  { domain: 'q35-efi', kernel: 'pvh',             by: undefined,   says: [/error: EFI firmware starts a bzImage.*bzelf unwrap/] },
  { domain: 'q35-efi', kernel: 'bzImage',         by: undefined,   says: [/error: the kernel has no EFI stub/] },
  { domain: 'rhel',    kernel: 'pvh',             by: 'pvh',       says: [/warning: machine type pc-q35-rhel9.4.0 is a distribution's own/] },
  { domain: 'i686',    kernel: 'pvh',             by: undefined,   says: [/error: qemu-system-i386 takes.*--class 32/, /error: the kernel is a 64-bit one/] },
  { domain: 'xen-pvh', kernel: 'bzImage',         by: 'pvh',       says: [] },
  { domain: 'xen-pvh', kernel: 'pvh',             by: 'pvh',       says: [] },
  { domain: 'xen-pvh', kernel: 'linux64',         by: undefined,   says: [/error: the file has no XEN_ELFNOTE_PHYS32_ENTRY/] },
  { domain: 'xen-pv',  kernel: 'bzImage',         by: undefined,   says: [/error: the vmlinux that Xen decompresses is no PV kernel.*CONFIG_XEN_PV/] },
  { domain: 'xen-pv',  kernel: 'pvh',             by: undefined,   says: [/error: the file is no PV kernel: it lacks .*a PVH domain/] },
  { domain: 'xen-hvm', kernel: 'bzImage',         by: 'linux16',   says: [] },
];

test.each(FORECASTS)('$domain with $kernel boots by $by', async ({ domain, kernel, by, says }) => {
  const { boot, problems } = await forecastFor(domainXml(domain), await kernelAs(kernel));
  expect(boot?.protocol).toBe(by);
  const told = problems.map(({ severity, text, remedy }) => `${severity}: ${text} ${remedy ?? ''}`);
  expect(told).toEqual(says.map((pattern) => expect.stringMatching(pattern) as string));
});

test('too little memory and too long a command line are problems', async () => {
  const xml = domainXml('pc').replaceAll('1048576', '20480').replace('console=ttyS0', 'x'.repeat(3000));
  const { problems } = await forecastFor(xml, await kernelAs('pvh'));
  expect(problems.map(({ text }) => text)).toEqual([
    expect.stringMatching(/command line has 30\d\d bytes, and this kernel reads 2047/),
    expect.stringMatching(/needs memory up to 0x1c16000, and the domain has 0x1400000 bytes/),
  ]);
});

test('a domain without a kernel is no problem', () => {
  const { out, exit } = bzelf(['libvirt', join(DOMAINS, 'no-kernel.xml')]);
  expect([exit, out]).toEqual([0, expect.stringMatching(/kernel +none: it boots from its disks/)]);
});

test('the exit code is 1 for a domain that will not boot, and --json says the same as the text', () => {
  const words = ['libvirt', join(DOMAINS, 'pc-3.1.xml'), '--kernel'];
  const good = bzelf([...words, KERNEL, '--json']);
  expect(JSON.parse(good.out)).toMatchObject({
    schema: 'bzelf.libvirt/1',
    domain: { name: 'old', machine: 'pc-i440fx-3.1', memory: '0x20000000' },
    kernel: { path: '/var/lib/libvirt/boot/vmlinuz', form: 'bzimage', bits: 64 },
    boot: { protocol: 'linux16' },
    problems: [],
  });
  return withTempFolder((folder) => {
    const elf = join(folder, 'k.elf');
    bzelf(['wrap', KERNEL, '-o', elf]);
    const bad = bzelf([...words, elf]);
    expect([good.exit, bad.exit, bad.err]).toEqual([0, 1, '']);
    expect(bad.out).toMatch(/error: machine type .*\n {2}remedy: bzelf libvirt --rewrite/);
  });
});

/** Every byte but the path: what is before and behind it in both files, compared. */
function changedPart(before: string, after: string): [string, string] {
  let start = 0;
  while (before[start] === after[start]) start++;
  let end = 0;
  while (before.at(-1 - end) === after.at(-1 - end)) end++;
  return [before.slice(start, before.length - end), after.slice(start, after.length - end)];
}

// prettier-ignore
const REWRITES = [
  { domain: 'pc',      target: 'pvh',       elfClass: 2 },
  { domain: 'pc-3.1',  target: 'multiboot', elfClass: 1 },
  { domain: 'i686',    target: 'pvh',       elfClass: 1, image: '61-32-gzip.bzImage' },
  { domain: 'xen-pvh', target: 'pvh',       elfClass: 2 },
];

test.each(REWRITES)(
  '--rewrite of $domain makes $target and changes one path in the XML',
  ({ domain, target, elfClass, image }) =>
    withTempFolder(async (folder) => {
      const [xml, kernel] = [join(folder, 'new.xml'), join(folder, 'k & <v>.elf')];
      const words = [
        '--rewrite',
        '-o',
        xml,
        '--kernel-out',
        kernel,
        '--kernel',
        testImage(image ?? '61-64-gzip.bzImage'),
      ];
      const { exit, out } = bzelf(['libvirt', join(DOMAINS, `${domain}.xml`), ...words]);
      expect([exit, out]).toEqual([0, expect.stringContaining(`${target}\n`)]);
      const escaped = kernel.replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;');
      const after = readFileSync(xml, 'utf8');
      expect(after.replace(escaped, '/var/lib/libvirt/boot/vmlinuz')).toBe(domainXml(domain));
      const bytes = readFileSync(kernel);
      expect(bytes[4]).toBe(elfClass);
      expect((await forecastFor(after, bytes)).boot?.protocol).toBe(target);
      expect(Buffer.from(unwrap(bytes)).equals(readFileSync(testImage(image ?? '61-64-gzip.bzImage')))).toBe(true);
    }),
);

// prettier-ignore
const CHOICES = [
  { domain: 'q35',     options: { target: 'pvh' } },
  { domain: 'microvm', options: { target: 'pvh' } },
  { domain: 'rhel',    options: { target: 'multiboot' } },
  { domain: 'xen-pv',  options: { target: 'xen-pv', form: 'vmlinux' } },
];

test.each(CHOICES)('for $domain it would make $options', ({ domain: name, options }) => {
  const domain = readDomain(domainXml(name));
  expect(optionsFor(machineOf(domain), domain)).toEqual(options);
});

// prettier-ignore
const NO_REWRITES = [
  { domain: 'q35-efi',   exit: 3, says: /cli\/no-rewrite: .*EFI firmware starts bzImages/ },
  { domain: 'xen-hvm',   exit: 3, says: /cli\/no-rewrite: .*takes the bzImage as it is/ },
  { domain: 'xen-pv',    exit: 3, says: /CONFIG_XEN_PV/ },
  { domain: 'no-kernel', exit: 3, says: /cli\/no-kernel/ },
];

test.each(NO_REWRITES)('--rewrite of $domain is refused and leaves nothing', ({ domain, exit, says }) =>
  withTempFolder((folder) => {
    const words = [
      '--rewrite',
      '-o',
      join(folder, 'new.xml'),
      '--kernel-out',
      join(folder, 'k.elf'),
      '--kernel',
      KERNEL,
    ];
    const done = bzelf(['libvirt', join(DOMAINS, `${domain}.xml`), ...words]);
    expect([done.exit, done.err]).toEqual([exit, expect.stringMatching(says)]);
    expect(readdirSync(folder)).toEqual([]);
  }),
);

test('a kernel wrapped for another machine is rewritten from the bzImage in it', () =>
  withTempFolder((folder) => {
    const [pvh, xml, kernel] = [join(folder, 'pvh.elf'), join(folder, 'new.xml'), join(folder, 'mb.elf')];
    bzelf(['wrap', KERNEL, '-o', pvh]);
    const words = ['--rewrite', '-o', xml, '--kernel-out', kernel, '--kernel', pvh];
    expect(bzelf(['libvirt', join(DOMAINS, 'pc-3.1.xml'), ...words]).exit).toBe(0);
    expect(readFileSync(kernel).equals(bzelf(['wrap', KERNEL, '-o', '-', '--target', 'multiboot']).bytes)).toBe(true);
  }));

// prettier-ignore
const ODD_TEXTS = [
  { what: 'CRLF',                       xml: domainXml('pc').replaceAll('\n', '\r\n') },
  { what: 'tabs and no indentation',    xml: domainXml('pc').replaceAll(/\n +/g, '\n\t') },
  { what: 'a byte order mark',          xml: `\ufeff${domainXml('pc')}` },
  { what: 'an attribute and blanks',    xml: domainXml('pc').replace('<kernel>/var', '<kernel  note="a > b"\n>\n  /var').replace('vmlinuz</kernel', 'vmlinuz\n </kernel') },
  { what: 'CDATA',                      xml: domainXml('pc').replace('/var/lib/libvirt/boot/vmlinuz', '<![CDATA[/var/lib/libvirt/boot/vmlinuz]]>') },
  { what: 'a reference in the path',    xml: domainXml('pc').replace('/var/lib/libvirt/boot/vmlinuz', '&#47;var/lib/libvirt&#x2f;boot/vmlinuz') },
  { what: 'letters of four bytes',      xml: domainXml('pc').replace('debian12', 'Ünicode 😀') },
];

test.each(ODD_TEXTS)('$what in the XML stay as they are', ({ xml }) => {
  const { kernelElement, kernel } = readDomain(xml);
  expect(kernel).toBe('/var/lib/libvirt/boot/vmlinuz');
  if (kernelElement === undefined) throw new Error('no <kernel>');
  const after = replaceText(xml, kernelElement, '/new');
  expect(readDomain(after).kernel).toBe('/new');
  const [gone, came] = changedPart(xml, after);
  expect(gone.length).toBeLessThan(80);
  expect('>/new<').toContain(came);
});

test('an empty element is opened for its text', () => {
  const xml = '<a><b x="1" /><c/></a>';
  const [b, c] = parseXml(xml).children;
  if (b === undefined || c === undefined) throw new Error('two elements');
  expect(replaceText(xml, b, 'x<y')).toBe('<a><b x="1">x&lt;y</b><c/></a>');
  expect(replaceText(xml, c, '1')).toBe('<a><b x="1" /><c>1</c></a>');
});

// prettier-ignore
const BAD = [
  { what: 'no XML',             text: 'domain',                                     code: 'cli/bad-xml' },
  { what: 'an empty file',      text: '',                                           code: 'cli/bad-xml' },
  { what: 'an open element',    text: '<domain><os></domain>',                      code: 'cli/bad-xml' },
  { what: 'another document',   text: '<network/>',                                 code: 'cli/not-a-domain' },
  { what: 'entities in bulk',   text: `<!DOCTYPE d [${'<!ENTITY a "aaaaaaaaaa">'}<!ENTITY b "${'&a;'.repeat(5000)}"><!ENTITY c "${'&b;'.repeat(5000)}">]><domain>&c;</domain>`, code: 'cli/bad-xml' },
  { what: 'deep nesting',       text: `${'<a>'.repeat(5000)}${'</a>'.repeat(5000)}`, code: 'cli/bad-xml' },
];

test.each(BAD)('$what is refused', ({ text, code }) => {
  expect(() => readDomain(text)).toThrow(expect.objectContaining({ code }) as Error);
});

test('bytes that are not UTF-8 are exit code 3', () => {
  const { exit, err } = bzelf(['libvirt', '-'], { input: Uint8Array.of(0x3c, 0xff, 0x3e) });
  expect([exit, err]).toEqual([3, expect.stringMatching(/cli\/bad-xml.*UTF-8/)]);
});

test.each([
  { words: ['--rewrite'], says: /wants -o FILE for the XML and --kernel-out/ },
  { words: ['-o', 'x'], says: /go with --rewrite/ },
])('$words alone is wrong usage', ({ words, says }) => {
  const { exit, err } = bzelf(['libvirt', join(DOMAINS, 'pc.xml'), ...words]);
  expect([exit, err]).toEqual([2, expect.stringMatching(says)]);
});

testWith(['virt-xml-validate', 'xmllint'], 'libvirt takes the fixtures, and what --rewrite makes of one', (validate) =>
  withTempFolder((folder) => {
    const xml = join(folder, 'new.xml');
    bzelf([
      'libvirt',
      join(DOMAINS, 'pc.xml'),
      '--kernel',
      KERNEL,
      '--rewrite',
      '-o',
      xml,
      '--kernel-out',
      join(folder, 'k.elf'),
    ]);
    const all = [xml, ...readdirSync(DOMAINS).map((name) => join(DOMAINS, name))];
    for (const path of all) expect(validate.run([path, 'domain'])).toMatchObject({ status: 0 });
  }),
);
