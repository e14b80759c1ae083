import { defineCommand } from './define.js';
import { RUN_PROTOCOL_CHOICES, TIER_CHOICES, UNTIL_CHOICES } from './names.js';

export interface RunArgs {
  file: string;
  protocol?: (typeof RUN_PROTOCOL_CHOICES)[number] | undefined;
  cmdline: string;
  initrd?: string | undefined;
  memory: string;
  direct: boolean;
  kaslr?: string | undefined;
  until?: (typeof UNTIL_CHOICES)[number] | undefined;
  instructions?: string | undefined;
  trace?: string | undefined;
  gdb?: string | undefined;
  tier: (typeof TIER_CHOICES)[number];
}

export const runCommand = defineCommand<RunArgs>(
  {
    command: 'run <file>',
    describe: 'Boot it in the execution core, with the serial port here',
    builder: (yargs) =>
      yargs
        .positional('file', { type: 'string', demandOption: true, describe: 'bzImage or ELF file, or - for stdin' })
        .option('protocol', {
          alias: 'p',
          choices: RUN_PROTOCOL_CHOICES,
          describe: 'boot protocol; without it, the best that the file offers',
        })
        .option('cmdline', {
          type: 'string',
          default: 'earlyprintk=ttyS0 console=ttyS0',
          describe: 'kernel command line; a kernel that is not told of ttyS0 says nothing here',
        })
        .option('initrd', { type: 'string', describe: 'file' })
        .option('memory', { alias: 'm', type: 'string', default: '512M', describe: 'RAM, at most 3G' })
        .option('direct', {
          type: 'boolean',
          default: false,
          describe: 'start the kernel itself: the tool does the work of its decompressor',
        })
        .option('kaslr', { type: 'string', describe: 'with --direct: a seed for the kernel to be moved by' })
        .option('until', {
          choices: UNTIL_CHOICES,
          describe: 'end at the first instruction of the decompressed kernel, or after the line with "Linux version"',
        })
        .option('instructions', { type: 'string', describe: 'end after so many instructions' })
        .option('trace', { type: 'string', describe: 'write every instruction to this file' })
        .option('gdb', { type: 'string', describe: 'wait for gdb on this port of localhost' })
        .option('tier', {
          choices: TIER_CHOICES,
          default: 'both' as const,
          describe: 'how instructions are executed; the result is the same',
        })
        .example('$0 run bzImage --until banner', '')
        .example("$0 run bzImage --initrd initrd.img --cmdline 'console=ttyS0 nokaslr'", ''),
  },
  async () => (await import('../run/run.js')).runRun,
);
