import { CAN_USE_HEAP, SETUP_HEADER } from '@bzelf/bzimage';
import { phys } from '@bzelf/bytes';
import type { Copy, LoadPlan } from '@bzelf/loader';

/** Where a loader of the 16-bit entry has heap and command line, when not as boot.rst's sample has them. */
export interface SetupLayout {
  /** Offset in the block of setup; the stack begins below it. */
  readonly heapEnd: number;
  /** Physical. */
  readonly cmdlineAt: number;
}

/** Changes what the loader has written into the header of the setup, and moves the command line. */
export function withSetupLayout(plan: LoadPlan, { heapEnd, cmdlineAt }: SetupLayout): LoadPlan {
  const changed = (copy: Copy): Copy => {
    if (copy.purpose === 'cmdline') return { ...copy, to: phys(cmdlineAt) };
    if (copy.purpose !== 'setup' || !('bytes' in copy.from)) return copy;
    const bytes = copy.from.bytes.slice();
    const { loadflags } = SETUP_HEADER.read(bytes);
    SETUP_HEADER.write(bytes, 0, {
      heap_end_ptr: heapEnd - 0x200,
      loadflags: loadflags | CAN_USE_HEAP,
      ...(plan.cmdline === undefined ? {} : { cmd_line_ptr: cmdlineAt }),
    });
    return { ...copy, from: { bytes } };
  };
  return {
    ...plan,
    copies: plan.copies.map(changed),
    ...(plan.cmdline === undefined ? {} : { cmdline: { ...plan.cmdline, start: phys(cmdlineAt) } }),
  };
}
