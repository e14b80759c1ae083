import type { PlanProtocol } from '@bzelf/loader';
import type { BiosCall } from '../bios/index.js';
import type { Finding } from '../finding.js';
import type { Slides } from './image.js';

/** How far a run is to come. */
export type Until = 'entry' | 'banner';

/** What the code of a phase did to memory for the first time: pages of 4 KiB. */
export interface Phase {
  readonly name: 'stub' | 'setup' | 'before copy' | 'decompression' | 'start' | 'after jump';
  /** Instructions since the loader's jump. */
  readonly from: bigint;
  readonly to: bigint;
  readonly fetched: number;
  readonly read: number;
  readonly written: number;
}

/** A range that was there for the kernel, and what of it was touched before the kernel ran. */
export interface RangeUse {
  readonly purpose: string;
  readonly start: bigint;
  readonly length: bigint;
  readonly access: string;
  readonly required: boolean;
  readonly pages: number;
  readonly touchedPages: number;
  /** From the first to the last page that was touched, cut to the range. */
  readonly touched?: { readonly start: bigint; readonly length: bigint };
}

export interface PortReport {
  readonly port: number;
  readonly device?: string;
  readonly reads: number;
  readonly writes: number;
}

/** What happened that a kernel engineer may want to look at. */
export interface Audit {
  readonly ports: readonly PortReport[];
  /** CPUID leaves, ascending. */
  readonly cpuid: readonly number[];
  readonly msrReads: readonly number[];
  readonly msrWrites: readonly number[];
  /** Pages below 1 MiB that were read, beside what the loader has put there. */
  readonly lowMemoryPages: number;
}

export interface ProfileReport {
  readonly profile: string;
  readonly protocol: PlanProtocol;
  readonly verdict: 'pass' | 'fail';
  /** How far it came: `nothing` if the file could not be loaded. */
  readonly reached: 'nothing' | 'start' | 'entry' | 'banner' | 'milestone';
  /** How the run ended, in words. */
  readonly ended: string;
  readonly instructions: bigint;
  readonly entry?: bigint;
  readonly slides?: Slides;
  /** Bytes of the kernel that are in memory as they should be. */
  readonly comparedBytes: number;
  readonly cmdline?: string;
  /** From where the allowed ranges are. */
  readonly evidence?: 'declared' | 'plan' | 'all';
  readonly phases: readonly Phase[];
  readonly ranges: readonly RangeUse[];
  readonly audit?: Audit;
  /** linux16: what was asked of the BIOS. */
  readonly bios?: readonly BiosCall[];
  /** What stood on the serial port, or was printed before the kernel ran. */
  readonly serial: string;
  readonly findings: readonly Finding[];
  /** Host's time; the only thing that differs between runs. */
  readonly seconds: number;
}
