import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { concat, fromHex, phys, toHex } from '@bzelf/bytes';
import {
  NOTE_CODECS,
  decodeNote,
  encodeNotes,
  noteCodec,
  readElf,
  readNotes,
  scanNotes,
  gnuBuildId,
  imageNote,
  xenPhys32Entry,
  type ElfClass,
  type RawNote,
} from '../src/index.js';
import { hasReadelf, innerVmlinux, judge, readIfThere, readelfNotes, smallElf, testWith } from './support.js';

const text = (string: string) => toHex(new TextEncoder().encode(string));
const sha = '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff';

interface Row {
  owner: string;
  type: number;
  kind: string;
  hex: string;
  value: object;
  class?: ElfClass;
  /** What decoding adds; encoding takes `value` without it. */
  derived?: readonly string[];
}

// Descriptors as other programs emit them: the kernels and headers named in each row.
// prettier-ignore
const ROWS: readonly Row[] = [
  // Debian 6.1 vmlinux, readelf -n; Xen public/elfnote.h
  { owner: 'Xen', type: 0, kind: 'xen-info', hex: '686900', value: { text: 'hi' } },
  { owner: 'Xen', type: 1, kind: 'xen-entry', hex: '80e1ff82ffffffff', value: { value: 0xffffffff82ffe180n } },
  { owner: 'Xen', type: 1, kind: 'xen-entry', hex: '00000081', class: 32, value: { value: 0x81000000n } },
  { owner: 'Xen', type: 2, kind: 'xen-hypercall-page', hex: '00100081ffffffff', value: { value: 0xffffffff81001000n } },
  { owner: 'Xen', type: 3, kind: 'xen-virt-base', hex: '00000080ffffffff', value: { value: 0xffffffff80000000n } },
  { owner: 'Xen', type: 4, kind: 'xen-paddr-offset', hex: '0000000000000000', value: { value: 0n } },
  { owner: 'Xen', type: 5, kind: 'xen-version', hex: `${text('xen-3.0')}00`, value: { text: 'xen-3.0' } },
  { owner: 'Xen', type: 6, kind: 'xen-guest-os', hex: `${text('linux')}00`, value: { text: 'linux' } },
  { owner: 'Xen', type: 7, kind: 'xen-guest-version', hex: `${text('2.6')}00`, value: { text: '2.6' } },
  { owner: 'Xen', type: 8, kind: 'xen-loader', hex: `${text('generic')}00`, value: { text: 'generic' } },
  { owner: 'Xen', type: 9, kind: 'xen-pae-mode', hex: `${text('yes')}00`, value: { text: 'yes' } },
  { owner: 'Xen', type: 10, kind: 'xen-features', hex: `${text('!writable_page_tables|pae_pgdir_above_4gb')}00`,
    value: { features: [{ name: 'writable_page_tables', required: true }, { name: 'pae_pgdir_above_4gb', required: false }] } },
  { owner: 'Xen', type: 11, kind: 'xen-bsd-symtab', hex: `${text('yes')}00`, value: { value: 'yes' } },
  { owner: 'Xen', type: 11, kind: 'xen-bsd-symtab', hex: '0100000000000000', value: { value: 1n } },
  { owner: 'Xen', type: 12, kind: 'xen-hv-start-low', hex: '000000000080ffff', value: { value: 0xffff800000000000n } },
  { owner: 'Xen', type: 13, kind: 'xen-l1-mfn-valid', hex: '01000000000000000100000000000000', value: { pairs: [{ mask: 1n, value: 1n }] } },
  { owner: 'Xen', type: 14, kind: 'xen-suspend-cancel', hex: '01000000', class: 32, value: { value: 1n } },
  { owner: 'Xen', type: 15, kind: 'xen-init-p2m', hex: '0000000080000000', value: { value: 0x8000000000n } },
  { owner: 'Xen', type: 16, kind: 'xen-mod-start-pfn', hex: '0100000000000000', value: { value: 1n } },
  { owner: 'Xen', type: 17, kind: 'xen-supported-features', hex: '01880000', derived: ['features'],
    value: { words: [0x8801], features: ['writable_page_tables', 'dom0', 'linux_rsdp_unrestricted'] } },
  { owner: 'Xen', type: 18, kind: 'xen-phys32-entry', hex: 'f005000100000000', value: { entry: 0x10005f0n } },
  { owner: 'Xen', type: 18, kind: 'xen-phys32-entry', hex: 'f0050001', class: 32, value: { entry: 0x10005f0n } },
  { owner: 'Xen', type: 19, kind: 'xen-phys32-reloc', hex: '000020000000000100000040', value: { align: 0x200000, min: 0x1000000n, max: 0x40000000n } },
  { owner: 'Xen', type: 19, kind: 'xen-phys32-reloc', hex: '00002000', value: { align: 0x200000 } },
  { owner: 'Xen', type: 19, kind: 'xen-phys32-reloc', hex: '', value: {} },
  { owner: 'Xen', type: 0x1000001, kind: 'xen-crash-info', hex: '0102', value: { bytes: Uint8Array.of(1, 2) } },
  // /bin/ls, readelf -n; binutils include/elf/common.h
  { owner: 'GNU', type: 1, kind: 'gnu-abi-tag', hex: '00000000030000000200000000000000', value: { os: 0, version: [3, 2, 0] } },
  { owner: 'GNU', type: 2, kind: 'gnu-hwcap', hex: `0100000001000000 00 ${text('nosegneg')}00`, value: { mask: 1, entries: [{ bit: 0, name: 'nosegneg' }] } },
  { owner: 'GNU', type: 3, kind: 'gnu-build-id', hex: 'cf10c62e', value: { id: fromHex('cf10c62e') } },
  { owner: 'GNU', type: 4, kind: 'gnu-gold-version', hex: `${text('gold 1.16')}00`, value: { text: 'gold 1.16' } },
  { owner: 'GNU', type: 5, kind: 'gnu-property', hex: '020000c0 04000000 03000000 00000000 028001c0 04000000 01000000 00000000', derived: ['name', 'bits'],
    value: { properties: [
      { type: 0xc0000002, data: Uint8Array.of(3, 0, 0, 0), name: 'GNU_PROPERTY_X86_FEATURE_1_AND', bits: ['IBT', 'SHSTK'] },
      { type: 0xc0018002, data: Uint8Array.of(1, 0, 0, 0), name: '0xc0018002' }] } },
  { owner: 'GNU', type: 5, kind: 'gnu-property', hex: '028000c0 04000000 01000000', class: 32, derived: ['name', 'bits'],
    value: { properties: [{ type: 0xc0008002, data: Uint8Array.of(1, 0, 0, 0), name: 'GNU_PROPERTY_X86_ISA_1_NEEDED', bits: ['x86-64-baseline'] }] } },
  // Linux include/linux/build-salt.h, elfnote-lto.h; arch/x86/entry/vdso/vdso-note.S
  { owner: 'Linux', type: 0x100, kind: 'linux-build-salt', hex: `${text('6.1.0-56-amd64')}00`, value: { salt: '6.1.0-56-amd64' } },
  { owner: 'Linux', type: 0x101, kind: 'linux-lto-info', hex: '00000000', value: { value: 0 } },
  { owner: 'Linux', type: 0, kind: 'linux-version', hex: '00010600', derived: ['version'], value: { code: 0x60100, version: '6.1.0' } },
  // Etherboot elf_boot.h; the 2006 kernel patch
  { owner: 'ELFBoot', type: 1, kind: 'elfboot-program-name', hex: `${text('Linux')}00`, value: { text: 'Linux' } },
  { owner: 'ELFBoot', type: 2, kind: 'elfboot-program-version', hex: `${text('2.6')}00`, value: { text: '2.6' } },
  { owner: 'ELFBoot', type: 3, kind: 'elfboot-checksum', hex: '3412', value: { checksum: 0x1234 } },
  { owner: 'ELFBoot', type: 4, kind: 'elfboot-argument-style', hex: `${text('Linux')}00`, value: { text: 'Linux' } },
  // systemd.io; SystemTap wiki; Go cmd/link
  { owner: 'FDO', type: 0xcafe1a7e, kind: 'fdo-packaging', hex: `${text('{"type":"deb"}')}00`, derived: ['json'], value: { text: '{"type":"deb"}', json: { type: 'deb' } } },
  { owner: 'FDO', type: 0x407c0c0a, kind: 'fdo-dlopen', hex: `${text('[]')}00`, derived: ['json'], value: { text: '[]', json: [] } },
  { owner: 'stapsdt', type: 3, kind: 'stapsdt', hex: `0100000000000000 0200000000000000 0000000000000000 ${text('libc\0setjmp\x008@%rdi')}00`,
    value: { pc: 1n, base: 2n, semaphore: 0n, provider: 'libc', probe: 'setjmp', args: '8@%rdi' } },
  { owner: 'Go', type: 4, kind: 'go-build-id', hex: text('abc/def'), value: { text: 'abc/def' } },
  { owner: 'NetBSD', type: 1, kind: 'netbsd-ident', hex: '00e1f505', value: { value: 100000000 } },
  // bzelf: docs/notes.md
  { owner: 'bzelf', type: 1, kind: 'bzelf-image', hex: `0100 0200 4000 0f02 00000000 10000000 ${text('bzelf 0.1.0')}00`,
    value: { formatVersion: 1, form: 'container', bits: 64, bootProtocol: 0x20f, madeBy: 'bzelf 0.1.0' } },
  { owner: 'bzelf', type: 2, kind: 'bzelf-entry', hex: '0100 0000 02000000 0300 0400 0400 0000 0002000100000000',
    value: { id: 2, protocol: 'linux64', mode: 'long64', address: phys(0x1000200), argument: 'rsi', setupRelative: false } },
  { owner: 'bzelf', type: 2, kind: 'bzelf-entry', hex: '0100 0100 00000000 0100 0100 0700 0000 0002000000000000',
    value: { id: 0, protocol: 'linux16', mode: 'real16', address: phys(0x200), argument: 'ds', setupRelative: true } },
  { owner: 'bzelf', type: 3, kind: 'bzelf-subarch', hex: '0100 0000 03000000 8877665544332211', value: { subarch: 3, data: 0x1122334455667788n } },
  { owner: 'bzelf', type: 4, kind: 'bzelf-mapping', hex: '0100 0000 02000000 01000000 2000 1000  0000000100000000 0000200000000000 00000080ffffffff 2f000000 0200 0000',
    value: { entryId: 2, ranges: [{ start: phys(0x1000000), length: 0x200000n, virtOffset: 0xffffffff80000000n, read: true, write: true, execute: true, purpose: 'runtime', required: true, placedByLoader: false, evidence: 'measured' }] } },
  { owner: 'bzelf', type: 5, kind: 'bzelf-origin', hex: `0100 0000 02000000 0300010000000000 ${sha} 2000 3800 00000000
      0000000000000000 0300000000000000 7800000000000000 02000000 00000000  0300000000000000 0000010000000000 0010000000000000 01000000 00000000 4d5aea00`,
    value: { size: 0x10003, sha256: fromHex(sha), pieces: [{ at: 0, length: 3, from: 'inline', bytes: fromHex('4d5aea') }, { at: 3, length: 0x10000, from: 'file', fileOffset: 0x1000 }] } },
  { owner: 'bzelf', type: 6, kind: 'bzelf-placement', hex: '0100 0100 00000000 0000200000000000 0000000100000000 0080f90300000000 0000100000000000 0000e0ff00000000',
    value: { relocatable: true, alignment: 0x200000n, preferred: phys(0x1000000), initSize: 0x3f98000n, lowest: phys(0x100000), highest: phys(0xffe00000n) } },
  { owner: 'bzelf', type: 7, kind: 'bzelf-payload', hex: `0100 0100 0400 0000 cc52000000000000 70f07b0000000000 14a7ed0300000000 ${sha}`,
    value: { compressor: 'xz', offset: 0x52cc, length: 0x7bf070, uncompressedLength: 65906452, sha256: fromHex(sha) } },
  { owner: 'bzelf', type: 7, kind: 'bzelf-payload', hex: `0100 0000 0000 0000 ${'00'.repeat(56)}`,
    value: { compressor: 'none', offset: 0, length: 0, uncompressedLength: 0 } },
];

