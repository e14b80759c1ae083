/** Costs of what the translator's design rests on, in this Node, beside recorded ones. It asserts nothing. */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { report, type Numbers, type Reference } from './report';
import { CHAPTERS } from './rows';

const REFERENCE = 'packages/x86/difftest/bench-wasm/reference.json';
const USAGE = `usage: npm run bench:wasm -- [--json] [--record]

  --json     the numbers in nanoseconds as JSON
  --record   make them the reference; of the same Node's numbers the better ones stay, ${REFERENCE}`;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    record: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(USAGE);
else {
  const numbers = measure();
  if (values.record) record(numbers);
  console.log(values.json ? JSON.stringify(numbers, null, 2) : report(numbers, reference()));
}

function measure(): Numbers {
  const numbers: Record<string, number> = {};
  for (const chapter of CHAPTERS) chapter((what, value) => (numbers[what] = value));
  return numbers;
}

function reference(): Reference {
  return JSON.parse(readFileSync(REFERENCE, 'utf8')) as Reference;
}

/** The best that this Node has shown: other processes only make it slower. */
function record(numbers: Numbers): void {
  const { node, v8 } = process.versions;
  const before = reference();
  const least = (what: string, value: number): number =>
    before.node === node ? Math.min(value, before.nanoseconds[what] ?? Infinity) : value;
  const nanoseconds = Object.fromEntries(
    Object.entries(numbers).map(([what, value]) => [what, Number(least(what, value).toPrecision(3))]),
  );
  const all: Reference = { node, v8, cpu: cpus()[0]?.model ?? '', nanoseconds };
  writeFileSync(REFERENCE, `${JSON.stringify(all, null, 2)}\n`);
}
