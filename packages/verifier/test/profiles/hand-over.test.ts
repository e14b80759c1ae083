/** What each profile leaves to a kernel, against what was measured in the loaders or stands in their sources. */
import { phys } from '@bzelf/bytes';
import { copyLength, openKernel, type KernelImage } from '@bzelf/loader';
import { parseProbeReport } from '@bzelf/testkit';
import { wrap, type WrapOptions } from '@bzelf/writer';
import { Machine } from '@bzelf/x86';
import { prepare } from '../../src/execution/prepare';
import { runProfile } from '../../src/execution/run-profile';
import { profilesFor } from '../../src/profiles/find';
import { handOver } from '../../src/profiles/hand-over';
import { PROFILES } from '../../src/profiles/table';
import { hypercallPage, MOST_ROWS } from '../../src/profiles/xen-hypercalls';
import { bytesOf, startPlan } from '../../src/start';
import { image } from '../checks/edit';

const RAM = 64 << 20;
const CMDLINE = 'console=ttyS0 quiet';
const initrd = Uint8Array.from({ length: 5000 }, (_, i) => i % 251);

type FileName = 'bzimage' | 'pvh' | 'multiboot' | 'multiboot2' | 'universal';
const FILES: Readonly<Record<FileName, WrapOptions | undefined>> = {
  bzimage: undefined,
  pvh: { target: 'pvh' },
  multiboot: { target: 'multiboot' },
  multiboot2: { target: 'multiboot2' },
  universal: { target: 'universal' },
};
const kernels = new Map<FileName, Promise<KernelImage>>();
const probe = (file: FileName): Promise<KernelImage> => {
  const made = kernels.get(file) ?? make(FILES[file]);
  kernels.set(file, made);
  return made;
};
const make = async (options: WrapOptions | undefined): Promise<KernelImage> =>
  openKernel(options === undefined ? image('probe') : (await wrap(image('probe'), options)).bytes);

/** cs, ds: selectors; at: where ebx (PVH, Multiboot), esi or rsi (Linux) or 4(%esp) leads. */
interface Fact {
  readonly name: string;
  readonly file: FileName;
  readonly cs: number;
  readonly ds: number;
  readonly cr0: bigint;
  readonly idt?: number;
  readonly rax?: bigint;
  readonly rsp?: bigint;
  readonly at?: bigint;
  readonly cmdlineAt?: bigint;
}

const UNCACHED = 0xe000_0011n;
const LONG = 0x8000_0011n;
const MB1 = 0x2bad_b002n;
const MB2 = 0x36d7_6289n;

