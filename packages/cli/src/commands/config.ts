import { defineCommand } from './define.js';

export interface ConfigArgs {
  file: string;
  output?: string | undefined;
  json: boolean;
}

export const configCommand = defineCommand<ConfigArgs>(
  {
    command: 'config <file>',
    describe: 'Print the .config that a kernel carries (CONFIG_IKCONFIG)',
    builder: (yargs) =>
      yargs
        .positional('file', {
          type: 'string',
          demandOption: true,
          describe: 'bzImage, any form of it, vmlinux or configs.ko, also compressed, or - for stdin',
        })
        .option('output', { alias: 'o', type: 'string', describe: 'file to write instead of stdout' })
        .option('json', { type: 'boolean', default: false, describe: 'errors as JSON' })
        .example('$0 config kernel.elf | grep PVH', ''),
  },
  async () => (await import('../run/config.js')).runConfig,
);
