import { toSource, type ByteSource } from '@bzelf/bytes';
import { probeBzImage, readBzImage, type BzImage } from '@bzelf/bzimage';
import { probeElf, readElf, type OriginNote } from '@bzelf/elf';
import { bzImageFacts } from './bzimage-facts.js';
import { elfFacts, notesOf } from './elf-facts.js';
import { attempt, decodedNotes } from './decoded-notes.js';
import { fail } from './errors.js';
import type { KernelImage } from './kernel.js';
import { originSource } from './origin-source.js';

/**
 * What a file is and how it may be entered: a bzImage, one of our three forms, or any other ELF file.
 * Reads headers and notes only. Throws loader/not-a-kernel, and what the readers of the two formats throw.
 */
export function openKernel(input: Uint8Array | ByteSource): KernelImage {
  const source = toSource(input);
  if (probeElf(source)) return openElf(source);
  if (probeBzImage(source)) {
    const bzImage = readBzImage(source);
    return { form: 'bzimage', source, bzImage, warnings: [], ...bzImageFacts(bzImage) };
  }
  throw fail('loader/not-a-kernel', {
    offset: 0,
    field: 'magic',
    found: [...source.read(0, Math.min(4, source.size))].map((byte) => byte.toString(16).padStart(2, '0')).join(' '),
    expected: '7f 45 4c 46 at 0 (ELF), or "HdrS" at 0x202 (bzImage)',
    hint: 'a compressed vmlinux (vmlinux.gz) must be decompressed first',
  });
}

function openElf(source: ByteSource): KernelImage {
  const elf = readElf(source);
  const { notes, warnings } = decodedNotes(elf);
  const own = notesOf(notes);
  if (own.image?.form === 'inplace') {
    const bzImage = readBzImage(source);
    const facts = bzImageFacts(bzImage);
    return { form: 'inplace', source, elf, bzImage, warnings, ...facts, ...elfFacts(elf, notes, facts) };
  }
  if (own.image?.form === 'container') {
    const bzImage = own.origin === undefined ? undefined : innerBzImage(source, own.origin, warnings);
    const facts = elfFacts(elf, notes);
    const version = bzImage?.kernelVersion === undefined ? {} : { kernelVersion: bzImage.kernelVersion };
    return {
      form: 'container',
      source,
      elf,
      warnings,
      ...facts,
      ...version,
      ...(bzImage === undefined ? {} : { bzImage }),
    };
  }
  const facts = elfFacts(elf, notes);
  if (probeBzImage(source))
    warnings.push('the file has a bzImage header, too: QEMU and GRUB would take it for a bzImage');
  return { form: facts.isLinux ? 'vmlinux' : 'elf', source, elf, warnings, ...facts };
}

/** A container whose ORIGIN is damaged can still be loaded by its own entries. */
function innerBzImage(source: ByteSource, origin: OriginNote, warnings: string[]): BzImage | undefined {
  return attempt(() => readBzImage(originSource(source, origin)), warnings);
}
