/** Breaks a good file in one way. */
import { readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { setU16, setU32 } from '@bzelf/bytes';
import { fixCrc, readBzImage, SETUP_HEADER } from '@bzelf/bzimage';
import {
  BZELF_ORIGIN,
  ELF_TABLES,
  PT_LOAD,
  PT_NOTE,
  readElf,
  readNotes,
  sealElfBootChecksum,
  type ElfFile,
  type Note,
} from '@bzelf/elf';
import { testImage } from '@bzelf/testkit';
import { unwrap, wrap, type WrapOptions } from '@bzelf/writer';

export const image = (name = '61-64-gzip'): Uint8Array => readFileSync(testImage(`${name}.bzImage`));

const made = new Map<string, Promise<Uint8Array>>();

/** A fresh copy of what the writer makes, which is made once. */
export async function wrapped(options: WrapOptions = {}, name = '61-64-gzip'): Promise<Editor> {
  const key = JSON.stringify([options, name]);
  const bytes = made.get(key) ?? wrap(image(name), options).then((result) => result.bytes);
  made.set(key, bytes);
  return new Editor((await bytes).slice());
}

interface Table {
  write(bytes: Uint8Array, at: number, values: object): void;
}

export class Editor {
  /** As it was before the change. */
  readonly elf: ElfFile;
  readonly notes: readonly Note[];

  constructor(public bytes: Uint8Array) {
    this.elf = readElf(bytes.slice());
    this.notes = readNotes(this.elf);
  }

  ehdr(values: object): void {
    (ELF_TABLES[this.elf.class].ehdr as Table).write(this.bytes, 0, values);
  }

  private phdr(p_type: number, nth: number, change: (phdr: ElfFile['segments'][number]) => object): void {
    const at = this.elf.segments.flatMap((phdr, index) => (phdr.p_type === p_type ? [{ phdr, index }] : []))[nth];
    if (at === undefined) throw new Error(`no segment ${nth} of type ${p_type}`);
    const table = ELF_TABLES[this.elf.class].phdr;
    (table as Table).write(this.bytes, Number(this.elf.header.e_phoff) + at.index * table.size, change(at.phdr));
  }

  load(nth: number, change: (phdr: ElfFile['segments'][number]) => object): void {
    this.phdr(PT_LOAD, nth, change);
  }

  noteSegment(change: (phdr: ElfFile['segments'][number]) => object): void {
    this.phdr(PT_NOTE, 0, change);
  }

  section(name: string, change: (section: ElfFile['sections'][number]) => object): void {
    const section = this.elf.sections.find((s) => s.name === name);
    if (section === undefined) throw new Error(`no section ${name}`);
    const table = ELF_TABLES[this.elf.class].shdr;
    const at = Number(this.elf.header.e_shoff) + section.index * table.size;
    (table as Table).write(this.bytes, at, change(section));
  }

  note(owner: string, type: number, nth = 0): Note {
    const note = this.notes.filter((n) => n.owner === owner && n.type === type)[nth];
    if (note === undefined) throw new Error(`no note ${nth} ${owner} ${type}`);
    return note;
  }

  /** Writes fields of a note's descriptor; `at` is where the table's offset 0 is in it. */
  desc(owner: string, type: number, table: Table, values: object, { nth = 0, at = 0 } = {}): void {
    table.write(this.bytes, this.note(owner, type, nth).descOffset + at, values);
  }

  noteType(owner: string, type: number, newType: number, nth = 0): void {
    setU32(this.bytes, this.note(owner, type, nth).offset + 8, newType);
  }

  grow(size: number): void {
    const grown = new Uint8Array(Math.max(size, this.bytes.length));
    grown.set(this.bytes);
    this.bytes = grown;
  }

  u16(at: number, value: number): void {
    setU16(this.bytes, at, value);
  }

  u32(at: number, value: number): void {
    setU32(this.bytes, at, value);
  }

  /** Writes fields of the setup_header inside, and makes CRC and ORIGIN right again. */
  setup(values: object): void {
    const start = this.inputOffset();
    (SETUP_HEADER as Table).write(this.bytes, start, values);
    this.reseal();
  }

  /** Where the bzImage begins in a container. */
  inputOffset(): number {
    return Number(this.elf.sections.find(({ name }) => name === '.bzimage.setup')?.sh_offset);
  }

  /** CRC, ORIGIN and ELFBoot checksum for the bytes as they are now. */
  reseal(): void {
    const input = this.bytes.subarray(this.inputOffset());
    const { protectedMode, crc } = readBzImage(input.slice());
    if (crc.stored !== undefined) fixCrc(input, protectedMode.offset + protectedMode.size);
    this.sealOrigin();
  }

  /** Makes the bytes as they are now the original. */
  sealOrigin(): void {
    const origin = this.note('bzelf', 5);
    (BZELF_ORIGIN as Table).write(this.bytes, origin.descOffset, { sha256: this.hashOfOrigin() });
  }

  private hashOfOrigin(): Uint8Array {
    try {
      return createHash('sha256').update(unwrap(this.bytes)).digest();
    } catch (error) {
      // What it found is the digest that ORIGIN has to have.
      return Buffer.from((error as { found?: string }).found ?? '', 'hex');
    }
  }

  checksum(): void {
    sealElfBootChecksum(this.bytes);
  }
}
