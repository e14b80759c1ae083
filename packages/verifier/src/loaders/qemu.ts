import { getU32, phys } from '@bzelf/bytes';
import { HDRS } from '@bzelf/bzimage';
import { EM_386, EM_X86_64 } from '@bzelf/elf';
import { isElfSubject, type Subject } from '../subject.js';
import { enters, refuses, type Forecast, type Loader } from './loader.js';

const HDRS_AT = 0x202;
/** The last place of a Multiboot header that QEMU finds. */
const LAST_HEADER = 8140;
const ONE_MIB = 0x10_0000n;

interface Machine {
  /** Machine types up to 3.1 look for no PVH entry. */
  readonly pvh: boolean;
  /** qemu-system-i386 takes EM_386 only. */
  readonly i386: boolean;
}

/** Source: QEMU hw/i386/x86-common.c, x86_load_linux: HdrS, then Multiboot, then PVH. */
function forecast(subject: Subject, { pvh, i386 }: Machine): Forecast {
  const { source } = subject;
  if (source.size >= HDRS_AT + 4 && getU32(source.read(HDRS_AT, 4)) === HDRS)
    return subject.kernel.form === 'bzimage' || subject.kernel.form === 'inplace'
      ? enters('linux16', undefined, '"HdrS" is at 0x202: it is a bzImage')
      : { outcome: 'hangs', because: '"HdrS" is at 0x202, so it takes the file for a bzImage' };
  if (!isElfSubject(subject)) return refuses('it is neither bzImage, Multiboot image nor ELF file');
  const { elf, loads } = subject;
  const header = subject.kernel.multiboot;
  if (header !== undefined && header.offset <= LAST_HEADER) {
    if (header.address !== undefined)
      return enters(
        'multiboot',
        phys(header.entry_addr ?? 0),
        'a Multiboot header with addresses comes before a PVH entry',
      );
    if (elf.header.e_machine === EM_X86_64) return refuses('"Cannot load x86-64 image, give a 32bit one."');
    return enters('multiboot', phys(elf.header.e_entry), 'a Multiboot header comes before a PVH entry');
  }
  if (!pvh) return { outcome: 'hangs', because: 'this machine type looks for no PVH entry, and says nothing' };
  const view = subject.view('qemu');
  if (view.entry === undefined) return refuses(`"${view.failure ?? 'no PVH entry'}"`);
  const machines = i386 ? [EM_386] : [EM_386, EM_X86_64];
  if (!machines.some((machine) => machine === elf.header.e_machine)) return refuses('"Error while loading elf kernel"');
  if (loads.some(({ p_paddr }) => p_paddr < ONE_MIB))
    return { outcome: 'hangs', because: 'SeaBIOS clears what is loaded below 1 MiB' };
  return enters('pvh', view.entry, 'a note of type 18 has the PVH entry');
}

const SOURCE = 'QEMU hw/i386/x86-common.c, multiboot.c; include/hw/elf_ops.h.inc';

export const QEMU: readonly Loader[] = [
  {
    name: 'qemu',
    doc: 'qemu-system-x86_64 -kernel, machine types from 4.0 on (pc, q35, microvm)',
    source: SOURCE,
    forecast: (subject) => forecast(subject, { pvh: true, i386: false }),
  },
  {
    name: 'qemu-i386',
    doc: 'qemu-system-i386 -kernel, machine types from 4.0 on',
    source: SOURCE,
    forecast: (subject) =>
      subject.kernel.bits === 64
        ? refuses('the processor has no 64-bit mode, which the kernel wants')
        : forecast(subject, { pvh: true, i386: true }),
  },
  {
    name: 'qemu-3.1',
    doc: 'qemu-system-x86_64 -kernel, machine types up to 3.1',
    source: SOURCE,
    forecast: (subject) => forecast(subject, { pvh: false, i386: false }),
  },
];
