import { asciz, concat, le, phys } from '@bzelf/bytes';
import { EBN_GENERIC, ELFBOOT_MAGIC, encodeElfBootBlock } from '@bzelf/elf';
import { fail } from '../errors.js';
import { loadElf } from '../load-image.js';
import type { Protocol } from './protocol.js';

const FOUR_GIB = 1n << 32n;
const CMDLINE_LIMIT = 0xffff;
const STACK_SIZE = 0x1000;

/**
 * The block goes in eax/ebx (LinuxBIOS, FILO) and on the stack (Etherboot, kexec), so that a program finds it whichever
 * loader it was written for. Source: Etherboot src/include/elf_boot.h; FILO main/elfload.c.
 */
export const elfboot: Protocol = {
  name: 'elfboot',
  doc: 'ELFBoot (LinuxBIOS, FILO, Etherboot, kexec): flat protected mode, eax = magic, ebx = records; no initrd',
  plan(kernel, kernelEntry, builder) {
    if (kernel.form === 'bzimage')
      throw fail('loader/no-entry', { field: 'protocol', found: 'elfboot', expected: 'an ELF file' });
    if (builder.options.initrd !== undefined)
      throw fail('loader/bad-option', {
        field: 'initrd',
        found: 'an initrd',
        expected: 'none: ELFBoot has no record for it',
      });
    const { delta } = loadElf(kernel, builder, 'elfboot');
    const line = builder.cmdlineBytes(CMDLINE_LIMIT) ?? asciz('');
    const text = (type: number, value: Uint8Array) => ({ owner: '', type, desc: value });
    const bytes = encodeElfBootBlock([
      text(EBN_GENERIC.EBN_BOOTLOADER_NAME, asciz(builder.options.bootloader ?? 'bzelf')),
      text(EBN_GENERIC.EBN_COMMAND_LINE, line),
    ]);
    const at = builder.room(bytes.length, 'elfboot', { high: FOUR_GIB });
    const stack = builder.room(STACK_SIZE, 'stack');
    const top = phys(stack + BigInt(STACK_SIZE - 16));
    builder.copy(top, { bytes: concat([le(0, 4), le(at, 4)]) }, 'stack');
    const entry = phys(kernelEntry.address + delta);
    const cpu = builder.flatCpu('protected32', entry, { rax: BigInt(ELFBOOT_MAGIC), rbx: at, rsp: top });
    return builder.finish({
      protocol: 'elfboot',
      entry,
      cpu,
      parameterBlock: builder.parameterBlock('elfboot', at, bytes),
    });
  },
};
