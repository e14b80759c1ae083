import { readFileSync } from 'node:fs';
import { concat, le } from '@bzelf/bytes';
import { testImage } from '@bzelf/testkit';
import type { LoadPlan, MemoryRange } from '../src/index.js';
import { copyLength, ramIntervals } from '../src/index.js';

export const MIB = 0x100000n;
const cache = new Map<string, Uint8Array>();

export function small(name: string): Uint8Array {
  const bytes = cache.get(name) ?? new Uint8Array(readFileSync(testImage(`${name}.bzImage`)));
  cache.set(name, bytes);
  return bytes;
}

export interface TinySegment {
  readonly p_type?: number;
  readonly paddr?: bigint;
  readonly vaddr?: bigint;
  readonly bytes: Uint8Array;
  readonly memsz?: bigint;
}

/** A minimal ELF64 file, written here by hand so that the reader's own writer is not its judge. */
export function tinyElf(segments: readonly TinySegment[], entry = 0x100000n, machine = 62): Uint8Array {
  let at = 64 + 56 * segments.length;
  const phdrs: Uint8Array[] = [];
  for (const { p_type = 1, paddr = 0n, vaddr = paddr, bytes, memsz = BigInt(bytes.length) } of segments) {
    phdrs.push(
      concat([
        le(p_type, 4),
        le(7, 4),
        le(at, 8),
        le(vaddr, 8),
        le(paddr, 8),
        le(bytes.length, 8),
        le(memsz, 8),
        le(4, 8),
      ]),
    );
    at += bytes.length;
  }
  const ident = Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  const ehdr = concat([
    ident,
    le(2, 2),
    le(machine, 2),
    le(1, 4),
    le(entry, 8),
    le(64, 8),
    le(0, 12),
    le(64, 2),
    le(56, 2),
    le(segments.length, 2),
    le(0, 6),
  ]);
  return concat([ehdr, ...phdrs, ...segments.map((s) => s.bytes)]);
}

export function note(owner: string, type: number, desc: Uint8Array): Uint8Array {
  const pad = (b: Uint8Array) => concat([b, new Uint8Array((4 - (b.length % 4)) % 4)]);
  const name = new TextEncoder().encode(`${owner}\0`);
  return concat([le(name.length, 4), le(desc.length, 4), le(type, 4), pad(name), pad(desc)]);
}

/** What must be true of any plan: objects apart from each other, everything in RAM, everything inside what is reserved or its own. */
export function checkPlan(plan: LoadPlan, map: readonly MemoryRange[]): void {
  const ram = ramIntervals(map);
  const objects = [
    ...plan.copies.map((c) => ({ start: c.to as bigint, end: c.to + BigInt(copyLength(c)), purpose: c.purpose })),
    ...plan.zeros.map((z) => ({ start: z.start as bigint, end: z.start + z.length, purpose: z.purpose })),
  ].sort((a, b) => (a.start < b.start ? -1 : 1));
  const reserved = plan.reserve.map((r) => ({ start: r.start as bigint, end: r.start + r.length, purpose: r.purpose }));
  objects.forEach((object, i) => {
    const next = objects[i + 1];
    if (next !== undefined && object.end > next.start)
      throw new Error(`${object.purpose} and ${next.purpose} overlap at ${next.start.toString(16)}`);
  });
  for (const { start, end, purpose } of [...objects, ...reserved])
    if (!ram.some((r) => r.start <= start && end <= r.end))
      throw new Error(`${purpose} at ${start.toString(16)} is not in RAM`);
  const kernels = ['image', 'kernel', 'setup', 'runtime', 'cmdline'];
  for (const r of reserved)
    for (const o of objects)
      if (
        o.start < r.end &&
        r.start < o.end &&
        !kernels.includes(o.purpose) &&
        !['p2m', 'page-tables', 'stack', 'xen start_info'].includes(o.purpose)
      )
        throw new Error(`${o.purpose} lies in memory that the kernel overwrites (${r.purpose})`);
}
