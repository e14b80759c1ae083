import { defineCommand } from './define.js';
import { READER_CHOICES } from './names.js';

export interface NotesArgs {
  file: string;
  json: boolean;
  xml: boolean;
  raw: boolean;
  inner: boolean;
  as?: (typeof READER_CHOICES)[number] | undefined;
}

export const notesCommand = defineCommand<NotesArgs>(
  {
    command: 'notes <file>',
    describe: 'Show every note of an ELF file or bzImage',
    builder: (yargs) =>
      yargs
        .positional('file', {
          type: 'string',
          demandOption: true,
          describe: 'ELF file or bzImage, also compressed, or - for stdin',
        })
        .option('json', { type: 'boolean', default: false, describe: 'as JSON' })
        .option('xml', { type: 'boolean', default: false, describe: 'as XML' })
        .option('raw', { type: 'boolean', default: false, describe: 'show the bytes, too' })
        .option('inner', {
          type: 'boolean',
          default: false,
          describe: 'also those of the kernel inside (decompresses; for a plain bzImage always)',
        })
        .option('as', {
          choices: READER_CHOICES,
          describe: 'what that program sees of the notes, and the PVH entry it finds',
        })
        .example('$0 notes kernel.elf', '')
        .example('$0 notes ext4.ko.xz', 'any ELF file of a kernel engineer')
        .example('$0 notes kernel.elf --as qemu', 'the entry that QEMU will use'),
  },
  async () => (await import('../run/notes.js')).runNotes,
);
