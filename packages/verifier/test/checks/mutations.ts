/** Ways to break a good file, each with what must be found then. */
import {
  BZELF_ENTRY,
  BZELF_IMAGE,
  BZELF_MAPPING,
  BZELF_MAPPING_RANGE,
  BZELF_ORIGIN,
  BZELF_ORIGIN_PIECE,
  BZELF_PAYLOAD,
  BZELF_PLACEMENT,
  BZELF_SUBARCH,
} from '@bzelf/elf';
import { fixCrc } from '@bzelf/bzimage';
import type { WrapOptions } from '@bzelf/writer';
import type { Editor } from './edit';

export interface Mutation {
  readonly breaks: string;
  /** What is broken: a container for pvh unless told. */
  readonly of?: WrapOptions;
  readonly change: (file: Editor) => void;
  readonly finds: readonly string[];
}

const MULTIBOOT: WrapOptions = { target: 'multiboot' };
const UNIVERSAL: WrapOptions = { target: 'universal' };
const MB2: WrapOptions = { target: 'multiboot2' };
const INPLACE: WrapOptions = { form: 'inplace' };
const VMLINUX: WrapOptions = { form: 'vmlinux' };
const ELFBOOT: WrapOptions = { target: 'elfboot32' };
const ENTRY = 2,
  MAPPING = 4,
  ORIGIN = 5,
  PLACEMENT = 6,
  PAYLOAD = 7;
/** Where the notes of a container for pvh have ended and only padding follows. */
const PADDING = 0x800;
const CRC_END = 0x4000 + 0x17c400;
const sealInplace = (f: Editor): void => {
  fixCrc(f.bytes, CRC_END);
  f.checksum();
};
/** The program headers once more at another place of the file, and e_phoff there. */
const movePhdrs = (f: Editor, at: number): void => {
  const { e_phoff, e_phnum, e_phentsize } = f.elf.header;
  f.grow(at + e_phnum * e_phentsize);
  f.bytes.copyWithin(at, Number(e_phoff), Number(e_phoff) + e_phnum * e_phentsize);
  f.ehdr({ e_phoff: BigInt(at) });
};
const multibootHeader = (f: Editor, at: number): void =>
  [0x1badb002, 3, -(0x1badb002 + 3) >>> 0].forEach((word, i) => f.u32(at + 4 * i, word));
const range = (row: number) => ({ at: BZELF_MAPPING.size + row * BZELF_MAPPING_RANGE.size });
/** Rows of a MAPPING note of a container, by what they are for. */
const IMAGE_ROW = 0,
  RUNTIME_ROW = 1,
  STUB_ROW = 2;
/** The order of ENTRY notes in a container for pvh. */
const PVH = 0,
  LINUX32 = 1,
  LINUX64 = 4;
const STUB_ENTRY = 0x1c0900fn;

