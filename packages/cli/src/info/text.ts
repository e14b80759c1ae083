import { hex, isBzelfError, type BzelfError } from '@bzelf/bytes';
import { versionText, type BzImage } from '@bzelf/bzimage';
import { E_MACHINE_NAMES, E_TYPE_NAMES, subarchName, type PlacementNote } from '@bzelf/elf';
import type { KernelImage } from '@bzelf/loader';
import { count } from '../print/note-value.js';
import type { Paint } from '../print/paint.js';
import { printable } from '../print/printable.js';
import { ENTRY_HEADINGS, entryRow, sizeText } from '../print/ranges.js';
import { table } from '../print/table.js';
import { attempt } from './attempt.js';
import { elfKind } from './elf-kind.js';
import { headerFields } from './header-fields.js';

/** What each form is, in a few words. */
const FORM_WORDS: Readonly<Record<KernelImage['form'], string>> = {
  bzimage: 'bzImage',
  inplace: 'bzImage with an ELF header over its first bytes (form inplace)',
  container: 'ELF file around a bzImage (form container)',
  vmlinux: 'Linux kernel as ELF file (vmlinux)',
  elf: 'ELF file',
};

export function infoText(file: string, kernel: KernelImage, paint: Paint, compressor?: string): string {
  const kind = 'elf' in kernel && kernel.image === undefined ? elfKind(kernel.elf) : undefined;
  const words = kind?.what ?? FORM_WORDS[kernel.form];
  const packed = compressor === undefined ? '' : `${compressor}-compressed `;
  const told = kernelFacts(kernel).filter(([name]) => name !== 'kernel' || kind?.isBooted !== false);
  const facts = [
    ...(kind?.facts ?? []),
    ...told,
    ...(kernel.bzImage === undefined ? [] : bzImageFacts(kernel.bzImage)),
  ];
  const rows = facts.map(([name, value]) => [paint.cyan(name), printable(value)]);
  const entries = (kind?.isBooted === false ? [] : kernel.entries).map((entry) => [...entryRow(entry), entry.evidence]);
  const blocks = [
    `${paint.bold(printable(file))}: ${packed}${words}\n${table(rows, { indent: 2 })}`,
    entries.length === 0
      ? ''
      : `${paint.bold('Entries')}\n${table([[...ENTRY_HEADINGS, 'told by'], ...entries], { indent: 2 })}`,
    kernel.bzImage === undefined ? '' : headerText(kernel.bzImage, paint),
    kernel.warnings.map((warning) => `${paint.yellow('warning:')} ${printable(warning)}\n`).join(''),
  ];
  return blocks.filter((block) => block !== '').join('\n');
}

/** Name and value. */
export type Fact = readonly [string, string];

export function kernelFacts(kernel: KernelImage): Fact[] {
  const { kernelVersion, bootProtocol, bits, placement, payload, subarch, image } = kernel;
  const facts: Fact[] = [];
  if (kernelVersion !== undefined) facts.push(['version', kernelVersion]);
  const protocol = bootProtocol === undefined ? '' : `, boot protocol ${versionText(bootProtocol)}`;
  if (kernel.form !== 'elf' || protocol !== '') facts.push(['kernel', `${bits}-bit${protocol}`]);
  if ('elf' in kernel) facts.push(['ELF', elfText(kernel)]);
  if (image !== undefined) facts.push(['made by', image.madeBy]);
  facts.push(['file', sizeText(kernel.source.size)]);
  if (payload !== undefined) {
    const { compressor, length, uncompressedLength } = payload;
    const size = uncompressedLength === 0 ? '' : `, ${sizeText(uncompressedLength)} decompressed`;
    facts.push(['payload', `${compressor}, ${sizeText(length)}${size}`]);
  }
  if (placement !== undefined) facts.push(['placement', placementText(placement)]);
  if (subarch !== undefined && (subarch.subarch !== 0 || subarch.data !== 0n)) {
    facts.push(['subarch', `${subarchName(subarch.subarch) ?? hex(subarch.subarch)}, data ${hex(subarch.data)}`]);
  }
  return facts;
}

function elfText({ elf: { class: elfClass, header } }: Extract<KernelImage, { elf: unknown }>): string {
  const { e_type, e_machine, e_entry, e_phnum } = header;
  const type = nameOr(E_TYPE_NAMES, e_type);
  return `ELF${elfClass}, ${type}, ${nameOr(E_MACHINE_NAMES, e_machine)}, entry ${hex(e_entry)}, ${count(e_phnum, 'program header')}`;
}

const nameOr = (names: Readonly<Record<number, string>>, value: number): string => names[value] ?? hex(value);

function placementText({ relocatable, alignment, preferred, initSize, lowest, highest }: PlacementNote): string {
  const needs = `needs ${sizeText(initSize)} from its start`;
  if (!relocatable) return `at ${hex(preferred)} only, ${needs}`;
  return `prefers ${hex(preferred)}, from ${hex(lowest)} to ${hex(highest)} in steps of ${sizeText(alignment)}, ${needs}`;
}

export function bzImageFacts(bzImage: BzImage): Fact[] {
  const { setupSize, protectedMode, trailing } = bzImage;
  const parts = `setup ${sizeText(setupSize)}, protected-mode kernel ${sizeText(protectedMode.size)}`;
  const facts: Fact[] = [['bzImage', trailing.size === 0 ? parts : `${parts}, ${sizeText(trailing.size)} behind it`]];
  facts.push(['CRC-32', crcText(bzImage.crc)]);
  facts.push(['EFI', efiText(bzImage)]);
  const info = attempt(() => bzImage.kernelInfo);
  if (info !== undefined)
    facts.push(['kernel_info', isBzelfError(info) ? problemText(info) : `setup_type_max ${hex(info.setup_type_max)}`]);
  return facts;
}

const problemText = ({ code, message }: BzelfError): string => `${code}: ${message}`;

function crcText({ state, stored, computed }: BzImage['crc']): string {
  switch (state) {
    case 'good':
      return `good (${hex(stored ?? 0, 8)})`;
    case 'signed':
      return 'good but for what signing changed';
    case 'bad':
      return `bad: ${hex(stored ?? 0, 8)}, and the bytes give ${hex(computed ?? 0, 8)}`;
    case 'none':
      return 'none';
  }
}

function efiText(bzImage: BzImage): string {
  const { pe } = bzImage;
  if (pe === undefined) return 'no PE header, EFI cannot start it';
  const certificates = attempt(() => bzImage.certificates);
  const signed = isBzelfError(certificates) ? problemText(certificates) : count(certificates.length, 'signature');
  const sections = pe.sections.map(({ name }) => name).join(' ');
  return `${pe.format}, image version ${pe.imageVersion.major}.${pe.imageVersion.minor}, sections ${sections || 'none'}, ${signed}`;
}

function headerText(bzImage: BzImage, paint: Paint): string {
  const rows = headerFields(bzImage).map(({ offset, name, value, digits, meaning }) => [
    hex(offset, 3),
    name,
    hex(value, digits),
    meaning,
  ]);
  return `${paint.bold('setup_header')}\n${table(rows, { indent: 2, right: [2] })}`;
}
