import { hex } from '@bzelf/bytes';
import { BZELF_ENTRY, PF_X, type EntryNote, type Note } from '@bzelf/elf';
import { bimodalTargets } from '../stub-entry.js';
import { ehdrField, loadAt, notesOf, type ElfSubject } from '../subject.js';
import { defineElfCheck, type Report } from './check.js';

const ONE_MIB = 0x10_0000n;

/** Mode and argument that each protocol enters with. Source: docs/notes.md, ENTRY. */
// prettier-ignore
const STATES: Readonly<Record<EntryNote['protocol'], readonly string[]>> = {
  linux16:        ['real16 ds'],
  linux32:        ['protected32 esi'],
  linux64:        ['long64 rsi'],
  pvh:            ['protected32 ebx'],
  multiboot:      ['protected32 eax-ebx'],
  multiboot2:     ['protected32 eax-ebx'],
  'efi-handover': ['long64 rdi', 'protected32 stack'],
  'xen-pv':       ['long64 rsi', 'pae32 esi'],
  elfboot:        ['protected32 stack', 'protected32 eax-ebx'],
  coreboot:       ['protected32 stack'],
};

// prettier-ignore
const FINDINGS = {
  'entry/outside': {
    severity: 'error', title: 'e_entry is not in the file bytes of an executable PT_LOAD',
    explanation: 'linux-loader, iPXE, GRUB, Xen and crosvm check it, others jump there.', remedy: 'wrap the bzImage again',
  },
  'entry/low': {
    severity: 'error', title: 'e_entry is below 1 MiB',
    explanation: 'Firecracker and Cloud Hypervisor refuse it ("Invalid entry address"), also where a note has the real entry.', remedy: 'wrap the bzImage again',
  },
  'entry/undeclared': {
    severity: 'error', title: 'What is at e_entry is not what the ENTRY notes declare',
    explanation: 'A container\'s e_entry leads to its 32-bit and its 64-bit entry, that of other forms is an entry itself. One of the two is wrong.', remedy: 'wrap the bzImage again',
  },
  'entry/note-outside': {
    severity: 'error', title: 'An ENTRY note leads to where no code is loaded',
    explanation: 'A loader that follows the note jumps into nothing.', remedy: 'wrap the bzImage again',
  },
  'entry/pvh': {
    severity: 'error', title: 'The PVH entry of the ENTRY notes and XEN_ELFNOTE_PHYS32_ENTRY differ',
    explanation: 'Loaders read one or the other.', remedy: 'wrap the bzImage again',
  },
  'entry/disagree': {
    severity: 'error', title: 'The 32-bit entries of a container are not one address',
    explanation: 'They all lead into the stub, which tells loaders apart by their registers.', remedy: 'wrap the bzImage again',
  },
  'entry/inplace': {
    severity: 'error', title: 'An entry of an inplace file is not where the boot protocol has it',
    explanation: 'The 32-bit entry is the first byte of the protected-mode kernel, the 64-bit entry is 0x200 behind it.', remedy: 'wrap the bzImage again',
  },
  'entry/twice': {
    severity: 'error', title: 'Two ENTRY notes have one id',
    explanation: 'MAPPING notes name an entry by its id.', remedy: 'wrap the bzImage again',
  },
  'entry/state': {
    severity: 'error', title: 'Mode and argument of an ENTRY note are not those of its protocol',
    explanation: 'A loader would enter the kernel in a state that the kernel does not know.', remedy: 'wrap the bzImage again',
  },
} as const;
type Reporter = Report<typeof FINDINGS>;

export const entryCheck = defineElfCheck({
  name: 'entry',
  doc: 'e_entry, ENTRY notes and the PVH note lead to code that is loaded, and agree.',
  findings: FINDINGS,
  run(subject, report) {
    checkEntryPoint(subject, report);
    const entries = notesOf(subject, 'bzelf-entry');
    const ids = new Set<number>();
    for (const { note, value } of entries) {
      if (ids.has(value.id)) report('entry/twice', { ...at(note, 'id'), found: value.id });
      ids.add(value.id);
      checkNote(subject, note, value, report);
    }
    checkPvh(subject, report);
    if (subject.form === 'container') checkStub(subject, report);
    if (subject.form === 'inplace') checkInplace(subject, report);
  },
});

const at = (note: Note, field: 'id' | 'address' | 'protocol' | 'mode') => ({
  offset: note.descOffset + BZELF_ENTRY.field(field).at,
  field: `ENTRY.${field}`,
});

