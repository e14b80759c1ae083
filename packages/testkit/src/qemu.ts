import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { judge } from './judge.js';
import { monitorWords, watchScreen } from './screen.js';
import { withTempFolder } from './temp.js';

export interface QemuOptions {
  /** Which emulator: qemu-system-x86_64 (the default) or qemu-system-i386. */
  readonly system?: 'x86_64' | 'i386';
  /** `-M`: pc (the default), q35, microvm… */
  readonly machine?: string;
  /** `-kernel`: a path, or the bytes themselves. */
  readonly kernel?: string | Uint8Array;
  readonly append?: string;
  readonly initrd?: string | Uint8Array;
  /** MiB; 512 unless told. */
  readonly memory?: number;
  /** The run is over as soon as this is on the serial port; of a list, all of it, in any order. */
  readonly until: RegExp | string | readonly (RegExp | string)[];
  /** 60 s unless told. */
  readonly timeoutMs?: number;
  /** Give the machine a VGA adapter, and look for `until` on its text screen, too. */
  readonly screen?: boolean;
  /** More words for QEMU's command line. */
  readonly extra?: readonly string[];
}

export interface QemuRun {
  /** What the guest wrote on COM1. */
  readonly serial: string;
  /** What the guest wrote on port 0xe9. */
  readonly debugcon: string;
  /** What stood on the VGA text screen last; empty without `screen`. */
  readonly screen: string;
  /** What QEMU itself had to say. */
  readonly stderr: string;
  /** Whether all of `until` was seen. */
  readonly matched: boolean;
  /** QEMU's exit code, or undefined when we ended it: after the match, or after the time limit. */
  readonly exit: number | undefined;
  readonly seconds: number;
  /** The command line, to be repeated by hand. */
  readonly command: string;
}

/** Boots a kernel in QEMU (TCG) and watches its serial port. Throws only where QEMU itself is missing. */
export function runQemu(options: QemuOptions): Promise<QemuRun> {
  const system = options.system ?? 'x86_64';
  const qemu = judge(`qemu-system-${system}`);
  if (qemu === undefined) throw new Error(`qemu-system-${system} is not installed`);
  return withTempFolder(async (folder) => {
    const words = qemuWords(options, folder);
    const started = performance.now();
    const run = await watch(spawn(qemu.path, words, { stdio: ['ignore', 'pipe', 'pipe'] }), options, folder);
    const debugcon = join(folder, 'debugcon');
    return {
      ...run,
      debugcon: existsSync(debugcon) ? readFileSync(debugcon, 'latin1') : '',
      seconds: (performance.now() - started) / 1000,
      command: [qemu.path, ...words].map(quote).join(' '),
    };
  });
}

function qemuWords(options: QemuOptions, folder: string): string[] {
  const words = [
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-accel', 'tcg'],
    ...['-M', options.machine ?? 'pc', '-m', `${options.memory ?? 512}M`],
    ...['-chardev', 'stdio,id=serial,signal=off', '-serial', 'chardev:serial'],
    ...['-chardev', `file,id=debugcon,path=${join(folder, 'debugcon')}`],
    ...['-device', 'isa-debugcon,iobase=0xe9,chardev=debugcon'],
  ];
  if (options.kernel !== undefined) words.push('-kernel', asFile(options.kernel, join(folder, 'kernel')));
  if (options.initrd !== undefined) words.push('-initrd', asFile(options.initrd, join(folder, 'initrd')));
  if (options.append !== undefined) words.push('-append', options.append);
  if (options.screen) words.push('-vga', 'std', ...monitorWords(folder));
  return [...words, ...(options.extra ?? [])];
}

function asFile(content: string | Uint8Array, path: string): string {
  if (typeof content === 'string') return content;
  writeFileSync(path, content);
  return path;
}

/** Collects the output until it has all of `until`, the process ends, or the time is over. */
function watch(child: ChildProcess, { until, timeoutMs = 60_000, screen: hasScreen }: QemuOptions, folder: string) {
  const wanted: readonly (RegExp | string)[] = until instanceof RegExp || typeof until === 'string' ? [until] : until;
  return new Promise<Pick<QemuRun, 'serial' | 'screen' | 'stderr' | 'matched' | 'exit'>>((resolve, reject) => {
    let serial = '';
    let screen = '';
    let stderr = '';
    let matched = false;
    const end = () => void child.kill('SIGKILL');
    const limit = setTimeout(end, timeoutMs);
    process.once('exit', end); // an interrupted test run leaves no machine behind
    const look = () => {
      const shown = `${serial}\n${screen}`;
      matched ||= wanted.every((text) => (typeof text === 'string' ? shown.includes(text) : text.test(shown)));
      if (matched) end();
    };
    child.stdout?.on('data', (bytes: Buffer) => {
      serial += bytes.toString('latin1');
      look();
    });
    const stopWatching = hasScreen
      ? watchScreen(folder, (text) => {
          screen = text;
          look();
        })
      : () => undefined;
    child.stderr?.on('data', (bytes: Buffer) => (stderr += bytes.toString()));
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(limit);
      stopWatching();
      process.removeListener('exit', end);
      resolve({ serial, screen, stderr, matched, exit: code ?? undefined });
    });
  });
}

const quote = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

/**
 * What a Linux command line needs on a machine, with a leading space. microvm has nothing to measure the TSC against but
 * a PIT that a busy host lets starve, and a kernel without TSC stops there: it is told the frequency.
 */
export const clockArgument = (machine: string): string =>
  machine.startsWith('microvm') ? ' tsc_early_khz=2000000' : '';

/** The end of a run, for the message of a failed expectation. */
export function describeRun(run: QemuRun): string {
  const ended = run.exit === undefined ? 'ended by us' : `exit ${run.exit}`;
  const tail = run.serial.split(/\r?\n/).slice(-25).join('\n');
  return `${run.command}\n${run.seconds.toFixed(1)} s, ${ended}\n${run.stderr}--- serial ---\n${tail}\n--- port 0xe9 ---\n${run.debugcon.slice(-2000)}${run.screen && `\n--- screen ---\n${run.screen}`}`;
}

/** Boots and throws what was seen, unless all of `until` appeared. */
export async function bootQemu(options: QemuOptions): Promise<QemuRun> {
  const run = await runQemu(options);
  if (!run.matched) throw new Error(`${String(options.until)} did not appear\n${describeRun(run)}`);
  return run;
}
