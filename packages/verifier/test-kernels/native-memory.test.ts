/**
 * At the kernel's own first instruction memory has what the compressors' own programs make of the payload, at the places that readelf reads: nothing
 * of this comes from bzelf's decompressors, ELF reader or placement. Without KASLR nothing is relocated.
 */
import { readFileSync } from 'node:fs';
import { readBzImage, type CompressorName } from '@bzelf/bzimage';
import { judge, kernel, testImage } from '@bzelf/testkit';
import { findKernelEntry } from '../src/kernel-entry';
import { planKernel } from './beside-qemu';
import { runToEntry, startInCore } from './core-run';

/** gzip's length is a part of its format, behind the others the kernel's build puts it. */
// prettier-ignore
const PROGRAMS: Partial<Record<CompressorName, { readonly words: readonly [string, ...string[]]; readonly tail: number }>> = {
  gzip:  { words: ['gzip', '-dc'], tail: 0 },
  lzo:   { words: ['lzop', '-dc'], tail: 4 },
  lz4:   { words: ['lz4', '-dc'], tail: 4 },
  zstd:  { words: ['zstd', '-dc'], tail: 4 },
};

// prettier-ignore
const ROWS = [
  { id: '61-64-gzip',        path: testImage('61-64-gzip.bzImage'),  protocol: 'linux64', program: 'gzip' },
  { id: '61-64-lzo',         path: testImage('61-64-lzo.bzImage'),   protocol: 'linux32', program: 'lzop' },
  { id: '61-32-gzip',        path: testImage('61-32-gzip.bzImage'),  protocol: 'linux32', program: 'gzip' },
  { id: 'debian-6.1-cloud',  path: kernel('debian-6.1-cloud'),       protocol: 'linux64', program: 'lz4' },
  { id: 'debian-6.12-cloud', path: kernel('debian-6.12-cloud'),      protocol: 'linux64', program: 'zstd' },
] as const;

function decompressed(path: string): Uint8Array {
  const image = new Uint8Array(readFileSync(path));
  const { payload } = readBzImage(image);
  const how = payload?.compressor === undefined ? undefined : PROGRAMS[payload.compressor];
  if (payload === undefined || how === undefined) throw new Error(`no program for ${path}`);
  const [name, ...words] = how.words;
  const input = image.subarray(payload.offset, payload.offset + payload.length - how.tail);
  return judge(name)?.bytes(words, { input }) ?? new Uint8Array(0);
}

/** LOAD lines of `readelf -lW`: offset, physical address, bytes in the file. */
function loads(vmlinux: Uint8Array): { offset: number; paddr: number; filesz: number }[] {
  const text = judge('readelf')?.textOf(vmlinux, ['-lW']) ?? '';
  return [...text.matchAll(/^ +LOAD +(\S+) \S+ (\S+) (\S+)/gm)].map(([, offset, paddr, filesz]) => ({
    offset: Number(offset),
    paddr: Number(paddr),
    filesz: Number(filesz),
  }));
}

describe.each(ROWS)('$id by $protocol', ({ path, protocol, program }) => {
  const title = `is in memory as ${program} and readelf have it`;
  const isHere = judge(program) !== undefined && judge('readelf') !== undefined;
  const reason = path === undefined ? 'not fetched' : isHere ? undefined : `no ${program} or readelf here`;
  (reason === undefined ? test : test.skip)(
    reason === undefined ? title : `${title} [skipped: ${reason}]`,
    async () => {
      const planned = planKernel(path ?? '', protocol);
      const point = await findKernelEntry(planned.kernel);
      if (point === undefined) throw new Error('no compressed kernel');
      const machine = startInCore(planned, 'both');
      expect(runToEntry(machine, point).exit.reason).toBe('until');
      const vmlinux = decompressed(path ?? '');
      const segments = loads(vmlinux);
      expect(segments.length).toBeGreaterThan(1);
      for (const { offset, paddr, filesz } of segments) {
        const expected = vmlinux.subarray(offset, offset + filesz);
        expect(Buffer.compare(expected, machine.ram.subarray(paddr, paddr + filesz))).toBe(0);
      }
    },
    120_000,
  );
});
