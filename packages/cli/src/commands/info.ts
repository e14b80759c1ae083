import { defineCommand } from './define.js';

export interface InfoArgs {
  file: string;
  json: boolean;
}

export const infoCommand = defineCommand<InfoArgs>(
  {
    command: 'info <file>',
    describe: 'Say what a kernel image or other ELF file is',
    builder: (yargs) =>
      yargs
        .positional('file', {
          type: 'string',
          demandOption: true,
          describe: 'bzImage or ELF file, also compressed, or - for stdin',
        })
        .option('json', { type: 'boolean', default: false, describe: 'as JSON' })
        .example('$0 info /boot/vmlinuz', 'version, boot protocol fields, compressor, entries, placement'),
  },
  async () => (await import('../run/info.js')).runInfo,
);