// prettier-ignore
export const MUTATIONS: readonly Mutation[] = [
  // ELF header
  { breaks: 'e_version',                     change: (f) => f.ehdr({ e_version: 0 }), finds: ['elf-header/version'] },
  { breaks: 'EI_VERSION',                    change: (f) => f.bytes.set([0], 6), finds: ['elf-header/version'] },
  { breaks: 'e_ehsize',                      change: (f) => f.ehdr({ e_ehsize: 52 }), finds: ['elf-header/sizes'] },
  { breaks: 'e_type to ET_DYN',              change: (f) => f.ehdr({ e_type: 3 }), finds: ['elf-header/type'] },
  { breaks: 'e_type to ET_REL',              change: (f) => f.ehdr({ e_type: 1 }), finds: ['elf-header/type'] },
  { breaks: 'e_machine to EM_386',           change: (f) => f.ehdr({ e_machine: 3 }), finds: ['elf-header/machine'] },
  { breaks: 'e_machine of an ELF32',         of: MULTIBOOT, change: (f) => f.ehdr({ e_machine: 62 }), finds: ['boot-headers/machine', 'elf-header/machine'] },
  { breaks: 'e_flags',                       change: (f) => f.ehdr({ e_flags: 4 }), finds: ['elf-header/flags', 'note-readers/entry'] },
  { breaks: 'the class',                     change: (f) => f.bytes.set([3], 4), finds: ['file/malformed'] },
  { breaks: 'the byte order',                change: (f) => f.bytes.set([2], 5), finds: ['file/malformed'] },
  { breaks: 'e_phentsize',                   change: (f) => f.ehdr({ e_phentsize: 32 }), finds: ['file/malformed'] },
  { breaks: 'e_phnum',                       change: (f) => f.ehdr({ e_phnum: 0xfff0 }), finds: ['file/malformed'] },
  { breaks: 'e_shentsize',                   change: (f) => f.ehdr({ e_shentsize: 40 }), finds: ['elf-header/sizes'] },
  { breaks: 'e_shoff',                       change: (f) => f.ehdr({ e_shoff: 0n, e_shnum: 0, e_shstrndx: 0 }), finds: ['sections/none'] },
  { breaks: 'e_shoff past the end',          change: (f) => f.ehdr({ e_shoff: 1n << 40n }), finds: ['file/malformed'] },
  { breaks: 'e_shstrndx',                    change: (f) => f.ehdr({ e_shstrndx: 0 }), finds: ['sections/names'] },
  { breaks: 'the place of the program headers', change: (f) => movePhdrs(f, PADDING), finds: ['elf-header/program-headers'] },
  // entry
  { breaks: 'e_entry by one byte',           change: (f) => f.ehdr({ e_entry: f.elf.header.e_entry + 1n }), finds: ['entry/undeclared'] },
  { breaks: 'e_entry to the 64-bit code',    change: (f) => f.ehdr({ e_entry: 0x1c090d4n }), finds: ['entry/undeclared'] },
  { breaks: 'e_entry to 0',                  change: (f) => f.ehdr({ e_entry: 0n }), finds: ['entry/low'] },
  { breaks: 'e_entry into bss',              change: (f) => f.ehdr({ e_entry: 0x1c0d000n }), finds: ['entry/outside'] },
  { breaks: 'e_entry behind everything',     change: (f) => f.ehdr({ e_entry: 0x4000_0000n }), finds: ['entry/outside'] },
  { breaks: 'e_entry of inplace',            of: INPLACE, change: (f) => { f.ehdr({ e_entry: 0x100_0201n }); sealInplace(f); }, finds: ['entry/undeclared'] },
  { breaks: 'e_entry of vmlinux',            of: VMLINUX, change: (f) => { f.ehdr({ e_entry: f.elf.header.e_entry + 4n }); f.checksum(); }, finds: ['entry/undeclared'] },
  { breaks: 'the first byte of the stub',    change: (f) => f.bytes.set([0x90], 0x182000), finds: ['entry/undeclared', 'stub/altered'] },
  { breaks: 'the jump to the 64-bit entry',  change: (f) => f.u32(0x182000 + 11, 0xc5), finds: ['entry/undeclared', 'stub/altered'] },
  { breaks: 'the PVH ENTRY note',            change: (f) => f.desc('bzelf', ENTRY, BZELF_ENTRY, { address: STUB_ENTRY + 1n }, { nth: PVH }), finds: ['entry/disagree', 'entry/pvh', 'entry/undeclared'] },
  { breaks: 'PHYS32_ENTRY',                  change: (f) => f.u32(f.note('Xen', 18).descOffset, 0x1c09010), finds: ['entry/pvh'] },
  { breaks: 'the linux32 ENTRY note',        change: (f) => f.desc('bzelf', ENTRY, BZELF_ENTRY, { address: STUB_ENTRY + 1n }, { nth: LINUX32 }), finds: ['entry/disagree'] },
  { breaks: 'the linux64 ENTRY note',        change: (f) => f.desc('bzelf', ENTRY, BZELF_ENTRY, { address: 0x1c090d4n }, { nth: LINUX64 }), finds: ['entry/undeclared'] },
  { breaks: 'an ENTRY note into nothing',    change: (f) => f.desc('bzelf', ENTRY, BZELF_ENTRY, { address: 0x5000_0000n }, { nth: LINUX64 }), finds: ['entry/note-outside', 'entry/undeclared', 'mapping/entry'] },
  { breaks: 'an id',                         change: (f) => f.desc('bzelf', ENTRY, BZELF_ENTRY, { id: 0 }, { nth: LINUX32 }), finds: ['entry/twice', 'mapping/unknown-entry'] },
  { breaks: 'a mode',                        change: (f) => f.desc('bzelf', ENTRY, BZELF_ENTRY, { mode: 4 }, { nth: LINUX32 }), finds: ['entry/state'] },
  { breaks: 'an argument',                   change: (f) => f.desc('bzelf', ENTRY, BZELF_ENTRY, { argument: 4 }, { nth: LINUX32 }), finds: ['entry/state'] },
  { breaks: 'linux16 of inplace',            of: INPLACE, change: (f) => f.desc('bzelf', ENTRY, BZELF_ENTRY, { address: 0x8000n }), finds: ['entry/note-outside'] },
  { breaks: 'linux32 of inplace',            of: INPLACE, change: (f) => f.desc('bzelf', ENTRY, BZELF_ENTRY, { address: 0x100_0001n }, { nth: 1 }), finds: ['entry/inplace'] },
  // segments
  { breaks: 'p_memsz of the kernel by a page',  change: (f) => f.load(0, (p) => ({ p_memsz: p.p_memsz - 0x1000n })), finds: ['placement/reserve', 'sections/outside'] },
  { breaks: 'p_memsz below p_filesz',        change: (f) => f.load(1, () => ({ p_memsz: 0x2000n })), finds: ['sections/outside', 'segments/memsz'] },
  { breaks: 'p_memsz to overlap',            change: (f) => f.load(0, (p) => ({ p_memsz: p.p_memsz + 0x1000n })), finds: ['segments/overlap'] },
  { breaks: 'p_paddr of the stub',           change: (f) => f.load(1, (p) => ({ p_paddr: p.p_paddr + 0x1000n, p_vaddr: p.p_vaddr + 0x1000n })), finds: ['entry/note-outside', 'entry/outside', 'sections/address'] },
  { breaks: 'p_paddr of the kernel',         change: (f) => f.load(0, () => ({ p_paddr: 0x100_1000n, p_vaddr: 0x100_1000n })), finds: ['mapping/image', 'placement/address', 'sections/address', 'segments/overlap'] },
  { breaks: 'p_vaddr',                       change: (f) => f.load(1, (p) => ({ p_vaddr: p.p_vaddr + 0x4000_0000n })), finds: ['sections/address', 'sections/outside', 'segments/virtual'] },
  { breaks: 'p_align to 4096',               change: (f) => f.load(0, () => ({ p_align: 0x1000n })), finds: ['segments/alignment'] },
  { breaks: 'p_align to 3',                  change: (f) => f.load(0, () => ({ p_align: 3n })), finds: ['segments/congruence'] },
  { breaks: 'p_flags to 0',                  change: (f) => f.load(1, () => ({ p_flags: 0 })), finds: ['entry/note-outside', 'entry/outside', 'segments/no-access'] },
  { breaks: 'PF_X of the stub',              change: (f) => f.load(1, () => ({ p_flags: 6 })), finds: ['entry/note-outside', 'entry/outside'] },
  { breaks: 'p_filesz past the end',         change: (f) => f.load(1, () => ({ p_filesz: 0x10_0000n, p_memsz: 0x10_0000n })), finds: ['mapping/segment', 'segments/past-eof'] },
  { breaks: 'p_paddr above 4 GiB',           change: (f) => f.load(1, () => ({ p_paddr: 0x1_0000_0000n, p_vaddr: 0x1_0000_0000n })), finds: ['entry/note-outside', 'entry/outside', 'mapping/segment', 'sections/address', 'sections/outside', 'segments/high'] },
  { breaks: 'the order of the PT_LOADs',     change: (f) => { const [a, b] = f.elf.segments.slice(1); if (a && b) { f.load(0, () => ({ ...b })); f.load(1, () => ({ ...a })); } }, finds: ['segments/order'] },
  { breaks: 'a PT_LOAD into a second PT_NOTE', change: (f) => f.load(1, () => ({ p_type: 4 })), finds: ['entry/note-outside', 'entry/outside', 'note-segment/alignment', 'note-segment/memsz', 'note-segment/several', 'note-segment/unreadable', 'sections/outside'] },
  { breaks: 'e_phnum to the PT_NOTE alone', change: (f) => f.ehdr({ e_phnum: 1 }), finds: ['entry/note-outside', 'sections/outside', 'segments/none'] },
  { breaks: 'both sizes of the stub',        change: (f) => f.load(1, () => ({ p_filesz: 0n, p_memsz: 0n })), finds: ['entry/note-outside', 'entry/outside', 'sections/outside', 'segments/empty'] },
  { breaks: 'the page of the stub',          change: (f) => { f.load(0, (p) => ({ p_memsz: p.p_memsz + 0x800n })); f.load(1, (p) => ({ p_paddr: p.p_paddr + 0x800n, p_vaddr: p.p_vaddr + 0x800n })); }, finds: ['entry/note-outside', 'entry/outside', 'sections/address', 'segments/page', 'segments/shared-page'] },
  { breaks: 'p_paddr of the stub to 1 MiB',  change: (f) => f.load(1, () => ({ p_paddr: 0x10_0000n, p_vaddr: 0x10_0000n })), finds: ['entry/note-outside', 'entry/outside', 'mapping/segment', 'sections/address', 'sections/outside', 'segments/low', 'segments/order'] },
  { breaks: 'p_offset of the stub',          change: (f) => f.load(1, () => ({ p_offset: 0x181000n })), finds: ['entry/undeclared', 'sections/address', 'segments/file-overlap', 'stub/altered'] },
  // notes
  { breaks: 'p_offset of the PT_NOTE',       change: (f) => f.noteSegment(() => ({ p_offset: 0n })), finds: ['note-segment/offset-zero', 'note-segment/unreadable'] },
  { breaks: 'the padding of the last note',  change: (f) => f.noteSegment((p) => ({ p_filesz: p.p_filesz - 2n, p_memsz: p.p_memsz - 2n })), finds: ['note-segment/tail'] },
  { breaks: 'the place of PHYS32_ENTRY',     of: { notes: [{ owner: 'Xen', type: 20, desc: Uint8Array.of(0x0f, 0x90, 0xc0, 1, 0, 0, 0, 0) }] }, change: (f) => { f.noteType('Xen', 20, 18); f.noteType('Xen', 18, 20); }, finds: ['note-types/entry-not-first'] },
  { breaks: 'p_align of the PT_NOTE to 0',   change: (f) => f.noteSegment(() => ({ p_align: 0n })), finds: ['note-segment/alignment'] },
  { breaks: 'p_filesz of the PT_NOTE by 4',  change: (f) => f.noteSegment((p) => ({ p_filesz: p.p_filesz + 4n, p_memsz: p.p_memsz + 4n })), finds: ['note-segment/unreadable'] },
  { breaks: 'p_memsz of the PT_NOTE',        change: (f) => f.noteSegment(() => ({ p_memsz: 0n })), finds: ['note-segment/memsz'] },
  { breaks: 'the PT_NOTE into a PT_NULL',    change: (f) => f.noteSegment(() => ({ p_type: 0 })), finds: ['note-segment/missing'] },
  { breaks: 'the type of PHYS32_ENTRY',      change: (f) => f.noteType('Xen', 18, 20), finds: ['entry/pvh'] },
  { breaks: 'the owner of PHYS32_ENTRY',     change: (f) => f.bytes.set([0x59], f.note('Xen', 18).offset + 12), finds: ['entry/pvh', 'note-types/foreign-18'] },
  { breaks: 'PLACEMENT away',                change: (f) => f.noteType('bzelf', PLACEMENT, 99), finds: ['note-types/missing'] },
  { breaks: 'ORIGIN away',                   change: (f) => f.noteType('bzelf', ORIGIN, 99), finds: ['note-types/missing'] },
  { breaks: 'PAYLOAD away',                  change: (f) => f.noteType('bzelf', PAYLOAD, 99), finds: ['payload/no-note'] },
  { breaks: 'PLACEMENT into a second SUBARCH', change: (f) => f.noteType('bzelf', PLACEMENT, 3), finds: ['note-types/missing', 'note-types/twice'] },
  { breaks: 'the layout version of a note',  change: (f) => f.desc('bzelf', PLACEMENT, BZELF_PLACEMENT, { version: 9 }), finds: ['note-segment/meaningless'] },
  { breaks: 'the protocol of an ENTRY',      change: (f) => f.desc('bzelf', ENTRY, BZELF_ENTRY, { protocol: 77 }), finds: ['note-segment/meaningless'] },
  { breaks: 'n_descsz of the first note',    change: (f) => f.u32(f.note('Xen', 18).offset + 4, 0x10000), finds: ['note-segment/unreadable'] },
  // mapping
  { breaks: 'the image range by a page',     change: (f) => f.desc('bzelf', MAPPING, BZELF_MAPPING_RANGE, { length: 0x17b400n }, range(IMAGE_ROW)), finds: ['mapping/image'] },
  { breaks: 'the runtime range by a page',   change: (f) => f.desc('bzelf', MAPPING, BZELF_MAPPING_RANGE, { length: 0xc08000n }, range(RUNTIME_ROW)), finds: ['mapping/runtime'] },
  { breaks: 'the stub range',                change: (f) => f.desc('bzelf', MAPPING, BZELF_MAPPING_RANGE, { length: 0x1000n }, range(STUB_ROW)), finds: ['mapping/segment'] },
  { breaks: 'access of the stub range',      change: (f) => f.desc('bzelf', MAPPING, BZELF_MAPPING_RANGE, { flags: 1 | 2 | 8 }, range(STUB_ROW)), finds: ['mapping/entry'] },
  { breaks: 'a range to nothing',            change: (f) => f.desc('bzelf', MAPPING, BZELF_MAPPING_RANGE, { length: 0n }, range(3)), finds: ['mapping/range'] },
  { breaks: 'a virtual offset',              change: (f) => f.desc('bzelf', MAPPING, BZELF_MAPPING_RANGE, { virt_offset: 0x1000n }, range(RUNTIME_ROW)), finds: ['mapping/conflict'] },
  { breaks: 'entry_id',                      change: (f) => f.desc('bzelf', MAPPING, BZELF_MAPPING, { entry_id: 50 }), finds: ['mapping/missing', 'mapping/unknown-entry'] },
  { breaks: 'entry_id to another',           change: (f) => f.desc('bzelf', MAPPING, BZELF_MAPPING, { entry_id: 1 }), finds: ['mapping/missing', 'mapping/twice'] },
  { breaks: 'the image range of inplace',    of: INPLACE, change: (f) => f.desc('bzelf', MAPPING, BZELF_MAPPING_RANGE, { start: 0x110_0000n }, range(IMAGE_ROW)), finds: ['mapping/image'] },
  // placement
  { breaks: 'init_size of PLACEMENT',        change: (f) => f.desc('bzelf', PLACEMENT, BZELF_PLACEMENT, { init_size: 0xc08000n }), finds: ['mapping/runtime', 'placement/header'] },
  { breaks: 'alignment of PLACEMENT',        change: (f) => f.desc('bzelf', PLACEMENT, BZELF_PLACEMENT, { alignment: 0x1000n }), finds: ['placement/header'] },
  { breaks: 'alignment to 3',                change: (f) => f.desc('bzelf', PLACEMENT, BZELF_PLACEMENT, { alignment: 3n }), finds: ['placement/bounds', 'placement/header'] },
  { breaks: 'lowest above highest',          change: (f) => f.desc('bzelf', PLACEMENT, BZELF_PLACEMENT, { lowest: 1n << 40n }), finds: ['placement/bounds'] },
  { breaks: 'preferred',                     change: (f) => f.desc('bzelf', PLACEMENT, BZELF_PLACEMENT, { preferred: 0x120_0000n }), finds: ['placement/header'] },
  { breaks: 'the relocatable flag',          change: (f) => f.desc('bzelf', PLACEMENT, BZELF_PLACEMENT, { flags: 0 }), finds: ['placement/header'] },
  // setup_header inside, with CRC and ORIGIN made right again
  { breaks: 'init_size lowered',             change: (f) => f.setup({ init_size: 0xc08000 }), finds: ['placement/header'] },
  { breaks: 'init_size raised',              change: (f) => f.setup({ init_size: 0xc0a000 }), finds: ['placement/header', 'placement/reserve'] },
  { breaks: 'init_size below the kernel',    change: (f) => f.setup({ init_size: 0x1000 }), finds: ['placement/header', 'setup-header/init-size'] },
  { breaks: 'kernel_alignment',              change: (f) => f.setup({ kernel_alignment: 0x30_0000 }), finds: ['placement/address', 'placement/header', 'setup-header/alignment'] },
  { breaks: 'kernel_alignment below min_alignment', change: (f) => f.setup({ kernel_alignment: 0x10_0000 }), finds: ['placement/header', 'setup-header/min-alignment'] },
  { breaks: 'setup_data',                    change: (f) => f.setup({ setup_data: 8n }), finds: ['setup-header/loaders-own'] },
  { breaks: 'syssize to 0',                  change: (f) => f.setup({ syssize: 0 }), finds: ['setup-header/no-size'] },
  { breaks: 'pref_address',                  change: (f) => f.setup({ pref_address: 0x110_0000n }), finds: ['placement/header', 'setup-header/pref-address'] },
  { breaks: 'the boot protocol version',     change: (f) => f.setup({ version: 0x20e }), finds: ['setup-header/image-note'] },
  { breaks: 'xloadflags',                    change: (f) => f.setup({ xloadflags: 0 }), finds: ['setup-header/image-note'] },
  { breaks: 'relocatable_kernel',            change: (f) => f.setup({ relocatable_kernel: 0 }), finds: ['placement/header'] },
  { breaks: 'handover_offset',               change: (f) => f.setup({ handover_offset: 0x7000_0000 }), finds: ['setup-header/handover'] },
  { breaks: 'kernel_info_offset',            change: (f) => f.setup({ kernel_info_offset: 0x100 }), finds: ['setup-header/kernel-info'] },
  { breaks: 'hardware_subarch',              change: (f) => f.setup({ hardware_subarch: 2 }), finds: ['setup-header/loaders-own', 'setup-header/subarch'] },
  { breaks: 'payload_offset by 4',           change: (f) => f.setup({ payload_offset: 0x2c8 }), finds: ['payload/unknown'] },
  { breaks: 'payload_length by 4',           change: (f) => f.setup({ payload_length: 0x173c8e }), finds: ['payload/note'] },
  { breaks: 'syssize',                       change: (f) => f.setup({ syssize: 0x7000_0000 }), finds: ['setup-header/cut-short'] },
  { breaks: 'IMAGE.bits',                    change: (f) => f.desc('bzelf', 1, BZELF_IMAGE, { bits: 32 }), finds: ['setup-header/image-note'] },
  { breaks: 'SUBARCH',                       change: (f) => f.desc('bzelf', 3, BZELF_SUBARCH, { subarch: 1 }), finds: ['setup-header/subarch'] },
  { breaks: 'the sentinel of inplace',       of: INPLACE, change: (f) => { f.bytes[0x1ef] = 0; sealInplace(f); }, finds: ['origin/sha256', 'setup-header/sentinel'] },
  { breaks: 'e_phoff to 0xa33f',             of: INPLACE, change: (f) => { movePhdrs(f, 0x18a33f); sealInplace(f); }, finds: ['elf-header/program-headers', 'setup-header/old-command-line'] },
  // payload and sums
  { breaks: 'PAYLOAD.offset',                change: (f) => f.desc('bzelf', PAYLOAD, BZELF_PAYLOAD, { offset: 0x52c5n }), finds: ['payload/note'] },
  { breaks: 'PAYLOAD.length',                change: (f) => f.desc('bzelf', PAYLOAD, BZELF_PAYLOAD, { length: 1n }), finds: ['payload/note'] },
  { breaks: 'PAYLOAD.compressor',            change: (f) => f.desc('bzelf', PAYLOAD, BZELF_PAYLOAD, { compressor: 4 }), finds: ['payload/note'] },
  { breaks: 'PAYLOAD.uncompressed_length',   change: (f) => f.desc('bzelf', PAYLOAD, BZELF_PAYLOAD, { uncompressed_length: 12n }), finds: ['payload/note'] },
  { breaks: 'a byte of the payload',         change: (f) => f.bytes.set([0xaa], 0x80000), finds: ['crc/bad', 'origin/sha256'] },
  { breaks: 'a byte of the setup',           change: (f) => f.bytes.set([0xaa], 0x3000), finds: ['crc/bad', 'origin/sha256'] },
  { breaks: 'the CRC',                       of: INPLACE, change: (f) => { f.u32(0x4000 + 0x17c400 - 4, 1); f.checksum(); }, finds: ['crc/bad'] },
  { breaks: 'ORIGIN.sha256',                 change: (f) => f.desc('bzelf', ORIGIN, BZELF_ORIGIN, { sha256: new Uint8Array(32) }), finds: ['origin/sha256'] },
  { breaks: 'where a piece of ORIGIN is',    change: (f) => f.desc('bzelf', ORIGIN, BZELF_ORIGIN_PIECE, { where: 0x1100n }, { at: BZELF_ORIGIN.size }), finds: ['origin/sha256'] },
  { breaks: 'a piece of ORIGIN past the end', change: (f) => f.desc('bzelf', ORIGIN, BZELF_ORIGIN_PIECE, { where: 0x20_0000n }, { at: BZELF_ORIGIN.size }), finds: ['origin/pieces'] },
  { breaks: '"HdrS" of the bzImage inside',  change: (f) => { f.u32(0x1202, 0); f.sealOrigin(); }, finds: ['origin/no-bzimage'] },
  { breaks: 'the ELFBoot checksum',          of: ELFBOOT, change: (f) => f.u16(f.note('ELFBoot', 3).descOffset, 1), finds: ['checksum/elfboot'] },
  { breaks: 'a byte of the stub',            of: ELFBOOT, change: (f) => f.bytes.set([0xcc], f.bytes.indexOf(0xfa, 0x182000)), finds: ['checksum/elfboot', 'stub/altered'] },
  // boot headers
  { breaks: 'HdrS into the boot sector',     of: VMLINUX, change: (f) => f.u32(0x202, 0x53726448), finds: ['boot-headers/hdrs'] },
  { breaks: 'a Multiboot header into padding', change: (f) => multibootHeader(f, PADDING), finds: ['boot-headers/accidental', 'boot-headers/machine'] },
  { breaks: 'a Xen header into padding',     change: (f) => { f.u32(0x800, 0x336ec578); f.u32(0x804, 0x10000); f.u32(0x808, -(0x336ec578 + 0x10000) >>> 0); }, finds: ['boot-headers/accidental'] },
  { breaks: 'the Multiboot magic',           of: MULTIBOOT, change: (f) => f.u32(0x94, 0), finds: ['boot-headers/missing'] },
  { breaks: 'the place of the Multiboot header', of: MULTIBOOT, change: (f) => { f.u32(0x94, 0); multibootHeader(f, 8144); f.reseal(); }, finds: ['boot-headers/late'] },
  { breaks: 'Multiboot flags',               of: MULTIBOOT, change: (f) => { f.u32(0x98, 0x4003); f.u32(0x9c, -(0x1badb002 + 0x4003) >>> 0); }, finds: ['boot-headers/flags'] },
  { breaks: 'Multiboot entry_addr',          of: UNIVERSAL, change: (f) => f.u32(0xe8 + 0x1c, 0xfef010), finds: ['boot-headers/entry'] },
  { breaks: 'Multiboot load_addr',           of: UNIVERSAL, change: (f) => f.u32(0xe8 + 0x10, 0x123000), finds: ['boot-headers/addresses'] },
  { breaks: 'Multiboot load_end_addr',       of: UNIVERSAL, change: (f) => f.u32(0xe8 + 0x14, 0x1001000), finds: ['boot-headers/addresses'] },
  { breaks: 'the Multiboot 2 checksum',      of: MB2, change: (f) => f.u32(0xe8 + 0xc, 0), finds: ['boot-headers/missing'] },
  // sections
  { breaks: 'the address of a section',      change: (f) => f.section('.stub', (s) => ({ sh_addr: s.sh_addr + 0x1000n })), finds: ['sections/address'] },
  { breaks: 'the size of a section',         change: (f) => f.section('.kernel', () => ({ sh_size: 1n << 40n })), finds: ['sections/past-eof'] },
  { breaks: 'the type of a section',         change: (f) => f.section('.kernel', () => ({ sh_type: 4 })), finds: ['sections/relocations'] },
  { breaks: 'the bss of the stub',           change: (f) => f.section('.stub.bss', () => ({ sh_addr: 0x5000_0000n })), finds: ['sections/outside'] },
];
