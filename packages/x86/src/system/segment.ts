import { type Cpu } from '../cpu/cpu.js';
import { VECTOR } from '../cpu/exception.js';
import { ATTRIBUTE, SEGMENT, WORD } from '../cpu/state.js';
import { SEG } from '../decode/lanes.js';
import {
  type Descriptor,
  isNull,
  isProtected,
  isVirtual8086,
  readDescriptor,
  segmentWord,
  storeType,
} from './descriptor.js';

/** Data, writable, accessed, present: what a segment is in real mode, and at DPL 3 in virtual-8086 mode. */
const REAL_ACCESS = 0x93;
const VIRTUAL_ACCESS = 0xf3;

export function setSegment(
  cpu: Cpu,
  segment: number,
  selector: number,
  attributes: number,
  base: number,
  limit: number,
): void {
  const at = segmentWord(segment);
  const { words } = cpu;
  cpu.hooks.segment?.(segment, selector & 0xffff, (cpu.startLo + cpu.codeBase) | 0, cpu.startHi);
  words[at] = selector;
  words[at + SEGMENT.attributes] = attributes;
  words[at + SEGMENT.baseLo] = base;
  words[at + SEGMENT.baseHi] = 0;
  words[at + SEGMENT.limit] = limit;
}

export const selectorOf = (cpu: Cpu, segment: number): number => cpu.word(segmentWord(segment)) & 0xffff;

/** Fills a segment's cache, and sets the accessed bit of its descriptor. */
export function cacheDescriptor(cpu: Cpu, segment: number, selector: number, descriptor: Descriptor): void {
  storeType(cpu, descriptor, ATTRIBUTE.accessed);
  const { attributes, base, limit } = descriptor;
  setSegment(cpu, segment, selector, attributes | ATTRIBUTE.accessed, base, limit);
}

/** A null selector: the segment cannot be used, and has no base. The limit stays, for a real mode that comes later. */
export function loadNull(cpu: Cpu, segment: number, selector: number): void {
  const at = segmentWord(segment);
  setSegment(
    cpu,
    segment,
    selector,
    cpu.word(at + SEGMENT.attributes) & ~ATTRIBUTE.present,
    0,
    cpu.word(at + SEGMENT.limit),
  );
}

/** Real mode: the base follows the selector, the limit stays ("unreal mode"). Virtual-8086 mode: 64 KiB, always. */
export function loadRealSegment(cpu: Cpu, segment: number, selector: number): void {
  const at = segmentWord(segment);
  const base = (selector & 0xffff) << 4;
  if (isVirtual8086(cpu)) setSegment(cpu, segment, selector, VIRTUAL_ACCESS, base, 0xffff);
  else {
    const attributes = (cpu.word(at + SEGMENT.attributes) & ~0xff) | REAL_ACCESS;
    setSegment(cpu, segment, selector, attributes, base, cpu.word(at + SEGMENT.limit));
  }
}

/** MOV and POP of ES, SS, DS, FS and GS, LDS and the others. Source: Intel SDM vol. 2B, MOV, "Loading a segment register". */
export function loadSegment(cpu: Cpu, segment: number, selector: number): void {
  if (!isProtected(cpu)) return loadRealSegment(cpu, segment, selector);
  if (segment === SEG.SS) return loadStackSegment(cpu, selector, cpu.word(WORD.cpl));
  if (isNull(selector)) return loadNull(cpu, segment, selector);
  const descriptor = readDescriptor(cpu, selector);
  const privilege = Math.max(selector & 3, cpu.word(WORD.cpl));
  const conforming = descriptor.isCode && descriptor.isConforming;
  if (!descriptor.isReadable || (!conforming && privilege > descriptor.dpl))
    throw cpu.raise(VECTOR.GP, selector & 0xfffc);
  if (!descriptor.isPresent) throw cpu.raise(VECTOR.NP, selector & 0xfffc);
  cacheDescriptor(cpu, segment, selector, descriptor);
}

function loadStackSegment(cpu: Cpu, selector: number, cpl: number): void {
  if (isNull(selector)) {
    if (!cpu.is64 || cpl === 3 || (selector & 3) !== cpl) throw cpu.raise(VECTOR.GP, 0);
    return loadNullStack(cpu, selector);
  }
  loadStackOf(cpu, selector, cpl, VECTOR.GP);
}

/** SS of 64-bit code below CPL 3; its DPL is the CPL all the same. */
export function loadNullStack(cpu: Cpu, selector: number): void {
  setSegment(cpu, SEG.SS, selector, (selector & 3) << 5, 0, 0);
}

/** SS for a privilege level: what is wrong is `vector` (#GP, or #TS when the selector comes from a TSS), what is not present #SS. */
export function loadStackOf(cpu: Cpu, selector: number, cpl: number, vector: number): void {
  const descriptor = readDescriptor(cpu, selector, vector);
  if ((selector & 3) !== cpl || descriptor.dpl !== cpl || !descriptor.isWritableData)
    throw cpu.raise(vector, selector & 0xfffc);
  if (!descriptor.isPresent) throw cpu.raise(VECTOR.SS, selector & 0xfffc);
  cacheDescriptor(cpu, SEG.SS, selector, descriptor);
}

/** CS and CPL together; what follows from them is derived anew. */
export function loadCode(cpu: Cpu, selector: number, descriptor: Descriptor, cpl: number): void {
  cacheDescriptor(cpu, SEG.CS, (selector & 0xfffc) | cpl, descriptor);
  cpu.setPrivilege(cpl);
  cpu.modeChanged();
}

/** CS outside of protected mode. */
export function loadRealCode(cpu: Cpu, selector: number): void {
  loadRealSegment(cpu, SEG.CS, selector);
  cpu.modeChanged();
}

/**
 * After a return to an outer level nothing of the inner one may stay in ES, DS, FS and GS. Their bases do: 64-bit kernels rely on that of GS.
 * Source: Intel SDM vol. 2A, IRET; kvm-unit-tests, which processors pass.
 */
export function dropPrivilegedSegments(cpu: Cpu): void {
  const cpl = cpu.word(WORD.cpl);
  for (const segment of [SEG.ES, SEG.DS, SEG.FS, SEG.GS]) {
    const at = segmentWord(segment);
    const attributes = cpu.word(at + SEGMENT.attributes);
    const conforming = (~attributes & (ATTRIBUTE.code | ATTRIBUTE.conforming)) === 0;
    if ((attributes & ATTRIBUTE.present) === 0 || conforming || ((attributes >> 5) & 3) >= cpl) continue;
    cpu.words[at + SEGMENT.selector] = 0;
    cpu.words[at + SEGMENT.attributes] = attributes & ~ATTRIBUTE.present;
  }
}
