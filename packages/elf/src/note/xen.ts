/** Notes of owner "Xen". Source: Xen public/elfnote.h and public/features.h; Linux include/xen/interface/elfnote.h. */
import { concat, fromLe, le, phys, type PhysAddr } from '@bzelf/bytes';
import { badSize, decodeText, defineNote, encodeText, rawNote, textNote } from './codec.js';

export const XEN_OWNER = 'Xen';

/** Bit numbers of XENFEAT_*. */
// prettier-ignore
export const XEN_FEATURES = [
  'writable_page_tables', 'writable_descriptor_tables', 'auto_translated_physmap', 'supervisor_mode_kernel',
  'pae_pgdir_above_4gb', 'mmu_pt_update_preserve_ad', 'highmem_assist', 'gnttab_map_avail_bits',
  'hvm_callback_vector', 'hvm_safe_pvclock', 'hvm_pirqs', 'dom0',
  'grant_map_identity', 'memory_op_vnode_supported', 'ARM_SMCCC_supported', 'linux_rsdp_unrestricted',
  'not_direct_mapped', 'direct_mapped',
] as const;

/** Names of the bits set in 32-bit words; `bit 40` for one without a name. */
export function xenFeatureNames(words: readonly number[]): string[] {
  const names: string[] = [];
  words.forEach((word, i) => {
    for (let bit = 0; bit < 32; bit++) {
      if ((word >>> bit) & 1) names.push(XEN_FEATURES[i * 32 + bit] ?? `bit ${i * 32 + bit}`);
    }
  });
  return names;
}

/** Xen takes numbers of 1, 2, 4 and 8 bytes and reads any other size as 0. */
function decodeNumber(name: string, desc: Uint8Array): bigint {
  if (![1, 2, 4, 8].includes(desc.length)) throw badSize(name, desc, '1, 2, 4 or 8');
  return fromLe(desc);
}

const xenNumber = <const K extends string>(kind: K, type: number, name: string, doc: string) =>
  defineNote({
    kind,
    owner: XEN_OWNER,
    type,
    name: `XEN_ELFNOTE_${name}`,
    doc,
    encodeDesc: ({ value }: { readonly value: bigint }, context) => le(value, context.class / 8),
    decodeDesc: (desc) => ({ value: decodeNumber(name, desc) }),
  });

const xenText = <const K extends string>(kind: K, type: number, name: string, doc: string) =>
  textNote({ kind, owner: XEN_OWNER, type, name: `XEN_ELFNOTE_${name}`, doc });

const xenRaw = <const K extends string>(kind: K, type: number, name: string, doc: string) =>
  rawNote({ kind, owner: XEN_OWNER, type, name: `XEN_ELFNOTE_${name}`, doc });

export interface XenFeature {
  readonly name: string;
  /** Written with `!`: the kernel does not run without it. */
  readonly required: boolean;
}

/**
 * A list such as `!writable_page_tables|pae_pgdir_above_4gb`. Linux emits it without a NUL and lives from the padding;
 * Xen reads up to a NUL whatever n_descsz says, so we write one.
 */
export const xenFeatures = defineNote({
  kind: 'xen-features',
  owner: XEN_OWNER,
  type: 10,
  name: 'XEN_ELFNOTE_FEATURES',
  doc: 'features that the kernel can use, or requires (!)',
  encodeDesc: ({ features }: { readonly features: readonly XenFeature[] }) =>
    encodeText(features.map(({ name, required }) => (required ? `!${name}` : name)).join('|')),
  decodeDesc(desc) {
    const words = decodeText(desc)
      .split('|')
      .filter((word) => word !== '');
    return { features: words.map((word) => ({ name: word.replace(/^!/, ''), required: word.startsWith('!') })) };
  },
});

/** `yes` and its kin, or a number: both are in use. */
export const xenBsdSymtab = defineNote({
  kind: 'xen-bsd-symtab',
  owner: XEN_OWNER,
  type: 11,
  name: 'XEN_ELFNOTE_BSD_SYMTAB',
  doc: 'whether to load the symbol table',
  encodeDesc: ({ value }: { readonly value: string | bigint }, context) =>
    typeof value === 'string' ? encodeText(value) : le(value, context.class / 8),
  decodeDesc(desc): { readonly value: string | bigint } {
    const text = decodeText(desc);
    return { value: /^[ -~]+$/.test(text) ? text : decodeNumber('BSD_SYMTAB', desc) };
  },
});

/** Pairs of machine-address words, 8 bytes each, or 4 on i386 without PAE. */
export const xenL1MfnValid = defineNote({
  kind: 'xen-l1-mfn-valid',
  owner: XEN_OWNER,
  type: 13,
  name: 'XEN_ELFNOTE_L1_MFN_VALID',
  doc: 'mask and value that tell a valid L1 page table entry',
  encodeDesc: ({ pairs }: { readonly pairs: readonly { mask: bigint; value: bigint }[] }) =>
    concat(pairs.flatMap(({ mask, value }) => [le(mask, 8), le(value, 8)])),
  decodeDesc(desc) {
    const word = desc.length % 16 === 0 ? 8 : 4;
    if (desc.length % (2 * word) !== 0) throw badSize('L1_MFN_VALID', desc, 'a multiple of 8');
    const at = (i: number) => fromLe(desc.subarray(i * word, (i + 1) * word));
    const count = desc.length / (2 * word);
    return { pairs: Array.from({ length: count }, (_, i) => ({ mask: at(2 * i), value: at(2 * i + 1) })) };
  },
});

export interface XenSupportedFeatures {
  readonly words: readonly number[];
  /** Names of the bits; decoded only, `words` is what counts. */
  readonly features?: readonly string[];
}

