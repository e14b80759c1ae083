import { BzelfError } from '@bzelf/bytes';
import type { Outcome } from './outcome.js';
import type { ReadDocument } from './read-document.js';
import { joinShards } from './shard.js';

export interface NamedDocument extends ReadDocument {
  /** The file that it was read from. */
  readonly name: string;
}

/**
 * The files of all documents: those of shards in the order in which the files were given to all of them, other documents one behind the other.
 * Throws cli/reports-differ: a shard that is missing, comes twice or is of another fleet, and a file that is in two documents.
 */
export function mergeDocuments(documents: readonly NamedDocument[]): Outcome[] {
  const outcomes = documents.some(({ shard }) => shard !== undefined)
    ? joinShards(shardsInOrder(documents).map((document) => document.outcomes))
    : documents.flatMap((document) => document.outcomes);
  checkOnce(documents);
  return outcomes;
}

function shardsInOrder(documents: readonly NamedDocument[]): NamedDocument[] {
  const count = documents.find(({ shard }) => shard !== undefined)?.shard?.count ?? 0;
  const byIndex = new Map<number, NamedDocument>();
  for (const document of documents) {
    const { name, shard } = document;
    const other = shard === undefined ? undefined : byIndex.get(shard.index);
    if (shard?.count !== count)
      throw differ(
        name,
        shard === undefined ? 'no shard' : `shard ${shard.index}/${shard.count}`,
        `a shard of ${count}`,
      );
    if (other !== undefined)
      throw differ(name, `shard ${shard.index}/${count}`, `one of it, and ${other.name} is it, too`);
    byIndex.set(shard.index, document);
  }
  return Array.from({ length: count }, (_, i) => {
    const document = byIndex.get(i + 1);
    if (document === undefined)
      throw differ('shard', `${byIndex.size} of ${count} shards`, `shard ${i + 1}/${count}, too`);
    return document;
  });
}

/** One document may have a file twice, when it was given so. */
function checkOnce(documents: readonly NamedDocument[]): void {
  const owners = new Map<string, NamedDocument>();
  for (const document of documents)
    for (const { file } of document.outcomes) {
      const owner = owners.get(file) ?? document;
      if (owner !== document && document.shard === undefined)
        throw differ(document.name, file, `files that are not in ${owner.name}`);
      owners.set(file, owner);
    }
}

const differ = (field: string, found: string, expected: string) =>
  new BzelfError('cli/reports-differ', 'These reports do not make one', { field, found, expected });
