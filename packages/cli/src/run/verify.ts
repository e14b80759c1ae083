import { verify, type VerifyOptions } from '@bzelf/verifier';
import type { VerifyArgs } from '../commands/verify.js';
import { Failure, FindingsFound, UsageError } from '../exit.js';
import { openInput, readInput, writeOutput } from '../io.js';
import { memorySize } from '../machine/plan.js';
import { jsonText } from '../print/json.js';
import { stdoutPaint, writeStdout } from '../terminal.js';
import { parseNumber } from '../values.js';
import { verifyDocument, type FileVerdict } from '../verify/document.js';
import { junitXml } from '../verify/junit.js';
import { verifyText } from '../verify/text.js';

/** Every file is verified, whatever became of those before it; the first that could not be read is the failure. */
export async function runVerify(args: VerifyArgs): Promise<void> {
  const options = optionsOf(args);
  const verdicts: FileVerdict[] = [];
  let failure: Failure | undefined;
  for (const file of args.files) {
    try {
      const verdict = { file, report: await verifyFile(file, options) };
      verdicts.push(verdict);
      if (!args.json) writeStdout(verifyText(verdict, stdoutPaint()));
    } catch (cause) {
      failure ??= new Failure(cause, { file, json: args.json });
    }
  }
  if (args.json) writeStdout(jsonText(verifyDocument(verdicts)));
  if (args.junit !== undefined) await writeOutput(args.junit, new TextEncoder().encode(junitXml(verdicts)));
  if (failure !== undefined) throw failure;
  if (verdicts.some(({ report }) => report.verdict === 'fail')) throw new FindingsFound();
}

async function verifyFile(file: string, options: VerifyOptions) {
  const input = openInput(file);
  try {
    return await verify(input, options);
  } finally {
    input.close();
  }
}

/** Throws UsageError, and the error of an initrd that cannot be read. */
function optionsOf(args: VerifyArgs): VerifyOptions {
  const { profile, target, cmdline, initrd, instructions } = args;
  const deadline = Number(args.deadline);
  if (!(deadline > 0)) throw new UsageError(`--deadline ${args.deadline}: not a number of seconds`);
  return {
    until: args.until,
    ram: Number(memorySize(args)),
    deadline: deadline * 1000,
    ...(profile === undefined ? {} : { profiles: [profile].flat() }),
    ...(target === undefined ? {} : { target }),
    ...(cmdline === undefined ? {} : { cmdline }),
    ...(initrd === undefined ? {} : { initrd: readInput(initrd) }),
    ...(instructions === undefined ? {} : { instructions: Number(parseNumber(instructions, '--instructions')) }),
  };
}
