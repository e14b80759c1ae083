/** Records of the differential test: what goes to the worker, what comes back. The layouts are those of worker.c. */
import { SEG } from '../src/index';

export const CODE = 0x10000000;
export const START = 0x100;
export const WINDOW = 0x20000000;
export const WINDOW_SIZE = 4096;
/** Base of the 16-bit segments: the window lies at offset 0x8000. */
export const LDT_BASE = WINDOW - 0x8000;
export const CODE_SIZES = [64, 32, 16] as const;

export interface Patch {
  /** In the window. */
  readonly offset: number;
  readonly value: bigint;
}

/** The state before one instruction. */
export interface TestRecord {
  /** Index of CODE_SIZES. */
  readonly mode: 0 | 1 | 2;
  readonly code: Uint8Array;
  /** Where in the pattern the window's bytes begin. */
  readonly seed: number;
  readonly eflags: number;
  readonly registers: readonly bigint[];
  readonly patches: readonly Patch[];
  /** x87 and SSE state, as FXSAVE64 writes it; only where the instruction has to do with it. */
  readonly image?: Uint8Array;
}

/** The state after it: vector 3 when it ran, else the exception. */
export interface TestResult {
  readonly registers: readonly bigint[];
  readonly rip: bigint;
  readonly eflags: number;
  readonly vector: number;
  readonly errorCode: number;
  readonly cr2: bigint;
  readonly changes: readonly Patch[];
  readonly image?: Uint8Array;
}

export const RECORD_SIZE = 184;
export const RESULT_SIZE = 160;
export const IMAGE_SIZE = 512;
/** In the mode of a record: an image follows. */
const WITH_IMAGE = 0x80;

export const recordSize = (record: TestRecord): number => RECORD_SIZE + (record.image?.length ?? 0);

export function encodeRecord(record: TestRecord, bytes: Uint8Array, at: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, RECORD_SIZE);
  view.setUint8(0, record.mode | (record.image === undefined ? 0 : WITH_IMAGE));
  view.setUint8(1, record.code.length);
  view.setUint16(2, record.seed, true);
  view.setUint32(4, record.eflags, true);
  bytes.fill(0xcc, at + 8, at + 24);
  bytes.set(record.code, at + 8);
  record.registers.forEach((value, i) => view.setBigUint64(24 + 8 * i, value, true));
  for (let i = 0; i < 2; i++) {
    const patch = record.patches[i];
    view.setUint32(152 + 16 * i, patch?.offset ?? 0xffffffff, true);
    view.setUint32(156 + 16 * i, 0, true);
    view.setBigUint64(160 + 16 * i, patch?.value ?? 0n, true);
  }
  if (record.image !== undefined) bytes.set(record.image, at + RECORD_SIZE);
}

/** The result of `record` at `at`, and its length; undefined when not all of it is there. */
export function decodeResult(
  record: TestRecord,
  bytes: Uint8Array,
  at: number,
): { result: TestResult; length: number } | undefined {
  if (at + RESULT_SIZE > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at);
  const count = view.getUint32(148, true);
  const image = record.image === undefined ? 0 : IMAGE_SIZE;
  const list = RESULT_SIZE + image;
  const length = list + 16 * count;
  if (at + length > bytes.length) return undefined;
  const result = {
    registers: Array.from({ length: 16 }, (_, i) => view.getBigUint64(8 * i, true)),
    rip: view.getBigUint64(128, true),
    eflags: view.getUint32(136, true),
    vector: view.getUint32(140, true),
    errorCode: view.getUint32(144, true),
    cr2: view.getBigUint64(152, true),
    changes: Array.from({ length: count }, (_, i) => ({
      offset: view.getUint32(list + 16 * i, true),
      value: view.getBigUint64(list + 16 * i + 8, true),
    })),
    ...(image > 0 ? { image: bytes.slice(at + RESULT_SIZE, at + list) } : {}),
  };
  return { result, length };
}

/** The bytes that windows are cut from. */
export const PATTERN = makePattern();

function makePattern(): Uint8Array {
  let state = 12345;
  return Uint8Array.from({ length: 65536 }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state >>> 24;
  });
}

/** Selectors in the order of SEG, by mode; the LDT's are 07 and 0F. */
export const SELECTORS: readonly (readonly number[])[] = [
  [0x2b, 0x33, 0x2b, 0x2b, 0, 0],
  [0x2b, 0x23, 0x2b, 0x2b, 0, 0],
  [0x0f, 0x07, 0x0f, 0x0f, 0, 0],
];
export { SEG };
