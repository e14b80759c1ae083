import { defineCommand } from './define.js';

export interface DiffArgs {
  a: string;
  b: string;
  json: boolean;
}

export const diffCommand = defineCommand<DiffArgs>(
  {
    command: 'diff <a> <b>',
    describe: 'Compare two images by what they say, not only by their bytes',
    builder: (yargs) =>
      yargs
        .positional('a', { type: 'string', demandOption: true, describe: 'bzImage or ELF file, or - for stdin' })
        .positional('b', { type: 'string', demandOption: true, describe: 'the other one' })
        .option('json', { type: 'boolean', default: false, describe: 'as JSON' })
        .example(
          '$0 diff old.elf new.elf',
          'header fields, entries, notes, segments, memory; exit code 1 if they differ',
        ),
  },
  async () => (await import('../run/diff.js')).runDiff,
);
