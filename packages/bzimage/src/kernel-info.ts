import { struct, u32, type StructValues } from '@bzelf/bytes';
import { fail } from './errors.js';

/** The fixed part of kernel_info. Source: boot.rst, "The kernel_info"; arch/x86/boot/compressed/kernel_info.S. */
// prettier-ignore
export const KERNEL_INFO = struct('kernel_info', [
  [0x0, u32, 'header',         'magic "LToP"'],
  [0x4, u32, 'size',           'the fixed part with this header, bytes'],
  [0x8, u32, 'size_total',     'with the variable chunks, bytes'],
  [0xc, u32, 'setup_type_max', 'highest setup_data type that the kernel knows'],
]);

export type KernelInfo = StructValues<typeof KERNEL_INFO>;

const LTOP = 0x506f544c;

/** `bytes` are those from kernel_info on; `offset` is where they lie in the file. Throws bzimage/bad-kernel-info. */
export function readKernelInfo(bytes: Uint8Array, offset: number): KernelInfo {
  if (bytes.length < KERNEL_INFO.size)
    throw fail('bzimage/bad-kernel-info', { offset, found: bytes.length, expected: `${KERNEL_INFO.size} bytes` });
  const info = KERNEL_INFO.read(bytes);
  if (info.header !== LTOP)
    throw fail('bzimage/bad-kernel-info', {
      offset,
      field: 'kernel_info.header',
      found: info.header,
      expected: '0x506f544c ("LToP")',
    });
  if (info.size < KERNEL_INFO.size || info.size_total < info.size)
    throw fail('bzimage/bad-kernel-info', {
      offset: offset + 4,
      field: 'kernel_info.size',
      found: info.size,
      expected: 'at least 0x10, and size_total no less',
    });
  return info;
}
