/** Fields of the setup_header at their edges. */
import { header } from './edits';
import type { FileMutation } from './mutation';

// prettier-ignore
const EDGES: readonly (readonly [field: string, values: object, code: string])[] = [
  ['setup_sects of 0',             { setup_sects: 0 }, 'setup-header/kernel-info'],
  ['setup_sects one less',         { setup_sects: 30 }, 'setup-header/kernel-info'],
  ['setup_sects one more',         { setup_sects: 32 }, 'setup-header/cut-short'],
  ['setup_sects of 255',           { setup_sects: 255 }, 'setup-header/cut-short'],
  ['syssize of 0',                 { syssize: 0 }, 'setup-header/no-size'],
  ['syssize one more',             { syssize: 0x17c41 }, 'setup-header/cut-short'],
  ['syssize at its end',           { syssize: 0xffff_ffff }, 'setup-header/cut-short'],
  ['jump over nothing',            { jump: 0x00eb }, 'file/malformed'],
  ['version 2.00',                 { version: 0x200 }, 'run/plan'],
  ['version 2.05',                 { version: 0x205 }, 'run/plan'],
  ['kernel_alignment of 1',        { kernel_alignment: 1 }, 'setup-header/min-alignment'],
  ['kernel_alignment at its end',  { kernel_alignment: 0x8000_0000 }, 'setup-header/pref-address'],
  ['min_alignment of 40',          { min_alignment: 40 }, 'setup-header/min-alignment'],
  ['xloadflags of 0',              { xloadflags: 0 }, 'run/plan'],
  ['cmdline_size of 0',            { cmdline_size: 0 }, 'run/plan'],
  ['cmdline_size of 3',            { cmdline_size: 3 }, 'run/plan'],
  ['hardware_subarch of 1',        { hardware_subarch: 1 }, 'setup-header/loaders-own'],
  ['hardware_subarch at its end',  { hardware_subarch: 0xffff_ffff }, 'setup-header/loaders-own'],
  ['payload_offset of 0',          { payload_offset: 0 }, 'payload/unknown'],
  ['payload_offset one more',      { payload_offset: 0x2c5 }, 'payload/unknown'],
  ['payload_offset at its end',    { payload_offset: 0xffff_ffff }, 'file/malformed'],
  ['payload_length of 0',          { payload_length: 0 }, 'run/fault'],
  ['payload_length at its end',    { payload_length: 0xffff_ffff }, 'file/malformed'],
  ['setup_data of 1',              { setup_data: 1n }, 'setup-header/loaders-own'],
  ['pref_address at its end',      { pref_address: 0xffff_ffff_ffff_f000n }, 'setup-header/pref-address'],
  ['init_size of 1',               { init_size: 1 }, 'setup-header/init-size'],
  ['init_size at its end',         { init_size: 0xffff_ffff }, 'run/plan'],
  ['handover_offset at its end',   { handover_offset: 0xffff_ffff }, 'setup-header/handover'],
  ['kernel_info_offset of 1',      { kernel_info_offset: 1 }, 'setup-header/kernel-info'],
  ['kernel_info_offset at its end', { kernel_info_offset: 0xffff_ffff }, 'setup-header/kernel-info'],
  ['cmd_line_ptr',                 { cmd_line_ptr: 0x1000 }, 'setup-header/loaders-own'],
  ['type_of_loader',               { type_of_loader: 0xb0 }, 'setup-header/loaders-own'],
  ['ramdisk_image',                { ramdisk_image: 0x100_0000 }, 'setup-header/loaders-own'],
  ['ramdisk_size',                 { ramdisk_size: 0xffff }, 'setup-header/loaders-own'],
];

export const HEADERS: readonly FileMutation[] = EDGES.map(([name, values, code]) => ({
  name,
  base: 'bzImage',
  change: header(values),
  code,
}));
