/** Notes of user programs that a reader meets beside kernels. */
import { asciz, concat, fromLe, le, readAsciz } from '@bzelf/bytes';
import { badDesc, badSize, defineNote, rawNote, u32Note } from './codec.js';

export interface JsonNote {
  readonly text: string;
  /** The parsed text; decoded only. */
  readonly json?: unknown;
}

/** Source: systemd.io, "Package Metadata for Executable Files" and "dlopen() Metadata for ELF Files". */
const fdoNote = <const K extends string>(kind: K, type: number, name: string, doc: string) =>
  defineNote({
    kind,
    owner: 'FDO',
    type,
    name,
    doc,
    encodeDesc: ({ text }: JsonNote) => asciz(text),
    decodeDesc(desc): JsonNote {
      const text = readAsciz(desc);
      try {
        return { text, json: JSON.parse(text) as unknown };
      } catch (cause) {
        throw badDesc({ field: name, found: text.slice(0, 40), expected: 'JSON', cause });
      }
    },
  });

export const fdoPackaging = fdoNote('fdo-packaging', 0xcafe1a7e, 'NT_FDO_PACKAGING_METADATA', 'package metadata');
export const fdoDlopen = fdoNote('fdo-dlopen', 0x407c0c0a, 'NT_FDO_DLOPEN_METADATA', 'libraries loaded by dlopen');

export interface StapsdtNote {
  readonly pc: bigint;
  /** Address of .stapsdt.base when linked; the difference tells how far prelink moved the file. */
  readonly base: bigint;
  readonly semaphore: bigint;
  readonly provider: string;
  readonly probe: string;
  readonly args: string;
}

/** Source: SystemTap wiki, UserSpaceProbeImplementation. */
export const stapsdtProbe = defineNote({
  kind: 'stapsdt',
  owner: 'stapsdt',
  type: 3,
  name: 'NT_STAPSDT',
  doc: 'a SystemTap probe',
  encodeDesc: ({ pc, base, semaphore, provider, probe, args }: StapsdtNote, context) =>
    concat([
      ...[pc, base, semaphore].map((word) => le(word, context.class / 8)),
      asciz(provider),
      asciz(probe),
      asciz(args),
    ]),
  decodeDesc(desc, context): StapsdtNote {
    const word = context.class / 8;
    if (desc.length < 3 * word + 3) throw badSize('NT_STAPSDT', desc, `at least ${3 * word + 3}`);
    const [pc, base, semaphore] = [0, 1, 2].map((i) => fromLe(desc.subarray(i * word, (i + 1) * word)));
    const provider = readAsciz(desc.subarray(3 * word));
    const probeAt = desc.indexOf(0, 3 * word) + 1;
    const argsAt = probeAt === 0 ? 0 : desc.indexOf(0, probeAt) + 1;
    if (argsAt === 0)
      throw badDesc({ offset: 3 * word, field: 'NT_STAPSDT', expected: 'three NUL-terminated strings' });
    return {
      pc: pc ?? 0n,
      base: base ?? 0n,
      semaphore: semaphore ?? 0n,
      provider,
      probe: readAsciz(desc.subarray(probeAt)),
      args: readAsciz(desc.subarray(argsAt)),
    };
  },
});

const bsdIdent = <const K extends string>(kind: K, owner: string) =>
  u32Note({ kind, owner, type: 1, name: `NT_${owner.toUpperCase()}_IDENT`, doc: `${owner} version` });

/** Go's string notes have no NUL at their end. Source: Go cmd/link/internal/ld/elf.go. */
const goText = <const K extends string>(kind: K, type: number, name: string, doc: string) =>
  defineNote({
    kind,
    owner: 'Go',
    type,
    name,
    doc,
    encodeDesc: ({ text }: { readonly text: string }) => new TextEncoder().encode(text),
    decodeDesc: (desc) => ({ text: readAsciz(desc) }),
  });

// prettier-ignore
export const OTHER_NOTES = [
  fdoPackaging,
  fdoDlopen,
  stapsdtProbe,
  goText('go-pkglist', 1, 'ELF_NOTE_GOPKGLIST_TAG', 'packages of a Go shared library'),
  rawNote({ kind: 'go-abi-hash', owner: 'Go', type: 2, name: 'ELF_NOTE_GOABIHASH_TAG', doc: 'hash of the ABI of a Go shared library' }),
  goText('go-deps', 3, 'ELF_NOTE_GODEPS_TAG', 'Go shared libraries that this file needs'),
  goText('go-build-id', 4, 'ELF_NOTE_GOBUILDID_TAG', 'Go build ID'),
  bsdIdent('freebsd-ident', 'FreeBSD'),
  bsdIdent('netbsd-ident', 'NetBSD'),
  bsdIdent('openbsd-ident', 'OpenBSD'),
] as const;
