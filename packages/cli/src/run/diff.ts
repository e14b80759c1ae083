import { openKernel, type KernelImage } from '@bzelf/loader';
import type { DiffArgs } from '../commands/diff.js';
import { openImage, type Image } from '../compressed.js';
import { DASH } from '../dash.js';
import { compareFacts, firstDifference } from '../diff/compare.js';
import { imageFacts } from '../diff/facts.js';
import { diffText } from '../diff/text.js';
import { Failure, FindingsFound, UsageError } from '../exit.js';
import type { NoteList } from '../notes/collect.js';
import { innerNotes } from '../notes/inner.js';
import { jsonText } from '../print/json.js';
import { stdoutPaint, writeStdout } from '../terminal.js';

interface Side {
  readonly image: Image;
  readonly kernel: KernelImage;
}

/** Throws FindingsFound, for the exit code, when they are not the same bytes. */
export async function runDiff({ a, b, json }: DiffArgs): Promise<void> {
  if (a === DASH && b === DASH) throw new UsageError('stdin can be only one of the two');
  const names = { a, b, json };
  const left = await named(names, 'a', () => openSide(a));
  try {
    const right = await named(names, 'b', () => openSide(b));
    try {
      await compare(names, left, right);
    } finally {
      right.image.close();
    }
  } finally {
    left.image.close();
  }
}

async function compare(names: DiffArgs, left: Side, right: Side): Promise<void> {
  const { a, b, json } = names;
  const firstByte = firstDifference(left.image, right.image);
  const withInner = firstByte !== undefined && payloadsDiffer(left.kernel, right.kernel);
  const facts = async (side: 'a' | 'b', { image, kernel }: Side) =>
    named(names, side, async () => imageFacts(kernel, withInner ? await innerNotesOf(image, kernel) : undefined));
  const differences = firstByte === undefined ? [] : compareFacts(await facts('a', left), await facts('b', right));
  const same = firstByte === undefined;
  if (json) writeStdout(jsonText({ schema: 'bzelf.diff/1', a, b, same, firstByte, differences }));
  else writeStdout(diffText({ a, b, firstByte, differences }, stdoutPaint()));
  if (!same) throw new FindingsFound();
}

async function openSide(path: string): Promise<Side> {
  const image = await openImage(path);
  return { image, kernel: openKernel(image) };
}

/** An error names the file that it is about. */
async function named<T>({ a, b, json }: DiffArgs, side: 'a' | 'b', work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new Failure(cause, { file: side === 'a' ? a : b, json });
  }
}

/** The kernels inside are looked into only when both can be, and are not the same bytes. */
function payloadsDiffer(a: KernelImage, b: KernelImage): boolean {
  const [left, right] = [payloadBytes(a), payloadBytes(b)];
  return left !== undefined && right !== undefined && Buffer.compare(left, right) !== 0;
}

function payloadBytes({ bzImage }: KernelImage): Uint8Array | undefined {
  const payload = bzImage?.payload;
  return payload?.compressor === undefined ? undefined : bzImage?.source.read(payload.offset, payload.length);
}

const innerNotesOf = async (image: Image, kernel: KernelImage): Promise<NoteList | undefined> =>
  kernel.bzImage === undefined ? undefined : innerNotes(image);
