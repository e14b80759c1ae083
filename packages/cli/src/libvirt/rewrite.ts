import { BzelfError } from '@bzelf/bytes';
import { unwrap, wrap, type WrapOptions, type WrapResult } from '@bzelf/writer';
import type { KernelImage } from '@bzelf/loader';
import { readDomain, type Domain } from './domain.js';
import type { Machine } from './machine.js';
import { replaceText } from './xml.js';

/** The form that a machine takes in any case. Throws cli/no-rewrite where it takes only bzImages. */
export function optionsFor(machine: Machine, domain: Domain): WrapOptions {
  if (machine.loader === 'xen-pvh') return { target: 'pvh' };
  if (machine.loader === 'xen-pv') return { form: 'vmlinux', target: 'xen-pv' };
  if (machine.loader === 'unknown') {
    throw noRewrite(machine, 'bzelf does not know what it does with a kernel');
  }
  if (machine.firmware === 'efi') throw noRewrite(machine, 'EFI firmware starts bzImages, and no ELF files');
  if (domain.type === 'xen') throw noRewrite(machine, 'it takes the bzImage as it is');
  if (machine.pvh !== 'yes') return { target: 'multiboot' };
  return { target: 'pvh', ...(machine.wantsElf386 ? { class: 32 } : {}) };
}

const noRewrite = ({ text }: Machine, why: string): BzelfError =>
  new BzelfError('cli/no-rewrite', `No other kernel file would serve this domain better: ${why}`, { found: text });

/** From a bzImage, or from a file that was wrapped for another machine. Throws writer/…, cli/no-bzimage. */
export async function wrapFor(kernel: KernelImage, bytes: Uint8Array, options: WrapOptions): Promise<WrapResult> {
  if (kernel.form === 'bzimage') return wrap(bytes, options);
  if (kernel.origin !== undefined) return wrap(unwrap(bytes), options);
  throw new BzelfError('cli/no-bzimage', 'There is no bzImage in this file to make another form of', {
    found: `form ${kernel.form}`,
    hint: 'name the bzImage of this kernel with --kernel',
  });
}

/** The text with another path in <kernel>, checked by reading it again; every other character is as it was. */
export function withKernel(text: string, domain: Domain, path: string): string {
  if (domain.kernelElement === undefined) throw new Error('a domain without a kernel has nothing to change');
  const changed = replaceText(text, domain.kernelElement, path);
  const after = readDomain(changed);
  if (after.kernel !== path || othersOf(after) !== othersOf(domain)) {
    throw new BzelfError('cli/rewrite-lost', 'The changed XML does not read as it should; nothing was written', {
      found: after.kernel ?? 'no kernel',
      expected: path,
    });
  }
  return changed;
}

const othersOf = (domain: Domain): string =>
  JSON.stringify({ ...domain, kernel: '', kernelElement: '', memory: String(domain.memory) });
