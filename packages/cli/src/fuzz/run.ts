import { isBzelfError } from '@bzelf/bytes';
import { mutate, type Seed } from './mutate.js';
import { PATHS } from './paths.js';
import { randomFrom } from './random.js';

export interface Find {
  readonly iteration: number;
  readonly seedFile: string;
  readonly path: string;
  readonly error: unknown;
  readonly bytes: Uint8Array;
}

/** One mutated file through every path. Errors of malformed input are the good end; everything else is a find. */
export async function fuzzOnce(seeds: readonly Seed[], seed: number, iteration: number): Promise<Find[]> {
  const random = randomFrom(seed, iteration);
  const start = random.pick(seeds);
  const bytes = mutate(start, seeds, random);
  const finds: Find[] = [];
  for (const [path, run] of Object.entries(PATHS)) {
    try {
      await run(bytes, random);
    } catch (error) {
      if (!isBzelfError(error)) finds.push({ iteration, seedFile: start.name, path, error, bytes });
    }
  }
  return finds;
}
