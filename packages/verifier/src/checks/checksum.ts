import { elfBootChecksum } from '@bzelf/elf';
import { notesOf } from '../subject.js';
import { defineElfCheck } from './check.js';

export const checksumCheck = defineElfCheck({
  name: 'checksum',
  doc: 'The checksum note of ELFBoot.',
  // prettier-ignore
  findings: {
    'checksum/elfboot': {
      severity: 'error', title: 'EIN_PROGRAM_CHECKSUM is not the checksum of the file',
      explanation: 'FILO and Etherboot verify headers and memory image with it, and refuse the file ("Verify FAILED").', remedy: 'get the file again, or wrap the bzImage again',
    },
  },
  run(subject, report) {
    const [note] = notesOf(subject, 'elfboot-checksum');
    if (note === undefined) return;
    const expected = elfBootChecksum(subject.elf);
    if (note.value.checksum !== expected)
      report('checksum/elfboot', {
        offset: note.note.descOffset,
        field: 'EIN_PROGRAM_CHECKSUM',
        found: note.value.checksum,
        expected,
      });
  },
});
