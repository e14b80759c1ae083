import type { PlanProtocol } from '@bzelf/loader';
import type { TouchKind } from '@bzelf/x86';
import type { BiosCall } from '../bios/index.js';
import type { Finding } from '../finding.js';
import type { Slides } from './image.js';

/** How far a run is to come. */
export type Until = 'entry' | 'banner';

export type PhaseName = 'stub' | 'setup' | 'before copy' | 'decompression' | 'start' | 'after jump';

/** What the code of a phase did to memory for the first time: pages of 4 KiB. */
export interface Phase {
  readonly name: PhaseName;
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
  /** Which range of the entry's MAPPING it is, from 0; absent for what processor or loader need by themselves. */
  readonly row?: number;
  readonly start: bigint;
  readonly length: bigint;
  readonly access: string;
  readonly required: boolean;
  readonly pages: number;
  readonly touchedPages: number;
  /** From the first to the last page that was touched, cut to the range. */
  readonly touched?: { readonly start: bigint; readonly length: bigint };
}

/**
 * Pages of 4 KiB that lie together and were touched for the first time in one way (`walk`: the processor at its page tables), in one phase. The
 * list of a run ascends by address and has at most a few thousand rows: where there are more, small gaps are closed.
 */
export interface TouchRun {
  readonly start: bigint;
  /** Bytes: whole pages. */
  readonly length: bigint;
  readonly kind: TouchKind;
  readonly phase: PhaseName;
  /** Instructions before the earliest of these touches, and before the latest. */
  readonly first: bigint;
  readonly last: bigint;
  /** Pages that were touched; fewer than the length has where gaps were closed. */
  readonly pages: number;
}

/** A line that was complete on the serial port after so many instructions. */
export interface SerialMark {
  readonly count: bigint;
  readonly line: string;
}

export interface PortReport {
  readonly port: number;
  readonly device?: string;
  readonly reads: number;
  readonly writes: number;
}

/** An instruction where something happened. */
export interface CodePlace {
  /** Linear address. */
  readonly rip: bigint;
  /** Its disassembly. */
  readonly text: string;
  /** Of the first time. */
  readonly phase: PhaseName;
  /** Instructions before the first time. */
  readonly first: bigint;
}

/** An instruction, and how often it was executed. */
export interface CountedPlace extends CodePlace {
  readonly times: number;
}

export interface PrivilegedUse extends CountedPlace {
  /** What #GP(0) follows without: CPL 0, or an IOPL (for ports: or the TSS's map). */
  readonly needs: 'cpl0' | 'iopl';
}

export interface SegmentLoad extends CountedPlace {
  /** `cs`, `ds`… */
  readonly register: string;
  readonly selector: number;
  /** Not by the instruction itself, but on the way from it to the handler of an exception or interrupt. */
  readonly delivery?: true;
}

export interface MsrUse extends CountedPlace {
  readonly index: number;
  /** As the Intel SDM calls it; absent when it is not known. */
  readonly name?: string;
  readonly access: 'read' | 'write';
  /** What was written first. */
  readonly value?: bigint;
}

export interface CpuidUse extends CountedPlace {
  readonly leaf: number;
  /** ecx, for leaves that look at it. */
  readonly subleaf?: number;
}

/** A page that the processor has walked as a page table and that code has written. */
export interface PageTableWrite extends CodePlace {
  /** Physical address of the page. */
  readonly page: bigint;
  /** Instructions before the processor walked it first. */
  readonly walked: bigint;
}

/** What lies below 1 MiB in a PC. */
export type LowMemoryArea = 'IVT' | 'BDA' | 'RAM' | 'EBDA' | 'video memory' | 'option ROMs' | 'BIOS';

/** First read of a page below 1 MiB that the loader has not filled; of page 0, of each of its parts. */
export interface LowMemoryRead extends CodePlace {
  readonly area: LowMemoryArea;
  /** Physical: of the page, or in page 0 of what was read. */
  readonly address: bigint;
}

/** First write to a page of video memory, 0xa0000-0xbffff. */
export interface FramebufferWrite extends CodePlace {
  readonly page: bigint;
}

/** What happened that a kernel engineer may want to look at. Lists are in the order of the first time and end after a thousand rows. */
export interface Audit {
  readonly ports: readonly PortReport[];
  readonly privileged: readonly PrivilegedUse[];
  readonly segmentLoads: readonly SegmentLoad[];
  readonly cpuid: readonly CpuidUse[];
  readonly msrs: readonly MsrUse[];
  readonly pageTableWrites: readonly PageTableWrite[];
  readonly lowMemory: readonly LowMemoryRead[];
  readonly framebuffer: readonly FramebufferWrite[];
}

/** Why an instruction in ring 1 came to the monitor: it needs CPL 0, or IOPL, or it takes a descriptor of ring 0. */
export type TrapReason = 'privileged' | 'iopl' | 'ring-0 selector';

export interface TrappedUse extends CountedPlace {
  readonly reason: TrapReason;
}

/** What a kernel does that a monitor must do for it when it runs in ring 1; in the order of the first time, at most a thousand rows each. */
export interface Ring1Report {
  readonly trapped: readonly TrappedUse[];
  /** These do not trap, and show the guest that it is not in ring 0, or do nothing: SGDT, SMSW, POPF, a read of CS… */
  readonly sensitive: readonly CountedPlace[];
  /** It has switched to long mode. */
  readonly longMode: boolean;
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
  readonly touches: readonly TouchRun[];
  readonly audit?: Audit;
  /** The text screen at 0xb8000 at the end, 25 lines without the blanks behind them, when anything was written there. */
  readonly screen?: readonly string[];
  /** linux16: what was asked of the BIOS. */
  readonly bios?: readonly BiosCall[];
  /** Runs in ring 1: what the monitor has done for the kernel. */
  readonly ring1?: Ring1Report;
  /** What stood on the serial port, or was printed before the kernel ran. */
  readonly serial: string;
  /** When its lines came; the first thousand. */
  readonly serialMarks: readonly SerialMark[];
  readonly findings: readonly Finding[];
  /** Host's time; the only thing that differs between runs. */
  readonly seconds: number;
}
