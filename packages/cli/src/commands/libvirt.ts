import { defineCommand } from './define.js';

export interface LibvirtArgs {
  file: string;
  kernel?: string | undefined;
  rewrite: boolean;
  output?: string | undefined;
  'kernel-out'?: string | undefined;
  json: boolean;
}

export const libvirtCommand = defineCommand<LibvirtArgs>(
  {
    command: 'libvirt <file>',
    describe: 'Say what a libvirt domain will do with its kernel',
    builder: (yargs) =>
      yargs
        .positional('file', { type: 'string', demandOption: true, describe: 'domain XML, or - for stdin' })
        .option('kernel', { type: 'string', describe: 'read this file in place of the one that <kernel> names' })
        .option('rewrite', { type: 'boolean', default: false, describe: 'make the form that this machine boots' })
        .option('output', { alias: 'o', type: 'string', describe: 'changed XML to write, or - for stdout' })
        .option('kernel-out', { type: 'string', describe: 'kernel to write; the XML will name its absolute path' })
        .option('json', { type: 'boolean', default: false, describe: 'as JSON' })
        .example('virsh dumpxml vm | $0 libvirt -', 'exit code 1: it will not boot')
        .example('$0 libvirt vm.xml --rewrite -o new.xml --kernel-out vm.elf', ''),
  },
  async () => (await import('../run/libvirt.js')).runLibvirt,
);
