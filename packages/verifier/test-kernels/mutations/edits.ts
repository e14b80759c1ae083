/** Changes to files, as the tables of mutations write them. */
import { fixCrc, readBzImage, SETUP_HEADER } from '@bzelf/bzimage';
import { BZELF_ENTRY, BZELF_MAPPING, BZELF_MAPPING_RANGE, MAPPING_PURPOSES, type MappingPurpose } from '@bzelf/elf';
import { Editor } from '../../test/checks/edit';

type Change = (bytes: Uint8Array) => Uint8Array;

/** Changes an ELF file. */
export const elf =
  (change: (file: Editor) => void): Change =>
  (bytes) => {
    const file = new Editor(bytes);
    change(file);
    return file.bytes;
  };

/** Changes a bzImage and makes its CRC right again. */
export const sealed =
  (change: (bytes: Uint8Array) => void): Change =>
  (bytes) => {
    const { protectedMode, crc } = readBzImage(bytes.slice());
    change(bytes);
    if (crc.stored !== undefined) fixCrc(bytes, protectedMode.offset + protectedMode.size);
    return bytes;
  };

/** Fields of the setup_header of a bzImage, CRC right again. */
export const header = (values: object): Change =>
  sealed(
    (bytes) => void (SETUP_HEADER as { write(b: Uint8Array, at: number, v: object): void }).write(bytes, 0, values),
  );

/** Other bits in one byte. */
export const flip =
  (at: number, bits = 0xff) =>
  (bytes: Uint8Array) => {
    bytes[at] = (bytes[at] ?? 0) ^ bits;
  };

/** The same in a bzImage whose CRC is right again. */
export const flipSealed = (at: number, bits?: number): Change => sealed(flip(at, bits));

/** A byte of the protected-mode kernel, from its start. */
export const flipCode = (offset: number, bits?: number): Change =>
  sealed((bytes) => flip(readBzImage(bytes.slice()).protectedMode.offset + offset, bits)(bytes));

/** A byte of the payload: a part of its length. */
export const flipPayload = (part: number): Change =>
  sealed((bytes) => {
    const { payload, header: { payload_length = 0 } } = readBzImage(bytes.slice()); // prettier-ignore
    flip((payload?.offset ?? 0) + Math.floor(part * payload_length), 0x10)(bytes);
  });

const [ENTRY, MAPPING] = [2, 4];

/** The address of the ENTRY with this id, changed. */
export const entry = (id: number, by: bigint): Change =>
  elf((file) => {
    const all = file.notes.filter(({ owner, type }) => owner === 'bzelf' && type === ENTRY);
    const nth = all.findIndex(({ desc }) => BZELF_ENTRY.read(desc).id === id);
    const { address } = BZELF_ENTRY.read(all[nth]?.desc ?? new Uint8Array(0));
    file.desc('bzelf', ENTRY, BZELF_ENTRY, { address: address + by }, { nth });
  });

interface Range {
  readonly start: bigint;
  readonly length: bigint;
  readonly flags: number;
}

/** The first range of that purpose, for every entry: fields that change, or nothing for a range that goes. */
export const ranges = (purpose: MappingPurpose, change: (range: Range) => Partial<Range> | undefined): Change =>
  elf((file) => {
    const all = file.notes.filter(({ owner, type }) => owner === 'bzelf' && type === MAPPING);
    all.forEach(({ desc }, nth) => {
      const { count, rows, row_size } = BZELF_MAPPING.read(desc);
      const at = (row: number) => rows + row * row_size;
      const list = Array.from({ length: count }, (_, row) => BZELF_MAPPING_RANGE.read(desc, at(row)));
      const found = list.findIndex((range) => range.purpose === MAPPING_PURPOSES[purpose]);
      const range = list[found];
      if (range === undefined) return;
      const values = change(range);
      const write = (row: number, all: object) =>
        file.desc('bzelf', MAPPING, BZELF_MAPPING_RANGE, all, { nth, at: at(row) });
      if (values !== undefined) return write(found, values);
      list.slice(found + 1).forEach((next, i) => write(found + i, next));
      file.desc('bzelf', MAPPING, BZELF_MAPPING, { count: count - 1 }, { nth });
    });
  });

export const gone = () => undefined;
export const shorter =
  (by: bigint) =>
  ({ length }: Range) => ({ length: length - by });
export const later =
  (by: bigint) =>
  ({ start }: Range) => ({ start: start + by });
/** Without these rights: 1 read, 2 write, 4 execute. */
export const without =
  (rights: number) =>
  ({ flags }: Range) => ({ flags: flags & ~rights });
