/** What a machine will do with a kernel file: the rules of docs/loaders.md and of the loaders' sources, in their order. */
import { getU32, hex, type PhysAddr } from '@bzelf/bytes';
import { readBzImage } from '@bzelf/bzimage';
import { EM_386, EM_X86_64, PT_LOAD, findMultibootHeader, readElf, viewNotesAs } from '@bzelf/elf';
import type { KernelImage } from '@bzelf/loader';
import type { Domain } from './domain.js';
import type { Machine } from './machine.js';

export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly text: string;
  readonly remedy?: string;
}

/** The way in that the machine takes; `undefined` where it finds none. */
export interface Boot {
  readonly protocol: 'linux16' | 'efi' | 'multiboot' | 'pvh' | 'xen-pv';
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
  switch (subject.machine.loader) {
    case 'qemu':
      return qemuWay(subject);
    case 'xen-pvh':
    case 'xen-pv':
      return xenWay(subject);
    case 'unknown':
      return problem('warning', `bzelf does not know what ${subject.machine.text} does with a kernel`);
  }
}

const problem = (severity: Problem['severity'], text: string, remedy?: string): Forecast => ({
  problems: [{ severity, text, ...(remedy === undefined ? {} : { remedy }) }],
});
const error = (text: string, remedy?: string): Forecast => problem('error', text, remedy);

const HDRS_OFFSET = 0x202;
const HDRS = 0x5372_6448;
/** QEMU's last usable place of a Multiboot header in the file. */
const QEMU_LAST_MULTIBOOT = 8140;

/** Source: QEMU hw/i386/x86-common.c, x86_load_linux: HdrS, then Multiboot, then PVH. */
function qemuWay(subject: Subject): Forecast {
  const { kernel, machine } = subject;
  const { source } = kernel;
  if (source.size >= HDRS_OFFSET + 4 && getU32(source.read(HDRS_OFFSET, 4)) === HDRS) {
    return machine.firmware === 'efi' ? efiWay(kernel) : linuxWay();
  }
  const header = findMultibootHeader(source);
  const isMultiboot = header !== undefined && header.offset <= QEMU_LAST_MULTIBOOT;
  if (machine.firmware === 'efi') {
    return error(
      'EFI firmware starts a bzImage with an EFI stub, and no ELF file: QEMU gives it none of its programs for Multiboot and PVH',
      `${originalOf(kernel)}, or take the firmware out of <os> to boot by BIOS`,
    );
  }
  if (isMultiboot) return multibootWay(kernel, header.address !== undefined, header.entry_addr);
  return pvhWay(subject);
}

const linuxWay = (): Forecast => ({
  boot: { protocol: 'linux16', because: '"HdrS" is at 0x202, so QEMU takes it for a bzImage and looks no further' },
  problems: [],
});

/** Source: OVMF X86QemuLoadImageLib: LoadImage, and where that fails, the handover entry. */
function efiWay(kernel: KernelImage): Forecast {
  const because = '"HdrS" is at 0x202, so QEMU gives the file to the firmware as a bzImage';
  const boot: Boot = { protocol: 'efi', because };
  const { pe, header } = readBzImage(kernel.source);
  if (pe !== undefined && kernel.form !== 'inplace') return { boot, problems: [] };
  if ((header.handover_offset ?? 0) === 0) {
    return error('the kernel has no EFI stub (CONFIG_EFI_STUB), so EFI firmware cannot start it', 'boot it by BIOS');
  }
  const text = 'EFI finds no "MZ" at its beginning; OVMF then takes the handover entry, and other firmware may not';
  return { boot, problems: [{ severity: 'warning', text, remedy: originalOf(kernel) }] };
}

function multibootWay(kernel: KernelImage, hasAddresses: boolean, entry: number | undefined): Forecast {
  const because = 'QEMU finds a Multiboot header and looks no further';
  if (hasAddresses) return { boot: { protocol: 'multiboot', ...addressOf(entry), because }, problems: [] };
  const elf = 'elf' in kernel ? kernel.elf : undefined;
  if (elf === undefined) return error('its Multiboot header has no addresses, and it is no ELF file');
  if (elf.header.e_machine === EM_X86_64) {
    return error(
      'QEMU will say "Cannot load x86-64 image, give a 32bit one.": a Multiboot header without addresses in an ELF file for x86-64',
      'bzelf wrap --target multiboot or --target universal',
    );
  }
  return { boot: { protocol: 'multiboot', ...addressOf(Number(elf.header.e_entry)), because }, problems: [] };
}

