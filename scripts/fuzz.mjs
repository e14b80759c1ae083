#!/usr/bin/env node
// Mutated files through every command's code, in a child process that is watched: only errors of malformed input may
// come out, within ten seconds and one gigabyte. What else happens is saved with the number that brings it back.
import { fork, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { clearInterval, setInterval } from 'node:timers';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';

const ROOT = join(import.meta.dirname, '..');
const WORK = join(ROOT, '.cache', 'fuzz');
const BUNDLE = join(WORK, 'fuzz.cjs');
const MAX_MILLISECONDS = 10_000;
const MAX_BYTES = 2 ** 30;

const USAGE = `usage: node scripts/fuzz.mjs [--count N] [--seed S] [--from I]

  --count N   mutated files (default 20000)
  --seed S    another series (default 1); the same seed gives the same files
  --from I    begin at this number, for looking at a find again`;

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    help: { type: 'boolean', default: false },
    child: { type: 'boolean', default: false },
  },
});

/** Starts children until all files are done: one that hangs or dies is replaced by one that goes on behind it. */
async function watch(seed, from, count) {
  await bundle();
  const finds = [];
  const started = Date.now();
  let peak = 0;
  const end = from + count;
  for (let next = from; next < end;) {
    const result = await runChild(seed, next, end - next, (report) => {
      finds.push(report);
      console.log(`find ${report.iteration}: ${report.path} on ${report.seedFile}: ${report.error}`);
    });
    peak = Math.max(peak, result.peak);
    next = result.next;
    if (result.trouble === undefined) break;
    finds.push({ iteration: next - 1, path: result.path, error: result.trouble });
    console.log(`find ${next - 1}: ${result.trouble}`);
  }
  const seconds = ((Date.now() - started) / 1000).toFixed(0);
  console.log(
    `fuzz: ${count} files, seed ${seed}, ${seconds} s, peak memory ${(peak / 2 ** 20).toFixed(0)} MiB: ${finds.length} finds`,
  );
  if (finds.length > 0) {
    console.log(`fuzz: saved in ${WORK}/finds; --seed ${seed} --from I --count 1 brings one back`);
    process.exitCode = 1;
  }
}

async function bundle() {
  const { build } = await import('esbuild');
  mkdirSync(join(WORK, 'finds'), { recursive: true });
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'packages/bzimage/package.json'), 'utf8'));
  await build({
    stdin: {
      contents: `export * from './packages/cli/src/fuzz/index.ts';
        export { makeBzImage } from './packages/testkit/src/make-bzimage.ts';`,
      resolveDir: ROOT,
    },
    outfile: BUNDLE,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    logLevel: 'warning',
    external: Object.keys(dependencies).filter((name) => !name.startsWith('@bzelf/')),
    plugins: [
      {
        name: 'sources',
        setup({ onResolve }) {
          onResolve({ filter: /^@bzelf\// }, ({ path }) => {
            const [, name, file = 'index'] = path.split('/');
            return { path: join(ROOT, 'packages', name, 'src', `${file}.ts`) };
          });
        },
      },
    ],
  });
}

/** Until the child ends, hangs, dies, or takes too much memory. */
function runChild(seed, from, count, onFind) {
  const words = ['--child', '--seed', String(seed), '--from', String(from), '--count', String(count)];
  const child = fork(import.meta.filename, words, { execArgv: ['--max-old-space-size=900'] });
  let current = from;
  let peak = 0;
  let trouble;
  let last = Date.now();
  const timer = setInterval(() => {
    if (Date.now() - last > MAX_MILLISECONDS) stop('takes longer than 10 s');
  }, 500);
  const stop = (why) => {
    trouble ??= why;
    child.kill('SIGKILL');
  };
  child.on('message', (message) => {
    last = Date.now();
    if (message.find) return onFind(message.find);
    current = message.at;
    peak = Math.max(peak, message.memory);
    if (message.memory > MAX_BYTES) stop(`takes ${(message.memory / 2 ** 20).toFixed(0)} MiB`);
  });
  return new Promise((resolve) => {
    child.on('exit', (code, signal) => {
      clearInterval(timer);
      if (peak === 0) throw new Error('the child did not start');
      if (code !== 0) trouble ??= `the process ended with ${signal ?? code}`;
      resolve({ next: current + 1, peak, trouble });
    });
  });
}

/** The child: reports before every file, so that its parent knows which one was the last. */
async function work(seed, from, count) {
  const { fuzzOnce, seedsFrom, ...makers } = createRequire(import.meta.url)(BUNDLE);
  const seeds = await seedsFrom(images(makers));
  for (let iteration = from; iteration < from + count; iteration++) {
    await send({ at: iteration, memory: process.resourceUsage().maxRSS * 1024 });
    for (const { bytes, error, ...find } of await fuzzOnce(seeds, seed, iteration)) {
      const name = `${seed}-${iteration}-${find.path}`;
      writeFileSync(join(WORK, 'finds', `${name}.bin`), bytes);
      writeFileSync(join(WORK, 'finds', `${name}.txt`), `${find.seedFile}\n${error?.stack ?? error}\n`);
      await send({
        find: {
          ...find,
          error: String(error?.stack ?? error)
            .split('\n')
            .slice(0, 2)
            .join(' '),
        },
      });
    }
  }
  process.disconnect();
}

const send = (message) => new Promise((resolve) => process.send(message, resolve));

/** Small images with each compressor that this machine has, and the beginning of a real kernel. */
function images({ makeBzImage, payloadOf, smallVmlinux }) {
  const vmlinux = smallVmlinux();
  const compressed = { gzip: gzipSync(vmlinux) };
  for (const [name, words] of Object.entries(COMPRESSORS)) {
    const { status, stdout } = spawnSync(words[0], words.slice(1), { input: vmlinux });
    if (status === 0) compressed[name] = stdout;
    else if (values.from === '0') console.log(`fuzz: no ${words[0]} here, so no ${name} payloads`);
  }
  const real = readFileSync(join(ROOT, 'test-images/61-64-gzip.bzImage'));
  const entries = Object.entries(compressed).map(([name, bytes]) => [
    `small ${name}`,
    makeBzImage({
      payload: payloadOf(new Uint8Array(bytes), vmlinux.length, name),
      pe: true,
      kernelVersion: '6.1.0 small',
    }),
  ]);
  return Object.fromEntries([
    ...entries,
    ['small i386', makeBzImage({ bits: 32 })],
    ['small 2.03', makeBzImage({ version: 0x0203, bits: 32, syssize: 0 })],
    ['small signed', makeBzImage({ pe: 'signed' })],
    ['head of a real kernel', new Uint8Array(real.subarray(0, 0x6000))],
    ['vmlinux', vmlinux],
  ]);
}

// prettier-ignore
const COMPRESSORS = {
  bzip2: ['bzip2', '-9'],
  lzma:  ['xz', '--format=lzma', '-9'],
  xz:    ['xz', '--check=crc32', '--x86', '--lzma2=dict=32MiB'],
  lzo:   ['lzop', '-9'],
  lz4:   ['lz4', '-l', '-9', '-c', '-'],
  zstd:  ['zstd', '-22', '--ultra'],
};

if (values.help) console.log(USAGE);
else if (values.child) await work(Number(values.seed), Number(values.from), Number(values.count));
else await watch(Number(values.seed), Number(values.from), Number(values.count));
