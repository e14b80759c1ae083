import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

/**
 * Gives the memory of machines that are not used any more back, before another one is made: V8 sees their few objects, not the
 * hundreds of megabytes behind them, and would wait. What WebAssembly holds goes a turn later. Flags are those of the whole
 * process: the one that new contexts see `gc` by stays, because other threads make theirs at the same time.
 */
export async function collectGarbage(): Promise<void> {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
  await new Promise((resolve) => setImmediate(resolve));
  collect();
}
