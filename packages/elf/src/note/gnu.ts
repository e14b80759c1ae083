/** Notes of owner "GNU". Source: binutils include/elf/common.h; the x86-64 psABI for the x86 properties. */
import { alignUp, asciz, concat, fromLe, getU32, le, readAsciz } from '@bzelf/bytes';
import { badDesc, badSize, defineNote, textNote } from './codec.js';

export const GNU_OWNER = 'GNU';

export const GNU_ABI_OS = ['Linux', 'Hurd', 'Solaris', 'FreeBSD', 'NetBSD', 'Syllable'] as const;

export const gnuAbiTag = defineNote({
  kind: 'gnu-abi-tag',
  owner: GNU_OWNER,
  type: 1,
  name: 'NT_GNU_ABI_TAG',
  doc: 'operating system and the earliest version that runs it',
  encodeDesc: ({ os, version }: { readonly os: number; readonly version: readonly number[] }) =>
    concat([os, version[0] ?? 0, version[1] ?? 0, version[2] ?? 0].map((word) => le(word, 4))),
  decodeDesc(desc) {
    if (desc.length !== 16) throw badSize('NT_GNU_ABI_TAG', desc, '16');
    return { os: getU32(desc), version: [4, 8, 12].map((at) => getU32(desc, at)) };
  },
});

export interface GnuHwcap {
  readonly mask: number;
  readonly entries: readonly { readonly bit: number; readonly name: string }[];
}

export const gnuHwcap = defineNote({
  kind: 'gnu-hwcap',
  owner: GNU_OWNER,
  type: 2,
  name: 'NT_GNU_HWCAP',
  doc: 'hardware capability names for the dynamic linker',
  encodeDesc: ({ mask, entries }: GnuHwcap) =>
    concat([le(entries.length, 4), le(mask, 4), ...entries.flatMap(({ bit, name }) => [le(bit, 1), asciz(name)])]),
  decodeDesc(desc): GnuHwcap {
    if (desc.length < 8) throw badSize('NT_GNU_HWCAP', desc, 'at least 8');
    const count = getU32(desc);
    const entries: { bit: number; name: string }[] = [];
    for (let at = 8; entries.length < count;) {
      const end = desc.indexOf(0, at + 1);
      if (end === -1) {
        throw badDesc({
          offset: at,
          field: `NT_GNU_HWCAP[${entries.length}]`,
          found: count,
          expected: `${count} entries`,
        });
      }
      entries.push({ bit: desc[at] ?? 0, name: readAsciz(desc.subarray(at + 1, end)) });
      at = end + 1;
    }
    return { mask: getU32(desc, 4), entries };
  },
});

export const gnuBuildId = defineNote({
  kind: 'gnu-build-id',
  owner: GNU_OWNER,
  type: 3,
  name: 'NT_GNU_BUILD_ID',
  doc: 'unique id of the linked file, of any length',
  encodeDesc: ({ id }: { readonly id: Uint8Array }) => id,
  decodeDesc: (desc) => ({ id: desc }),
});

export const gnuGoldVersion = textNote({
  kind: 'gnu-gold-version',
  owner: GNU_OWNER,
  type: 4,
  name: 'NT_GNU_GOLD_VERSION',
  doc: 'version of the gold linker',
});

/** Property types that have a name, and the names of their bits. */
// prettier-ignore
const PROPERTIES: readonly (readonly [number, string, (readonly string[])?])[] = [
  [1,          'GNU_PROPERTY_STACK_SIZE'],
  [2,          'GNU_PROPERTY_NO_COPY_ON_PROTECTED'],
  [0xb0008000, 'GNU_PROPERTY_1_NEEDED',              ['indirect external access']],
  [0xc0000000, 'GNU_PROPERTY_X86_COMPAT_ISA_1_USED'],
  [0xc0000001, 'GNU_PROPERTY_X86_COMPAT_ISA_1_NEEDED'],
  [0xc0000002, 'GNU_PROPERTY_X86_FEATURE_1_AND',     ['IBT', 'SHSTK', 'LAM_U48', 'LAM_U57']],
  [0xc0008001, 'GNU_PROPERTY_X86_FEATURE_2_NEEDED',  ['x86', 'x87', 'MMX', 'XMM', 'YMM', 'ZMM', 'FXSR', 'XSAVE', 'XSAVEOPT', 'XSAVEC', 'TMM', 'MASK']],
  [0xc0008002, 'GNU_PROPERTY_X86_ISA_1_NEEDED',      ['x86-64-baseline', 'x86-64-v2', 'x86-64-v3', 'x86-64-v4']],
  [0xc0010001, 'GNU_PROPERTY_X86_FEATURE_2_USED',    ['x86', 'x87', 'MMX', 'XMM', 'YMM', 'ZMM', 'FXSR', 'XSAVE', 'XSAVEOPT', 'XSAVEC', 'TMM', 'MASK']],
  [0xc0010002, 'GNU_PROPERTY_X86_ISA_1_USED',        ['x86-64-baseline', 'x86-64-v2', 'x86-64-v3', 'x86-64-v4']],
];

