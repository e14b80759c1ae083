import { inflateRawSync } from 'node:zlib';
import { HANDLERS } from './handlers.generated.js';

/** The handlers' table and their module, one behind the other. The command line tool has them unpacked: it would have to load node:zlib for them. */
export const handlerBytes = (): Uint8Array<ArrayBuffer> =>
  new Uint8Array(inflateRawSync(Buffer.from(HANDLERS, 'base64')));
