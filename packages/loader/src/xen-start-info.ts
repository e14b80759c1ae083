import { raw, struct, u32, u64 } from '@bzelf/bytes';

/**
 * What a 64-bit Xen PV kernel finds at rsi. `shared_info`, `store_*` and `console_*` are the domain builder's to fill in.
 * Source: Xen public/xen.h, struct start_info.
 */
// prettier-ignore
export const XEN_START_INFO = struct('start_info', [
  [0x000, raw(32),   'magic',          '"xen-3.0-x86_64"'],
  [0x020, u64,       'nr_pages',       'pages of the domain'],
  [0x028, u64,       'shared_info',    'machine address'],
  [0x030, u32,       'flags',          'SIF_*'],
  [0x038, u64,       'store_mfn',      'xenstore ring'],
  [0x040, u32,       'store_evtchn',   ''],
  [0x048, u64,       'console_mfn',    'console ring'],
  [0x050, u32,       'console_evtchn', ''],
  [0x058, u64,       'pt_base',        'virtual, root of the page tables'],
  [0x060, u64,       'nr_pt_frames',   'pages of page tables'],
  [0x068, u64,       'mfn_list',       'virtual, the p2m list'],
  [0x070, u64,       'mod_start',      'virtual, or a page frame with SIF_MOD_START_PFN'],
  [0x078, u64,       'mod_len',        'bytes'],
  [0x080, raw(1024), 'cmd_line',       'NUL-terminated'],
  [0x480, u64,       'first_p2m_pfn',  'first page of the p2m list, when it is at INIT_P2M'],
  [0x488, u64,       'nr_p2m_frames',  'pages of the p2m list'],
]);

export const XEN_START_MAGIC = 'xen-3.0-x86_64';
/** mod_start is a page frame: the initrd is not mapped. */
export const SIF_MOD_START_PFN = 1 << 3;
export const XEN_CMDLINE_LIMIT = 1023;
