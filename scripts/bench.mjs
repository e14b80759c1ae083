#!/usr/bin/env node
// Time and peak memory of the tool beside its peers, interleaved in one run, medians of repeated rounds.
import { spawnSync } from 'node:child_process';
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { parseArgs } from 'node:util';
import { bootBench, BOOTS, memoryBench, timeUntil, VERIFICATIONS, verifyBench } from './bench-boot.mjs';

const ROOT = join(import.meta.dirname, '..');
const WORK = join(ROOT, '.cache', 'bench');
const TOOL = join(ROOT, 'packages/cli/bin/bzelf.cjs');

const USAGE = `usage: node scripts/bench.mjs [--rounds N] [--json] [notes] [wrap] [extract] [run] [verify] [memory]

  --rounds N   runs of each program (default 11)
  --json       the numbers as JSON on stdout

Wants the kernels of scripts/fetch-kernels.mjs; peers that are not installed are named and skipped.`;

const { values, positionals } = parseArgs({
  options: {
    rounds: { type: 'string', default: '11' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const rounds = Number(values.rounds);

const node = (...words) => [process.execPath, ...words];
const bzelf = (...words) => [TOOL, ...words];
const kernel = (id) => join(ROOT, '.cache', 'kernels', id, 'vmlinuz');

const fetched = (id) => (existsSync(kernel(id)) ? kernel(id) : undefined);

/** What is compared: programs by name, the first of each pair against the second, and the ratio or difference wanted, if any is. */
const BENCHES = {
  notes() {
    const vmlinux = made('vmlinux', kernel('debian-6.1-amd64'), (from) =>
      run(bzelf('extract', from, '-o', join(WORK, 'vmlinux'))),
    );
    if (vmlinux === undefined) return undefined;
    return {
      title: `notes of a vmlinux of ${size(vmlinux)}`,
      programs: {
        bzelf: bzelf('notes', vmlinux),
        'readelf -n': ['readelf', '-n', vmlinux],
        'empty node': node('-e', '0'),
      },
      goals: [['bzelf', 'empty node', { atMost: 25, unit: 'ms more' }]],
    };
  },
  wrap() {
    const from = kernel('debian-6.12-amd64');
    if (!existsSync(from)) return undefined;
    return {
      title: `wrap of a bzImage of ${size(from)}`,
      programs: {
        bzelf: bzelf('wrap', from, '-o', join(WORK, 'wrapped.elf'), '--quiet'),
        cp: ['cp', from, join(WORK, 'copied')],
        'cp and sync': ['sh', '-c', `cp ${from} ${join(WORK, 'copied')} && sync ${join(WORK, 'copied')}`],
        'empty node': node('-e', '0'),
      },
      goals: [['bzelf', 'empty node', { atMost: 60, unit: 'ms more' }]],
    };
  },
  'extract xz': () => extractBench('xz', kernel('debian-6.1-amd64')),
  'extract zstd': () => extractBench('zstd', kernel('debian-6.12-amd64')),
  'extract lz4': () => extractBench('lz4', kernel('debian-6.1-cloud')),
  'extract gzip': () => extractBench('gzip', gzipKernel()),
  ...Object.fromEntries(
    BOOTS.map((boot) => [`run ${boot[0]}`, () => bootBench(boot, fetched(boot[0]), bzelf, join(ROOT, '.cache'))]),
  ),
  ...Object.fromEntries(
    VERIFICATIONS.map((row) => [`verify ${row[0]}`, () => verifyBench(row, fetched(row[0]), bzelf)]),
  ),
  // init_size is 64 MiB
  'memory of verify': () => memoryBench('debian-6.1-amd64', fetched('debian-6.1-amd64'), bzelf),
};

const DECOMPRESSORS = {
  xz: ['xz', '-dc'],
  zstd: ['zstd', '-dc', '--long=27'],
  lz4: ['lz4', '-dc'],
  gzip: ['gzip', '-dc'],
};

function extractBench(name, image) {
  if (image === undefined || !existsSync(image)) return undefined;
  const payload = cutPayload(name, image);
  const [command, ...words] = DECOMPRESSORS[name];
  return {
    title: `extract of ${name}, ${size(image)}`,
    programs: {
      bzelf: { words: bzelf('extract', image, '-o', '-', '--raw'), to: join(WORK, 'out') },
      'searching script': { words: ['bash', searchScript(), image], to: join(WORK, 'out') },
      [`${name} alone`]: { words: [command, ...words, payload], to: join(WORK, 'out'), anyExit: true },
    },
    goals: [
      ['bzelf', 'searching script', { atMost: 0.6, unit: 'of its time' }],
      ['bzelf', `${name} alone`, { atMost: 1.5, unit: 'of its time' }],
    ],
  };
}

/** The payload as a file of its own, for the decompressor that need not look for it. */
function cutPayload(name, image) {
  const path = join(WORK, `payload.${name}`);
  const { bzImage, payload } = JSON.parse(run(bzelf('info', image, '--json')));
  const bytes = readFileSync(image).subarray(payload.offset, payload.offset + payload.length);
  // The size word that the kernel build appends would be taken for garbage.
  writeFileSync(path, name === 'gzip' || bzImage === undefined ? bytes : bytes.subarray(0, -4));
  return path;
}

/** No distribution compresses with gzip today, so the 6.1 kernel gets a gzip payload in place of its own. */
function gzipKernel() {
  const from = kernel('debian-6.1-amd64');
  return made('gzip.bzImage', from, () => {
    const raw = join(WORK, 'raw');
    run(bzelf('extract', from, '-o', raw, '--raw'));
    const payload = run(['gzip', '-n', '-9', '-c', raw]);
    const image = readFileSync(from);
    const start = (image[0x1f1] + 1) * 512;
    const at = start + image.readUInt32LE(0x248);
    const syssize = Math.ceil((at - start + payload.length) / 16);
    const out = Buffer.alloc(start + syssize * 16);
    image.copy(out, 0, 0, at);
    out.fill(0, 0, 2); // no PE header
    out.writeUInt32LE(0, 0x268); // kernel_info has no place any more
    payload.copy(out, at);
    out.writeUInt32LE(payload.length, 0x24c);
    out.writeUInt32LE(syssize, 0x1f4);
    writeFileSync(join(WORK, 'gzip.bzImage'), out);
  });
}

/**
 * What people use without us, after the idea of the kernel's scripts/extract-vmlinux: look for the magic bytes of every
 * compressor in turn, try to decompress from each place, and keep what readelf takes for an ELF file.
 */
function searchScript() {
  const path = join(WORK, 'search.sh');
  writeFileSync(
    path,
    `image=$1
tmp=$(mktemp); trap 'rm -f "$tmp"' EXIT
attempt() {
  pattern=$1; shift
  for at in $(LC_ALL=C grep -aobP "$pattern" "$image" | cut -d: -f1); do
    tail -c+$((at + 1)) "$image" | "$@" > "$tmp" 2> /dev/null
    readelf -h "$tmp" > /dev/null 2>&1 && { cat "$tmp"; exit 0; }
  done
}
attempt '\\x1f\\x8b\\x08' gunzip
attempt '\\xfd7zXZ\\x00' unxz
attempt 'BZh' bunzip2
attempt '\\x5d\\x00\\x00\\x00' unlzma
attempt '\\x89LZO\\x00' lzop -d
attempt '\\x02!L\\x18' lz4 -d
attempt '\\x28\\xb5\\x2f\\xfd' unzstd --long=27
exit 1
`,
  );
  return path;
}

/** A file of the bench, made once; undefined when what it is made from is missing. */
function made(name, from, make) {
  const path = join(WORK, name);
  if (!existsSync(from)) return undefined;
  if (!existsSync(path)) make(from);
  return path;
}

function run([command, ...words]) {
  const { status, stdout, stderr } = spawnSync(command, words, { maxBuffer: 2 ** 31 - 1 });
  if (status !== 0) throw new Error(`${command} ${words.join(' ')}: ${stderr}`);
  return stdout;
}

const size = (path) => `${(statSync(path).size / 1e6).toFixed(1)} MB`;

function isInstalled(command) {
  if (command.includes('/')) return existsSync(command);
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Wall clock of one run, milliseconds. */
async function timeOnce(program) {
  if (program.until !== undefined) return (await timeUntil(program)).milliseconds;
  const {
    words: [command, ...words],
    to = '/dev/null',
    anyExit = false,
  } = program;
  const out = openSync(to, 'w');
  const started = process.hrtime.bigint();
  const { status, stderr } = spawnSync(command, words, { stdio: ['ignore', out, 'pipe'] });
  const elapsed = Number(process.hrtime.bigint() - started) / 1e6;
  closeSync(out);
  if (status !== 0 && !anyExit) throw new Error(`${command} ${words.join(' ')} ended with ${status}: ${stderr}`);
  return elapsed;
}

/** Peak resident memory of a program and its children, MiB, and the time of all processors; undefined where nothing can tell. */
async function usageOf(program) {
  if (program.until !== undefined) return timeUntil(program);
  const { words, to = '/dev/null' } = program;
  const script =
    'import resource,subprocess,sys;subprocess.run(sys.argv[2:],stdout=open(sys.argv[1],"wb"),stderr=subprocess.DEVNULL);u=resource.getrusage(resource.RUSAGE_CHILDREN);print(u.ru_maxrss,round((u.ru_utime+u.ru_stime)*1000))';
  const { status, stdout } = spawnSync('python3', ['-c', script, to, ...words]);
  if (status !== 0) return {};
  const [kib, cpuMilliseconds] = String(stdout).trim().split(' ').map(Number);
  return { memoryMiB: kib / 1024, cpuMilliseconds };
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

async function measure(name, { title, programs, goals, limits = {} }) {
  const all = Object.entries(programs).map(([who, words]) => [who, Array.isArray(words) ? { words } : words]);
  const here = all.filter(([, { words }]) => isInstalled(words[0]));
  const skipped = all.filter((program) => !here.includes(program)).map(([who]) => who);
  const times = Object.fromEntries(here.map(([who]) => [who, []]));
  for (const [, program] of here) await timeOnce(program); // into the page cache
  for (let round = 0; round < rounds; round++) {
    for (const [who, program] of here) {
      spawnSync('sync'); // nobody waits for what another left to be written
      times[who].push(await timeOnce(program));
    }
  }
  const results = [];
  for (const [who, program] of here) {
    const { memoryMiB, cpuMilliseconds } = await usageOf(program);
    results.push({
      who,
      milliseconds: median(times[who]),
      fastest: Math.min(...times[who]),
      memoryMiB,
      cpuMilliseconds,
    });
  }
  return {
    name,
    title,
    rounds,
    results,
    goals: [...goals.flatMap((goal) => judge(goal, times)), ...judgeMemory(limits, results)],
    skipped,
  };
}

/** Ratios and differences within a round, so that what else the machine does hits both. */
function judge([ours, theirs, { atMost, unit }], times) {
  const [a, b] = [times[ours], times[theirs]];
  if (a === undefined || b === undefined) return [];
  const value = median(a.map((time, round) => (unit === 'ms more' ? time - b[round] : time / b[round])));
  return [{ ours, theirs, value, unit, atMost, met: atMost === undefined || value <= atMost }];
}

/** The most resident memory that is wanted, MiB, by program. */
function judgeMemory(limits, results) {
  return results.flatMap(({ who, memoryMiB }) =>
    limits[who] === undefined || memoryMiB === undefined
      ? []
      : [{ ours: who, value: memoryMiB, unit: 'MiB', atMost: limits[who], met: memoryMiB <= limits[who] }],
  );
}

function print({ title, results, goals, skipped }) {
  console.log(`\n${title}, medians of ${rounds}`);
  const widest = Math.max(...results.map(({ who }) => who.length));
  for (const { who, milliseconds, fastest, memoryMiB, cpuMilliseconds } of results) {
    const memory = memoryMiB === undefined ? '' : `${memoryMiB.toFixed(0).padStart(6)} MiB`;
    const cpu = cpuMilliseconds === undefined ? '' : `  ${cpuMilliseconds} ms of processors`;
    console.log(
      `  ${who.padEnd(widest)}  ${milliseconds.toFixed(0).padStart(6)} ms  (fastest ${fastest.toFixed(0)})  ${memory}${cpu}`,
    );
  }
  for (const { ours, theirs, value, unit, atMost, met } of goals) {
    const goal = atMost === undefined ? '' : `, goal ${atMost}: ${met ? 'met' : 'NOT met'}`;
    console.log(
      `  ${ours}${theirs === undefined ? '' : ` against ${theirs}`}: ${value.toFixed(unit === 'of its time' ? 2 : 0)} ${unit}${goal}`,
    );
  }
  for (const who of skipped) console.log(`  skipped: ${who} is not installed`);
}

async function main() {
  if (values.help) return void console.log(USAGE);
  mkdirSync(WORK, { recursive: true });
  const wanted = Object.entries(BENCHES).filter(
    ([name]) => positionals.length === 0 || positionals.some((word) => name.startsWith(word)),
  );
  const all = [];
  for (const [name, make] of wanted) {
    const bench = make();
    if (bench === undefined) {
      console.error(`${name}: skipped, its kernel is not here; node scripts/fetch-kernels.mjs gets it`);
      continue;
    }
    all.push(await measure(name, bench));
    if (!values.json) print(all.at(-1));
  }
  if (values.json)
    console.log(JSON.stringify({ schema: 'bzelf.bench/1', node: process.version, benches: all }, null, 2));
}

await main();
