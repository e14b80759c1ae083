/**
 * Recorded results of a processor, so that the differential test needs none. Only results are kept, as changes to the record, and records are
 * generated again; a hash of them tells when the generator has changed and the fixture has to be recorded anew (--record).
 */
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { generate, TESTABLE } from './generate';
import {
  encodeRecord,
  IMAGE_SIZE,
  RECORD_SIZE,
  recordSize,
  type Patch,
  type TestRecord,
  type TestResult,
} from './record';
import { type Form } from '../src/isa';

const { imul } = Math;
/** Of an image: what lies behind XMM15 is reserved, or the kernel's. */
const KEPT_IMAGE = 416;

/** Results of `count` records of one form in one mode. */
interface Block {
  readonly row: string;
  readonly mode: number;
  /** Numbers of the records. */
  readonly numbers: readonly number[];
  readonly hash: number;
  readonly bytes: number;
}

export const rowOf = (form: Form): string => `${form.row[0]} ; ${form.row[1]}`;

class ByteWriter {
  private bytes = new Uint8Array(1 << 16);
  private view = new DataView(this.bytes.buffer);
  at = 0;

  put(size: 1 | 2 | 4 | 8, value: number | bigint): void {
    if (this.at + 8 > this.bytes.length) {
      const grown = new Uint8Array(2 * this.bytes.length);
      grown.set(this.bytes);
      this.bytes = grown;
      this.view = new DataView(grown.buffer);
    }
    if (size === 8) this.view.setBigUint64(this.at, BigInt(value), true);
    else if (size === 4) this.view.setUint32(this.at, Number(value), true);
    else if (size === 2) this.view.setUint16(this.at, Number(value), true);
    else this.view.setUint8(this.at, Number(value));
    this.at += size;
  }

  done(): Uint8Array {
    return this.bytes.slice(0, this.at);
  }
}

function writeResult(out: ByteWriter, record: TestRecord, result: TestResult): void {
  const count = record.mode === 0 ? 16 : 8;
  const changed = result.registers.map((value, i) => i < count && value !== record.registers[i]);
  out.put(
    2,
    changed.reduce((mask, own, i) => mask | (own ? 1 << i : 0), 0),
  );
  result.registers.forEach((value, i) => changed[i] && out.put(8, value));
  out.put(8, result.rip);
  out.put(2, result.eflags & 0xffff);
  out.put(1, result.vector);
  if (result.vector !== 3) out.put(2, result.errorCode);
  if (result.vector === 14) out.put(8, result.cr2);
  out.put(1, Math.min(result.changes.length, 255));
  for (const { offset, value } of result.changes.slice(0, 255)) {
    out.put(2, offset);
    out.put(8, value);
  }
  if (record.image !== undefined && result.image !== undefined) writeImage(out, record.image, result.image);
}

class ByteReader {
  private readonly view: DataView;
  constructor(
    bytes: Uint8Array,
    private at: number,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get(size: 1 | 2): number {
    const value = size === 1 ? this.view.getUint8(this.at) : this.view.getUint16(this.at, true);
    this.at += size;
    return value;
  }

  big(): bigint {
    this.at += 8;
    return this.view.getBigUint64(this.at - 8, true);
  }
}

/** The words of an image that are not the record's, behind a mask of which those are. */
function writeImage(out: ByteWriter, before: Uint8Array, after: Uint8Array): void {
  const view = new DataView(after.buffer, after.byteOffset);
  const old = new DataView(before.buffer, before.byteOffset);
  const changed: number[] = [];
  for (let at = 0; at < KEPT_IMAGE; at += 8)
    if (view.getBigUint64(at, true) !== old.getBigUint64(at, true)) changed.push(at);
  out.put(1, changed.length);
  for (const at of changed) {
    out.put(1, at / 8);
    out.put(8, view.getBigUint64(at, true));
  }
}

function readImage(from: ByteReader, before: Uint8Array): Uint8Array {
  const image = before.slice();
  const view = new DataView(image.buffer);
  for (let count = from.get(1); count > 0; count--) view.setBigUint64(8 * from.get(1), from.big(), true);
  return image;
}

function readResult(from: ByteReader, record: TestRecord): TestResult {
  const changed = from.get(2);
  const registers = record.registers.map((value, i) => (changed & (1 << i) ? from.big() : value));
  const rip = from.big();
  const eflags = from.get(2);
  const vector = from.get(1);
  const errorCode = vector === 3 ? 0 : from.get(2);
  const cr2 = vector === 14 ? from.big() : 0n;
  const changes: Patch[] = [];
  for (let count = from.get(1); count > 0; count--) changes.push({ offset: from.get(2), value: from.big() });
  const image = record.image === undefined ? {} : { image: readImage(from, record.image) };
  return { registers, rip, eflags, vector, errorCode, cr2, changes, ...image };
}

/** FNV-1a over the records as the worker gets them, a word at a time. */
export function hashRecords(records: readonly TestRecord[]): number {
  const bytes = new Uint8Array(RECORD_SIZE + IMAGE_SIZE);
  const words = new Int32Array(bytes.buffer);
  let hash = 0x811c9dc5;
  for (const record of records) {
    encodeRecord(record, bytes, 0);
    for (let i = 0; i < recordSize(record) / 4; i++) hash = imul(hash ^ (words[i] ?? 0), 0x01000193);
  }
  return hash >>> 0;
}

export interface RecordedForm {
  readonly form: Form;
  readonly mode: TestRecord['mode'];
  readonly numbers: readonly number[];
  readonly records: readonly TestRecord[];
  readonly results: readonly TestResult[];
}

export function encodeFixture(forms: readonly RecordedForm[]): Uint8Array {
  const out = new ByteWriter();
  const blocks = forms.map(({ form, mode, numbers, records, results }): Block => {
    const start = out.at;
    records.forEach((record, i) => {
      const result = results[i];
      if (result !== undefined) writeResult(out, record, result);
    });
    return { row: rowOf(form), mode, numbers, hash: hashRecords(records), bytes: out.at - start };
  });
  const header = new TextEncoder().encode(`${JSON.stringify(blocks)}\n`);
  const whole = new Uint8Array(header.length + out.at);
  whole.set(header);
  whole.set(out.done(), header.length);
  return brotliCompressSync(whole, { params: { [constants.BROTLI_PARAM_LGWIN]: 24 } });
}

/** Every form of a fixture in a mode; `stale` when its records are no longer those of the generator, or its row is gone. */
export function decodeFixture(
  bytes: Uint8Array,
  mode: TestRecord['mode'],
): (RecordedForm | { readonly stale: string })[] {
  const whole = brotliDecompressSync(bytes);
  const end = whole.indexOf(10);
  const blocks = JSON.parse(whole.subarray(0, end).toString()) as Block[];
  const byRow = new Map(TESTABLE.map((own) => [`${rowOf(own.form)} ${own.mode}`, own]));
  let at = end + 1;
  const placed = blocks.map((block) => {
    at += block.bytes;
    return { block, start: at - block.bytes };
  });
  const own = placed.filter(({ block }) => block.mode === mode);
  return own.map(({ block, start }) => {
    const from = new ByteReader(whole, start);
    const known = byRow.get(`${block.row} ${block.mode}`);
    if (known === undefined) return { stale: `${block.row}: no such row` };
    const records = block.numbers
      .map((number) => generate(known.form, known.mode, number))
      .filter((record) => record !== undefined);
    if (hashRecords(records) !== block.hash) return { stale: `${block.row}: other records` };
    return { ...known, numbers: block.numbers, records, results: records.map((record) => readResult(from, record)) };
  });
}
