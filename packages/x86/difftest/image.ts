/** x87 and SSE state of a record, as FXSAVE64 lays it out (Intel SDM vol. 1, table 10-2), and what is compared of it. */
import { WORD, type Cpu } from '../src/index';
import { type Builder } from './builder';
import { IMAGE_SIZE } from './record';

// taken out once: inside jest every look at a global is slow
const big = BigInt;

/** Values at which floating point goes wrong: zeros, infinities, NaNs of both kinds, denormals, neighbours of integers. */
const SINGLES = [
  0x00000000, 0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000, 0x7f800001, 0xffa00000,
  0x7fffffff, 0x00000001, 0x807fffff, 0x00800000, 0x7f7fffff, 0x4f000000, 0xcf000000, 0x4effffff, 0x3f000000,
  0x3fc00000, 0x40200000, 0x4b000001, 0x33800000,
];
const DOUBLES = [
  0x0000000000000000n,
  0x8000000000000000n,
  0x3ff0000000000000n,
  0xbff0000000000000n,
  0x7ff0000000000000n,
  0xfff0000000000000n,
  0x7ff8000000000000n,
  0x7ff0000000000001n,
  0xfff4000000000000n,
  0x0000000000000001n,
  0x800fffffffffffffn,
  0x0010000000000000n,
  0x7fefffffffffffffn,
  0x41e0000000000000n,
  0xc1e0000000000000n,
  0x41dfffffffc00000n,
  0x3fe0000000000000n,
  0x3ff8000000000000n,
  0x4330000000000001n,
  0x47efffffe0000000n,
  0x380fffffffffffffn,
  0x36a0000000000000n,
  0x43e0000000000000n,
  0xc3e0000000000000n,
];

/** 64 bits: two singles, a double, or integers. */
function half(build: Builder): bigint {
  const single = () => {
    switch (build.next() % 4) {
      case 0:
        return build.pick(SINGLES);
      case 1: // near 1, so that sums cancel and round
        return ((build.next() & 0x80ffffff) | 0x3e000000 | ((build.next() & 7) << 23)) >>> 0;
      default:
        return build.next();
    }
  };
  switch (build.next() % 6) {
    case 0:
      return build.value(64);
    case 1:
      return build.pick(DOUBLES);
    case 2:
      return (big(build.next() & 0x800fffff) << 32n) | big(build.next()) | ((0x3fen + big(build.next() & 3)) << 52n);
    case 3:
      return (big(build.next()) << 32n) | big(build.next());
    default:
      return (big(single()) << 32n) | big(single());
  }
}

/** Sign and exponent above the significand. */
function extended(build: Builder): [significand: bigint, top: number] {
  const random = (big(build.next()) << 32n) | big(build.next());
  const sign = build.next() & 0x8000;
  const integer = 1n << 63n;
  switch (build.next() % 10) {
    case 0:
      return [0n, sign];
    case 1:
      return [
        build.pick([integer, integer, integer | (1n << 62n), integer | 1n, random | integer, 0n, random]),
        sign | 0x7fff,
      ];
    case 2: // denormal, or what only looks like it
      return [build.pick([1n, random >> 1n, random, integer]), sign];
    case 3: // unnormal
      return [random >> 1n, sign | (build.next() & 0x7fff)];
    case 4: // an integer
      return [
        integer | (random & (-1n << big(build.next() & 63)) & (integer - 1n)),
        sign | (0x3fff + (build.next() & 63)),
      ];
    case 5: // around the ends of float, double and of it all
      return [
        integer | random,
        sign | (build.pick([0, 1, 0x3c00, 0x3bcd, 0x43fe, 0x3f80, 0x3f6a, 0x407e, 0x7ffd]) + (build.next() % 3)),
      ];
    case 6:
      return [
        integer | (random & (-1n << big(build.next() & 63)) & (integer - 1n)),
        sign | (0x3ff8 + (build.next() & 15)),
      ];
    case 7:
      return [integer, sign | (0x3ff0 + (build.next() & 31))];
    default:
      return [integer | random, sign | (0x3ff0 + (build.next() & 31))];
  }
}

/** Flags that are set, masks that are open, rounding: mostly as after FNINIT, often not. */
const control = (build: Builder, usual: number, masks: number, rounding: number): number =>
  build.chance(40) ? usual : (usual & ~(build.chance(70) ? 0 : build.next() & masks)) | (build.next() & rounding);

