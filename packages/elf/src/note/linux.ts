/** Notes of owner "Linux" in kernels, modules and the vDSO. Source: Linux include/linux/elfnote-lto.h, build-salt.h. */
import { u32Note, defineNote, badSize } from './codec.js';
import { asciz, getU32, le, readAsciz } from '@bzelf/bytes';

export const LINUX_OWNER = 'Linux';

export const linuxVersion = defineNote({
  kind: 'linux-version',
  owner: LINUX_OWNER,
  type: 0,
  name: 'LINUX_VERSION_CODE',
  doc: 'kernel version of the vDSO',
  encodeDesc: ({ code }: { readonly code: number; readonly version?: string }) => le(code, 4),
  decodeDesc(desc): { readonly code: number; readonly version?: string } {
    if (desc.length !== 4) throw badSize('LINUX_VERSION_CODE', desc, '4');
    const code = getU32(desc);
    return { code, version: `${code >>> 16}.${(code >>> 8) & 0xff}.${code & 0xff}` };
  },
});

export const linuxBuildSalt = defineNote({
  kind: 'linux-build-salt',
  owner: LINUX_OWNER,
  type: 0x100,
  name: 'LINUX_ELFNOTE_BUILD_SALT',
  doc: 'CONFIG_BUILD_SALT; on Debian the kernel release',
  encodeDesc: ({ salt }: { readonly salt: string }) => asciz(salt),
  decodeDesc: (desc) => ({ salt: readAsciz(desc) }),
});

export const linuxLtoInfo = u32Note({
  kind: 'linux-lto-info',
  owner: LINUX_OWNER,
  type: 0x101,
  name: 'LINUX_ELFNOTE_LTO_INFO',
  doc: '1: built with link-time optimisation',
});

export const LINUX_NOTES = [linuxVersion, linuxBuildSalt, linuxLtoInfo] as const;
