// The boots that bench.mjs times: from the start of a process to the kernel's banner on the serial port.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const BANNER = 'Linux version';
const CMDLINE = 'nokaslr earlyprintk=ttyS0 console=ttyS0';
const MEMORY_MIB = 256;
/** What verify may take of memory. */
const MOST_MIB = 400;
const SEABIOS = '/usr/share/seabios/bios.bin';
const VGABIOS = '/usr/share/seabios/vgabios-ati.bin';

/** Kernel, its payload's compressor, the most that bzelf may take of QEMU's time, and of v86's. */
// prettier-ignore
export const BOOTS = [
  ['debian-6.1-amd64',      'xz',   { qemu: 1.0 }],
  ['debian-6.12-amd64',     'zstd', { qemu: 1.0 }],
  ['debian-6.12-cloud',     'zstd', { qemu: 1.0 }],
  ['debian-installer-i386', 'xz',   { qemu: 1.0, v86: 0.6 }],
  // Node's own start is a fifth of QEMU's whole time here.
  ['debian-6.1-cloud',      'lz4',  { qemu: 1.2 }],
];

/** A bench: what is compared, and the ratios wanted. `path` is undefined when the kernel was not fetched. */
export function bootBench([id, compressor, most], path, bzelf, work) {
  if (path === undefined) return undefined;
  const until = BANNER;
  const programs = {
    bzelf: { words: bzelf('run', path, '--memory', `${MEMORY_MIB}M`, '--cmdline', CMDLINE), until },
    qemu: { words: qemuWords(path), until },
  };
  if ('v86' in most) programs.v86 = { words: v86Words(path, work), until };
  const goals = Object.entries(most).map(([who, atMost]) => ['bzelf', who, { atMost, unit: 'of its time' }]);
  return { title: `boot of ${id} (${compressor}) to its banner`, programs, goals };
}

/** The whole of a verification that comes as far as QEMU does, the way QEMU does. */
// prettier-ignore
export const VERIFICATIONS = [
  ['debian-6.1-amd64',      'xz'],
  ['debian-6.12-amd64',     'zstd'],
  ['debian-6.12-cloud',     'zstd'],
  ['debian-installer-i386', 'xz'],
  ['debian-6.1-cloud',      'lz4'],
];

export function verifyBench([id, compressor], path, bzelf) {
  if (path === undefined) return undefined;
  const words = ['verify', path, '--profile', 'qemu-linux16', '--until', 'banner'];
  const programs = {
    bzelf: { words: bzelf(...words, '--memory', `${MEMORY_MIB}M`, '--cmdline', CMDLINE) },
    qemu: { words: qemuWords(path), until: BANNER },
  };
  const goals = [['bzelf', 'qemu', { unit: 'of its time' }]];
  return { title: `verify of ${id} (${compressor}) to its banner`, programs, goals, limits: { bzelf: MOST_MIB } };
}

/** What `verify` takes of memory when it plays every profile that shows an entry, KASLR among them. */
export const memoryBench = (id, path, bzelf) =>
  path === undefined
    ? undefined
    : {
        title: `verify of ${id}, every entry`,
        programs: { bzelf: bzelf('verify', path) },
        goals: [],
        limits: { bzelf: MOST_MIB },
      };

const qemuWords = (path) => [
  ...['qemu-system-x86_64', '-nodefaults', '-no-user-config', '-display', 'none', '-accel', 'tcg', '-M', 'pc'],
  ...['-m', `${MEMORY_MIB}M`, '-serial', 'stdio', '-kernel', path, '-append', CMDLINE],
];

/** npm's v86, unpacked once, with the BIOS that QEMU brings. A name that is not there when it cannot be had. */
function v86Words(path, work) {
  const folder = join(work, 'v86');
  if (!existsSync(join(folder, 'package'))) {
    mkdirSync(folder, { recursive: true });
    spawnSync('npm', ['pack', 'v86', '--silent'], { cwd: folder });
    const [archive] = readdirSync(folder);
    if (archive !== undefined) spawnSync('tar', ['-xzf', archive], { cwd: folder });
  }
  if (!existsSync(join(folder, 'package')) || !existsSync(SEABIOS)) return ['v86'];
  const script = join(folder, 'boot.mjs');
  writeFileSync(script, v86Script(folder));
  return [process.execPath, script, path];
}

const v86Script = (folder) => `import { readFileSync } from 'node:fs';
import { V86 } from ${JSON.stringify(join(folder, 'package/build/libv86.mjs'))};
const file = (path) => ({ buffer: new Uint8Array(readFileSync(path)).buffer });
const machine = new V86({
  wasm_path: ${JSON.stringify(join(folder, 'package/build/v86.wasm'))},
  bios: file('${SEABIOS}'), vga_bios: file('${VGABIOS}'), bzimage: file(process.argv[2]), cmdline: '${CMDLINE}',
  memory_size: ${MEMORY_MIB} << 20, vga_memory_size: 2 << 20, autostart: true, disable_keyboard: true, disable_mouse: true, log_level: 0,
});
machine.add_listener('serial0-output-byte', (byte) => process.stdout.write(String.fromCharCode(byte)));
`;

/**
 * Starts a program and ends it when the text is on its stdout. Milliseconds to there, of the clock and of all processors (Linux), and the
 * peak of its resident memory in MiB (Linux).
 * Throws when the program ends, or two minutes pass, without the text.
 */
export function timeUntil({ words: [command, ...words], until }) {
  return new Promise((resolve, reject) => {
    const started = process.hrtime.bigint();
    const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    const limit = setTimeout(() => child.kill('SIGKILL'), 120_000);
    let said = '';
    let result;
    child.stderr.on('data', (bytes) => (said += bytes));
    child.stdout.on('data', (bytes) => {
      said += bytes;
      if (result !== undefined || !said.includes(until)) return;
      const milliseconds = Number(process.hrtime.bigint() - started) / 1e6;
      result = { milliseconds, memoryMiB: peakOf(child.pid), cpuMilliseconds: cpuOf(child.pid) };
      child.kill('SIGKILL');
    });
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(limit);
      if (result !== undefined) resolve(result);
      else reject(new Error(`${command} ${words.join(' ')} ended with ${code} before "${until}": ${said.slice(-500)}`));
    });
  });
}

function peakOf(pid) {
  try {
    const kib = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kib === undefined ? undefined : Number(kib) / 1024;
  } catch {
    return undefined;
  }
}

/** Of all its threads: what counts where other work runs beside. */
function cpuOf(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return 10 * (Number(fields[11]) + Number(fields[12])); // utime and stime, in ticks of 10 ms
  } catch {
    return undefined;
  }
}