/** A 16-bit kernel has no entry that ELF could name. */
const hasEntry = ({ kernel, elf }: ElfSubject): boolean =>
  !(kernel.bits === 16 && kernel.form === 'inplace' && elf.header.e_entry === 0n);

function checkEntryPoint(subject: ElfSubject, report: Reporter): void {
  const { elf, loads, form, kernel } = subject;
  const { e_entry } = elf.header;
  if (!hasEntry(subject) || loads.length === 0) return;
  const home =
    loadAt(loads, e_entry) ?? loads.find(({ p_vaddr, p_filesz }) => e_entry >= p_vaddr && e_entry < p_vaddr + p_filesz);
  if (e_entry < ONE_MIB) return report('entry/low', ehdrField(elf, 'e_entry', `${hex(ONE_MIB)} or more`));
  if (home === undefined || (home.p_flags & PF_X) === 0)
    return report('entry/outside', ehdrField(elf, 'e_entry', 'an address that is loaded as code'));
  if (form === undefined || kernel.image === undefined) return;
  const declared = notesOf(subject, 'bzelf-entry').map(({ value }) => value);
  const own = (mode: EntryNote['mode'], protocol?: EntryNote['protocol']) =>
    declared.find((entry) => entry.mode === mode && (protocol === undefined || entry.protocol === protocol))?.address;
  const both = form === 'container' ? bimodalTargets(subject, e_entry) : undefined;
  const isRight =
    both === undefined
      ? e_entry === own('long64', 'linux64') || e_entry === own('protected32')
      : both.entry32 === own('protected32') && both.entry64 === own('long64', 'linux64');
  if (!isRight && declared.length > 0) report('entry/undeclared', ehdrField(elf, 'e_entry'));
}

function checkNote({ loads, bz }: ElfSubject, note: Note, entry: EntryNote, report: Reporter): void {
  const { protocol, mode, argument, address, setupRelative } = entry;
  if (!STATES[protocol].includes(`${mode} ${argument}`))
    report('entry/state', { ...at(note, 'mode'), found: `${mode} ${argument}`, expected: STATES[protocol].join(', ') });
  const home = loadAt(loads, address);
  const isInside = setupRelative
    ? bz === undefined || address < BigInt(bz.setupSize)
    : home !== undefined && (home.p_flags & PF_X) !== 0;
  if (!isInside)
    report('entry/note-outside', { ...at(note, 'address'), found: address, expected: `${protocol}: loaded code` });
}

function checkPvh(subject: ElfSubject, report: Reporter): void {
  if (subject.form === undefined || subject.undecodable.length > 0) return;
  const own = notesOf(subject, 'bzelf-entry').find(({ value }) => value.protocol === 'pvh');
  const xen = notesOf(subject, 'xen-phys32-entry').at(-1);
  if (own?.value.address === xen?.value.entry) return;
  const place =
    own === undefined ? { offset: xen?.note.descOffset ?? 0, field: 'PHYS32_ENTRY' } : at(own.note, 'address');
  report('entry/pvh', {
    ...place,
    found: own?.value.address ?? 'no ENTRY',
    expected: xen?.value.entry ?? 'no Xen note',
  });
}

function checkStub(subject: ElfSubject, report: Reporter): void {
  const entries = notesOf(subject, 'bzelf-entry').filter(({ value }) => value.mode === 'protected32');
  const [first, ...rest] = entries;
  for (const { note, value } of rest)
    if (value.address !== first?.value.address && value.protocol !== 'pvh')
      report('entry/disagree', { ...at(note, 'address'), found: value.address, expected: first?.value.address ?? 0n });
}

/** boot.rst, 32-bit and 64-bit Boot Protocol. */
const ENTRY_OFFSETS: Partial<Record<EntryNote['protocol'], bigint>> = { linux32: 0n, linux64: 0x200n };

function checkInplace(subject: ElfSubject, report: Reporter): void {
  const { loads, bz } = subject;
  const home = loads.find(({ p_offset }) => p_offset === BigInt(bz?.protectedMode.offset ?? -1));
  if (home === undefined) return;
  for (const { note, value } of notesOf(subject, 'bzelf-entry')) {
    const offset = ENTRY_OFFSETS[value.protocol];
    if (offset === undefined || value.address === home.p_paddr + offset) continue;
    report('entry/inplace', { ...at(note, 'address'), found: value.address, expected: home.p_paddr + offset });
  }
}