const without = (value: unknown, keys: readonly string[]): unknown =>
  JSON.parse(JSON.stringify(value, (key, v) => (keys.includes(key) ? undefined : freeze(v)))) as unknown;
const freeze = (v: unknown): unknown => (typeof v === 'bigint' ? `${v}n` : v instanceof Uint8Array ? toHex(v) : v);

test.each(ROWS)(
  '$owner type $type is $kind: $hex',
  ({ owner, type, kind, hex, value, class: elfClass = 64, derived = [] }) => {
    const context = { class: elfClass };
    const codec = NOTE_CODECS.find((c) => c.kind === kind);
    expect(decodeNote({ owner, type, desc: fromHex(hex) }, context)).toMatchObject({ kind, value });
    expect(
      Object.keys((decodeNote({ owner, type, desc: fromHex(hex) }, context) as { value: object }).value).sort(),
    ).toEqual(Object.keys(value).sort());
    // Encoding takes the value without what decoding adds for people.
    const given = withoutKeys(value, derived);
    expect(without(given, [])).toEqual(without(value, derived));
    const encoded = (codec as unknown as { encode(v: object, c: object): RawNote }).encode(given, context);
    expect({ ...encoded, desc: toHex(encoded.desc) }).toEqual({ owner, type, desc: toHex(fromHex(hex)) });
  },
);

