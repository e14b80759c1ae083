import { PT_NOTE } from '@bzelf/elf';
import { phdrField } from '../subject.js';
import { defineElfCheck } from './check.js';

export const noteSegmentCheck = defineElfCheck({
  name: 'note-segment',
  doc: 'One PT_NOTE that every reader walks alike: aligned to 4, not at file offset 0, without a tail.',
  // prettier-ignore
  findings: {
    'note-segment/missing': {
      severity: 'error', title: 'The notes are in no PT_NOTE',
      explanation: 'Loaders look at segments; of sections only binutils, Xen and kexec know.', remedy: 'wrap the bzImage again; a tool has changed the program headers',
    },
    'note-segment/several': {
      severity: 'warning', title: 'There is more than one PT_NOTE',
      explanation: 'linux-loader believes the last, QEMU the last that has a note of type 18, kexec the first.', remedy: 'put all notes into one segment; `bzelf wrap --note` does so',
    },
    'note-segment/offset-zero': {
      severity: 'error', title: 'The PT_NOTE is at file offset 0',
      explanation: 'Xen and kexec skip such a segment.', remedy: 'wrap the bzImage again',
    },
    'note-segment/alignment': {
      severity: 'error', title: 'p_align of the PT_NOTE is neither 4 nor 1',
      explanation: 'QEMU steps by p_align: 0 ends it with SIGFPE, and with 8 it looks for notes where others see none.', remedy: 'wrap the bzImage again; for a file of your own, keep .note.gnu.property out of the segment',
    },
    'note-segment/tail': {
      severity: 'error', title: 'The notes do not end where the PT_NOTE ends',
      explanation: 'kexec says "ELF Note corrupted !" and takes the file for no kernel.', remedy: 'wrap the bzImage again',
    },
    'note-segment/memsz': {
      severity: 'warning', title: 'p_memsz of the PT_NOTE is not p_filesz',
      explanation: 'objcopy and strip leave it so; what else they have moved is the question.', remedy: 'wrap the bzImage again, and add notes with --note',
    },
    'note-segment/unreadable': {
      severity: 'error', title: 'A note does not fit into its segment or section',
      explanation: 'Readers stop there, read on into other bytes, or refuse the file.', remedy: 'wrap the bzImage again',
    },
    'note-segment/meaningless': {
      severity: 'error', title: 'A note has a descriptor that its type does not allow',
      explanation: 'Its owner and type are known and what it says cannot be: a reader of this note refuses it.', remedy: 'wrap the bzImage again',
    },
  },
  run({ elf, scan, notes, undecodable, view }, report) {
    const segments = elf.segments.flatMap((phdr, index) => (phdr.p_type === PT_NOTE ? [{ ...phdr, index }] : []));
    if (segments.length === 0 && notes.length > 0) report('note-segment/missing', { field: 'p_type' });
    if (segments.length > 1) report('note-segment/several', { found: segments.length, expected: 1 });
    for (const { index, p_offset, p_align, p_filesz, p_memsz } of segments) {
      if (p_offset === 0n && p_filesz > 0n) report('note-segment/offset-zero', phdrField(elf, index, 'p_offset'));
      if (p_align !== 4n && p_align !== 1n) report('note-segment/alignment', phdrField(elf, index, 'p_align', 4));
      if (p_memsz !== p_filesz) report('note-segment/memsz', phdrField(elf, index, 'p_memsz', p_filesz));
    }
    // What is wrong with the section table or a section is said by their check.
    const ofNotes = scan.problems.filter(({ code }) => code.startsWith('elf/note') || code === 'elf/segment-past-eof');
    for (const { offset, field, found, expected } of ofNotes)
      report('note-segment/unreadable', {
        ...(offset === undefined ? {} : { offset }),
        ...(field === undefined ? {} : { field }),
        ...(found === undefined ? {} : { found }),
        ...(expected === undefined ? {} : { expected }),
      });
    for (const { offset, field, found, expected } of undecodable)
      report('note-segment/meaningless', {
        ...(offset === undefined ? {} : { offset }),
        ...(field === undefined ? {} : { field }),
        ...(found === undefined ? {} : { found }),
        ...(expected === undefined ? {} : { expected }),
      });
    const first = segments.find(({ p_offset }) => p_offset > 0n);
    if (first !== undefined && scan.problems.length === 0 && view('kexec').failure !== undefined)
      report('note-segment/tail', phdrField(elf, first.index, 'p_filesz'));
  },
});
