import { COMPRESSORS, type CompressorName } from './compressors.js';

/** Tells a compressor by its magic; undefined if it is none of the seven. */
export function detectCompressor(bytes: Uint8Array): CompressorName | undefined {
  return COMPRESSORS.find(({ magic }) => magic.every((byte, i) => bytes[i] === byte))?.name;
}
