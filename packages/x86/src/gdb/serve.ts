import { createServer, type Server, type Socket } from 'node:net';
import { type Machine } from '../machine/machine.js';
import { GdbSession, type GdbOptions } from './session.js';

export interface GdbServer {
  readonly port: number;
  /** Resolves when gdb has detached, killed, or hung up. The machine is where gdb has left it. */
  readonly done: Promise<void>;
  close(): void;
}

/**
 * Waits for one gdb on a TCP port of this host (0 takes a free one), and does what it says: `(gdb) target remote :1234`.
 * The machine stands still until gdb lets it go on.
 */
export async function serveGdb(machine: Machine, port: number, options: GdbOptions = {}): Promise<GdbServer> {
  const server = createServer();
  const done = new Promise<void>((resolve) => {
    server.once('connection', (socket) => {
      server.close();
      attend(socket, machine, options, resolve);
    });
    server.once('close', () => undefined);
  });
  await listening(server, port);
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    done,
    close: () => void server.close(),
  };
}

const listening = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });

/** While the guest runs, it runs in slices, and between them what gdb sends is read. */
function attend(socket: Socket, machine: Machine, options: GdbOptions, done: () => void): void {
  const session = new GdbSession(machine, (text) => socket.write(text, 'latin1'), options);
  let isWorking = false;
  const work = () => {
    isWorking = session.isRunning;
    if (!isWorking) return;
    session.work();
    setImmediate(work);
  };
  const end = () => {
    session.close();
    socket.destroy();
    done();
  };
  socket.setNoDelay(true);
  socket.on('data', (bytes) => {
    session.receive(bytes);
    if (session.isOver) socket.end(end);
    else if (session.isRunning && !isWorking) setImmediate(work);
  });
  socket.on('error', end);
  socket.on('close', end);
}
