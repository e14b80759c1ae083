import { defineCommand } from './define.js';

export interface InitHooksArgs {
  root: string;
  'dry-run': boolean;
  json: boolean;
}

export const initHooksCommand = defineCommand<InitHooksArgs>(
  {
    command: 'init-hooks',
    describe: 'Have an ELF file written beside every kernel that is installed',
    builder: (yargs) =>
      yargs
        .option('root', { type: 'string', default: '/', describe: 'folder of the system to set up' })
        .option('dry-run', { type: 'boolean', default: false, describe: 'only say what would be written' })
        .option('json', { type: 'boolean', default: false, describe: 'as JSON' })
        .example('$0 init-hooks', 'hooks for Debian kernel packages and kernel-install, and /etc/bzelf.conf'),
  },
  async () => (await import('../run/init-hooks.js')).runInitHooks,
);
