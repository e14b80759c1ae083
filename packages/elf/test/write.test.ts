import { createRequire } from 'node:module';
import * as fc from 'fast-check';
import { toHex } from '@bzelf/bytes';
import {
  planElf,
  readElf,
  sectionBytes,
  segmentBytes,
  writeElf,
  gnuBuildId,
  type ElfSpec,
  type Piece,
} from '../src/index.js';
import { hasReadelf, judge, smallElf, smallSpec, testWith } from './support.js';

interface ElfyFile {
  class: string;
  type: string;
  machine: string;
  entry: number;
  body: {
    programs: {
      type: string;
      offset: number;
      vaddr: number;
      paddr: number;
      filesz: number;
      memsz: number;
      data: Buffer;
    }[];
    sections: { name: string; type: string; off: number; size: number; addr: number; data: Buffer }[];
  };
}
const elfy = createRequire(__filename)('elfy') as { parse(bytes: Buffer): ElfyFile };

const note = gnuBuildId.encode({ id: Uint8Array.of(1, 2, 3, 4, 5) });

describe('elfy, a reader of another author, finds what was written', () => {
  for (const elfClass of [32, 64] as const) {
    test(`class ${elfClass}`, () => {
      const bytes = smallElf({ class: elfClass, notes: [note], sections: true });
      const seen = elfy.parse(Buffer.from(bytes));
      const ours = readElf(bytes);
      expect([seen.class, seen.type, seen.machine, seen.entry]).toEqual([String(elfClass), 'exec', 'amd64', 0x200000]);
      expect(seen.body.programs.map((p) => [p.type, p.offset, p.vaddr, p.paddr, p.filesz, p.memsz])).toEqual([
        ['note', Number(ours.segments[0]?.p_offset), 0, 0, 24, 24],
        ['load', 0x1000, 0x200000, 0x200000, 5, 0x1801],
      ]);
      expect(seen.body.programs.map((p) => toHex(p.data))).toEqual(
        ours.segments.map((p) => toHex(segmentBytes(ours, p))),
      );
      expect(seen.body.sections.map((s) => [s.name, s.off, s.size, s.addr])).toEqual(
        ours.sections.map((s) => [s.name, Number(s.sh_offset), Number(s.sh_size), Number(s.sh_addr)]),
      );
      expect(seen.body.sections.map((s) => s.name)).toEqual(['', '.note.bzelf', '.text', '.shstrtab']);
    });
  }
});

for (const elfClass of [32, 64] as const) {
  for (const sections of [false, true]) {
    testWith(hasReadelf)(`readelf has no complaint about class ${elfClass}, sections: ${sections}`, () => {
      const { out, err, status } = judge('readelf', ['-aW'], smallElf({ class: elfClass, notes: [note], sections }));
      expect({ err, status }).toEqual({ err: '', status: 0 });
      expect(out).toContain(`Class:                             ELF${elfClass}`);
      expect(out).toContain('Build ID: 0102030405');
      expect(out).toMatch(/LOAD +0x001000 0x0*200000 0x0*200000 0x0*5 0x0*1801 R E 0x1000/);
      expect(out).not.toMatch(/[Ww]arning|[Ee]rror/);
    });
  }
}

test('without sections every section field of the header is 0', () => {
  const { header } = readElf(smallElf({ notes: [note] }));
  expect(header).toMatchObject({
    e_shoff: 0n,
    e_shentsize: 0,
    e_shnum: 0,
    e_shstrndx: 0,
    e_ehsize: 64,
    e_phentsize: 56,
  });
  expect(header.e_version).toBe(1);
  expect(header.e_ident[6]).toBe(1);
});

test('headers come first, and seven program headers end within 512 bytes', () => {
  const spec = smallSpec({ notes: [note] });
  const [first] = spec.segments;
  if (first === undefined) throw new Error('no segment');
  const plan = planElf({ ...spec, segments: [...Array<typeof first>(6).fill(first), ...spec.segments.slice(1)] });
  expect(plan.header.e_phoff).toBe(64n);
  expect(64 + plan.phdrs.length * 56).toBeLessThanOrEqual(512);
  expect(plan.offsetOf('notes')).toBe(456);
});

test('bytes that depend on the plan are made when every offset is known', () => {
  const spec = smallSpec({ notes: [note] });
  const late: Piece = {
    name: 'late',
    size: 4,
    align: 1,
    bytes: (plan) => Uint8Array.of(plan.offsetOf('text') >> 8, plan.size >> 8, 3, 4),
  };
  const plan = planElf({ ...spec, pieces: [late, ...spec.pieces] });
  expect([...writeElf(plan).subarray(plan.offsetOf('late')).subarray(0, 4)]).toEqual([0x10, 0x10, 3, 4]);
});