export interface GnuProperty {
  readonly type: number;
  readonly data: Uint8Array;
  /** `GNU_PROPERTY_X86_FEATURE_1_AND`, or the type in hexadecimal; decoded only. */
  readonly name?: string;
  /** Names of the bits that are set, where the type is a bit map; decoded only. */
  readonly bits?: readonly string[];
}

export const gnuProperty = defineNote({
  kind: 'gnu-property',
  owner: GNU_OWNER,
  type: 5,
  name: 'NT_GNU_PROPERTY_TYPE_0',
  doc: 'program properties, among them the x86 feature and ISA bits',
  encodeDesc: ({ properties }: { readonly properties: readonly GnuProperty[] }, context) =>
    concat(properties.flatMap(({ type, data }) => [le(type, 4), le(data.length, 4), padded(data, context.class / 8)])),
  decodeDesc(desc, context): { readonly properties: readonly GnuProperty[] } {
    const properties: GnuProperty[] = [];
    for (let at = 0; at < desc.length;) {
      const size = at + 8 <= desc.length ? getU32(desc, at + 4) : Infinity;
      if (at + 8 + size > desc.length) {
        throw badDesc({ offset: at, field: 'pr_datasz', found: String(size), expected: 'data inside the descriptor' });
      }
      properties.push(describeProperty(getU32(desc, at), desc.subarray(at + 8, at + 8 + size)));
      at = alignUp(at + 8 + size, context.class / 8);
    }
    return { properties };
  },
});

function padded(data: Uint8Array, align: number): Uint8Array {
  const out = new Uint8Array(alignUp(data.length, align));
  out.set(data);
  return out;
}

function describeProperty(type: number, data: Uint8Array): GnuProperty {
  const [, name, bitNames] = PROPERTIES.find(([known]) => known === type) ?? [];
  if (bitNames === undefined || data.length > 8) return { type, data, name: name ?? `0x${type.toString(16)}` };
  const value = fromLe(data);
  const bits: string[] = [];
  for (let bit = 0; bit < data.length * 8; bit++) {
    if ((value >> BigInt(bit)) & 1n) bits.push(bitNames[bit] ?? `bit ${bit}`);
  }
  return { type, data, name: name ?? '', bits };
}

/** Build attributes: the attribute is in the owner ("GA" and more), the descriptor is an address range or empty. */
const buildAttribute = <const K extends string>(kind: K, type: number, name: string) =>
  defineNote({
    kind,
    owner: 'GA',
    type,
    name,
    doc: 'how the code of an address range was built',
    encodeDesc: ({ addresses }: { readonly addresses: readonly bigint[] }, context) =>
      concat(addresses.map((address) => le(address, context.class / 8))),
    decodeDesc(desc, context) {
      const word = context.class / 8;
      if (desc.length % word !== 0 || desc.length > 2 * word) throw badSize(name, desc, `0, ${word} or ${2 * word}`);
      return {
        addresses: Array.from({ length: desc.length / word }, (_, i) =>
          fromLe(desc.subarray(i * word, (i + 1) * word)),
        ),
      };
    },
  });

export const GNU_NOTES = [
  gnuAbiTag,
  gnuHwcap,
  gnuBuildId,
  gnuGoldVersion,
  gnuProperty,
  buildAttribute('gnu-build-attribute-open', 0x100, 'NT_GNU_BUILD_ATTRIBUTE_OPEN'),
  buildAttribute('gnu-build-attribute-func', 0x101, 'NT_GNU_BUILD_ATTRIBUTE_FUNC'),
] as const;
