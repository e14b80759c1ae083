/** What the machine of a domain will do with a kernel file: the verifier's rules of loaders, in the words of domains. */
import { hex, type PhysAddr } from '@bzelf/bytes';
import { PT_LOAD, type EntryProtocol } from '@bzelf/elf';
import type { KernelImage } from '@bzelf/loader';
import { forecastQemu, forecastXen, type Forecast as LoaderForecast, type Obstacle } from '@bzelf/verifier';
import type { Domain } from './domain.js';
import type { Machine } from './machine.js';

export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly text: string;
  readonly remedy?: string;
}

/** The way in that the machine takes; `undefined` where it finds none. */
export interface Boot {
  readonly protocol: EntryProtocol | 'efi';
  readonly address?: PhysAddr;
  /** How it is found, for people. */
  readonly because: string;
}

export interface Forecast {
  readonly boot?: Boot;
  readonly problems: readonly Problem[];
}

/** What to look at; `inner` decompresses the vmlinux of a bzImage, which Xen does, too. */
export interface Subject {
  readonly domain: Domain;
  readonly machine: Machine;
  readonly kernel: KernelImage;
  readonly inner: () => Promise<Uint8Array>;
}

export async function forecast(subject: Subject): Promise<Forecast> {
  const way = await wayIn(subject);
  return { ...way, problems: [...way.problems, ...problemsOfAll(subject, way.boot)] };
}

async function wayIn(subject: Subject): Promise<Forecast> {
  const { machine } = subject;
  switch (machine.loader) {
    case 'qemu':
      return qemuWay(subject);
    case 'xen-pvh':
    case 'xen-pv':
      return xenWay(subject, machine.loader);
    case 'unknown':
      return {
        problems: [{ severity: 'warning', text: `bzelf does not know what ${machine.text} does with a kernel` }],
      };
  }
}

type Words = Pick<Problem, 'text' | 'remedy'>;
type WordsOf = Partial<Record<Obstacle, (subject: Subject, said: string) => Words>>;

function qemuWay(subject: Subject): Forecast {
  const { machine, kernel } = subject;
  const efi = machine.firmware === 'efi';
  const found = forecastQemu(kernel.source, { pvh: machine.pvh !== 'no', i386: machine.wantsElf386, efi });
  if (found.outcome !== 'enters') return refusal(subject, found, QEMU_WORDS);
  const boot = bootOf(found, efi ? 'efi' : found.protocol);
  return { boot, problems: qemuWarnings(subject, found) };
}

/** What may go wrong on a machine that is not quite known. */
function qemuWarnings({ domain, machine, kernel }: Subject, { protocol, obstacle }: LoaderForecast): Problem[] {
  if (obstacle === 'handover only') {
    const text = 'EFI finds no "MZ" at its beginning; OVMF then takes the handover entry, and other firmware may not';
    return [{ severity: 'warning', text, remedy: originalOf(kernel) }];
  }
  if (protocol !== 'pvh' || machine.pvh === 'yes') return [];
  const text = `machine type ${nameOf(domain)} is a distribution's own: if it stands for a QEMU before 4.0, it does not look for a PVH entry`;
  return [{ severity: 'warning', text, remedy: MULTIBOOT_REMEDY }];
}

/** Xen decompresses a bzImage, and the vmlinux in it decides; an ELF file decides itself. */
async function xenWay(subject: Subject, kind: 'xen-pvh' | 'xen-pv'): Promise<Forecast> {
  const { kernel, inner } = subject;
  const isBzImage = kernel.form === 'bzimage' || kernel.form === 'inplace';
  const found = forecastXen(isBzImage ? await inner() : kernel.source, kind);
  const whose = isBzImage ? 'the vmlinux that Xen decompresses' : 'the file';
  if (found.outcome !== 'enters') return refusal(subject, found, xenWords(whose));
  return { boot: bootOf(found, found.protocol, `${whose} has ${found.because}`), problems: [] };
}

function bootOf(found: LoaderForecast, protocol: LoaderForecast['protocol'] | 'efi', because = found.because): Boot {
  const { entry } = found;
  if (protocol === undefined) throw new Error('a machine of libvirt enters nothing without a protocol');
  return { protocol, ...(entry === undefined ? {} : { address: entry }), because };
}

function refusal(subject: Subject, { obstacle, because }: LoaderForecast, words: WordsOf): Forecast {
  const own = obstacle === undefined ? undefined : words[obstacle];
  return { problems: [{ severity: 'error', ...(own?.(subject, because) ?? { text: because }) }] };
}

