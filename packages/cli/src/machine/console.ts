import { stdinIsNull, writeStdout } from '../terminal.js';

const CTRL_C = 3;
const NEWLINE = 10;
/** What is written at once when no line ends. */
const MOST_HELD = 4096;

/** What the guest prints, on stdout: line by line, and what stands there when the machine pauses. */
export class SerialOutput {
  private held: number[] = [];
  private line = '';

  /** `onLine` gets every whole line. */
  constructor(private readonly onLine: (line: string) => void) {}

  readonly byte = (byte: number): void => {
    this.held.push(byte);
    if (byte === NEWLINE) this.endLine();
    else {
      this.line += String.fromCharCode(byte);
      if (this.held.length >= MOST_HELD) this.flush();
    }
  };

  flush(): void {
    if (this.held.length === 0) return;
    const bytes = Uint8Array.from(this.held);
    this.held = [];
    writeStdout(bytes);
  }

  private endLine(): void {
    this.flush();
    const { line } = this;
    this.line = '';
    this.onLine(line);
  }
}

export interface ConsoleOptions {
  /** Whether stdin is for the guest. */
  readonly reads: boolean;
  readonly receive: (bytes: Uint8Array) => void;
  /** Ctrl-C on a terminal, SIGINT, SIGTERM. */
  readonly end: () => void;
}

/** stdin for the guest: on a terminal every key at once, but Ctrl-C. */
export function openConsole({ reads, receive, end }: ConsoleOptions): { close(): void } {
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
  const closeInput = reads && !stdinIsNull() ? openStdin(receive, end) : () => undefined;
  return {
    close() {
      closeInput();
      process.off('SIGINT', end);
      process.off('SIGTERM', end);
    },
  };
}

function openStdin(receive: (bytes: Uint8Array) => void, end: () => void): () => void {
  const { stdin } = process;
  const isTerminal = stdin.isTTY === true;
  const onData = (bytes: Uint8Array) => (isTerminal && bytes.includes(CTRL_C) ? end() : receive(bytes));
  if (isTerminal) stdin.setRawMode(true);
  stdin.on('data', onData);
  stdin.on('error', () => undefined); // closed, or a folder: nobody types
  return () => {
    if (isTerminal) stdin.setRawMode(false);
    stdin.off('data', onData);
    stdin.destroy();
  };
}
