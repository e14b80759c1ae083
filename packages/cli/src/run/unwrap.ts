import { unwrap } from '@bzelf/writer';
import type { UnwrapArgs } from '../commands/unwrap.js';
import { checkOutput, openInput, writeOutput } from '../io.js';
import { outputOf } from '../output-path.js';

export async function runUnwrap(args: UnwrapArgs): Promise<void> {
  const { path, options } = outputOf(args);
  checkOutput(path, options);
  const input = openInput(args.in);
  try {
    await writeOutput(path, unwrap(input), options);
  } finally {
    input.close();
  }
}
