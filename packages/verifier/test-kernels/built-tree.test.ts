/**
 * Kernels that scripts/kernel-tree.sh has built here: at the kernel's own first instruction memory is what the unstripped vmlinux of the same build
 * has, where readelf places it, and relocated by the relocations that readelf lists. Nothing of this comes from bzelf's decompressors, ELF reader or
 * relocation.
 */
import { readFileSync } from 'node:fs';
import { builtTree, testWith } from '@bzelf/testkit';
import { Machine } from '@bzelf/x86';
import { openKernel } from '@bzelf/loader';
import { checkImage } from '../src/execution/image';
import { prepare } from '../src/execution/prepare';
import { entryCandidates, isAtEntry } from '../src/kernel-entry';
import { findProfile } from '../src/profiles/find';
import { handOver } from '../src/profiles/hand-over';
import { startPlan } from '../src/start';
import { verify } from '../src/verify';
import { movedSegments, readBuilt, systemMap, virtualSlide } from './built-tree';

const RAM = 256 << 20;
const CMDLINE = 'console=ttyS0';
const NOT_MOVED = { physical: 0n, virtual: 0n };

/** Virtual and physical names of the first instruction. Source: arch/x86/kernel/head_{64,32}.S, vmlinux.lds.S. */
// prettier-ignore
const TREES = [
  { arch: 'x86_64', virtual: 'startup_64', physical: 'phys_startup_64', pageOffset: 0xffff_ffff_8000_0000n, profiles: ['linux64', 'linux32'] },
  { arch: 'i386',   virtual: 'startup_32', physical: 'phys_startup_32', pageOffset: 0xc000_0000n,           profiles: ['linux32'] },
] as const;

/** Plays the loader until the kernel's own first instruction is next. */
async function runToKernel(image: Uint8Array, profile: string, cmdline: string) {
  const prepared = await prepare(openKernel(image));
  const { kernel, inner, point } = prepared;
  if (inner === undefined || point === undefined) throw new Error('no compressed kernel');
  const { plan } = handOver(kernel, { ...findProfile(profile), kaslr: true }, { ram: BigInt(RAM), cmdline });
  const machine = new Machine({ ram: RAM, unmapped: 'ones' });
  startPlan(machine, plan, { kernel: kernel.source });
  const how = { until: entryCandidates(point, BigInt(RAM), true), budget: 2e9 };
  let exit = machine.run(how);
  while (exit.reason === 'until' && !isAtEntry(machine, point)) exit = machine.run(how);
  expect(exit.reason).toBe('until');
  return {
    ram: machine.ram,
    entry: machine.linearRip,
    judged: checkImage(machine.ram, kernel, inner, machine.linearRip),
  };
}

/** Bytes that are compared, and addresses of segments that are not as they should be. */
function compare(ram: Uint8Array, segments: ReturnType<typeof movedSegments>) {
  const differ = segments.filter(({ at, bytes }) => Buffer.compare(bytes, ram.subarray(at, at + bytes.length)) !== 0);
  return {
    bytes: segments.reduce((sum, { bytes }) => sum + bytes.length, 0),
    differ: differ.map(({ at }) => at.toString(16)),
  };
}

describe.each(TREES)('the tree of $arch', ({ arch, virtual, physical, pageOffset, profiles }) => {
  const [vmlinux, map, bzImage] = ['vmlinux', 'System.map', 'arch/x86/boot/bzImage'].map((file) =>
    builtTree(arch, file),
  );
  if (vmlinux === undefined || map === undefined || bzImage === undefined) {
    test.skip(`its vmlinux is in memory [skipped: not built: scripts/kernel-tree.sh --arch ${arch}]`, () => undefined);
    return;
  }
  const image = new Uint8Array(readFileSync(bzImage));
  const symbols = systemMap(map);
  const entry = symbols.get(physical) ?? 0n;

  test.each(profiles)('is entered by %s where System.map has its first instruction', async (profile) => {
    const { runs, verdict } = await verify(image, { profiles: [profile], cmdline: CMDLINE });
    expect([verdict, runs[0]?.entry, runs[0]?.slides]).toEqual(['pass', entry, NOT_MOVED]);
    expect(symbols.get(virtual)).toBe(entry + pageOffset);
    expect(symbols.get('_text')).toBe(entry + pageOffset);
  });

  for (const profile of profiles) {
    testWith(['readelf'], `has its vmlinux in memory, by ${profile}`, async (readelf) => {
      const { ram, judged } = await runToKernel(image, profile, `${CMDLINE} nokaslr`);
      const built = readBuilt(readelf, vmlinux);
      expect(built.loads.length).toBeGreaterThan(1);
      expect(compare(ram, movedSegments(built, NOT_MOVED))).toEqual({ bytes: judged.bytes, differ: [] });
    });

    testWith(
      ['readelf'],
      `has it relocated as readelf lists it in memory, by ${profile} with KASLR`,
      async (readelf) => {
        const run = await runToKernel(image, profile, CMDLINE);
        const built = readBuilt(readelf, vmlinux);
        const moved = { physical: run.entry - entry, virtual: virtualSlide(built, run.ram, run.entry - entry) };
        expect(moved.physical + moved.virtual).not.toBe(0n);
        const segments = movedSegments(built, moved);
        expect(segments.reduce((sum, { relocated }) => sum + relocated, 0)).toBeGreaterThan(10_000);
        expect(compare(run.ram, segments)).toEqual({ bytes: run.judged.bytes, differ: [] });
        expect(run.judged).toMatchObject({ slides: moved, findings: [] });
        const oneLess = { ...built, relocations: built.relocations.slice(1) };
        expect(compare(run.ram, movedSegments(oneLess, moved)).differ).toHaveLength(1);
      },
    );
  }
});
