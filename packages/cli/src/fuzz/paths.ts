import { phys } from '@bzelf/bytes';
import { extractPayload, splitVmlinux } from '@bzelf/bzimage';
import { NOTE_READERS, readElf, viewNotesAs } from '@bzelf/elf';
import { PLAN_PROTOCOLS, openKernel, pcMemoryMap, planLoad } from '@bzelf/loader';
import { LOADERS, TARGET_LOADERS, verifyPayload, verifyStructure } from '@bzelf/verifier';
import { FORMS, TARGET_NAMES, unwrap, wrap } from '@bzelf/writer';
import { infoDocument } from '../info/document.js';
import { infoText } from '../info/text.js';
import { mapDocument } from '../map/document.js';
import { memoryPicture } from '../map/regions.js';
import { mapSvg } from '../map/svg.js';
import { mapText } from '../map/text.js';
import { collectNotes } from '../notes/collect.js';
import { notesDocument } from '../notes/document.js';
import { noteListText } from '../notes/text.js';
import { viewText } from '../notes/view.js';
import { notesXml } from '../notes/xml.js';
import { planDocument } from '../plan/document.js';
import { planText } from '../plan/text.js';
import { jsonText } from '../print/json.js';
import { PLAIN } from '../print/paint.js';
import type { Random } from './random.js';

/** Decompression bombs end here. */
export const PAYLOAD_LIMIT = 64 << 20;
const FILE = 'fuzz';

const VERIFY_TARGETS = [...LOADERS.map(({ name }) => name), ...Object.keys(TARGET_LOADERS)];

type Path = (bytes: Uint8Array, random: Random) => unknown;

/** What the commands do with a file, from its bytes to the text. */
export const PATHS: Readonly<Record<string, Path>> = {
  notes(bytes) {
    const lists = [collectNotes(readElf(bytes), 'file')];
    const document = notesDocument(FILE, lists, true);
    return [noteListText(lists, { file: FILE, raw: true, paint: PLAIN }), jsonText(document), notesXml(document)];
  },
  views(bytes) {
    const elf = readElf(bytes);
    return NOTE_READERS.map((reader) => viewText(viewNotesAs(elf, reader)));
  },
  info(bytes) {
    const kernel = openKernel(bytes);
    return [infoText(FILE, kernel, PLAIN), jsonText(infoDocument(FILE, kernel))];
  },
  map(bytes) {
    const picture = memoryPicture(openKernel(bytes));
    return [mapText(FILE, picture, PLAIN), jsonText(mapDocument(FILE, picture)), mapSvg(FILE, picture)];
  },
  plan(bytes, random) {
    const plan = planLoad(openKernel(bytes), {
      protocol: random.pick(PLAN_PROTOCOLS),
      memoryMap: pcMemoryMap(BigInt(random.pick([1, 16, 64, 512, 8192])) << 20n),
      ...(random.oneIn(2) ? { cmdline: 'console=ttyS0' } : {}),
      ...(random.oneIn(3) ? { initrd: { size: random.below(1 << 24) } } : {}),
      ...(random.oneIn(8) ? { relocateTo: phys(random.below(512) * 0x200000) } : {}),
    });
    return [planText(FILE, plan, undefined, PLAIN), jsonText(planDocument(FILE, plan))];
  },
  structure: (bytes, random) => verifyStructure(bytes, { target: random.pick(VERIFY_TARGETS) }),
  payload: (bytes) => verifyPayload(bytes, { limit: PAYLOAD_LIMIT }),
  unwrap: (bytes) => unwrap(bytes),
  async extract(bytes) {
    const { bzImage } = openKernel(bytes);
    if (bzImage === undefined) return;
    const { elf } = splitVmlinux(await extractPayload(bzImage, { limit: PAYLOAD_LIMIT }));
    return collectNotes(readElf(elf), 'inner');
  },
  wrap: (bytes, random) =>
    wrap(bytes, {
      form: random.pick(FORMS),
      target: random.oneIn(2) ? 'pvh' : random.pick(TARGET_NAMES),
      allowEfiLoss: true,
      inspectPayload: random.oneIn(4),
    }),
};
