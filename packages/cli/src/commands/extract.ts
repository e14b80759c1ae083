import { defineCommand } from './define.js';

export interface ExtractArgs {
  in: string;
  output?: string | undefined;
  raw: boolean;
  limit: string;
  json: boolean;
}

export const extractCommand = defineCommand<ExtractArgs>(
  {
    command: 'extract <in>',
    describe: 'Decompress the vmlinux inside',
    builder: (yargs) =>
      yargs
        .positional('in', { type: 'string', demandOption: true, describe: 'bzImage or wrapped file, or - for stdin' })
        .option('output', {
          alias: 'o',
          type: 'string',
          demandOption: true,
          describe: 'vmlinux to write, or - for stdout',
        })
        .option('raw', { type: 'boolean', default: false, describe: 'keep the relocation table behind the ELF file' })
        .option('limit', { type: 'string', default: '1G', describe: 'stop when it becomes larger than this' })
        .option('json', { type: 'boolean', default: false, describe: 'errors as JSON' })
        .example('$0 extract /boot/vmlinuz -o vmlinux', 'any compressor'),
  },
  async () => (await import('../run/extract.js')).runExtract,
);