function withoutKeys(value: object, keys: readonly string[]): object {
  const entries = Object.entries(value as Record<string, unknown>).filter(([key]) => !keys.includes(key));
  return Object.fromEntries(
    entries.map(([key, v]) => [
      key,
      Array.isArray(v) ? v.map((x: unknown) => (isPlain(x) ? withoutKeys(x, keys) : x)) : v,
    ]),
  );
}
const isPlain = (x: unknown): x is object => typeof x === 'object' && x !== null && !(x instanceof Uint8Array);

test('every bzelf, Xen, ELFBoot, Linux and FDO codec of the registry has a row here, but Xen core dump records', () => {
  const tested = new Set(ROWS.map((row) => row.kind));
  const untested = NOTE_CODECS.map((codec) => codec.kind).filter((kind) => !tested.has(kind));
  expect(
    untested.filter((kind) => /^(bzelf|xen|elfboot|linux|fdo)/.test(kind) && !/crash|dumpcore/.test(kind)),
  ).toEqual([]);
});

test('no two codecs claim the same note, and none of ours has type 18, which QEMU takes from any owner', () => {
  const keys = NOTE_CODECS.map(({ owner, type }) => `${owner} ${type}`);
  expect(new Set(keys).size).toBe(keys.length);
  expect(NOTE_CODECS.filter(({ owner, type }) => owner === 'bzelf' && type === 18)).toEqual([]);
  expect(new Set(NOTE_CODECS.map(({ kind }) => kind)).size).toBe(keys.length);
});

