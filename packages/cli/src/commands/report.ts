import { defineCommand } from './define.js';

export interface ReportCommandArgs {
  action: 'merge';
  reports: string[];
  junit?: string | undefined;
  html?: string | undefined;
  json: boolean;
}

export const reportCommand = defineCommand<ReportCommandArgs>(
  {
    command: 'report <action> <reports..>',
    describe: 'Join reports of verify --json, as of the shards of a fleet',
    builder: (yargs) =>
      yargs
        .positional('action', { choices: ['merge'] as const, demandOption: true, describe: 'what to do with them' })
        .positional('reports', {
          type: 'string',
          array: true,
          demandOption: true,
          describe: 'JSON of `bzelf verify --json`, or - for stdin',
        })
        .option('junit', { type: 'string', describe: 'write a JUnit report to this file' })
        .option('html', { type: 'string', describe: 'write a page for browsers and for paper to this file' })
        .option('json', { type: 'boolean', default: false, describe: 'as JSON' })
        .example('$0 report merge shard-*.json --junit report.xml', 'exit code and text as of one verify'),
  },
  async () => (await import('../run/report.js')).runReport,
);
