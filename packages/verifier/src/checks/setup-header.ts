import { getU16, hex, isBzelfError, isPowerOfTwo } from '@bzelf/bytes';
import { SETUP_HEADER, type BzImage } from '@bzelf/bzimage';
import { BZELF_IMAGE, BZELF_SUBARCH } from '@bzelf/elf';
import type { Where } from '../finding.js';
import { isElfSubject, notesOf, type ElfSubject, type Subject } from '../subject.js';
import { defineCheck, type Report } from './check.js';

/** Programs that are no Linux end a few bytes before what syssize says. Source: memtest86+, iPXE. */
const SYSSIZE_UNIT = 16;
const OLD_CMDLINE_AT = 0x20;
/** CL_MAGIC of boot protocols before 2.02, which setup code still honours. Source: arch/x86/boot/main.c. */
const OLD_CMDLINE_MAGIC = 0xa33f;
const SENTINEL_AT = 0x1ef;

// prettier-ignore
const FINDINGS = {
  'setup-header/cut-short': {
    severity: 'error', title: 'The file ends before the protected-mode kernel does',
    explanation: 'syssize says how long it is; a part of the kernel is missing.', remedy: 'get the file again and compare its size',
  },
  'setup-header/no-size': {
    severity: 'error', title: 'syssize is 0',
    explanation: 'A loader that reads by it, as kexec and firmware do, loads nothing of a kernel.', remedy: 'get the file again; the kernel build writes this field',
  },
  'setup-header/loaders-own': {
    severity: 'error', title: 'A field that loaders fill in is not 0 in the file',
    explanation: 'A loader that has no initrd, no setup_data or no subarch to pass leaves the field alone, and the kernel believes it.', remedy: 'write 0 into it, or build the kernel again',
  },
  'setup-header/init-size': {
    severity: 'error', title: 'init_size is less than the protected-mode kernel',
    explanation: 'The kernel itself lies in the memory that init_size reserves; loaders would put other things over its end.', remedy: 'build the kernel again; nothing but the linker writes this field',
  },
  'setup-header/alignment': {
    severity: 'error', title: 'kernel_alignment of a relocatable kernel is no power of two',
    explanation: 'Loaders round addresses with it; the kernel computes its own start from it.', remedy: 'build the kernel again',
  },
  'setup-header/min-alignment': {
    severity: 'error', title: 'kernel_alignment is less than min_alignment allows',
    explanation: 'The kernel cannot run at a multiple of kernel_alignment that is no multiple of 2 to the power of min_alignment.', remedy: 'build the kernel again',
  },
  'setup-header/pref-address': {
    severity: 'warning', title: 'pref_address is no multiple of kernel_alignment',
    explanation: 'The kernel runs at the next multiple, and not where it prefers to be.', remedy: 'check CONFIG_PHYSICAL_START and CONFIG_PHYSICAL_ALIGN',
  },
  'setup-header/handover': {
    severity: 'error', title: 'handover_offset is behind the protected-mode kernel',
    explanation: 'EFI loaders that use the handover entry jump there.', remedy: 'get the file again',
  },
  'setup-header/kernel-info': {
    severity: 'error', title: 'kernel_info is not where kernel_info_offset says',
    explanation: 'Loaders that read it, for setup_type_max, refuse the kernel or read code.', remedy: 'get the file again',
  },
  'setup-header/image-note': {
    severity: 'error', title: 'IMAGE says other than the setup_header',
    explanation: 'Bitness and boot protocol version of the kernel are in both.', remedy: 'wrap the bzImage again',
  },
  'setup-header/subarch': {
    severity: 'note', title: 'SUBARCH is not the hardware_subarch of the setup_header',
    explanation: 'The stub of a container sets it; in place, the loader has to put it into boot_params.', remedy: 'nothing, if --subarch was given',
  },
  'setup-header/sentinel': {
    severity: 'warning', title: 'The byte before the setup_header is 0',
    explanation: 'The kernel knows by it that a loader copied the whole sector into boot_params, and then clears what cannot be meant.', remedy: 'wrap the bzImage again',
  },
  'setup-header/old-command-line': {
    severity: 'error', title: 'The ELF header looks like a command line of boot protocol 2.01',
    explanation: '0xa33f at 0x20 makes setup code take what follows for the offset of a command line when the loader gives none.', remedy: 'wrap the bzImage again',
  },
} as const;
type Reporter = Report<typeof FINDINGS>;

export const setupHeaderCheck = defineCheck({
  name: 'setup-header',
  doc: 'The fields of the setup_header are possible, and the notes repeat them rightly.',
  findings: FINDINGS,
  run(subject, report) {
    const { bz } = subject;
    if (bz === undefined) return;
    checkSizes(bz, report);
    checkPlacement(bz, report);
    checkLoadersOwn(bz, report);
    if (isElfSubject(subject)) checkNotes(subject, bz, report);
    if (subject.kernel.form === 'inplace') checkOverlay(subject, bz, report);
    if (!hasGoodKernelInfo(bz)) report('setup-header/kernel-info', field(bz, 'kernel_info_offset'));
  },
});

