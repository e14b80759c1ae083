/**
 * The probe, entered by a profile in the core and by QEMU: both reports have the same in every field. QEMU plays its own hand-overs (`-kernel`),
 * where addresses of what firmware places may differ; all others it begins in the state and memory of the profile, where nothing may.
 */
import { readFileSync } from 'node:fs';
import { phys } from '@bzelf/bytes';
import { openKernel } from '@bzelf/loader';
import {
  bootQemu,
  judge,
  parseProbeReport,
  runQemu,
  startWords,
  testImage,
  withTempFolder,
  type ProbeReport,
} from '@bzelf/testkit';
import { wrap, type WrapOptions } from '@bzelf/writer';
import { Machine } from '@bzelf/x86';
import { findProfile } from '../src/profiles/find';
import { handOver, type HandOver } from '../src/profiles/hand-over';
import type { Profile } from '../src/profiles/profile';
import { bytesOf, startPlan } from '../src/start';

const MEMORY_MIB = 128;
const CMDLINE = 'console=ttyS0 beside';
/** No whole pages. */
const INITRD = Uint8Array.from({ length: 5001 }, (_, i) => (i * 13 + (i >> 8)) & 0xff);
const END = 'probe: end';
const hasQemu = judge('qemu-system-x86_64') !== undefined;

async function fileOf(options: WrapOptions | undefined): Promise<Uint8Array> {
  const image = new Uint8Array(readFileSync(testImage('probe.bzImage')));
  return options === undefined ? image : (await wrap(image, options)).bytes;
}

interface Start {
  readonly given: HandOver;
  readonly report: ProbeReport;
}

/** The page tables of a 64-bit start have the ROM, too: QEMU comes from there. */
function given(bytes: Uint8Array, profile: Profile): HandOver {
  return handOver(openKernel(bytes), profile, { ram: BigInt(MEMORY_MIB << 20), cmdline: CMDLINE, initrd: INITRD });
}

function inCore(bytes: Uint8Array, profile: Profile): Start {
  const start = given(bytes, profile);
  const machine = new Machine({ ram: MEMORY_MIB << 20, unmapped: 'ones' });
  startPlan(machine, start.plan, { kernel: openKernel(bytes).source, initrd: INITRD });
  const exit = machine.run({ until: () => machine.serial.output.includes(END), budget: 100_000_000 });
  const report = parseProbeReport(machine.serial.output);
  if (report === undefined) throw new Error(`no report in the core: ${exit.reason}\n${machine.serial.output}`);
  return { given: start, report };
}

async function inQemu(bytes: Uint8Array, { plan }: HandOver): Promise<ProbeReport> {
  const sources = { kernel: openKernel(bytes).source, initrd: INITRD };
  // QEMU begins in a ROM of ours, where the BIOS has its own
  const copies = plan.copies
    .filter(({ purpose }) => purpose !== 'bios-rom')
    .map((copy) => ({ to: copy.to, bytes: bytesOf(copy, sources) }));
  const run = await withTempFolder((folder) =>
    runQemu({ memory: MEMORY_MIB, until: END, extra: startWords({ cpu: plan.cpu, copies }, folder) }),
  );
  const report = parseProbeReport(run.serial);
  if (report === undefined) throw new Error(`no report in QEMU\n${run.serial}${run.stderr}`);
  return report;
}

/** Every line of a report under a name; bytes of the initrd by their sum. */
function flat(report: ProbeReport): Record<string, string> {
  const { registers, segments, fields, e820, ramdisk, setupData, ...rest } = report;
  const named = (kind: string, values: Readonly<Record<string, bigint>>) =>
    Object.entries(values).map(([name, value]) => [`${kind} ${name}`, `0x${value.toString(16)}`]);
  const rows = e820.map(({ addr, size, type }) => `${addr.toString(16)}+${size.toString(16)} ${type}`);
  return Object.fromEntries([
    ...named('register', registers),
    ...named('segment', segments),
    ...named('field', fields),
    ...Object.entries(rest).map(([name, value]) => [name, String(value)]),
    ['e820', rows.join(', ')],
    ['initrd at', String(ramdisk?.addr)],
    ['initrd', `${ramdisk?.size} ${ramdisk?.crc32}`],
    ['setup_data', JSON.stringify(setupData.map(({ type, len }) => ({ type, len })))],
  ]);
}

