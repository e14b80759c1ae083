/** The differential test: records from the table, run on this machine's processor and in the interpreter. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { decodeResult, encodeRecord, recordSize, type TestRecord, type TestResult } from './record';
import { encodeFixture, type RecordedForm } from './fixture';
import { generate, TESTABLE } from './generate';
import { compare } from './run';
import { FlatPlayer, HandlersPlayer, TranslatedPlayer, type Player } from './player';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '200000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    record: { type: 'string' },
    tier: { type: 'string', default: 'both' },
    verbose: { type: 'boolean', default: false },
  },
});

const WORKER = '.cache/difftest/worker';
mkdirSync('.cache/difftest', { recursive: true });
execFileSync('gcc', ['-O2', '-Wall', '-o', WORKER, 'packages/x86/difftest/worker.c']);

/** Sends records and yields their results in order. */
class Worker {
  private readonly child: ChildProcess = spawn(WORKER, { stdio: ['pipe', 'pipe', 'inherit'] });
  private buffered = new Uint8Array(0);
  private wake: () => void = () => undefined;
  private ended = '';

  constructor() {
    this.child.stdin?.on('error', () => undefined); // EPIPE: 'exit' tells
    this.child.stdout?.on('data', (chunk: Buffer) => {
      const joined = new Uint8Array(this.buffered.length + chunk.length);
      joined.set(this.buffered);
      joined.set(chunk, this.buffered.length);
      this.buffered = joined;
      this.wake();
    });
    this.child.on('exit', (code, signal) => {
      this.ended = `exit ${code} ${signal}`;
      this.wake();
    });
  }

  async run(records: readonly TestRecord[]): Promise<TestResult[]> {
    const bytes = new Uint8Array(records.reduce((sum, record) => sum + recordSize(record), 0));
    let end = 0;
    for (const record of records) {
      encodeRecord(record, bytes, end);
      end += recordSize(record);
    }
    this.child.stdin?.write(bytes);
    const results: TestResult[] = [];
    let at = 0;
    for (;;) {
      const record = records[results.length];
      if (record === undefined) break;
      const decoded = decodeResult(record, this.buffered, at);
      if (decoded !== undefined) {
        results.push(decoded.result);
        at += decoded.length;
        continue;
      }
      this.buffered = this.buffered.slice(at);
      at = 0;
      if (this.ended !== '')
        throw new Error(`the worker died (${this.ended}) after ${results.length} of ${records.length} records`);
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
    this.buffered = this.buffered.slice(at);
    return results;
  }

  end(): void {
    this.child.stdin?.end();
  }
}

const hex = (value: bigint | number): string => value.toString(16);
const show = (record: TestRecord): string =>
  `${['64', '32', '16'][record.mode]}-bit ${Buffer.from(record.code).toString('hex')} flags ${hex(record.eflags)} ` +
  record.registers.map((value, i) => `r${i}=${hex(value)}`).join(' ') +
  ' ' +
  record.patches.map(({ offset, value }) => `[${hex(offset)}]=${hex(value)}`).join(' ');

const forms = TESTABLE.filter(({ form }) => values.only === undefined || form.row.join(' ; ').includes(values.only));
const total = Number(values.count);
const perForm = Math.ceil(total / forms.length);
const handlers = [new HandlersPlayer(false), new HandlersPlayer(true)];
const translated = [new TranslatedPlayer(false), new TranslatedPlayer(true)];
const fast = values.tier === 'interpreter' ? [] : [handlers, translated];
const flat = new FlatPlayer();
let worker = new Worker();
let lost = 0;
const kinds = new Map<string, { count: number; example: string }>();
let done = 0;
let skipped = 0;
const start = performance.now();
/** Results are flushed when the worker wants input and has none, so a batch must not be larger than a pipe. */
const BATCH = 80;
let batch: { record: TestRecord; form: string; number: number }[] = [];
/** How many records ended with each vector; 3 is the int3 behind the instruction. */
const vectors = new Map<number, number>();
const recorded: RecordedForm[] = [];
const own = { numbers: [] as number[], records: [] as TestRecord[], results: [] as TestResult[] };

/** A wild store may hit the worker itself: then the records of its batch run one by one, and the one that kills is dropped. */
async function runBatch(records: readonly TestRecord[]): Promise<(TestResult | undefined)[]> {
  try {
    return await worker.run(records);
  } catch {
    worker = new Worker();
    if (records.length === 1) {
      lost++;
      return [undefined];
    }
    const half = records.length >> 1;
    return [...(await runBatch(records.slice(0, half))), ...(await runBatch(records.slice(half)))];
  }
}

const theirName = ({ name }: Player, difference: string): string => difference && `${name}: ${difference}`;

async function flush(): Promise<void> {
  const results = await runBatch(batch.map(({ record }) => record));
  batch.forEach(({ record, form, number }, i) => {
    const result = results[i];
    if (result === undefined) return;
    // every record is interpreted, and executed by handlers and translated with its pages at their place or elsewhere
    const players = fast.flatMap((way) => way[done & 1] ?? []);
    const difference = players.reduce(
      (found, player) => found || theirName(player, compare(record, result, player)),
      compare(record, result, flat),
    );
    done++;
    vectors.set(result.vector, (vectors.get(result.vector) ?? 0) + 1);
    own.numbers.push(number);
    own.records.push(record);
    own.results.push(result);
    if (difference === '') return;
    const kind = `${['64', '32', '16'][record.mode]} ${form}`;
    const entry = kinds.get(kind) ?? { count: 0, example: '' };
    entry.count++;
    if (entry.count <= 1 || values.verbose) entry.example += `\n    ${difference}\n    ${show(record)}`;
    kinds.set(kind, entry);
  });
  batch = [];
}

const first = Number(values.seed) * 1_000_000;
for (const { form, mode } of forms) {
  for (let n = 0; n < perForm; n++) {
    const record = generate(form, mode, first + n);
    if (record === undefined) skipped++;
    else batch.push({ record, form: form.row.join(' ; '), number: first + n });
    if (batch.length === BATCH) await flush();
  }
  if (values.record !== undefined || batch.length > BATCH / 2) await flush();
  if (values.record !== undefined) recorded.push({ form, mode, ...own });
  Object.assign(own, { numbers: [], records: [], results: [] });
}
await flush();
if (values.record !== undefined) writeFileSync(values.record, encodeFixture(recorded));
worker.end();
for (const [kind, { count, example }] of [...kinds].sort((a, b) => b[1].count - a[1].count))
  console.log(`${count} ${kind}${example}`);
console.log(
  `ended with: ${[...vectors]
    .sort((a, b) => b[1] - a[1])
    .map(([vector, count]) => `#${vector} ${count}`)
    .join(', ')}`,
);
const seconds = (performance.now() - start) / 1000;
const inWay = (way: typeof handlers | typeof translated): number => way.reduce((sum, player) => sum + player.fast, 0);
console.log(
  `${done} records of ${forms.length} forms, seed ${values.seed}, ${skipped} not generated, ${lost} lost, ${inWay(handlers)} by handlers, ${inWay(translated)} translated, ${Math.round(done / seconds)} a second: ${kinds.size} forms differ`,
);
process.exitCode = kinds.size === 0 ? 0 : 1;
