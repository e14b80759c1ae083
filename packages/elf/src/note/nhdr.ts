import { alignUp, asciz, concat, struct, u32 } from '@bzelf/bytes';

/** The note header, the same in both classes. Source: gABI ch. 5, Note Section. */
// prettier-ignore
export const ELF_NHDR = struct('Elf_Nhdr', [
  // at  type  name        meaning
  [0x00, u32,  'n_namesz', 'bytes of the owner with its NUL; 0: no owner'],
  [0x04, u32,  'n_descsz', 'bytes of the descriptor'],
  [0x08, u32,  'n_type',   'meaning of the descriptor, in the numbering of the owner'],
]);

/** What a note says, without where it stands. */
export interface RawNote {
  readonly owner: string;
  readonly type: number;
  readonly desc: Uint8Array;
}

/**
 * The notes one after the other, as a PT_NOTE wants them: every record padded to `align`, no tail behind the last.
 * 4 is the only alignment that every loader reads alike.
 */
export function encodeNotes(notes: readonly RawNote[], align: 4 | 8 = 4): Uint8Array {
  return concat(notes.map((note) => encodeNote(note, align)));
}

function encodeNote({ owner, type, desc }: RawNote, align: 4 | 8): Uint8Array {
  const name = owner === '' ? new Uint8Array(0) : asciz(owner);
  const descAt = alignUp(ELF_NHDR.size + name.length, align);
  const out = new Uint8Array(alignUp(descAt + desc.length, align));
  ELF_NHDR.write(out, 0, { n_namesz: name.length, n_descsz: desc.length, n_type: type });
  out.set(name, ELF_NHDR.size);
  out.set(desc, descAt);
  return out;
}
