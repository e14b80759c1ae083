import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

/**
 * Gives the memory of machines that are not used any more back, before another one is made: V8 sees their few objects, not the
 * hundreds of megabytes behind them, and would wait. What WebAssembly holds
 * goes a turn later.
 */
export async function collectGarbage(): Promise<void> {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
    setFlagsFromString('--no-expose-gc');
  }
  collect();
  await new Promise((resolve) => setImmediate(resolve));
  collect();
}
