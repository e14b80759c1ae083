import { fromHex } from '@bzelf/bytes';
import { STUB_HEX, STUB_SYMBOLS } from './stub.generated.js';

let decoded: Uint8Array | undefined;

/** The assembled entry stub. Offsets are from its first byte. */
export const STUB = {
  /** Only to be read; decoded at first use. */
  get bytes(): Uint8Array {
    return (decoded ??= fromHex(STUB_HEX));
  },
  /** One entry for 32-bit and for 64-bit mode. */
  entry: 0,
  entry32: STUB_SYMBOLS.entry32,
  entry64: STUB_SYMBOLS.entry64,
  /** Where STUB_PARAMS goes. */
  params: STUB_SYMBOLS.params,
  /** Memory that the stub needs behind its image, bytes. */
  bssSize: STUB_SYMBOLS.bssSize,
} as const;
