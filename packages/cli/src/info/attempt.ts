import { isBzelfError, type BzelfError } from '@bzelf/bytes';

/** What is malformed in a part of the file is said in its place, and the rest is still shown. */
export function attempt<T>(read: () => T): T | BzelfError {
  try {
    return read();
  } catch (error) {
    if (isBzelfError(error)) return error;
    throw error;
  }
}
