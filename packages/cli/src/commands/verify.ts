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
  jobs?: string | undefined;
  shard?: string | undefined;
  junit?: string | undefined;
  html?: string | undefined;
  json: boolean;
  measure: boolean;
  output?: string | undefined;
}

export const verifyCommand = defineCommand<VerifyArgs>(
  {
    command: 'verify <files..>',
    describe: 'Prove by execution what the file claims',
    builder: (yargs) =>
      yargs
        .positional('files', {
          type: 'string',
          array: true,
          demandOption: true,
          describe: 'bzImages or ELF files, - for stdin',
        })
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
        .option('jobs', { alias: 'j', type: 'string', describe: 'files at the same time; as many as fit unless given' })
        .option('shard', { type: 'string', describe: 'I/N: every N-th of the files, beginning with the I-th' })
        .option('junit', { type: 'string', describe: 'write a JUnit report to this file' })
        .option('html', {
          type: 'string',
          describe: 'write a page for browsers and for paper to this file',
        })
        .option('json', { type: 'boolean', default: false, describe: 'as JSON' })
        .option('measure', {
          type: 'boolean',
          default: false,
          describe: 'write the file with what runs have touched as its MAPPING ranges to -o, if it is good from them',
        })
        .option('output', { alias: 'o', type: 'string', describe: 'where --measure writes' })
        .example('$0 verify vmlinuz.elf', 'structure, and a run from each entry to the kernel')
        .example('$0 verify --profile all --until banner --junit out.xml *.elf', '')
        .example('$0 verify --shard 2/5 --json *.elf', 'a fifth of them; `report merge` joins the reports'),
  },
  async () => (await import('../run/verify.js')).runVerify,
);
