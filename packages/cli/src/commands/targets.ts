import { defineCommand } from './define.js';

export interface TargetsArgs {
  json: boolean;
}

export const targetsCommand = defineCommand<TargetsArgs>(
  {
    command: 'targets',
    describe: 'List the loaders that wrap can write for',
    builder: (yargs) => yargs.option('json', { type: 'boolean', default: false, describe: 'as JSON' }),
  },
  async () => (await import('../run/targets.js')).runTargets,
);
