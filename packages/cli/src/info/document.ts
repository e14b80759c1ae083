import { hex, isBzelfError, type BzelfError } from '@bzelf/bytes';
import { versionText, type BzImage } from '@bzelf/bzimage';
import type { KernelImage } from '@bzelf/loader';
import { attempt } from './attempt.js';
import { elfKind } from './elf-kind.js';
import { headerFields } from './header-fields.js';

/** What `info --json` prints. Source: docs/json.md, bzelf.info/1. */
export function infoDocument(file: string, kernel: KernelImage, compressor?: string) {
  const { form, bits, kernelVersion, bootProtocol, entries, placement, payload, subarch, image, warnings } = kernel;
  return {
    schema: 'bzelf.info/1',
    file,
    compressor,
    what: 'elf' in kernel ? elfKind(kernel.elf)?.what : undefined,
    size: kernel.source.size,
    form,
    bits,
    kernelVersion,
    bootProtocol: bootProtocol === undefined ? undefined : versionText(bootProtocol),
    madeBy: image?.madeBy,
    elf: 'elf' in kernel ? elfDocument(kernel) : undefined,
    bzImage: kernel.bzImage === undefined ? undefined : bzImageDocument(kernel.bzImage),
    entries,
    placement,
    payload,
    subarch,
    warnings,
  };
}

function elfDocument({ elf }: Extract<KernelImage, { elf: unknown }>) {
  const { e_type, e_machine, e_entry, e_phnum, e_shnum } = elf.header;
  return { class: elf.class, e_type, e_machine, e_entry, e_phnum, e_shnum };
}

function bzImageDocument(bzImage: BzImage) {
  const { pe, crc, setupSize, protectedMode, trailing } = bzImage;
  const kernelInfo = attempt(() => bzImage.kernelInfo);
  const certificates = attempt(() => bzImage.certificates);
  return {
    setupSize,
    protectedMode,
    trailing,
    crc: { ...crc, ...hexOf(crc) },
    kernelInfo: isBzelfError(kernelInfo) ? problem(kernelInfo) : kernelInfo,
    pe:
      pe === undefined
        ? undefined
        : {
            format: pe.format,
            machine: hex(pe.machine),
            imageVersion: `${pe.imageVersion.major}.${pe.imageVersion.minor}`,
            sections: pe.sections.map(({ name }) => name),
            signatures: isBzelfError(certificates) ? problem(certificates) : certificates.length,
          },
    setupHeader: headerFields(bzImage).map(({ offset, name, value, meaning, since }) => ({
      offset,
      name,
      value: hex(value),
      since: since === 0 ? undefined : versionText(since),
      meaning,
    })),
  };
}

const problem = ({ code, message, offset, field }: BzelfError) => ({ problem: { code, message, offset, field } });

const hexOf = ({ stored, computed }: BzImage['crc']) => ({
  stored: stored === undefined ? undefined : hex(stored, 8),
  computed: computed === undefined ? undefined : hex(computed, 8),
});