/** `empties`: some x87 registers are empty. */
export function makeImage(build: Builder): Uint8Array {
  const isX87 = build.form.operands.some(({ text }) => text.startsWith('ST')) || build.form.row[0].startsWith('D');
  const bytes = new Uint8Array(IMAGE_SIZE);
  const view = new DataView(bytes.buffer);
  const full = build.chance(70);
  const pending = !isX87 && build.chance(97) ? 0 : build.chance(3) ? 0x80 : 0;
  const fcw = control(build, 0x37f, 0x3f, 0xf00) | 0x40;
  const flags = build.chance(50) ? 0 : build.next() & 0x7f & fcw;
  view.setUint16(0, pending ? fcw & ~1 : fcw, true);
  view.setUint16(2, (build.next() & 0x7f00) | flags | (pending ? 0x8081 : 0), true);
  bytes[4] = full ? 0xff : build.next();
  view.setUint32(24, control(build, 0x1f80, 0x1f80, 0xe040 | (build.chance(50) ? 0x3f : 0)), true);
  for (let i = 0; i < 8; i++) {
    const [significand, top] = extended(build);
    view.setBigUint64(32 + 16 * i, significand, true);
    view.setUint16(40 + 16 * i, top, true);
  }
  for (let i = 0; i < 32; i++) view.setBigUint64(160 + 8 * i, half(build), true);
  return bytes;
}

/** The state block's x87 and SSE part from an image. */
export function loadImage(cpu: Cpu, image: Uint8Array): void {
  const { words } = cpu;
  const view = new DataView(image.buffer, image.byteOffset);
  words[WORD.fcw] = view.getUint16(0, true);
  const fsw = view.getUint16(2, true);
  words[WORD.fsw] = fsw;
  words[WORD.ftw] = view.getUint8(4);
  words[WORD.fop] = view.getUint16(6, true);
  for (let i = 0; i < 2; i++) {
    words[WORD.fip + i] = view.getInt32(8 + 4 * i, true);
    words[WORD.fdp + i] = view.getInt32(16 + 4 * i, true);
  }
  words[WORD.mxcsr] = view.getInt32(24, true);
  for (let i = 0; i < 8; i++)
    for (let part = 0; part < 3; part++)
      words[WORD.x87 + 4 * (((fsw >> 11) + i) & 7) + part] =
        part < 2 ? view.getInt32(32 + 16 * i + 4 * part, true) : view.getUint16(40 + 16 * i, true);
  for (let i = 0; i < 64; i++) words[WORD.xmm + i] = view.getInt32(160 + 4 * i, true);
}

/** The first differences between the state and what the processor left. */
export function compareImage(cpu: Cpu, record: Uint8Array, theirs: Uint8Array, registers: number): string[] {
  const view = new DataView(theirs.buffer, theirs.byteOffset);
  const before = new DataView(record.buffer, record.byteOffset);
  const differences: string[] = [];
  const differ = (what: string, own: number | bigint, other: number | bigint, old: number | bigint) => {
    if (own !== other)
      differences.push(`${what} ${own.toString(16)}, processor ${other.toString(16)}, before ${old.toString(16)}`);
  };
  differ('fcw', cpu.word(WORD.fcw), view.getUint16(0, true), before.getUint16(0, true));
  differ('fsw', cpu.word(WORD.fsw), view.getUint16(2, true), before.getUint16(2, true));
  differ('ftw', cpu.word(WORD.ftw), view.getUint8(4), before.getUint8(4));
  differ('mxcsr', cpu.word(WORD.mxcsr) & 0xffff, view.getUint32(24, true) & 0xffff, before.getUint32(24, true));
  const pair = (word: number): bigint => (big(cpu.word(word + 1) >>> 0) << 32n) | big(cpu.word(word) >>> 0);
  const top = cpu.word(WORD.fsw) >> 11;
  for (let i = 0; i < 8; i++) {
    const word = WORD.x87 + 4 * ((top + i) & 7);
    const read = (from: DataView) =>
      (big(from.getUint16(40 + 16 * i, true)) << 64n) | from.getBigUint64(32 + 16 * i, true);
    differ(`st${i}`, (big(cpu.word(word + 2)) << 64n) | pair(word), read(view), read(before));
  }
  for (let i = 0; i < registers; i++) {
    const read = (from: DataView) =>
      (from.getBigUint64(168 + 16 * i, true) << 64n) | from.getBigUint64(160 + 16 * i, true);
    differ(`xmm${i}`, (pair(WORD.xmm + 4 * i + 2) << 64n) | pair(WORD.xmm + 4 * i), read(view), read(before));
  }
  return differences;
}
