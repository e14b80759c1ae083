import { BzelfError } from '@bzelf/bytes';
import { child, parseXml, type XmlElement } from './xml.js';

/** What a libvirt domain says about booting. Source: libvirt formatdomain, "Operating system booting". */
export interface Domain {
  readonly name: string;
  /** The hypervisor driver: kvm, qemu, xen … */
  readonly type: string;
  /** hvm, xen, linux, xenpvh, exe. */
  readonly osType: string;
  readonly arch: string;
  readonly machine?: string;
  readonly kernel?: string;
  readonly initrd?: string;
  readonly cmdline?: string;
  readonly firmware?: string;
  readonly loader?: { readonly path: string; readonly type?: string };
  readonly emulator?: string;
  /** Bytes. */
  readonly memory?: bigint;
  readonly kernelElement?: XmlElement;
}

/** Throws cli/bad-xml, cli/not-a-domain. */
export function readDomain(text: string): Domain {
  const root = parseXml(text);
  if (root.name !== 'domain') {
    throw new BzelfError('cli/not-a-domain', 'This XML describes no libvirt domain', {
      found: `<${root.name}>`,
      expected: '<domain>',
      hint: 'virsh dumpxml NAME prints one',
    });
  }
  const os = child(root, 'os');
  const type = child(os, 'type');
  const loader = child(os, 'loader');
  const machine = type?.attributes['machine'];
  const firmware = os?.attributes['firmware'];
  const emulator = child(child(root, 'devices'), 'emulator')?.text;
  const memory = memoryOf(child(root, 'memory'));
  const kernelElement = child(os, 'kernel');
  return {
    name: child(root, 'name')?.text ?? '',
    type: root.attributes['type'] ?? '',
    osType: type?.text ?? '',
    arch: type?.attributes['arch'] ?? 'x86_64',
    ...(machine === undefined ? {} : { machine }),
    ...(firmware === undefined ? {} : { firmware }),
    ...(loader === undefined ? {} : { loader: loaderOf(loader) }),
    ...(emulator === undefined ? {} : { emulator }),
    ...(memory === undefined ? {} : { memory }),
    ...(kernelElement === undefined || kernelElement.text === '' ? {} : { kernelElement, kernel: kernelElement.text }),
    ...optionalText(os, 'initrd'),
    ...optionalText(os, 'cmdline'),
  };
}

function optionalText(os: XmlElement | undefined, name: 'initrd' | 'cmdline'): Partial<Domain> {
  const text = child(os, name)?.text ?? '';
  return text === '' ? {} : { [name]: text };
}

function loaderOf({ text, attributes }: XmlElement): { path: string; type?: string } {
  const type = attributes['type'];
  return { path: text, ...(type === undefined ? {} : { type }) };
}

// prettier-ignore
const UNITS: Readonly<Record<string, bigint>> = {
  b: 1n, bytes: 1n, KB: 1000n, k: 1024n, KiB: 1024n, MB: 1000n ** 2n, M: 1024n ** 2n, MiB: 1024n ** 2n,
  GB: 1000n ** 3n, G: 1024n ** 3n, GiB: 1024n ** 3n, TB: 1000n ** 4n, T: 1024n ** 4n, TiB: 1024n ** 4n,
};

/** Bytes; undefined where it is not told in a way that we know. */
function memoryOf(element: XmlElement | undefined): bigint | undefined {
  const factor = UNITS[element?.attributes['unit'] ?? 'KiB'];
  if (element === undefined || factor === undefined || !/^\d{1,15}$/.test(element.text)) return undefined;
  return BigInt(element.text) * factor;
}