/** Measured with QEMU 7.2, GRUB 2.06, kexec-tools 2.0.25 and iPXE 1.21, or read in the sources that the profile names. */
// prettier-ignore
const FACTS: readonly Fact[] = [
  { name: 'qemu-pvh-seabios',    file: 'pvh',        cs: 8,    ds: 0x10, cr0: 0x11n, idt: 0x3ff,  rsp: 0x6edcn, at: 0x21e0n, cmdlineAt: 0x11c0n },
  { name: 'qemu-pvh-qboot',      file: 'pvh',        cs: 8,    ds: 0x10, cr0: 0x11n, idt: 0xffff, rax: MB1, rsp: 0x7b60n, at: 0xf31e0n },
  { name: 'firecracker-pvh',     file: 'pvh',        cs: 8,    ds: 0x10, cr0: 0x11n, at: 0x6000n, cmdlineAt: 0x20000n },
  { name: 'ch-pvh',              file: 'pvh',        cs: 8,    ds: 0x10, cr0: 0x1n,  at: 0x6000n, cmdlineAt: 0x20000n },
  { name: 'firecracker-linux64', file: 'pvh',        cs: 8,    ds: 0x10, cr0: UNCACHED, rsp: 0x8ff0n, at: 0x7000n, cmdlineAt: 0x20000n },
  { name: 'crosvm-64',           file: 'pvh',        cs: 0x10, ds: 0x18, cr0: LONG,  at: 0x7000n, cmdlineAt: 0x20000n },
  { name: 'crosvm-32',           file: 'multiboot',  cs: 0x10, ds: 0x18, cr0: 0x11n, rsp: 0x8000n, at: 0x7000n, cmdlineAt: 0x20000n },
  { name: 'crosvm-mb1',          file: 'universal',  cs: 0x10, ds: 0x18, cr0: 0x11n, rax: MB1, at: 0x6000n },
  { name: 'qemu-mb1',            file: 'multiboot',  cs: 8,    ds: 0x10, cr0: 0x11n, idt: 0x3ff, rax: MB1, rsp: 0x6f08n, at: 0x9500n },
  { name: 'grub-mb1',            file: 'multiboot',  cs: 0x10, ds: 0x18, cr0: 0x11n, idt: 0, rax: MB1, rsp: 0x7ff00n, at: 0x10000n },
  { name: 'ipxe-mb1',            file: 'multiboot',  cs: 0x18, ds: 0x20, cr0: 0x11n, rax: MB1, at: 0x9cee0n },
  { name: 'kexec-mb1',           file: 'multiboot',  cs: 0x10, ds: 0x18, cr0: 0x11n, rax: MB1, at: 0n },
  { name: 'syslinux-mboot',      file: 'multiboot',  cs: 0x20, ds: 0x28, cr0: 0x11n, rax: MB1 },
  { name: 'grub-mb2',            file: 'multiboot2', cs: 0x10, ds: 0x18, cr0: 0x11n, idt: 0, rax: MB2, rsp: 0x7ff00n, at: 0x100000n },
  { name: 'kexec-mb2',           file: 'multiboot2', cs: 0x10, ds: 0x18, cr0: 0x11n, rax: MB2 },
  { name: 'uboot-zboot',         file: 'bzimage',    cs: 0x10, ds: 0x18, cr0: 0x11n, at: 0x90000n, cmdlineAt: 0x99000n },
  { name: 'coreboot',            file: 'multiboot',  cs: 8,    ds: 0x10, cr0: 0x11n, idt: 0, rax: 0n, at: 0x500n },
  { name: 'filo',                file: 'multiboot',  cs: 0x10, ds: 0x18, cr0: 0x11n, rax: 0x0e1f_b007n },
  { name: 'etherboot',           file: 'multiboot',  cs: 0x10, ds: 0x18, cr0: 0x11n, rax: 0n },
  { name: 'ipxe-elf',            file: 'multiboot',  cs: 0x18, ds: 0x20, cr0: 0x11n, rax: 0n },
];

const started = async ({ name, file }: Pick<Fact, 'name' | 'file'>) => {
  const kernel = await probe(file);
  const profile = profilesFor(kernel).find((own) => own.name === name);
  if (profile === undefined) throw new Error(`${name} does not take ${file}`);
  const given = handOver(kernel, profile, { ram: BigInt(RAM), cmdline: CMDLINE, initrd });
  const machine = new Machine({ ram: RAM });
  startPlan(machine, given.plan, { kernel: kernel.source, initrd });
  return { machine, given, profile };
};

test.each(FACTS)('$name leaves the processor as its loader does', async (fact) => {
  const { machine, given } = await started(fact);
  const { cpu } = given.plan;
  expect({ cs: cpu.segments.cs.selector, ds: cpu.segments.ds.selector, cr0: machine.register('cr0') }).toEqual({
    cs: fact.cs,
    ds: fact.ds,
    cr0: fact.cr0,
  });
  // the GDT has the segments at those selectors
  const code = cpu.gdt?.bytes.subarray(fact.cs, fact.cs + 8) ?? [];
  expect([code[5], (code[6] ?? 0) & 0xf]).toEqual([0x9b, 0xf]);
  if (fact.idt !== undefined) expect(cpu.idt.limit).toBe(fact.idt);
  if (fact.rax !== undefined) expect(machine.register('rax')).toBe(fact.rax);
  if (fact.rsp !== undefined) expect(machine.register('rsp')).toBe(fact.rsp);
  if (fact.cmdlineAt !== undefined)
    expect(given.plan.copies.find(({ purpose }) => purpose === 'cmdline')?.to).toBe(fact.cmdlineAt);
  if (fact.at !== undefined) expect(argument(machine, given.plan.protocol)).toBe(fact.at);
});