/** What is not the same: name, in the core, in QEMU. */
function differences(core: ProbeReport, qemu: ProbeReport): string[] {
  const [ours, theirs] = [flat(core), flat(qemu)];
  const names = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])];
  return names.filter((name) => ours[name] !== theirs[name]).map((name) => `${name}: ${ours[name]} / ${theirs[name]}`);
}

const FILES: Readonly<Record<string, WrapOptions | undefined>> = {
  bzImage: undefined,
  pvh: { target: 'pvh' },
  universal: { target: 'universal' },
  multiboot2: { target: 'multiboot2' },
  elfboot32: { target: 'elfboot32' },
};

/** The ROM that QEMU begins in has its selectors at 0x10 and 0x18 (testkit, startWords), and 64-bit page tables have to map it. */
// prettier-ignore
const STATES = [
  { file: 'bzImage',    profile: 'linux32' },
  { file: 'bzImage',    profile: 'linux64-full' },
  { file: 'bzImage',    profile: 'kexec-linux32' },
  { file: 'pvh',        profile: 'pvh' },
  { file: 'pvh',        profile: 'linux32' },
  { file: 'pvh',        profile: 'kexec-linux64' },
  { file: 'pvh',        profile: 'crosvm-64' },
  { file: 'universal',  profile: 'multiboot' },
  { file: 'universal',  profile: 'grub-mb1' },
  { file: 'multiboot2', profile: 'multiboot2' },
  { file: 'elfboot32',  profile: 'filo' },
];

describe.each(STATES)('$file by $profile', ({ file, profile: name }) => {
  const title = 'the probe says the same in QEMU';
  const run = async () => {
    const bytes = await fileOf(FILES[file]);
    const { given: start, report } = inCore(bytes, findProfile(name));
    expect(differences(report, await inQemu(bytes, start))).toEqual([]);
  };
  if (hasQemu) test(title, run, 60_000);
  else test.skip(`${title} [skipped: no qemu-system-x86_64 here]`, run);
});

/** Objects that firmware and QEMU's loaders put where they have room; that they are there at all is compared. */
const PLACES = /^(field acpi_rsdp_addr|field ramdisk_image|initrd at): (0x[0-9a-f]+|\d+) \/ (0x[0-9a-f]+|\d+)$/;
const isExplained = (line: string): boolean => PLACES.test(line);

/** By QEMU's own loader and firmware. */
// prettier-ignore
const OWN = [
  { file: 'pvh',       profile: 'qemu-pvh-seabios', machine: 'pc' },
  { file: 'pvh',       profile: 'qemu-pvh-qboot',   machine: 'microvm,acpi=off,isa-serial=on' },
  { file: 'universal', profile: 'qemu-mb1',         machine: 'pc' },
];

describe.each(OWN)('$file by $profile', ({ file, profile: name, machine }) => {
  const title = 'the probe says in QEMU what the profile has foretold';
  const run = async () => {
    const bytes = await fileOf(FILES[file]);
    const append = `${CMDLINE} nokaslr`; // as profiles have it
    const booted = await bootQemu({ machine, memory: MEMORY_MIB, kernel: bytes, append, initrd: INITRD, until: END });
    const other = parseProbeReport(booted.serial);
    if (other === undefined) throw new Error(`no report in QEMU\n${booted.serial}`);
    const memoryMap = () => other.e820.map(({ addr, size, type }) => ({ start: phys(addr), length: size, type }));
    const { report } = inCore(bytes, { ...findProfile(name), memoryMap });
    expect(differences(report, other).filter((line) => !isExplained(line))).toEqual([]);
  };
  if (hasQemu) test(title, run, 60_000);
  else test.skip(`${title} [skipped: no qemu-system-x86_64 here]`, run);
});
