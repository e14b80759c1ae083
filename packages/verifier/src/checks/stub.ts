import { MADE_BY, STUB } from '@bzelf/writer';
import { loadAt, notesOf } from '../subject.js';
import { defineElfCheck } from './check.js';

/** The stub begins its segment; its parameters, which differ from file to file, follow its code. Source: packages/writer/src/stub/build.ts. */
export const stubCheck = defineElfCheck({
  name: 'stub',
  doc: 'The code of the entry stub, where the version of bzelf that wrote the file is this one.',
  // prettier-ignore
  findings: {
    'stub/altered': {
      severity: 'error', title: 'The entry stub is not the one that bzelf writes',
      explanation: 'Its code was changed or damaged. It may show only with some loaders.', remedy: 'wrap the bzImage again',
    },
  },
  run(subject, report) {
    const [image] = notesOf(subject, 'bzelf-image');
    if (image?.value.form !== 'container' || image.value.madeBy !== MADE_BY) return;
    const entry = notesOf(subject, 'bzelf-entry').find(({ value }) => value.mode !== 'real16');
    const home = entry === undefined ? undefined : loadAt(subject.loads, entry.value.address);
    if (home === undefined || home.p_offset + home.p_filesz > BigInt(subject.source.size)) return;
    const start = Number(home.p_offset);
    const code = STUB.bytes.subarray(0, STUB.params);
    const found = subject.source.read(start, Math.min(code.length, Number(home.p_filesz)));
    const at = code.findIndex((byte, i) => byte !== found[i]);
    if (at >= 0) report('stub/altered', { offset: start + at, found: found[at] ?? 'nothing', expected: code[at] ?? 0 });
  },
});
