import { defineCommand } from './define.js';
import { PROTOCOL_CHOICES } from './names.js';

export interface PlanArgs {
  file: string;
  protocol?: (typeof PROTOCOL_CHOICES)[number] | undefined;
  memory: string;
  'memory-map'?: string | undefined;
  cmdline?: string | undefined;
  initrd?: string | undefined;
  'acpi-rsdp'?: string | undefined;
  'relocate-to'?: string | undefined;
  json: boolean;
}

export const planCommand = defineCommand<PlanArgs>(
  {
    command: 'plan <file>',
    describe: 'Say what a loader has to do to boot it',
    builder: (yargs) =>
      yargs
        .positional('file', { type: 'string', demandOption: true, describe: 'bzImage or ELF file, or - for stdin' })
        .option('protocol', {
          alias: 'p',
          choices: PROTOCOL_CHOICES,
          describe: 'boot protocol; without it, the best that the file offers',
        })
        .option('memory', { alias: 'm', type: 'string', default: '512M', describe: 'RAM of a PC' })
        .option('memory-map', {
          type: 'string',
          describe:
            'file with a line START LENGTH TYPE for each range (TYPE: ram, reserved, acpi, nvs, unusable or a number)',
        })
        .option('cmdline', { type: 'string', describe: 'kernel command line' })
        .option('initrd', { type: 'string', describe: 'file, or size:BYTES' })
        .option('acpi-rsdp', { type: 'string', describe: 'physical address of the RSDP' })
        .option('relocate-to', { type: 'string', describe: 'physical address to load the kernel at' })
        .option('json', { type: 'boolean', default: false, describe: 'as JSON' })
        .example('$0 plan bzImage --protocol linux64 --memory 1G --cmdline console=ttyS0', ''),
  },
  async () => (await import('../run/plan.js')).runPlan,
);
