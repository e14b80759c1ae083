import type { KernelImage, MemoryRange, PlanOptions, PlanProtocol, Registers } from '@bzelf/loader';
import type { AcpiPlaces } from './acpi-tables.js';
import type { ElfHandOver } from './elfboot-hand-over.js';
import type { Places } from './places.js';
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

/** What a loader or firmware leaves in memory, beside what the plan brings; `bios` answers calls, too, and `xen` hypercalls. */
export type Firmware = 'coreboot-table' | 'bios' | 'xen';

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
  /** Only for ELF files of this class. */
  readonly class?: 32 | 64;
  /** Only for files of which this is true. */
  readonly takes?: (kernel: KernelImage) => boolean;
  readonly memoryMap?: (ram: bigint) => readonly MemoryRange[];
  readonly options?: Partial<Omit<PlanOptions, 'protocol' | 'memoryMap'>>;
  readonly places?: (ram: bigint) => Places;
  /** It knows of one entry only: e_entry. */
  readonly enters?: 'e_entry';
  readonly cpu?: CpuChange;
  /** linux64: page tables that map all memory below this address, P==V, instead of the declared ranges only. */
  readonly identity?: bigint;
  /** Made from scratch, with these fields of the setup_header only. */
  readonly headerFields?: readonly string[];
  readonly firmware?: Firmware;
  readonly acpi?: AcpiPlaces;
  /** A loader of ELF files that has a hand-over of its own, with nothing of the protocol but the entry. */
  readonly elfHandOver?: ElfHandOver;
  /** It has no way to pass them. */
  readonly passesNo?: readonly ('cmdline' | 'initrd')[];
  /** linux16: heap and command line, when they are not where the plan has them. */
  readonly setupLayout?: SetupLayout;
  /** The kernel may move itself; else it is told not to. */
  readonly kaslr?: boolean;
  /** It runs in ring 1 over a monitor, with paging on and the declared ranges at their place. */
  readonly ring1?: boolean;
  /** The file name that is put in front of the command line, and that is not for the kernel. */
  readonly fileName?: string;
  /** A word in front of the command line that the kernel gets, too. */
  readonly firstWord?: string;
}
