import { hex, thousands } from '@bzelf/bytes';
import { copyLength, type KernelImage, type LoadPlan } from '@bzelf/loader';
import type { TouchLog } from '@bzelf/x86';
import type { Finding } from '../finding.js';
import type { Unmapped } from './accesses.js';
import { executionFinding } from './findings.js';
import type { RangeUse } from './report.js';
import type { AllowedRange } from './rights.js';
import { isIn, whatIsAt } from './well-known.js';

const PAGE = 4096;
const MIB = 0x10_0000;
/** Option ROMs and the BIOS. */
const ROMS = 0xc_0000;
/** Copies that stand for what firmware has left. */
const FIRMWARES: readonly string[] = ['coreboot-table', 'acpi'];

/** How each range was used up to now. */
export function rangeUses(ranges: readonly AllowedRange[], touches: TouchLog): RangeUse[] {
  const touched = new Set([...touches].filter(({ kind }) => kind !== 'walk').map(({ page }) => page));
  return ranges.map(({ start, end, access, purpose, required, row }) => {
    const first = Math.floor(start / PAGE);
    const last = Math.ceil(end / PAGE);
    const pages = [];
    for (let page = first; page < last; page++) if (touched.has(page)) pages.push(page);
    const from = Math.max(start, (pages[0] ?? 0) * PAGE);
    const to = Math.min(end, ((pages.at(-1) ?? 0) + 1) * PAGE);
    return {
      purpose,
      ...(row === undefined ? {} : { row }),
      start: BigInt(start),
      length: BigInt(end - start),
      access,
      required,
      pages: last - first,
      touchedPages: pages.length,
      ...(pages.length === 0 ? {} : { touched: { start: BigInt(from), length: BigInt(to - from) } }),
    };
  });
}

/** Required ranges that nobody has touched. */
export const untouched = (uses: readonly RangeUse[]): Finding[] =>
  uses
    .filter(({ required, touchedPages }) => required && touchedPages === 0)
    .map(({ purpose, start, length }) =>
      executionFinding('run/untouched', {
        field: purpose,
        found: `${hex(start)}-${hex(start + length - 1n)}, no page of it`,
      }),
    );

/** Pages: the decompressor works up to the end of init_size, but for the last page of it. */
const LOOSE_PAGES = 16;
/** How long these are is for the loader to say. */
const PLACED: readonly string[] = ['boot-params', 'setup-data', 'start-info', 'cmdline', 'initrd'];

/** Required ranges of which a long piece at an end was touched by nobody. */
export const loose = (uses: readonly RangeUse[]): Finding[] =>
  uses.flatMap(({ purpose, start, length, required, pages, touched }) => {
    if (!required || touched === undefined || PLACED.includes(purpose)) return [];
    const end = touched.start + touched.length;
    const needed = Math.ceil(Number(end) / PAGE) - Math.floor(Number(touched.start) / PAGE);
    if (pages - needed < LOOSE_PAGES) return [];
    return executionFinding('run/loose', {
      field: purpose,
      found: `${hex(start)}-${hex(start + length - 1n)}, with ${thousands(pages - needed)} pages at its ends that nobody has touched`,
      expected: `${hex(touched.start)}-${hex(end - 1n)}`,
    });
  });

/** Accesses to what was not mapped. Firmware's memory may be read where paging is off, but not what the loader has put there. */
export const unmappedFindings = (
  accesses: readonly Unmapped[],
  form: KernelImage['form'],
  plan: LoadPlan,
  ranges: readonly AllowedRange[],
  ram: number,
): Finding[] =>
  accesses.map(({ kind, start, end, size, rip, count, text }) => {
    const { cpu, copies } = plan;
    // of one page only the first access is known; a search goes through the ROMs, whatever else lies there
    const touchedEnd = end - start > PAGE ? Math.min(end, ROMS) : start + size;
    const isBrought = copies.some(
      (copy) =>
        !FIRMWARES.includes(copy.purpose) && start < Number(copy.to) + copyLength(copy) && touchedEnd > Number(copy.to),
    );
    const isRead = kind === 'read' && cpu.mode !== 'long64';
    const isFirmware = isRead && end <= MIB && !isBrought;
    // a decompressor has no business there
    const isKernelRead = isRead && form === 'vmlinux';
    const isEarly =
      isKernelRead && (start >= ram || copies.some((copy) => copy.purpose === 'initrd' && isIn(copy, start)));
    const code = isFirmware ? 'run/low-memory' : isEarly ? 'run/early-read' : 'run/unmapped';
    const where = end - start > PAGE ? `${hex(start)}-${hex(end - 1)}, page after page` : `${hex(start)}`;
    const what = whatIsAt(start, plan, ranges, ram);
    return executionFinding(code, {
      field: `${kind} by \`${text}\` at ${hex(rip)}`,
      found: `${size} ${size === 1 ? 'byte' : 'bytes'} at ${where}${what === undefined ? '' : ` (${what})`}, after ${thousands(count)} instructions`,
    });
  });
