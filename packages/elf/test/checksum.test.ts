import * as fc from 'fast-check';
import { concat, fromHex, getU16, setU16 } from '@bzelf/bytes';
import {
  PT_LOAD,
  PT_NOTE,
  decodeElfBootBlock,
  elfBootChecksum,
  elfbootChecksum,
  encodeElfBootBlock,
  encodeNotes,
  ipChecksum,
  ipSum,
  planElf,
  readElf,
  readNotes,
  sealElfBootChecksum,
  segmentBytes,
  writeElf,
} from '../src/index.js';
import { smallElf, smallSpec } from './support.js';

/** RFC 1071, section 4.1, word by word as it is written there, on little-endian words. */
function rfc1071(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i] ?? 0) | ((bytes[i + 1] ?? 0) << 8);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return sum;
}

test('the example of RFC 1071, section 3, has the sum ddf2, here in the other byte order', () => {
  expect(ipSum(fromHex('0001 f203 f4f5 f6f7'))).toBe(0xf2dd);
});

test('any bytes in any parts have the sum and the checksum of RFC 1071', () => {
  const bytes = fc.uint8Array({ maxLength: 50 });
  const extreme = fc.array(fc.constantFrom(0, 0xff), { maxLength: 50 }).map((list) => Uint8Array.from(list));
  fc.assert(
    fc.property(fc.array(fc.oneof(bytes, extreme), { maxLength: 5 }), (parts) => {
      const whole = concat(parts);
      expect(ipSum(whole)).toBe(rfc1071(whole));
      expect(ipChecksum(...parts)).toBe(~rfc1071(whole) & 0xffff || 0xffff);
    }),
    { numRuns: 500 },
  );
});

test('bytes that are not aligned in their buffer have the same sum', () => {
  const buffer = Uint8Array.from({ length: 4103 }, (_, i) => (i * 7) & 0xff);
  for (const start of [1, 2, 3]) expect(ipSum(buffer.subarray(start))).toBe(rfc1071(buffer.slice(start)));
});

test('many large words do not lose carries', () => {
  const bytes = new Uint8Array(1 << 20).fill(0xff);
  bytes[5] = 0xfe;
  expect(ipSum(bytes)).toBe(rfc1071(bytes));
});

/** What Etherboot does: the header, the program headers, then each PT_LOAD as it lies in memory. */
function imageSum(file: Uint8Array): number {
  const elf = readElf(file);
  const parts = [file.subarray(0, elf.header.e_ehsize + elf.segments.length * elf.header.e_phentsize)];
  for (const segment of elf.segments) {
    if (segment.p_type !== PT_LOAD) continue;
    const memory = new Uint8Array(Number(segment.p_memsz));
    memory.set(segmentBytes(elf, segment));
    parts.push(memory);
  }
  return rfc1071(concat(parts));
}

const note = elfbootChecksum.encode({ checksum: 0xabcd });

test.each([32, 64] as const)('a sealed class %i file whose note is not loaded: sum and note cancel', (elfClass) => {
  const file = smallElf({ class: elfClass, notes: [note], spec: { e_entry: 0x123457n } });
  const checksum = sealElfBootChecksum(file);
  expect(checksum).not.toBe(0xabcd);
  expect(elfbootChecksum.decode(readNotes(readElf(file))[0]?.desc ?? new Uint8Array(0))).toEqual({ checksum });
  expect(checksum).toBe(~imageSum(file) & 0xffff);
  expect(elfBootChecksum(readElf(file))).toBe(checksum);
});

// p_memsz of the first PT_LOAD decides whether the second begins at an odd offset of the sum.
test.each([0x1800n, 0x1801n])(
  'when a PT_LOAD behind %i bytes contains the note, the sum over all is 0xffff',
  (first) => {
    const notes = encodeNotes([{ owner: 'x', type: 1, desc: Uint8Array.of(1, 2, 3) }, note]);
    const spec = smallSpec({ noteBytes: notes });
    const loaded = {
      p_type: PT_LOAD,
      p_flags: 4,
      p_vaddr: 0x300000n,
      p_paddr: 0x300000n,
      p_memsz: 0x77n,
      p_align: 1n,
      piece: 'notes',
    };
    const segments = [...spec.segments.map((s) => (s.p_type === PT_NOTE ? s : { ...s, p_memsz: first })), loaded];
    const file = writeElf(planElf({ ...spec, segments }));
    sealElfBootChecksum(file);
    expect(imageSum(file)).toBe(0xffff);
  },
);

test('a file without the note cannot be sealed', () => {
  expect(() => sealElfBootChecksum(smallElf({ notes: [] }))).toThrow('no ELFBoot checksum note');
});

test('12 MB are summed in a time that a kernel build does not notice', () => {
  const bytes = new Uint8Array(12 << 20).fill(0x5a);
  ipSum(bytes);
  const start = performance.now();
  ipSum(bytes);
  expect(performance.now() - start).toBeLessThan(100);
});

describe('the block of records', () => {
  const records = [
    { owner: '', type: 2, desc: new TextEncoder().encode('kexec\0') },
    { owner: 'Etherboot', type: 8, desc: Uint8Array.of(1, 2, 3, 4) },
  ];

  test('has the size, the count and a sum of 0xffff', () => {
    const block = encodeElfBootBlock(records);
    // 12 header; 12 + 0 + 8; 12 + 12 + 4
    expect([...new Uint32Array(block.buffer, 0, 2)]).toEqual([0x0e1fb007, 12 + 20 + 28]);
    expect(getU16(block, 10)).toBe(2);
    expect(rfc1071(block)).toBe(0xffff);
    expect(decodeElfBootBlock(concat([block, new Uint8Array(9)]))).toEqual(records);
  });

  test('may lack its checksum, as mkelfImage accepts', () => {
    const block = encodeElfBootBlock(records);
    setU16(block, 8, 0);
    expect(decodeElfBootBlock(block)).toEqual(records);
  });

  test.each([
    { what: 'another signature', at: 0, code: 'elf/bad-boot-block' },
    { what: 'a size outside the memory', at: 7, code: 'elf/bad-boot-block' },
    { what: 'a wrong checksum', at: 8, code: 'elf/bad-boot-block' },
    { what: 'a changed record', at: 20, code: 'elf/bad-boot-block' },
  ])('$what is $code', ({ at, code }) => {
    const block = encodeElfBootBlock(records);
    block[at] = (block[at] ?? 0) ^ 0x41;
    expect.assertions(1);
    try {
      decodeElfBootBlock(block);
    } catch (error) {
      expect(error).toMatchObject({ code });
    }
  });

  test('more records promised than there are is an error', () => {
    const block = encodeElfBootBlock(records);
    setU16(block, 10, 9);
    setU16(block, 8, 0);
    expect(() => decodeElfBootBlock(block)).toThrow('not a block');
  });
});
