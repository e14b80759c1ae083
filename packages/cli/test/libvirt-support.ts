import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openKernel } from '@bzelf/loader';
import { repositoryRoot, testImage } from '@bzelf/testkit';
import { wrap, type WrapOptions } from '@bzelf/writer';
import { readDomain } from '../src/libvirt/domain';
import { forecast, type Forecast } from '../src/libvirt/forecast';
import { machineOf } from '../src/libvirt/machine';
import { extractVmlinux } from '../src/payload';

export const DOMAINS = join(repositoryRoot(), 'packages/cli/test/libvirt');
export const domainXml = (name: string): string => readFileSync(join(DOMAINS, `${name}.xml`), 'utf8');

/** One domain with a few words changed. */
export function forecastFor(xml: string, bytes: Uint8Array): Promise<Forecast> {
  const domain = readDomain(xml);
  const kernel = openKernel(bytes);
  const inner = async () => (await extractVmlinux(kernel.source)).elf;
  return forecast({ domain, machine: machineOf(domain), kernel, inner });
}

const made = new Map<string, Promise<Uint8Array>>();

// prettier-ignore
const WRAPPED: Readonly<Record<string, WrapOptions>> = {
  'pvh': {}, 'pvh of class 32': { class: 32 }, 'multiboot': { target: 'multiboot' }, 'multiboot2': { target: 'multiboot2' },
  'universal': { target: 'universal' }, 'linux64': { target: 'linux64' }, 'inplace': { form: 'inplace', allowEfiLoss: true }, 'vmlinux': { form: 'vmlinux' },
};

/** A small kernel as it is (`bzImage`) or as one of the forms above; `bits` of the kernel. */
export function kernelAs(what: string, bits: 32 | 64 = 64): Promise<Uint8Array> {
  const key = `${what} ${bits}`;
  const bytes = made.get(key) ?? makeKernel(what, readFileSync(testImage(`61-${bits}-gzip.bzImage`)));
  made.set(key, bytes);
  return bytes;
}

async function makeKernel(what: string, image: Uint8Array): Promise<Uint8Array> {
  return what === 'bzImage' ? image : (await wrap(image, WRAPPED[what] ?? {})).bytes;
}
