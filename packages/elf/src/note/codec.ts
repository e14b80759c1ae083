import { fromLe, le, readAsciz, type ErrorDetails } from '@bzelf/bytes';
import type { ElfClass } from '../class.js';
import { type ELF_ERRORS, fail } from '../errors.js';
import type { RawNote } from './nhdr.js';

/** What a descriptor alone does not tell: padding and word size follow the class of the file. */
export interface NoteContext {
  readonly class: ElfClass;
  /** Notes of core dumps have other meanings under the same owner and type. */
  readonly e_type?: number;
}

/** One note type: who owns it, what it is called, and its descriptor in both directions. */
export interface NoteCodec<K extends string, V> {
  readonly kind: K;
  readonly owner: string;
  readonly type: number;
  /** As its specification spells it: `NT_GNU_BUILD_ID`, `XEN_ELFNOTE_ENTRY`. */
  readonly name: string;
  readonly doc: string;
  encode(value: V, context?: NoteContext): RawNote;
  /** Throws elf/note-bad-desc and its kin, with the offset counted from the start of the descriptor. */
  decode(desc: Uint8Array, context?: NoteContext): V;
}

interface CodecParts<K extends string, V> {
  readonly kind: K;
  readonly owner: string;
  readonly type: number;
  readonly name: string;
  readonly doc: string;
  encodeDesc(value: V, context: NoteContext): Uint8Array;
  decodeDesc(desc: Uint8Array, context: NoteContext): V;
}

const DEFAULT_CONTEXT: NoteContext = { class: 64 };

export function defineNote<const K extends string, V>(parts: CodecParts<K, V>): NoteCodec<K, V> {
  const { kind, owner, type, name, doc, encodeDesc, decodeDesc } = parts;
  return {
    kind,
    owner,
    type,
    name,
    doc,
    encode: (value, context = DEFAULT_CONTEXT) => ({ owner, type, desc: encodeDesc(value, context) }),
    decode: (desc, context = DEFAULT_CONTEXT) => decodeDesc(desc, context),
  };
}

/** A descriptor of the wrong size. */
export function badSize(name: string, desc: Uint8Array, expected: string) {
  return fail('elf/note-bad-desc', { field: `${name} n_descsz`, found: desc.length, expected });
}

export function badDesc(details: ErrorDetails, code: keyof typeof ELF_ERRORS = 'elf/note-bad-desc') {
  return fail(code, details);
}

export const encodeText = (text: string): Uint8Array => new TextEncoder().encode(`${text}\0`);

/** The text of a descriptor; kernels emit some without the NUL. */
export const decodeText = readAsciz;

type Naming<K extends string> = Pick<CodecParts<K, never>, 'kind' | 'owner' | 'type' | 'name' | 'doc'>;

/** A note that is one string. */
export const textNote = <const K extends string>(naming: Naming<K>) =>
  defineNote({
    ...naming,
    encodeDesc: ({ text }: { readonly text: string }) => encodeText(text),
    decodeDesc: (desc) => ({ text: decodeText(desc) }),
  });

/** A note whose bytes have a name and no further structure here. */
export const rawNote = <const K extends string>(naming: Naming<K>) =>
  defineNote({
    ...naming,
    encodeDesc: ({ bytes }: { readonly bytes: Uint8Array }) => bytes,
    decodeDesc: (desc) => ({ bytes: desc }),
  });

/** A note that is one u32. */
export const u32Note = <const K extends string>(naming: Naming<K>) =>
  defineNote({
    ...naming,
    encodeDesc: ({ value }: { readonly value: number }) => le(value, 4),
    decodeDesc(desc) {
      if (desc.length !== 4) throw badSize(naming.name, desc, '4');
      return { value: Number(fromLe(desc)) };
    },
  });
