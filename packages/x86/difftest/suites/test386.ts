/** test386.asm: a 80386 tester that takes the place of the BIOS. Its codes on the POST port name the test that runs; FF is the end. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConsolePort } from '../../src/devices/debug-ports';
import { StatefulDevice } from '../../src/devices/device';
import { Machine } from '../core';
import { type SuiteOptions, type TestOutcome } from './suite';

const MEGABYTE = 0x100000;
const POST_PORT = 0x190;
const DONE = 0xff;
const BUDGET = 2e9;

/** The POST port of the configuration that is built. */
class PostRegister extends StatefulDevice<Record<string, never>> {
  readonly name = 'POST';
  readonly ports = [{ start: POST_PORT, count: 1 }];
  protected state = {};

  constructor(private readonly onCode: (code: number) => void) {
    super();
  }

  out(_port: number, _size: number, value: number): void {
    this.onCode(value & 0xff);
  }
}

export function* runTest386(path: string, { tier, verbose }: SuiteOptions): Generator<TestOutcome> {
  const rom = readFileSync(path);
  const codes: number[] = [];
  const post = new PostRegister((code) => codes.push(code));
  const machine = new Machine({ ram: MEGABYTE, unmapped: 'ones', tier, devices: [post, new ConsolePort()] });
  machine.write(MEGABYTE - rom.length, rom);
  // the reset vector lies in the same ROM below 4 GiB; its far jump leads to the copy below 1 MiB
  machine.setSegment('cs', { selector: 0xf000, base: 0xf0000n, limit: 0xffff, attributes: 0x9b });
  machine.setRegister('rip', 0xfff0n);
  const exit = machine.run({ budget: BUDGET });
  const code = codes.at(-1) ?? 0;
  yield {
    name: `POST ${code.toString(16).padStart(2, '0')}`,
    verdict: code === DONE ? 'pass' : 'fail',
    detail: `${exit.reason} at ${exit.rip.toString(16)} after ${exit.count} instructions`,
  };
  const ours = machine.console.output.split('\n');
  const theirs = readFileSync(join(dirname(path), 'test386-EE-reference.txt'), 'latin1').split('\n');
  const different = theirs.flatMap((line, i) => (line.trim() === ours[i]?.trim() ? [] : [i]));
  const shown = different
    .slice(0, verbose ? 100 : 5)
    .map((i) => `\n    ${ours[i] ?? '(nothing)'}\n    reference: ${theirs[i]}`);
  yield {
    name: 'flags and results of POST EE',
    verdict: different.length === 0 ? 'pass' : 'fail',
    detail: `${theirs.length - different.length} of ${theirs.length} lines as in the reference${shown.join('')}`,
  };
}
