import { isBzelfError, memorySource, setU16, setU32, setU64, type ByteSource } from '@bzelf/bytes';
import { probeElf, readElf, readNotes, sectionBytes, segmentBytes, gnuBuildId, imageNote } from '../src/index.js';
import { hasReadelf, innerVmlinux, judge, readIfThere, smallElf, testWith } from './support.js';

const note = gnuBuildId.encode({ id: Uint8Array.of(1, 2, 3, 4, 5) });
const made = imageNote.encode({ formatVersion: 1, form: 'container', bits: 64, bootProtocol: 0x20f, madeBy: 'test' });

/** The code of the error that `read` throws; the error itself when it is not a BzelfError. */
function codeOf(read: () => unknown): unknown {
  try {
    read();
    return 'no error';
  } catch (error) {
    return isBzelfError(error) ? error.code : error;
  }
}

/** Reads all that the reader can reach. */
function readAll(bytes: Uint8Array): void {
  const elf = readElf(bytes);
  elf.segments.forEach((segment) => segmentBytes(elf, segment));
  elf.sections.forEach((section) => [section.name, sectionBytes(elf, section)]);
  readNotes(elf);
}

// Offsets: gABI ch. 4, ELF Header, Elf64.
test.each([
  { what: 'another magic', at: 0, value: 0, code: 'elf/bad-magic', offset: 0 },
  { what: 'big-endian byte order', at: 5, value: 2, code: 'elf/big-endian', offset: 5 },
  { what: 'no byte order', at: 5, value: 0, code: 'elf/bad-data', offset: 5 },
  { what: 'class 3', at: 4, value: 3, code: 'elf/bad-class', offset: 4 },
  { what: 'a wrong e_phentsize', at: 0x36, value: 57, code: 'elf/bad-phentsize', offset: 0x36 },
  { what: 'e_phoff outside the file', at: 0x26, value: 1, code: 'elf/phdrs-past-eof', offset: 0x20 },
  { what: 'a wrong e_shentsize', at: 0x3a, value: 40, code: 'elf/bad-shentsize', offset: 0x3a },
  { what: 'e_shoff outside the file', at: 0x2e, value: 1, code: 'elf/shdrs-past-eof', offset: 0x28 },
  { what: 'a section name table that is not there', at: 0x3e, value: 9, code: 'elf/bad-shstrndx', offset: undefined },
  { what: 'p_filesz outside the file', at: 0x40 + 0x26, value: 1, code: 'elf/segment-past-eof', offset: 0x40 + 0x20 },
])('$what is $code at $offset', ({ at, value, code, offset }) => {
  const bytes = smallElf({ notes: [note], sections: true });
  bytes[at] = value;
  expect(codeOf(() => readAll(bytes))).toBe(code);
  try {
    readAll(bytes);
  } catch (error) {
    expect(error).toMatchObject({ offset });
  }
});

test('the two byte orders and file kinds that are not ours are told apart by probeElf and readElf', () => {
  expect(probeElf(Uint8Array.of(0x7f, 0x45, 0x4c, 0x46))).toBe(true);
  expect(probeElf(Uint8Array.of(0x7f, 0x45, 0x4c))).toBe(false);
  expect(codeOf(() => readElf(new Uint8Array(15)))).toBe('elf/too-short');
});

