import { type Cpu } from '../cpu/cpu.js';
import { ATTRIBUTE, NMI, SEGMENT, WORD } from '../cpu/state.js';
import { SEG } from '../decode/lanes.js';
import { IF, RF, TF, VM } from '../isa/flags.js';
import { SEGMENT_USE, type Mode } from './region.js';

const SEGMENTS = 6;
const LONG: Mode = { codeSize: 64, paged: false, segments: [], key: 4 };
const LONG_PAGED: Mode = { codeSize: 64, paged: true, segments: [], key: 6 };

/** What translated code would take for granted now; undefined when only the interpreter can go on. `paged`: addends are in use. */
export function modeOf(cpu: Cpu, paged: boolean): Mode | undefined {
  const codeSize = cpu.word(WORD.codeSize);
  const flags = cpu.word(WORD.eflags);
  if (codeSize === 16 || flags & (TF | RF | VM) || cpu.word(WORD.shadow) !== 0 || cpu.hasCodeBreakpoints)
    return undefined;
  if (cpu.word(WORD.nmi) === NMI.waits) return undefined;
  if (flags & IF && cpu.interrupts.line) return undefined;
  if (cpu.checksAlignment) return undefined;
  if (codeSize === 64) return paged ? LONG_PAGED : LONG;
  return protectedMode(cpu, paged);
}

const protectedModes = new Map<number, Mode>();

/** Asked whenever translated code is entered. */
function protectedMode(cpu: Cpu, paged: boolean): Mode | undefined {
  let uses = 0;
  for (let segment = 0; segment < SEGMENTS; segment++) uses = 3 * uses + segmentUse(cpu, segment);
  const key = 4 * uses + (paged ? 2 : 0) + 1;
  let mode = protectedModes.get(key);
  if (mode === undefined) {
    const segments = Array.from({ length: SEGMENTS }, (_, segment) => segmentUse(cpu, segment));
    mode = { codeSize: 32, paged, segments, key };
    protectedModes.set(key, mode);
  }
  const isFlat = mode.segments[SEG.CS] === SEGMENT_USE.flat && mode.segments[SEG.SS] === SEGMENT_USE.flat;
  return isFlat && isBig(cpu, SEG.SS) ? mode : undefined;
}

const isBig = (cpu: Cpu, segment: number): boolean =>
  (cpu.word(WORD.segments + SEGMENT.words * segment + SEGMENT.attributes) & ATTRIBUTE.big) !== 0;

function segmentUse(cpu: Cpu, segment: number): number {
  const at = WORD.segments + SEGMENT.words * segment;
  const attributes = cpu.word(at + SEGMENT.attributes);
  const isCode = (attributes & ATTRIBUTE.code) !== 0;
  const usable =
    (attributes & ATTRIBUTE.present) !== 0 &&
    (segment === SEG.CS
      ? isCode
      : !isCode && (attributes & (ATTRIBUTE.writable | ATTRIBUTE.expandDown)) === ATTRIBUTE.writable);
  if (!usable || cpu.word(at + SEGMENT.limit) !== -1) return SEGMENT_USE.other;
  return cpu.word(at + SEGMENT.baseLo) === 0 ? SEGMENT_USE.flat : SEGMENT_USE.based;
}
