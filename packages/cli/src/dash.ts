/** The word for stdin and stdout. */
export const DASH = '-';