const addressOf = (entry: number | undefined): { address?: PhysAddr } =>
  entry === undefined ? {} : { address: BigInt(entry) as PhysAddr };

const MULTIBOOT_REMEDY = 'bzelf libvirt --rewrite, or bzelf wrap --target multiboot';

function pvhWay({ kernel, machine, domain }: Subject): Forecast {
  if (!('elf' in kernel)) return error('this is neither a bzImage, nor a Multiboot image, nor an ELF file');
  const name = domain.machine ?? 'pc';
  if (machine.pvh === 'no') {
    return error(
      `machine type ${name} does not look for a PVH entry: the guest hangs without a word`,
      MULTIBOOT_REMEDY,
    );
  }
  const view = viewNotesAs(kernel.elf, 'qemu');
  if (view.entry === undefined) {
    return error(`QEMU will say "${view.failure ?? 'no PVH entry'}"`, remedyWithoutEntry(kernel));
  }
  if (machine.wantsElf386 && kernel.elf.header.e_machine !== EM_386) {
    return error(
      'qemu-system-i386 takes an ELF file for the 386 only, and will say "Error while loading elf kernel"',
      'bzelf libvirt --rewrite, or bzelf wrap --class 32',
    );
  }
  const because = 'there is neither "HdrS" nor a Multiboot header, and a note of type 18 has an entry';
  const boot: Boot = { protocol: 'pvh', address: view.entry, because };
  if (machine.pvh === 'yes') return { boot, problems: [] };
  const text = `machine type ${name} is a distribution's own: if it stands for a QEMU before 4.0, it does not look for a PVH entry`;
  return { boot, problems: [{ severity: 'warning', text, remedy: MULTIBOOT_REMEDY }] };
}

const remedyWithoutEntry = ({ form }: KernelImage): string =>
  form === 'vmlinux' || form === 'elf'
    ? 'build the kernel with CONFIG_PVH, or wrap its bzImage: bzelf wrap bzImage'
    : 'wrap the bzImage again: bzelf wrap --target pvh';

const originalOf = (kernel: KernelImage): string =>
  kernel.origin === undefined ? 'use the bzImage' : 'give it the bzImage back: bzelf unwrap';

/** Source: Xen tools/libs/guest: a bzImage is decompressed, and the vmlinux in it decides; an ELF file decides itself. */
async function xenWay({ kernel, machine, inner }: Subject): Promise<Forecast> {
  const isBzImage = kernel.form === 'bzimage' || kernel.form === 'inplace';
  const elf = isBzImage ? readElf(await inner()) : kernel.elf;
  const whose = isBzImage ? 'the vmlinux that Xen decompresses' : 'the file';
  const view = viewNotesAs(elf, 'xen');
  if (machine.loader === 'xen-pvh') {
    if (view.entry !== undefined) {
      const because = `${whose} has XEN_ELFNOTE_PHYS32_ENTRY`;
      return { boot: { protocol: 'pvh', address: view.entry, because }, problems: [] };
    }
    return error(
      `${whose} has no XEN_ELFNOTE_PHYS32_ENTRY (CONFIG_PVH)`,
      'bzelf libvirt --rewrite, or bzelf wrap --target pvh',
    );
  }
  const missing = missingPvNotes(view.notes.map(({ type }) => type));
  if (missing.length === 0)
    return { boot: { protocol: 'xen-pv', because: `${whose} has the notes of a PV kernel` }, problems: [] };
  return error(
    `${whose} is no PV kernel: it lacks ${missing.join(', ')}`,
    kernel.form === 'container'
      ? 'a container has a PVH entry only: use the bzImage, bzelf wrap --form vmlinux --target xen-pv, or a PVH domain'
      : 'build it with CONFIG_XEN_PV, or make it a PVH domain',
  );
}

/** Source: Xen xen/common/libelf/libelf-dominfo.c, elf_xen_note_check. */
const PV_NOTES = [
  { types: [6, 8], name: 'XEN_ELFNOTE_GUEST_OS' },
  { types: [5], name: 'XEN_ELFNOTE_XEN_VERSION' },
  { types: [3], name: 'XEN_ELFNOTE_VIRT_BASE' },
  { types: [1], name: 'XEN_ELFNOTE_ENTRY' },
] as const;

const missingPvNotes = (present: readonly number[]): string[] =>
  PV_NOTES.filter(({ types }) => !types.some((type) => present.includes(type))).map(({ name }) => name);

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
