import { equalBytes, hex, thousands } from '@bzelf/bytes';
import { placeVmlinux } from '@bzelf/bzimage';
import { memoryImage, type InnerKernel, type KernelImage } from '@bzelf/loader';
import type { Finding } from '../finding.js';
import { bytesOf } from '../start.js';
import { executionFinding } from './findings.js';

export interface Slides {
  readonly physical: bigint;
  readonly virtual: bigint;
}

export interface ImageVerdict {
  readonly slides: Slides;
  /** Bytes that were compared. */
  readonly bytes: number;
  readonly findings: readonly Finding[];
}

/** Compares the kernel in memory with what decompressing, placing and relocating gives, at the place to which the decompressor has jumped. */
export function checkImage(ram: Uint8Array, kernel: KernelImage, inner: InnerKernel, entry: bigint): ImageVerdict {
  const physical = entry - inner.elf.header.e_entry;
  const slides = { physical, virtual: virtualSlide(ram, inner, physical) };
  if (physical % inner.alignment !== 0n)
    return {
      slides,
      bytes: 0,
      findings: [
        executionFinding('image/slide', {
          found: entry,
          expected: `a multiple of ${hex(inner.alignment)} from where it is linked`,
        }),
      ],
    };
  let bytes = 0;
  const findings: Finding[] = [];
  for (const segment of memoryImage(inner, slides)) {
    if (segment.from === undefined) continue;
    const expected = bytesOf({ ...segment, from: segment.from }, { kernel: kernel.source });
    const at = Number(segment.to);
    const found = ram.subarray(at, at + expected.length);
    bytes += expected.length;
    if (!equalBytes(expected, found)) findings.push(difference(expected, found, at));
  }
  return { slides, bytes, findings };
}

/** A 64-bit kernel's virtual slide is in the first address that relocation changes; a 32-bit kernel has one slide. */
function virtualSlide(ram: Uint8Array, { elf, relocations, is64 }: InnerKernel, physical: bigint): bigint {
  if (!is64) return physical;
  const address = relocations?.abs64[0];
  if (address === undefined) return 0n;
  const bytes = elf.source.read(0, elf.source.size);
  const { linkBase, virtualBase, segments } = placeVmlinux(bytes);
  const paddr = linkBase + BigInt((address - Number(BigInt.asUintN(32, virtualBase + linkBase))) >>> 0);
  const segment = segments.find((s) => paddr >= s.paddr && paddr + 8n <= s.paddr + BigInt(s.filesz));
  const now = Number(paddr + physical);
  if (segment === undefined || now + 8 > ram.length) return 0n;
  return BigInt.asIntN(64, u64(ram, now) - u64(bytes, segment.offset + Number(paddr - segment.paddr)));
}

const u64 = (bytes: Uint8Array, at: number): bigint =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(at, true);

function difference(expected: Uint8Array, found: Uint8Array, at: number): Finding {
  let count = 0;
  let first = -1;
  for (let i = 0; i < expected.length; i++) {
    if (expected[i] === found[i]) continue;
    if (first < 0) first = i;
    count++;
  }
  return executionFinding('image/differs', {
    field: `memory at ${hex(at + first)}`,
    found: `${hex(found[first] ?? 0)}; ${thousands(count)} of ${thousands(expected.length)} bytes ${count === 1 ? 'differs' : 'differ'}`,
    expected: expected[first] ?? 0,
  });
}