test.each([
  {
    what: 'a piece named twice',
    change: (s: ElfSpec) => ({ ...s, pieces: [...s.pieces, ...s.pieces] }),
    words: /same name/,
  },
  {
    what: 'a segment of no piece',
    change: (s: ElfSpec) => ({ ...s, pieces: s.pieces.slice(1) }),
    words: /no piece notes/,
  },
  {
    what: 'two PT_LOADs in one place',
    change: (s: ElfSpec) => ({ ...s, segments: [...s.segments, ...s.segments] }),
    words: /overlap/,
  },
  {
    what: 'a part outside its piece',
    change: (s: ElfSpec) => change(s, { skip: 3, length: 3 }),
    words: /has no 3 bytes at 3/,
  },
  { what: 'memory smaller than the file part', change: (s: ElfSpec) => change(s, { p_memsz: 4n }), words: /p_memsz 4/ },
  {
    what: 'an address not congruent to the offset',
    change: (s: ElfSpec) => change(s, { skip: 1 }),
    words: /congruent/,
  },
  { what: 'an alignment of 3', change: (s: ElfSpec) => change(s, { p_align: 3n }), words: /power of two/ },
  {
    what: '5 GiB in class 32',
    change: (s: ElfSpec) => ({ ...s, class: 32 as const, e_entry: 5n << 30n }),
    words: /ELFCLASS32/,
  },
])('$what is a plain Error, because it is a bug of ours', ({ change: apply, words }) => {
  expect(() => writeElf(planElf(apply(smallSpec({ notes: [note] }))))).toThrow(words);
});

function change(spec: ElfSpec, fields: object): ElfSpec {
  return {
    ...spec,
    segments: spec.segments.map((segment) => (segment.piece === 'text' ? { ...segment, ...fields } : segment)),
  };
}

test('a piece that is not as long as planned is a plain Error', () => {
  const spec = smallSpec({ notes: [note] });
  const pieces = spec.pieces.map((piece) =>
    piece.name === 'text' ? { ...piece, bytes: () => new Uint8Array(6) } : piece,
  );
  expect(() => writeElf(planElf({ ...spec, pieces }))).toThrow('piece text has 6 bytes, 5 were planned');
});

const pieces = fc.array(
  fc.record({
    bytes: fc.uint8Array({ maxLength: 40 }),
    log: fc.nat({ max: 12 }),
    rest: fc.bigInt({ min: 0n, max: 5000n }),
  }),
  { maxLength: 6 },
);

test('what is read is what was planned, for any pieces, alignments and congruences', () => {
  fc.assert(
    fc.property(pieces, fc.constantFrom(32 as const, 64 as const), fc.boolean(), (list, elfClass, withSections) => {
      const spec: ElfSpec = {
        class: elfClass,
        e_type: 2,
        e_machine: 3,
        e_entry: 0n,
        pieces: list.map(({ bytes, log, rest }, i) => ({
          name: `p${i}`,
          size: bytes.length,
          align: 2 ** log,
          congruentTo: rest,
          bytes,
        })),
        // prettier-ignore
        segments: list.map(({ bytes }, i) => ({ p_type: 1, p_flags: 4, p_vaddr: 0n, p_paddr: BigInt(i) << 16n, p_memsz: BigInt(bytes.length), p_align: 1n, piece: `p${i}` })),
        ...(withSections
          ? {
              sections: list.map((_, i) => ({
                name: `.s${i}`,
                sh_type: 1,
                sh_flags: 0,
                sh_addr: 0n,
                sh_addralign: 1n,
                piece: `p${i}`,
              })),
            }
          : {}),
      };
      const plan = planElf(spec);
      const written = writeElf(plan);
      const elf = readElf(written);
      expect(elf.header).toEqual(plan.header);
      expect(elf.segments).toEqual(plan.phdrs);
      list.forEach(({ bytes, log, rest }, i) => {
        const segment = elf.segments[i];
        if (segment === undefined) throw new Error('a segment is missing');
        expect(toHex(segmentBytes(elf, segment))).toBe(toHex(bytes));
        expect((segment.p_offset - rest) % (1n << BigInt(log))).toBe(0n);
      });
      const named = elf.sections.filter((s) => s.name.startsWith('.s') && s.name !== '.shstrtab');
      expect(named.map((s) => toHex(sectionBytes(elf, s)))).toEqual(
        withSections ? list.map(({ bytes }) => toHex(bytes)) : [],
      );
    }),
    { numRuns: 200 },
  );
});

test('pieces keep their order and do not overlap, and the file has no byte that nobody asked for but padding of zeros', () => {
  const plan = planElf(smallSpec({ notes: [note], sections: true }));
  let end = 64 + 2 * 56;
  for (const { offset, size } of plan.pieces) {
    expect(offset).toBeGreaterThanOrEqual(end);
    end = offset + size;
  }
  expect(plan.size).toBe(Math.ceil(end / 8) * 8 + 4 * 64);
});
