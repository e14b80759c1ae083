import { raw, struct, u32 } from '@bzelf/bytes';

/** What the kernel is and how it wants to be entered; `params.flags` of the stub. */
export const STUB_FLAGS = {
  /** The kernel has the 32-bit entry at offset 0. */
  HAS_32: 0x01,
  /** The kernel has the 64-bit entry at offset 0x200. */
  HAS_64: 0x02,
  /** The kernel has only the 16-bit entry: the stub loads the real-mode part and goes back to real mode. */
  REAL16: 0x04,
  /** The kernel rounds its load address up to kernel_alignment and runs there. */
  RELOCATABLE: 0x08,
} as const;

/** In the order of the numbers that the stub knows. */
export const CMDLINE_MODES = ['default', 'append', 'override'] as const;
export const MULTIBOOT_CMDLINE_MODES = ['auto', 'strip', 'keep'] as const;

/** What the writer tells the stub. The same names and offsets are in data.S; signed fields are two's complement. */
// prettier-ignore
export const STUB_PARAMS = struct('stub_params', [
  // at   type    name                meaning (unit)
  [0x00,  raw(4), 'magic',            '"bzst"'],
  [0x04,  u32,    'kernel_offset',    'load address of the kernel minus that of the stub, signed'],
  [0x08,  u32,    'kernel_size',      'bytes'],
  [0x0c,  u32,    'kernel_run',       'the only address at which the kernel runs; 0: where it is loaded'],
  [0x10,  u32,    'init_size',        'memory that the kernel needs from its runtime start, bytes'],
  [0x14,  u32,    'kernel_alignment', 'the runtime start is a multiple of it; 0: any'],
  [0x18,  u32,    'lowest_run',       'a relocatable kernel does not run below (pref_address); 0: anywhere'],
  [0x1c,  u32,    'flags',            'STUB_FLAGS'],
  [0x20,  u32,    'bp_offset',        'boot_params template, which becomes the boot_params of the kernel'],
  [0x24,  u32,    'cmdline_offset',   'built-in command line, NUL-terminated'],
  [0x28,  u32,    'cmdline_size',     'bytes with the NUL; 0: none'],
  [0x2c,  u32,    'cmdline_max',      'longest command line that the kernel takes, bytes without the NUL'],
  [0x30,  u32,    'cmdline_mode',     '0 the loader\'s, else the built-in · 1 built-in, then the loader\'s · 2 built-in'],
  [0x34,  u32,    'mb_cmdline',       'first word of a Multiboot line: 0 auto · 1 strip · 2 keep'],
  [0x38,  u32,    'initrd_offset',    'built-in initrd, signed'],
  [0x3c,  u32,    'initrd_size',      'bytes; 0: none'],
  [0x40,  u32,    'setup_offset',     'real-mode part, signed; only with REAL16'],
  [0x44,  u32,    'setup_size',       'bytes'],
  [0x48,  u32,    'bss_offset',       'memory that the stub clears and uses, page aligned'],
  [0x4c,  u32,    'bss_size',         'bytes'],
]);
