import { BzelfError, toSource } from '@bzelf/bytes';
import { openKernel } from '@bzelf/loader';
import { measureMappings, verify, type VerifyOptions, type VerifyReport } from '@bzelf/verifier';
import { rewriteMappings, WRITER_ERRORS } from '@bzelf/writer';
import { DASH } from '../dash.js';
import { UsageError } from '../exit.js';
import { checkOutput, readInput, writeOutput } from '../io.js';

interface MeasureArgs {
  readonly files: readonly string[];
  readonly measure: boolean;
  readonly output?: string | undefined;
}

/** Where the measured file goes; undefined where none is wanted. Throws UsageError. */
export function measuredOutput({ files, measure, output }: MeasureArgs): string | undefined {
  if (!measure && output === undefined) return undefined;
  if (!measure) throw new UsageError('-o is for --measure; --junit and --html say where their reports go');
  if (output === undefined || output === DASH) throw new UsageError('--measure wants -o FILE; stdout has the report');
  const [input, ...others] = files;
  if (input === undefined || others.length > 0) throw new UsageError('--measure takes one file');
  checkOutput(output, { input });
  return output;
}

/**
 * Runs a file by every profile that it can be started by (unless told), puts what was touched into the MAPPING notes of a copy, and verifies
 * that. The copy is written when it is good; the report is of what was verified last. Throws what verify, rewriteMappings and writeOutput throw.
 */
export async function measureFile(file: string, output: string, options: VerifyOptions): Promise<VerifyReport> {
  const input = readInput(file);
  const kernel = openKernel(toSource(input));
  if (!('elf' in kernel))
    throw new BzelfError('writer/no-mapping', WRITER_ERRORS['writer/no-mapping'], {
      hint: 'it is a bzImage; make an ELF file of it with `bzelf wrap`',
    });
  const unchanged = rewriteMappings(input, []);
  const wanted = { ...options, profiles: options.profiles ?? ['all'] };
  const first = await verify(unchanged, { ...wanted, until: 'entry' });
  if (first.verdict === 'fail') return first;
  const bytes = rewriteMappings(input, measureMappings(kernel, first.runs));
  const report = await verify(bytes, wanted);
  if (report.verdict === 'pass') await writeOutput(output, bytes, { input: file });
  return report;
}