/** Where the protocol has its block. */
function argument(machine: Machine, protocol: string): bigint {
  if (protocol.startsWith('linux')) return machine.register('rsi');
  if (protocol !== 'elfboot') return machine.register('rbx');
  const at = Number(machine.register('rsp')) + 4;
  return BigInt(new DataView(machine.ram.buffer, machine.ram.byteOffset).getUint32(at, true));
}

const FILE_OF: readonly FileName[] = ['pvh', 'multiboot', 'multiboot2', 'universal', 'bzimage'];

/** Each profile with the first file that it takes. The core has no text screen without firmware, and linux16 a test of its own. */
const ALL = PROFILES.filter(({ protocol, ring1 }) => protocol !== 'linux16' && ring1 !== true).map(({ name }) => ({
  name,
}));

test.each(ALL)('the probe gets from $name what was given', async ({ name }) => {
  const { kernel, profile } = await firstFor(name);
  const options = { ram: RAM, cmdline: CMDLINE, initrd, deadline: 20_000, instructions: 1e8, until: 'entry' } as const;
  const { serial, findings, reached } = await runProfile(await prepare(kernel), profile, options);
  expect([reached, ...findings.map(({ code }) => code)]).toEqual(['milestone']);
  const given = handOver(kernel, profile, { ...options, ram: BigInt(RAM) });
  const report = parseProbeReport(serial);
  expect(report?.cmdline).toBe(given.cmdline);
  const map = given.memoryMap.filter(({ length }) => length > 0n);
  expect(report?.e820).toEqual(map.map(({ start, length, type }) => ({ addr: start, size: length, type })));
  expect(report?.ramdisk?.size).toBe(given.initrd === undefined ? undefined : 5000n);
  if (given.acpi?.passed === 'address') expect(report?.fields['acpi_rsdp_addr']).toBe(BigInt(given.acpi.rsdp));
  if (given.acpi !== undefined && given.acpi.passed !== 'nothing' && report?.entry === 'linux32')
    expect(report.rsdp).toBe('RSD PTR ');
});

test.each(ALL)('$name leaves nothing on top of something else', async ({ name }) => {
  const { kernel, profile } = await firstFor(name);
  const { copies, zeros } = handOver(kernel, profile, { ram: BigInt(RAM), cmdline: CMDLINE, initrd }).plan;
  const ranges = [
    ...copies.map((copy) => ({ purpose: copy.purpose, start: copy.to, end: copy.to + BigInt(copyLength(copy)) })),
    ...zeros.map(({ purpose, start, length }) => ({ purpose, start, end: start + length })),
  ].sort((a, b) => Number(a.start - b.start));
  const onTop = ranges.filter(({ start }, i) => i > 0 && start < (ranges[i - 1]?.end ?? 0n));
  expect(onTop.map(({ purpose }) => purpose)).toEqual([]);
});

async function firstFor(name: string) {
  for (const file of FILE_OF) {
    const kernel = await probe(file);
    const profile = profilesFor(kernel).find((own) => own.name === name);
    if (profile !== undefined) return { kernel, profile };
  }
  throw new Error(`${name} takes none of the files`);
}

test('ACPI tables have good checksums, and lead to each other', async () => {
  const { given } = await started({ name: 'firecracker-linux64', file: 'pvh' });
  const { source } = await probe('pvh');
  const [rsdp, xsdt] = given.plan.copies
    .filter(({ purpose }) => purpose === 'acpi')
    .map((copy) => ({ to: copy.to, bytes: bytesOf(copy, { kernel: source }) }));
  if (rsdp === undefined || xsdt === undefined) throw new Error('no tables');
  const sum = (bytes: Uint8Array) => bytes.reduce((all, byte) => all + byte, 0) & 0xff;
  expect([sum(rsdp.bytes.subarray(0, 20)), sum(rsdp.bytes), sum(xsdt.bytes)]).toEqual([0, 0, 0]);
  expect([rsdp.to, new DataView(rsdp.bytes.buffer).getBigUint64(24, true)]).toEqual([0xe_0000n, xsdt.to]);
});

test('a hypercall page has room for its rows, and the map of a domain fits', () => {
  const row = { start: phys(0), length: 0x1000n, type: 1 };
  expect(hypercallPage(Array.from({ length: MOST_ROWS }, () => row))).toHaveLength(4096);
  expect(MOST_ROWS).toBeGreaterThan(32);
});