export const xenSupportedFeatures = defineNote({
  kind: 'xen-supported-features',
  owner: XEN_OWNER,
  type: 17,
  name: 'XEN_ELFNOTE_SUPPORTED_FEATURES',
  doc: 'bit map of the features that the kernel can use',
  encodeDesc: ({ words }: XenSupportedFeatures) => concat(words.map((word) => le(word, 4))),
  decodeDesc(desc): XenSupportedFeatures {
    if (desc.length % 4 !== 0) throw badSize('SUPPORTED_FEATURES', desc, 'a multiple of 4');
    const words = Array.from({ length: desc.length / 4 }, (_, i) => Number(fromLe(desc.subarray(4 * i, 4 * i + 4))));
    return { words, features: xenFeatureNames(words) };
  },
});

/**
 * Where a PVH loader enters: physical, 32-bit protected mode, paging off. 4- and 8-byte descriptors are in use; we
 * write 8 in ELF64, because QEMU reads 8 there, and 4 in ELF32.
 */
export const xenPhys32Entry = defineNote({
  kind: 'xen-phys32-entry',
  owner: XEN_OWNER,
  type: 18,
  name: 'XEN_ELFNOTE_PHYS32_ENTRY',
  doc: 'PVH entry point, physical',
  encodeDesc: ({ entry }: { readonly entry: PhysAddr }, context) => le(entry, context.class / 8),
  decodeDesc(desc) {
    return { entry: phys(decodeNumber('PHYS32_ENTRY', desc)) };
  },
});

/** Where a PVH image may be moved. Absent fields have the loader's defaults. */
export interface XenPhys32Reloc {
  /** Default: the largest p_align of at least 4 KiB, else 2 MiB. */
  readonly align?: number;
  /** Lowest start; default 0. */
  readonly min?: PhysAddr;
  /** Highest address of the image; default 4 GiB - 1. */
  readonly max?: PhysAddr;
}

export const xenPhys32Reloc = defineNote({
  kind: 'xen-phys32-reloc',
  owner: XEN_OWNER,
  type: 19,
  name: 'XEN_ELFNOTE_PHYS32_RELOC',
  doc: 'the PVH image may be moved: alignment, lowest and highest address',
  encodeDesc({ align, min, max }: XenPhys32Reloc) {
    const words = [align, min, max];
    const count = words.findLastIndex((word) => word !== undefined) + 1;
    if (words.slice(0, count).includes(undefined))
      throw new Error('PHYS32_RELOC: a field before a given one is absent');
    return concat(words.slice(0, count).map((word) => le(word ?? 0, 4)));
  },
  decodeDesc(desc): XenPhys32Reloc {
    if (desc.length > 12 || desc.length % 4 !== 0) throw badSize('PHYS32_RELOC', desc, '0, 4, 8 or 12');
    const word = (i: number) => fromLe(desc.subarray(4 * i, 4 * i + 4));
    return {
      ...(desc.length >= 4 ? { align: Number(word(0)) } : {}),
      ...(desc.length >= 8 ? { min: phys(word(1)) } : {}),
      ...(desc.length >= 12 ? { max: phys(word(2)) } : {}),
    };
  },
});

// prettier-ignore
export const XEN_NOTES = [
  xenText('xen-info', 0, 'INFO', 'free text'),
  xenNumber('xen-entry', 1, 'ENTRY', 'PV entry point, virtual'),
  xenNumber('xen-hypercall-page', 2, 'HYPERCALL_PAGE', 'page that Xen fills with hypercalls, virtual'),
  xenNumber('xen-virt-base', 3, 'VIRT_BASE', 'virtual address of pseudo-physical 0'),
  xenNumber('xen-paddr-offset', 4, 'PADDR_OFFSET', 'p_paddr minus pseudo-physical address'),
  xenText('xen-version', 5, 'XEN_VERSION', 'hypervisor interface the kernel wants'),
  xenText('xen-guest-os', 6, 'GUEST_OS', 'guest operating system'),
  xenText('xen-guest-version', 7, 'GUEST_VERSION', 'version of the guest operating system'),
  xenText('xen-loader', 8, 'LOADER', 'loader type'),
  xenText('xen-pae-mode', 9, 'PAE_MODE', 'yes, no, bimodal; [extended-cr3]'),
  xenFeatures,
  xenBsdSymtab,
  xenNumber('xen-hv-start-low', 12, 'HV_START_LOW', 'lowest virtual address given to the hypervisor'),
  xenL1MfnValid,
  xenNumber('xen-suspend-cancel', 14, 'SUSPEND_CANCEL', '1: the kernel can cancel a suspend'),
  xenNumber('xen-init-p2m', 15, 'INIT_P2M', 'where the p2m table goes, virtual'),
  xenNumber('xen-mod-start-pfn', 16, 'MOD_START_PFN', '1: the initrd need not be mapped'),
  xenSupportedFeatures,
  xenPhys32Entry,
  xenPhys32Reloc,
  xenRaw('xen-crash-info', 0x1000001, 'CRASH_INFO', 'crash dump: hypervisor information'),
  xenRaw('xen-crash-regs', 0x1000002, 'CRASH_REGS', 'crash dump: registers'),
  xenRaw('xen-dumpcore-none', 0x2000000, 'DUMPCORE_NONE', 'domain core: start'),
  xenRaw('xen-dumpcore-header', 0x2000001, 'DUMPCORE_HEADER', 'domain core: header'),
  xenRaw('xen-dumpcore-xen-version', 0x2000002, 'DUMPCORE_XEN_VERSION', 'domain core: hypervisor'),
  xenRaw('xen-dumpcore-format-version', 0x2000003, 'DUMPCORE_FORMAT_VERSION', 'domain core: format'),
] as const;
