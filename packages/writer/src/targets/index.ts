import { fail } from '../errors.js';

export const FORMS = ['container', 'inplace', 'vmlinux'] as const;
export type Form = (typeof FORMS)[number];

/** A loader, or a family of them, as the facts that shape the file written for it. */
export interface LoaderTarget {
  readonly name: string;
  /** One line for `--help` and `bzelf targets`. */
  readonly doc: string;
  readonly forms: readonly Form[];
  readonly class: 32 | 64;
  /** What e_entry is: code that runs in either mode, or in one only. */
  readonly entry: 'bimodal' | 'protected32' | 'long64';
  /** `stub-first` keeps memory and file in step, so that a raw load by Multiboot addresses works, too. */
  readonly layout: 'kernel-first' | 'stub-first';
  /** Xen notes: 18 PHYS32_ENTRY, 19 PHYS32_RELOC. */
  readonly xenNotes: readonly (18 | 19)[];
  /** Multiboot 1 header: loaded by ELF program headers, or by the address fields (flag 16). */
  readonly multiboot?: 'elf' | 'addresses';
  readonly multiboot2?: boolean;
  /** ELFBoot note 3, which takes a pass over the whole image and which only these loaders verify. */
  readonly checksum?: boolean;
}

// prettier-ignore
export const TARGETS: readonly LoaderTarget[] = [
  { name: 'pvh',        doc: 'QEMU, Firecracker, Cloud Hypervisor, Xen PVH, crosvm, kexec --args-linux (the default)',
    forms: ['container', 'inplace', 'vmlinux'], class: 64, entry: 'bimodal', layout: 'kernel-first', xenNotes: [18] },
  { name: 'pvh-reloc',  doc: 'as pvh, and Xen may move the image where 16 MiB is not RAM (dom0)',
    forms: ['container'], class: 64, entry: 'bimodal', layout: 'kernel-first', xenNotes: [18, 19] },
  { name: 'linux64',    doc: '64-bit boot protocol only: crosvm, Firecracker without PVH, kexec',
    forms: ['container'], class: 64, entry: 'long64', layout: 'kernel-first', xenNotes: [] },
  { name: 'multiboot',  doc: 'Multiboot 1 in an ELF32: QEMU of any machine type, GRUB, iPXE, kexec --module',
    forms: ['container'], class: 32, entry: 'protected32', layout: 'kernel-first', xenNotes: [18], multiboot: 'elf' },
  { name: 'multiboot2', doc: 'Multiboot 2: GRUB on BIOS, kexec --module',
    forms: ['container'], class: 64, entry: 'bimodal', layout: 'stub-first', xenNotes: [18], multiboot2: true },
  { name: 'universal',  doc: 'PVH and Multiboot 1 by addresses in one ELF64: QEMU, GRUB, iPXE, Xen, Firecracker',
    forms: ['container'], class: 64, entry: 'bimodal', layout: 'stub-first', xenNotes: [18], multiboot: 'addresses' },
  { name: 'elfboot32',  doc: 'coreboot, SeaBIOS, FILO, Etherboot: ELF32 with ELFBoot notes and checksum',
    forms: ['container'], class: 32, entry: 'protected32', layout: 'kernel-first', xenNotes: [], checksum: true },
  { name: 'uboot',      doc: 'U-Boot bootelf, by sections or by program headers (-p)',
    forms: ['container'], class: 32, entry: 'protected32', layout: 'kernel-first', xenNotes: [] },
  { name: 'xen-pv',     doc: 'Xen PV domain builders: the inner vmlinux with its own Xen notes',
    forms: ['vmlinux'], class: 64, entry: 'long64', layout: 'kernel-first', xenNotes: [] },
];

export const TARGET_NAMES: readonly string[] = TARGETS.map((target) => target.name);

/** Throws writer/unknown-target, writer/target-form. */
export function findTarget(name: string, form: Form): LoaderTarget {
  const target = TARGETS.find((t) => t.name === name);
  if (target === undefined) throw fail('writer/unknown-target', { found: name, expected: TARGET_NAMES.join(', ') });
  if (!target.forms.includes(form)) {
    throw fail('writer/target-form', {
      found: `${name} with --form ${form}`,
      expected: `--form ${target.forms.join(' or ')}`,
    });
  }
  return target;
}
