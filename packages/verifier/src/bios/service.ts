import type { MemoryRange } from '@bzelf/loader';
import type { Guest } from './guest.js';

/** What became of a call: done; what is asked for is not in this machine, and the caller was told so; nobody knows the function. */
export type BiosAnswer = 'answered' | 'absent' | 'unknown';

/** A BIOS call, by how it is listed in Ralf Brown's interrupt list. */
export interface Service {
  readonly vector: number;
  /** The bits of AX that choose it, and their value; every call of the vector without them. */
  readonly ax?: readonly [mask: number, value: number];
  readonly name: string;
  readonly answer: Exclude<BiosAnswer, 'unknown'>;
  readonly run: (guest: Guest, map: readonly MemoryRange[]) => void;
}

export const AH = (value: number): readonly [number, number] => [0xff00, value << 8];
export const AX = (value: number): readonly [number, number] => [0xffff, value];
