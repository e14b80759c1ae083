import { phys } from '@bzelf/bytes';
import { isElfSubject, notesOf, type ElfSubject, type Subject } from '../subject.js';
import { enters, refuses, type Forecast, type Loader } from './loader.js';

const PAGE = 0x1000n;

/** Xen unpacks a bzImage and goes by the notes of the kernel inside; it looks for "HdrS" before ELF. */
const INSIDE: Forecast = {
  outcome: 'unknown',
  because: 'it unpacks the bzImage and goes by the notes of the kernel inside: `bzelf notes FILE --inner --as xen`',
};

const unlessBzImage =
  (elf: (subject: ElfSubject) => Forecast) =>
  (subject: Subject): Forecast =>
    isElfSubject(subject) && subject.kernel.form !== 'inplace' ? elf(subject) : INSIDE;

/** Source: Xen libelf-dominfo.c; xg_dom_elfloader.c; hvm/dom0_build.c. */
function pvh({ loads, view }: ElfSubject): Forecast {
  const { entry, failure } = view('xen');
  if (entry === undefined)
    return refuses(
      `"image not capable of booting inside a HVM container"${failure === undefined ? '' : ` (${failure})`}`,
      'no PVH note',
    );
  const used = loads.filter(({ p_flags }) => (p_flags & 7) !== 0);
  const lowest = used.reduce((low, { p_paddr }) => (p_paddr < low ? p_paddr : low), used[0]?.p_paddr ?? 0n);
  const end = used.reduce((high, { p_paddr, p_memsz }) => (p_paddr + p_memsz > high ? p_paddr + p_memsz : high), 0n);
  if (lowest % PAGE !== 0n) return refuses('"segment boundary isn\'t page aligned"', 'segments');
  if (entry < lowest || entry > end) return refuses('"ELF start or entries are out of bounds"', 'segments');
  return enters('pvh', entry, 'XEN_ELFNOTE_PHYS32_ENTRY');
}

/** Linux that a stub entered by the boot protocol takes itself for an HVM guest. Seen with Xen 4.17 and Linux 6.1. */
function dom0(subject: ElfSubject): Forecast {
  const forecast = pvh(subject);
  const isLost = forecast.outcome === 'enters' && subject.form === 'container';
  return isLost ? { ...forecast, loses: ['what makes it dom0'] } : forecast;
}

/** What a PV kernel has to say. Source: Xen xen/common/libelf/libelf-dominfo.c, elf_xen_note_check. */
// prettier-ignore
const PV_NOTES = [
  { types: [6, 8], name: 'XEN_ELFNOTE_GUEST_OS' },
  { types: [5],    name: 'XEN_ELFNOTE_XEN_VERSION' },
  { types: [3],    name: 'XEN_ELFNOTE_VIRT_BASE' },
  { types: [1],    name: 'XEN_ELFNOTE_ENTRY' },
] as const;

function pv(subject: ElfSubject): Forecast {
  const { notes } = subject.view('xen');
  const [entry] = notesOf(subject, 'xen-entry');
  const [base] = notesOf(subject, 'xen-virt-base');
  const missing = PV_NOTES.filter(({ types }) => !notes.some(({ type }) => types.some((one) => one === type)));
  if (missing.length > 0 || entry === undefined || base === undefined)
    return refuses(`it lacks ${missing.map(({ name }) => name).join(', ')}`, 'no PV notes');
  return enters('xen-pv', phys(entry.value.value - base.value.value), 'XEN_ELFNOTE_ENTRY');
}

const SOURCE = 'Xen xen/common/libelf/libelf-dominfo.c; tools/libs/guest/xg_dom_elfloader.c, xg_dom_bzimageloader.c';

export const XEN: readonly Loader[] = [
  { name: 'xen-pvh', doc: 'Xen, PVH guest', source: SOURCE, forecast: unlessBzImage(pvh) },
  { name: 'xen-dom0', doc: 'Xen, PVH dom0', source: SOURCE, forecast: unlessBzImage(dom0) },
  { name: 'xen-pv', doc: 'Xen, PV guest', source: SOURCE, forecast: unlessBzImage(pv) },
];
