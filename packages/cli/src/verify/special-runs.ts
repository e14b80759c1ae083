import { hex, thousands } from '@bzelf/bytes';
import type { ProfileReport } from '@bzelf/verifier';
import type { Paint } from '../print/paint.js';
import { table } from '../print/table.js';

/** What only some profiles have to tell: a BIOS that did not know a function, and what a monitor has done for a kernel in ring 1. */
export const specialText = (runs: readonly ProfileReport[], paint: Paint): string[] =>
  runs.flatMap((run) => [...biosText(run, paint), ...ring1Text(run, paint)]);

const times = (n: number): string => (n === 1 ? 'once' : `${thousands(n)} times`);

function biosText({ profile, bios = [] }: ProfileReport, paint: Paint): string[] {
  const unknown = bios.filter(({ answer }) => answer === 'unknown');
  if (unknown.length === 0) return [];
  const rows = unknown.map(({ call, count }) => [call, times(count)]);
  return [`\n${paint.dim(`asked of the BIOS, which does not know it, by ${profile}:`)}\n`, table(rows, { indent: 2 })];
}

function ring1Text({ profile, ring1 }: ProfileReport, paint: Paint): string[] {
  if (ring1 === undefined) return [];
  const trapped = ring1.trapped.map(({ rip, text, reason, times: n }) => [hex(rip), text, reason, times(n)]);
  const sensitive = ring1.sensitive.map(({ rip, text, times: n }) => [hex(rip), text, 'does not trap', times(n)]);
  const mode = ring1.longMode ? 'to 64-bit mode' : 'in 32-bit mode';
  return [
    `\n${paint.dim(`done for the kernel in ring 1, ${mode}, by ${profile}:`)}\n`,
    table([...trapped, ...sensitive], { indent: 2 }),
  ];
}
