import { Decoder, type CodeSize } from '../decode/decoder.js';
import { LANE, LANES } from '../decode/lanes.js';
import { FORMS } from './form.js';

/** Text of an instruction: what its row of the table says, without the values of operands. `loadDisassembler` knows more. */
export function rowText({ bytes, bits }: { readonly bytes: Uint8Array; readonly bits: CodeSize }): string {
  const lanes = new Int32Array(LANES);
  const length = new Decoder().decode(bytes, 0, bytes.length, bits, lanes, 0);
  return length > 0 ? (FORMS[lanes[LANE.form] as number]?.row[1] ?? '?') : '(bad)';
}
