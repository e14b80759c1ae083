import { BzelfError } from '@bzelf/bytes';
import { ET_CORE } from '../constants.js';
import { entryNote, imageNote, mappingNote, originNote, payloadNote, placementNote, subarchNote } from './bzelf.js';
import type { NoteCodec, NoteContext } from './codec.js';
import { ELFBOOT_NOTES } from './elfboot.js';
import { GNU_NOTES } from './gnu.js';
import { LINUX_NOTES } from './linux.js';
import type { RawNote } from './nhdr.js';
import { OTHER_NOTES } from './other.js';
import { XEN_NOTES } from './xen.js';

export const BZELF_NOTES = [
  imageNote,
  entryNote,
  subarchNote,
  mappingNote,
  originNote,
  placementNote,
  payloadNote,
] as const;

/** Every note type that has a codec. */
export const NOTE_CODECS = [
  ...BZELF_NOTES,
  ...XEN_NOTES,
  ...ELFBOOT_NOTES,
  ...GNU_NOTES,
  ...LINUX_NOTES,
  ...OTHER_NOTES,
] as const;

type Codec = (typeof NOTE_CODECS)[number];
type DecodedOf<C> = C extends NoteCodec<infer K, infer V> ? Decoded<K, V> : never;
interface Decoded<K extends string, V> {
  readonly kind: K;
  readonly owner: string;
  readonly type: number;
  /** `XEN_ELFNOTE_ENTRY`, `IMAGE`… */
  readonly name: string;
  readonly value: V;
}

/** A note by its meaning; `unknown` keeps the bytes. */
export type DecodedNote =
  | DecodedOf<Codec>
  | { readonly kind: 'unknown'; readonly owner: string; readonly type: number; readonly raw: Uint8Array };

/** The type whatever the codec; only the registry needs to forget what kind it is. */
export interface AnyNoteCodec {
  readonly kind: Codec['kind'];
  readonly owner: string;
  readonly type: number;
  readonly name: string;
  readonly doc: string;
  decode(desc: Uint8Array, context?: NoteContext): unknown;
}

const keyOf = (owner: string, type: number): string => `${type} ${owner}`;
const BY_KEY = new Map<string, AnyNoteCodec>(NOTE_CODECS.map((codec) => [keyOf(codec.owner, codec.type), codec]));

/** The codec for a note, by owner and type together: `Xen` 1 and `GNU` 1 have nothing in common. */
export function noteCodec({ owner, type }: RawNote, context?: NoteContext): AnyNoteCodec | undefined {
  // Core dumps use owner "LINUX" and its like with other meanings from type 0x100 on.
  if (context?.e_type === ET_CORE && owner === 'Linux') return undefined;
  const isBuildAttribute = owner.startsWith('GA') && (type === 0x100 || type === 0x101);
  return BY_KEY.get(keyOf(isBuildAttribute ? 'GA' : owner, type));
}

/** Where in a file a note's descriptor begins: errors of codecs count from there. */
interface Placed {
  readonly descOffset?: number;
}

/** What a note says. Throws elf/note-bad-desc, -bad-value or -bad-version with the offset in the file. */
export function decodeNote(note: RawNote & Placed, context?: NoteContext): DecodedNote {
  const { owner, type, desc } = note;
  const codec = noteCodec(note, context);
  if (codec === undefined) return { kind: 'unknown', owner, type, raw: desc };
  try {
    const value = codec.decode(desc, context);
    return { kind: codec.kind, owner, type, name: codec.name, value } as DecodedNote;
  } catch (error) {
    throw placed(error, note.descOffset);
  }
}

/** The same error with its offset counted from the start of the file. */
function placed(error: unknown, descOffset: number | undefined): unknown {
  if (!(error instanceof BzelfError) || descOffset === undefined) return error;
  const { code, message, field, found, expected, hint, cause } = error;
  return new BzelfError(code, message, {
    offset: descOffset + (error.offset ?? 0),
    ...(field === undefined ? {} : { field }),
    ...(found === undefined ? {} : { found }),
    ...(expected === undefined ? {} : { expected }),
    ...(hint === undefined ? {} : { hint }),
    ...(cause === undefined ? {} : { cause }),
  });
}
