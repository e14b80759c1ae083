import { phys } from '@bzelf/bytes';
import {
  EM_X86_64,
  ET_EXEC,
  PF_R,
  PF_W,
  PF_X,
  PT_LOAD,
  PT_NOTE,
  encodeNotes,
  entryNote,
  gnuBuildId,
  imageNote,
  linuxBuildSalt,
  mappingNote,
  originNote,
  payloadNote,
  placementNote,
  planElf,
  subarchNote,
  writeElf,
  xenPhys32Entry,
  type MappingRange,
} from '@bzelf/elf';

const RANGE: MappingRange = {
  start: phys(0x1000000),
  length: 0xc09000n,
  virtOffset: 0n,
  read: true,
  write: true,
  execute: true,
  purpose: 'runtime',
  required: true,
  placedByLoader: false,
  evidence: 'declared',
};
const RANGES: readonly MappingRange[] = [
  RANGE,
  { ...RANGE, length: 0x17c400n, purpose: 'image', evidence: 'measured' },
  {
    ...RANGE,
    start: phys(0),
    length: 0x800n,
    purpose: 'cmdline',
    write: false,
    execute: false,
    placedByLoader: true,
    required: false,
  },
  {
    ...RANGE,
    start: phys(0xe0000000),
    length: 0x300000n,
    purpose: 'framebuffer',
    execute: false,
    required: false,
    virtOffset: 0xffff800000000000n,
  },
];

const NOTES = [
  xenPhys32Entry.encode({ entry: phys(0x1c0900f) }),
  imageNote.encode({ formatVersion: 1, form: 'container', bits: 64, bootProtocol: 0x020f, madeBy: 'a test' }),
  entryNote.encode({
    id: 0,
    protocol: 'pvh',
    mode: 'protected32',
    address: phys(0x1c0900f),
    argument: 'ebx',
    setupRelative: false,
  }),
  entryNote.encode({
    id: 1,
    protocol: 'linux64',
    mode: 'long64',
    address: phys(0x1000200),
    argument: 'rsi',
    setupRelative: false,
  }),
  entryNote.encode({
    id: 2,
    protocol: 'linux16',
    mode: 'real16',
    address: phys(0x200),
    argument: 'ds',
    setupRelative: true,
  }),
  subarchNote.encode({ subarch: 4, data: 0x1000n }),
  mappingNote.encode({ entryId: 0, ranges: RANGES }),
  mappingNote.encode({ entryId: 1, ranges: RANGES }),
  originNote.encode({
    size: 4,
    sha256: new Uint8Array(32).fill(0xab),
    pieces: [{ at: 0, length: 4, from: 'inline', bytes: Uint8Array.of(1, 2, 3, 4) }],
  }),
  placementNote.encode({
    relocatable: true,
    alignment: 0x200000n,
    preferred: phys(0x1000000),
    initSize: 0xc09000n,
    lowest: phys(0x1000000),
    highest: phys(0xff200000),
  }),
  payloadNote.encode({ compressor: 'zstd', offset: 0x52c4, length: 1522834, uncompressedLength: 12171348 }),
  gnuBuildId.encode({ id: new Uint8Array(20).fill(0xcd) }),
  linuxBuildSalt.encode({ salt: '6.1.0-56-amd64' }),
  { owner: 'Me', type: 0x77, desc: Uint8Array.of(1, 2, 3) },
  { owner: 'bad\u001b[31m', type: 1, desc: new Uint8Array(0) },
  { owner: 'GNU', type: 1, desc: Uint8Array.of(9) }, // an ABI tag of the wrong size
];

/** A file with a note of each kind that is shown in its own way, and one segment; nothing in it depends on the writer. */
export function notesElf(): Uint8Array {
  const notes = encodeNotes(NOTES);
  const size = BigInt(notes.length);
  return writeElf(
    planElf({
      class: 64,
      e_type: ET_EXEC,
      e_machine: EM_X86_64,
      e_entry: 0x1000200n,
      pieces: [
        { name: 'notes', size: notes.length, align: 4, bytes: notes },
        { name: 'kernel', size: 0x300, align: 0x1000, bytes: new Uint8Array(0x300).fill(0xf4) },
      ],
      segments: [
        { p_type: PT_NOTE, p_flags: PF_R, p_vaddr: 0n, p_paddr: 0n, p_memsz: size, p_align: 4n, piece: 'notes' },
        {
          p_type: PT_LOAD,
          p_flags: PF_R | PF_W | PF_X,
          p_vaddr: 0x1000000n,
          p_paddr: 0x1000000n,
          p_memsz: 0xc09000n,
          p_align: 0x1000n,
          piece: 'kernel',
        },
      ],
    }),
  );
}
