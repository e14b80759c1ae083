import type { MappingRange, RawNote, SubarchNote } from '@bzelf/elf';
import type { CmdlineMode, MultibootCmdlineMode } from './stub/index.js';
import type { Form } from './targets/index.js';

export interface WrapOptions {
  /** Default: container. */
  readonly form?: Form;
  /** A name from TARGETS. Default: pvh. */
  readonly target?: string;
  /** ELF class, where the target leaves a choice. */
  readonly class?: 32 | 64;
  /** Built-in command line of a container. */
  readonly cmdline?: string;
  /** `default`: the built-in line counts when the loader gives none; `append`: in front of the loader's; `override`: always. */
  readonly cmdlineMode?: CmdlineMode;
  /** Is the first word of a Multiboot command line a file name? Default: auto. */
  readonly multibootCmdline?: MultibootCmdlineMode;
  /** Built-in initrd of a container, used when the loader gives none. */
  readonly initrd?: Uint8Array;
  /** hardware_subarch and hardware_subarch_data to enter the kernel with. Default: what the image says. */
  readonly subarch?: SubarchNote;
  /** Added to the notes; type 18 is refused. */
  readonly notes?: readonly RawNote[];
  /** Added to the MAPPING note of every entry. */
  readonly ranges?: readonly MappingRange[];
  /** Decompress the payload: PAYLOAD gets the SHA-256 of the vmlinux, and its GNU and Linux notes are carried over. */
  readonly inspectPayload?: boolean;
  /** For the inplace form of an EFI executable: accept that it no longer is one. */
  readonly allowEfiLoss?: boolean;
}

export interface WrapResult {
  /** The file. */
  readonly bytes: Uint8Array;
  /** The same bytes in runs, one behind the other, which may be memory of the input: write them out, or use `bytes`. */
  readonly parts: readonly Uint8Array[];
  /** Bytes. */
  readonly size: number;
  readonly form: Form;
  readonly target: string;
  /** What a person should know: one sentence each. */
  readonly warnings: readonly string[];
}
