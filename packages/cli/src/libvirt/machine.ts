import type { Domain } from './domain.js';

/** Who reads the kernel file of a domain, and by which rules. */
export interface Machine {
  readonly loader: 'qemu' | 'xen-pv' | 'xen-pvh' | 'unknown';
  /** qboot starts kernels by the same three ways as SeaBIOS, but from its own code. */
  readonly firmware: 'bios' | 'efi' | 'none';
  /** Does QEMU look for a PVH entry on this machine type? */
  readonly pvh: 'yes' | 'no' | 'unknown';
  readonly is32: boolean;
  /** qemu-system-i386 takes ELF files for the 386 only; qemu-system-x86_64 runs machines of both kinds. */
  readonly wantsElf386: boolean;
  /** For people: `QEMU q35 with BIOS`. */
  readonly text: string;
}

const X86 = ['x86_64', 'i686', 'i386'];
const QEMU_TYPES = ['kvm', 'qemu', 'hvf'];

export function machineOf(domain: Domain): Machine {
  const is32 = domain.arch !== 'x86_64';
  if (!X86.includes(domain.arch)) return unknown(`a machine of architecture ${domain.arch}`, is32);
  if (domain.type === 'xen') return xenMachine(domain, is32);
  if (!QEMU_TYPES.includes(domain.type) || domain.osType !== 'hvm') {
    return unknown(`a ${domain.type} domain of type ${domain.osType}`, is32);
  }
  const name = domain.machine ?? 'pc';
  const firmware = hasEfi(domain) ? 'efi' : 'bios';
  const text = `QEMU ${name} with ${firmware === 'efi' ? 'EFI' : name === 'microvm' ? 'qboot' : 'BIOS'} firmware`;
  const wantsElf386 = is32 && !/x86_64|kvm/.test(domain.emulator ?? '');
  return { loader: 'qemu', firmware, pvh: qemuLooksForPvh(name), is32, wantsElf386, text };
}

const unknown = (text: string, is32: boolean): Machine => ({
  loader: 'unknown',
  firmware: 'none',
  pvh: 'unknown',
  is32,
  wantsElf386: false,
  text,
});

function xenMachine(domain: Domain, is32: boolean): Machine {
  const common = { firmware: 'none', pvh: 'yes', is32, wantsElf386: false } as const;
  if (domain.osType === 'xen' || domain.osType === 'linux') {
    return domain.machine === 'xenpvh'
      ? { ...common, loader: 'xen-pvh', text: 'Xen PVH' }
      : { ...common, loader: 'xen-pv', text: 'Xen PV' };
  }
  if (domain.osType === 'xenpvh') return { ...common, loader: 'xen-pvh', text: 'Xen PVH' };
  // The device model is a QEMU with the machine type xenfv, where PVH is switched off.
  if (domain.osType === 'hvm') {
    const firmware = hasEfi(domain) ? 'efi' : 'bios';
    return { ...common, loader: 'qemu', firmware, pvh: 'no', text: 'Xen HVM, a QEMU xenfv' };
  }
  return unknown(`a xen domain of type ${domain.osType}`, is32);
}

/** A pflash is EFI firmware; a ROM is a BIOS unless its name tells otherwise. */
function hasEfi({ firmware, loader }: Domain): boolean {
  if (firmware !== undefined) return firmware === 'efi';
  return loader !== undefined && (loader.type === 'pflash' || /ovmf|edk2|uefi/i.test(loader.path));
}

/** PVH came with QEMU 4.0; machine types of older versions have it switched off. Distributions have names of their own. */
function qemuLooksForPvh(machine: string): Machine['pvh'] {
  if (['pc', 'q35', 'microvm'].includes(machine)) return 'yes';
  if (machine.startsWith('xenfv')) return 'no';
  const [, major] = /^pc-(?:i440fx-|q35-)?(\d+)\.\d+/.exec(machine) ?? [];
  if (major === undefined) return 'unknown';
  return Number(major) >= 4 ? 'yes' : 'no';
}
