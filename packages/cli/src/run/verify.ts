import type { VerifyOptions } from '@bzelf/verifier';
import type { VerifyArgs } from '../commands/verify.js';
import { UsageError } from '../exit.js';
import { readInput } from '../io.js';
import { memorySize } from '../machine/plan.js';
import { withProgress } from '../progress.js';
import { writeStderr } from '../terminal.js';
import { parseNumber } from '../values.js';
import { isFailure, type Outcome } from '../verify/outcome.js';
import { checkReports, giveReports } from '../verify/reports.js';
import { parseShard, shardOf } from '../verify/shard.js';
import { tellOutcome } from '../verify/tell.js';

/** Every file is verified, whatever became of those before it. */
export async function runVerify(args: VerifyArgs): Promise<void> {
  const options = await optionsOf(args);
  const shard = args.shard === undefined ? undefined : parseShard(args.shard);
  const files = shard === undefined ? args.files : shardOf(args.files, shard);
  const { measuredOutput } = await import('../verify/measure.js');
  const measured = measuredOutput({ ...args, files });
  checkReports(args, args.files);
  const { jobsOf } = await import('../verify/jobs.js');
  const jobs = jobsOf(args.jobs, options.ram);
  const outcomes: Outcome[] = [];
  const take = (outcome: Outcome) => {
    tellOutcome(outcome, { json: args.json, isFirst: outcomes.every(isFailure) });
    outcomes.push(outcome);
  };
  const [only] = files;
  if (files.length === 1 && only !== undefined) take(await verifyHere(only, options, measured));
  else if (files.length > 1) {
    const { runFleet } = await import('../verify/run-fleet.js');
    await runFleet(files, options, jobs, take);
  } else writeStderr(`bzelf: shard ${args.shard} has none of the files\n`);
  await giveReports(outcomes, args, shard === undefined ? undefined : { ...shard, files });
}

/** One file needs no thread. */
async function verifyHere(file: string, options: VerifyOptions, measured?: string): Promise<Outcome> {
  const { verifyOne } = await import('../verify/one.js');
  return withProgress(`verifying ${file}`, () => verifyOne(file, options, measured));
}

/** Throws UsageError. */
function instructionsOf(text: string): number {
  const count = Number(parseNumber(text, '--instructions'));
  if (count < 1 || !Number.isSafeInteger(count)) throw new UsageError(`--instructions ${text}: not a number from 1 on`);
  return count;
}

/** Throws UsageError, the error of an initrd that cannot be read, verifier/unknown-profile and verifier/unknown-target. */
async function optionsOf(args: VerifyArgs): Promise<VerifyOptions & { ram: number }> {
  const { profile, target, cmdline, initrd, instructions } = args;
  const deadline = Number(args.deadline);
  if (!(deadline > 0)) throw new UsageError(`--deadline ${args.deadline}: not a number of seconds`);
  const options = {
    until: args.until,
    ram: Number(memorySize(args)),
    deadline: deadline * 1000,
    ...(profile === undefined ? {} : { profiles: [...new Set([profile].flat())] }),
    ...(target === undefined ? {} : { target }),
    ...(cmdline === undefined ? {} : { cmdline }),
    ...(initrd === undefined ? {} : { initrd: readInput(initrd) }),
    ...(instructions === undefined ? {} : { instructions: instructionsOf(instructions) }),
  };
  const { checkVerifyOptions } = await import('@bzelf/verifier');
  checkVerifyOptions(options);
  return options;
}
