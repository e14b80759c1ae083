import { connect, type Socket } from 'node:net';

/** How often, and how long in all, to try a socket that is not listening yet. */
const RETRY_MS = 20;
const PATIENCE_MS = 10_000;

/** The other end of a gdb remote stub. One command at a time. */
export interface GdbClient {
  /** The answer to a command of the protocol: `Z1,100000,1`, `c`, `g`… */
  ask(command: string, timeoutMs?: number): Promise<string>;
  /** What the stub's own monitor prints. */
  monitor(command: string): Promise<string>;
  close(): void;
}

/** Connects to a stub on a Unix socket, which may still be about to listen. Source: gdb manual, "Remote Serial Protocol". */
export async function connectGdb(path: string): Promise<GdbClient> {
  const socket = await connectPatiently(path);
  const packets = packetReader(socket);
  const ask = async (command: string, timeoutMs?: number) => {
    socket.write(`$${command}#${checksum(command)}`);
    return packets.next(timeoutMs);
  };
  const monitor = async (command: string) => {
    let said = '';
    let packet = await ask(`qRcmd,${Buffer.from(command).toString('hex')}`);
    for (; packet.startsWith('O') && packet !== 'OK'; packet = await packets.next())
      said += Buffer.from(packet.slice(1), 'hex').toString();
    return said;
  };
  return { ask, monitor, close: () => socket.destroy() };
}

async function connectPatiently(path: string): Promise<Socket> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const socket = connect(path);
    const failure = await new Promise<Error | undefined>((resolve) => {
      socket.once('connect', () => resolve(undefined));
      socket.once('error', resolve);
    });
    if (failure === undefined) return socket;
    if (Date.now() > end) throw failure;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

const checksum = (text: string): string =>
  (Buffer.from(text).reduce((sum, byte) => sum + byte, 0) & 0xff).toString(16).padStart(2, '0');

/** Cuts what arrives into packets, and acknowledges each. */
function packetReader(socket: Socket): { next(timeoutMs?: number): Promise<string> } {
  let received = '';
  const packets: string[] = [];
  let closed = false;
  let wake: () => void = () => undefined;
  socket.on('data', (bytes) => {
    received += bytes.toString('latin1');
    for (let match; (match = /\$([^#]*)#../.exec(received)); received = received.slice(match.index + match[0].length)) {
      packets.push(match[1] ?? '');
      socket.write('+');
    }
    wake();
  });
  socket.on('close', () => {
    closed = true;
    wake();
  });
  socket.on('error', () => undefined); // 'close' follows
  const next = async (timeoutMs = 60_000) => {
    const end = Date.now() + timeoutMs;
    for (;;) {
      const packet = packets.shift();
      if (packet !== undefined) return packet;
      if (closed) throw new Error('the gdb stub has gone away');
      const left = end - Date.now();
      if (left <= 0) throw new Error(`the gdb stub did not answer within ${timeoutMs / 1000} s`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  };
  return { next };
}