test.each([32, 64] as const)('every truncation of a class %i file throws a BzelfError or reads less', (elfClass) => {
  const whole = smallElf({ class: elfClass, notes: [note, made], sections: true });
  expect(codeOf(() => readAll(whole))).toBe('no error');
  for (let size = 0; size < whole.length; size++) {
    expect(codeOf(() => readAll(whole.subarray(0, size)))).toMatch(/^(elf|bytes)\//);
  }
});

describe('counts that do not fit into the ELF header', () => {
  const SHDR0 = (bytes: Uint8Array) => Number(readElf(bytes).header.e_shoff);

  test('PN_XNUM: the number of segments is in sh_info of section 0', () => {
    const bytes = smallElf({ notes: [note], sections: true });
    setU32(bytes, SHDR0(bytes) + 0x2c, 2);
    setU16(bytes, 0x38, 0xffff);
    expect(readElf(bytes).segments.map((p) => p.p_type)).toEqual([4, 1]);
  });

  test('e_shnum 0 and SHN_XINDEX: the numbers are in sh_size and sh_link of section 0', () => {
    const bytes = smallElf({ notes: [note], sections: true });
    const zero = SHDR0(bytes);
    setU64(bytes, zero + 0x20, 4n);
    setU32(bytes, zero + 0x28, 3);
    setU16(bytes, 0x3c, 0);
    setU16(bytes, 0x3e, 0xffff);
    expect(readElf(bytes).sections.map((s) => s.name)).toEqual(['', '.note.bzelf', '.text', '.shstrtab']);
  });

  test.each([
    { what: 'PN_XNUM without sections', sections: false, code: 'elf/no-section-zero' },
    { what: 'PN_XNUM with a count beyond the file', sections: true, code: 'elf/phdrs-past-eof' },
  ])('$what is $code', ({ sections, code }) => {
    const bytes = smallElf({ notes: [note], sections });
    if (sections) setU32(bytes, SHDR0(bytes) + 0x2c, 0xffffffff);
    setU16(bytes, 0x38, 0xffff);
    expect(codeOf(() => readElf(bytes))).toBe(code);
  });

  test('a count that the file could hold but no kernel has is refused before it is decoded', () => {
    const bytes = new Uint8Array(0x40 + 0x30000 * 0x40);
    bytes.set(smallElf({ notes: [note] }).subarray(0, 0x40));
    setU64(bytes, 0x28, 0x40n);
    setU16(bytes, 0x3a, 64);
    setU64(bytes, 0x40 + 0x20, 0x30000n);
    expect(codeOf(() => readElf(bytes).sections)).toBe('elf/too-many-headers');
  });
});

test('sections are not read before they are asked for, so a file cut behind its segments still loads', () => {
  const bytes = smallElf({ notes: [note], sections: true });
  const elf = readElf(bytes.subarray(0, bytes.length - 1));
  expect(elf.segments).toHaveLength(2);
  expect(codeOf(() => elf.sections)).toBe('elf/shdrs-past-eof');
});

/** Counts the bytes that are asked for. */
function counting(bytes: Uint8Array): ByteSource & { count: number } {
  const source = memorySource(bytes);
  return {
    size: source.size,
    count: 0,
    read(offset, length) {
      this.count += length;
      return source.read(offset, length);
    },
  };
}

test('the notes of a 12 MB vmlinux are found by reading less than 16 KiB of it', () => {
  const source = counting(innerVmlinux('61-64-gzip.bzImage'));
  expect(readNotes(readElf(source))).toHaveLength(4);
  expect(source.count).toBeGreaterThan(0);
  expect(source.count).toBeLessThan(0x4000);
});

describe('readelf agrees about headers', () => {
  const files = [
    { name: '/bin/ls', bytes: readIfThere('/bin/ls') },
    { name: 'crt1.o', bytes: readIfThere('/usr/lib/x86_64-linux-gnu/crt1.o') },
    { name: 'the vmlinux of 61-64-gzip', bytes: innerVmlinux('61-64-gzip.bzImage') },
    { name: 'the vmlinux of 61-32-gzip', bytes: innerVmlinux('61-32-gzip.bzImage') },
  ];
  for (const { name, bytes } of files) {
    testWith(hasReadelf && bytes !== undefined)(`of ${name}`, () => {
      const elf = readElf(bytes ?? new Uint8Array(0));
      const { out } = judge('readelf', ['-lSW'], bytes ?? new Uint8Array(0));
      const sections = [...out.matchAll(/^ {2}\[ ?(\d+)\] (\S*) +[A-Z0-9_]+ +([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+) /gm)];
      expect(elf.sections.map((s) => [s.name, s.sh_addr, s.sh_offset, s.sh_size])).toEqual(
        sections.map(([, , ...fields]) => [fields[0], ...fields.slice(1).map((hex) => BigInt(`0x${hex}`))]),
      );
      const segments = [...out.matchAll(/^ {2}[A-Z_]+ +(0x\S+) (0x\S+) (0x\S+) (0x\S+) (0x\S+) [RWE ]{3} (0x\S+)$/gm)];
      expect(elf.segments.map((p) => [p.p_offset, p.p_vaddr, p.p_paddr, p.p_filesz, p.p_memsz, p.p_align])).toEqual(
        segments.map(([, ...fields]) => fields.map(BigInt)),
      );
    });
  }
});
