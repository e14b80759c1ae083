import { defineCommand } from './define.js';

export interface UnwrapArgs {
  in: string;
  output?: string | undefined;
  'in-place': boolean;
  json: boolean;
}

export const unwrapCommand = defineCommand<UnwrapArgs>(
  {
    command: 'unwrap <in>',
    describe: 'Give back the bzImage that a file was made from, bit for bit',
    builder: (yargs) =>
      yargs
        .positional('in', { type: 'string', demandOption: true, describe: 'what wrap wrote, or - for stdin' })
        .option('output', { alias: 'o', type: 'string', describe: 'bzImage to write, or - for stdout' })
        .option('in-place', { type: 'boolean', default: false, describe: 'write over the input' })
        .option('json', { type: 'boolean', default: false, describe: 'errors as JSON' })
        .example('$0 unwrap kernel.elf -o bzImage', 'size and SHA-256 are checked'),
  },
  async () => (await import('../run/unwrap.js')).runUnwrap,
);