test('every bzelf descriptor has a size that is a multiple of 4', () => {
  for (const madeBy of ['', 'a', 'ab', 'abc', 'abcd']) {
    expect(
      imageNote.encode({ formatVersion: 1, form: 'inplace', bits: 32, bootProtocol: 0x206, madeBy }).desc.length % 4,
    ).toBe(0);
  }
});

test('bzelf readers ignore bytes behind what they know, and rows may grow', () => {
  const grown = fromHex(
    '0100 0000 02000000 01000000 2800 1400 ffffffff 0000000100000000 0000200000000000 0000000000000000 01000000 0300 0000 ffffffffffffffff eeeeeeee',
  );
  expect(decodeNote({ owner: 'bzelf', type: 4, desc: grown })).toMatchObject({
    value: { entryId: 2, ranges: [{ start: 0x1000000n, purpose: 'boot-params', evidence: 'declared', write: false }] },
  });
});

// prettier-ignore
test.each([
  { what: 'a PHYS32_ENTRY of 3 bytes', owner: 'Xen', type: 18, hex: '010203', code: 'elf/note-bad-desc', offset: undefined },
  { what: 'an entry by an unknown protocol', owner: 'bzelf', type: 2, hex: '0100 0000 02000000 6300 0400 0400 0000 0002000100000000', code: 'elf/note-bad-value', offset: 8 },
  { what: 'a layout version of the future', owner: 'bzelf', type: 3, hex: '0200 0000 03000000 0000000000000000', code: 'elf/note-bad-version', offset: 0 },
  { what: 'a descriptor cut short', owner: 'bzelf', type: 3, hex: '0100 0000 03000000 00000000', code: 'elf/note-bad-desc', offset: undefined },
  { what: 'four billion mapping rows', owner: 'bzelf', type: 4, hex: '0100 0000 02000000 ffffffff 2000 1000', code: 'elf/note-bad-desc', offset: undefined },
  { what: 'mapping rows of 0 bytes', owner: 'bzelf', type: 4, hex: '0100 0000 02000000 ffffffff 0000 1000', code: 'elf/note-bad-desc', offset: undefined },
  { what: 'an origin with a gap', owner: 'bzelf', type: 5, hex: `0100 0000 01000000 0100000000000000 ${sha} 2000 3800 00000000 0100000000000000 0100000000000000 0000000000000000 01000000 00000000`, code: 'elf/note-bad-desc', offset: undefined },
  { what: 'an origin that is too short', owner: 'bzelf', type: 5, hex: `0100 0000 00000000 0100000000000000 ${sha} 2000 3800 00000000`, code: 'elf/note-bad-desc', offset: 8 },
  { what: 'inline bytes outside the descriptor', owner: 'bzelf', type: 5, hex: `0100 0000 01000000 0100000000000000 ${sha} 2000 3800 00000000 0000000000000000 0100000000000000 ff00000000000000 02000000 00000000`, code: 'elf/note-bad-desc', offset: 0x48 },
  { what: 'four billion hwcap names', owner: 'GNU', type: 2, hex: 'ffffffff 00000000', code: 'elf/note-bad-desc', offset: 8 },
  { what: 'a property longer than its note', owner: 'GNU', type: 5, hex: '020000c0 05000000 03000000', code: 'elf/note-bad-desc', offset: 0 },
  { what: 'package metadata that is not JSON', owner: 'FDO', type: 0xcafe1a7e, hex: '7b', code: 'elf/note-bad-desc', offset: undefined },
  { what: 'a probe without its strings', owner: 'stapsdt', type: 3, hex: `${'00'.repeat(24)}414141`, code: 'elf/note-bad-desc', offset: 24 },
])('$what is $code', ({ owner, type, hex, code, offset }) => {
  const note = { owner, type, desc: fromHex(hex) };
  expect.assertions(2);
  try {
    decodeNote(note);
  } catch (error) {
    expect(error).toMatchObject({ code, offset });
  }
  try {
    decodeNote({ ...note, descOffset: 0x100 });
  } catch (error) {
    expect(error).toMatchObject({ code, offset: 0x100 + (offset ?? 0) });
  }
});

