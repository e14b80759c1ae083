/** What the writer makes, started by Xen as PVH dom0. */
import { readFileSync } from 'node:fs';
import { decodeNote, readElf, viewNotesAs, type ViewedNote } from '@bzelf/elf';
import {
  describeRun,
  matrixTitle,
  missingForReadnotes,
  missingForXen,
  readnotes,
  runQemu,
  withXen,
} from '@bzelf/testkit';
import { wrap, type WrapOptions } from '../src/index.js';
import { describeStarts, fileName, pathOf, type Start } from './support/starts.js';

const VMLINUX: WrapOptions = { form: 'vmlinux' };

/**
 * Only a kernel that is entered at its own PVH entry learns from start_info that it is dom0; one that is entered by the
 * Linux boot protocol, as containers do it, takes itself for an HVM guest.
 */
const DOM0 = ['Booting kernel on Xen PVH'];
const GUEST = ['Booting paravirtualized kernel on Xen HVM'];

// prettier-ignore
const STARTS: readonly Start[] = [
  { way: 'dom0=pvh', kernel: 'debian-6.1-cloud',  options: VMLINUX,                 also: DOM0 },
  { way: 'dom0=pvh', kernel: 'debian-6.12-amd64', options: VMLINUX,                 also: DOM0 },
  { way: 'dom0=pvh', kernel: 'probe',             options: { target: 'pvh' } },
  { way: 'dom0=pvh', kernel: 'debian-6.1-cloud',  options: { target: 'pvh' },       also: GUEST },
  { way: 'dom0=pvh', kernel: 'debian-6.1-amd64',  options: { target: 'pvh-reloc' }, also: GUEST },
];

describeStarts('Xen', missingForXen(), STARTS, ({ bytes, cmdline, initrd, watch }) =>
  withXen({ dom0: bytes, cmdline, initrd, com1: 'dom0' }, async (qemu, readXenLog) => {
    const run = await runQemu({ ...qemu, ...watch });
    if (!run.matched) throw new Error(`${describeRun(run)}\n--- Xen ---\n${readXenLog().slice(-4000)}`);
    return run;
  }),
);

/** What readnotes 4.17 calls by number only. */
const UNNAMED: ReadonlySet<number> = new Set([15, 16, 17, 19]);

const nameOf = (note: ViewedNote): string => {
  if (UNNAMED.has(note.type)) return `unknown note type 0x${note.type.toString(16)}`;
  const decoded = decodeNote(note);
  return decoded.kind === 'unknown' ? '' : decoded.name.replace('XEN_ELFNOTE_', '');
};

// prettier-ignore
const READ: readonly { options: WrapOptions; kernel: string }[] = [
  { options: { target: 'pvh' },                     kernel: '61-64-gzip' },
  { options: { target: 'pvh', class: 32 },          kernel: '61-32-gzip' },
  { options: { target: 'pvh-reloc' },               kernel: 'debian-6.1-cloud' },
  { options: { target: 'universal' },               kernel: 'debian-6.12-cloud' },
  { options: VMLINUX,                               kernel: 'debian-6.1-amd64' },
  { options: { form: 'vmlinux', target: 'xen-pv' }, kernel: 'debian-6.12-amd64' },
];
const rows = READ.map(({ options, kernel }) => ({
  options,
  kernel,
  title: matrixTitle({ loader: 'readnotes', way: 'of Xen', file: fileName(options), kernel }),
}));

describe.each(rows)('$title', ({ options, kernel }) => {
  const path = pathOf(kernel);
  const missing = [...missingForReadnotes(), ...(path === undefined ? [`fetched ${kernel}`] : [])];
  const title = 'lists the notes that we say Xen sees';
  if (path === undefined || missing.length > 0) {
    test.skip(`${title} [skipped: no ${missing.join(', no ')} here]`, () => undefined);
    return;
  }
  test(title, async () => {
    const { bytes } = await wrap(readFileSync(path), options);
    const { notes, entry } = viewNotesAs(readElf(bytes), 'xen');
    const lines = await readnotes(bytes);
    expect(lines.map((line) => line.replace(/:.*/, ''))).toEqual(notes.map(nameOf));
    expect(lines.find((line) => line.startsWith('PHYS32_ENTRY:'))).toContain(` 0x${entry?.toString(16)} (`);
  });
});
