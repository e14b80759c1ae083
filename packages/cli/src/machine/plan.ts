import {
  directStart,
  pcMemoryMap,
  planLoad,
  type DirectStartOptions,
  type KernelImage,
  type LoadPlan,
} from '@bzelf/loader';
import type { RunArgs } from '../commands/run.js';
import { UsageError } from '../exit.js';
import { withProgress } from '../progress.js';
import { parseNumber, parseSize } from '../values.js';

const PAGE = 4096n;
/** What one WebAssembly memory has room for. */
const MOST_MEMORY = 3n << 30n;
const LEAST_MEMORY = 1n << 20n;

/** Bytes of RAM. Throws UsageError. */
export function memorySize({ memory }: Pick<RunArgs, 'memory'>): bigint {
  const size = parseSize(memory, '--memory');
  if (size < LEAST_MEMORY || size > MOST_MEMORY || size % PAGE !== 0n)
    throw new UsageError(`--memory ${memory}: not whole pages from 1M to 3G`);
  return size;
}

/** What the loader is to do. Throws UsageError, loader/…, and what decompressing throws. */
export async function planRun(
  args: RunArgs,
  kernel: KernelImage,
  memory: bigint,
  initrd?: Uint8Array,
): Promise<LoadPlan> {
  const common = { memoryMap: pcMemoryMap(memory), cmdline: args.cmdline, ...(initrd === undefined ? {} : { initrd }) };
  if (args.direct) {
    const options = { ...common, ...directOptions(args) };
    return withProgress('decompressing', () => directStart(kernel, options));
  }
  if (args.kaslr !== undefined) throw new UsageError('--kaslr goes with --direct; a decompressor has its own mind');
  return planLoad(kernel, { ...common, ...(args.protocol === undefined ? {} : { protocol: args.protocol }) });
}

function directOptions({ protocol, kaslr }: RunArgs): Pick<DirectStartOptions, 'entry' | 'kaslr'> {
  if (protocol !== undefined && protocol !== 'linux64' && protocol !== 'linux32' && protocol !== 'pvh')
    throw new UsageError(`--direct starts the kernel itself, which has no entry by ${protocol}`);
  return {
    ...(protocol === undefined ? {} : { entry: protocol }),
    ...(kaslr === undefined ? {} : { kaslr: { seed: parseNumber(kaslr, '--kaslr') } }),
  };
}
