import * as fc from 'fast-check';
import { isBzelfError, phys } from '@bzelf/bytes';
import {
  NOTE_READERS,
  decodeElfBootBlock,
  decodeNote,
  elfBootChecksum,
  elfbootChecksum,
  encodeElfBootBlock,
  entryNote,
  gnuBuildId,
  mappingNote,
  originNote,
  probeElf,
  readElf,
  readNotes,
  scanNotes,
  sectionBytes,
  segmentBytes,
  viewNotesAs,
  xenPhys32Entry,
  NOTE_CODECS,
  type ElfClass,
} from '../src/index.js';
import { smallElf } from './support.js';

/** Everything that reads; anything but a BzelfError is a bug. */
function useAll(bytes: Uint8Array): void {
  probeElf(bytes);
  decodeOrRefuse(() => decodeElfBootBlock(bytes));
  decodeOrRefuse(() => {
    const elf = readElf(bytes);
    elf.segments.forEach((segment) => decodeOrRefuse(() => segmentBytes(elf, segment)));
    decodeOrRefuse(() => elf.sections.forEach((s) => decodeOrRefuse(() => [s.name, sectionBytes(elf, s)])));
    decodeOrRefuse(() => readNotes(elf));
    decodeOrRefuse(() => elfBootChecksum(elf));
    for (const note of scanNotes(elf).notes) decodeOrRefuse(() => decodeNote(note, { class: elf.class, e_type: 2 }));
    for (const reader of NOTE_READERS) decodeOrRefuse(() => viewNotesAs(elf, reader));
  });
}

function decodeOrRefuse(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!isBzelfError(error)) throw error;
  }
}

const seed = (elfClass: ElfClass) =>
  smallElf({
    class: elfClass,
    sections: true,
    notes: [
      xenPhys32Entry.encode({ entry: phys(0x200000) }, { class: elfClass }),
      gnuBuildId.encode({ id: new Uint8Array(20) }),
      elfbootChecksum.encode({ checksum: 1 }),
      // prettier-ignore
      entryNote.encode({ id: 1, protocol: 'pvh', mode: 'protected32', address: phys(0x200000), argument: 'ebx', setupRelative: false }),
      // prettier-ignore
      mappingNote.encode({ entryId: 1, ranges: [{ start: phys(0), length: 1n, virtOffset: -1n, read: true, write: false, execute: false, purpose: 'stub', required: true, placedByLoader: false, evidence: 'declared' }] }),
      originNote.encode({
        size: 1,
        sha256: new Uint8Array(32),
        pieces: [{ at: 0, length: 1, from: 'inline', bytes: new Uint8Array(1) }],
      }),
    ],
  });

const interesting = fc.constantFrom(0, 1, 0x7f, 0x80, 0xff);

test.each([32, 64] as const)('no change of bytes in a class %i file throws anything but a BzelfError', (elfClass) => {
  const good = seed(elfClass);
  const where = fc.oneof(fc.nat({ max: 0x3ff }), fc.integer({ min: 0x1000, max: good.length - 1 }));
  fc.assert(
    fc.property(
      fc.array(fc.tuple(where, fc.oneof(interesting, fc.nat({ max: 255 }))), { minLength: 1, maxLength: 4 }),
      (edits) => {
        const bytes = good.slice();
        for (const [at, value] of edits) bytes[at] = value;
        useAll(bytes);
      },
    ),
    { numRuns: 1500 },
  );
});

test('no descriptor makes a codec throw anything but a BzelfError', () => {
  const desc = fc.oneof(
    fc.uint8Array({ maxLength: 100 }),
    fc.uint8Array({ maxLength: 100 }).map((b) => Uint8Array.of(1, 0, ...b)),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...NOTE_CODECS),
      desc,
      fc.constantFrom(32 as const, 64 as const),
      (codec, bytes, elfClass) => {
        decodeOrRefuse(() => codec.decode(bytes, { class: elfClass }));
      },
    ),
    { numRuns: 3000 },
  );
});

test('no bytes make the reader of boot records throw anything but a BzelfError', () => {
  const good = encodeElfBootBlock([{ owner: 'a', type: 1, desc: new Uint8Array(3) }]);
  for (let size = 0; size < good.length; size++) decodeOrRefuse(() => decodeElfBootBlock(good.subarray(0, size)));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => useAll(bytes)));
});
