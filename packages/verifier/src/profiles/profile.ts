import type { KernelImage, MemoryRange, PlanOptions, PlanProtocol, Registers } from '@bzelf/loader';
import type { SetupLayout } from './real-mode.js';

/** What a loader leaves in the processor where it differs from the plan's flat state. */
export interface CpuChange {
  readonly registers?: Partial<Registers>;
  readonly cr0?: bigint;
  readonly cr4?: bigint;
  readonly rflags?: bigint;
  /** Selectors of code and data; the GDT then has its descriptors there. */
  readonly selectors?: readonly [code: number, data: number];
  /** TR holds nothing, against the ABI. */
  readonly noTask?: boolean;
  readonly idt?: { readonly base: bigint; readonly limit: number };
}

/** What a loader or firmware leaves in memory, beside what the plan brings; `bios` answers calls, too. */
export type Firmware = 'coreboot-table' | 'bios';

/** A loader's hand-over as data: the load plan of a protocol, and what this loader does in another way. */
export interface Profile {
  readonly name: string;
  readonly protocol: PlanProtocol;
  /** One of those that show each entry of a file: it runs unless others are asked for. */
  readonly basic?: boolean;
  /** What it stands for. */
  readonly doc: string;
  /** Where the facts are from. */
  readonly source: string;
  /**
   * Which memory there is for the kernel until it runs: what the file declares (MAPPING notes, else what the plan loads and reserves) and
   * what the loader brings, or everything.
   */
  readonly mapped: 'declared' | 'all';
  /** Only for these forms of file. */
  readonly forms?: readonly KernelImage['form'][];
  readonly memoryMap?: (ram: bigint) => readonly MemoryRange[];
  readonly options?: Partial<Omit<PlanOptions, 'protocol' | 'memoryMap'>>;
  readonly cpu?: CpuChange;
  /** linux64: page tables that map all memory below this address, P==V, instead of the declared ranges only. */
  readonly identity?: bigint;
  /** Made from scratch, with these fields of the setup_header only. */
  readonly headerFields?: readonly string[];
  readonly firmware?: Firmware;
  /** linux16: heap and command line, when they are not where the plan has them. */
  readonly setupLayout?: SetupLayout;
  /** The kernel may move itself; else it is told not to. */
  readonly kaslr?: boolean;
  /** The file name that is put in front of the command line. */
  readonly fileName?: string;
}
