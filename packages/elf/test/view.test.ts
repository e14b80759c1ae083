import { concat, fromHex, phys, setU64 } from '@bzelf/bytes';
import {
  NOTE_READERS,
  encodeNotes,
  gnuBuildId,
  planElf,
  readElf,
  viewNotesAs,
  writeElf,
  xenPhys32Entry,
  type NoteReader,
} from '../src/index.js';
import { hasReadelf, innerVmlinux, judge, smallElf, smallSpec, testWith, type SmallElf } from './support.js';

const entry = xenPhys32Entry.encode({ entry: phys(0x200123) });
const entry32 = xenPhys32Entry.encode({ entry: phys(0x200123) }, { class: 32 });
const id = gnuBuildId.encode({ id: Uint8Array.of(1, 2, 3, 4, 5) });
const foo = { ...entry, owner: 'Foo' };

interface Row {
  file: string;
  options: SmallElf;
  reader: NoteReader;
  entry?: number;
  failure?: RegExp;
}

// What each program does with each file, tried on crafted images: QEMU 7.2, linux-loader 0.14, kexec-tools 2.0.25,
// binutils 2.40; read in source for Xen.
// prettier-ignore
const ROWS: readonly Row[] = [
  { file: 'a PVH note', options: { notes: [entry] }, reader: 'qemu', entry: 0x200123 },
  { file: 'a PVH note', options: { notes: [entry] }, reader: 'linux-loader', entry: 0x200123 },
  { file: 'a PVH note', options: { notes: [entry] }, reader: 'xen', entry: 0x200123 },
  { file: 'a PVH note', options: { notes: [entry] }, reader: 'kexec' },
  { file: 'a PVH note behind another', options: { notes: [id, entry] }, reader: 'qemu', entry: 0x200123 },
  { file: 'a PVH note behind another', options: { notes: [id, entry] }, reader: 'linux-loader', entry: 0x200123 },
  { file: 'type 18 of another owner', options: { notes: [foo] }, reader: 'qemu', entry: 0x200123 },
  { file: 'type 18 of another owner', options: { notes: [foo] }, reader: 'linux-loader' },
  { file: 'type 18 of another owner', options: { notes: [foo] }, reader: 'xen', failure: /Not a Xen-ELF image/ },
  { file: 'p_align 0', options: { notes: [entry], p_align: 0n }, reader: 'qemu', failure: /SIGFPE/ },
  { file: 'p_align 0', options: { notes: [entry], p_align: 0n }, reader: 'linux-loader', entry: 0x200123 },
  { file: 'p_align 1', options: { notes: [entry], p_align: 1n }, reader: 'qemu', entry: 0x200123 },
  { file: 'p_align 8, notes packed to 4', options: { noteBytes: concat([encodeNotes([entry]), new Uint8Array(16)]), p_align: 8n }, reader: 'qemu', failure: /without PVH ELF Note/ },
  { file: 'p_align 8, notes packed to 4', options: { notes: [entry], p_align: 8n }, reader: 'linux-loader', entry: 0x200123 },
  { file: 'p_align 16', options: { notes: [entry], p_align: 16n }, reader: 'binutils', failure: /alignment 16, expecting 4 or 8/ },
  { file: 'e_flags 4', options: { notes: [entry], spec: { e_flags: 4 } }, reader: 'qemu', failure: /unsupported flags = 4/ },
  { file: 'class 32', options: { class: 32, notes: [entry32] }, reader: 'qemu', entry: 0x200123 },
  { file: 'class 32', options: { class: 32, notes: [entry32] }, reader: 'linux-loader', failure: /Invalid program header size/ },
  { file: 'a descriptor of 2 bytes', options: { notes: [{ ...entry, desc: Uint8Array.of(1, 2) }] }, reader: 'linux-loader', failure: /Invalid PVH note/ },
  { file: 'a descriptor of 2 bytes', options: { notes: [{ ...entry, desc: Uint8Array.of(1, 2) }] }, reader: 'xen', entry: 0x201 },
  { file: 'a descriptor of 3 bytes', options: { notes: [{ ...entry, desc: Uint8Array.of(1, 2, 3) }] }, reader: 'xen', entry: 0 },
  { file: 'four bytes of tail', options: { noteBytes: concat([encodeNotes([entry]), new Uint8Array(4)]) }, reader: 'kexec', failure: /ELF Note corrupted/ },
  { file: 'twelve zero bytes of tail', options: { noteBytes: concat([encodeNotes([entry]), new Uint8Array(12)]) }, reader: 'kexec' },
  { file: 'no type 18', options: { notes: [id] }, reader: 'qemu', failure: /past the end|without PVH/ },
  { file: 'no type 18', options: { notes: [id] }, reader: 'linux-loader' },
  { file: 'a PV kernel of Linux', options: { notes: [{ owner: 'Xen', type: 6, desc: fromHex('6c696e757800') }, { owner: 'Xen', type: 5, desc: fromHex('78656e2d332e3000') }] }, reader: 'xen' },
  { file: 'a PV kernel of nobody', options: { notes: [{ owner: 'Xen', type: 5, desc: fromHex('78656e2d332e3000') }] }, reader: 'xen', failure: /generic loader or Linux images/ },
  { file: 'a PV kernel for another Xen', options: { notes: [{ owner: 'Xen', type: 6, desc: fromHex('6c696e757800') }] }, reader: 'xen', failure: /built for Xen v3.0/ },
];

