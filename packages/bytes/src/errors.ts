import { errorFactory } from './error.js';

export const BYTES_ERRORS = {
  'bytes/past-end': 'The file ends before the bytes that it promises',
  'bytes/bad-hex': 'This is not a string of hexadecimal digit pairs',
  'bytes/too-large': 'A 64-bit value is too large to be an offset or size of this file',
} as const;

export const fail = errorFactory(BYTES_ERRORS);
