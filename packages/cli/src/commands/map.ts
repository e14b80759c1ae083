import { defineCommand } from './define.js';

export interface MapArgs {
  file: string;
  svg?: string | undefined;
  json: boolean;
}

export const mapCommand = defineCommand<MapArgs>(
  {
    command: 'map <file>',
    describe: 'Show where in physical memory everything is',
    builder: (yargs) =>
      yargs
        .positional('file', { type: 'string', demandOption: true, describe: 'bzImage or ELF file, or - for stdin' })
        .option('svg', { type: 'string', describe: 'draw it into this file, or - for stdout' })
        .option('json', { type: 'boolean', default: false, describe: 'as JSON' })
        .example('$0 map kernel.elf --svg map.svg', 'a picture for light and dark pages'),
  },
  async () => (await import('../run/map.js')).runMap,
);
