import { thousands } from '@bzelf/bytes';
import { openKernel } from '@bzelf/loader';
import { startPlan } from '@bzelf/verifier/start';
import { Machine } from '@bzelf/x86';
import type { RunArgs } from '../commands/run.js';
import { DASH } from '../dash.js';
import { FindingsFound } from '../exit.js';
import { openInput, readInput } from '../io.js';
import { openConsole, SerialOutput } from '../machine/console.js';
import { endText, isGood, type RunEnd } from '../machine/end.js';
import { waitForGdb } from '../machine/gdb.js';
import { goalOf, type Goal } from '../machine/goal.js';
import { runInSlices } from '../machine/loop.js';
import { memorySize, planRun } from '../machine/plan.js';
import { traceTo } from '../machine/trace.js';
import { writeStderr } from '../terminal.js';
import { parseNumber } from '../values.js';

export async function runRun(args: RunArgs): Promise<void> {
  const started = performance.now();
  const input = openInput(args.file);
  try {
    const memory = memorySize(args);
    const kernel = openKernel(input);
    const initrd = args.initrd === undefined ? undefined : readInput(args.initrd);
    const plan = await planRun(args, kernel, memory, initrd);
    const goal = await goalOf(args, kernel, memory);
    const machine = new Machine({ ram: Number(memory), tier: args.tier, unmapped: 'ones' });
    startPlan(machine, plan, { kernel: kernel.source });
    const trace = args.trace === undefined ? undefined : await traceTo(machine, args.trace);
    if (args.gdb !== undefined) await waitForGdb(machine, args.gdb);
    const end = await runWithConsole(machine, args, goal).finally(() => trace?.close());
    writeStderr(`bzelf: ${summary(machine, end, args, (performance.now() - started) / 1000)}\n`);
    if (!isGood(end, args.until)) throw new FindingsFound();
  } finally {
    input.close();
  }
}

async function runWithConsole(machine: Machine, args: RunArgs, goal: Goal): Promise<RunEnd> {
  const { text } = goal;
  const output = new SerialOutput((line) => {
    if (text !== undefined && line.includes(text)) machine.stop();
  });
  let interrupted = false;
  machine.serial.onByte = output.byte;
  const console = openConsole({
    // the kernel itself came from there
    reads: args.file !== DASH,
    receive: (bytes) => machine.serial.receive(bytes),
    end: () => (interrupted = true),
  });
  try {
    return await runInSlices(machine, {
      until: goal.until,
      isArrived: () => goal.isArrived(machine),
      budget: args.instructions === undefined ? undefined : parseNumber(args.instructions, '--instructions'),
      isInterrupted: () => interrupted,
      onPause: () => output.flush(),
    });
  } finally {
    console.close();
  }
}

/** `banner reached: 126,130,011 instructions in 0.61 s, 207 MIPS, 15,120 pages touched` */
function summary(machine: Machine, end: RunEnd, { until }: RunArgs, seconds: number): string {
  const mips = Number(machine.count) / 1e6 / seconds;
  const work = `${thousands(machine.count)} instructions in ${seconds.toFixed(2)} s, ${thousands(Math.round(mips))} MIPS`;
  return `${endText(end, until)}: ${work}, ${thousands(machine.touches.count())} pages touched`;
}
