/** The word for stdin and stdout. */
export const DASH = '-';
/** What a worker thread is started with in place of a command. No word of a command line can hold a NUL. */
export const WORKER_WORD = '\0worker';
