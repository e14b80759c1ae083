import type { Machine } from '@bzelf/x86';
import { UsageError } from '../exit.js';
import { writeStderr } from '../terminal.js';
import { parseNumber } from '../values.js';

/** Lets a gdb have the machine until it detaches; then the run goes on from where gdb has left it. Throws UsageError. */
export async function waitForGdb(machine: Machine, text: string): Promise<void> {
  const port = Number(parseNumber(text, '--gdb'));
  if (port > 0xffff) throw new UsageError(`--gdb ${text}: not a port`);
  const { serveGdb } = await import('@bzelf/x86/gdb-server'); // sockets take time to load
  const server = await serveGdb(machine, port);
  writeStderr(`bzelf: waiting for gdb: target remote :${server.port}\n`);
  await server.done;
}
