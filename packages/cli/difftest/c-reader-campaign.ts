/** Mutated files through the C reader and ours, in portions; scripts/difftest-c-reader.mjs starts it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { isBzelfError, setU16, setU32 } from '@bzelf/bytes';
import { BZELF_OWNER, PT_NOTE, PN_XNUM, encodeNotes, planElf, readElf, readNotes, writeElf } from '@bzelf/elf';
import { makeBzImage } from '@bzelf/testkit';
import { TARGETS, wrap } from '@bzelf/writer';
import { makeSeed, mutate, payloadOf, randomFrom, smallVmlinux, type Seed } from '../src/fuzz';
import { askHost, compileHost, ourAnswer, ourList } from './c-reader';

const PORTION = 2000;

export interface Difference {
  readonly iteration: number;
  readonly seedFile: string;
  readonly ours: string;
  readonly theirs: string;
  readonly bytes: Uint8Array;
}

/** The small i386 image has no payload for form vmlinux, and neither kernel is a Xen PV guest. */
const REFUSED = ['writer/no-payload', 'writer/no-xen-pv'];

/** What the writer makes of a 64-bit and a 32-bit kernel for every target, in every form and class it is for. */
export async function goodFiles(): Promise<{ name: string; bytes: Uint8Array }[]> {
  const vmlinux = smallVmlinux();
  const payload = payloadOf(new Uint8Array(gzipSync(vmlinux)), vmlinux.length, 'gzip');
  const images = { x86_64: makeBzImage({ payload }), i386: makeBzImage({ bits: 32 }) };
  const files: { name: string; bytes: Uint8Array }[] = [];
  for (const [image, input] of Object.entries(images))
    for (const { name: target, forms } of TARGETS)
      for (const form of forms)
        for (const elfClass of [32, 64] as const) {
          const made = await wrap(input, { form, target, class: elfClass }).catch((error: unknown) => {
            if (isBzelfError(error) && REFUSED.includes(error.code)) return undefined;
            throw error;
          });
          if (made !== undefined) files.push({ name: `${image} ${form} ${target} ELF${elfClass}`, bytes: made.bytes });
        }
  return files;
}

/** Files as no writer of ours makes them: the notes in two segments, and a segment count in section header 0. */
function oddFiles(container: Uint8Array): { name: string; bytes: Uint8Array }[] {
  const notes = readNotes(readElf(container)).filter(({ owner }) => owner === BZELF_OWNER);
  const halves = [notes.slice(0, 3), notes.slice(3)].map((half) => encodeNotes(half));
  const make = (elfClass: 32 | 64) =>
    writeElf(
      planElf({
        class: elfClass,
        e_type: 2,
        e_machine: 62,
        e_entry: 0n,
        pieces: halves.map((bytes, i) => ({ name: `notes ${i}`, size: bytes.length, align: 4, bytes })),
        segments: halves.map((bytes, i) => ({
          p_type: PT_NOTE,
          p_flags: 4,
          p_vaddr: 0n,
          p_paddr: 0n,
          p_memsz: BigInt(bytes.length),
          p_align: 4n,
          piece: `notes ${i}`,
        })),
        sections: [{ name: '.note', sh_type: 7, sh_flags: 0, sh_addr: 0n, sh_addralign: 4n, piece: 'notes 0' }],
      }),
    );
  const counted = ([elfClass, e_phnum, sh_info]: readonly [32 | 64, number, number]) => {
    const bytes = make(elfClass);
    setU16(bytes, e_phnum, PN_XNUM);
    setU32(bytes, Number(readElf(make(elfClass)).header.e_shoff) + sh_info, 2);
    return { name: `two note segments, PN_XNUM, ELF${elfClass}`, bytes };
  };
  return [
    { name: 'two note segments, ELF32', bytes: make(32) },
    { name: 'two note segments, ELF64', bytes: make(64) },
    counted([32, 44, 28]),
    counted([64, 56, 44]),
  ];
}

export async function allSeeds(): Promise<Seed[]> {
  const good = await goodFiles();
  const odd = oddFiles(good.find(({ name }) => name.includes('container'))?.bytes ?? new Uint8Array(0));
  return [...good, ...odd].map(({ name, bytes }) => makeSeed(name, bytes));
}

/** Files `from` to `from + count` of a series, through both, from memory and by callback. */
export function compare(
  host: string,
  seeds: readonly Seed[],
  { seed, from, count }: { seed: number; from: number; count: number },
): { accepted: number; withNotes: number; differences: Difference[] } {
  const files = Array.from({ length: count }, (_, i) => {
    const random = randomFrom(seed, from + i);
    const start = random.pick(seeds);
    return { iteration: from + i, seedFile: start.name, bytes: mutate(start, seeds, random) };
  });
  const inputs = files.map(({ bytes }) => bytes);
  const [memory, callback, list] = ['memory', 'callback', 'list'].map((mode) => askHost(host, mode, inputs));
  const answers = inputs.map(ourAnswer);
  const differences = files.flatMap((file, i) => {
    const ours = answers[i] ?? '';
    const ourNotes = ourList(file.bytes);
    if (list?.[i] !== ourNotes) return [{ ...file, ours: ourNotes, theirs: list?.[i] ?? '' }];
    const theirs = [memory?.[i], callback?.[i]].find((line) => line !== ours);
    return theirs === undefined ? [] : [{ ...file, ours, theirs }];
  });
  return {
    accepted: answers.filter((line) => line !== 'refused').length,
    withNotes: answers.filter((line) => line.includes(' entry ')).length,
    differences,
  };
}

export async function campaign(words: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...words],
    options: { count: { type: 'string', default: '100000' }, seed: { type: 'string', default: '1' } },
  });
  const work = join('.cache', 'difftest-c-reader');
  mkdirSync(work, { recursive: true });
  const host = compileHost('.', work);
  const [seeds, count, seed] = [await allSeeds(), Number(values.count), Number(values.seed)];
  let [accepted, withNotes, different] = [0, 0, 0];
  for (let from = 0; from < count; from += PORTION) {
    const portion = compare(host, seeds, { seed, from, count: Math.min(PORTION, count - from) });
    accepted += portion.accepted;
    withNotes += portion.withNotes;
    different += portion.differences.length;
    for (const { iteration, seedFile, ours, theirs, bytes } of portion.differences) {
      const file = join(work, `${seed}-${iteration}.bin`);
      writeFileSync(file, bytes);
      console.log(`${file} (from ${seedFile})\n  ours ${ours}\n  C    ${theirs}`);
    }
  }
  console.log(
    `${count} files from ${seeds.length}: ${accepted} accepted, ${withNotes} of them with an entry, ${different} read differently`,
  );
  if (different > 0) process.exitCode = 1;
}
