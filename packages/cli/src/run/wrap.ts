import { wrap, type WrapOptions, type WrapResult } from '@bzelf/writer';
import type { WrapArgs } from '../commands/wrap.js';
import { checkOutput, readInput, writeOutput } from '../io.js';
import { outputOf } from '../output-path.js';
import { withProgress } from '../progress.js';
import { jsonText } from '../print/json.js';
import { sizeText } from '../print/ranges.js';
import { stderrPaint, writeStderr } from '../terminal.js';
import { parseNote, parseRange, parseSubarch } from '../values.js';

export async function runWrap(args: WrapArgs): Promise<void> {
  const { path, options } = outputOf(args);
  checkOutput(path, options);
  const wrapOptions = optionsOf(args);
  const input = readInput(args.in);
  const slow = args['inspect-payload'] || args.form === 'vmlinux';
  const work = () => wrap(input, wrapOptions);
  const result = slow ? await withProgress('decompressing', work) : await work();
  await writeOutput(path, result.parts, options);
  if (args.json) writeStderr(jsonText(summaryDocument(args, path, input.length, result)));
  else writeStderr(warningText(result) + (args.quiet ? '' : summaryText(args, path, input.length, result)));
}

function optionsOf(args: WrapArgs): WrapOptions {
  const { 'cmdline-mode': cmdlineMode, 'mb-cmdline': multibootCmdline } = args;
  return {
    form: args.form,
    target: args.target,
    ...(args.class === undefined ? {} : { class: args.class === '32' ? 32 : 64 }),
    ...(args.cmdline === undefined ? {} : { cmdline: args.cmdline }),
    ...(cmdlineMode === undefined ? {} : { cmdlineMode }),
    ...(multibootCmdline === undefined ? {} : { multibootCmdline }),
    ...(args.initrd === undefined ? {} : { initrd: readInput(args.initrd) }),
    ...(args.subarch === undefined ? {} : { subarch: parseSubarch(args.subarch) }),
    notes: (args.note ?? []).map(parseNote),
    ranges: (args.map ?? []).map(parseRange),
    inspectPayload: args['inspect-payload'],
    allowEfiLoss: args['allow-efi-loss'],
  };
}

const warningText = ({ warnings }: WrapResult): string => {
  const paint = stderrPaint();
  return warnings.map((warning) => `${paint.bold('bzelf:')} ${paint.yellow('warning:')} ${warning}\n`).join('');
};

function summaryText(
  { in: input }: WrapArgs,
  path: string,
  size: number,
  { size: written, form, target }: WrapResult,
): string {
  const name = path === '-' ? 'stdout' : path;
  return `${name}: ${form} for ${target}, ${sizeText(written)} (${input === '-' ? 'stdin' : input}: ${sizeText(size)})\n`;
}

function summaryDocument({ in: input }: WrapArgs, path: string, size: number, result: WrapResult) {
  const { form, target, warnings } = result;
  return { schema: 'bzelf.wrap/1', input, inputSize: size, output: path, form, target, size: result.size, warnings };
}
