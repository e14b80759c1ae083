import type { BzImage } from '@bzelf/bzimage';
import type { PayloadFacts } from '../notes.js';
import type { WrapOptions } from '../options.js';
import type { KernelPlacement } from '../placement.js';
import type { LoaderTarget } from '../targets/index.js';

/** What every form is written from. */
export interface FormContext {
  readonly input: Uint8Array;
  readonly bz: BzImage;
  readonly placement: KernelPlacement;
  readonly target: LoaderTarget;
  readonly options: WrapOptions;
  readonly payload: PayloadFacts;
}

/** A written file, in runs that lie one behind the other. */
export interface WrittenForm {
  readonly parts: readonly Uint8Array[];
  readonly warnings: readonly string[];
}

/** File offsets that addresses and notes speak of. Sizes do not depend on them, so the second round settles them. */
export interface Offsets {
  readonly multiboot: number;
  readonly stub: number;
  readonly initrd: number;
  readonly input: number;
}
