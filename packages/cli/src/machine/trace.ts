import { closeSync, openSync, writeSync } from 'node:fs';
import { loadDisassembler, type Machine, type TraceEntry } from '@bzelf/x86';

/** Text that is held back between two writes. */
const MOST_HELD = 1 << 20;

/** Writes a line for every instruction to a file: count, address, bytes, what it is, and what it changed. */
export async function traceTo(machine: Machine, path: string): Promise<{ close(): void }> {
  const text = await loadDisassembler().catch(async () => (await import('@bzelf/x86/isa')).rowText);
  const file = openSync(path, 'w');
  let held = '';
  const flush = () => {
    writeSync(file, held);
    held = '';
  };
  machine.trace((entry) => {
    held += traceLine(entry, text(entry));
    if (held.length >= MOST_HELD) flush();
  });
  return {
    close() {
      machine.trace(undefined);
      flush();
      closeSync(file);
    },
  };
}

/** `1042 100020a 8d4d08  lea ecx,[ebp+8]  rcx=10` */
export function traceLine({ count, rip, bytes, changes }: TraceEntry, text: string): string {
  const changed = Object.entries(changes).map(([name, value]) => ` ${name}=${value.toString(16)}`);
  return `${count} ${rip.toString(16)} ${Buffer.from(bytes).toString('hex').padEnd(14)} ${text.padEnd(32)}${changed.join('')}\n`;
}
