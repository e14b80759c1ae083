export { BzelfError, errorFactory, isBzelfError, type ErrorDetails, type ErrorTable } from './error.js';
export { BYTES_ERRORS } from './errors.js';
export { addBytes, alignDown, alignUp, isPowerOfTwo, phys, virt, type PhysAddr, type VirtAddr } from './address.js';
export { fromHex, hex, thousands, toHex } from './hex.js';
export { checkRange, memorySource, readInto, subSource, toNumber, toSource, type ByteSource } from './source.js';
export {
  asciz,
  concat,
  equalBytes,
  fromLe,
  getU16,
  getU32,
  getU64,
  le,
  readAsciz,
  setU16,
  setU32,
  setU64,
} from './scalar.js';
export { raw, struct, u16, u32, u32big, u64, u8, viewOf } from './struct.js';
export type { Field, FieldType, Row, Struct, StructValues, Values } from './struct.js';
