import { defineCommand } from './define.js';
import { CMDLINE_MODE_CHOICES, FORM_CHOICES, MULTIBOOT_CMDLINE_CHOICES, TARGET_CHOICES } from './names.js';

export interface WrapArgs {
  in: string;
  output?: string | undefined;
  form: (typeof FORM_CHOICES)[number];
  target: string;
  class?: '32' | '64' | undefined;
  cmdline?: string | undefined;
  'cmdline-mode'?: (typeof CMDLINE_MODE_CHOICES)[number] | undefined;
  'mb-cmdline'?: (typeof MULTIBOOT_CMDLINE_CHOICES)[number] | undefined;
  initrd?: string | undefined;
  subarch?: string | undefined;
  note?: string[] | undefined;
  map?: string[] | undefined;
  'inspect-payload': boolean;
  'allow-efi-loss': boolean;
  'in-place': boolean;
  quiet: boolean;
  json: boolean;
}

export const wrapCommand = defineCommand<WrapArgs>(
  {
    command: 'wrap <in>',
    describe: 'Write an ELF file that carries a bzImage',
    builder: (yargs) =>
      yargs
        .positional('in', { type: 'string', demandOption: true, describe: 'bzImage, or - for stdin' })
        .option('output', { alias: 'o', type: 'string', describe: 'ELF file to write, or - for stdout' })
        .option('form', { choices: FORM_CHOICES, default: 'container' as const, describe: 'what to make of it' })
        .option('target', {
          choices: TARGET_CHOICES,
          default: 'pvh',
          describe: 'loader that will read it (bzelf targets)',
        })
        .option('class', { choices: ['32', '64'] as const, describe: 'ELF class, where the target leaves a choice' })
        .option('cmdline', { type: 'string', describe: 'built-in kernel command line' })
        .option('cmdline-mode', {
          choices: CMDLINE_MODE_CHOICES,
          describe: 'against the one of the loader: when that is empty; in front of it; instead of it',
        })
        .option('mb-cmdline', {
          choices: MULTIBOOT_CMDLINE_CHOICES,
          describe: 'is the first word of a Multiboot command line the file name?',
        })
        .option('initrd', { type: 'string', describe: 'built-in initrd, for when the loader brings none' })
        .option('subarch', {
          type: 'string',
          describe: 'hardware_subarch: pc, lguest, xen, intel-mid, ce4100 or a number; :DATA',
        })
        .option('note', {
          type: 'string',
          array: true,
          nargs: 1,
          describe: 'one more note, OWNER:TYPE=hex:DIGITS | text:WORDS | @FILE',
        })
        .option('map', {
          type: 'string',
          array: true,
          nargs: 1,
          describe: 'one more range to map, PURPOSE:START+LEN:rwx[:optional]',
        })
        .option('inspect-payload', {
          type: 'boolean',
          default: false,
          describe: 'decompress, to note the SHA-256 and carry notes of the vmlinux over',
        })
        .option('allow-efi-loss', {
          type: 'boolean',
          default: false,
          describe: 'inplace: accept that EFI cannot load it any more',
        })
        .option('in-place', { type: 'boolean', default: false, describe: 'write over the input' })
        .option('quiet', { alias: 'q', type: 'boolean', default: false, describe: 'no summary on stderr' })
        .option('json', { type: 'boolean', default: false, describe: 'summary and errors as JSON' })
        .example('$0 wrap bzImage -o kernel.elf', 'boots in QEMU, Xen, Firecracker: -kernel kernel.elf')
        .example('$0 wrap bzImage -o kernel.elf --target multiboot', 'for GRUB and iPXE')
        .example('$0 wrap bzImage --in-place --form inplace', 'the file stays a bzImage, too'),
  },
  async () => (await import('../run/wrap.js')).runWrap,
);
