import { getU32, phys } from '@bzelf/bytes';
import { HDRS } from '@bzelf/bzimage';
import { EM_386, EM_X86_64, type MultibootHeader } from '@bzelf/elf';
import { isElfSubject, type ElfSubject, type Subject } from '../subject.js';
import { enters, refuses, type Forecast, type Loader } from './loader.js';

const HDRS_AT = 0x202;
/** The last place of a Multiboot header that QEMU finds. */
const LAST_HEADER = 8140;
const ONE_MIB = 0x10_0000n;

export interface QemuMachine {
  /** Machine types up to 3.1 look for no PVH entry. */
  readonly pvh: boolean;
  /** qemu-system-i386 takes EM_386 only. */
  readonly i386: boolean;
  /** EFI firmware (OVMF) in the place of SeaBIOS or qboot. */
  readonly efi?: boolean;
}

/** Source: QEMU hw/i386/x86-common.c, x86_load_linux: HdrS, then Multiboot, then PVH. */
export function qemuForecast(subject: Subject, machine: QemuMachine): Forecast {
  const { source } = subject;
  if (source.size >= HDRS_AT + 4 && getU32(source.read(HDRS_AT, 4)) === HDRS)
    return machine.efi === true ? efiForecast(subject) : bzImageForecast(subject);
  if (machine.efi === true)
    return refuses(
      'EFI firmware starts a bzImage with an EFI stub, and no ELF file: QEMU gives it none of its programs for Multiboot and PVH',
      'elf by EFI',
    );
  if (!isElfSubject(subject)) return refuses('it is neither bzImage, Multiboot image nor ELF file', 'no kernel');
  const header = subject.kernel.multiboot;
  return header !== undefined && header.offset <= LAST_HEADER
    ? multibootForecast(subject, header)
    : pvhForecast(subject, machine);
}

const isBzImage = ({ kernel }: Subject): boolean => kernel.form === 'bzimage' || kernel.form === 'inplace';

const bzImageForecast = (subject: Subject): Forecast =>
  isBzImage(subject)
    ? enters('linux16', undefined, '"HdrS" is at 0x202, so QEMU takes it for a bzImage and looks no further')
    : { outcome: 'hangs', because: '"HdrS" is at 0x202, so it takes the file for a bzImage', obstacle: 'no kernel' };

/** Source: OVMF X86QemuLoadImageLib: LoadImage, and where that fails, the handover entry. */
function efiForecast({ kernel, bz }: Subject): Forecast {
  const because = '"HdrS" is at 0x202, so QEMU gives the file to the firmware as a bzImage';
  if (bz?.pe !== undefined && kernel.form !== 'inplace') return enters(undefined, undefined, because);
  if ((bz?.header.handover_offset ?? 0) === 0)
    return refuses('the kernel has no EFI stub (CONFIG_EFI_STUB), so EFI firmware cannot start it', 'no EFI stub');
  return { ...enters('efi-handover', undefined, because), obstacle: 'handover only' };
}

function multibootForecast({ elf }: ElfSubject, header: MultibootHeader): Forecast {
  const because = 'QEMU finds a Multiboot header and looks no further';
  if (header.address !== undefined) return enters('multiboot', phys(header.entry_addr ?? 0), because);
  if (elf.header.e_machine === EM_X86_64)
    return refuses('"Cannot load x86-64 image, give a 32bit one."', 'Multiboot in ELF64');
  return enters('multiboot', phys(elf.header.e_entry), because);
}

function pvhForecast(subject: ElfSubject, { pvh, i386 }: QemuMachine): Forecast {
  const { elf, loads } = subject;
  if (!pvh)
    return {
      outcome: 'hangs',
      because: 'this machine type looks for no PVH entry, and says nothing',
      obstacle: 'PVH not looked for',
    };
  const view = subject.view('qemu');
  if (view.entry === undefined) return refuses(`"${view.failure ?? 'no PVH entry'}"`, 'no PVH note');
  const machines = i386 ? [EM_386] : [EM_386, EM_X86_64];
  if (!machines.some((machine) => machine === elf.header.e_machine))
    return refuses('"Error while loading elf kernel"', 'e_machine');
  if (loads.some(({ p_paddr }) => p_paddr < ONE_MIB))
    return {
      outcome: 'hangs',
      because: 'SeaBIOS clears what is loaded below 1 MiB',
      obstacle: 'memory below 1 MiB',
    };
  return enters(
    'pvh',
    view.entry,
    'there is neither "HdrS" nor a Multiboot header, and a note of type 18 has an entry',
  );
}

const SOURCE = 'QEMU hw/i386/x86-common.c, multiboot.c; include/hw/elf_ops.h.inc';

export const QEMU: readonly Loader[] = [
  {
    name: 'qemu',
    doc: 'qemu-system-x86_64 -kernel, machine types from 4.0 on (pc, q35, microvm)',
    source: SOURCE,
    forecast: (subject) => qemuForecast(subject, { pvh: true, i386: false }),
  },
  {
    name: 'qemu-i386',
    doc: 'qemu-system-i386 -kernel, machine types from 4.0 on',
    source: SOURCE,
    forecast: (subject) =>
      subject.kernel.bits === 64
        ? refuses('the processor has no 64-bit mode, which the kernel wants')
        : qemuForecast(subject, { pvh: true, i386: true }),
  },
  {
    name: 'qemu-3.1',
    doc: 'qemu-system-x86_64 -kernel, machine types up to 3.1',
    source: SOURCE,
    forecast: (subject) => qemuForecast(subject, { pvh: false, i386: false }),
  },
];
