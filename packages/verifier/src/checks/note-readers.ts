import { hex } from '@bzelf/bytes';
import { PT_NOTE, type NoteReader } from '@bzelf/elf';
import { notesOf, phdrField } from '../subject.js';
import { defineElfCheck } from './check.js';

/** Those who enter by PVH. linux-loader reads no ELF32 at all, which is no fault of the notes. */
const READERS: readonly { readonly reader: NoteReader; readonly classes: readonly number[] }[] = [
  { reader: 'qemu', classes: [32, 64] },
  { reader: 'linux-loader', classes: [64] },
  { reader: 'xen', classes: [32, 64] },
];

export const noteReadersCheck = defineElfCheck({
  name: 'note-readers',
  doc: 'QEMU, linux-loader and Xen each walk the notes by their own rule, and find the same PVH entry.',
  // prettier-ignore
  findings: {
    'note-readers/entry': {
      severity: 'error', title: 'A loader does not see the PVH entry that the notes declare',
      explanation: 'Each loader steps through notes by a rule of its own (`bzelf notes FILE --as READER`); by its rule this one ends elsewhere, or nowhere.', remedy: 'wrap the bzImage again',
    },
  },
  run(subject, report) {
    const { elf, scan } = subject;
    const segment = elf.segments.findIndex(({ p_type }) => p_type === PT_NOTE);
    const declared = notesOf(subject, 'xen-phys32-entry').at(-1);
    // What is wrong with the segment itself is said by its own check.
    const { p_align, p_offset } = elf.segments[segment] ?? {};
    const isPlain = (p_align === 4n || p_align === 1n) && p_offset !== 0n && scan.problems.length === 0;
    if (declared === undefined || !isPlain) return;
    for (const { reader, classes } of READERS) {
      if (!classes.includes(elf.class)) continue;
      const { entry, failure } = subject.view(reader);
      if (entry === declared.value.entry) continue;
      report('note-readers/entry', {
        ...phdrField(elf, segment, 'p_offset'),
        field: `notes as ${reader} sees them`,
        found: failure ?? (entry === undefined ? 'no entry' : hex(entry)),
        expected: declared.value.entry,
      });
    }
  },
});
