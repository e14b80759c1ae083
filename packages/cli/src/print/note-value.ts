import { hex, toHex } from '@bzelf/bytes';
import { subarchName, type DecodedNote } from '@bzelf/elf';

/** What a decoded note says, on one line as far as it fits there; MAPPING and ENTRY have tables of their own. */
export function noteText(note: DecodedNote): string {
  switch (note.kind) {
    case 'unknown':
      return note.raw.length === 0 ? 'empty' : bytesText(note.raw);
    case 'bzelf-image': {
      const { form, bits, bootProtocol, madeBy } = note.value;
      return `${form}, ${bits}-bit kernel, boot protocol ${bootProtocol >> 8}.${bootProtocol & 0xff}, made by ${madeBy}`;
    }
    case 'bzelf-subarch': {
      const { subarch, data } = note.value;
      const name = subarchName(subarch);
      return `${name === undefined ? hex(subarch) : `${subarch} ${name}`}, data ${hex(data)}`;
    }
    case 'bzelf-origin': {
      const { size, sha256, pieces } = note.value;
      const inline = pieces.reduce((sum, piece) => sum + (piece.from === 'inline' ? piece.length : 0), 0);
      return `${size} bytes in ${count(pieces.length, 'piece')}, ${inline} of them kept here; SHA-256 ${toHex(sha256)}`;
    }
    case 'bzelf-placement': {
      const { relocatable, alignment, preferred, initSize, lowest, highest } = note.value;
      if (!relocatable) return `at ${hex(preferred)} only, init_size ${hex(initSize)}`;
      return `relocatable from ${hex(lowest)} to ${hex(highest)} in steps of ${hex(alignment)}, preferred ${hex(preferred)}, init_size ${hex(initSize)}`;
    }
    case 'bzelf-payload': {
      const { compressor, offset, length, uncompressedLength, sha256 } = note.value;
      const where = offset === 0 ? 'not in this file' : `${length} bytes at file offset ${hex(offset)}`;
      const hash = sha256 === undefined ? '' : `, SHA-256 ${toHex(sha256)}`;
      return `${compressor}, ${where}, ${uncompressedLength} bytes decompressed${hash}`;
    }
    case 'gnu-build-id':
      return toHex(note.value.id);
    case 'gnu-abi-tag':
      return `${['Linux', 'Hurd', 'Solaris', 'FreeBSD', 'NetBSD', 'Syllable'][note.value.os] ?? `OS ${note.value.os}`} ${note.value.version.join('.')}`;
    case 'gnu-property':
      return note.value.properties
        .map(
          ({ name, type, bits, data }) =>
            `${name ?? hex(type)}${bits === undefined ? ` ${toHex(data)}` : `: ${bits.join(', ') || 'none'}`}`,
        )
        .join('; ');
    case 'xen-features':
      return note.value.features.map(({ name, required }) => (required ? `!${name}` : name)).join(' | ');
    case 'xen-supported-features':
      return `${note.value.words.map((word) => hex(word)).join(' ')}: ${(note.value.features ?? []).join(', ')}`;
    case 'xen-l1-mfn-valid':
      return note.value.pairs.map(({ mask, value }) => `mask ${hex(mask)}, value ${hex(value)}`).join('; ');
    case 'fdo-packaging':
    case 'fdo-dlopen':
      return note.value.text;
    case 'linux-version':
      return note.value.version ?? hex(note.value.code);
    default:
      return valueText(note.value);
  }
}

export const count = (number: number, word: string): string => `${number} ${word}${number === 1 ? '' : 's'}`;

/** At most 32 bytes of a descriptor; --raw shows all. */
function bytesText(bytes: Uint8Array): string {
  const shown = toHex(bytes.subarray(0, 32)).replaceAll(/(.{8})(?=.)/g, '$1 ');
  return bytes.length > 32 ? `${shown} … (${bytes.length} bytes)` : shown;
}

/** A value of one field stands for itself; more have their names. */
function valueText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint') return hex(value);
  if (value instanceof Uint8Array) return bytesText(value);
  if (Array.isArray(value)) return value.map(valueText).join(', ');
  if (typeof value !== 'object' || value === null) return String(value);
  const fields = Object.entries(value).filter(([, inner]) => inner !== undefined);
  if (fields.length === 1) return valueText(fields[0]?.[1]);
  return fields.map(([name, inner]) => `${name} ${valueText(inner)}`).join(', ');
}