test('an unknown owner or type is unknown and keeps its bytes', () => {
  const raw = Uint8Array.of(1, 2);
  expect(decodeNote({ owner: 'XEN', type: 18, desc: raw })).toEqual({ kind: 'unknown', owner: 'XEN', type: 18, raw });
  expect(noteCodec({ owner: 'Xen', type: 99, desc: raw })).toBeUndefined();
});

test('notes of core dumps under the owner of kernel notes are not decoded as those', () => {
  const note = { owner: 'Linux', type: 0x100, desc: new Uint8Array(4) };
  expect(decodeNote(note, { class: 64, e_type: 2 }).kind).toBe('linux-build-salt');
  expect(decodeNote(note, { class: 64, e_type: 4 }).kind).toBe('unknown');
});

describe('walking', () => {
  const a = gnuBuildId.encode({ id: Uint8Array.of(1, 2, 3, 4, 5) });
  const b: RawNote = { owner: '', type: 7, desc: new Uint8Array(0) };
  const c: RawNote = { owner: 'abcdefg', type: 9, desc: Uint8Array.of(9) };

  test('owner, type and descriptor come back for any sizes, with alignment 4 and 8', () => {
    for (const align of [4, 8] as const) {
      const notes = readNotes(
        readElf(smallElf({ noteBytes: encodeNotes([a, b, c, a], align), p_align: BigInt(align) })),
      );
      expect(notes.map(({ owner, type, desc }) => ({ owner, type, desc: toHex(desc) }))).toEqual(
        [a, b, c, a].map((note) => ({ ...note, desc: toHex(note.desc) })),
      );
      expect(notes.every((note) => note.align === align)).toBe(true);
    }
  });

  test.each([0n, 1n, 2n, 4n, 16n, 0x1000n])('p_align %i counts as 4', (p_align) => {
    expect(readNotes(readElf(smallElf({ notes: [a, b, c, a], p_align })))).toMatchObject(
      [a, b, c, a].map((n) => ({ ...n, align: 4 })),
    );
  });

  test('offsets are those of the file', () => {
    const bytes = smallElf({ notes: [a, c] });
    for (const { offset, descOffset, desc } of readNotes(readElf(bytes))) {
      expect(toHex(bytes.subarray(descOffset, descOffset + desc.length))).toBe(toHex(desc));
      expect([8, 4]).toContain(bytes[offset]);
    }
  });

  test('a section that repeats its segment adds nothing, and says where a note is', () => {
    const notes = readNotes(readElf(smallElf({ notes: [a, c], sections: true })));
    expect(notes.map((note) => note.container)).toEqual([
      { kind: 'PT_NOTE', index: 0 },
      { kind: 'PT_NOTE', index: 0 },
    ]);
  });

  test('two equal notes in one segment are two notes', () => {
    expect(readNotes(readElf(smallElf({ notes: [a, a] })))).toHaveLength(2);
  });

  test('the last record may lack its padding', () => {
    const bytes = encodeNotes([a, c]);
    expect(readNotes(readElf(smallElf({ noteBytes: bytes.subarray(0, bytes.length - 3) })))).toHaveLength(2);
  });

  // prettier-ignore
  test.each([
    { what: 'n_namesz too large', tail: 'ffffffff 00000000 01000000', offset: 0, field: 'n_namesz' },
    { what: 'n_descsz too large', tail: '00000000 ffffffff 01000000', offset: 4, field: 'n_descsz' },
    { what: 'half a header', tail: '00000000 0000', offset: 0, field: 'Elf_Nhdr' },
  ])('$what: a scan keeps what it read and says where it stopped', ({ tail, offset, field }) => {
    const good = encodeNotes([a, c]);
    const elf = readElf(smallElf({ noteBytes: concat([good, fromHex(tail)]) }));
    const { notes, problems } = scanNotes(elf);
    expect(notes).toHaveLength(2);
    const at = Number(elf.segments[0]?.p_offset) + good.length + offset;
    expect(problems).toMatchObject([{ code: 'elf/note-truncated', offset: at, field }]);
    expect(() => readNotes(elf)).toThrow('does not fit');
  });

  test('a segment that claims more bytes than the file has hides nothing behind it', () => {
    const bytes = smallElf({ notes: [a, c], sections: true });
    new DataView(bytes.buffer).setBigUint64(64 + 32, 1n << 40n, true); // p_filesz of the PT_NOTE
    const { notes, problems } = scanNotes(readElf(bytes));
    expect(notes.map(({ container }) => container.kind)).toEqual(['SHT_NOTE', 'SHT_NOTE']);
    expect(problems).toMatchObject([{ code: 'elf/segment-past-eof' }]);
  });

  test('a file made to keep a reader busy ends in an error soon', () => {
    const bytes = new Uint8Array(64 + 0xfff0 * 56 + 0x100000);
    const one = smallElf({ notes: [a] });
    for (let i = 0; i < 0xfff0; i++) {
      bytes.set(one.subarray(64, 64 + 56), 64 + i * 56);
      new DataView(bytes.buffer).setBigUint64(64 + i * 56 + 8, BigInt(0x200000 + i), true);
      new DataView(bytes.buffer).setBigUint64(64 + i * 56 + 32, 0x100000n, true);
    }
    bytes.set(one.subarray(0, 64));
    new DataView(bytes.buffer).setUint16(0x38, 0xfff0, true);
    const start = performance.now();
    expect(scanNotes(readElf(bytes)).problems.at(-1)).toMatchObject({ code: 'elf/notes-too-many' });
    expect(performance.now() - start).toBeLessThan(3000);
  });
});

