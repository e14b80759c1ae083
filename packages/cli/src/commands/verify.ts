import { defineCommand } from './define.js';
import { UNTIL_CHOICES } from './names.js';

export interface VerifyArgs {
  files: string[];
  until: (typeof UNTIL_CHOICES)[number];
  profile?: string | string[] | undefined;
  target?: string | undefined;
  cmdline?: string | undefined;
  initrd?: string | undefined;
  memory: string;
  deadline: string;
  instructions?: string | undefined;
  junit?: string | undefined;
  json: boolean;
}

export const verifyCommand = defineCommand<VerifyArgs>(
  {
    command: 'verify <files..>',
    describe: 'Prove by execution what the file claims',
    builder: (yargs) =>
      yargs
        .positional('files', { type: 'string', array: true, demandOption: true, describe: 'bzImages or ELF files' })
        .option('until', {
          choices: UNTIL_CHOICES,
          default: 'entry' as const,
          describe: 'run to the first instruction of the decompressed kernel, or on to its banner and command line',
        })
        .option('profile', {
          type: 'string',
          describe:
            "whose loader to play, may be given again; without it, one for each entry; 'all' for every one that fits",
        })
        .option('target', { type: 'string', describe: 'check what this target or loader wants, too' })
        .option('cmdline', { type: 'string', describe: 'kernel command line; one with a serial console unless given' })
        .option('initrd', { type: 'string', describe: 'file; a few pages of a pattern unless given' })
        .option('memory', { alias: 'm', type: 'string', default: '256M', describe: 'RAM, at most 3G' })
        .option('deadline', { type: 'string', default: '60', describe: 'seconds of each run' })
        .option('instructions', { type: 'string', describe: 'of each run; 10 thousand million unless given' })
        .option('junit', { type: 'string', describe: 'write a JUnit report to this file' })
        .option('json', { type: 'boolean', default: false, describe: 'as JSON' })
        .example('$0 verify vmlinuz.elf', 'structure, and a run from each entry to the kernel')
        .example('$0 verify --profile all --until banner --junit out.xml *.elf', ''),
  },
  async () => (await import('../run/verify.js')).runVerify,
);