const nameOf = (domain: Domain): string => domain.machine ?? 'pc';
const MULTIBOOT_REMEDY = 'bzelf libvirt --rewrite, or bzelf wrap --target multiboot';
const originalOf = (kernel: KernelImage): string =>
  kernel.origin === undefined ? 'use the bzImage' : 'give it the bzImage back: bzelf unwrap';

const QEMU_WORDS: WordsOf = {
  'elf by EFI': ({ kernel }, text) => ({
    text,
    remedy: `${originalOf(kernel)}, or take the firmware out of <os> to boot by BIOS`,
  }),
  'no EFI stub': (_, text) => ({ text, remedy: 'boot it by BIOS' }),
  'Multiboot in ELF64': (_, said) => ({
    text: `QEMU will say ${said}: a Multiboot header without addresses in an ELF file for x86-64`,
    remedy: 'bzelf wrap --target multiboot or --target universal',
  }),
  'PVH not looked for': ({ domain }) => ({
    text: `machine type ${nameOf(domain)} does not look for a PVH entry: the guest hangs without a word`,
    remedy: MULTIBOOT_REMEDY,
  }),
  'no PVH note': ({ kernel }, said) => ({
    text: `QEMU will say ${said}`,
    remedy:
      kernel.form === 'vmlinux' || kernel.form === 'elf'
        ? 'build the kernel with CONFIG_PVH, or wrap its bzImage: bzelf wrap bzImage'
        : 'wrap the bzImage again: bzelf wrap --target pvh',
  }),
  e_machine: (_, said) => ({
    text: `qemu-system-i386 takes an ELF file for the 386 only, and will say ${said}`,
    remedy: 'bzelf libvirt --rewrite, or bzelf wrap --class 32',
  }),
  'memory below 1 MiB': (_, said) => ({
    text: `${said}: the guest hangs without a word`,
    remedy: MULTIBOOT_REMEDY,
  }),
};

const xenWords = (whose: string): WordsOf => ({
  'no PVH note': () => ({
    text: `${whose} has no XEN_ELFNOTE_PHYS32_ENTRY (CONFIG_PVH)`,
    remedy: 'bzelf libvirt --rewrite, or bzelf wrap --target pvh',
  }),
  segments: (_, said) => ({
    text: `Xen will say ${said}`,
    remedy: 'bzelf libvirt --rewrite, or bzelf wrap --target pvh',
  }),
  'no PV notes': ({ kernel }, lacks) => ({
    text: `${whose} is no PV kernel: ${lacks}`,
    remedy:
      kernel.form === 'container'
        ? 'a container has a PVH entry only: use the bzImage, bzelf wrap --form vmlinux --target xen-pv, or a PVH domain'
        : 'build it with CONFIG_XEN_PV, or make it a PVH domain',
  }),
});

/** What holds whoever loads it. */
function problemsOfAll({ domain, machine, kernel }: Subject, boot: Boot | undefined): Problem[] {
  const problems: Problem[] = [];
  if (machine.is32 && kernel.bits === 64 && machine.loader !== 'unknown') {
    problems.push({ severity: 'error', text: `the kernel is a 64-bit one, and the machine is ${domain.arch}` });
  }
  const longest = kernel.bzImage?.header.cmdline_size;
  const length = new TextEncoder().encode(domain.cmdline ?? '').length;
  if (longest !== undefined && longest > 0 && length > longest) {
    problems.push({
      severity: 'error',
      text: `the command line has ${length} bytes, and this kernel reads ${longest}`,
    });
  }
  const end = highestByte(kernel);
  if (boot !== undefined && boot.protocol !== 'linux16' && domain.memory !== undefined && end > domain.memory) {
    problems.push({
      severity: 'error',
      text: `the kernel needs memory up to ${hex(end)}, and the domain has ${hex(domain.memory)} bytes`,
      remedy: 'give it more <memory>',
    });
  }
  return problems;
}

function highestByte(kernel: KernelImage): bigint {
  if (kernel.form === 'bzimage' || kernel.form === 'inplace') return 0n;
  const ends = kernel.elf.segments.map(({ p_type, p_paddr, p_memsz }) => (p_type === PT_LOAD ? p_paddr + p_memsz : 0n));
  return ends.reduce((most, end) => (end > most ? end : most), 0n);
}