/** The vDSO of this process: an ELF file that nobody wrote to disk. */
function vdso(): Uint8Array | undefined {
  try {
    const line = readFileSync('/proc/self/maps', 'utf8')
      .split('\n')
      .find((l) => l.endsWith('[vdso]'));
    const [from, to] = (line?.split(' ')[0] ?? '').split('-').map((hex) => BigInt(`0x${hex}`));
    if (from === undefined || to === undefined) return undefined;
    const bytes = new Uint8Array(Number(to - from));
    const fd = openSync('/proc/self/mem', 'r');
    readSync(fd, bytes, { position: from });
    closeSync(fd);
    return bytes;
  } catch {
    return undefined;
  }
}

describe('readelf -n sees the same notes', () => {
  const lib = '/usr/lib/x86_64-linux-gnu';
  const files = [
    { name: '/bin/ls', bytes: readIfThere('/bin/ls') },
    { name: 'libc.so.6, with probes', bytes: readIfThere(`${lib}/libc.so.6`) },
    { name: 'crt1.o, a relocatable file', bytes: readIfThere(`${lib}/crt1.o`) },
    { name: 'the vDSO', bytes: vdso() },
    { name: 'the vmlinux of 61-64-gzip', bytes: innerVmlinux('61-64-gzip.bzImage') },
    { name: 'the vmlinux of 61-32-gzip', bytes: innerVmlinux('61-32-gzip.bzImage') },
    {
      name: 'our own file',
      bytes: smallElf({ notes: [xenPhys32Entry.encode({ entry: phys(0x200000) })], sections: true }),
    },
  ];
  for (const { name, bytes } of files) {
    testWith(hasReadelf && bytes !== undefined)(`in ${name}`, () => {
      const elf = readElf(bytes ?? new Uint8Array(0));
      const ours = readNotes(elf).map(({ owner, desc }) => `${owner} ${desc.length}`);
      expect(ours.sort()).toEqual(
        readelfNotes(bytes ?? new Uint8Array(0))
          .map((n) => `${n.owner} ${n.descsz}`)
          .sort(),
      );
      for (const note of readNotes(elf)) expect(decodeNote(note, { class: elf.class }).kind).not.toBe('unknown');
    });
  }
});

