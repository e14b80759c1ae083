import { WORD } from '../cpu/state.js';
import { type MemorySnapshot } from '../memory/guest-memory.js';
import { type BusState } from './bus.js';

/** The whole state of a machine as plain data: it can be cloned, sent to a worker, and restored in any machine of the same make. */
export interface Snapshot {
  readonly format: 1;
  /** Bytes of RAM, the CPU as text, and the devices: who restores has to have the same. */
  readonly ram: number;
  readonly profile: string;
  readonly devices: readonly (readonly [name: string, state: unknown])[];
  /** The state block. */
  readonly cpu: Uint8Array;
  readonly halted: boolean;
  /** Pages of RAM that are not all zeros: their numbers, and their bytes one after the other. */
  readonly pages: Uint32Array;
  readonly bytes: Uint8Array;
  readonly memory: MemorySnapshot;
  readonly bus: BusState;
  readonly serial: Uint8Array;
  readonly console: Uint8Array;
}

const PAGE = 4096;

/** The state block with its flags settled, without what is of no meaning between two instructions: so that equal machines are equal. */
export function saveState(words: Int32Array): Uint8Array {
  const copy = words.slice();
  copy[WORD.vector] = copy[WORD.errorCode] = -1;
  copy.fill(0, WORD.result, WORD.result + 2);
  copy.fill(0, WORD.flagKind, WORD.missed + 2);
  return new Uint8Array(copy.buffer);
}

export function savePages(ram: Uint8Array): { pages: Uint32Array; bytes: Uint8Array } {
  const words = new Int32Array(ram.buffer, ram.byteOffset, ram.length / 4);
  const used: number[] = [];
  for (let page = 0; page < ram.length / PAGE; page++) if (!isZero(words, page)) used.push(page);
  const bytes = new Uint8Array(used.length * PAGE);
  used.forEach((page, index) => bytes.set(ram.subarray(page * PAGE, (page + 1) * PAGE), index * PAGE));
  return { pages: Uint32Array.from(used), bytes };
}

/** Pages that are zeros and stay so are not written: the host may never have had to find memory for them. */
export function restorePages(ram: Uint8Array, pages: Uint32Array, bytes: Uint8Array): void {
  const words = new Int32Array(ram.buffer, ram.byteOffset, ram.length / 4);
  const kept = new Set(pages);
  for (let page = 0; page < ram.length / PAGE; page++)
    if (!kept.has(page) && !isZero(words, page)) ram.fill(0, page * PAGE, (page + 1) * PAGE);
  pages.forEach((page, index) => {
    ram.set(bytes.subarray(index * PAGE, (index + 1) * PAGE), page * PAGE);
  });
}

function isZero(words: Int32Array, page: number): boolean {
  const start = (page * PAGE) / 4;
  for (let at = start; at < start + PAGE / 4; at++) if (words[at] !== 0) return false;
  return true;
}