test.each(ROWS)('$reader and $file: entry $entry, failure $failure', ({ options, reader, entry: wanted, failure }) => {
  const view = viewNotesAs(readElf(smallElf(options)), reader);
  expect(view.reader).toBe(reader);
  expect(view.entry).toBe(wanted === undefined ? undefined : BigInt(wanted));
  if (failure === undefined) expect(view.failure).toBeUndefined();
  else expect(view.failure).toMatch(failure);
});

/** Two PT_NOTEs: the first with the PVH note, the second without. */
function twoSegments(): Uint8Array {
  const spec = smallSpec({ notes: [entry] });
  const other = encodeNotes([{ owner: 'GNU', type: 3, desc: new Uint8Array(0x40) }]);
  const [first] = spec.segments;
  if (first === undefined) throw new Error('no segment');
  return writeElf(
    planElf({
      ...spec,
      pieces: [...spec.pieces, { name: 'other', size: other.length, align: 4, bytes: other }],
      segments: [...spec.segments, { ...first, piece: 'other', p_memsz: BigInt(other.length) }],
    }),
  );
}

test('with two PT_NOTEs linux-loader believes the last, Xen both, kexec the first', () => {
  const elf = readElf(twoSegments());
  expect(viewNotesAs(elf, 'linux-loader').entry).toBeUndefined();
  expect(viewNotesAs(elf, 'xen').entry).toBe(0x200123n);
  expect(viewNotesAs(elf, 'kexec').notes.map((n) => n.owner)).toEqual(['Xen']);
  expect(viewNotesAs(elf, 'linux').notes.map((n) => n.owner)).toEqual(['Xen', 'GNU']);
});

test('a PT_NOTE with p_offset 0 is skipped by Xen and kexec, which then look at sections', () => {
  const bytes = smallElf({ notes: [entry], sections: true });
  setU64(bytes, 0x40 + 8, 0n);
  const elf = readElf(bytes);
  expect(viewNotesAs(elf, 'xen')).toMatchObject({ entry: 0x200123n });
  expect(viewNotesAs(elf, 'kexec')).toMatchObject({ notes: [{ owner: 'Xen', type: 18 }] });
});

test('QEMU walks out of a PT_NOTE whose only note has exactly its size, into what lies behind', () => {
  const spec = smallSpec({ notes: [id] });
  const behind = encodeNotes([entry]);
  const [notes, ...others] = spec.pieces;
  if (notes === undefined) throw new Error('no notes');
  const pieces = [notes, { name: 'behind', size: behind.length, align: 1, bytes: behind }, ...others];
  const view = viewNotesAs(readElf(writeElf(planElf({ ...spec, pieces }))), 'qemu');
  expect(view).toMatchObject({ entry: 0x200123n, notes: [{ owner: 'GNU' }, { owner: 'Xen' }] });
});

test.each(NOTE_READERS)('%s finds all that it wants in a real kernel', (reader) => {
  const view = viewNotesAs(readElf(innerVmlinux('61-64-gzip.bzImage')), reader);
  expect(view.failure).toBeUndefined();
  const pvh = { qemu: true, 'linux-loader': true, xen: true, binutils: false, kexec: false, linux: false }[reader];
  expect(view.entry).toBe(pvh ? 0x10005f0n : undefined);
  expect(view.notes.map((n) => n.owner)).toEqual(reader === 'xen' ? ['Xen'] : ['GNU', 'Linux', 'Linux', 'Xen']);
});

testWith(hasReadelf)('readelf complains where the view of binutils has a failure', () => {
  for (const options of [
    { notes: [entry], p_align: 16n },
    { notes: [entry], p_align: 4n },
    { noteBytes: concat([encodeNotes([entry]), fromHex('ffffffff 00000000 01000000')]) },
    { notes: [entry, id], p_align: 8n },
  ]) {
    const bytes = smallElf(options);
    const complains = /[Ww]arning/.test(judge('readelf', ['-nW'], bytes).err);
    expect(viewNotesAs(readElf(bytes), 'binutils').failure !== undefined).toBe(complains);
  }
});
