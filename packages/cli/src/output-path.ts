import { UsageError } from './exit.js';
import type { OutputOptions } from './io.js';
import { DASH } from './dash.js';

interface OutputArgs {
  readonly in: string;
  readonly output?: string | undefined;
  readonly 'in-place': boolean;
}

/** Where the output goes: `-o`, or over the input where --in-place says so. Throws UsageError. */
export function outputOf({ in: input, output, 'in-place': inPlace }: OutputArgs): {
  path: string;
  options: OutputOptions;
} {
  if (output !== undefined) return { path: output, options: { input, inPlace } };
  if (!inPlace) throw new UsageError('-o FILE is wanted (- for stdout), or --in-place');
  if (input === DASH) throw new UsageError('stdin cannot be written over; use -o');
  return { path: input, options: { input, inPlace } };
}
