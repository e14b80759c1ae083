/** What the writer makes, started by ISOLINUX from a CD. */
import { bootQemu, missingForIsolinux, withIsolinux } from '@bzelf/testkit';
import type { WrapOptions } from '../src/index.js';
import { describeStarts, type Start } from './support/starts.js';

const INPLACE: WrapOptions = { form: 'inplace' };
/** SYSLINUX adds both, the latter for its own parsing. */
const passed = (cmdline: string) => `BOOT_IMAGE=/kernel ${cmdline} initrd=/initrd`;

// prettier-ignore
const STARTS: readonly Start[] = [
  { way: 'linux',     kernel: '61-32-gzip',        options: INPLACE, passed },
  { way: 'linux',     kernel: 'debian-6.1-cloud',  options: INPLACE, passed },
  { way: 'linux',     kernel: 'debian-6.12-cloud', options: INPLACE, passed },
  { way: 'mboot.c32', kernel: 'probe',             options: { target: 'multiboot' } },
  { way: 'mboot.c32', kernel: 'debian-6.1-cloud',  options: { target: 'multiboot' } },
  { way: 'mboot.c32', kernel: 'debian-6.12-amd64', options: { target: 'universal' } },
];

describeStarts('SYSLINUX', missingForIsolinux(), STARTS, ({ bytes, cmdline, initrd, watch }, { way }) => {
  const load =
    way === 'linux'
      ? ['LINUX /kernel', 'INITRD /initrd', `APPEND ${cmdline}`]
      : ['KERNEL mboot.c32', `APPEND /kernel ${cmdline} --- /initrd`];
  const config = ['PROMPT 0', 'DEFAULT it', 'LABEL it', ...load, ''].join('\n');
  return withIsolinux(config, { kernel: bytes, initrd }, (extra) => bootQemu({ extra, ...watch }));
});
