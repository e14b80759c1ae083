import { isBzelfError } from '@bzelf/bytes';
import { probeBzImage } from '@bzelf/bzimage';
import { unwrap } from '@bzelf/writer';
import { notesOf } from '../subject.js';
import { defineElfCheck } from './check.js';

export const originCheck = defineElfCheck({
  name: 'origin',
  doc: 'ORIGIN gives the bzImage back, and its SHA-256 is right.',
  // prettier-ignore
  findings: {
    'origin/pieces': {
      severity: 'error', title: 'The pieces of ORIGIN do not make up the bzImage',
      explanation: 'They have to follow each other without gap or overlap, and lie inside the file.', remedy: 'get the file again, or wrap the bzImage again',
    },
    'origin/sha256': {
      severity: 'error', title: 'What ORIGIN describes is not the bzImage that was wrapped',
      explanation: 'The SHA-256 differs: some byte of the kernel has changed since, or a tool has moved it in the file.', remedy: 'get the file again, or wrap the bzImage again; do not run objcopy or strip over the file',
    },
    'origin/no-bzimage': {
      severity: 'error', title: 'What ORIGIN gives back is no bzImage',
      explanation: 'It has neither "HdrS" nor 0xaa55 where a bzImage has them.', remedy: 'wrap a bzImage',
    },
  },
  run(subject, report) {
    const [origin] = notesOf(subject, 'bzelf-origin');
    if (origin === undefined) return;
    const where = { offset: origin.note.offset, field: 'ORIGIN' };
    try {
      if (!probeBzImage(unwrap(subject.source))) report('origin/no-bzimage', where);
    } catch (error) {
      if (!isBzelfError(error)) throw error;
      const { code, field, found, expected } = error;
      if (code !== 'writer/origin-mismatch') throw error;
      report(field === 'ORIGIN.sha256' ? 'origin/sha256' : 'origin/pieces', {
        ...where,
        ...(field === undefined ? {} : { field }),
        ...(found === undefined ? {} : { found }),
        ...(expected === undefined ? {} : { expected }),
      });
    }
  },
});
