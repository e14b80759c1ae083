import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { connectGdb, type GdbClient } from './gdb-client.js';
import { judge } from './judge.js';
import { repositoryRoot } from './paths.js';
import { withTempFolder } from './temp.js';

/** What `info registers` of QEMU's monitor says: general registers, RIP, RFL, CR0…, EFER; segments and tables with their hidden parts. */
export interface QemuRegisters {
  readonly values: Readonly<Record<string, bigint>>;
  /** ES CS SS DS FS GS LDT TR; attributes are the descriptor's upper word masked with 0x00ffff00. */
  readonly segments: Readonly<Record<string, { selector: number; base: bigint; limit: number; attributes: number }>>;
  readonly tables: Readonly<Record<string, { base: bigint; limit: number }>>;
}

/** A machine that stands still between the calls. */
export interface PausedQemu {
  /** Runs until the instruction at this linear address is the next one (again, if it is now). Throws when that takes longer than the time limit. */
  runTo(address: bigint, timeoutMs?: number): Promise<void>;
  registers(): Promise<QemuRegisters>;
  /** Bytes of physical memory as the processor sees them. */
  memory(start: number, length: number): Promise<Uint8Array>;
  monitor(command: string): Promise<string>;
  /** Any command of the gdb protocol: `s`, `g`, `P0=…`. */
  ask(command: string, timeoutMs?: number): Promise<string>;
  /** Instructions executed so far; undefined where the plugin cannot be built (no gcc). */
  count(): bigint | undefined;
  serial(): string;
}

export interface PausedQemuOptions {
  readonly system?: 'x86_64' | 'i386';
  readonly machine?: string;
  /** MiB; 256 unless told. */
  readonly memory?: number;
  /** More words for QEMU's command line: `-kernel`, `-bios`… */
  readonly extra?: readonly string[];
}

/** Starts QEMU (TCG) with its processor stopped before the first instruction, for as long as `use` runs. */
export function withPausedQemu<T>(options: PausedQemuOptions, use: (qemu: PausedQemu) => Promise<T>): Promise<T> {
  const system = options.system ?? 'x86_64';
  const program = judge(`qemu-system-${system}`);
  if (program === undefined) throw new Error(`qemu-system-${system} is not installed`);
  return withTempFolder(async (folder) => {
    const child = spawn(program.path, words(options, folder), { stdio: ['ignore', 'ignore', 'pipe'] });
    const end = () => void child.kill('SIGKILL');
    process.once('exit', end);
    let stderr = '';
    child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()));
    try {
      const gdb = await connectGdb(join(folder, 'gdb'));
      try {
        return await use(pausedQemu(gdb, folder));
      } finally {
        gdb.close();
      }
    } catch (error) {
      if (error instanceof Error && stderr !== '') error.message += `\n${stderr}`;
      throw error;
    } finally {
      process.removeListener('exit', end);
      const gone = new Promise((resolve) => child.once('close', resolve));
      end();
      await gone;
    }
  });
}

function words({ machine = 'pc', memory = 256, extra = [] }: PausedQemuOptions, folder: string): string[] {
  const plugin = countPlugin();
  return [
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-accel', 'tcg', '-S'],
    ...['-M', machine, '-m', `${memory}M`],
    ...['-chardev', `file,id=serial,path=${join(folder, 'serial')}`, '-serial', 'chardev:serial'],
    ...['-chardev', `socket,id=gdb,path=${join(folder, 'gdb')},server=on,wait=off`, '-gdb', 'chardev:gdb'],
    ...(plugin === undefined ? [] : ['-plugin', `${plugin},count=${join(folder, 'count')}`]),
    ...extra,
  ];
}

function pausedQemu(gdb: GdbClient, folder: string): PausedQemu {
  return {
    async runTo(address, timeoutMs = 120_000) {
      const place = `${address.toString(16)},1`;
      await gdb.ask('s');
      await gdb.ask(`Z1,${place}`);
      const stop = await gdb.ask('c', timeoutMs);
      if (!/^T05/.test(stop)) throw new Error(`QEMU stopped with ${stop}`);
      await gdb.ask(`z1,${place}`);
    },
    registers: async () => parseRegisters(await gdb.monitor('info registers')),
    async memory(start, length) {
      const path = join(folder, 'dump');
      const said = await gdb.monitor(`pmemsave ${start} ${length} "${path}"`);
      if (said.trim() !== '') throw new Error(said.trim());
      const bytes = readFileSync(path);
      rmSync(path);
      return bytes;
    },
    monitor: (command) => gdb.monitor(command),
    ask: (command, timeoutMs) => gdb.ask(command, timeoutMs),
    count: () =>
      existsSync(join(folder, 'count')) ? readFileSync(join(folder, 'count')).readBigUInt64LE(0) : undefined,
    serial: () => readFileSync(join(folder, 'serial'), 'latin1'),
  };
}

const hex = (text: string | undefined): bigint => BigInt(`0x${text ?? '0'}`);

/** `RAX=… R8 =… CS =0010 base limit attributes … GDT= base limit … CR0=…`; 32-bit modes say EAX, EFL. */
export function parseRegisters(text: string): QemuRegisters {
  const segments: Record<string, { selector: number; base: bigint; limit: number; attributes: number }> = {};
  const tables: Record<string, { base: bigint; limit: number }> = {};
  const values: Record<string, bigint> = {};
  const segment = /^(ES|CS|SS|DS|FS|GS|LDT|TR) *=([0-9a-f]{4}) ([0-9a-f]+) ([0-9a-f]{8}) ([0-9a-f]{8})/gm;
  for (const [, name = '', selector, base, limit, attributes] of text.matchAll(segment))
    segments[name] = {
      selector: Number(hex(selector)),
      base: hex(base),
      limit: Number(hex(limit)),
      attributes: Number(hex(attributes)) & 0x00ffff00,
    };
  for (const [, name = '', base, limit] of text.matchAll(/^(GDT|IDT) *= +([0-9a-f]+) ([0-9a-f]{8})/gm))
    tables[name] = { base: hex(base), limit: Number(hex(limit)) };
  for (const [, name = '', value] of text.matchAll(/\b([A-Z][A-Z0-9]+) *=([0-9a-f]{8,16})\b/g))
    values[/^E(?:[A-D]X|[SD]I|[SB]P|IP|FL)$/.test(name) ? `R${name.slice(1)}` : name] = hex(value);
  return { values, segments, tables };
}

/** The plugin that counts instructions, built once into .cache; undefined without gcc or where QEMU takes no plugins. */
function countPlugin(): string | undefined {
  const source = join(repositoryRoot(), 'packages/testkit/qemu/count-instructions.c');
  const path = join(repositoryRoot(), '.cache/qemu/count-instructions.so');
  if (existsSync(path) && statSync(path).mtimeMs > statSync(source).mtimeMs) return path;
  mkdirSync(join(path, '..'), { recursive: true });
  const flags = ['-O2', '-Wall', '-Wextra', '-shared', '-fPIC', '-fvisibility=hidden'];
  const { status } = spawnSync('gcc', [...flags, '-o', path, source]);
  return status === 0 ? path : undefined;
}