function field({ header }: BzImage, name: keyof BzImage['header'] & string, expected?: Where['expected']): Where {
  const found = header[name];
  return {
    offset: SETUP_HEADER.field(name as Parameters<typeof SETUP_HEADER.field>[0]).at,
    field: name,
    ...(found === undefined ? {} : { found }),
    ...(expected === undefined ? {} : { expected }),
  };
}

/** Reading the block is what checks it. */
function hasGoodKernelInfo(bz: BzImage): boolean {
  try {
    return bz.kernelInfo !== null;
  } catch (error) {
    if (!isBzelfError(error)) throw error;
    return false;
  }
}

function checkSizes(bz: BzImage, report: Reporter): void {
  const { header, protectedMode } = bz;
  const declared = (header.syssize ?? 0) * SYSSIZE_UNIT;
  const isLinux = bz.payload !== undefined;
  if (isLinux && header.syssize === 0) report('setup-header/no-size', field(bz, 'syssize'));
  if (declared >= protectedMode.size + (isLinux ? 1 : SYSSIZE_UNIT))
    report(
      'setup-header/cut-short',
      field(bz, 'syssize', `at most ${hex(Math.floor(protectedMode.size / SYSSIZE_UNIT))}, in units of 16 bytes`),
    );
  const { init_size, handover_offset } = header;
  if (init_size !== undefined && init_size !== 0 && init_size < protectedMode.size)
    report('setup-header/init-size', field(bz, 'init_size', `${hex(protectedMode.size)} or more`));
  if (bz.payload !== undefined && handover_offset !== undefined && handover_offset >= protectedMode.size)
    report('setup-header/handover', field(bz, 'handover_offset', `less than ${hex(protectedMode.size)}`));
}

function checkPlacement(bz: BzImage, report: Reporter): void {
  const { relocatable_kernel, kernel_alignment, min_alignment, pref_address } = bz.header;
  if (!relocatable_kernel || kernel_alignment === undefined) return;
  if (!isPowerOfTwo(BigInt(kernel_alignment))) report('setup-header/alignment', field(bz, 'kernel_alignment'));
  else if (pref_address !== undefined && pref_address % BigInt(kernel_alignment) !== 0n)
    report('setup-header/pref-address', field(bz, 'pref_address'));
  // boot.rst, field min_alignment: a power of two, if nonzero
  if (min_alignment && kernel_alignment < 2 ** min_alignment)
    report('setup-header/min-alignment', field(bz, 'kernel_alignment', 2 ** min_alignment));
}

/** boot.rst: written by the boot loader. */
const LOADERS_OWN = [
  'type_of_loader',
  'ramdisk_image',
  'ramdisk_size',
  'cmd_line_ptr',
  'hardware_subarch',
  'setup_data',
] as const;

/** What is no Linux may use them as it likes. */
function checkLoadersOwn(bz: BzImage, report: Reporter): void {
  if (bz.payload === undefined) return;
  for (const name of LOADERS_OWN) if (bz.header[name]) report('setup-header/loaders-own', field(bz, name, 0));
}

function checkNotes(subject: ElfSubject, bz: BzImage, report: Reporter): void {
  const [image] = notesOf(subject, 'bzelf-image');
  if (image !== undefined) {
    const { bits, bootProtocol } = image.value;
    const rows = [
      { name: 'bits', found: bits, expected: bz.bits },
      { name: 'boot_protocol', found: bootProtocol, expected: bz.version },
    ] as const;
    for (const { name, found, expected } of rows)
      if (found !== expected)
        report('setup-header/image-note', {
          offset: image.note.descOffset + BZELF_IMAGE.field(name).at,
          field: `IMAGE.${name}`,
          found,
          expected,
        });
  }
  const [subarch] = notesOf(subject, 'bzelf-subarch');
  if (subarch !== undefined && subarch.value.subarch !== (bz.header.hardware_subarch ?? 0))
    report('setup-header/subarch', {
      offset: subarch.note.descOffset + BZELF_SUBARCH.field('subarch').at,
      field: 'SUBARCH.subarch',
      found: subarch.value.subarch,
      expected: bz.header.hardware_subarch ?? 0,
    });
}

/** What the first 0x1f0 bytes mean to setup code, once an ELF header is there. */
function checkOverlay({ source }: Subject, { payload }: BzImage, report: Reporter): void {
  const found = getU16(source.read(OLD_CMDLINE_AT, 2));
  if (found === OLD_CMDLINE_MAGIC) report('setup-header/old-command-line', { offset: OLD_CMDLINE_AT, found });
  // Linux has had it since 3.8; what is no Linux need not.
  if (payload !== undefined && source.read(SENTINEL_AT, 1)[0] === 0)
    report('setup-header/sentinel', { offset: SENTINEL_AT, field: 'sentinel', found: 0, expected: 'not 0' });
}
