import { concat, getU32, getU64, le } from '@bzelf/bytes';
import { SETUP_HEADER } from '@bzelf/bzimage';
import { ELF_TABLES, probeElf, readElf, scanNotes } from '@bzelf/elf';
import type { Random } from './random.js';

/** A place whose value means something, and its size in bytes. */
interface Spot {
  readonly at: number;
  readonly size: number;
}

/** A file to start from, with the places where a wrong value hurts most. */
export interface Seed {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly spots: readonly Spot[];
}

export function makeSeed(name: string, bytes: Uint8Array): Seed {
  return { name, bytes, spots: [...headerSpots(bytes), ...elfSpots(bytes)] };
}

function headerSpots(bytes: Uint8Array): Spot[] {
  if (bytes.length < 0x280 || getU32(bytes, 0x202) !== 0x53726448) return [];
  return SETUP_HEADER.fields.map(({ at, type }) => ({ at, size: type.size }));
}

/** Fields of the ELF header, of program and section headers, of note headers and what notes begin with. */
function elfSpots(bytes: Uint8Array): Spot[] {
  if (!probeElf(bytes)) return [];
  const elf = readElf(bytes);
  const { ehdr, phdr, shdr } = ELF_TABLES[elf.class];
  const fieldsAt = (
    table: { readonly fields: readonly { readonly at: number; readonly type: { readonly size: number } }[] },
    base: number,
  ) => table.fields.map(({ at, type }) => ({ at: base + at, size: type.size }));
  const { e_phoff, e_shoff, e_phnum, e_shnum } = elf.header;
  const spots = fieldsAt(ehdr, 0);
  for (let i = 0; i < Math.min(e_phnum, 16); i++) spots.push(...fieldsAt(phdr, Number(e_phoff) + i * phdr.size));
  for (let i = 0; i < Math.min(e_shnum, 16); i++) spots.push(...fieldsAt(shdr, Number(e_shoff) + i * shdr.size));
  for (const { offset, descOffset, desc } of scanNotes(elf).notes) {
    for (const at of [0, 4, 8]) spots.push({ at: offset + at, size: 4 });
    for (let at = 0; at + 4 <= Math.min(desc.length, 128); at += 4) spots.push({ at: descOffset + at, size: 4 });
  }
  return spots.filter(({ at, size }) => at + size <= bytes.length);
}

type Mutation = (bytes: Uint8Array, random: Random, seed: Seed, others: readonly Seed[]) => Uint8Array;

const MUTATIONS: readonly Mutation[] = [
  setSpot,
  setSpot,
  setSpot,
  setSpot,
  nudgeSpot,
  flipBytes,
  flipEarly,
  truncate,
  splice,
  shift,
];

/** One to four mutations of a file; the input is not changed. */
export function mutate(seed: Seed, others: readonly Seed[], random: Random): Uint8Array {
  let bytes: Uint8Array = seed.bytes.slice();
  for (let left = 1 + random.below(4); left > 0; left--) bytes = random.pick(MUTATIONS)(bytes, random, seed, others);
  return bytes;
}

/** Values at the edges of what programs compute with. */
const EDGES = [
  0n,
  1n,
  2n,
  3n,
  4n,
  7n,
  8n,
  0x7fn,
  0x80n,
  0xffn,
  0x1000n,
  0x7fffn,
  0xffffn,
  0x10000n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_fff0n,
  0xffff_ffffn,
  0x1_0000_0000n,
  (1n << 53n) - 1n,
  1n << 53n,
  1n << 63n,
  (1n << 64n) - 1n,
];

function setSpot(bytes: Uint8Array, random: Random, { spots }: Seed): Uint8Array {
  if (spots.length === 0) return flipEarly(bytes, random);
  const { at, size } = random.pick(spots);
  const edge = random.oneIn(4) ? BigInt(bytes.length) + BigInt(random.below(33) - 16) : random.pick(EDGES);
  return put(bytes, at, le(BigInt.asUintN(64, edge), size));
}

/** A little more or less than what was there. */
function nudgeSpot(bytes: Uint8Array, random: Random, { spots }: Seed): Uint8Array {
  if (spots.length === 0) return flipBytes(bytes, random);
  const { at, size } = random.pick(spots);
  if (at + 8 > bytes.length) return bytes;
  return put(bytes, at, le(BigInt.asUintN(64, getU64(bytes, at) + BigInt(random.below(17) - 8)), size));
}

function flipBytes(bytes: Uint8Array, random: Random): Uint8Array {
  for (let left = 1 + random.below(16); left > 0 && bytes.length > 0; left--)
    bytes[random.below(bytes.length)] = random.below(256);
  return bytes;
}

function flipEarly(bytes: Uint8Array, random: Random): Uint8Array {
  const reach = Math.min(bytes.length, 0x400);
  for (let left = 1 + random.below(8); left > 0 && reach > 0; left--) bytes[random.below(reach)] = random.below(256);
  return bytes;
}

function truncate(bytes: Uint8Array, random: Random): Uint8Array {
  const reach = random.oneIn(2) ? Math.min(bytes.length, 0x1000) : bytes.length;
  return bytes.slice(0, random.below(reach + 1));
}

/** A piece of another file over this one. */
function splice(bytes: Uint8Array, random: Random, _seed: Seed, others: readonly Seed[]): Uint8Array {
  const other = random.pick(others).bytes;
  const from = random.below(other.length);
  const piece = other.subarray(from, from + 1 + random.below(512));
  return put(bytes, random.below(bytes.length + 1), piece);
}

/** Bytes taken out, or put in twice: everything behind moves. */
function shift(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.below(bytes.length + 1);
  const length = random.below(64);
  return random.oneIn(2)
    ? concat([bytes.subarray(0, at), bytes.subarray(at + length)])
    : concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
}

function put(bytes: Uint8Array, at: number, value: Uint8Array): Uint8Array {
  if (at < bytes.length) bytes.set(value.subarray(0, bytes.length - at), at);
  return bytes;
}