test('the notes of a kernel of ours say what its configuration says', () => {
  const elf = readElf(innerVmlinux('61-64-gzip.bzImage'));
  const decoded = readNotes(elf).map((note) => decodeNote(note, { class: elf.class, e_type: elf.header.e_type }));
  expect(decoded.map(({ kind }) => kind)).toEqual([
    'gnu-build-id',
    'linux-lto-info',
    'linux-build-salt',
    'xen-phys32-entry',
  ]);
  // readelf -nW prints the descriptor f0 05 00 01 00 00 00 00
  expect(decoded[3]).toMatchObject({ value: { entry: 0x10005f0n } });
});

testWith(hasReadelf)('readelf decodes GNU notes that we encode as we meant them', () => {
  const notes = NOTE_CODECS.flatMap((codec) => {
    if (codec.kind === 'gnu-abi-tag') return [codec.encode({ os: 0, version: [6, 1, 7] })];
    if (codec.kind === 'gnu-property')
      return [
        codec.encode({
          properties: [
            { type: 0xc0000002, data: Uint8Array.of(3, 0, 0, 0) },
            { type: 0xc0008002, data: Uint8Array.of(2, 0, 0, 0) },
          ],
        }),
      ];
    if (codec.kind === 'gnu-hwcap') return [codec.encode({ mask: 3, entries: [{ bit: 1, name: 'two' }] })];
    if (codec.kind === 'gnu-gold-version') return [codec.encode({ text: 'gold 9' })];
    if (codec.kind === 'stapsdt')
      return [
        codec.encode({ pc: 0x1234n, base: 0x5678n, semaphore: 0n, provider: 'prov', probe: 'prob', args: 'arg' }),
      ];
    return [];
  });
  const { out, err } = judge('readelf', ['-nW'], smallElf({ noteBytes: encodeNotes(notes, 8), p_align: 8n }));
  expect(err).toBe('');
  for (const words of [
    'OS: Linux, ABI: 6.1.7',
    'x86 feature: IBT, SHSTK',
    'x86 ISA needed: x86-64-v2',
    'Version: gold 9',
    'Provider: prov',
    'Name: prob',
    'Arguments: arg',
    'Location: 0x0000000000001234, Base: 0x0000000000005678',
  ]) {
    expect(out).toContain(words);
  }
});
