import { isBzelfError } from '@bzelf/bytes';
import { fail } from '../errors.js';
import type { CompressorName } from './compressors.js';

export interface DecodeTask {
  /** The stream, perhaps followed by bytes that are not part of it. */
  readonly bytes: Uint8Array;
  /** Decompressed size as the size word has it; a promise to be checked, not trusted. */
  readonly size: number | undefined;
  /** No more than this may come out, bytes. */
  readonly limit: number;
}

export type Decoder = (task: DecodeTask) => Promise<Uint8Array>;

/** `bzimage/payload-corrupt` for this stream; `offset` counts from the stream's first byte. */
export function corrupt(compressor: CompressorName, found: string, offset?: number, cause?: unknown) {
  return fail('bzimage/payload-corrupt', {
    field: `${compressor} stream`,
    found,
    ...(offset === undefined ? {} : { offset }),
    ...(cause === undefined ? {} : { cause }),
  });
}

export function tooLarge(compressor: CompressorName, limit: number, found?: number) {
  return fail('bzimage/payload-too-large', {
    field: `${compressor} stream`,
    ...(found === undefined ? {} : { found }),
    expected: `at most 0x${limit.toString(16)} bytes`,
    hint: 'raise the limit if the file can be trusted',
  });
}

export const unsupported = (compressor: CompressorName, found: string, expected: string) =>
  fail('bzimage/payload-unsupported', { field: `${compressor} stream`, found, expected });

/** Loads a decoder library when it is first needed; one that has no binary for this machine is an error with a name. */
export async function loadLibrary<M>(name: string, load: () => Promise<M>): Promise<M> {
  try {
    return await load();
  } catch (cause) {
    throw fail('bzimage/decoder-missing', {
      found: name,
      expected: `the npm package ${name} with its binary for ${process.platform} ${process.arch}`,
      hint: 'install without --omit=optional, on the machine that runs it',
      cause,
    });
  }
}

/** Runs a library call; whatever it throws about bad bytes becomes bzimage/payload-corrupt with the cause kept. */
export function guard<T>(compressor: CompressorName, call: () => T): T {
  try {
    return call();
  } catch (cause) {
    if (isBzelfError(cause)) throw cause;
    throw corrupt(compressor, cause instanceof Error ? cause.message : String(cause), undefined, cause);
  }
}

/** A view of what a library returned: `Buffer` does not leave this folder. */
export const plain = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
