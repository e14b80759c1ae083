import { BZELF_PAYLOAD } from '@bzelf/elf';
import { isElfSubject, kernelFileOffset, notesOf, type ElfSubject } from '../subject.js';
import { defineCheck, type Report } from './check.js';

// prettier-ignore
const FINDINGS = {
  'payload/unknown': {
    severity: 'error', title: 'The payload begins like no compressor that Linux uses',
    explanation: 'payload_offset points elsewhere, or the first bytes are damaged. Xen and bzelf cannot get at the kernel inside; its own decompressor fails, too.', remedy: 'get the kernel again',
  },
  'payload/note': {
    severity: 'error', title: 'PAYLOAD says other than the setup_header',
    explanation: 'Compressor, place and lengths of the payload are in both.', remedy: 'wrap the bzImage again',
  },
  'payload/no-note': {
    severity: 'warning', title: 'The kernel has a payload, and there is no PAYLOAD note',
    explanation: 'A loader that wants to decompress it has to find it by the setup_header.', remedy: 'wrap the bzImage again',
  },
} as const;

export const payloadCheck = defineCheck({
  name: 'payload',
  doc: 'The compressed kernel: known by its first bytes, and where PAYLOAD says.',
  findings: FINDINGS,
  run(subject, report) {
    const payload = subject.bz?.payload;
    if (payload === undefined) return;
    if (payload.compressor === undefined)
      report('payload/unknown', { offset: payload.offset, field: 'payload_offset' });
    if (isElfSubject(subject)) checkNote(subject, report);
  },
});

function checkNote(subject: ElfSubject, report: Report<typeof FINDINGS>): void {
  const { bz, form, undecodable } = subject;
  const [note] = notesOf(subject, 'bzelf-payload');
  const kernelAt = kernelFileOffset(subject);
  if (bz?.payload?.compressor === undefined || form === undefined || kernelAt === undefined) return;
  if (note === undefined) {
    if (undecodable.length === 0) report('payload/no-note');
    return;
  }
  const { payload, protectedMode } = bz;
  const { compressor, offset, length, uncompressedLength } = note.value;
  const rows = [
    { name: 'compressor', found: compressor, expected: payload.compressor ?? 'none' },
    { name: 'offset', found: offset, expected: kernelAt + payload.offset - protectedMode.offset },
    { name: 'length', found: length, expected: payload.length },
    // The size word of the payload counts modulo 2^32.
    { name: 'uncompressed_length', found: uncompressedLength % 2 ** 32, expected: payload.uncompressedSize ?? 0 },
  ] as const;
  for (const { name, found, expected } of rows)
    if (found !== expected)
      report('payload/note', {
        offset: note.note.descOffset + BZELF_PAYLOAD.field(name).at,
        field: `PAYLOAD.${name}`,
        found,
        expected,
      });
}
