import { errorFactory } from '@bzelf/bytes';

export const BZIMAGE_ERRORS = {
  'bzimage/too-short': 'The file is too short to hold a setup_header',
  'bzimage/bad-magic': 'This is not a Linux x86 boot image: no "HdrS" at 0x202',
  'bzimage/too-old': 'The boot protocol is older than 2.00; such kernels are not supported',
  'bzimage/zimage': 'This is a zImage (LOADED_HIGH is clear); only bzImages are supported',
  'bzimage/header-too-short': 'The setup_header ends before the fields that protocol 2.00 has',
  'bzimage/no-protected-mode': 'The file ends before the protected-mode kernel begins',
  'bzimage/bad-kernel-info': 'The kernel_info block is malformed',
  'bzimage/bad-certificates': 'The PE certificate table is malformed',
  'bzimage/no-payload': 'This image has no compressed payload',
  'bzimage/unknown-compressor': 'The payload starts with no known compression magic',
  'bzimage/payload-past-end': 'The payload reaches past the end of the protected-mode kernel',
  'bzimage/payload-corrupt': 'The compressed payload is corrupt',
  'bzimage/payload-unsupported': 'The payload uses a feature of its format that is not supported',
  'bzimage/payload-size-unknown': 'This format needs the decompressed size, and none is known',
  'bzimage/payload-too-large': 'The payload decompresses to more than the limit',
  'bzimage/decoder-missing': 'The library that decodes this format cannot be loaded on this machine',
  'bzimage/bad-vmlinux': 'The decompressed payload is not an ELF kernel',
  'bzimage/bad-relocations': 'The relocation table behind the vmlinux is malformed',
  'bzimage/relocation-outside': 'A relocation points outside the kernel image',
  'bzimage/bad-boot-params': 'These are not boot_params as asked for',
  'bzimage/bad-setup-data': 'The setup_data list is malformed',
} as const;

export const fail = errorFactory(BZIMAGE_ERRORS);
