import { UsageError } from '../exit.js';

export interface Shard {
  /** From 1 on. */
  readonly index: number;
  readonly count: number;
}

/** `2/5`. Throws UsageError. */
export function parseShard(text: string): Shard {
  const [, index, count] = /^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? [];
  const shard = { index: Number(index), count: Number(count) };
  if (!(shard.index >= 1 && shard.index <= shard.count))
    throw new UsageError(`--shard ${text}: not I/N with I from 1 to N`);
  return shard;
}

/** Every N-th file, beginning with the I-th: each shard gets some of every neighbourhood, so that large kernels spread. */
export const shardOf = (files: readonly string[], { index, count }: Shard): string[] =>
  files.filter((_, i) => i % count === index - 1);

/** The other way round: lists of all shards in their order become one in the order of the files. */
export function joinShards<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, row) => lists.flatMap((list) => list.slice(row, row + 1))).flat();
}
